//! The managed door: the Centrifuge protocol in JSON or Protobuf.

use bytes::Bytes;
use suona_protocol::{
    Command, DecodeError, Disconnect, Outcome, Push, PushEvent, Reply, Wire, json, protobuf,
    ws::{self, Message, Opcode},
};

use super::{Emulation, Heard};
use crate::session::Input;

/// A connection of a client that speaks the Centrifuge protocol.
#[derive(Debug, Default)]
pub struct Managed {
    /// What it speaks it in.
    pub encoding: Encoding,
    /// The client asked for protocol pings instead of empty replies.
    pub protocol_pings: bool,
    /// The client listens on an HTTP stream, and speaks by requests of their own. Boxed, for most do not.
    pub emulation: Option<Box<Emulation>>,
}

/// How commands and replies are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// JSON, an object a line, in text messages.
    #[default]
    Json,
    /// Protobuf, a length before each, in binary messages.
    Protobuf,
}

impl Managed {
    pub(super) fn wire(&self) -> Wire {
        match self.encoding {
            Encoding::Json => Wire::Json,
            Encoding::Protobuf => Wire::Protobuf,
        }
    }

    /// Text and binary messages are read alike. Commands before one that cannot be read count.
    pub(super) fn decode(&self, message: Message<'_>, heard: &mut Vec<Heard>) {
        let bytes = match message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
            Message::Pong(_) if self.protocol_pings => return heard.push(Heard::Input(Input::ProtocolPong)),
            // Some stacks send pongs unasked; they answer no ping of ours, and must not be taken for that.
            Message::Pong(_) => return,
        };
        match self.encoding {
            Encoding::Json => heard.extend(json::decode_commands(bytes).map(input)),
            Encoding::Protobuf => heard.extend(protobuf::decode_commands(bytes, bytes.len()).map(input)),
        }
    }

    pub(super) fn reply(&self, reply: &Reply) -> Bytes {
        match (&self.emulation, &reply.outcome) {
            (Some(emulation), Outcome::Connect(result)) => {
                let outcome = Outcome::Connect(Box::new(emulation.introduce(result)));
                self.encode_reply(&Reply { id: reply.id, outcome })
            }
            _ => self.encode_reply(reply),
        }
    }

    pub(super) fn push(&self, push: &Push) -> Bytes {
        self.frame(push, json::encode_push, protobuf::encode_push)
    }

    pub(super) fn ping(&self) -> Bytes {
        match (self.protocol_pings, self.encoding) {
            (true, _) => ws::frame(Opcode::Ping, b""),
            (false, Encoding::Json) => json::ping_frame(),
            (false, Encoding::Protobuf) => protobuf::ping_frame(),
        }
    }

    /// On an HTTP stream there are no close frames: a push says it.
    pub(super) fn close(&self, why: &Disconnect) -> Bytes {
        if self.emulation.is_some() {
            let event = PushEvent::Disconnect { why: why.clone(), retry_after: None };
            return self.push(&Push { channel: "".into(), event });
        }
        // Every code of ours, and every one that an application may choose, is a close code.
        ws::close_frame(u16::try_from(why.code()).unwrap_or(1008), why.reason())
    }

    fn encode_reply(&self, reply: &Reply) -> Bytes {
        self.frame(reply, json::encode_reply, protobuf::encode_reply)
    }

    fn frame<T>(&self, value: &T, json: fn(&T, &mut Vec<u8>), protobuf: fn(&T, &mut Vec<u8>)) -> Bytes {
        let mut encoded = Vec::with_capacity(256);
        match self.encoding {
            Encoding::Json => json(value, &mut encoded),
            Encoding::Protobuf => protobuf(value, &mut encoded),
        }
        let opcode = if self.encoding == Encoding::Json { Opcode::Text } else { Opcode::Binary };
        ws::frame(opcode, &encoded)
    }
}

fn input(decoded: Result<Command, DecodeError>) -> Heard {
    Heard::Input(match decoded {
        Ok(command) => Input::Command(command),
        Err(error) => {
            tracing::debug!(%error, "a client sent no command");
            Input::Malformed
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pong_that_some_stack_sends_unasked_answers_no_ping_of_ours() {
        let heard = |protocol_pings| {
            let mut heard = Vec::new();
            Managed { protocol_pings, ..Managed::default() }.decode(Message::Pong(b""), &mut heard);
            heard.len()
        };
        assert_eq!((heard(false), heard(true)), (0, 1));
    }
}
