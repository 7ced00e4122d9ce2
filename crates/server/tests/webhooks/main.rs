//! The whole gateway with a backend that is slow, dead, broken or well: what clients hear, and how soon.

/// Says a figure. They are part of what these tests are for, and cargo hides what passing tests `println!`.
macro_rules! figure {
    ($($text:tt)*) => {
        writeln!(std::io::stdout(), $($text)*).expect("somebody reads")
    };
}

mod failing;
mod plain;

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{self, Poll},
    time::Duration,
};

use axum::{
    Json, Router, body::Body, extract::State, http::StatusCode, response::IntoResponse, routing::post,
};
use bytes::Bytes;
use hyper::body::Frame;
use serde_json::{Value, json};
use suona_server::{config::Sources, serve::Gateway};
use tokio::{runtime::Runtime, sync::Semaphore};
use tungstenite::{Message, WebSocket};

/// A gateway and its backend.
struct World {
    address: SocketAddr,
    held: Held,
    /// Where nobody ever answers, until it is no more.
    dead: Option<TcpListener>,
    _gateway: Gateway,
    _runtime: Runtime,
}

/// The questions that the backend keeps until it is let do with them what their method says.
type Held = Arc<Semaphore>;

const CONFIG: &str = r#"
http_server = { address = "127.0.0.1", port = 0 }
client.ping_interval = "400ms"
client.pong_timeout = "300ms"
client.proxy.connect = { enabled = true, endpoint = "http://BACKEND/connect" }
rpc.proxy = { endpoint = "http://BACKEND/rpc", timeout = "60s" }
rpc.without_namespace.proxy_enabled = true
[[rpc.namespaces]]
name = "dead"
proxy_enabled = true
proxy_name = "dead"
[[proxies]]
name = "dead"
endpoint = "http://DEAD/rpc"
timeout = "60s"
[[rpc.namespaces]]
name = "hasty"
proxy_enabled = true
proxy_name = "hasty"
[[proxies]]
name = "hasty"
endpoint = "http://BACKEND/rpc"
timeout = "1500ms"
[[plain]]
path = "/backend"
identify = { from = "backend" }
rpc = { method = "method", result = "result" }
[[plain]]
path = "/app"
identify = { from = "anonymous" }
rpc = { method = "method", result = "result" }
"#;

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let backend = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let dead = TcpListener::bind("127.0.0.1:0").unwrap();
        let text = CONFIG.replace("BACKEND", &backend.local_addr().unwrap().to_string());
        let file = tempfile("toml");
        std::fs::write(&file, text.replace("DEAD", &dead.local_addr().unwrap().to_string())).unwrap();
        let reading = Sources { file: Some(&file), ..Sources::default() }.read();
        std::fs::remove_file(&file).unwrap();
        let (config, _) = reading.accept(false).unwrap();
        let held = Held::new(Semaphore::new(0));
        let routes = Router::new().route("/connect", post(connect)).route("/rpc", post(rpc));
        let routes = routes.with_state(held.clone());
        runtime.spawn(async { axum::serve(backend, routes).await });
        let entered = runtime.enter();
        let gateway = Gateway::start(config).unwrap();
        drop(entered);
        let address = gateway.local_addr();
        Self { address, held, dead: Some(dead), _gateway: gateway, _runtime: runtime }
    }

    /// An open WebSocket.
    fn open(&self, path: &str) -> WebSocket<TcpStream> {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        tungstenite::client(format!("ws://{}{path}", self.address), socket).unwrap().0
    }

    /// A managed client of Ann that is connected.
    fn client(&self) -> Client {
        self.client_of("ann")
    }

    /// A managed client of this user that is connected.
    fn client_of(&self, user: &str) -> Client {
        let mut client = Client { socket: self.open("/connection/websocket"), pings: 0, last: 0 };
        let connected = client.asks(&json!({ "connect": { "data": user } }));
        assert!(connected["connect"]["client"].is_string());
        client
    }

    /// Lets the backend do with a question what it was asked for.
    fn let_go(&mut self, method: &str) {
        match method.starts_with("dead") {
            true => self.dead = None,
            false => self.held.add_permits(1),
        }
    }

    /// The status with which `/ready` answers.
    fn ready(&self) -> u16 {
        let mut socket = TcpStream::connect(self.address).unwrap();
        write!(socket, "GET /ready HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap()
    }
}

/// Clients are who they say.
async fn connect(Json(question): Json<Value>) -> Json<Value> {
    let query = question["query"].as_str().and_then(|query| query.strip_prefix("user="));
    let user = query.or(question["data"].as_str()).unwrap_or("ann");
    Json(json!({ "result": { "user": user } }))
}

/// Tells who asked what, in one way or another.
async fn rpc(State(held): State<Held>, Json(question): Json<Value>) -> axum::response::Response {
    let method = question["method"].as_str();
    if let Some("slow" | "broken" | "rubbish" | "torn" | "hasty:slow") = method {
        held.acquire().await.unwrap().forget();
    }
    match method {
        Some("broken") => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some("rubbish") => "<html>".into_response(),
        Some("torn") => Body::new(Torn::default()).into_response(),
        Some("leisurely") => {
            let millis = question["data"]["millis"].as_u64().unwrap_or_default();
            tokio::time::sleep(Duration::from_millis(millis)).await;
            let data = json!([question["user"], question["data"]["number"]]);
            Json(json!({ "result": { "data": data } })).into_response()
        }
        _ => Json(json!({ "result": { "data": question["user"] } })).into_response(),
    }
}

/// A body that breaks off, and the connection with it.
#[derive(Default)]
struct Torn {
    begun: bool,
}

impl hyper::body::Body for Torn {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let was_begun = std::mem::replace(&mut self.begun, true);
        let begin = || Ok(Frame::data(Bytes::from_static(br#"{"result":{"#)));
        Poll::Ready(Some(if was_begun { Err(io::Error::other("cut")) } else { begin() }))
    }
}

/// A client that answers pings, as SDKs do.
struct Client {
    socket: WebSocket<TcpStream>,
    pings: usize,
    last: u32,
}

impl Client {
    /// Sends a command and reads until it is answered.
    fn asks(&mut self, command: &Value) -> Value {
        self.sends(command);
        self.reply()
    }

    fn sends(&mut self, command: &Value) {
        self.last += 1;
        let mut command = command.clone();
        command["id"] = self.last.into();
        self.socket.send(Message::text(command.to_string())).unwrap();
    }

    /// Reads until the last command is answered.
    fn reply(&mut self) -> Value {
        loop {
            let replies = self.hears();
            if let Some(reply) = replies.into_iter().find(|reply| reply["id"] == self.last) {
                return reply;
            }
        }
    }

    /// Reads one message, which may be a ping or several replies.
    fn hears(&mut self) -> Vec<Value> {
        let message = self.socket.read().expect("the connection lives");
        let lines = message.to_text().unwrap().lines().map(|line| serde_json::from_str(line).unwrap());
        let (pings, replies): (Vec<_>, Vec<_>) = lines.partition(|line| *line == json!({}));
        for _ in pings {
            self.pings += 1;
            self.socket.send(Message::text("{}")).unwrap();
        }
        replies
    }
}

/// A path for a file that no other test uses.
fn tempfile(extension: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("suona-webhooks-{}-{number}.{extension}", std::process::id()))
}
