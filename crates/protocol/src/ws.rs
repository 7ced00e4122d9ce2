//! WebSocket framing (RFC 6455), sans I/O: what comes in is decoded without a copy where it can be, what goes
//! out is one allocation that any number of connections share.

pub mod check;
mod decoder;
mod deflate;
mod extension;
mod handshake;
mod header;

use bytes::Bytes;

pub use decoder::{Decoder, Violation};
pub use deflate::{Deflated, Deflater, Inflater};
pub use extension::Window;
pub use handshake::{BadUpgrade, Upgrade, accept_key};
use header::{Header, MAX_CONTROL, Terms};
pub use header::{Opcode, Role, header};

/// A whole message of the peer, or its answer to a ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Text, checked to be UTF-8.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
    /// The peer answered a protocol ping.
    Pong(&'a [u8]),
}

impl Message<'_> {
    /// How many bytes it carries.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) | Self::Pong(bytes) => bytes.len(),
        }
    }

    /// Whether it carries nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a [`Decoder`] finds in the bytes of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Something for the application.
    Message(Message<'a>),
    /// The same, to be taken through an [`Inflater`]. Comes only where compression was agreed on.
    Deflated(Deflated<'a>),
    /// A question whether we live, to be answered by a [`Opcode::Pong`] of the same payload.
    Ping(&'a [u8]),
    /// The peer says goodbye, and sends nothing more. An empty close frame has neither code nor reason.
    Close(Option<(u16, &'a str)>),
}

/// An unmasked, final frame, as a server sends it.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let (header, length) = header(opcode, payload.len());
    [&header[..length], payload].concat().into()
}

/// The same, of a message that was compressed.
fn deflated_frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let (mut header, length) = header(opcode, payload.len());
    header[0] |= header::DEFLATED;
    [&header[..length], payload].concat().into()
}

/// The payload of what [`frame`] made.
pub fn payload(frame: &Bytes) -> Bytes {
    let header = match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    frame.slice(header..)
}

/// What [`frame`] was given; `None` if it made only a part of `frame`.
fn unpack(frame: &[u8]) -> Option<(Opcode, &[u8])> {
    let (header, length) =
        Header::parse(frame, Terms { role: Role::Client, deflate: false }, false).ok()??;
    let payload = &frame[length..];
    (header.fin && header.length == payload.len() as u64).then_some((header.opcode, payload))
}

/// A masked, final frame, as a client sends it. The key must be one that the peer's network could not guess.
pub fn masked_frame(opcode: Opcode, payload: &[u8], key: [u8; 4]) -> Bytes {
    let (mut header, length) = header(opcode, payload.len());
    header[1] |= header::MASKED;
    let mut frame = [&header[..length], &key, payload].concat();
    mask(&mut frame[length + key.len()..], key, 0);
    frame.into()
}

/// An unmasked close frame. A reason longer than the 123 bytes that fit is cut.
pub fn close_frame(code: u16, reason: &str) -> Bytes {
    frame(Opcode::Close, &close_payload(code, reason))
}

/// What a close frame carries. A reason longer than the 123 bytes that fit is cut.
pub fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    let mut end = reason.len().min(MAX_CONTROL - 2);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    [&code.to_be_bytes(), &reason.as_bytes()[..end]].concat()
}

/// Masks or unmasks `payload`, which begins `offset` bytes after the key's first use.
fn mask(payload: &mut [u8], mut key: [u8; 4], offset: usize) {
    key.rotate_left(offset % 4);
    // Eight bytes at a time is what the compiler turns into vector instructions.
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_shortest_header() {
        assert_eq!(frame(Opcode::Text, b"hi")[..], *b"\x81\x02hi");
        assert_eq!(frame(Opcode::Binary, &[7; 125])[..3], [0x82, 125, 7]);
        assert_eq!(frame(Opcode::Binary, &[7; 126])[..5], [0x82, 126, 0, 126, 7]);
        assert_eq!(frame(Opcode::Binary, &[7; 65535])[..5], [0x82, 126, 255, 255, 7]);
        assert_eq!(frame(Opcode::Binary, &[7; 65536])[..11], [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0, 7]);
    }

    #[test]
    fn what_was_put_into_a_frame_is_found_in_it() {
        for length in [0, 125, 126, 65535, 65536] {
            let sent = vec![7; length];
            assert_eq!(payload(&frame(Opcode::Binary, &sent)), sent);
        }
    }

    #[test]
    fn a_masked_frame_is_that_of_the_rfc() {
        let frame = masked_frame(Opcode::Text, b"Hello", [0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(frame[..], [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        let frame = close_frame(1000, &"号".repeat(60));
        assert_eq!(frame.len(), 2 + 2 + 41 * 3);
        assert!(std::str::from_utf8(&frame[4..]).is_ok());
    }

    #[test]
    fn masking_is_the_same_in_one_go_and_in_pieces() {
        let plain: Vec<u8> = (0..100).collect();
        let mut whole = plain.clone();
        mask(&mut whole, [1, 2, 3, 4], 0);
        for split in 0..100 {
            let mut pieces = plain.clone();
            let (first, second) = pieces.split_at_mut(split);
            mask(first, [1, 2, 3, 4], 0);
            mask(second, [1, 2, 3, 4], split);
            assert_eq!(pieces, whole, "split at {split}");
        }
    }
}
