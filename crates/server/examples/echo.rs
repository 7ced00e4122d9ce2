//! Sends every WebSocket message back, on the gateway's own sockets: `cargo run --example echo [PORT]`.
//!
//! Prints its address; without a port the system chooses one.

use std::{convert::Infallible, error::Error, io::Write, net::Ipv4Addr, rc::Rc, time::Instant};

use bytes::Bytes;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderName},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use suona_protocol::ws::{Message, Opcode, Upgrade, close_frame, frame};
use suona_server::{
    Now,
    hub::{Outboxes, Overflow},
    io::{ConnectionId, Handover, Loss, ShardSender, Stream, Tenant, mailbox, spawn},
};
use tokio::net::{TcpListener, TcpStream};

/// The Autobahn test suite sends messages of up to 16 MiB.
const MAX_MESSAGE: usize = 16 << 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let (shard, letters) = mailbox(1);
    spawn("echo".to_owned(), letters, Echo::new)?;
    writeln!(std::io::stdout(), "listening on {}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let shard = shard.clone();
        let upgrade = service_fn(move |request| std::future::ready(answer(request, &shard)));
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(stream), upgrade).with_upgrades();
        tokio::spawn(connection);
    }
}

fn answer(mut request: Request<Incoming>, shard: &ShardSender<Echo>) -> Result<Response<String>, Infallible> {
    let value = |name: HeaderName| request.headers().get(name)?.to_str().ok();
    let upgrade = Upgrade {
        connection: value(header::CONNECTION),
        upgrade: value(header::UPGRADE),
        version: value(header::SEC_WEBSOCKET_VERSION),
        key: value(header::SEC_WEBSOCKET_KEY),
    };
    let response = match upgrade.accept() {
        Ok(accept) => Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_ACCEPT, accept)
            .body(String::new()),
        Err(why) => Response::builder().status(StatusCode::UPGRADE_REQUIRED).body(why.to_string()),
    };
    tokio::spawn(hand_over(hyper::upgrade::on(&mut request), shard.clone()));
    Ok(response.expect("every header is valid"))
}

async fn hand_over(upgrade: hyper::upgrade::OnUpgrade, shard: ShardSender<Echo>) {
    // Fails where nothing was upgraded.
    let Ok(upgraded) = upgrade.await else { return };
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().expect("what the listener gave");
    let Ok(stream) = parts.io.into_inner().into_std() else { return };
    let read_ahead = parts.read_buf;
    shard.hand_over(Handover {
        stream: Stream::Plain(stream),
        read_ahead,
        opening: (),
        max_message: MAX_MESSAGE,
    });
}

/// A tenant that sends back what it gets.
struct Echo {
    outboxes: Outboxes,
}

impl Echo {
    fn new() -> Self {
        Self { outboxes: Outboxes::new(4 * MAX_MESSAGE) }
    }
}

impl Tenant for Echo {
    type Opening = ();
    type Delivery = Infallible;
    type Errand = Infallible;

    fn opened(&mut self, _: ConnectionId, (): (), _: Now) {}

    fn received(&mut self, id: ConnectionId, message: Message<'_>, _: Now) {
        let echo: Bytes = match message {
            Message::Text(text) => frame(Opcode::Text, text.as_bytes()),
            Message::Binary(bytes) => frame(Opcode::Binary, bytes),
            Message::Pong(_) => return,
        };
        if let Err(Overflow) = self.outboxes.push(id, Rc::new(echo)) {
            self.outboxes.abort(id, Some(Rc::new(close_frame(1008, "too slow"))));
        }
    }

    fn lost(&mut self, _: ConnectionId, _: &Loss, _: Now) {}

    fn drained(&mut self, _: ConnectionId, _: Now) {}

    fn deliver(&mut self, delivery: Infallible, _: Now) {
        match delivery {}
    }

    fn errand(&mut self, errand: Infallible, _: Now) {
        match errand {}
    }

    fn woke(&mut self, _: Now) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn outboxes(&mut self) -> &mut Outboxes {
        &mut self.outboxes
    }
}
