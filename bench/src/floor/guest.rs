//! One connection of the floor: a request, or a WebSocket whose messages come back as they are.

use std::io::{self, IoSlice, Read as _, Write as _};

use mio::net::TcpStream;
use suona_protocol::ws::{Decoder, Event, Message, Opcode, Role, frame};

use crate::http;

/// Longest message of a client.
const MAX_MESSAGE: usize = 1 << 16;

/// A connection.
pub(super) struct Guest {
    stream: TcpStream,
    /// No other connection has or had it.
    pub(super) id: u64,
    stage: Stage,
    /// What it hears.
    pub(super) channels: Box<[usize]>,
    /// Which parts of the batch at hand are for it, if it hears several channels.
    pub(super) pending: Vec<usize>,
}

enum Stage {
    Http(Vec<u8>),
    WebSocket(Decoder),
}

/// What one read brought.
pub(super) enum Received {
    /// There is nothing more to read now.
    Nothing,
    /// Something that is not whole, or is answered already.
    Part,
    /// A request with its body.
    Request(http::Head, Vec<u8>),
}

impl Guest {
    pub(super) fn new(stream: TcpStream, id: u64) -> Self {
        Self { stream, id, stage: Stage::Http(Vec::new()), channels: Box::default(), pending: Vec::new() }
    }

    /// From now on it is a WebSocket.
    pub(super) fn open(&mut self) {
        self.stage = Stage::WebSocket(Decoder::new(Role::Server, MAX_MESSAGE));
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        let length = match self.stream.read(buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Received::Nothing),
            read => read?,
        };
        let mut bytes = &mut buffer[..length];
        let decoder = match &mut self.stage {
            Stage::Http(received) => {
                received.extend_from_slice(bytes);
                return take_request(received);
            }
            Stage::WebSocket(decoder) => decoder,
        };
        while let Some(event) = decoder.decode(&mut bytes).map_err(io::Error::other)? {
            let answer = match event {
                Event::Ping(payload) => frame(Opcode::Pong, payload),
                Event::Message(Message::Text(text)) => frame(Opcode::Text, text.as_bytes()),
                Event::Message(Message::Binary(bytes)) => frame(Opcode::Binary, bytes),
                Event::Message(Message::Pong(_)) => continue,
                Event::Deflated(_) => unreachable!("compression was not agreed on"),
                Event::Close(_) => return Err(io::ErrorKind::ConnectionAborted.into()),
            };
            whole(self.stream.write(&answer), answer.len())?;
        }
        Ok(Received::Part)
    }

    /// Writes all of `bytes` at once.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        whole(self.stream.write(bytes), bytes.len())
    }

    /// Writes those of `parts` that are pending at once, and forgets them.
    pub(super) fn write_pending(&mut self, parts: &[Vec<u8>]) -> io::Result<()> {
        let slices: Vec<_> = self.pending.drain(..).map(|part| IoSlice::new(&parts[part])).collect();
        let length = slices.iter().map(|slice| slice.len()).sum();
        whole(self.stream.write_vectored(&slices), length)
    }
}

fn take_request(received: &mut Vec<u8>) -> io::Result<Received> {
    let Some(head) = http::request(received).map_err(io::Error::other)? else { return Ok(Received::Part) };
    let end = head.end + head.length;
    if received.len() < end {
        return Ok(Received::Part);
    }
    let rest = received.split_off(end);
    let body = std::mem::replace(received, rest).split_off(head.end);
    Ok(Received::Request(head, body))
}

/// A client that is gone takes everything; one that reads too slowly makes the figure worthless.
fn whole(written: io::Result<usize>, length: usize) -> io::Result<()> {
    match written {
        Ok(written) if written == length => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Ok(()),
        _ => Err(io::Error::other("a client reads too slowly for the floor; take smaller bursts")),
    }
}
