//! What a client says while the key of its token is fetched: kept in order, and heard then.

use suona_protocol::{Disconnect, DisconnectCode, ws::Message};

use super::{Heard, Phase, Plain, requests::MAX_BYTES, requests::MAX_REQUESTS};
use crate::{Now, session::Input};

/// The identifying message, and those after it.
#[derive(Debug)]
pub(super) struct Held {
    messages: Vec<Box<str>>,
    bytes: usize,
}

impl Held {
    pub(super) fn new(first: &str) -> Self {
        Self { messages: vec![first.into()], bytes: first.len() }
    }

    /// False if there is no room for another.
    fn keep(&mut self, text: &str) -> bool {
        self.bytes += text.len();
        let fits = self.messages.len() < MAX_REQUESTS && self.bytes <= MAX_BYTES;
        if fits {
            self.messages.push(text.into());
        }
        fits
    }
}

impl Plain {
    /// Keeps a message of a client that nobody knows yet.
    pub(super) fn hold(&mut self, text: &str, heard: &mut Vec<Heard>) {
        if let Phase::Held(held) = &mut self.phase
            && !held.keep(text)
        {
            self.phase = Phase::Refused;
            heard.push(Heard::Input(Input::Disconnect(DisconnectCode::TooManyRequests.into())));
        }
    }

    /// The key was fetched, if it exists; or nothing can be said about the token, and the client must come again.
    pub(in crate::door) fn keys_fetched(&mut self, fetched: bool, now: Now, heard: &mut Vec<Heard>) {
        let Phase::Held(held) = std::mem::replace(&mut self.phase, Phase::Refused) else { return };
        if !fetched {
            let why =
                Disconnect::custom(DisconnectCode::InternalError.code(), "the token cannot be checked now");
            return heard.push(Heard::Input(Input::Disconnect(why)));
        }
        let mut messages = held.messages.into_iter();
        if let Some(first) = messages.next() {
            self.identify(&first, now, heard);
        }
        for text in messages {
            self.decode(Message::Text(&text), now, heard);
        }
    }
}
