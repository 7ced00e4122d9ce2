//! The sub-commands that need no running gateway, as an operator starts them.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    path::PathBuf,
    process::{Command, Output},
    thread,
};

struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("suona-commands-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join("suona.toml");
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

fn suona(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_suona")).args(arguments).env_clear().output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const KEYS: &str = "[client.token]\nhmac_secret_key = \"0123456789abcdef0123456789abcdef\"\naudience = \"shop\"\n\
                    [http_api]\nkey = \"abcdefgh01234567\"\n";

#[test]
fn check_shows_a_good_configuration_without_its_secrets() {
    let file = File::new("good", KEYS);
    let output = suona(&["check", file.path()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = stdout(&output);
    assert!(said.contains("The gateway would start with this configuration:"));
    assert!(said.contains("hmac_secret_key = \"***\"") && said.contains("port = 8000"));
    assert!(!said.contains("abcdef") && !said.contains('\x1b'), "{said}");
}

#[test]
fn check_names_every_error_and_danger_and_fails() {
    let file = File::new("bad", "[client]\ninsecure = true\nping_intervall = \"1s\"\npong_timeout = \"1\"\n");
    let output = suona(&["check", file.path()]);
    assert_eq!(output.status.code(), Some(1));
    let place = file.path();
    assert_eq!(
        stderr(&output),
        format!(
            "error: {place}:3: client.ping_intervall: unknown key; did you mean \"client.ping_interval\"?\n\
             error: {place}:4: client.pong_timeout: \"1\" is no duration; write a number with its unit, \
             like \"25s\", \"1m30s\" or \"200ms\"\n"
        )
    );
    let danger = "danger: client.insecure is on: everybody may read and publish everything; remove it\n";
    assert_eq!(stdout(&output), danger);
    assert_eq!(suona(&["check"]).status.code(), Some(2));
}

#[test]
fn serve_does_not_start_with_a_bad_configuration() {
    let file = File::new("serve", "[http_server]\nport = \"http\"\n");
    let output = suona(&["serve", "-c", file.path()]);
    assert_eq!(output.status.code(), Some(1));
    let line = ":2: http_server.port: expects a whole number from 0 to 65535, not \"http\"\n";
    assert_eq!(stderr(&output), format!("{}{line}", file.path()));
}

#[test]
fn a_minted_token_is_good() {
    let file = File::new("token", KEYS);
    for arguments in [&["--user", "42"][..], &["--user", "42", "--channel", "news", "--ttl", "90s"]] {
        let minted = suona(&[&["token", "-c", file.path()], arguments].concat());
        assert_eq!(minted.status.code(), Some(0), "{minted:?}");
        let token = stdout(&minted).trim().to_owned();
        let output = suona(&["token", "inspect", &token, "-c", file.path()]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let said = stdout(&output);
        assert!(said.contains("\"sub\": \"42\"") && said.contains("\"aud\": \"shop\""), "{said}");
        assert!(
            said.ends_with("good: this gateway would take it\n") && said.contains("expires in "),
            "{said}"
        );
    }
}

#[test]
fn a_bad_token_is_told_as_such() {
    let file = File::new("inspect", KEYS);
    let minted = suona(&["token", "-c", file.path(), "--user", "42"]);
    let forged = format!("{}AAAA", stdout(&minted).trim().rsplit_once('.').unwrap().0.to_owned() + ".");
    let output = suona(&["token", "inspect", &forged, "-c", file.path()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("\nnot good: the token is invalid"), "{output:?}");
    assert!(stdout(&suona(&["token", "inspect", &forged])).contains("not verified"));
    assert!(stderr(&suona(&["token", "inspect", "abc"])).starts_with("this is no token"));
    assert!(stderr(&suona(&["token", "--user", "42"])).starts_with("there is no secret to sign with"));
    assert_eq!(suona(&["token"]).status.code(), Some(2));
}

/// An API that takes one request, answers it so, and hands over what it heard.
fn api(status: &'static str, body: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"}") {
            let mut part = [0; 1024];
            let length = stream.read(&mut part).unwrap();
            assert!(length > 0, "the request ends early");
            heard.extend_from_slice(&part[..length]);
        }
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        String::from_utf8(heard).unwrap()
    });
    (url, heard)
}

#[test]
fn publish_sends_the_message_with_the_key() {
    let (url, heard) = api("200 OK", r#"{"result":{"offset":7,"epoch":"abcdefgh"}}"#);
    let output = suona(&["publish", "news", r#"{"text": "hi"}"#, "--url", &url, "--key", "secret"]);
    let heard = heard.join().unwrap();
    assert_eq!(stdout(&output), "published in news at offset 7\n");
    assert!(heard.starts_with("POST /api/publish HTTP/1.1\r\n"), "{heard}");
    assert!(heard.to_lowercase().contains("x-api-key: secret\r\n"), "{heard}");
    assert!(heard.ends_with(r#"{"channel":"news","data":{"text":"hi"}}"#), "{heard}");
}

#[test]
fn publish_takes_the_key_of_the_configuration_and_sends_text_as_text() {
    let file = File::new("publish", KEYS);
    let (url, heard) = api("200 OK", r#"{"result":{}}"#);
    let output = suona(&["publish", "news", "hello there", "--url", &url, "-c", file.path()]);
    let heard = heard.join().unwrap();
    assert_eq!(stdout(&output), "published in news, which keeps no history\n");
    assert!(heard.contains("abcdefgh01234567") && heard.ends_with(r#""data":"hello there"}"#), "{heard}");
}

#[test]
fn publish_says_why_it_failed_and_what_to_do() {
    for (status, body, said) in [
        (
            "200 OK",
            r#"{"error":{"code":102,"message":"unknown channel"}}"#,
            "not published: unknown channel (error 102)\n",
        ),
        ("401 Unauthorized", "", "the gateway refused the key; give the right one"),
        ("404 Not Found", "nginx", "what answers at "),
    ] {
        let (url, heard) = api(status, body);
        let output = suona(&["publish", "x:news", "1", "--url", &url]);
        heard.join().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).starts_with(said), "{output:?}");
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = suona(&["publish", "news", "1", "--url", &format!("http://{free}")]);
    assert!(stderr(&output).starts_with("no gateway answers at "), "{output:?}");
}
