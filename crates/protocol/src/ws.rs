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

/// An unmasked, final frame, as a server sends it.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    let _ = (opcode, payload);
    Bytes::new()
}
