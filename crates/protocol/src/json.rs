//! The JSON codec: one object a line, payloads passed through as raw JSON.

mod decode;
mod encode;
mod object;
mod push;

use bytes::Bytes;

pub use decode::decode_commands;
pub use encode::{encode_push, encode_reply};
pub use push::{PublicationPush, encode_publication_push, encode_string_push};

pub use crate::decode::DecodeError;
use crate::ws;

/// The text frame of a server ping, `{}`.
pub fn ping_frame() -> Bytes {
    ws::frame(ws::Opcode::Text, b"{}")
}
