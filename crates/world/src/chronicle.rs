//! What really happened on the side of the servers: what streams took, what was asked of them, what the backend did.
//! Nobody but the judge reads it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use suona_protocol::{Channel, Epoch, Position};
use suona_server::broker::Retention;

use crate::agenda::Time;

/// A life of the gateway, counted from 0.
pub type Life = usize;

/// What really happened.
#[derive(Debug, Default)]
pub struct Chronicle {
    now: Time,
    lives: usize,
    /// By the epoch's name, which no two streams share.
    streams: BTreeMap<String, Stream>,
    /// Recoveries that were asked for.
    asked: Vec<Asked>,
    /// What the backend did, by the idempotency key.
    deeds: BTreeMap<String, Vec<Deed>>,
    /// What broke the rules of servers.
    wrongs: Vec<String>,
}

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

/// Somebody asked for what came after a position.
#[derive(Debug)]
pub struct Asked {
    /// When.
    pub at: Time,
    /// The channel.
    pub channel: String,
    /// The position.
    pub since: Position,
    /// Whether everything since was to be had then.
    pub recoverable: bool,
}

/// The backend was asked to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// By which life of the gateway.
    pub life: Life,
    /// Whether it did it.
    pub done: bool,
    /// Whether the gateway learned what came of it; `None` while it waits.
    pub told: Option<bool>,
}

impl Chronicle {
    /// A gateway starts.
    pub fn begin_life(&mut self) -> Life {
        self.lives += 1;
        self.lives - 1
    }

    /// How many lives there were.
    pub fn lives(&self) -> usize {
        self.lives
    }

    /// A publication was acknowledged.
    pub(crate) fn took(
        &mut self,
        life: Life,
        channel: &Channel,
        position: Option<Position>,
        data: String,
        retention: Retention,
    ) {
        let Some(Position { offset, epoch }) = position else { return };
        let now = self.now;
        let stream = self.stream(life, channel, epoch, retention);
        let before = stream.taken.len() as u64;
        if offset == before + 1 {
            stream.taken.push((now, data));
        } else if stream.at(offset) != Some(&data) {
            self.wrongs.push(format!("{channel} acknowledged {data} as {offset} after {before}"));
        }
    }

    /// A subscriber was told where a stream stands.
    pub(crate) fn stands(&mut self, life: Life, channel: &Channel, top: Position, retention: Retention) {
        let known = self.stream(life, channel, top.epoch, retention).top();
        if known != top.offset {
            self.wrongs.push(format!("{channel} is said to stand at {} and took {known}", top.offset));
        }
    }

    /// A subscriber asks for what came after a position.
    pub(crate) fn asked(&mut self, channel: &Channel, since: Position) {
        let stream = self.streams.get(since.epoch.as_str());
        // Of a stream of an earlier life nothing is left.
        let here = stream.filter(|stream| stream.life + 1 == self.lives);
        let recoverable = here.is_some_and(|stream| stream.keeps_all_since(since.offset, self.now));
        let channel = channel.as_str().to_owned();
        self.asked.push(Asked { at: self.now, channel, since, recoverable });
    }

    /// The backend is asked to do something; says which deed that is.
    pub(crate) fn begin_deed(&mut self, key: &str, life: Life) -> usize {
        let deeds = self.deeds.entry(key.to_owned()).or_default();
        deeds.push(Deed { life, done: false, told: None });
        deeds.len() - 1
    }

    /// The backend has done it, or the gateway was told, or will never be.
    pub(crate) fn mark_deed(&mut self, key: &str, number: usize, mark: impl FnOnce(&mut Deed)) {
        if let Some(deed) = self.deeds.get_mut(key).and_then(|deeds| deeds.get_mut(number)) {
            mark(deed);
        }
    }

    /// What the backend did under a key.
    pub fn deeds(&self, key: &str) -> &[Deed] {
        self.deeds.get(key).map_or(&[], Vec::as_slice)
    }

    /// What broke the rules of servers.
    pub fn wrongs(&self) -> &[String] {
        &self.wrongs
    }

    /// The stream of this epoch.
    pub fn by_epoch(&self, epoch: &str) -> Option<&Stream> {
        self.streams.get(epoch)
    }

    /// The stream of a channel in the last life, if anybody used it.
    pub fn current(&self, channel: &str) -> Option<(&str, &Stream)> {
        let is_current = |stream: &Stream| stream.life + 1 == self.lives && stream.channel == channel;
        let found = self.streams.iter().find(|(_, stream)| is_current(stream));
        found.map(|(epoch, stream)| (epoch.as_str(), stream))
    }

    /// In which lives a payload was published to a channel, once for each time.
    pub fn published(&self, channel: &str, data: &str) -> Vec<Life> {
        let streams = self.streams.values().filter(|stream| stream.channel == channel);
        let times = |stream: &Stream| stream.taken.iter().filter(|(_, taken)| taken == data).count();
        streams.flat_map(|stream| std::iter::repeat_n(stream.life, times(stream))).collect()
    }

    /// Recoveries of a channel from a position that were asked for between two moments.
    pub fn asked_between(
        &self,
        channel: &str,
        offset: u64,
        epoch: &str,
        from: Time,
        to: Time,
    ) -> Vec<&Asked> {
        let fits = |asked: &&Asked| {
            asked.channel == channel
                && asked.since.offset == offset
                && asked.since.epoch.as_str() == epoch
                && (from..=to).contains(&asked.at)
        };
        self.asked.iter().filter(fits).collect()
    }

    fn stream(&mut self, life: Life, channel: &Channel, epoch: Epoch, retention: Retention) -> &mut Stream {
        let channel = channel.as_str().to_owned();
        let stream = || Stream { channel, life, retention, taken: Vec::new() };
        self.streams.entry(epoch.as_str().to_owned()).or_insert_with(stream)
    }
}

impl Stream {
    /// The offset of the last publication.
    pub fn top(&self) -> u64 {
        self.taken.len() as u64
    }

    /// What was published as this offset.
    pub fn at(&self, offset: u64) -> Option<&String> {
        let index = usize::try_from(offset).ok()?.checked_sub(1)?;
        self.taken.get(index).map(|(_, data)| data)
    }

    /// Whether everything after an offset is kept at `now`, by size and by time. The time runs from the last
    /// publication: a pause as long as that empties the stream.
    fn keeps_all_since(&self, offset: u64, now: Time) -> bool {
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

/// The chronicle in the hands of everyone who writes it, and the clock on its wall.
#[derive(Clone, Debug, Default)]
pub struct SharedChronicle {
    chronicle: Arc<Mutex<Chronicle>>,
    clock: Arc<AtomicU64>,
}

impl SharedChronicle {
    /// For as long as it takes to read or write a line.
    pub fn lock(&self) -> MutexGuard<'_, Chronicle> {
        self.chronicle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What time it is; readable while somebody writes.
    pub fn now(&self) -> Time {
        Time(self.clock.load(Relaxed))
    }

    /// It is later now.
    pub fn advance(&self, now: Time) {
        self.clock.store(now.0, Relaxed);
        self.lock().now = now;
    }
}
