//! The JSON codec: one object a line, payloads passed through as raw JSON.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::{Channel, Command, Publication, Push, Reply, ws};

/// A line from a client is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed command: {0}")]
pub struct DecodeError(pub String);

/// Reads the commands of one message, one a line, lazily: those before a malformed line count.
///
/// A trailing line feed is tolerated; an empty message and a blank line between commands are errors.
pub fn decode_commands(message: &[u8]) -> impl Iterator<Item = Result<Command, DecodeError>> {
    let _ = message;
    std::iter::empty()
}

/// Appends `reply` as one JSON object, without a line feed.
pub fn encode_reply(reply: &Reply, out: &mut Vec<u8>) {
    let _ = (reply, out);
}

/// Appends `push` as one JSON object `{"push":…}`, without a line feed.
pub fn encode_push(push: &Push, out: &mut Vec<u8>) {
    let _ = (push, out);
}

/// A publication push in its WebSocket text frame.
#[derive(Debug)]
pub struct PublicationPush {
    /// The whole frame, header included.
    pub frame: Bytes,
    /// Where in the frame the publication object lies.
    pub fragment: Range<usize>,
    /// Where in the frame the payload lies.
    pub data: Range<usize>,
}

/// Encodes a publication for everyone who hears `channel`.
pub fn encode_publication_push(channel: &Channel, publication: &Publication) -> PublicationPush {
    let _ = (channel, publication);
    PublicationPush { frame: BytesMut::new().freeze(), fragment: 0..0, data: 0..0 }
}

/// The text frame of a server ping, `{}`.
pub fn ping_frame() -> Bytes {
    ws::frame(ws::Opcode::Text, b"{}")
}
