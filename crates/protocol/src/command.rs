//! What a client asks of the gateway.

use std::{fmt, ops::Deref};

use crate::{Channel, Epoch, FilterNode, Payload};

/// One request of a client, with the number that its reply repeats.
///
/// `E` is how epochs are kept, here and below: a gateway knows its own, a client repeats any ([`AnyEpoch`]).
///
/// [`AnyEpoch`]: crate::AnyEpoch
#[derive(Clone, Debug, PartialEq)]
pub struct Command<E = Epoch> {
    /// Chosen by the client; greater than 0 for everything but [`Request::Pong`] and [`Request::Send`].
    pub id: u32,
    /// What is asked.
    pub request: Request<E>,
}

/// What a client can ask for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request<E = Epoch> {
    /// Who I am; the first command of every connection.
    Connect(Box<ConnectRequest<E>>),
    /// Let me hear a channel.
    Subscribe(Box<SubscribeRequest<E>>),
    /// Let me hear a channel no more.
    Unsubscribe(Channel),
    /// Tell everyone who hears a channel.
    Publish(PublishRequest),
    /// Who hears a channel now?
    Presence(Channel),
    /// How many hear a channel now?
    PresenceStats(Channel),
    /// What was published in a channel lately?
    History(HistoryRequest<E>),
    /// Is this line alive? Answered at once.
    Ping,
    /// A message to the backend that wants no answer.
    Send(Payload),
    /// A request to the backend.
    Rpc(RpcRequest),
    /// A new connection token.
    Refresh {
        /// The JWT.
        token: Token,
    },
    /// A new subscription token.
    SubRefresh(SubRefreshRequest),
    /// The answer to a server ping: an empty command.
    Pong,
}

impl<E> Request<E> {
    /// The name of the command, as in the protocol's JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Subscribe(_) => "subscribe",
            Self::Unsubscribe(_) => "unsubscribe",
            Self::Publish(_) => "publish",
            Self::Presence(_) => "presence",
            Self::PresenceStats(_) => "presence_stats",
            Self::History(_) => "history",
            Self::Ping => "ping",
            Self::Send(_) => "send",
            Self::Rpc(_) => "rpc",
            Self::Refresh { .. } => "refresh",
            Self::SubRefresh(_) => "sub_refresh",
            Self::Pong => "pong",
        }
    }
}

/// A JWT as it came, or the name of a session; empty if there is none. Whoever has it is the user, so it is never
/// shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Token(String);

impl Deref for Token {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Token {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "none" } else { "***" })
    }
}

/// Who connects, and what it last heard.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectRequest<E = Epoch> {
    /// A connection JWT; empty if the client has none.
    pub token: Token,
    /// Anything, for the backend's connect webhook.
    pub data: Option<Payload>,
    /// Server-side subscriptions that the client remembers.
    pub subs: Vec<(Channel, RecoverFrom<E>)>,
    /// A label of the client's program.
    pub name: String,
    /// A label of its version.
    pub version: String,
    /// Emulated HTTP headers; names in lower case.
    pub headers: Vec<(String, String)>,
}

impl<E> Default for ConnectRequest<E> {
    fn default() -> Self {
        Self {
            token: Token::default(),
            data: None,
            subs: Vec::new(),
            name: String::new(),
            version: String::new(),
            headers: Vec::new(),
        }
    }
}

/// The position from which a client wants to recover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoverFrom<E = Epoch> {
    /// Whether it wants to recover at all.
    pub recover: bool,
    /// The offset of the last publication that it saw; 0 for none.
    pub offset: u64,
    /// The epoch of that offset, if it was given.
    pub epoch: Option<E>,
}

impl<E> Default for RecoverFrom<E> {
    fn default() -> Self {
        Self { recover: false, offset: 0, epoch: None }
    }
}

/// Which channel to hear, and from where on.
#[derive(Clone, Debug, PartialEq)]
pub struct SubscribeRequest<E = Epoch> {
    /// The channel.
    pub channel: Channel,
    /// A subscription JWT; empty if the client has none.
    pub token: Token,
    /// The last position, if the client wants to recover.
    pub since: RecoverFrom<E>,
    /// Anything, for the backend's subscribe webhook.
    pub data: Option<Payload>,
    /// Asks for positioning.
    pub positioned: bool,
    /// Asks for recovery.
    pub recoverable: bool,
    /// Asks for join and leave events.
    pub join_leave: bool,
    /// The delta format that the client speaks; empty for none.
    pub delta: String,
    /// Asks for error 112 instead of `recovered: false` (bit 2 of `flag`).
    pub reject_unrecovered: bool,
    /// A subscription type that only other servers know: 0 is a stream.
    pub kind: i32,
    /// Which publications the client wants to hear, by their tags; `None` for all. Not checked
    /// yet; one beyond the limits is cut down to another that is refused too.
    pub tags_filter: Option<FilterNode>,
}

impl<E> SubscribeRequest<E> {
    /// A plain subscription to `channel`, nothing else asked.
    pub fn new(channel: Channel) -> Self {
        Self {
            channel,
            token: Token::default(),
            since: RecoverFrom::default(),
            data: None,
            positioned: false,
            recoverable: false,
            join_leave: false,
            delta: String::new(),
            reject_unrecovered: false,
            kind: 0,
            tags_filter: None,
        }
    }
}

/// What to publish where.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishRequest {
    /// The channel.
    pub channel: Channel,
    /// The payload; empty if none was sent.
    pub data: Payload,
    /// A repeat within five minutes gets the first outcome and does nothing else; empty for none.
    pub idempotency_key: String,
    /// This connection is not to hear it.
    pub exclude_self: bool,
}

/// Which part of a channel's history to read.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRequest<E = Epoch> {
    /// The channel.
    pub channel: Channel,
    /// 0 for the position alone, less than 0 for as many as allowed.
    pub limit: i32,
    /// Only publications after this offset (before it when `reverse`). The epoch may be left out.
    pub since: Option<(u64, Option<E>)>,
    /// Newest first.
    pub reverse: bool,
}

/// A call of a backend's method.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcRequest {
    /// The method's name; may be empty.
    pub method: String,
    /// The argument.
    pub data: Option<Payload>,
    /// As in [`PublishRequest::idempotency_key`].
    pub idempotency_key: String,
}

/// A new token for a subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct SubRefreshRequest {
    /// The channel.
    pub channel: Channel,
    /// The JWT.
    pub token: Token,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_shown() {
        let request: ConnectRequest = ConnectRequest { token: "s3cret".into(), ..ConnectRequest::default() };
        let shown = format!("{request:?}");
        assert!(shown.contains("***") && !shown.contains("s3cret"), "{shown}");
    }
}
