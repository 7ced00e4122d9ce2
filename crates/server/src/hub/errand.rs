//! What other threads tell a shard besides deliveries.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use suona_protocol::{Channel, Disconnect, Position};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::Holder;
use crate::{
    backend::RefreshGrant,
    broker::BrokerError,
    door::SessionKey,
    io::ConnectionId,
    session::{Answered, Ask, Estate, ServerSub},
};

/// One thing that a shard is told.
#[derive(Debug)]
pub enum Errand {
    /// What came of a question of a session.
    Answer(ConnectionId, Ask, Result<Answered, BrokerError>),
    /// Where the stream of a channel stands, of which somebody had heard so much when the broker was asked.
    Position {
        /// The channel.
        channel: Channel,
        /// The furthest offset that a subscriber of the shard had heard.
        heard: u64,
        /// Where the stream stands.
        top: Position,
    },
    /// The keys that a door waits for have been fetched, or cannot be had.
    KeysFetched(ConnectionId, bool),
    /// The API's wish about one connection, or about all anonymous ones.
    Order(Option<ConnectionId>, Order),
    /// A client that only listens on its connection says something by another way.
    Said(Said),
    /// End a connection, and leave what it has to a newer one of the same client.
    Bequeath(ConnectionId, Holder),
    /// What the old connection of the same client left, if there was one.
    Inherit(ConnectionId, Option<Box<Estate>>),
    /// How many subscribers has each channel?
    Survey(oneshot::Sender<Vec<(Channel, usize)>>),
    /// End every connection with 3001, spread over this time.
    Drain(Duration),
}

/// What the client of an HTTP stream says by a request.
#[derive(Debug)]
pub struct Said {
    /// The stream that it listens on.
    pub session: SessionKey,
    /// What would be one message on a WebSocket.
    pub frame: Bytes,
    /// Told when it was handled; dropped if there is no such stream.
    pub heard: oneshot::Sender<()>,
    /// Its place among all that is being said on this node.
    pub place: OwnedSemaphorePermit,
}

/// What the API can do to connections of one user. Each says by its `matching` which of them are meant.
#[derive(Clone, Debug)]
pub enum Order {
    /// End those that `matching` describes.
    Disconnect {
        /// Which connections.
        matching: Selector,
        /// What they are told.
        why: Disconnect,
    },
    /// Subscribe them to a channel.
    Subscribe {
        /// Which connections.
        matching: Selector,
        /// What they get.
        sub: Arc<ServerSub>,
    },
    /// Give them another lifetime.
    Refresh {
        /// Which connections.
        matching: Selector,
        /// Which one.
        grant: RefreshGrant,
    },
    /// End their subscription to a channel.
    Unsubscribe {
        /// Which connections.
        matching: Selector,
        /// The channel.
        channel: Channel,
    },
}

/// Which of a user's connections are meant.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    /// Only this one.
    pub client: Option<String>,
    /// Only the one whose connect reply named this session.
    pub session: Option<String>,
    /// None of these.
    pub except: Vec<String>,
}

impl Order {
    /// Which of the user's connections are meant.
    pub(super) fn matching(&self) -> &Selector {
        match self {
            Self::Disconnect { matching, .. }
            | Self::Subscribe { matching, .. }
            | Self::Refresh { matching, .. }
            | Self::Unsubscribe { matching, .. } => matching,
        }
    }
}

impl Selector {
    pub(super) fn matches(&self, client: &str, session: Option<SessionKey>) -> bool {
        let is_session = |only: &String| session.is_some() && SessionKey::parse(only) == session;
        self.client.as_deref().is_none_or(|only| only == client)
            && self.session.as_ref().is_none_or(is_session)
            && !self.except.iter().any(|not| not == client)
    }
}
