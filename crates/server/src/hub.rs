//! Who is connected and who hears which channel, in memory, on this node.
//!
//! The node's channels are spread over stripes. A stripe's lock orders everything that happens to its
//! channels: a publication gets its offset, is kept and handed to the shards under it, and a shard begins or
//! ceases to hear a channel under it.

mod audience;
mod commons;
mod devices;
mod errand;
mod ledger;
mod outbox;
mod shard;
mod users;
mod wheel;

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use suona_protocol::{Channel, ClientInfo, Encoded};
use tokio::sync::mpsc;

pub use commons::Commons;
pub use devices::{Devices, Holder, Overtaken};
pub use errand::{Errand, Order, Said, Selector};
pub use ledger::Ledger;
pub use outbox::{Compression, Envelope, Frame, Outbox, Outboxes, Overflow};
pub use shard::{Census, Opening, Shard};
pub use users::{Address, TooManyConnections, Users};

/// More stripes than cores, so that two publishers seldom meet; a power of two.
const STRIPES: usize = 256;

/// The number of one shard of the hub, less than [`MAX_SHARDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShardId(pub u8);

/// As many as fit into a set of bits.
pub const MAX_SHARDS: usize = 64;

/// What a channel's audience hears.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// A publication.
    Publication(Arc<Encoded>),
    /// Somebody came.
    Join(Channel, Arc<ClientInfo>),
    /// Somebody went.
    Leave(Channel, Arc<ClientInfo>),
}

impl Delivery {
    /// The channel that it is for.
    pub fn channel(&self) -> &Channel {
        match self {
            Self::Publication(publication) => publication.channel(),
            Self::Join(channel, _) | Self::Leave(channel, _) => channel,
        }
    }
}

/// A shard had no room for a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

/// Which shards hear which channel, and the way to them.
pub struct Hub {
    shards: Vec<mpsc::Sender<Delivery>>,
    stripes: Box<[Mutex<Stripe>]>,
    hasher: RandomState,
}

type Stripe = HashMap<Channel, ShardSet>;

/// A set of shards, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ShardSet(u64);

impl ShardSet {
    fn iter(self) -> impl Iterator<Item = usize> {
        (0..MAX_SHARDS).filter(move |shard| self.0 & (1 << shard) != 0)
    }
}

impl Hub {
    /// A hub of shards that take deliveries at `mailboxes`, one each.
    pub fn new(mailboxes: Vec<mpsc::Sender<Delivery>>) -> Self {
        assert!(mailboxes.len() <= MAX_SHARDS, "a hub has at most {MAX_SHARDS} shards");
        let stripes = (0..STRIPES).map(|_| Mutex::default()).collect();
        Self { shards: mailboxes, stripes, hasher: RandomState::new() }
    }

    /// Takes the lock that orders everything that happens to `channel`.
    pub fn lock<'a>(&'a self, channel: &'a Channel) -> Listeners<'a> {
        let stripe = self.hasher.hash_one(channel.as_str()) as usize % STRIPES;
        // Nothing that runs under the lock panics halfway through a change.
        let stripe = self.stripes[stripe].lock().unwrap_or_else(PoisonError::into_inner);
        Listeners { hub: self, channel, stripe }
    }

    /// Hands `delivery` to every shard that hears its channel, as far as they have room.
    ///
    /// For engines that carry publications by themselves and cannot refuse the publisher any more: a shard
    /// without room misses it, and its positioned subscriptions notice the gap.
    pub fn deliver(&self, delivery: &Delivery) -> Result<(), NoRoom> {
        let listeners = self.lock(delivery.channel());
        let mut outcome = Ok(());
        for shard in listeners.shards().iter() {
            outcome = outcome.and(self.shards[shard].try_send(delivery.clone()).map_err(|_| NoRoom));
        }
        outcome
    }

    /// The channels that somebody hears.
    pub fn channels(&self) -> Vec<Channel> {
        let lock = |stripe: &Mutex<Stripe>| -> Vec<Channel> {
            stripe.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
        };
        self.stripes.iter().flat_map(lock).collect()
    }
}

/// The shards that hear one channel, held still.
pub struct Listeners<'a> {
    hub: &'a Hub,
    channel: &'a Channel,
    stripe: MutexGuard<'a, Stripe>,
}

impl<'a> Listeners<'a> {
    /// From now on `shard` hears the channel.
    pub fn add(&mut self, shard: ShardId) {
        self.stripe.entry(self.channel.clone()).or_default().0 |= 1 << shard.0;
    }

    /// From now on `shard` does not hear the channel.
    pub fn remove(&mut self, shard: ShardId) {
        if let Some(shards) = self.stripe.get_mut(self.channel) {
            shards.0 &= !(1 << shard.0);
            if shards.0 == 0 {
                self.stripe.remove(self.channel);
            }
        }
    }

    /// Reserves a place in the mailbox of every shard that hears the channel, or in none.
    pub fn reserve(self) -> Result<Room<'a>, NoRoom> {
        let shards = &self.hub.shards;
        let places = self.shards().iter().map(|shard| shards[shard].try_reserve().map_err(|_| NoRoom));
        Ok(Room { places: places.collect::<Result<_, _>>()?, _listeners: self })
    }

    fn shards(&self) -> ShardSet {
        self.stripe.get(self.channel).copied().unwrap_or_default()
    }
}

/// Reserved places in the mailboxes of everyone who hears one channel, its lock still held.
pub struct Room<'a> {
    places: Vec<mpsc::Permit<'a, Delivery>>,
    _listeners: Listeners<'a>,
}

impl Room<'_> {
    /// Hands `delivery` over.
    pub fn deliver(self, delivery: &Delivery) {
        for place in self.places {
            place.send(delivery.clone());
        }
    }
}
