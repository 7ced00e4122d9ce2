//! What a session can want done.

use std::{sync::Arc, time::Instant};

use suona_protocol::{
    Channel, ClientInfo, Disconnect, Encoded, Form, Position, Push, Reply, UnsubscribeCode,
};

use super::{Ask, Attempt, DeviceKey, Excess, Reading};
use crate::{
    auth::TokenKind,
    backend::Consultation,
    broker::{Message, Query, Retention},
};

/// Something that the shard must do now, in the order given.
#[derive(Debug)]
pub enum Action {
    /// Tell the client.
    Reply(Reply),
    /// Tell the client.
    Push(Push),
    /// Tell the client, in this form.
    Publication(Arc<Encoded>, Form),
    /// Ask the client whether it lives.
    Ping,
    /// Count the connection among those of its user; if they are too many already, all that follows is void
    /// and the session is to be told so.
    Register(Arc<ClientInfo>),
    /// End the old connection of the same client, and hand in what it leaves.
    TakeOver {
        /// Who the client is.
        key: Arc<DeviceKey>,
        /// When this connection was opened.
        opened: Instant,
    },
    /// Count a command that was beyond a limit.
    Exceeded(Excess),
    /// Ask the broker, and hand in the answer.
    Ask(Ask, Question),
    /// Ask the backend, and hand in the answer.
    Consult(Ask, Box<Consultation>),
    /// Ask the backend, unless this is a repeat; and hand in what it said to the first try.
    ConsultOnce(Ask, Box<Consultation>, Box<Attempt>),
    /// Have the published keys of these tokens fetched, and tell when they have been.
    FetchKeys(Ask, TokenKind),
    /// The subscription is in effect: from `position` on, if it is positioned.
    Listen {
        /// The channel.
        channel: Channel,
        /// What the client has heard already.
        position: Option<Position>,
        /// Whether it also hears who comes and goes.
        hears_joins: bool,
        /// What it hears of what is published.
        reading: Reading,
    },
    /// The client hears the channel no more, for this reason if it did not ask for that itself.
    Leave(Channel, Option<UnsubscribeCode>),
    /// The client is present in the channel.
    AddPresence(Channel, Arc<ClientInfo>),
    /// The client is not present in the channel any more.
    RemovePresence(Channel, Arc<ClientInfo>),
    /// Tell the others that the client came.
    AnnounceJoin(Channel, Arc<ClientInfo>),
    /// Tell the others that the client went.
    AnnounceLeave(Channel, Arc<ClientInfo>),
    /// End the connection, telling the client why.
    Close(Disconnect),
    /// End the connection without a word.
    Drop,
}

/// Something that only the broker knows or can do.
#[derive(Debug)]
pub enum Question {
    /// Let this client hear `channel`, and read where its stream stands.
    Subscribe {
        /// The channel.
        channel: Channel,
        /// What to read of the stream, for a positioned subscription.
        query: Option<Query>,
        /// How the stream is kept.
        retention: Retention,
    },
    /// Publish.
    Publish {
        /// The channel.
        channel: Channel,
        /// What.
        message: Message,
        /// How the stream is kept.
        retention: Retention,
        /// By what a repeat is recognised, if there can be one.
        attempt: Option<Box<Attempt>>,
    },
    /// Read history.
    History {
        /// The channel.
        channel: Channel,
        /// Which part.
        query: Query,
        /// How the stream is kept.
        retention: Retention,
    },
    /// Who is there?
    Presence(Channel),
    /// How many are there?
    PresenceStats(Channel),
}
