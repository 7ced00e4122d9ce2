//! Whole files, as operators write them, and what they are told.

mod environment;
mod events;
mod identity;
mod limits;
mod plain;
mod recovery;
mod webhooks;
mod withheld;

use std::path::{Path, PathBuf};

use suona_protocol::{Channel, Content};

use super::*;

/// A file in a directory of its own, gone with the test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("suona-config-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&directory).unwrap();
        std::fs::write(directory.join(name), text).unwrap();
        Self(directory.join(name))
    }

    fn read(&self) -> Reading {
        Sources { file: Some(&self.0), ..Sources::default() }.read()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

/// What is said about a file, without its directory.
fn said(name: &str, text: &str) -> Vec<String> {
    let file = File::new(name, text);
    let directory = format!("{}/", file.0.parent().unwrap().display());
    file.read().problems.iter().map(|problem| problem.to_string().replace(&directory, "")).collect()
}

fn toml(text: &str) -> Vec<String> {
    said("suona.toml", text)
}

fn problems(reading: &Reading) -> Vec<String> {
    reading.problems.iter().map(Problem::to_string).collect()
}

#[test]
fn nothing_written_is_the_defaults_and_nothing_is_open() {
    let (config, warnings) = Sources::default().read().accept(false).unwrap();
    assert!(warnings.is_empty() && config.dangers().is_empty());
    assert_eq!(config.http_server.port, 8000);
    assert_eq!(show_duration(config.client.ping_interval), "25s");
    assert!(!config.client.token.has_key() && config.http_api.key.is_empty());
    assert!(!config.channels.get(&"news".into()).unwrap().retention.keeps());
    assert_eq!(config.remarks().len(), 3);
}

#[test]
fn compression_is_off_unless_it_is_wanted_and_has_nine_levels() {
    assert!(!Config::default().websocket.compression);
    let told = toml("[websocket]\ncompression = true\ncompression_level = 0");
    assert!(
        told[0].ends_with("websocket.compression_level: must be from 1 to 9; the default is 1"),
        "{told:?}"
    );
    let text = "[websocket]\ncompression = true\ncompression_level = 9\ncompression_min_size = 512";
    let compression = File::new("a.toml", text).read().config.websocket.compression();
    assert_eq!((compression.level, compression.min_size), (9, 512));
}

#[test]
fn a_centrifugo_file_loads_unchanged() {
    let file = File::new("config.json", include_str!("tests/centrifugo.json"));
    let (config, warnings) = file.read().accept(false).unwrap();
    assert_eq!(warnings.iter().map(|w| w.key.as_str()).collect::<Vec<_>>(), ["client.concurrency"]);
    assert!(config.websocket.compression);
    assert_eq!(config.http_server.internal_port, Some(9000));
    assert_eq!(config.client.token.hmac_secret_key.expose(), "5d3c1f2e8a9b4c7d6e0f1a2b3c4d5e6f");
    assert_eq!(config.client.token.issuer_regex.as_ref().unwrap().as_str(), "^https://auth\\.");
    assert!(config.client.subscription_token.enabled && config.client.subscription_token.token.has_key());
    assert_eq!(show_duration(config.client.ping_interval), "12s");

    let chat = config.channels.get(&"$chat:room#42".into()).unwrap();
    assert!(chat.presence && chat.join_leave && chat.force_recovery && chat.allow_user_limited_channels);
    assert_eq!((chat.retention.size, chat.retention.ttl.as_secs()), (50, 600));
    assert_eq!(chat.retention.meta_ttl.as_secs(), 168 * 3600);
    assert_eq!(chat.content, Content::Json);
    let devices = config.channels.get(&"devices.v2:7".into()).unwrap();
    assert_eq!(devices.content, Content::Binary);
    assert!(devices.channel_regex.as_ref().unwrap().is_match("7"));
    assert!(config.channels.get(&"unknown:7".into()).is_none());
    assert!(config.channels.get(&":7".into()).unwrap().presence);
}

#[test]
fn the_three_formats_say_the_same() {
    let files = [
        (
            "a.toml",
            "[client]\nping_interval = \"30s\"\n[[channel.namespaces]]\nname = \"chat\"\npresence = true\n",
        ),
        (
            "a.yaml",
            "client:\n  ping_interval: 30s\nchannel:\n  namespaces:\n    - name: chat\n      presence: true\n",
        ),
        (
            "a.json",
            r#"{"client":{"ping_interval":"30s"},"channel":{"namespaces":[{"name":"chat","presence":true}]}}"#,
        ),
    ];
    let shown = files.map(|(name, text)| {
        let reading = File::new(name, text).read();
        assert_eq!(problems(&reading), [""; 0], "{name}");
        reading.settings.to_toml()
    });
    assert!(shown[0].contains("ping_interval = \"30s\"") && shown[0].contains("[[channel.namespaces]]"));
    assert!(shown[0] == shown[1] && shown[1] == shown[2]);
}

#[test]
fn every_mistake_is_told_at_once_with_its_place_and_its_fix() {
    let text = r#"
port = 8000
trusted_proxies = ["10.0.0.0/40"]

[client]
ping_intervall = "25s"
pong_timeout = "8 sec"
insecure = "yes"
stale_close_delay = 10
channel_limit = -1

[log]
level = "inf"

[http_api]
key = 7

[admin]
enabled = true

[[channel.namespaces]]
name = "chat"
presence = true
histroy_size = 10
force_recovery_mode = "streem"
channel_regex = "["
"#;
    assert_eq!(
        toml(text),
        [
            "suona.toml:2: port: unknown key; did you mean \"http_server.port\"?",
            "suona.toml:3: trusted_proxies: \"10.0.0.0/40\" is no address; write one like \"10.0.0.1\", or a range like \"10.0.0.0/8\"",
            "suona.toml:6: client.ping_intervall: unknown key; did you mean \"client.ping_interval\"?",
            "suona.toml:7: client.pong_timeout: \"8 sec\" is no duration; write a number with its unit, like \"25s\", \"1m30s\" or \"200ms\"",
            "suona.toml:8: client.insecure: expects true or false, not \"yes\"",
            "suona.toml:9: client.stale_close_delay: 10 is no duration; write a number with its unit, like \"25s\", \"1m30s\" or \"200ms\"",
            "suona.toml:10: client.channel_limit: expects a whole number from 0 to 4294967295, not -1",
            "suona.toml:13: log.level: \"inf\" is no choice; did you mean \"info\"?",
            "suona.toml:16: http_api.key: expects text in quotes",
            "suona.toml:18: admin: known, but not supported yet; remove it, or start with --lenient to go on without",
            "suona.toml:24: channel.namespaces[chat].histroy_size: unknown key; did you mean \"channel.namespaces[chat].history_size\"?",
            "suona.toml:25: channel.namespaces[chat].force_recovery_mode: \"streem\" is no choice; did you mean \"stream\"?",
            "suona.toml:26: channel.namespaces[chat].channel_regex: \"[\" is no regular expression: unclosed character class",
        ]
    );
}

#[test]
fn rules_between_keys_are_checked() {
    let text = r#"
[http_server]
internal_port = 8000
[http_server.tls]
enabled = true

[client]
ping_interval = "5s"
pong_timeout = "5s"
queue_max_size = 1
subscription_token = { enabled = true }
token = { audience = "a", audience_regex = "b", rsa_public_key = "key.pem" }

[channel]
without_namespace = { history_size = 10 }
[[channel.namespaces]]
name = "chat"
history_ttl = "5m"
[[channel.namespaces]]
name = "chat"
force_recovery = true
[[channel.namespaces]]
name = "x"
history_size = 1
history_ttl = "48h"
history_meta_ttl = "24h"
"#;
    let told = toml(text);
    let expected = [
        ":3: http_server.internal_port: is the same as port; choose another, or remove it",
        ":5: http_server.tls.enabled: needs cert_pem and key_pem, the paths of the certificate and of its key",
        ":9: client.pong_timeout: must be shorter than ping_interval, or an answer is still due when the next ping goes out",
        ":10: client.queue_max_size: must be at least 4096 bytes, or no reply fits; the default is 1048576",
        ":11: client.subscription_token.enabled: needs a key beside it, such as hmac_secret_key",
        ":12: client.token.audience_regex: stands beside audience; remove one of them",
        ":12: client.token.rsa_public_key: is not an RSA public key in PEM form; it begins with `-----BEGIN PUBLIC KEY-----`",
        ":15: channel.without_namespace.history_size: needs history_ttl beside it, such as \"300s\"; history has both or neither",
        ":18: channel.namespaces[chat].history_ttl: needs history_size beside it, such as 100; history has both or neither",
        ":20: channel.namespaces[1].name: \"chat\" is the name of two namespaces; rename one",
        ":21: channel.namespaces[1].force_recovery: needs history to recover from; set history_size and history_ttl",
        ":23: channel.namespaces[x].name: \"x\" is no name; use at least two letters, digits, '-', '_' or '.'",
        ":25: channel.namespaces[x].history_ttl: is longer than history_meta_ttl; the position must outlive the publications",
    ];
    for sentence in expected {
        assert!(told.iter().any(|line| line.ends_with(sentence)), "missing: {sentence}\n{}", told.join("\n"));
    }
    assert_eq!(told.len(), expected.len(), "{}", told.join("\n"));
}

#[test]
fn lenient_lets_unserved_keys_pass_and_nothing_else() {
    let file =
        File::new("a.json", r#"{"admin":{"enabled":true},"clinet":{},"client":{"ping_interval":"1"}}"#);
    let Unusable(errors) = file.read().accept(true).unwrap_err();
    assert_eq!(errors.iter().map(|e| e.key.as_str()).collect::<Vec<_>>(), ["client.ping_interval"]);
    let file = File::new("a.json", r#"{"admin":{"enabled":true},"clinet":{}}"#);
    assert_eq!(file.read().accept(true).unwrap().1.len(), 2);
    assert_eq!(file.read().accept(false).unwrap_err().0.len(), 2);
}

#[test]
fn streams_need_paths_of_their_own_and_room_for_a_body() {
    let text =
        "sse = { enabled = true, handler_prefix = \"/emulation\" }\nhttp_stream.max_request_body_size = 0\n";
    let told = said("a.toml", text);
    assert_eq!(told.len(), 2, "{}", told.join("\n"));
    assert!(told[0].contains("http_stream.max_request_body_size: must be at least 1"), "{}", told[0]);
    assert!(told[1].contains("\"/emulation\" is a path of sse already"), "{}", told[1]);
    assert_eq!(said("a.toml", "emulation.handler_prefix = \"/api/x\"\n"), [""; 0], "nobody streams");
}

#[test]
fn the_gateway_has_paths_that_can_be_moved_and_not_shared() {
    let moved = "health.handler_prefix = \"/healthz\"\nhttp_api.handler_prefix = \"/rt/api\"\n\
        [[plain]]\npath = \"/api/app\"\nidentify = { from = \"anonymous\" }\nchannels = [\"news\"]\n";
    assert_eq!(said("a.toml", moved), [""; 0], "what was left is free");
    let told = said("a.toml", "health.handler_prefix = \"/x\"\nprometheus.handler_prefix = \"/x\"\n");
    assert_eq!(told.len(), 1, "{}", told.join("\n"));
    assert!(told[0].contains("\"/x\" is a path of health already"), "{}", told[0]);
    for path in ["", "/", "x", "/x/", "/{x}", "/:x", "/x y"] {
        assert_eq!(said("a.toml", &format!("http_api.handler_prefix = {path:?}")).len(), 1, "{path}");
    }
}

#[test]
fn what_is_switched_off_is_not_missed() {
    let text = r#"{"admin":{"enabled":false},"engine":{"type":"memory"},"proxies":[],"uni_grpc":{"enabled":false,"port":11000}}"#;
    assert_eq!(said("a.json", text), [""; 0]);
    let unused = r#"{"engine":{"type":"memory","redis":{"address":"redis:6379"}},"broker":{"enabled":true,"type":"memory"},
        "channel":{"without_namespace":{"subscription_type":"stream"}}}"#;
    assert_eq!(said("a.json", unused), [""; 0]);
    let used = r#"{"engine":{"type":"redis"},"channel":{"without_namespace":{"subscription_type":"map"}}}"#;
    assert_eq!(said("a.json", used).len(), 2);
}

#[test]
fn a_file_that_cannot_be_read_is_one_clear_line() {
    let reading = Sources { file: Some(Path::new("/no/such/suona.toml")), ..Sources::default() }.read();
    let told = problems(&reading);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("/no/such/suona.toml: cannot be read: "), "{}", told[0]);
    assert_eq!(
        said("suona.conf", "a"),
        ["suona.conf: has no known format; name it .toml, .json, .yaml or .yml"]
    );
    assert_eq!(said("suona.json", "[]"), ["suona.json: expects a table of keys, not a list"]);
}

#[test]
fn dev_opens_everything_and_says_so() {
    let (config, _) = Sources { dev: true, ..Sources::default() }.read().accept(false).unwrap();
    let options = config.channels.get(&Channel::from("news")).unwrap();
    assert!(options.presence && options.retention.keeps() && options.force_recovery);
    assert!(config.remarks().is_empty());
    let dangers = config.dangers().join("\n");
    for danger in ["client.insecure", "http_api.insecure", "client.allowed_origins"] {
        assert!(dangers.contains(danger), "{dangers}");
    }
}

#[test]
fn dangers_are_named() {
    let text = r#"
trusted_proxies = ["0.0.0.0/0"]
[client]
token = { hmac_secret_key = "short", hmac_previous_secret_key = "0123456789abcdef0123456789abcdef" }
[http_api]
key = "1234"
[[channel.namespaces]]
name = "chat"
allow_publish_for_client = true
allow_publish_for_anonymous = true
[[plain]]
path = "/bids"
identify = { from = "query:userid" }
trust_names = true
channels = ["lot:{userid}"]
"#;
    let reading = File::new("a.toml", text).read();
    assert_eq!(problems(&reading), [""; 0]);
    let dangers = reading.config.dangers();
    assert_eq!(dangers.len(), 6, "{dangers:?}");
    for danger in [
        "trusted_proxies has every address",
        "client.token.hmac_secret_key is shorter than 32 bytes",
        "hmac_previous_secret_key is good for ever",
        "http_api.key is shorter than 16 bytes",
        "namespace chat: clients without a user may publish",
        "plain /bids: trust_names is on",
    ] {
        assert!(dangers.iter().any(|line| line.contains(danger)), "{danger}");
    }
}

#[test]
fn no_secret_is_shown() {
    let text = r#"{"http_api":{"key":"s3cret-a"},"client":{"token":{"hmac_secret_key":"s3cret-b"},
        "subscription_token":{"hmac_previous_secret_key":"s3cret-c"}},
        "http_server":{"tls":{"key_pem":"-----BEGIN PRIVATE KEY----- s3cret-d"}}}"#;
    let reading = File::new("a.json", text).read();
    assert_eq!(reading.problems.len(), 2, "{:?}", problems(&reading));
    let shown = format!("{}{reading:?}{:?}", reading.settings.to_toml(), reading.config);
    assert!(!shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("key = \"***\""));
}

#[test]
fn what_is_shown_reads_back_as_the_same() {
    let file = File::new("config.json", include_str!("tests/centrifugo.json"));
    let shown = file.read().settings.to_toml();
    let again = File::new("a.toml", &shown).read();
    assert_eq!(again.settings.to_toml(), shown);
}

#[test]
fn the_sample_names_every_key_and_changes_nothing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/config.sample.toml");
    let sample = Settings::sample();
    if std::env::var_os("SUONA_WRITE_SAMPLE").is_some() {
        std::fs::write(&path, &sample).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == sample,
        "docs/config.sample.toml is out of date; run the tests with SUONA_WRITE_SAMPLE=1"
    );

    let reading = File::new("a.toml", &sample).read();
    assert_eq!(problems(&reading), [""; 0]);
    assert_eq!(reading.settings.to_toml(), Settings::default().to_toml());
    // Uncommented, it still has no key that is unknown.
    let is_key = |line: &str| line.starts_with('[') || line.contains(" = ");
    let uncommented: String = sample
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_key(rest)).unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect();
    let told = toml(&uncommented);
    assert!(!told.iter().any(|line| line.contains("unknown") || line.contains("TOML")), "{told:?}");
}
