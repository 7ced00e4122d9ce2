//! What a server says, as a client hears it: the other side of [`Reply`](crate::Reply) and [`Push`](crate::Push).
//!
//! Epochs stay as they were written, and so do publications: a client speaks to any server of the protocol.

use std::time::Duration;

use crate::{
    AnyEpoch, Channel, ClientInfo, ErrorReply, Payload, Position, PresenceStatsResult, RefreshResult,
};

/// What came is not of this protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not of the Centrifuge protocol: {0}")]
pub struct Unreadable(pub String);

/// One thing that a server says.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The answer to the command of this number.
    Reply {
        /// The number of the command.
        id: u32,
        /// What came of it.
        outcome: Result<Answer, ErrorReply>,
    },
    /// Something unasked.
    Push(Push),
    /// A question whether we live.
    Ping,
}

/// What came of a command that was not refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Connected.
    Connect(Box<Connected>),
    /// Subscribed.
    Subscribe(Box<Subscribed>),
    /// No longer subscribed, or never was.
    Unsubscribe,
    /// Published.
    Publish,
    /// Who hears the channel.
    Presence(Vec<ClientInfo>),
    /// How many hear the channel.
    PresenceStats(PresenceStatsResult),
    /// A page of history.
    History(History),
    /// The line is alive.
    Ping,
    /// What the backend said, if it said something.
    Rpc(Option<Payload>),
    /// The connection's new lifetime.
    Refresh(RefreshResult),
    /// The subscription's new lifetime.
    SubRefresh(RefreshResult),
    /// Nothing, or something that we do not know.
    Unknown,
}

/// The server let us in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connected {
    /// The connection's id.
    pub client: String,
    /// The server's version, with a name before it if it is not Centrifugo; empty if it tells none.
    pub version: String,
    /// Names the life of the server, in which it remembers keys of commands; empty if it does not tell.
    pub node: String,
    /// Seconds until the token must be refreshed, if it must.
    pub ttl: Option<u32>,
    /// Anything, from the backend.
    pub data: Option<Payload>,
    /// Server-side subscriptions, in the order of the wire.
    pub subs: Vec<(Channel, Subscribed)>,
    /// Seconds between two pings of the server, if it sends any.
    pub ping: Option<u32>,
    /// Whether pings want an answer.
    pub pong: bool,
    /// The server's clock in Unix milliseconds, if it tells.
    pub time: Option<u64>,
}

/// We hear a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subscribed {
    /// Seconds until the subscription token must be refreshed, if it must.
    pub ttl: Option<u32>,
    /// Whether missed publications can be had after a break.
    pub recoverable: bool,
    /// Where we stand before `publications`; meaningless if the channel has no stream.
    pub position: Position<AnyEpoch>,
    /// Whether `publications` are all that was missed.
    pub recovered: bool,
    /// What was missed, oldest first.
    pub publications: Vec<Publication>,
    /// Anything, from the token or the backend.
    pub data: Option<Payload>,
}

/// One message in a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Publication {
    /// The payload.
    pub data: Payload,
    /// Its place in the stream; 0 if the channel keeps none.
    pub offset: u64,
    /// The client that published it, if a client did.
    pub info: Option<Box<ClientInfo>>,
    /// Labels of the publisher's choosing, in the order of the wire.
    pub tags: Vec<(String, String)>,
    /// The whole publication as it came, in JSON; empty if it came in Protobuf.
    pub json: Payload,
}

/// A page of a channel's history.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The publications, in the order asked for.
    pub publications: Vec<Publication>,
    /// The stream's top.
    pub top: Position<AnyEpoch>,
}

/// What the server says unasked.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// The channel that it is about; empty if it is about the connection.
    pub channel: Channel,
    /// What happened.
    pub event: PushEvent,
}

/// What can happen unasked.
#[derive(Clone, Debug, PartialEq)]
pub enum PushEvent {
    /// Somebody published.
    Publication(Publication),
    /// Somebody began to hear the channel.
    Join(ClientInfo),
    /// Somebody hears the channel no more.
    Leave(ClientInfo),
    /// We were unsubscribed; from code 2500 on we may come back.
    Unsubscribe(Ended),
    /// We were subscribed.
    Subscribe(Box<Subscribed>),
    /// A message to us alone.
    Message(Payload),
    /// The connection is about to be closed.
    Disconnect {
        /// Why.
        why: Ended,
        /// How long we are asked to stay away, at least.
        retry_after: Duration,
    },
    /// The connection has a new lifetime.
    Refresh(RefreshResult),
    /// Something that we do not know.
    Unknown,
}

/// The end of a subscription or a connection, as the server words it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// The code, the protocol's or the application's own.
    pub code: u32,
    /// One short phrase.
    pub reason: String,
}
