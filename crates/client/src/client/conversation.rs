//! What is said on one connection: numbers commands, joins them to frames, and knows who waits for an answer.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use suona_protocol::{AnyEpoch, Channel, Command, Request, heard, json, protobuf};

use super::Language;
use crate::link::Frame;

#[derive(Debug)]
pub(super) struct Conversation {
    language: Language,
    message_limit: usize,
    ids: u32,
    /// Commands that leave together, by their numbers, encoded.
    waiting: VecDeque<(u32, Vec<u8>)>,
    awaited: HashMap<u32, Awaited>,
}

/// Who waits for an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Awaited {
    /// The client, to be let in.
    Connect,
    /// The client, about its own token.
    Refresh,
    /// A subscription, to be made.
    Subscribe(Channel),
    /// A subscription, about its token.
    SubRefresh(Channel),
    /// The app, by this ticket.
    Command(u64),
}

impl Conversation {
    pub(super) fn new(language: Language, message_limit: usize) -> Self {
        Self { language, message_limit, ids: 0, waiting: VecDeque::new(), awaited: HashMap::new() }
    }

    /// Asks, and gives the number of the question. Where nobody waits, the answer is for nobody.
    pub(super) fn ask(&mut self, request: Request<AnyEpoch>, awaited: Option<Awaited>) -> u32 {
        self.ids = self.ids.checked_add(1).unwrap_or(1);
        if let Some(awaited) = awaited {
            self.awaited.insert(self.ids, awaited);
        }
        self.put(self.ids, request);
        self.ids
    }

    /// Says what wants no answer.
    pub(super) fn say(&mut self, request: Request<AnyEpoch>) {
        self.put(0, request);
    }

    /// How long a request is on the wire, without a number.
    pub(super) fn weigh(&self, request: Request<AnyEpoch>) -> usize {
        self.encode(0, request).len()
    }

    /// Who waits for the answer of this number.
    pub(super) fn answered(&mut self, id: u32) -> Option<Awaited> {
        self.awaited.remove(&id)
    }

    /// The connection is gone: nothing more is said on it, and no answer comes. Numbers go on. Gives the tickets of the
    /// commands that were still to be said.
    pub(super) fn end(&mut self) -> Vec<u64> {
        let mut awaited = std::mem::take(&mut self.awaited);
        let unsaid = self.waiting.drain(..).filter_map(|(id, _)| match awaited.remove(&id) {
            Some(Awaited::Command(ticket)) => Some(ticket),
            _ => None,
        });
        unsaid.collect()
    }

    /// As many commands as one message may carry.
    pub(super) fn frame(&mut self) -> Option<Frame> {
        let (_, mut frame) = self.waiting.pop_front()?;
        while let Some((_, next)) = self.waiting.front() {
            if self.size(&frame) + self.size(next) >= self.message_limit {
                break;
            }
            if self.language == Language::Json {
                frame.push(b'\n');
            }
            frame.extend(self.waiting.pop_front().into_iter().flat_map(|(_, next)| next));
        }
        Some(match self.language {
            Language::Json => Frame::Text(String::from_utf8(frame).expect("JSON is text")),
            Language::Protobuf => Frame::Binary(frame.into()),
        })
    }

    /// What a frame says, one thing after the other.
    pub(super) fn read(&self, frame: Frame) -> Vec<Result<heard::Heard, heard::Unreadable>> {
        let message = match frame {
            Frame::Text(text) => Bytes::from(text),
            Frame::Binary(bytes) => bytes,
        };
        match self.language {
            Language::Json => json::hear(&message).collect(),
            Language::Protobuf => protobuf::hear(&message).collect(),
        }
    }

    fn put(&mut self, id: u32, request: Request<AnyEpoch>) {
        self.waiting.push_back((id, self.encode(id, request)));
    }

    fn encode(&self, id: u32, request: Request<AnyEpoch>) -> Vec<u8> {
        let (command, mut out) = (Command { id, request }, Vec::new());
        match self.language {
            Language::Json => json::encode_command(&command, &mut out),
            Language::Protobuf => protobuf::encode_command(&command, &mut out),
        }
        out
    }

    /// How many bytes a message is taken for. Clients that only know UTF-16 take each unit of text for three.
    fn size(&self, message: &[u8]) -> usize {
        match self.language {
            Language::Json => {
                3 * str::from_utf8(message).map_or(message.len(), |text| text.encode_utf16().count())
            }
            Language::Protobuf => message.len(),
        }
    }
}
