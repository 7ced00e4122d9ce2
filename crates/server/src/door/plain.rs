//! The plain door: clients that know nothing of channels, and speak bare JSON and heartbeat texts of their own.
//!
//! Start reading at [`Plain::decode`]: every message of such a client takes this road.

mod close;
mod held;
mod identity;
mod members;
mod requests;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use bytes::Bytes;
use suona_protocol::{
    Command, Disconnect, DisconnectCode, ErrorCode, ErrorReply, Outcome, Reply, Request, RpcRequest, Wire,
    json::is_json,
    ws::{self, Message, Opcode},
};

use super::Heard;
use crate::{
    Now,
    auth::Verifier,
    backend::Stranger,
    config::{Frames, Identify, PlainDoor},
    session::{Input, Introduction, Manners, PingSchedule},
};

use held::Held;
use identity::Refusal;
use members::Members;
use requests::{Requests, TooMany};

/// The command that an introduction stands for; requests follow.
const INTRODUCTION: u32 = 1;

/// What holds for all connections through one plain door.
pub struct PlainRules {
    door: PlainDoor,
    tokens: Arc<Verifier>,
    greeting: Option<Bytes>,
    heartbeat_reply: Option<Bytes>,
}

impl PlainRules {
    /// Prepares a door; `tokens` believes the connection tokens of first messages.
    pub fn new(door: PlainDoor, tokens: Arc<Verifier>) -> Self {
        let text = |text: &String| ws::frame(Opcode::Text, text.as_bytes());
        let heartbeat_reply = door.heartbeat.as_ref().and_then(|heartbeat| heartbeat.reply.as_ref());
        Self {
            greeting: door.greeting.as_ref().map(text),
            heartbeat_reply: heartbeat_reply.map(text),
            door,
            tokens,
        }
    }

    /// How this door treats its connections, which are pinged by protocol pings.
    pub fn manners(&self, ping: Option<PingSchedule>) -> Manners {
        Manners {
            ping,
            announces_pings: false,
            idle_timeout: self.door.idle_timeout,
            reads_binary: self.door.frames == Frames::Binary,
            rpcs_in_turn: true,
        }
    }

    /// Whether a first message has a token whose key is not known yet.
    fn lacks_key(&self, text: &str) -> bool {
        let Identify::Message { token: Some(field), .. } = &self.door.identify else { return false };
        let token = self.tokens.fetches().then(|| Members::read(text)?.text(field)).flatten();
        token.is_some_and(|token| self.tokens.lacks_key(&token))
    }

    /// Whether a message has a token: it says who someone is, and asks for nothing.
    fn has_token(&self, members: &Members<'_>) -> bool {
        match &self.door.identify {
            Identify::Message { token: Some(token), .. } => members.text(token).is_some(),
            _ => false,
        }
    }
}

impl fmt::Debug for PlainRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PlainRules").field(&self.door.path).finish()
    }
}

/// A connection of a client that knows nothing of channels.
#[derive(Debug)]
pub struct Plain {
    rules: Arc<PlainRules>,
    phase: Phase,
}

/// How far a client has come.
#[derive(Debug)]
enum Phase {
    /// The address tells who it is, by this parameter; a door for anonymous clients asks for none, and the
    /// backend for the whole query, perhaps together with the first message.
    Opening(Option<Box<str>>),
    /// Its first message will tell.
    Waiting,
    /// It told, but the key of its token has to be fetched.
    Held(Box<Held>),
    /// The session knows who it is.
    Introduced {
        /// The fingerprint of the message that told.
        by: Option<u64>,
        requests: Requests,
    },
    /// It is told why it must go, and is not heard any more.
    Refused,
}

impl Plain {
    /// A connection that was opened with this query (without the question mark).
    pub fn new(rules: Arc<PlainRules>, query: &str) -> Self {
        let phase = match &rules.door.identify {
            Identify::Anonymous => Phase::Opening(None),
            Identify::Query { parameter, .. } => {
                let mut given = form_urlencoded::parse(query.as_bytes());
                Phase::Opening(given.find(|(name, _)| name == parameter).map(|(_, value)| value.into()))
            }
            // Whom the backend knows, it knows by the whole query.
            Identify::Backend { .. } => Phase::Opening(Some(query.into())),
            Identify::Message { .. } => Phase::Waiting,
        };
        Self { rules, phase }
    }

    pub(super) fn wire(&self) -> Wire {
        match self.rules.door.frames {
            Frames::Text => Wire::PlainText,
            Frames::Binary => Wire::PlainBinary,
        }
    }

    pub(super) fn opened(&mut self, heard: &mut Vec<Heard>) {
        if let Phase::Opening(parameter) = &self.phase {
            match self.rules.door.identify {
                Identify::Backend { after_message: true } => return,
                Identify::Backend { after_message: false } => return self.ask_backend(None, heard),
                _ => {}
            }
            let introduction = identity::by_address(&self.rules.door, parameter.as_deref());
            self.introduce(introduction, None, heard);
        }
    }

