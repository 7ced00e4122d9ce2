//! Keeps streams and presence, and carries publications between nodes.
//!
//! The trait is shaped for engines that answer later and may fail: nothing is returned, every outcome arrives
//! at an [`Answer`]. Publications, joins and leaves reach clients only through the hub's `deliver`, never
//! through what `publish` answers, so that an engine that carries them by itself fits.

#[cfg(test)]
mod contract;
// No cargo feature: it needs no dependency that anybody must be able to leave out.
#[doc(hidden)]
pub mod faulty;
mod memory;

use std::{sync::Arc, time::Duration};

use suona_protocol::{
    Channel, ClientInfo, Content, Encoded, Epoch, Exclude, Payload, Position, PresenceStatsResult,
};

use crate::hub::ShardId;

pub use memory::{MemoryBroker, Surroundings};

/// The broker could not do what was asked. Our own trouble: logged in full, the client hears "internal".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// A shard that hears the channel has no room for the publication; nothing was stored.
    #[error("a shard's mailbox is full")]
    NoRoom,
    /// The engine cannot be reached, or dropped the question.
    #[error("the engine is unreachable")]
    Unreachable,
    /// `since` names an epoch that is not the stream's.
    #[error("the position is of another life of the stream")]
    OtherEpoch,
    /// The idempotency key came before, with another payload.
    #[error("the idempotency key was used for another payload")]
    OtherPayload,
}

/// Where an outcome goes, whenever it comes. Dropped unanswered, it answers [`BrokerError::Unreachable`].
pub struct Answer<T>(Option<Then<T>>);

type Then<T> = Box<dyn FnOnce(Result<T, BrokerError>) + Send>;

impl<T> Answer<T> {
    /// Hands the outcome to `then`, on whatever thread it is known.
    pub fn new(then: impl FnOnce(Result<T, BrokerError>) + Send + 'static) -> Self {
        Self(Some(Box::new(then)))
    }

    /// For a question whose outcome nobody waits for.
    pub fn ignored() -> Self {
        Self(None)
    }

    /// An answer that gives this one what `wrap` makes of its own outcome.
    pub fn of<U: 'static>(self, wrap: fn(U) -> T) -> Answer<U>
    where
        T: 'static,
    {
        Answer::new(move |outcome: Result<U, _>| self.give(outcome.map(wrap)))
    }

    /// Gives the outcome.
    pub fn give(mut self, outcome: Result<T, BrokerError>) {
        if let Some(then) = self.0.take() {
            then(outcome);
        }
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        if let Some(then) = self.0.take() {
            then(Err(BrokerError::Unreachable));
        }
    }
}

/// How a channel's stream is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// How many publications, at most. With 0 nothing is kept, and publications have no offset.
    pub size: usize,
    /// How long after the last publication; 0 means that nothing is kept.
    pub ttl: Duration,
    /// How long offset and epoch outlive the last use of the stream; at least `ttl`.
    pub meta_ttl: Duration,
}

impl Retention {
    /// Whether publications are kept at all.
    pub fn keeps(&self) -> bool {
        self.size > 0 && !self.ttl.is_zero()
    }
}

/// Something to publish.
#[derive(Clone, Debug)]
pub struct Message {
    /// The payload, valid for `content`.
    pub data: Payload,
    /// What kind of payload it is.
    pub content: Content,
    /// The client that publishes, if a client does.
    pub info: Option<Arc<ClientInfo>>,
    /// Labels.
    pub tags: Vec<(String, String)>,
    /// Do not keep it, and give it no offset.
    pub skip_history: bool,
    /// Names this publication within its channel, so that a repeat of it can be told from another. Publishers
    /// whose keys must not meet put what tells them apart into it.
    pub idempotency_key: Option<String>,
    /// Do not publish it if the stream knows a version that is as new. Without effect where nothing is kept.
    pub version: Option<Version>,
    /// Who is not to hear it, though subscribed. Kept with it, so that a recovery leaves it out too.
    pub exclude: Option<Arc<Exclude>>,
    /// Whether those who have the publication before may get the difference. Without effect where nothing is
    /// kept.
    pub delta: bool,
}

impl Message {
    /// A publication by the server of which nothing else is said.
    pub fn new(data: Payload, content: Content) -> Self {
        Self {
            data,
            content,
            info: None,
            tags: Vec::new(),
            skip_history: false,
            idempotency_key: None,
            version: None,
            exclude: None,
            delta: false,
        }
    }
}

