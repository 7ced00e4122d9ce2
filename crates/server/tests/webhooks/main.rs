//! The whole gateway with a backend that is slow, dead, broken or well: what clients hear, and how soon.

// The figures are part of what the test is for.
#![allow(clippy::print_stdout)]

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use axum::{Json, Router, http::StatusCode, response::IntoResponse, routing::post};
use serde_json::{Value, json};
use suona_server::{config::Sources, serve::Gateway};
use tokio::runtime::Runtime;
use tungstenite::{Message, WebSocket};

/// A gateway and its backend.
struct World {
    gateway: SocketAddr,
    ready: Box<dyn Fn() -> u16>,
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
"#;

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let backend = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let text = CONFIG.replace("BACKEND", &backend.local_addr().unwrap().to_string());
        let file = std::env::temp_dir().join(format!("suona-webhooks-{}.toml", std::process::id()));
        std::fs::write(&file, text.replace("DEAD", &dead.to_string())).unwrap();
        let reading = Sources { file: Some(&file), ..Sources::default() }.read();
        std::fs::remove_file(&file).unwrap();
        let (config, _) = reading.accept(false).unwrap();
        let routes = Router::new().route("/connect", post(connect)).route("/rpc", post(rpc));
        runtime.spawn(async { axum::serve(backend, routes).await });
        let entered = runtime.enter();
        let started = Gateway::start(config).unwrap();
        drop(entered);
        let gateway = started.local_addr();
        Self {
            gateway,
            ready: Box::new(move || status(gateway, "/ready")),
            _gateway: started,
            _runtime: runtime,
        }
    }

    fn client(&self) -> Client {
        let socket = TcpStream::connect(self.gateway).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let url = format!("ws://{}/connection/websocket", self.gateway);
        let (socket, _) = tungstenite::client(url, socket).unwrap();
        let mut client = Client { socket, pings: 0, last: 0 };
        assert!(client.asks(&json!({ "connect": {} }))["connect"]["client"].is_string());
        client
    }
}

async fn connect() -> Json<Value> {
    Json(json!({ "result": { "user": "ann" } }))
}

async fn rpc(Json(question): Json<Value>) -> axum::response::Response {
    match question["method"].as_str() {
        Some("slow") => std::future::pending().await,
        Some("broken") => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some("rubbish") => "<html>".into_response(),
        _ => Json(json!({ "result": { "data": question["user"] } })).into_response(),
    }
}

/// The status with which a plain HTTP request is answered.
fn status(address: SocketAddr, path: &str) -> u16 {
    use std::io::{Read, Write};
    let mut socket = TcpStream::connect(address).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap()
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

    fn rpc(&mut self, method: &str) -> (Value, Duration) {
        let begun = Instant::now();
        (self.asks(&json!({ "rpc": { "method": method } })), begun.elapsed())
    }

    /// The error of a request, which is always temporary here, and how long it took.
    fn error(&mut self, method: &str) -> (u64, Duration) {
        let (reply, took) = self.rpc(method);
        assert_eq!(reply["error"]["temporary"], true, "{reply}");
        (reply["error"]["code"].as_u64().unwrap(), took)
    }
}

#[test]
fn whatever_the_backend_does_clients_hear_the_documented_error_and_others_nothing_of_it() {
    let world = World::new();
    let mut unlucky = world.client();
    let waiting = std::thread::spawn(move || {
        let (code, took) = unlucky.error("slow");
        (unlucky, code, took)
    });
    let mut other = world.client();
    let mut slowest = Duration::ZERO;
    for _ in 0..200 {
        let (reply, took) = other.rpc("quick");
        assert_eq!(reply["rpc"]["data"], "ann", "{reply}");
        slowest = slowest.max(took);
    }
    let (mut unlucky, code, took) = waiting.join().unwrap();
    assert_eq!(code, 100);
    assert!(unlucky.pings >= 2, "{} pings while it waited", unlucky.pings);
    println!("slow backend: error 100 after {took:?}; {} pings meanwhile", unlucky.pings);
    println!("another client meanwhile: 200 requests, the slowest in {slowest:?}");

    for method in ["broken", "rubbish"] {
        let (code, took) = unlucky.error(method);
        assert_eq!(code, 100);
        println!("{method} answer: error 100 after {took:?}");
    }
    assert_eq!((world.ready)(), 200);
    for _ in 0..8 {
        assert_eq!(unlucky.error("dead:list").0, 100);
    }
    let (code, took) = unlucky.error("dead:list");
    assert_eq!(code, 100);
    println!("dead backend, circuit open: error 100 after {took:?}");
    assert_eq!((world.ready)(), 503);
    let mut another = world.client();
    assert_eq!(another.rpc("quick").0["rpc"]["data"], "ann", "the webhooks that are well go on");
}
