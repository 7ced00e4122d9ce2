//! The three lines that `serve --dev` prints, pasted as they are, and what `tail` says when it cannot go on.

use std::{
    io::{BufRead as _, BufReader},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    thread,
};

/// A running gateway, and what it said when it was ready.
struct Gateway {
    child: Child,
    /// The lines to paste.
    steps: Vec<String>,
}

impl Gateway {
    fn start() -> Self {
        let mut child = suona(&["serve", "--dev", "--address", "127.0.0.1", "--port", "0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut lines = lines.skip_while(|line| line != "Try it in another terminal:");
        assert!(lines.next().is_some(), "the gateway ended early: {:?}", child.wait());
        let steps = lines.take_while(|line| !line.is_empty()).map(|line| line.trim().to_owned()).collect();
        Self { child, steps }
    }

    /// The address that clients connect to, as the lines give it.
    fn url(&self) -> &str {
        self.steps[1].rsplit_once(' ').unwrap().1
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn suona(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_suona"));
    // What the machine's environment says about proxies and tokens is no part of the test.
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command
}

fn paste(line: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    shell.output().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_first_steps_work_when_pasted() {
    let gateway = Gateway::start();
    let [publish, tail, curl] = &gateway.steps[..] else { panic!("{:?}", gateway.steps) };
    assert_eq!(stdout(&paste(publish)), "published in news at offset 1\n");
    assert_eq!(stdout(&paste(tail)), "--:--:--Z news #1 {\"hello\":\"world\"}\n");
    let history: serde_json::Value = serde_json::from_str(&stdout(&paste(curl))).unwrap();
    assert_eq!(history["result"]["publications"][0]["data"]["hello"], "world");
}

#[test]
fn tail_prints_what_is_published_while_it_listens() {
    let gateway = Gateway::start();
    let mut tail = suona(&["tail", "news", "other", "--json", "--count", "2", "--url", gateway.url()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines().map(Result::unwrap);
    // It hears itself join the second channel, and the first was joined before.
    assert!(lines.any(|line| line.starts_with(r#"{"channel":"other","join":{"#)));
    stdout(&paste(&gateway.steps[0]));
    let as_client = ["publish", "news", r#"{"hello":"world"}"#, "--ws", "--url", gateway.url()];
    assert_eq!(stdout(&suona(&as_client).output().unwrap()), "published in news\n");
    let publications: Vec<_> = lines.filter(|line| line.contains(r#""pub":"#)).collect();
    let expected =
        |offset| format!(r#"{{"channel":"news","pub":{{"data":{{"hello":"world"}},"offset":{offset}}}}}"#);
    assert_eq!(publications.len(), 2);
    assert!(publications[0].starts_with(r#"{"channel":"news","pub":{"data":{"hello":"world"},"offset":1"#));
    assert!(publications[1].starts_with(&expected(2)[..expected(2).len() - 2]), "{publications:?}");
    assert!(tail.wait().unwrap().success());
}

/// Lets the next client of `listener` through to the gateway at `to`, until it is cut.
fn pass(listener: &TcpListener, to: &str) -> impl FnOnce() + use<> {
    let (client, gateway) = (listener.accept().unwrap().0, TcpStream::connect(to).unwrap());
    for (from, to) in [(&client, &gateway), (&gateway, &client)] {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        // It ends with an error when it is cut, and that is what it is for.
        thread::spawn(move || std::io::copy(&mut from, &mut to));
    }
    move || {
        client.shutdown(Shutdown::Both).unwrap();
        gateway.shutdown(Shutdown::Both).unwrap();
    }
}

#[test]
fn tail_comes_back_after_a_cut_and_tells_a_gap() {
    let gateway = Gateway::start();
    let address = gateway.url().strip_prefix("ws://").unwrap().split('/').next().unwrap();
    let line = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = gateway.url().replace(address, &line.local_addr().unwrap().to_string());
    let mut tail =
        suona(&["tail", "news", "--count", "3", "--url", &url]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines().map(Result::unwrap);

    let cut = pass(&line, address);
    assert!(lines.next().unwrap().contains(" joined "));
    cut();
    for _ in 0..2 {
        stdout(&paste(&gateway.steps[0]));
    }
    let cut = pass(&line, address);
    let missed: Vec<_> = lines.by_ref().filter(|line| line.contains('#')).take(2).collect();
    assert!(missed[0].contains("news #1 ") && missed[1].contains("news #2 "), "{missed:?}");
    cut();
    // One more than the history holds.
    let commands = vec![r#"{"publish":{"channel":"news","data":1}}"#; 101].join(",");
    let batch = format!("curl -sS http://{address}/api/batch -d '{{\"commands\":[{commands}]}}'");
    assert!(stdout(&paste(&batch)).contains(r#""offset":103"#));
    let _cut = pass(&line, address);
    assert!(lines.any(|line| line.contains("some publications were missed")));
    stdout(&paste(&gateway.steps[0]));
    assert!(lines.any(|line| line.contains("news #104 ")));
    assert!(tail.wait().unwrap().success());
}

#[test]
fn tail_says_why_it_failed_and_what_to_do() {
    let gateway = Gateway::start();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let path = gateway.url().replace("/connection/websocket", "/elsewhere");
    for (arguments, code, said) in [
        (&["tail", "news", "--url", &format!("ws://{free}")][..], 1, "start one, or name another with --url"),
        (&["tail", "news", "--url", &path], 1, "opens no WebSocket: HTTP status 404"),
        (
            &["tail", "x:news", "--url", gateway.url()],
            1,
            "x:news: refused: unknown channel (unknown-channel); ",
        ),
        (&["tail", "news", "--url", "http://127.0.0.1"], 1, "write an address such as wss://"),
        (
            &["publish", "x:news", "1", "--ws", "--url", gateway.url()],
            1,
            "not published: unknown channel (unknown-channel); ",
        ),
        (&["publish", "news", "1", "--ws", "--url", &path], 1, "HTTP status 404"),
        (&["tail"], 2, "<CHANNEL>"),
    ] {
        let output = suona(arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
}
