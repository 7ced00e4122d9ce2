//! The broker of a gateway that is alone: streams and presence in memory.
//!
//! It answers before it returns, and a publication's offset, its keeping and its delivery are one step under
//! the hub's lock of the channel. The broker's own locks are taken inside of that, never around it.

mod outcomes;
mod presence;
mod stream;
mod streams;
#[cfg(test)]
mod tests;

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use suona_protocol::{Channel, ClientInfo, Encoded, Position, PresenceStatsResult, Publication};

use self::{
    outcomes::{Outcomes, Try},
    presence::Presence,
    stream::OtherEpoch,
    streams::Streams,
};
use super::{Answer, Broker, BrokerError, Message, Page, Query, Retention};
use crate::hub::{Delivery, Hub, NoRoom, ShardId};

/// As many as the hub has: who holds one of its locks seldom waits for one of ours.
const STRIPES: usize = 256;

/// How many streams of one stripe a sweep frees at most, so that it ends soon: 16,384 in all.
const SWEPT_PER_STRIPE: usize = 64;

/// How many outcomes a sweep frees at most: more than are published with a key between two sweeps.
const SWEPT_OUTCOMES: usize = 50_000;

/// Keeps streams and presence in this process.
pub struct MemoryBroker {
    hub: Arc<Hub>,
    surroundings: Surroundings,
    stripes: Box<[Stripe]>,
    /// One for all, since the busiest channel needs most of its room. Taken twice for a publication with an
    /// idempotency key, and for no other.
    outcomes: Mutex<Outcomes>,
    hasher: RandomState,
}

/// What a broker in memory is given, so that a test can give it a world of its own.
pub struct Surroundings {
    /// Tells the time.
    pub now: Box<dyn Fn() -> Instant + Send + Sync>,
    /// Gives 64 random bits, which name a stream's life.
    pub random: Box<dyn Fn() -> u64 + Send + Sync>,
    /// How many streams without publications are remembered, at most (but at least 256). Beyond it the
    /// least recently used are forgotten, a little earlier where they are spread unevenly.
    pub max_idle_streams: usize,
    /// How much memory the outcomes of publications with an idempotency key take, at most, in bytes; one
    /// takes 256, its key and its channel's name. Beyond it the oldest are forgotten before their time.
    pub max_outcome_bytes: usize,
}

impl Default for Surroundings {
    /// The machine's clock and dice, a million streams without publications, some 450 MB, and 128 MiB of
    /// outcomes: with keys and names of 50 bytes those of 1,400 publications a second.
    fn default() -> Self {
        Self {
            now: Box::new(Instant::now),
            random: Box::new(rand::random),
            max_idle_streams: 1_000_000,
            max_outcome_bytes: 128 << 20,
        }
    }
}

/// Two locks, since listing a crowd takes long and publishing must not wait for it.
struct Stripe {
    streams: Mutex<Streams>,
    presence: Mutex<Presence>,
}

impl MemoryBroker {
    /// A broker that knows no stream yet and delivers to `hub`.
    ///
    /// Call [`sweep`](Self::sweep) every second or so, or memory that has run out is not freed.
    pub fn new(hub: Arc<Hub>, surroundings: Surroundings) -> Self {
        let max_idle = surroundings.max_idle_streams / STRIPES;
        let stripe = |_| Stripe { streams: Mutex::new(Streams::new(max_idle)), presence: Mutex::default() };
        let outcomes = Mutex::new(Outcomes::new(surroundings.max_outcome_bytes));
        let stripes = (0..STRIPES).map(stripe).collect();
        Self { hub, surroundings, stripes, outcomes, hasher: RandomState::new() }
    }

    /// Frees publications, streams and outcomes whose time has run out, up to a bound that keeps it short.
    ///
    /// What has run out is not read any more, swept or not.
    pub fn sweep(&self) {
        let now = (self.surroundings.now)();
        for stripe in &self.stripes {
            for _ in 0..SWEPT_PER_STRIPE {
                let freed = lock(&stripe.streams).free_due(now);
                if freed.is_none() {
                    break;
                }
            }
        }
        for _ in 0..SWEPT_OUTCOMES {
            if !lock(&self.outcomes).free_due(now) {
                break;
            }
        }
    }

