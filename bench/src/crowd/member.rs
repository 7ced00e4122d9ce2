//! One client: as few bytes of memory and as little work as it takes to count what comes.

use std::{
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    time::Instant,
};

use suona_protocol::ws::{Decoder, Opcode, Role, accept_key, masked_frame};

use super::{heard::Heard, line::Line, tally::Surroundings};
use crate::{Trouble, wire::Step};

/// Any key will do, as nobody is fooled by a cached answer here.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// Without context takeover in either direction: neither side keeps anything for a connection.
const COMPRESSION: &str = "Sec-WebSocket-Extensions: permessage-deflate; \
                           server_no_context_takeover; client_no_context_takeover\r\n";

/// Messages of a gateway are no longer.
pub(super) const MAX_MESSAGE: usize = 1 << 20;

/// The answer to an upgrade is no longer.
const MAX_HEAD: usize = 4096;

/// A connection.
pub(super) struct Member {
    line: Line,
    decoder: Decoder,
    stage: Stage,
    /// What the socket had no room for.
    unsent: Vec<u8>,
    asked: Option<Instant>,
}

enum Stage {
    Connecting,
    /// The answer so far.
    Upgrading(Vec<u8>),
    Entering {
        step: u32,
        awaited: usize,
    },
    In,
    /// It has said that it goes.
    Leaving,
}

impl Member {
    /// A connection that is being opened.
    pub(super) fn new(line: Line) -> Self {
        let decoder = Decoder::new(Role::Client, MAX_MESSAGE);
        Self { line, decoder, stage: Stage::Connecting, unsent: Vec::new(), asked: None }
    }

    pub(super) fn is_in(&self) -> bool {
        matches!(self.stage, Stage::In)
    }

    pub(super) fn is_leaving(&self) -> bool {
        matches!(self.stage, Stage::Leaving)
    }

    /// Whether an answer is missing.
    pub(super) fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// Says goodbye; the server closes.
    pub(super) fn leave(&mut self) -> io::Result<()> {
        self.stage = Stage::Leaving;
        self.say(Opcode::Close, &1000_u16.to_be_bytes())
    }

    /// Leaves its channels by `message`, and joins them again when that is answered so many times.
    pub(super) fn rejoin(&mut self, opcode: Opcode, message: &[u8], answers: usize) -> io::Result<()> {
        self.stage = Stage::Entering { step: 0, awaited: answers };
        self.say(opcode, message)
    }

    /// Sends a message that will be answered.
    pub(super) fn ask(&mut self, opcode: Opcode, message: &[u8]) -> io::Result<()> {
        self.asked = Some(Instant::now());
        self.say(opcode, message)
    }

    /// Sends a WebSocket ping.
    pub(super) fn ping(&mut self) -> io::Result<()> {
        self.ask(Opcode::Ping, b"bench")
    }

