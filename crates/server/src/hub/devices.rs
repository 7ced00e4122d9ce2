//! Which connection of this node each client is on that wants to be known again.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::mpsc;

use super::{Address, Errand};
use crate::session::DeviceKey;

/// More than shards, so that connects rarely meet.
const STRIPES: usize = 64;

/// A connection, and the way to its shard.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Where it lives.
    pub address: Address,
    /// When it was opened.
    pub opened: Instant,
    /// What its shard is told.
    pub errands: mpsc::UnboundedSender<Errand>,
}

/// A younger connection of the same client is there already.
#[derive(Debug)]
pub struct Overtaken;

/// The latest connection of every client that has a key; no more of them than connections.
#[derive(Debug)]
pub struct Devices {
    stripes: Box<[Mutex<Stripe>]>,
    hasher: RandomState,
}

type Stripe = HashMap<Arc<DeviceKey>, Holder>;

impl Default for Devices {
    fn default() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl Devices {
    /// From now on `holder` is the client's connection. Gives the one before it.
    ///
    /// Not if that one was opened later: then what `holder` asked was on its way for long, and its client has
    /// given it up.
    pub fn replace(&self, key: Arc<DeviceKey>, holder: Holder) -> Result<Option<Holder>, Overtaken> {
        let mut stripe = self.stripe(&key);
        if stripe.get(&key).is_some_and(|other| other.opened > holder.opened) {
            return Err(Overtaken);
        }
        Ok(stripe.insert(key, holder))
    }

    /// That connection is gone.
    pub fn remove(&self, key: &Arc<DeviceKey>, address: Address) {
        let mut stripe = self.stripe(key);
        if stripe.get(key).is_some_and(|holder| holder.address == address) {
            stripe.remove(key);
        }
    }

    /// How many such clients there are.
    pub fn len(&self) -> usize {
        self.stripes.iter().map(|stripe| stripe.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn stripe(&self, key: &DeviceKey) -> MutexGuard<'_, Stripe> {
        let stripe = self.hasher.hash_one(key) as usize % STRIPES;
        // Nothing under the lock panics halfway through a change.
        self.stripes[stripe].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
