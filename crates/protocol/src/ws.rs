//! WebSocket framing (RFC 6455), sans I/O.

use bytes::Bytes;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// A part of a message begun before.
    Continuation = 0x0,
    /// Text, UTF-8.
    Text = 0x1,
    /// Bytes.
    Binary = 0x2,
    /// The end of the connection, with an optional code and reason.
    Close = 0x8,
    /// A question whether the peer lives.
    Ping = 0x9,
    /// The answer.
    Pong = 0xA,
}

/// A whole message of a client or server, or a control frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Text, checked to be UTF-8.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
    /// The peer answered a protocol ping.
    Pong(&'a [u8]),
}

/// The header of an unmasked, final frame with a payload of `len` bytes, and how many of its bytes count.
pub fn header(opcode: Opcode, len: usize) -> ([u8; 10], usize) {
    let mut header = [0; 10];
    header[0] = 0x80 | opcode as u8;
    match len {
        0..=125 => {
            header[1] = len as u8;
            (header, 2)
        }
        126..=0xFFFF => {
            header[1] = 126;
            header[2..4].copy_from_slice(&(len as u16).to_be_bytes());
            (header, 4)
        }
        _ => {
            header[1] = 127;
            header[2..].copy_from_slice(&(len as u64).to_be_bytes());
            (header, 10)
        }
    }
}

/// An unmasked, final frame, as a server sends it.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let (header, header_len) = header(opcode, payload.len());
    [&header[..header_len], payload].concat().into()
}
