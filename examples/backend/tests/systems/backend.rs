//! A backend with a database of its own, and stand-ins for whom it talks to.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use clap::Parser as _;
use reqwest::Client;
use serde_json::{Value, json};
use suona_example_backend::{Config, serve};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinHandle,
};

/// As in `gateway.toml`.
pub(crate) const WEBHOOK_KEY: &str = "the-gateway-asks-the-backend-with-this";

#[derive(clap::Parser)]
struct Flags {
    #[command(flatten)]
    config: Config,
}

/// Reads flags as the binary does.
pub(crate) fn config(flags: &[&str]) -> Result<Config, clap::Error> {
    Flags::try_parse_from(["backend"].iter().chain(flags)).map(|flags| flags.config)
}

/// One for tests, which stay on this machine.
pub(crate) fn client() -> Client {
    // Another test may have been faster; it is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

/// A running backend. It ends with the test, and its database with it.
pub(crate) struct Backend {
    pub(crate) url: String,
    database: Database,
    running: Running,
    http: Client,
}

struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// A file that is gone when the test is over.
struct Database(PathBuf);

impl Database {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // In memory, where that is a folder: each answer waits for the disk, and a busy one takes its time.
        let memory = PathBuf::from("/dev/shm");
        let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
        Self(folder.join(format!("suona-backend-{}-{number}", std::process::id())))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{suffix}", self.0.display()));
        }
    }
}

impl Backend {
    /// With `--dev`, publishing to the gateway at `gateway`.
    pub(crate) async fn start(gateway: &str) -> Self {
        Self::start_with(&["--dev", "--gateway", gateway]).await
    }

    pub(crate) async fn start_with(flags: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let database = Database::new();
        let running = run(flags, &database, listener);
        Self { url, database, running, http: client() }
    }

    /// Ends, and starts again with the same database and these flags.
    pub(crate) async fn restart_with(self, flags: &[&str]) -> Self {
        let Self { database, running, http, .. } = self;
        running.stop.send(()).unwrap();
        running.task.await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let running = run(flags, &database, listener);
        Self { url, database, running, http }
    }

    /// Status and JSON of an answer to `POST`.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(WEBHOOK_KEY);
        let response = request.json(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// The answer to what the gateway asks.
    pub(crate) async fn hook(&self, name: &str, question: &Value) -> Value {
        let (status, answer) = self.post(&format!("/hooks/{name}"), question).await;
        assert_eq!(status, 200);
        answer
    }

    /// What a client's request returns.
    pub(crate) async fn rpc(&self, user: &str, method: &str, data: Value) -> Value {
        let answer = self.hook("rpc", &json!({ "user": user, "method": method, "data": data })).await;
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"]["data"].clone()
    }

    /// The code by which a client's request is refused.
    pub(crate) async fn refusal(&self, user: &str, method: &str, data: Value) -> u64 {
        let answer = self.hook("rpc", &json!({ "user": user, "method": method, "data": data })).await;
        answer["error"]["code"].as_u64().unwrap_or_else(|| panic!("{method}: {answer}"))
    }

    /// Who has a token, and the token.
    pub(crate) async fn login(&self, name: &str) -> String {
        let (status, answer) = self.post("/login", &json!({ "name": name })).await;
        assert_eq!((status, &answer["user"]), (200, &json!(name)));
        answer["token"].as_str().unwrap().to_owned()
    }

    /// The token of a device.
    pub(crate) async fn login_device(&self, serial: &str, key: &str) -> String {
        let (status, answer) = self.post("/login", &json!({ "serial": serial, "key": key })).await;
        assert_eq!(status, 200, "{answer}");
        answer["token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn health(&self) -> Value {
        self.http.get(format!("{}/health", self.url)).send().await.unwrap().json().await.unwrap()
    }
}

fn run(flags: &[&str], database: &Database, listener: TcpListener) -> Running {
    let file = database.0.to_str().unwrap();
    let config = config(&[flags, &["--database", file]].concat()).unwrap();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        let stopped = async { stopped.await.unwrap_or_default() };
        serve(config, listener, stopped).await.unwrap();
    });
    Running { stop, task }
}

/// Where a gateway would be: it takes publications, and can be told to do otherwise.
pub(crate) struct StandIn {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    answers: Mutex<Vec<(StatusCode, Value)>>,
    /// What was sent, whatever was answered.
    sent: watch::Sender<Vec<Value>>,
}

impl StandIn {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared { answers: Mutex::default(), sent: watch::Sender::new(Vec::new()) });
        let router = Router::new().route("/api/publish", post(take)).with_state(shared.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// Answers the next requests so, and then as ever.
    pub(crate) fn answer_next(&self, answers: impl IntoIterator<Item = (u16, Value)>) {
        let answers = answers.into_iter().map(|(status, body)| (StatusCode::from_u16(status).unwrap(), body));
        self.shared.answers.lock().unwrap().extend(answers);
    }

    /// The first `count` that were sent, once they were.
    pub(crate) async fn sent(&self, count: usize) -> Vec<Value> {
        let mut sent = self.shared.sent.subscribe();
        sent.wait_for(|sent| sent.len() >= count).await.unwrap()[..count].to_vec()
    }

    /// Channel and data of the first `count` publications.
    pub(crate) async fn published(&self, count: usize) -> Vec<(String, Value)> {
        let sent = self.sent(count).await;
        sent.iter().map(|sent| (sent["channel"].as_str().unwrap().to_owned(), sent["data"].clone())).collect()
    }
}

async fn take(
    State(shared): State<Arc<Shared>>,
    Json(publication): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let mut answers = shared.answers.lock().unwrap();
    let next = (!answers.is_empty()).then(|| answers.remove(0));
    shared.sent.send_modify(|sent| sent.push(publication));
    let (status, body) = next.unwrap_or((StatusCode::OK, json!({ "result": {} })));
    (status, Json(body))
}
