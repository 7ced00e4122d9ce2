//! The whole life of a stream, without forgetting, and what of it a server still keeps.

use suona_server::broker::Retention;

use super::Life;
use crate::agenda::Time;

/// The whole life of a stream, without forgetting.
#[derive(Debug)]
pub struct Stream {
    /// Of which channel.
    pub channel: String,
    /// In which life of the gateway.
    pub life: Life,
    retention: Retention,
    taken: Vec<(Time, String)>,
}

impl Stream {
    pub(super) fn new(channel: String, life: Life, retention: Retention) -> Self {
        Self { channel, life, retention, taken: Vec::new() }
    }

    /// Takes the publication of this offset. An `Err` says after which one it came, if that is not the one before.
    pub(super) fn take(&mut self, offset: u64, data: String, now: Time) -> Result<(), u64> {
        if offset == self.top() + 1 {
            self.taken.push((now, data));
        } else if self.at(offset) != Some(&data) {
            return Err(self.top());
        }
        Ok(())
    }

    /// The offset of the last publication.
    pub fn top(&self) -> u64 {
        self.taken.len() as u64
    }

    /// What was published as this offset.
    pub fn at(&self, offset: u64) -> Option<&String> {
        let index = usize::try_from(offset).ok()?.checked_sub(1)?;
        self.taken.get(index).map(|(_, data)| data)
    }

    /// How often this was published.
    pub fn count(&self, data: &str) -> usize {
        self.taken.iter().filter(|(_, taken)| taken == data).count()
    }

    /// Whether everything after an offset is kept at `now`, by size and by time. The time runs from the last
    /// publication: a pause as long as that empties the stream.
    pub(super) fn keeps_all_since(&self, offset: u64, now: Time) -> bool {
        let missed = self.top().saturating_sub(offset);
        let ttl = u64::try_from(self.retention.ttl.as_millis()).unwrap_or(u64::MAX);
        let mut until = now;
        let young = self.taken.iter().rev().take_while(|(at, _)| {
            let is_kept = until.0 - at.0 < ttl;
            until = *at;
            is_kept
        });
        missed <= young.take(self.retention.size).count() as u64
    }
}
