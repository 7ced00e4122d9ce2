//! What came of the publications that had an idempotency key, for as long as a repeat may come.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use suona_protocol::{Channel, Position};

use crate::broker::BrokerError;

/// How long a repeat is recognised; the value of the servers whose API libraries retry.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// What one outcome costs beside the names in it, about: its places in the map and in the queue, which are
/// not full, and what the allocator adds.
const OVERHEAD: usize = 256;

/// The outcomes of the last five minutes, the oldest forgotten earlier where they are too many.
pub(super) struct Outcomes {
    known: HashMap<Try, Outcome>,
    /// In the order in which they run out. A later outcome of the same key may have replaced the one meant.
    queue: VecDeque<(Instant, Try)>,
    /// What all in `queue` cost.
    bytes: usize,
    max_bytes: usize,
}

/// By what a repeat is recognised: the channel and the key.
pub(super) type Try = (Channel, Arc<str>);

struct Outcome {
    position: Option<Position>,
    /// Of the payload.
    hash: u64,
    until: Instant,
}

impl Outcomes {
    /// None yet; those that will be kept cost at most `max_bytes`, each 256 bytes and its names.
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { known: HashMap::new(), queue: VecDeque::new(), bytes: 0, max_bytes }
    }

    /// What came of the first try, if this is a repeat of it: its payload must be the same.
    pub(super) fn find(
        &self,
        repeat: &Try,
        hash: u64,
        now: Instant,
    ) -> Option<Result<Option<Position>, BrokerError>> {
        let first = self.known.get(repeat).filter(|first| first.until > now)?;
        Some(if first.hash == hash { Ok(first.position) } else { Err(BrokerError::OtherPayload) })
    }

    /// Keeps what came of a first try, and forgets the oldest that are too many.
    pub(super) fn keep(&mut self, first: Try, hash: u64, position: Option<Position>, now: Instant) {
        let until = now + KEPT;
        self.bytes += cost(&first);
        self.known.insert(first.clone(), Outcome { position, hash, until });
        self.queue.push_back((until, first));
        while self.bytes > self.max_bytes {
            self.forget_oldest();
        }
    }

    /// Frees one that has run out by `now`. `false` if none has.
    pub(super) fn free_due(&mut self, now: Instant) -> bool {
        let due = self.queue.front().is_some_and(|(until, _)| *until <= now);
        if due {
            self.forget_oldest();
        }
        due
    }

    /// How many are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    fn forget_oldest(&mut self) {
        let Some((until, oldest)) = self.queue.pop_front() else { return };
        self.bytes -= cost(&oldest);
        if self.known.get(&oldest).is_some_and(|outcome| outcome.until == until) {
            self.known.remove(&oldest);
        }
        if self.known.capacity() > 64 && self.known.len() < self.known.capacity() / 4 {
            self.known.shrink_to(self.known.len() * 2);
            self.queue.shrink_to(self.queue.len() * 2);
        }
    }
}

fn cost((channel, key): &Try) -> usize {
    OVERHEAD + channel.as_str().len() + key.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(key: &str) -> Try {
        ("news".into(), key.into())
    }

    #[test]
    fn beyond_the_limit_the_oldest_is_forgotten() {
        let now = Instant::now();
        let mut outcomes = Outcomes::new(3 * cost(&named("1")));
        for key in ["1", "2", "3", "4"] {
            outcomes.keep(named(key), 7, None, now);
        }
        assert_eq!((outcomes.len(), outcomes.known.len()), (3, 3));
        let found = |key| outcomes.find(&named(key), 7, now).is_some();
        assert_eq!(["1", "2", "3", "4"].map(found), [false, true, true, true]);
        outcomes.keep(named(&"k".repeat(9999)), 7, None, now);
        assert_eq!((outcomes.len(), outcomes.known.len(), outcomes.bytes), (0, 0, 0));
    }

    #[test]
    fn what_has_run_out_is_freed_and_what_replaced_it_is_not() {
        let begun = Instant::now();
        let mut outcomes = Outcomes::new(usize::MAX);
        outcomes.keep(named("1"), 7, None, begun);
        let later = begun + KEPT;
        assert!(outcomes.find(&named("1"), 7, later).is_none(), "not swept yet and not found either");
        outcomes.keep(named("1"), 8, None, later);
        assert!(outcomes.free_due(later) && !outcomes.free_due(later));
        assert_eq!(outcomes.find(&named("1"), 8, later), Some(Ok(None)));
        assert!(outcomes.free_due(later + KEPT));
        assert_eq!((outcomes.known.len(), outcomes.bytes), (0, 0));
    }

    #[test]
    fn memory_is_given_back_after_a_burst() {
        let begun = Instant::now();
        let mut outcomes = Outcomes::new(usize::MAX);
        for key in 0..10_000 {
            outcomes.keep(named(&key.to_string()), 7, None, begun);
        }
        while outcomes.free_due(begun + KEPT) {}
        assert!(outcomes.known.capacity() < 200, "{}", outcomes.known.capacity());
    }
}
