//! Which connections each user has on this node.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::ShardId;
use crate::io::ConnectionId;

/// More than shards, so that connects rarely meet.
const STRIPES: usize = 64;

/// Where a connection lives on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The shard that owns it.
    pub shard: ShardId,
    /// Its id there.
    pub id: ConnectionId,
}

/// The user has as many connections as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyConnections;

/// The connections of every user that has a name. Anonymous ones are not kept: they have nothing in common.
#[derive(Debug)]
pub struct Users {
    stripes: Box<[Mutex<Stripe>]>,
    hasher: RandomState,
}

type Stripe = HashMap<Box<str>, Vec<Address>>;

impl Default for Users {
    fn default() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl Users {
    /// Adds a connection of `user`, unless it has `limit` already; 0 is no limit.
    pub fn add(&self, user: &str, address: Address, limit: usize) -> Result<(), TooManyConnections> {
        if user.is_empty() {
            return Ok(());
        }
        let mut stripe = self.stripe(user);
        let addresses = match stripe.get_mut(user) {
            Some(addresses) => addresses,
            None => stripe.entry(user.into()).or_insert_with(|| Vec::with_capacity(1)),
        };
        if limit > 0 && addresses.len() >= limit {
            return Err(TooManyConnections);
        }
        addresses.push(address);
        Ok(())
    }

    /// Adds a connection of `user` in place of all that it has; gives those back, which are not counted any more.
    ///
    /// Of two that come at once, just one is the later.
    pub fn add_alone(&self, user: &str, address: Address) -> Vec<Address> {
        if user.is_empty() {
            return Vec::new();
        }
        self.stripe(user).insert(user.into(), vec![address]).unwrap_or_default()
    }

    /// Removes a connection of `user`, if it is there.
    pub fn remove(&self, user: &str, address: Address) {
        let mut stripe = self.stripe(user);
        if let Some(addresses) = stripe.get_mut(user) {
            addresses.retain(|other| *other != address);
            if addresses.is_empty() {
                stripe.remove(user);
            }
        }
    }

    /// The connections of `user`.
    pub fn find(&self, user: &str) -> Vec<Address> {
        self.stripe(user).get(user).cloned().unwrap_or_default()
    }

    /// How many users with a name are connected.
    pub fn len(&self) -> usize {
        self.stripes.iter().map(|stripe| stripe.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// Whether no user with a name is connected.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn stripe(&self, user: &str) -> MutexGuard<'_, Stripe> {
        let stripe = self.hasher.hash_one(user) as usize % STRIPES;
        // Nothing under the lock panics halfway through a change.
        self.stripes[stripe].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(slot: u32) -> Address {
        Address { shard: ShardId(0), id: ConnectionId { slot, generation: 1 } }
    }

    #[test]
    fn a_user_has_at_most_as_many_connections_as_it_may() {
        let users = Users::default();
        assert_eq!(users.add("42", address(1), 2), Ok(()));
        assert_eq!(users.add("42", address(2), 2), Ok(()));
        assert_eq!(users.add("42", address(3), 2), Err(TooManyConnections));
        users.remove("42", address(1));
        assert_eq!(users.add("42", address(3), 2), Ok(()));
        assert_eq!(users.find("42"), [address(2), address(3)]);
    }

    #[test]
    fn the_latest_connection_takes_the_place_of_all_others() {
        let users = Users::default();
        users.add("42", address(1), 0).unwrap();
        users.add("42", address(2), 0).unwrap();
        assert_eq!(users.add_alone("42", address(3)), [address(1), address(2)]);
        users.remove("42", address(1));
        assert_eq!(users.find("42"), [address(3)]);
        assert_eq!(users.add_alone("", address(4)), []);
        assert_eq!(users.len(), 1);
    }

    #[test]
    fn nothing_is_kept_of_users_who_are_gone_nor_of_anonymous_ones() {
        let users = Users::default();
        users.add("42", address(1), 0).unwrap();
        users.remove("42", address(1));
        users.add("", address(2), 1).unwrap();
        users.add("", address(3), 1).unwrap();
        assert!(users.is_empty());
    }
}