    /// Reads and understands what has come.
    pub(super) fn ready(
        &mut self,
        number: usize,
        buffer: &mut [u8],
        around: &mut Surroundings<'_>,
        address: SocketAddr,
    ) -> Result<(), Trouble> {
        if matches!(self.stage, Stage::Connecting) && !self.connected(&around.request(number, address))? {
            return Ok(());
        }
        self.write(&[])?;
        loop {
            match self.line.read(buffer) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(length) => {
                    self.received(number, &mut buffer[..length], around)?;
                    // Whatever comes later is another event.
                    if length < buffer.len() && self.line.reads_all_at_once() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Asks for a WebSocket, if the connection is open by now.
    fn connected(&mut self, request: &str) -> io::Result<bool> {
        if let Some(error) = self.line.socket().take_error()? {
            return Err(error);
        }
        if self.line.socket().peer_addr().is_err() {
            return Ok(false);
        }
        self.stage = Stage::Upgrading(Vec::new());
        self.write(request.as_bytes())?;
        Ok(true)
    }

    fn received(
        &mut self,
        number: usize,
        bytes: &mut [u8],
        around: &mut Surroundings<'_>,
    ) -> Result<(), Trouble> {
        let Stage::Upgrading(head) = &mut self.stage else { return self.heard(number, bytes, around) };
        head.extend_from_slice(bytes);
        let Some(end) = memchr::memmem::find(head, b"\r\n\r\n") else {
            return if head.len() > MAX_HEAD { Err(no_web_socket(head).into()) } else { Ok(()) };
        };
        let text = String::from_utf8_lossy(&head[..end]);
        if !text.starts_with("HTTP/1.1 101 ") || !text.contains(&accept_key(KEY)) {
            return Err(no_web_socket(head).into());
        }
        if around.inflater.is_some() {
            if !text.to_ascii_lowercase().contains("sec-websocket-extensions: permessage-deflate") {
                return Err(io::Error::other("the server does not compress").into());
            }
            self.decoder = Decoder::new(Role::Client, MAX_MESSAGE).with_deflate(true);
        }
        let mut rest = head.split_off(end + 4);
        self.stage = Stage::Entering { step: 0, awaited: 0 };
        self.enter(number, 0, around)?;
        self.heard(number, &mut rest, around)
    }

    /// Goes on the way in, as far as no answer is missing.
    fn enter(&mut self, number: usize, step: u32, around: &Surroundings<'_>) -> Result<(), Trouble> {
        self.stage = match around.wire.enter(step, &around.entrant(number))? {
            Step::Say(message, awaited) => {
                self.say(around.wire.opcode(), &message)?;
                Stage::Entering { step, awaited }
            }
            Step::Wait => Stage::Entering { step, awaited: 1 },
            Step::Done => Stage::In,
        };
        Ok(())
    }

    fn heard(
        &mut self,
        number: usize,
        mut bytes: &mut [u8],
        around: &mut Surroundings<'_>,
    ) -> Result<(), Trouble> {
        let before = around.tally.delivered;
        let mut heard = Heard { number, ..Heard::default() };
        while let Some(event) = self.decoder.decode(&mut bytes).map_err(io::Error::other)? {
            heard.event(event, around)?;
        }
        if around.tally.delivered > before {
            around.tally.reads += 1;
        }
        for payload in std::mem::take(&mut heard.pings) {
            self.say(Opcode::Pong, &payload)?;
        }
        if heard.asked_whether_alive {
            self.say(around.wire.opcode(), around.wire.pong())?;
        }
        self.answered(number, heard.answers, around)
    }

    fn answered(
        &mut self,
        number: usize,
        mut answers: usize,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Trouble> {
        while answers > 0 {
            match &mut self.stage {
                Stage::Entering { step, awaited } => {
                    let taken = answers.min(*awaited);
                    (*awaited, answers) = (*awaited - taken, answers - taken);
                    if *awaited > 0 {
                        return Ok(());
                    }
                    let next = *step + 1;
                    self.enter(number, next, around)?;
                }
                _ => {
                    answers -= 1;
                    around.tally.answer(number, self.asked.take());
                }
            }
        }
        Ok(())
    }

    /// Sends a message.
    fn say(&mut self, opcode: Opcode, message: &[u8]) -> io::Result<()> {
        self.write(&masked_frame(opcode, message, rand::random()))
    }

    /// Writes what is left over from before, and then `bytes`, as far as the socket takes them.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.unsent.extend_from_slice(bytes);
        while !self.unsent.is_empty() {
            match self.line.write(&self.unsent) {
                Ok(length) => drop(self.unsent.drain(..length)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.unsent = Vec::new();
        self.line.flush()
    }
}

impl Surroundings<'_> {
    /// The request that opens a client's WebSocket.
    fn request(&self, number: usize, address: SocketAddr) -> String {
        let path = self.wire.path(&self.entrant(number));
        let protocol = self.wire.subprotocol().map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
        let extension = if self.inflater.is_some() { COMPRESSION } else { "" };
        format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{extension}{}\r\n",
            protocol.unwrap_or_default()
        )
    }
}

fn no_web_socket(head: &[u8]) -> io::Error {
    let head = String::from_utf8_lossy(head);
    io::Error::other(format!("no WebSocket was opened: {}", head.lines().next().unwrap_or_default()))
}
