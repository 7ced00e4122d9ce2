//! Buckets for many, such as users and addresses, found by a key and shared by all threads.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Buckets, Limit};

/// More than threads, so that they seldom meet.
const STRIPES: usize = 64;

/// At most so many keys are known in one stripe, 131,072 in all. A key that is new beyond that is not limited:
/// a crowd of strangers must not keep others out.
const MAX_KEYS: usize = 2048;

/// How often a stripe is rid of keys that came to rest.
const SWEEP: Duration = Duration::from_secs(1);

/// The same limit for every key. What is idle is forgotten.
#[derive(Debug)]
pub struct Keyed {
    limit: Limit,
    stripes: Box<[Mutex<Stripe>]>,
    hasher: RandomState,
}

/// Keys stand for themselves by a hash that nobody outside can foresee: two of 131,072 share a bucket by chance
/// once in two thousand million such crowds.
#[derive(Debug, Default)]
struct Stripe {
    buckets: HashMap<u64, Buckets>,
    swept_at: Option<Instant>,
}

impl Keyed {
    /// Full buckets for everybody.
    pub fn new(limit: Limit) -> Self {
        let stripes = (0..STRIPES).map(|_| Mutex::default()).collect();
        Self { limit, stripes, hasher: RandomState::new() }
    }

    /// Takes a token of `key`, if it has one.
    pub fn take(&self, key: &(impl Hash + ?Sized), now: Instant) -> bool {
        self.with(key, now, |buckets, limit| buckets.take(limit, now)).unwrap_or(true)
    }

    /// Takes tokens of `key` that it may not have.
    pub fn charge(&self, key: &(impl Hash + ?Sized), count: u32, now: Instant) {
        self.with(key, now, |buckets, limit| buckets.spend(limit, count, now));
    }

    /// `None` if there is no room for another key.
    fn with<T>(
        &self,
        key: &(impl Hash + ?Sized),
        now: Instant,
        change: impl FnOnce(&mut Buckets, &Limit) -> T,
    ) -> Option<T> {
        let hash = self.hasher.hash_one(key);
        let mut stripe = self.stripe(hash);
        stripe.sweep(now);
        if stripe.buckets.len() >= MAX_KEYS && !stripe.buckets.contains_key(&hash) {
            return None;
        }
        Some(change(stripe.buckets.entry(hash).or_default(), &self.limit))
    }

    fn stripe(&self, hash: u64) -> MutexGuard<'_, Stripe> {
        // Nothing under the lock panics halfway through a change.
        self.stripes[hash as usize % STRIPES].lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn keys(&self) -> usize {
        self.stripes.iter().map(|stripe| stripe.lock().unwrap().buckets.len()).sum()
    }
}

impl Stripe {
    fn sweep(&mut self, now: Instant) {
        if self.swept_at.is_none_or(|at| now.saturating_duration_since(at) >= SWEEP) {
            self.swept_at = Some(now);
            self.buckets.retain(|_, buckets| !buckets.are_full(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Rate, *};

    fn two_a_second() -> Keyed {
        Keyed::new(Limit([Rate { count: 2, interval: Duration::from_secs(1) }].into()))
    }

    #[test]
    fn everybody_has_buckets_of_his_own() {
        let (keyed, now) = (two_a_second(), Instant::now());
        assert_eq!([(); 3].map(|()| keyed.take("ann", now)), [true, true, false]);
        assert!(keyed.take("bob", now));
        keyed.charge("bob", 5, now);
        assert!(!keyed.take("bob", now + Duration::from_secs(1)), "he owes more than he has");
    }

    #[test]
    fn who_is_idle_is_forgotten_and_a_crowd_is_neither_kept_whole_nor_kept_out() {
        let (keyed, now) = (two_a_second(), Instant::now());
        for key in 0..1_000_000_u32 {
            assert!(keyed.take(&key, now), "{key}");
        }
        assert!(keyed.keys() <= STRIPES * MAX_KEYS);
        let later = now + Duration::from_secs(2);
        for key in 0..1000_u32 {
            keyed.take(&key, later);
        }
        assert!(keyed.keys() <= 1000);
    }
}
