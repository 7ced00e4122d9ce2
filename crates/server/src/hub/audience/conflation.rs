//! Of a fast channel, subscribers get the latest only: what waits until they may hear again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use suona_protocol::Encoded;

/// So many different publications wait at most; more than one only where some subscribers do not get the latest.
const MAX_WAITING: usize = 64;

/// The rhythm of one channel on this shard.
#[derive(Debug)]
pub(in crate::hub) struct Conflation {
    interval: Duration,
    /// Until then everything waits.
    quiet_until: Option<Instant>,
    /// What some seats are still to get, by the numbers that they hold, oldest first.
    waiting: Vec<(u32, Arc<Encoded>)>,
}

impl Conflation {
    /// Lets a publication pass every `interval`.
    pub(in crate::hub) fn new(interval: Duration) -> Self {
        Self { interval, quiet_until: None, waiting: Vec::new() }
    }

    /// Whether a publication may go out at once; then those after it wait.
    pub(in crate::hub) fn pass(&mut self, now: Instant) -> bool {
        let may_pass = self.waiting.is_empty() && self.quiet_until.is_none_or(|until| until <= now);
        if may_pass {
            self.quiet_until = Some(now + self.interval);
        }
        may_pass
    }

    /// Lets a publication wait, and gives the number that seats are to hold for it. If it is the first that
    /// waits, also the time at which to [`release`](Self::release).
    pub(in crate::hub) fn wait(&mut self, publication: Arc<Encoded>) -> (u32, Option<Instant>) {
        let is_first = self.waiting.is_empty();
        let number = self.waiting.last().map_or(1, |(last, _)| last + 1);
        self.waiting.push((number, publication));
        (number, self.quiet_until.filter(|_| is_first))
    }

    /// Only the last that waits is still held by anybody.
    pub(in crate::hub) fn forget_others(&mut self) {
        let others = self.waiting.len().saturating_sub(1);
        self.waiting.drain(..others);
    }

    /// Whether so many wait that they must go before their time.
    pub(in crate::hub) fn is_full(&self) -> bool {
        self.waiting.len() > MAX_WAITING
    }

    /// Whether something waits that is due.
    pub(in crate::hub) fn is_due(&self, now: Instant) -> bool {
        !self.waiting.is_empty() && self.quiet_until.is_none_or(|until| until <= now)
    }

    /// What waits; everything after it waits anew.
    pub(in crate::hub) fn release(&mut self, now: Instant) -> Vec<(u32, Arc<Encoded>)> {
        self.quiet_until = Some(now + self.interval);
        std::mem::take(&mut self.waiting)
    }

    /// The publication for which a seat holds `number`.
    pub(in crate::hub) fn waiting(&self, number: u32) -> Option<&Arc<Encoded>> {
        self.waiting.iter().find(|(one, _)| *one == number).map(|(_, publication)| publication)
    }
}
