//! The edge over real sockets on the loopback interface.

mod answers;
mod encryption;
mod life;
mod proxies;
mod streams;
mod upgrades;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, routing::get};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

use super::{DoorKind, DoorPath, Edge, EdgeOptions, Emulate, Hooks, Upgraded, scratch::Scratch};
use crate::metrics::Metrics;

/// More than the sockets between two processes hold.
const LONG: usize = 24 << 20;

/// An edge with a managed door, a plain door `/device` and an API that has two methods, one with a [`LONG`] answer.
struct World {
    edge: Edge,
    handed_over: mpsc::UnboundedReceiver<Upgraded>,
    metrics: Arc<Metrics>,
}

fn world(set: impl FnOnce(&mut EdgeOptions)) -> World {
    let metrics = Arc::new(Metrics::new(1));
    let (sender, handed_over) = mpsc::unbounded_channel();
    let hooks = Hooks {
        hand_over: Box::new(move |upgraded| drop(sender.send(upgraded))),
        emulate: nobody(),
        ready: Box::new(|| Ok(())),
    };
    let api = Router::new()
        .route("/api/info", get(async || "the API"))
        .route("/api/all", get(async || "all".repeat(LONG / 3)));
    let edge = Edge::bind(&options(set), api, hooks, Arc::clone(&metrics)).unwrap();
    World { edge, handed_over, metrics }
}

/// Nobody listens on a stream.
fn nobody() -> Emulate {
    Box::new(|_| Box::pin(async { false }))
}

fn options(set: impl FnOnce(&mut EdgeOptions)) -> EdgeOptions {
    let doors = [("/connection/websocket", DoorKind::Managed), ("/device", DoorKind::Plain)];
    let doors = doors.map(|(path, kind)| DoorPath { path: path.to_owned(), kind }).into();
    let mut options = EdgeOptions::new(SocketAddr::from(([127, 0, 0, 1], 0)), doors);
    options.metrics = Some("/metrics".to_owned());
    set(&mut options);
    options
}

impl World {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.edge.local_addr()).await.unwrap()
    }

    /// The whole answer to a request, after which the connection is closed.
    async fn ask(&self, request: &str) -> String {
        exchange(self.connect().await, request).await
    }

    /// The answer's head to an upgrade of `path` with these header lines, and the connection.
    async fn open(&self, path: &str, headers: &str) -> (String, TcpStream) {
        let mut socket = self.connect().await;
        socket.write_all(handshake(path, headers).as_bytes()).await.unwrap();
        let head = read_head(&mut socket).await;
        (head, socket)
    }

    async fn upgraded(&mut self) -> Upgraded {
        self.handed_over.recv().await.unwrap()
    }

    fn counted(&self, line: &str) -> bool {
        self.metrics.render().lines().any(|counted| counted == line)
    }

    /// Waits for what is counted only after the peer has seen the end of its connection.
    async fn until_counted(&self, line: &str) {
        while !self.counted(line) {
            tokio::task::yield_now().await;
        }
    }
}

fn handshake(path: &str, headers: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{headers}\r\n"
    )
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    let request = request.replacen("\r\n", "\r\nHost: localhost\r\nConnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Whether the peer closes the connection without having said anything.
async fn is_dropped(mut socket: TcpStream) -> bool {
    let mut said = Vec::new();
    // Closing a socket with unread bytes resets the connection, which is as good.
    let _ = socket.read_to_end(&mut said).await;
    said.is_empty()
}
