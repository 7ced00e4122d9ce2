//! The sockets of a gateway, as the driver of a shard finds them.

use suona_client::{client::Language, link::Frame};

use crate::network::WireId;

/// What a shard finds on its sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// A new one.
    Opened(Language),
    /// A message.
    Message(Frame),
    /// A close frame.
    Close,
    /// The peer is gone.
    Gone,
    /// The peer has read something, so there may be room.
    Writable,
}

/// The sockets, as a shard's driver uses them.
pub trait Sockets {
    /// How many bytes can be written now.
    fn room(&self, wire: WireId) -> usize;
    /// Writes.
    fn write(&mut self, wire: WireId, bytes: Vec<u8>);
    /// Closes.
    fn end(&mut self, wire: WireId);
}
