//! What a client is told, and what it wants done.

use std::time::Duration;

use suona_protocol::{
    AnyEpoch, Channel, ClientInfo, Payload, Token,
    heard::{Answer, Publication},
};

use super::Command;
use crate::{
    Fault,
    link::{self, Frame, State},
};

/// Where a subscriber stands in a channel's stream, with the epoch as the server wrote it.
pub type Position = suona_protocol::Position<AnyEpoch>;

/// What the client is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Something of the connection: from the app, a socket, the device or the clock.
    Link(link::Input),
    /// The app's answer to [`Output::Ask`].
    Token {
        /// What it is for; `None` for the connection.
        channel: Option<Channel>,
        /// That of the question. An answer is dropped if the client went offline since, or the server took back what the
        /// token was to be for.
        login: u64,
        /// `None` if the user may not connect or subscribe.
        token: Option<Token>,
    },
    /// The app could not find one, and may a little later.
    TokenFailed {
        /// What it was for; `None` for the connection.
        channel: Option<Channel>,
        /// That of the question.
        login: u64,
        /// Why, in English.
        reason: String,
    },
    /// Hear a channel from now on.
    Subscribe {
        /// Which.
        channel: Channel,
        /// How.
        options: SubscribeOptions,
    },
    /// Hear a channel no more.
    Unsubscribe {
        /// Which.
        channel: Channel,
    },
    /// Let the server do something, once.
    Command {
        /// Its name: the outcome comes as [`Output::Settle`] with the same. Tickets count upwards.
        ticket: u64,
        /// What.
        command: Command,
        /// How long it may take, waiting for a connection included; [`Options::ttl`](super::Options::ttl) by default.
        ttl: Option<Duration>,
    },
}

impl From<link::Input> for Input {
    fn from(input: link::Input) -> Self {
        Self::Link(input)
    }
}

/// How a channel is heard.
#[derive(Clone, Debug, PartialEq)]
pub struct SubscribeOptions {
    /// Ask for what was missed after a break. Default true; the server decides.
    pub recover: bool,
    /// Where to go on, if known from before.
    pub since: Option<Position>,
    /// Tell positions as they change, so that they can be saved.
    pub keep: bool,
    /// Hear who joins and leaves, where the server tells.
    pub join_leave: bool,
    /// Goes to the backend, if it is asked. JSON, unless Protobuf is spoken.
    pub data: Option<Payload>,
    /// The channel needs a token of its own, which the app is asked for.
    pub asks_token: bool,
}

impl Default for SubscribeOptions {
    fn default() -> Self {
        Self { recover: true, since: None, keep: false, join_leave: false, data: None, asks_token: false }
    }
}

/// What the client wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Open a socket.
    Dial {
        /// Its name from now on.
        generation: u64,
    },
    /// Close a socket, open or not yet.
    Close {
        /// Which.
        generation: u64,
        /// The close code.
        code: u16,
        /// Why, short enough for a close frame.
        reason: String,
    },
    /// Send this on the current socket.
    Send(Frame),
    /// Find a token.
    Ask {
        /// What for; `None` for the connection.
        channel: Option<Channel>,
        /// To be given back with the answer. It counts upwards whenever the client goes offline, since whoever starts it
        /// again may be somebody else, and when the server takes back what is asked about.
        login: u64,
    },
    /// The client does something else now.
    Status(Status),
    /// A channel is heard.
    Subscribed {
        /// Which.
        channel: Channel,
        /// What of it was missed.
        how: Standing,
    },
    /// A message in a channel.
    Publication {
        /// Which.
        channel: Channel,
        /// What.
        publication: Publication,
    },
    /// To be saved, now that the listeners have returned.
    Position {
        /// Of which channel.
        channel: Channel,
        /// `None`: the server keeps nothing of the channel.
        position: Option<Position>,
    },
    /// Somebody began to hear a channel.
    Join {
        /// Which.
        channel: Channel,
        /// Who.
        info: ClientInfo,
    },
    /// Somebody hears a channel no more.
    Leave {
        /// Which.
        channel: Channel,
        /// Who.
        info: ClientInfo,
    },
    /// A channel is heard no more, for good.
    Unsubscribed {
        /// Which.
        channel: Channel,
        /// Why.
        fault: Fault,
    },
    /// A message of the server to this client alone.
    Message(Payload),
    /// The outcome of a command, once for each.
    Settle {
        /// Which.
        ticket: u64,
        /// `None` if nobody says whether a [`Command::Send`] came.
        outcome: Result<Option<Answer>, Fault>,
        /// It may have happened twice, whatever the outcome: it went out to two lives of the server, of which the second
        /// knows nothing of the first, or to servers that do not say who they are.
        doubtful: bool,
    },
}

/// What the client does, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// As the link's, but [`State::Online`] means that the server took us.
    pub state: State,
    /// Why, in English, for people.
    pub reason: String,
    /// What is wrong, from the moment it failed until all is well again.
    pub fault: Option<Fault>,
}

/// What was missed of a channel before it was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody knows.
    Fresh,
    /// Nothing: what was missed follows.
    Recovered,
    /// Something, and it cannot be had any more.
    Gap,
}

impl Standing {
    /// In one word, as transcripts have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Recovered => "recovered",
            Self::Gap => "gap",
        }
    }
}
