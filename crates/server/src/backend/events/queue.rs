//! The events that the backend has not been told yet.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use prometheus_client::metrics::{counter::Counter, gauge::Gauge};
use tokio::sync::Notify;

/// What is counted of events.
#[derive(Clone, Debug, Default)]
pub struct EventCounts {
    /// Events that the backend has taken.
    pub told: Counter,
    /// Requests that were made again.
    pub retries: Counter,
    /// Events that were lost because too many waited.
    pub lost: Counter,
    /// Events that the backend has not taken yet.
    pub waiting: Gauge,
}

/// How much one request carries, and how much waits at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Events of one request.
    pub(super) batch: usize,
    /// Bytes of events that wait.
    pub(super) bytes: usize,
}

/// What an event costs beside its text: its place in the queue, and what the allocator adds.
const OVERHEAD: usize = 32;

/// A queue bounded in bytes. What does not fit is lost and counted; what waits is never lost, so a connection's
/// events keep their order.
#[derive(Debug)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    bounds: Bounds,
    /// Something waits.
    pub(super) filled: Notify,
    /// A whole batch waits.
    pub(super) full: Notify,
    pub(super) counts: EventCounts,
}

#[derive(Debug, Default)]
struct Inner {
    events: VecDeque<Box<str>>,
    bytes: usize,
    /// Since the last batch was taken out.
    lost: u64,
    /// Whether it was said that events are lost; forgotten with a batch before which none was.
    warned: bool,
}

/// What one request carries.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) events: Vec<Box<str>>,
    /// How many were lost since the batch before.
    pub(super) lost: u64,
}

impl Queue {
    pub(super) fn new(bounds: Bounds, counts: EventCounts) -> Self {
        let (filled, full) = (Notify::new(), Notify::new());
        Self { inner: Mutex::default(), bounds, filled, full, counts }
    }

    /// Adds an event, if there is room.
    pub(super) fn push(&self, event: Box<str>) {
        let mut inner = self.lock();
        let cost = event.len() + OVERHEAD;
        if inner.bytes + cost > self.bounds.bytes {
            if !std::mem::replace(&mut inner.warned, true) {
                tracing::error!("events are lost: the backend does not take them; it will be told how many");
            }
            inner.lost += 1;
            self.counts.lost.inc();
        } else {
            inner.bytes += cost;
            inner.events.push_back(event);
            self.counts.waiting.inc();
        }
        let waiting = inner.events.len();
        drop(inner);
        match waiting {
            0 | 1 => self.filled.notify_one(),
            waiting if waiting == self.bounds.batch => self.full.notify_one(),
            _ => {}
        }
    }

    /// Whether nothing waits, not even word of what was lost.
    pub(super) fn is_empty(&self) -> bool {
        let inner = self.lock();
        inner.events.is_empty() && inner.lost == 0
    }

    /// Whether a whole batch waits.
    pub(super) fn is_full(&self) -> bool {
        self.lock().events.len() >= self.bounds.batch
    }

    /// Takes out what one request carries. Its events wait until they are [`told`](Self::told).
    pub(super) fn take(&self) -> Batch {
        let mut inner = self.lock();
        let count = inner.events.len().min(self.bounds.batch);
        let events: Vec<_> = inner.events.drain(..count).collect();
        inner.bytes -= events.iter().map(|event| event.len() + OVERHEAD).sum::<usize>();
        if inner.events.is_empty() {
            // A storm leaves no memory behind.
            inner.events = VecDeque::new();
        }
        inner.warned &= inner.lost > 0;
        Batch { events, lost: std::mem::take(&mut inner.lost) }
    }

    /// The backend has taken a batch of so many events.
    pub(super) fn told(&self, count: usize) {
        self.counts.told.inc_by(count as u64);
        self.counts.waiting.dec_by(i64::try_from(count).unwrap_or(i64::MAX));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that runs under the lock panics halfway through a change.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    /// The JSON of the request.
    pub(super) fn body(&self) -> String {
        let events = self.events.join(",");
        match self.lost {
            0 => format!(r#"{{"events":[{events}]}}"#),
            lost => format!(r#"{{"events":[{events}],"lost":{lost}}}"#),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(batch: usize, bytes: usize) -> Queue {
        Queue::new(Bounds { batch, bytes }, EventCounts::default())
    }

    fn push(queue: &Queue, events: std::ops::Range<u32>) {
        events.for_each(|number| queue.push(number.to_string().into()));
    }

    #[test]
    fn events_leave_in_the_order_in_which_they_came_so_many_at_a_time() {
        let queue = queue(3, 1 << 20);
        push(&queue, 0..4);
        assert!(queue.is_full());
        assert_eq!(queue.take().body(), r#"{"events":[0,1,2]}"#);
        assert!(!queue.is_full() && !queue.is_empty());
        assert_eq!(queue.take().body(), r#"{"events":[3]}"#);
        assert!(queue.is_empty());
    }

    #[test]
    fn what_waits_is_bounded_and_what_is_lost_is_told_with_the_next_batch() {
        let queue = queue(100, 3 * (OVERHEAD + 1));
        push(&queue, 0..9);
        assert_eq!(queue.counts.lost.get(), 6);
        assert_eq!(queue.take().body(), r#"{"events":[0,1,2],"lost":6}"#);
        push(&queue, 0..2);
        assert_eq!(queue.take().body(), r#"{"events":[0,1]}"#);
    }

    #[test]
    fn events_count_as_waiting_until_they_are_told() {
        let queue = queue(2, 1 << 20);
        push(&queue, 0..3);
        let batch = queue.take();
        assert_eq!(queue.counts.waiting.get(), 3);
        queue.told(batch.events.len());
        assert_eq!((queue.counts.waiting.get(), queue.counts.told.get()), (1, 2));
    }

    #[test]
    fn word_of_losses_alone_is_something_to_tell() {
        let queue = queue(1, 1);
        push(&queue, 0..1);
        assert!(!queue.is_empty());
        assert_eq!(queue.take().body(), r#"{"events":[],"lost":1}"#);
        assert!(queue.is_empty());
    }
}
