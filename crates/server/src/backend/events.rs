//! What the backend is told of connections and subscriptions: many at a time, in order, at least once.
//!
//! Whoever notes something never waits. One request is under way at a time and repeated until it is taken, so
//! that neither a slow backend nor a lost answer changes the order.

mod event;
mod queue;
mod teller;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use suona_protocol::ClientInfo;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{self, Instant},
};

use super::{BackendError, endpoint};
use crate::config::EventOptions;

pub use event::Happening;
pub use queue::EventCounts;
use queue::{Bounds, Queue};
use teller::Teller;

/// A thousand events are some 200 KB of JSON, below what web servers take by default (nginx: 1 MiB). Some
/// 80,000 wait, which is a storm of reconnects of a whole node.
const BOUNDS: Bounds = Bounds { batch: 1000, bytes: 16 << 20 };

/// Where events are noted, by all shards. The default one notes nothing.
#[derive(Clone, Debug, Default)]
pub struct Events(Option<Arc<Noting>>);

#[derive(Debug)]
struct Noting {
    queue: Arc<Queue>,
    /// Names this life of the process in the ids of events.
    life: u64,
    /// The number of the next event.
    next: AtomicU64,
}

/// Tells the backend what was noted, until it is ended.
#[derive(Debug)]
pub struct Telling {
    ending: watch::Sender<bool>,
    /// Whoever drops it, ends it.
    task: JoinSet<()>,
    counts: EventCounts,
}

impl Events {
    /// Begins to tell the backend; must be called within a tokio runtime.
    pub fn begin(options: &EventOptions, counts: EventCounts) -> Result<(Self, Telling), BackendError> {
        let client = endpoint::client().map_err(BackendError::Client)?;
        let events = Self::noting(BOUNDS, counts.clone());
        let queue = events.0.as_ref().map(|noting| noting.queue.clone()).expect("it notes");
        let (ending, ends) = watch::channel(false);
        let teller = Teller::new(options, client, queue, ends)
            .ok_or_else(|| BackendError::Endpoint("events".to_owned()))?;
        let mut task = JoinSet::new();
        task.spawn(teller.run());
        Ok((events, Telling { ending, task, counts }))
    }

    fn noting(bounds: Bounds, counts: EventCounts) -> Self {
        let queue = Arc::new(Queue::new(bounds, counts));
        Self(Some(Arc::new(Noting { queue, life: rand::random(), next: AtomicU64::new(0) })))
    }

    /// Whether anything is noted at all.
    pub fn are_on(&self) -> bool {
        self.0.is_some()
    }

    /// Notes what happened to a client at this time since the Unix epoch.
    pub fn note(&self, info: &ClientInfo, happening: Happening<'_>, unix: Duration) {
        let Some(noting) = &self.0 else { return };
        let number = noting.next.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:016x}-{number}", noting.life);
        noting.queue.push(happening.json(&id, info, unix));
    }
}

impl Telling {
    /// Tells the backend what is left, until `deadline` at most.
    pub async fn end(self, deadline: Instant) {
        let Self { ending, mut task, counts } = self;
        // A task that has ended tells nothing more.
        let _ = ending.send(true);
        // Then it is not told.
        let _ = time::timeout_at(deadline, task.join_next()).await;
        let left = counts.waiting.get();
        if left > 0 {
            tracing::error!(left, "events were not told: the backend did not take them before the end");
        }
    }
}
