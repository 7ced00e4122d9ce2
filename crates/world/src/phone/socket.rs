//! A socket as a platform gives it to a client: bytes come in, messages come out.

use suona_client::link::{Frame, Loss};
use suona_protocol::ws::{Decoder, Event, Message, Role};

use crate::{
    agenda::Time,
    network::{Packet, WireId},
};

/// One socket of a phone.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) wire: WireId,
    /// When it was told to close.
    pub(super) closed_at: Option<Time>,
    decoder: Decoder,
    is_open: bool,
}

/// What a platform reports of a socket.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Arrival {
    Opened,
    Frame(Frame),
    Lost(Loss),
}

/// No server sends more at once.
const LONGEST: usize = 1 << 20;

impl Socket {
    pub(super) fn new(wire: WireId) -> Self {
        Self { wire, closed_at: None, decoder: Decoder::new(Role::Client, LONGEST), is_open: false }
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// What a packet means.
    pub(super) fn receive(&mut self, packet: Packet) -> Vec<Arrival> {
        match packet {
            Packet::Accepted => {
                self.is_open = true;
                vec![Arrival::Opened]
            }
            Packet::Bytes(bytes) => self.decode(bytes),
            Packet::Gone => vec![Arrival::Lost(Loss { code: Some(1006), ..Loss::default() })],
            Packet::Dial(_) | Packet::Message(_) | Packet::Close => unreachable!("it goes up only"),
        }
    }

    fn decode(&mut self, mut bytes: Vec<u8>) -> Vec<Arrival> {
        let mut arrivals = Vec::new();
        let mut rest = &mut bytes[..];
        while let Some(event) = self.decoder.decode(&mut rest).expect("a server frames its messages") {
            arrivals.push(match event {
                Event::Message(Message::Text(text)) => Arrival::Frame(Frame::Text(text.to_owned())),
                Event::Message(Message::Binary(bytes)) => {
                    Arrival::Frame(Frame::Binary(bytes::Bytes::copy_from_slice(bytes)))
                }
                Event::Close(why) => {
                    let (code, reason) = why.unwrap_or((1005, ""));
                    Arrival::Lost(Loss { code: Some(code), reason: reason.to_owned(), ..Loss::default() })
                }
                Event::Deflated(_) => unreachable!("no phone asked for compression"),
                Event::Message(Message::Pong(_)) | Event::Ping(_) => continue,
            });
        }
        arrivals
    }
}
