//! The Protobuf codec: messages with a varint length before each. The same values as [`json`](crate::json).
//!
//! The messages are structs beside the code that converts them, so a build needs no schema and no `protoc`.

mod command;
mod decode;
mod hear;
mod push;
mod reply;

use bytes::Bytes;

pub use command::encode_command;
pub use decode::decode_commands;
pub use hear::hear;
pub use push::{PublicationPush, encode_delta_push, encode_publication_push, encode_push};
pub use reply::encode_reply;

pub use crate::decode::DecodeError;
use crate::ws;

/// The binary frame of a server ping, a reply of length 0.
pub fn ping_frame() -> Bytes {
    ws::frame(ws::Opcode::Binary, &[0])
}

#[cfg(test)]
mod wire {
    //! Protobuf by hand, so that the tests state every field number a second time.

    pub(super) fn varint(mut value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
        out
    }

    pub(super) fn number(field: u64, value: u64) -> Vec<u8> {
        [varint(field << 3), varint(value)].concat()
    }

    pub(super) fn bytes(field: u64, value: impl AsRef<[u8]>) -> Vec<u8> {
        [varint(field << 3 | 2), delimited(value)].concat()
    }

    pub(super) fn message(field: u64, fields: &[Vec<u8>]) -> Vec<u8> {
        bytes(field, fields.concat())
    }

    pub(super) fn delimited(value: impl AsRef<[u8]>) -> Vec<u8> {
        [&varint(value.as_ref().len() as u64), value.as_ref()].concat()
    }
}
