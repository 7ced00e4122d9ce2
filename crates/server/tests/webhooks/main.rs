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
    sync::atomic::{AtomicUsize, Ordering},
    task::{self, Poll},
    time::Duration,
};

use axum::{Json, Router, body::Body, http::StatusCode, response::IntoResponse, routing::post};
use bytes::Bytes;
use hyper::body::Frame;
use serde_json::{Value, json};
use suona_server::{config::Sources, serve::Gateway};
use tokio::runtime::Runtime;
use tungstenite::{Message, WebSocket};

/// A gateway and its backend.
struct World {
    address: SocketAddr,
    _gateway: Gateway,
    _runtime: Runtime,
}

const CONFIG: &str = r#"
http_server = { address = "127.0.0.1", port = 0 }
client.ping_interval = "400ms"
client.pong_timeout = "300ms"
client.proxy.connect = { enabled = true, endpoint = "http://BACKEND/connect" }
rpc.proxy = { endpoint = "http://BACKEND/rpc", timeout = "1500ms" }
rpc.without_namespace.proxy_enabled = true
[[rpc.namespaces]]
name = "dead"
proxy_enabled = true
proxy_name = "dead"
[[proxies]]
name = "dead"
endpoint = "http://DEAD/rpc"
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
        let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let text = CONFIG.replace("BACKEND", &backend.local_addr().unwrap().to_string());
        let file = tempfile("toml");
        std::fs::write(&file, text.replace("DEAD", &dead.to_string())).unwrap();
        let reading = Sources { file: Some(&file), ..Sources::default() }.read();
        std::fs::remove_file(&file).unwrap();
        let (config, _) = reading.accept(false).unwrap();
        let routes = Router::new().route("/connect", post(connect)).route("/rpc", post(rpc));
        runtime.spawn(async { axum::serve(backend, routes).await });
        let entered = runtime.enter();
        let gateway = Gateway::start(config).unwrap();
        drop(entered);
        let address = gateway.local_addr();
        Self { address, _gateway: gateway, _runtime: runtime }
    }

    /// An open WebSocket.
    fn open(&self, path: &str) -> WebSocket<TcpStream> {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        tungstenite::client(format!("ws://{}{path}", self.address), socket).unwrap().0
    }

    /// A managed client that is connected.
    fn client(&self) -> Client {
        let mut client = Client { socket: self.open("/connection/websocket"), pings: 0, last: 0 };
        assert!(client.asks(&json!({ "connect": {} }))["connect"]["client"].is_string());
        client
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

/// A plain client is who its query says.
async fn connect(Json(question): Json<Value>) -> Json<Value> {
    let user = question["query"].as_str().and_then(|query| query.strip_prefix("user=")).unwrap_or("ann");
    Json(json!({ "result": { "user": user } }))
}

/// Tells who asked what, in one way or another.
async fn rpc(Json(question): Json<Value>) -> axum::response::Response {
    match question["method"].as_str() {
        Some("slow") => std::future::pending().await,
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
        self.last += 1;
        let mut command = command.clone();
        command["id"] = self.last.into();
        self.socket.send(Message::text(command.to_string())).unwrap();
        loop {
            let message = self.socket.read().expect("the connection lives");
            for line in message.to_text().unwrap().lines() {
                let reply: Value = serde_json::from_str(line).unwrap();
                if reply == json!({}) {
                    self.pings += 1;
                    self.socket.send(Message::text("{}")).unwrap();
                } else if reply["id"] == self.last {
                    return reply;
                }
            }
        }
    }
}

/// A path for a file that no other test uses.
fn tempfile(extension: &str) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("suona-webhooks-{}-{number}.{extension}", std::process::id()))
}
