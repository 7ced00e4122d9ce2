//! A real gateway with the configuration of the example, a line to it, and clients.

use std::{
    collections::VecDeque,
    fs,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use suona_server::{config::Sources, serve::Gateway};
use tokio::{
    io,
    net::{TcpListener, TcpStream},
    task::block_in_place,
};
use tungstenite::{ClientRequestBuilder, Message, WebSocket};

/// Starts a gateway that asks `backend`; `more` is added to its configuration.
pub(crate) fn gateway(backend: &str, more: &str) -> Gateway {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway.toml")).unwrap();
    let text = text.replace("http://127.0.0.1:3000", backend) + more;
    let port = backend.rsplit(':').next().unwrap();
    let file = std::env::temp_dir().join(format!("suona-gateway-{}-{port}.toml", std::process::id()));
    fs::write(&file, text).unwrap();
    let flags = [
        ("--address", "http_server.address", "127.0.0.1".to_owned()),
        ("--port", "http_server.port", "0".to_owned()),
    ];
    let reading = Sources { file: Some(&file), flags: &flags, ..Sources::default() }.read();
    fs::remove_file(&file).unwrap();
    Gateway::start(reading.accept(false).unwrap().0).unwrap()
}

/// The way from a backend to its gateway, which may be another one later, or none.
pub(crate) struct Line {
    pub(crate) url: String,
    end: Arc<Mutex<Option<SocketAddr>>>,
}

impl Line {
    /// It leads nowhere.
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let end = Arc::new(Mutex::new(None));
        let to = end.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let to = *to.lock().unwrap();
                tokio::spawn(carry(near, to));
            }
        });
        Self { url, end }
    }

    pub(crate) fn lead_to(&self, gateway: &Gateway) {
        *self.end.lock().unwrap() = Some(gateway.local_addr());
    }

    pub(crate) fn cut(&self) {
        *self.end.lock().unwrap() = None;
    }
}

async fn carry(mut near: TcpStream, to: Option<SocketAddr>) {
    let Some(to) = to else { return };
    if let Ok(mut far) = TcpStream::connect(to).await {
        // A gateway that ends breaks it, and that is what it is for.
        let _ = io::copy_bidirectional(&mut near, &mut far).await;
    }
}

/// A client that speaks JSON, and keeps what it was not waiting for.
pub(crate) struct Client {
    socket: WebSocket<std::net::TcpStream>,
    pushes: VecDeque<Value>,
    commands: u64,
}

impl Client {
    /// Opens `path`, and says nothing.
    pub(crate) async fn open(gateway: &Gateway, path: &str) -> Self {
        let address = gateway.local_addr();
        let socket = block_in_place(|| {
            let line = std::net::TcpStream::connect(address).unwrap();
            tungstenite::client(format!("ws://{address}{path}"), line).unwrap().0
        });
        Self { socket, pushes: VecDeque::new(), commands: 0 }
    }

    /// Whether a page of that origin is let in.
    pub(crate) async fn may_open(gateway: &Gateway, origin: &str) -> bool {
        let address = gateway.local_addr();
        let url = format!("ws://{address}/connection/websocket");
        let request = ClientRequestBuilder::new(url.parse().unwrap()).with_header("Origin", origin);
        block_in_place(|| {
            let line = std::net::TcpStream::connect(address).unwrap();
            tungstenite::client(request, line).is_ok()
        })
    }

    pub(crate) async fn connect(gateway: &Gateway, token: &str) -> Self {
        let mut client = Self::open(gateway, "/connection/websocket").await;
        let reply = client.ask(json!({ "connect": { "token": token } })).await;
        assert!(reply["connect"]["client"].is_string(), "{reply}");
        client
    }

    /// The reply to a command.
    pub(crate) async fn ask(&mut self, mut command: Value) -> Value {
        self.commands += 1;
        command["id"] = self.commands.into();
        self.say(&command).await;
        loop {
            let message = self.message().await;
            match message["id"] == self.commands {
                true => return message,
                false => self.pushes.push_back(message),
            }
        }
    }

    pub(crate) async fn subscribe(&mut self, channel: &str) -> Value {
        let reply = self.ask(json!({ "subscribe": { "channel": channel } })).await;
        assert!(reply["error"].is_null(), "{channel}: {reply}");
        reply["subscribe"].clone()
    }

    pub(crate) async fn rpc(&mut self, method: &str, data: Value, key: &str) -> Value {
        let rpc = json!({ "method": method, "data": data, "idempotency_key": key });
        let reply = self.ask(json!({ "rpc": rpc })).await;
        assert!(reply["error"].is_null(), "{method}: {reply}");
        reply["rpc"]["data"].clone()
    }

    /// Data of the next publication, whatever the channel.
    pub(crate) async fn heard(&mut self) -> Value {
        loop {
            let push = match self.pushes.pop_front() {
                Some(push) => push,
                None => self.message().await,
            };
            if push["push"]["pub"].is_object() {
                return push["push"]["pub"]["data"].clone();
            }
        }
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        block_in_place(|| self.socket.send(Message::text(message.to_string()))).unwrap();
    }

    /// The next message that is not a ping. Several may share a frame.
    pub(crate) async fn message(&mut self) -> Value {
        loop {
            let text = self.text().await;
            let mut messages = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            let Some(first) = messages.find(|message| *message != json!({})) else { continue };
            self.pushes.extend(messages);
            return first;
        }
    }

    /// What the next frame says.
    pub(crate) async fn text(&mut self) -> String {
        block_in_place(|| self.socket.read()).unwrap().into_text().unwrap().to_string()
    }

    /// Whether the server ends the connection, and with which code.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match block_in_place(|| self.socket.read()) {
                Ok(Message::Close(Some(frame))) => return frame.code.into(),
                Ok(_) => {}
                other => panic!("no close frame but {other:?}"),
            }
        }
    }
}
