//! Sends every WebSocket message back, by the gateway's own edge and sockets: `cargo run --example echo [PORT]`.
//!
//! Prints its URL; without a port the system chooses one.

use std::{
    collections::HashMap, convert::Infallible, error::Error, future::pending, io::Write, net::Ipv4Addr,
    rc::Rc, sync::Arc, time::Instant,
};

use axum::Router;
use bytes::Bytes;
use suona_protocol::ws::{Message, Opcode, close_frame, frame};
use suona_server::{
    Now,
    http::{DoorKind, DoorPath, Edge, EdgeOptions, Hooks, Place, UpgradeRequest, Upgraded},
    hub::{Outboxes, Overflow},
    io::{ConnectionId, Handover, Loss, Tenant, mailbox, spawn},
    metrics::Metrics,
};

/// The Autobahn test suite sends messages of up to 16 MiB.
const MAX_MESSAGE: usize = 16 << 20;

#[tokio::main(worker_threads = 1)]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let door = DoorPath { path: "/echo".to_owned(), kind: DoorKind::Plain };
    let options = EdgeOptions::new((Ipv4Addr::LOCALHOST, port).into(), vec![door]);
    let options = EdgeOptions { deflate: true, ..options };
    let (shard, letters) = mailbox(1);
    spawn("echo".to_owned(), letters, Echo::new)?;
    let hand_over = move |Upgraded { stream, read_ahead, request }: Upgraded| {
        let UpgradeRequest { place, deflate, .. } = request;
        let max_message = Some(MAX_MESSAGE);
        shard.hand_over(Handover { stream, read_ahead, opening: place, max_message, deflate });
    };
    let hooks = Hooks {
        hand_over: Box::new(hand_over),
        emulate: Box::new(|_| Box::pin(async { false })),
        ready: Box::new(|| Ok(())),
    };
    let edge = Edge::bind(&options, Router::new(), hooks, Arc::new(Metrics::new(1)))?;
    writeln!(std::io::stdout(), "ws://{}/echo", edge.local_addr())?;
    pending().await
}

/// A tenant that sends back what it gets.
struct Echo {
    outboxes: Outboxes,
    /// What the edge counts its connections by.
    places: HashMap<ConnectionId, Place>,
}

impl Echo {
    fn new() -> Self {
        Self { outboxes: Outboxes::new(4 * MAX_MESSAGE), places: HashMap::new() }
    }
}

impl Tenant for Echo {
    type Opening = Place;
    type Delivery = Infallible;
    type Errand = Infallible;

    fn opened(&mut self, id: ConnectionId, place: Place, _: Now) {
        self.places.insert(id, place);
    }

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

    fn lost(&mut self, id: ConnectionId, _: &Loss, _: Now) {
        self.places.remove(&id);
    }

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
