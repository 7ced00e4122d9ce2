//! The JSON codec: one object a line, payloads passed through as raw JSON.

mod answer;
mod command;
mod decode;
mod encode;
mod hear;
mod object;
mod push;

use bytes::Bytes;
use serde_json::value::RawValue;

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

/// Whether these bytes are one JSON value, which clients of JSON can read. What its strings hold must be text, too.
pub fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_text_everywhere() {
        for good in ["{}", "null", "\"你好\"", " [1, 2] "] {
            assert!(is_json(good.as_bytes()), "{good}");
        }
        for bad in [&b"\"\xff\""[..], b"{\"\xc3\":1}", b"", b"{", b"1 2"] {
            assert!(!is_json(bad), "{bad:?}");
        }
    }

    #[test]
    fn json_of_any_depth_is_looked_at() {
        let deep = ["[".repeat(1 << 20), "]".repeat(1 << 20)].concat();
        assert!(is_json(deep.as_bytes()));
        assert!(!is_json(&deep.as_bytes()[1..]));
    }
}
