//! The way to an I/O shard from other threads.

use std::{
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use rustls::ServerConnection;
use suona_protocol::ws::{Decoder, Role, Window};
use tokio::sync::mpsc;

use super::Tenant;

/// The socket of a connection that HTTP is done with, known to no runtime. It does not block, and sends at once
/// (`TCP_NODELAY`).
#[derive(Debug)]
pub enum Stream {
    /// TCP alone.
    Plain(TcpStream),
    /// TLS, its handshake done, over TCP.
    Tls(TcpStream, Box<ServerConnection>),
}

/// A connection that HTTP is done with, handed to a shard that owns it from then on.
pub struct Handover<O> {
    /// The socket, taken back whole from the HTTP server.
    pub stream: Stream,
    /// What came after the last request and was read with it.
    pub read_ahead: Bytes,
    /// What the tenant is to know.
    pub opening: O,
    /// The longest WebSocket message that the peer may send, in bytes. `None` where the peer only listens, as on
    /// an HTTP stream: what it sends is thrown away.
    pub max_message: Option<usize>,
    /// The window of compressed messages, if it was agreed on that there may be any.
    pub deflate: Option<Window>,
}

impl<O> Handover<O> {
    /// What finds the messages of the peer, if it sends any.
    pub(super) fn decoder(&self) -> Option<Decoder> {
        let decoder = |longest| Decoder::new(Role::Server, longest).with_deflate(self.deflate.is_some());
        self.max_message.map(decoder)
    }
}

/// Hands things to one shard; clones hand to the same one.
pub struct ShardSender<T: Tenant> {
    deliveries: mpsc::Sender<T::Delivery>,
    errands: mpsc::UnboundedSender<T::Errand>,
    orders: mpsc::UnboundedSender<Order<T::Opening>>,
    connections: Arc<AtomicUsize>,
}

/// Where a shard finds what was handed to it.
pub struct Mailbox<T: Tenant> {
    deliveries: mpsc::Receiver<T::Delivery>,
    errands: mpsc::UnboundedReceiver<T::Errand>,
    orders: mpsc::UnboundedReceiver<Order<T::Opening>>,
    connections: Arc<AtomicUsize>,
}

/// What concerns the driver, not the tenant alone.
pub(super) enum Order<O> {
    /// Take this connection.
    Take(Handover<O>),
    /// Take no more, and end when none is left, or at this moment.
    Stop(Instant),
}

/// How much a shard takes at once.
pub(super) struct Room {
    /// Whether it takes a delivery.
    pub(super) delivery: bool,
    /// How many orders it takes.
    pub(super) orders: usize,
}

/// What was taken from a mailbox at once.
pub(super) struct Letters<T: Tenant> {
    /// The first; the others wait in the mailbox until there is room for them.
    pub(super) delivery: Option<T::Delivery>,
    pub(super) errands: Vec<T::Errand>,
    pub(super) orders: Vec<Order<T::Opening>>,
}

/// Errands taken at once: few enough that sockets do not wait for long.
const ERRANDS: usize = 1024;

/// The two ends of a shard's mailbox, which holds at most `capacity` deliveries.
pub fn mailbox<T: Tenant>(capacity: usize) -> (ShardSender<T>, Mailbox<T>) {
    let (deliveries, taken_deliveries) = mpsc::channel(capacity);
    let (errands, taken_errands) = mpsc::unbounded_channel();
    let (orders, taken_orders) = mpsc::unbounded_channel();
    let connections = Arc::new(AtomicUsize::new(0));
    let mailbox = Mailbox {
        deliveries: taken_deliveries,
        errands: taken_errands,
        orders: taken_orders,
        connections: connections.clone(),
    };
    (ShardSender { deliveries, errands, orders, connections }, mailbox)
}

impl<T: Tenant> ShardSender<T> {
    /// Where deliveries are put: bounded, for the hub.
    pub fn deliveries(&self) -> &mpsc::Sender<T::Delivery> {
        &self.deliveries
    }

    /// Where errands are put. They are lost when the shard has ended.
    pub fn errands(&self) -> &mpsc::UnboundedSender<T::Errand> {
        &self.errands
    }

    /// Gives the shard a connection. It is dropped when the shard is stopping.
    pub fn hand_over(&self, handover: Handover<T::Opening>) {
        self.connections.fetch_add(1, Relaxed);
        if self.orders.send(Order::Take(handover)).is_err() {
            self.connections.fetch_sub(1, Relaxed);
        }
    }

    /// How many connections the shard has, those on their way included.
    pub fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }

    /// Ends the shard when it has no connection left, at the latest at `deadline`.
    ///
    /// Closing the connections is the tenant's business, an errand for example. A shard whose senders are
    /// all dropped ends at once.
    pub fn stop(&self, deadline: Instant) {
        // A shard that has ended already needs no order.
        let _ = self.orders.send(Order::Stop(deadline));
    }
}

impl<T: Tenant> Clone for ShardSender<T> {
    fn clone(&self) -> Self {
        Self {
            deliveries: self.deliveries.clone(),
            errands: self.errands.clone(),
            orders: self.orders.clone(),
            connections: self.connections.clone(),
        }
    }
}

impl<T: Tenant> Mailbox<T> {
    /// Takes what waits and there is room for; of deliveries the first.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, letters: &mut Letters<T>, room: &Room) -> Poll<()> {
        if room.delivery
            && letters.delivery.is_none()
            && let Poll::Ready(delivery) = self.deliveries.poll_recv(cx)
        {
            letters.delivery = delivery;
        }
        let _ = self.errands.poll_recv_many(cx, &mut letters.errands, ERRANDS);
        if self.orders.poll_recv_many(cx, &mut letters.orders, room.orders) == Poll::Ready(0) {
            letters.orders.push(Order::Stop(Instant::now()));
        }
        if letters.is_empty() { Poll::Pending } else { Poll::Ready(()) }
    }

    /// The next delivery, if it is there already.
    pub(super) fn next_delivery(&mut self) -> Option<T::Delivery> {
        self.deliveries.try_recv().ok()
    }

    /// A connection of those counted is gone.
    pub(super) fn discount(&self) {
        self.connections.fetch_sub(1, Relaxed);
    }
}

impl<T: Tenant> Letters<T> {
    pub(super) fn new() -> Self {
        Self { delivery: None, errands: Vec::new(), orders: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.delivery.is_none() && self.errands.is_empty() && self.orders.is_empty()
    }
}
