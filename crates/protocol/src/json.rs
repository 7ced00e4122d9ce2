//! The JSON codec: one object a line, payloads passed through as raw JSON.

mod answer;
mod command;
mod decode;
mod encode;
mod hear;
mod object;
mod push;

use bytes::Bytes;

pub use answer::{encode_answer, encode_client_info, encode_publication};
pub use command::encode_command;
pub use decode::decode_commands;
pub use encode::{encode_push, encode_reply};
pub use hear::hear;
pub use push::{PublicationPush, encode_publication_push, encode_string_push};

pub use crate::decode::DecodeError;
use crate::ws;

/// The text frame of a server ping, `{}`.
pub fn ping_frame() -> Bytes {
    ws::frame(ws::Opcode::Text, b"{}")
}