    /// Text and binary messages are read alike. Whatever asks for nothing shows at least that the client lives.
    pub(super) fn decode(&mut self, message: Message<'_>, now: Now, heard: &mut Vec<Heard>) {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(bytes) => match str::from_utf8(bytes) {
                Ok(text) => text,
                Err(_) => return self.refuse_message("messages must be UTF-8 text", heard),
            },
            Message::Pong(_) => return heard.push(Heard::Input(Input::ProtocolPong)),
        };
        match &self.phase {
            Phase::Refused => {}
            _ if self.is_heartbeat(text) => {
                heard.push(Heard::Input(Input::Heartbeat));
                heard.extend(self.rules.heartbeat_reply.clone().map(Heard::Answer));
            }
            Phase::Opening(_) => self.ask_backend(Some(text), heard),
            Phase::Waiting => self.first_message(text, now, heard),
            Phase::Held(_) => self.hold(text, heard),
            Phase::Introduced { .. } => self.later_message(text, heard),
        }
    }

    /// Connecting is answered by the greeting, a request by what it was; nothing else was asked.
    pub(super) fn reply(&mut self, reply: &Reply) -> Option<Bytes> {
        if let Outcome::Connect(_) = reply.outcome {
            return self.rules.greeting.clone();
        }
        let Phase::Introduced { requests, .. } = &mut self.phase else { return None };
        let method = requests.end(reply.id)?;
        requests::reply(self.rules.door.rpc.as_ref(), method.as_deref(), &reply.outcome)
    }

    pub(super) fn ping() -> Bytes {
        ws::frame(Opcode::Ping, b"")
    }

    pub(super) fn close(why: &Disconnect) -> Bytes {
        ws::close_frame(close::code(why), why.reason())
    }

    fn is_heartbeat(&self, text: &str) -> bool {
        self.rules.door.heartbeat.as_ref().is_some_and(|heartbeat| heartbeat.request == text)
    }

    fn first_message(&mut self, text: &str, now: Now, heard: &mut Vec<Heard>) {
        if self.rules.lacks_key(text) {
            self.phase = Phase::Held(Box::new(Held::new(text)));
            return heard.push(Heard::FetchKeys);
        }
        self.identify(text, now, heard);
    }

    /// Reads who this is from its first message; the key of its token is known if it exists.
    fn identify(&mut self, text: &str, now: Now, heard: &mut Vec<Heard>) {
        let Some(members) = Members::read(text) else {
            self.phase = Phase::Waiting;
            return self
                .refuse_message("the first message must be a JSON object that says who you are", heard);
        };
        let introduction = identity::by_message(&self.rules.door, &self.rules.tokens, &members, now.unix);
        self.introduce(introduction, Some(fingerprint(text)), heard);
    }

    /// Leaves it to the backend to say who this is, by its query and perhaps its first message.
    fn ask_backend(&mut self, message: Option<&str>, heard: &mut Vec<Heard>) {
        let introduced =
            Phase::Introduced { by: message.map(fingerprint), requests: Requests::after(INTRODUCTION) };
        let Phase::Opening(query) = std::mem::replace(&mut self.phase, introduced) else { return };
        let stranger = Stranger {
            data: message.map(json),
            name: self.rules.door.path.clone(),
            query: query.map(Into::into),
            ..Stranger::default()
        };
        let subs = identity::channels_of(&self.rules.door);
        let stranger = Box::new(stranger);
        heard.push(Heard::Input(Input::Stranger { id: INTRODUCTION, stranger, subs }));
    }

    fn introduce(
        &mut self,
        introduction: Result<Introduction, Refusal>,
        by: Option<u64>,
        heard: &mut Vec<Heard>,
    ) {
        let input = match introduction {
            Ok(introduction) => {
                self.phase = Phase::Introduced { by, requests: Requests::after(INTRODUCTION) };
                Input::Introduced { id: INTRODUCTION, introduction: Box::new(introduction) }
            }
            Err(refusal) => {
                tracing::debug!(%refusal, path = self.rules.door.path, "a plain client is refused");
                self.phase = Phase::Refused;
                Input::Disconnect(refusal.into())
            }
        };
        heard.push(Heard::Input(input));
    }

    /// A message of a client that is known: a request, who it is once more, or something for the method that
    /// takes all the rest.
    fn later_message(&mut self, text: &str, heard: &mut Vec<Heard>) {
        let Phase::Introduced { by, requests } = &mut self.phase else { return };
        let door = &self.rules.door;
        let members = Members::read(text).unwrap_or_default();
        let method = door.rpc.as_ref().and_then(|rpc| members.text(&rpc.method));
        if by.is_some_and(|by| by == fingerprint(text)) || method.is_none() && self.rules.has_token(&members)
        {
            return heard.push(Heard::Input(Input::Heartbeat));
        }
        let (method, begun) = match (method, &door.on_message) {
            (Some(method), _) => (method.clone(), requests.begin(Some(method))),
            (None, Some(method)) => (method.clone(), requests.begin(None)),
            (None, None) => {
                return self.refuse_message("this is neither a heartbeat nor a request", heard);
            }
        };
        match begun {
            Ok(id) => {
                let rpc = RpcRequest { method, data: Some(json(text)), idempotency_key: String::new() };
                heard.push(Heard::Input(Input::Command(Command { id, request: Request::Rpc(rpc) })));
            }
            Err(TooMany) => {
                self.phase = Phase::Refused;
                heard.push(Heard::Input(Input::Disconnect(DisconnectCode::TooManyRequests.into())));
            }
        }
    }

    /// Answers a message that nobody takes; the connection lives on.
    fn refuse_message(&self, why: &str, heard: &mut Vec<Heard>) {
        if matches!(self.phase, Phase::Refused) {
            return;
        }
        tracing::debug!(why, path = self.rules.door.path, "a plain client sent what nobody takes");
        let error = ErrorReply { message: why.to_owned(), ..ErrorCode::BadRequest.into() };
        heard.push(Heard::Input(Input::Heartbeat));
        heard.push(Heard::Answer(requests::error(None, &error)));
    }
}

/// Tells a message that came before, without keeping it.
fn fingerprint(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The message as JSON: as it came, or if it is none, as a JSON string.
fn json(text: &str) -> Bytes {
    match is_json(text.as_bytes()) {
        true => Bytes::copy_from_slice(text.as_bytes()),
        false => serde_json::to_vec(text).expect("every text can be a JSON string").into(),
    }
}
