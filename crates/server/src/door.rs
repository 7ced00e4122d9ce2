//! The codecs between one kind of client and our commands and replies. A door has no rule of its own: what a
//! client may do is the session's business.

mod emulation;
mod managed;
mod plain;

use bytes::Bytes;
use suona_protocol::{Disconnect, Push, Reply, Wire, ws::Message};

use crate::{Now, hub::Envelope, session::Input};

pub use emulation::{Emulation, SessionKey, Stream};
pub use managed::{Encoding, Managed};
pub use plain::{Plain, PlainRules};

/// What one message of a client means.
#[derive(Debug)]
pub enum Heard {
    /// Something for the session.
    Input(Input),
    /// Something that the door answers by itself, with this frame.
    Answer(Bytes),
    /// A token whose key has to be fetched; the door waits for [`Door::keys_fetched`].
    FetchKeys,
}

/// The door that a connection came through, with whatever it must remember of it.
#[derive(Debug)]
pub enum Door {
    /// Clients that speak the Centrifuge protocol.
    Managed(Managed),
    /// Clients that know nothing of channels. Boxed, so that the others need not carry its size.
    Plain(Box<Plain>),
}

impl Door {
    /// In what form this client reads publications.
    pub fn wire(&self) -> Wire {
        match self {
            Self::Managed(managed) => managed.wire(),
            Self::Plain(plain) => plain.wire(),
        }
    }

    /// What the backend is told that this client speaks; the payloads of plain ones are JSON too.
    pub fn protocol(&self) -> &'static str {
        match self.wire() {
            Wire::Protobuf => "protobuf",
            Wire::Json | Wire::PlainText | Wire::PlainBinary => "json",
        }
    }

    /// What the backend is told that this client came by.
    pub fn transport(&self) -> &'static str {
        self.emulation().map_or("websocket", |emulation| emulation.stream.name())
    }

    /// What surrounds each of its messages on the way out.
    pub fn envelope(&self) -> Envelope {
        match (self.emulation(), self.wire()) {
            (None, _) => Envelope::WebSocket,
            (Some(_), Wire::Protobuf) => Envelope::Bare,
            (Some(emulation), _) => emulation.stream.envelope(),
        }
    }

    /// How the client speaks, if it is not on the connection that it listens on.
    pub fn emulation(&self) -> Option<&Emulation> {
        match self {
            Self::Managed(managed) => managed.emulation.as_deref(),
            Self::Plain(_) => None,
        }
    }

    /// What the opening itself says, before any message.
    pub fn opened(&mut self, heard: &mut Vec<Heard>) {
        match self {
            Self::Managed(_) => {}
            Self::Plain(plain) => plain.opened(heard),
        }
    }

    /// Decodes one message.
    pub fn decode(&mut self, message: Message<'_>, now: Now, heard: &mut Vec<Heard>) {
        match self {
            Self::Managed(managed) => managed.decode(message, heard),
            Self::Plain(plain) => plain.decode(message, now, heard),
        }
    }

    /// The published keys of connection tokens have been fetched, or cannot be had.
    pub fn keys_fetched(&mut self, fetched: bool, now: Now, heard: &mut Vec<Heard>) {
        if let Self::Plain(plain) = self {
            plain.keys_fetched(fetched, now, heard);
        }
    }

    /// The frame of a reply; `None` if this kind of client is not told.
    pub fn reply(&mut self, reply: &Reply) -> Option<Bytes> {
        match self {
            Self::Managed(managed) => Some(managed.reply(reply)),
            Self::Plain(plain) => plain.reply(reply),
        }
    }

    /// The frame of a push; `None` if this kind of client is not told.
    pub fn push(&self, push: &Push) -> Option<Bytes> {
        match self {
            Self::Managed(managed) => Some(managed.push(push)),
            Self::Plain(_) => None,
        }
    }

    /// The frame that asks whether the client lives.
    pub fn ping(&self) -> Bytes {
        match self {
            Self::Managed(managed) => managed.ping(),
            Self::Plain(_) => Plain::ping(),
        }
    }

    /// The frame that says why the connection ends: the last one.
    pub fn close(&self, why: &Disconnect) -> Bytes {
        match self {
            Self::Managed(managed) => managed.close(why),
            Self::Plain(_) => Plain::close(why),
        }
    }
}