    /// Publishes, unless it is a repeat. The channel's lock is held from the look at the outcomes until this
    /// one is among them, so a repeat finds the first one done.
    fn take(
        &self,
        channel: &Channel,
        mut message: Message,
        retention: Retention,
    ) -> Result<Option<Position>, BrokerError> {
        let listeners = self.hub.lock(channel);
        let now = (self.surroundings.now)();
        let first = message.idempotency_key.take().map(|key| {
            let named: Try = (channel.clone(), key.into());
            (named, self.hasher.hash_one(&message.data))
        });
        if let Some((named, hash)) = &first
            && let Some(outcome) = lock(&self.outcomes).find(named, *hash, now)
        {
            return outcome;
        }
        let room = listeners.reserve().map_err(|NoRoom| BrokerError::NoRoom)?;
        let (publication, position) = self.store(channel, message, retention, now);
        if let Some((named, hash)) = first {
            lock(&self.outcomes).keep(named, hash, position, now);
        }
        if let Some(publication) = publication {
            room.deliver(&Delivery::Publication(publication));
        }
        Ok(position)
    }

    fn store(
        &self,
        channel: &Channel,
        mut message: Message,
        retention: Retention,
        now: Instant,
    ) -> (Option<Arc<Encoded>>, Option<Position>) {
        let version = message.version.take();
        let keep = retention.keeps() && !message.skip_history;
        let encode = |offset, epoch, before: Option<&Encoded>| {
            let Message { data, content, info, tags, exclude, delta, .. } = message;
            let publication = Publication { data, offset, info, tags, epoch, exclude };
            let base = before.filter(|_| delta).map(|before| before.publication().data.clone());
            Encoded::new(channel.clone(), publication, content).after(base)
        };
        if !keep {
            return (Some(Arc::new(encode(0, None, None))), None);
        }
        let mut streams = lock(&self.stripe(channel).streams);
        let (publication, position) =
            streams.publish(channel, version, retention, now, &self.surroundings.random, encode);
        (publication, Some(position))
    }

    fn read(&self, channel: &Channel, query: Query, retention: Retention) -> Result<Page, OtherEpoch> {
        let now = (self.surroundings.now)();
        let mut streams = lock(&self.stripe(channel).streams);
        streams.read(channel, query, retention.meta_ttl, now, &self.surroundings.random)
    }

    fn stripe(&self, channel: &Channel) -> &Stripe {
        &self.stripes[self.hasher.hash_one(channel.as_str()) as usize % STRIPES]
    }
}

impl Broker for MemoryBroker {
    fn publish(
        &self,
        channel: &Channel,
        message: Message,
        retention: Retention,
        answer: Answer<Option<Position>>,
    ) {
        answer.give(self.take(channel, message, retention));
    }

    fn join(&self, channel: &Channel, info: Arc<ClientInfo>) {
        // A shard without room misses it, as its clients would miss one that came before they did.
        let _ = self.hub.deliver(&Delivery::Join(channel.clone(), info));
    }

    fn leave(&self, channel: &Channel, info: Arc<ClientInfo>) {
        let _ = self.hub.deliver(&Delivery::Leave(channel.clone(), info));
    }

    fn subscribe(
        &self,
        channel: &Channel,
        shard: ShardId,
        query: Option<Query>,
        retention: Retention,
        answer: Answer<Option<Page>>,
    ) {
        let mut listeners = self.hub.lock(channel);
        listeners.add(shard);
        let page = query.map(|query| {
            let top_alone = |other: OtherEpoch| Page { publications: Vec::new(), top: other.top };
            self.read(channel, query, retention).unwrap_or_else(top_alone)
        });
        drop(listeners);
        answer.give(Ok(page));
    }

    fn unsubscribe(&self, channel: &Channel, shard: ShardId) {
        self.hub.lock(channel).remove(shard);
    }

    fn history(&self, channel: &Channel, query: Query, retention: Retention, answer: Answer<Page>) {
        answer.give(self.read(channel, query, retention).map_err(|_| BrokerError::OtherEpoch));
    }

    fn remove_history(&self, channel: &Channel, answer: Answer<()>) {
        let removed = lock(&self.stripe(channel).streams).clear(channel);
        drop(removed);
        answer.give(Ok(()));
    }

    fn add_presence(&self, channel: &Channel, info: Arc<ClientInfo>, answer: Answer<()>) {
        lock(&self.stripe(channel).presence).add(channel, info);
        answer.give(Ok(()));
    }

    fn remove_presence(&self, channel: &Channel, client: &str) {
        lock(&self.stripe(channel).presence).remove(channel, client);
    }

    fn presence(&self, channel: &Channel, answer: Answer<Vec<Arc<ClientInfo>>>) {
        let present = lock(&self.stripe(channel).presence).of(channel);
        answer.give(Ok(present));
    }

    fn presence_stats(&self, channel: &Channel, answer: Answer<PresenceStatsResult>) {
        let present = lock(&self.stripe(channel).presence).of(channel);
        answer.give(Ok(presence::stats(&present)));
    }

    fn is_ready(&self) -> bool {
        true
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that runs under these locks panics halfway through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
