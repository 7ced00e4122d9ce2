//! What other threads tell a shard besides deliveries.

use std::time::Duration;

use suona_protocol::{Channel, Disconnect, Position};
use tokio::sync::oneshot;

use crate::{
    broker::BrokerError,
    io::ConnectionId,
    session::{Answered, Ask},
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
    /// The API's wish about one connection, or about all anonymous ones.
    Order(Option<ConnectionId>, Order),
    /// How many subscribers has each channel?
    Survey(oneshot::Sender<Vec<(Channel, usize)>>),
    /// End every connection with 3001, spread over this time.
    Drain(Duration),
}

/// What the API can do to connections of one user.
#[derive(Clone, Debug)]
pub enum Order {
    /// End those that `matching` describes.
    Disconnect {
        /// Which of the user's connections.
        matching: Selector,
        /// What they are told.
        why: Disconnect,
    },
    /// End their subscription to a channel.
    Unsubscribe {
        /// Which of the user's connections.
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
    /// None of these.
    pub except: Vec<String>,
}

impl Selector {
    pub(super) fn matches(&self, client: &str) -> bool {
        self.client.as_deref().is_none_or(|only| only == client)
            && !self.except.iter().any(|not| not == client)
    }
}
