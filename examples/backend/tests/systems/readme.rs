//! The commands of the README, pasted as they are.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::gateway::{Client, Line, gateway};

/// The lines between the fences.
fn commands(readme: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(readme)).unwrap();
    let blocks = text.split("```sh\n").skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap().to_owned()).collect()
}

/// The binary, as the README starts it.
struct Running {
    child: Child,
    url: String,
}

impl Running {
    fn start(line: &str, gateway: &str) -> Self {
        let flags = line.strip_prefix("cargo run --release -p suona-example-backend -- ").unwrap();
        let database = std::env::temp_dir().join(format!("suona-readme-{}", std::process::id()));
        let mut child = Command::new(env!("CARGO_BIN_EXE_suona-example-backend"))
            .args(flags.split(' '))
            .args(["--listen", "127.0.0.1:0", "--gateway", gateway, "--database"])
            .arg(&database)
            .env_clear()
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let line = said.find(|line| line.contains("the backend listens at ")).unwrap();
        // It would be killed by the first line that nobody reads.
        std::thread::spawn(move || said.for_each(drop));
        let url = line.rsplit(' ').next().unwrap().to_owned();
        Self { child, url }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for suffix in ["", "-wal", "-shm"] {
            let database = std::env::temp_dir().join(format!("suona-readme-{}{suffix}", std::process::id()));
            let _ = fs::remove_file(database);
        }
    }
}

async fn paste(line: String) -> Value {
    let run = move || {
        let path = std::env::var_os("PATH").unwrap();
        Command::new("sh").args(["-c", &line]).env_clear().env("PATH", path).output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn both_languages_have_the_same_commands() {
    assert_eq!(commands("README.md"), commands("README.zh-CN.md"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_readme_work_when_pasted() {
    let commands = commands("README.md");
    let [serve, start, login, bid, history, health] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(serve, "cargo run --release -p suona -- serve -c examples/backend/gateway.toml");
    let line = Line::new().await;
    let backend = Running::start(start, &line.url);
    let gateway = gateway(&backend.url, "");
    line.lead_to(&gateway);
    let api = format!("http://{}", gateway.local_addr());
    let here = |line: &str| {
        line.replace("http://127.0.0.1:3000", &backend.url).replace("http://127.0.0.1:8000", &api)
    };

    let ann = paste(here(login)).await;
    let mut watching = Client::connect(&gateway, ann["token"].as_str().unwrap()).await;
    watching.subscribe("lot:1").await;
    let first = paste(here(bid)).await;
    assert_eq!(first["result"]["data"]["supplier"], "Ann");
    assert_eq!(paste(here(bid)).await, first);
    assert_eq!(watching.heard().await, first["result"]["data"]);
    let kept = paste(here(history)).await;
    let kept: Vec<_> =
        kept["result"]["publications"].as_array().unwrap().iter().map(|it| &it["data"]).collect();
    assert_eq!(kept, [&first["result"]["data"]]);
    assert_eq!(paste(here(health)).await["database"]["exhausted"], 0);
}