/// The longest idempotency key and version epoch, in bytes; the usual ones are UUIDs and hashes.
pub const MAX_KEY_LEN: usize = 255;

/// How new a publication is, as the publisher counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Grows with every publication, not necessarily by one.
    pub number: u64,
    /// Names the life of the publisher's counter; empty fits every other.
    pub epoch: Box<str>,
}

impl Version {
    /// Whether a publication of this version says nothing new once `last` is known.
    pub fn is_outdated_by(&self, last: &Version) -> bool {
        (self.epoch.is_empty() || self.epoch == last.epoch) && self.number <= last.number
    }
}

/// Which part of a stream to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query {
    /// How many publications, at most; 0 for the position alone.
    pub limit: usize,
    /// How many bytes of publications ([`Encoded::len`]), at most: the page ends before it would be more.
    pub max_bytes: usize,
    /// Only publications after this offset (before it when `reverse`), of this life if it is given.
    pub since: Option<(u64, Option<Epoch>)>,
    /// Newest first.
    pub reverse: bool,
    /// So many publications that exclude somebody count for nothing and are read anyway: perhaps the reader
    /// does not get them. Any more count like others.
    pub spared: usize,
}

impl Query {
    /// Only where the stream stands.
    pub const TOP: Query = Query { limit: 0, max_bytes: 0, since: None, reverse: false, spared: 0 };
}

/// A part of a stream, and where the stream stands, read in one instant.
#[derive(Clone, Debug)]
pub struct Page {
    /// The publications, in the order asked for.
    pub publications: Vec<Arc<Encoded>>,
    /// The offset of the last publication ever, and the stream's life.
    pub top: Position,
}

/// Keeps streams and presence, and carries publications, joins and leaves to the hub of every node.
pub trait Broker: Send + Sync + 'static {
    /// Gives `message` the next offset, keeps it, and carries it to everyone who hears `channel`.
    ///
    /// Answers its position, or `None` if the channel keeps no stream. A message whose idempotency key the
    /// channel took within the last five minutes is a repeat: it changes nothing and is answered as the first
    /// was, or with [`BrokerError::OtherPayload`]. What failed does not count as taken. A message whose version
    /// is outdated changes nothing and is answered where the stream stands.
    fn publish(
        &self,
        channel: &Channel,
        message: Message,
        retention: Retention,
        answer: Answer<Option<Position>>,
    );

    /// Tells everyone who hears `channel` and wants to know that somebody came.
    fn join(&self, channel: &Channel, info: Arc<ClientInfo>);

    /// Tells everyone who hears `channel` and wants to know that somebody went.
    fn leave(&self, channel: &Channel, info: Arc<ClientInfo>);

    /// From now on `shard` hears `channel`, if it did not already; with a query the stream is read in the
    /// same instant: whatever is published after the page was read is delivered to the shard.
    ///
    /// A `since` of another epoch is no error here: the page then holds the top alone. After an error the
    /// shard may hear the channel or not, until it subscribes again or unsubscribes.
    fn subscribe(
        &self,
        channel: &Channel,
        shard: ShardId,
        query: Option<Query>,
        retention: Retention,
        answer: Answer<Option<Page>>,
    );

    /// From now on `shard` does not hear `channel`.
    fn unsubscribe(&self, channel: &Channel, shard: ShardId);

    /// Reads a part of the stream; creates its epoch if it was never used.
    ///
    /// If the offset of `since` is not kept any more, reading forward starts at the oldest that is. A
    /// `since` of another epoch is [`BrokerError::OtherEpoch`].
    fn history(&self, channel: &Channel, query: Query, retention: Retention, answer: Answer<Page>);

    /// Forgets the publications; offset and epoch stay.
    fn remove_history(&self, channel: &Channel, answer: Answer<()>);

    /// From now on `info.client` is present in `channel`; if it was already, its info is replaced.
    fn add_presence(&self, channel: &Channel, info: Arc<ClientInfo>, answer: Answer<()>);

    /// From now on `client` is not present in `channel`.
    fn remove_presence(&self, channel: &Channel, client: &str);

    /// Who is present.
    fn presence(&self, channel: &Channel, answer: Answer<Vec<Arc<ClientInfo>>>);

    /// How many are present.
    fn presence_stats(&self, channel: &Channel, answer: Answer<PresenceStatsResult>);

    /// Whether the engine can be reached, for `/ready`.
    fn is_ready(&self) -> bool;
}
