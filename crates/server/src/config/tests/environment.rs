//! What variables and flags do to a file.

use super::*;

fn from_environment(variables: &[(&str, &str)]) -> Reading {
    let environment: Vec<_> = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Sources { environment: &environment, ..Sources::default() }.read()
}

#[test]
fn the_environment_wins_over_the_file_and_flags_over_both() {
    let file = File::new("a.toml", "[http_server]\nport = 1\n[log]\nlevel = \"warn\"\n");
    let environment = [("SUONA_HTTP_SERVER_PORT".to_owned(), "2".to_owned())];
    let flags = [("--address", "http_server.address", "::1".to_owned())];
    let sources = Sources { file: Some(&file.0), environment: &environment, flags: &flags, dev: false };
    let (config, _) = sources.read().accept(false).unwrap();
    assert_eq!((config.http_server.port, config.log.level), (2, LogLevel::Warn));
    let flags = [("--port", "http_server.port", "3".to_owned())];
    let (config, _) = Sources { flags: &flags, ..sources }.read().accept(false).unwrap();
    assert_eq!(config.http_server.port, 3);
    let flags = [("--port", "http_server.port", "http".to_owned())];
    let told = problems(&Sources { flags: &flags, ..Sources::default() }.read());
    assert_eq!(told, ["--port: http_server.port: expects a whole number from 0 to 65535, not \"http\""]);
}

#[test]
fn everything_can_be_set_by_the_environment() {
    let reading = from_environment(&[
        ("SUONA_CLIENT_ALLOWED_ORIGINS", "https://a.example https://b.example"),
        ("SUONA_CLIENT_INSECURE", "1"),
        ("SUONA_CLIENT_SUBSCRIPTION_TOKEN_HMAC_SECRET_KEY", "k"),
        ("SUONA_CHANNEL_NAMESPACES", "chat dev-1"),
        ("SUONA_CHANNEL_NAMESPACES_DEV_1_PRESENCE", "true"),
        ("SUONA_CHANNEL_NAMESPACES_CHAT_HISTORY_SIZE", "5"),
        ("SUONA_CHANNEL_NAMESPACES_CHAT_HISTORY_TTL", "60s"),
        ("SUONA_PLAIN", r#"[{"path":"/app","idle_timeout":60000000000}]"#),
        ("SUONA_LOG_LEVEL", ""),
        ("PATH", "/bin"),
    ]);
    assert_eq!(problems(&reading), [""; 0]);
    let config = reading.config;
    assert_eq!(config.client.allowed_origins, ["https://a.example", "https://b.example"]);
    assert!(config.client.insecure);
    assert_eq!(config.client.subscription_token.token.hmac_secret_key.expose(), "k");
    assert!(config.channels.get(&"dev-1:x".into()).unwrap().presence);
    assert_eq!(config.channels.get(&"chat:x".into()).unwrap().retention.size, 5);
    assert_eq!(config.plain[0].idle_timeout.map(|t| t.as_secs()), Some(60));
}

#[test]
fn webhooks_and_namespaces_of_methods_have_variables_by_their_names_too() {
    let reading = from_environment(&[
        ("SUONA_PROXIES", "shop back-2"),
        ("SUONA_PROXIES_SHOP_ENDPOINT", "http://shop.example/rpc"),
        ("SUONA_PROXIES_BACK_2_ENDPOINT", "http://back.example/rpc"),
        ("SUONA_PROXIES_BACK_2_TIMEOUT", "3s"),
        ("SUONA_PROXIES_BACK_2_HTTP_STATIC_HEADERS", r#"{"X-From":"gateway"}"#),
        ("SUONA_RPC_NAMESPACES", "bids"),
        ("SUONA_RPC_NAMESPACES_BIDS_PROXY_ENABLED", "true"),
        ("SUONA_RPC_NAMESPACES_BIDS_PROXY_NAME", "back-2"),
    ]);
    assert_eq!(problems(&reading), [""; 0]);
    let webhooks = reading.config.webhooks;
    let webhook = &webhooks.all[webhooks.rpc.find("bids:place").expect("a route").0];
    assert_eq!(webhook.endpoint.expose(), "http://back.example/rpc");
    assert_eq!((webhook.timeout.as_secs(), webhook.static_headers.len()), (3, 1));
    assert_eq!(
        problems(&from_environment(&[("SUONA_PROXIES_NOBODY_TIMEOUT", "3s")])).len(),
        1,
        "of no webhook"
    );
}

#[test]
fn variables_of_centrifugo_are_understood_with_a_notice() {
    let reading =
        from_environment(&[("CENTRIFUGO_HTTP_API_KEY", "theirs"), ("CENTRIFUGO_LOG_LEVEL", "debug")]);
    assert_eq!(reading.config.http_api.key.expose(), "theirs");
    assert_eq!(
        problems(&reading),
        [
            "environment CENTRIFUGO_HTTP_API_KEY, CENTRIFUGO_LOG_LEVEL: understood as SUONA_…; rename them when you can"
        ]
    );
    let both = from_environment(&[("SUONA_HTTP_API_KEY", "ours"), ("CENTRIFUGO_HTTP_API_KEY", "theirs")]);
    assert_eq!(both.config.http_api.key.expose(), "ours");
}

#[test]
fn variables_that_set_nothing_are_told() {
    let reading = from_environment(&[
        ("SUONA_CLIENT_PING_INTERVALL", "25s"),
        ("SUONA_ENGINE_TYPE", "redis"),
        ("CENTRIFUGO_ENGINE_TYPE", "memory"),
        ("SUONA_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("SUONA_SERVICE_HOST", "10.0.0.1"),
        ("SUONA_TOKEN", "of another command"),
    ]);
    assert_eq!(
        problems(&reading),
        [
            "environment SUONA_CLIENT_PING_INTERVALL: sets no key; did you mean SUONA_CLIENT_PING_INTERVAL?",
            "environment SUONA_ENGINE_TYPE: known, but not supported yet; unset it, or start with --lenient to go on without",
        ]
    );
}
