//! Sockets and the threads that own them, without a rule of the protocol above WebSocket.
//!
//! Each I/O shard is a thread with a loop of its own; it owns its sockets without locks. What the
//! messages mean is the business of its [`Tenant`].

mod bell;
mod connection;
mod mailbox;
mod reactor;
mod socket;
mod watch;

use suona_protocol::ws::Message;

use crate::{Now, hub::Outboxes};

pub use mailbox::{Handover, Mailbox, ShardSender, Stream, mailbox};
pub use reactor::spawn;

/// One connection of one shard. The generation tells it from an earlier one in the same slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId {
    /// Where it lives in its shard's tables.
    pub slot: u32,
    /// Counts the connections that lived there.
    pub generation: u32,
}

/// How a connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The peer closed it by the WebSocket handshake, or answered our close.
    Closed,
    /// The socket ended or failed without a close frame.
    Cut,
    /// The peer broke the WebSocket protocol; it was told so with this close code.
    Misbehaved(u16),
}

/// What lives on an I/O shard and gives meaning to messages: the gateway's shard, or an echo.
///
/// The driver calls one method at a time and afterwards flushes every outbox that got dirty, once.
pub trait Tenant {
    /// What the upgrade learned about a connection and hands over with its socket.
    type Opening: Send + 'static;
    /// What comes through the bounded mailbox, whose senders find it full when the shard lags: publications.
    type Delivery: Send + 'static;
    /// What comes through the unbounded mailbox, each entry the answer to a question that this shard asked
    /// and bounded by it, or a rare order of the API.
    type Errand: Send + 'static;

    /// A socket was handed over. Its outbox exists already.
    fn opened(&mut self, id: ConnectionId, opening: Self::Opening, now: Now);

    /// A whole message, or a pong, came from the peer. Pings are answered by the driver. Nothing comes any
    /// more once the outbox is closed.
    fn received(&mut self, id: ConnectionId, message: Message<'_>, now: Now);

    /// The connection is gone: `id` is not heard of again. Comes exactly once for each `opened`, also after
    /// the tenant closed the outbox itself. The driver removes the outbox afterwards.
    fn lost(&mut self, id: ConnectionId, loss: &Loss, now: Now);

    /// Everything queued for this connection is written; comes where
    /// [`Outboxes::notify_when_drained`] asked for it.
    fn drained(&mut self, id: ConnectionId, now: Now);

    /// Something to hand to many.
    fn deliver(&mut self, delivery: Self::Delivery, now: Now);

    /// An answer, or an order.
    fn errand(&mut self, errand: Self::Errand, now: Now);

    /// The deadline has come.
    fn woke(&mut self, now: Now);

    /// A turn of the driver is over, its flush included.
    fn rested(&mut self) {}

    /// When `woke` wants to be called next.
    fn deadline(&self) -> Option<std::time::Instant>;

    /// The outboxes of this shard's connections.
    fn outboxes(&mut self) -> &mut Outboxes;
}
