//! The streams of one stripe: found by name, freed when their time has run out, bounded in number.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    num::NonZeroU64,
    sync::Arc,
    time::{Duration, Instant},
};

use suona_protocol::{Channel, Encoded, Epoch, Position};

use super::stream::{OtherEpoch, Stream};
use crate::broker::{Page, Query, Retention, Version};

/// The streams of one stripe.
///
/// Whoever may read a channel's history creates its stream, so the number of those without publications is
/// limited: beyond it the least recently used is forgotten. A later reader finds another epoch there, which
/// is what clients hear as "not recovered". Streams that keep publications are never forgotten early.
pub(super) struct Streams {
    /// Boxed, for nearly half of a table's places are empty.
    slots: HashMap<Channel, Box<Slot>>,
    /// Every stream, by a moment not later than that at which something about it runs out.
    timers: BTreeSet<(Instant, Channel)>,
    /// The streams without publications, the least recently used first.
    idle: BTreeMap<Use, Channel>,
    max_idle: usize,
    /// The last use of an idle stream; orders `idle`.
    last: Use,
}

/// The number of a use. Not 0, so that it takes no more room where there may be none.
type Use = NonZeroU64;

/// A stream and where it is filed.
struct Slot {
    stream: Stream,
    /// Its key in `timers`. Late is corrected at once, early when the timer fires.
    timer: Instant,
    /// Its key in `idle`, while it is there.
    idle: Option<Use>,
}

impl Streams {
    /// None yet; at most `max_idle` of them, or one, will be without publications.
    pub(super) fn new(max_idle: usize) -> Self {
        let max_idle = max_idle.max(1);
        let (slots, timers, idle) = (HashMap::new(), BTreeSet::new(), BTreeMap::new());
        Self { slots, timers, idle, max_idle, last: Use::MIN }
    }

    /// Takes the next publication of `channel`, which `encode` makes of its offset, and of the epoch if it
    /// is the first; none if its version is outdated. Answers where the stream stands then.
    pub(super) fn publish(
        &mut self,
        channel: &Channel,
        version: Option<Version>,
        retention: Retention,
        now: Instant,
        random: impl FnOnce() -> u64,
        encode: impl FnOnce(u64, Option<Epoch>, Option<&Encoded>) -> Encoded,
    ) -> (Option<Arc<Encoded>>, Position) {
        self.with(channel, now, random, |stream| {
            (stream.publish(version, retention, now, encode), stream.top())
        })
    }

    /// Reads a part of the stream of `channel`, which is known for `meta_ttl` from now on.
    pub(super) fn read(
        &mut self,
        channel: &Channel,
        query: Query,
        meta_ttl: Duration,
        now: Instant,
        random: impl FnOnce() -> u64,
    ) -> Result<Page, OtherEpoch> {
        self.with(channel, now, random, |stream| stream.read(query, meta_ttl, now))
    }

    /// Takes the publications out of the stream of `channel`.
    pub(super) fn clear(&mut self, channel: &Channel) -> VecDeque<Arc<Encoded>> {
        let Some(slot) = self.slots.get_mut(channel) else { return VecDeque::new() };
        let cleared = slot.stream.clear();
        self.file(channel);
        cleared
    }

    /// Frees what of one stream has run out by `now`: its publications, which are handed out to be dropped
    /// where it holds nobody up, or all of it. `None` if nothing has.
    pub(super) fn free_due(&mut self, now: Instant) -> Option<VecDeque<Arc<Encoded>>> {
        if self.timers.first()?.0 > now {
            return None;
        }
        let (_, channel) = self.timers.pop_first()?;
        let slot = self.slots.get_mut(&channel).expect("a timer is of a stream");
        if slot.stream.is_over(now) {
            let cleared = slot.stream.clear();
            self.forget(&channel);
            return Some(cleared);
        }
        let cleared = if slot.stream.is_stale(now) { slot.stream.clear() } else { VecDeque::new() };
        slot.timer = slot.stream.due();
        self.timers.insert((slot.timer, channel.clone()));
        self.file(&channel);
        Some(cleared)
    }

    /// How many there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.timers.len(), self.slots.len(), "each stream has one timer");
        assert_eq!(self.idle.len(), self.slots.values().filter(|slot| slot.stream.is_empty()).count());
        self.slots.len()
    }

    /// Uses the stream of `channel`, a new one if there is none or its time has run out.
    fn with<T>(
        &mut self,
        channel: &Channel,
        now: Instant,
        random: impl FnOnce() -> u64,
        act: impl FnOnce(&mut Stream) -> T,
    ) -> T {
        let Some(slot) = self.slots.get_mut(channel) else {
            let mut stream = Stream::new(random(), now);
            let outcome = act(&mut stream);
            let timer = stream.due();
            self.slots.insert(channel.clone(), Box::new(Slot { stream, timer, idle: None }));
            self.timers.insert((timer, channel.clone()));
            self.file(channel);
            return outcome;
        };
        if slot.stream.is_over(now) {
            slot.stream = Stream::new(random(), now);
        } else if slot.stream.is_stale(now) {
            slot.stream.clear();
        }
        let outcome = act(&mut slot.stream);
        // The common case, a publication in a stream that keeps some already, changes nothing here.
        if slot.idle.is_some() || slot.stream.is_empty() || slot.stream.due() < slot.timer {
            self.file(channel);
        }
        outcome
    }

    /// Puts the stream of `channel` where it belongs after a use, and forgets one that is one too many.
    fn file(&mut self, channel: &Channel) {
        let Some(slot) = self.slots.get_mut(channel) else { return };
        let due = slot.stream.due();
        if due < slot.timer {
            self.timers.remove(&(slot.timer, channel.clone()));
            self.timers.insert((due, channel.clone()));
            slot.timer = due;
        }
        if let Some(use_) = slot.idle.take() {
            self.idle.remove(&use_);
        }
        if slot.stream.is_empty() {
            self.last = self.last.saturating_add(1);
            slot.idle = Some(self.last);
            self.idle.insert(self.last, channel.clone());
        }
        if self.idle.len() > self.max_idle
            && let Some((_, least_used)) = self.idle.pop_first()
        {
            self.forget(&least_used);
        }
    }

    fn forget(&mut self, channel: &Channel) {
        let Some(slot) = self.slots.remove(channel) else { return };
        self.timers.remove(&(slot.timer, channel.clone()));
        if let Some(use_) = slot.idle {
            self.idle.remove(&use_);
        }
        if self.slots.capacity() > 64 && self.slots.len() < self.slots.capacity() / 4 {
            self.slots.shrink_to(self.slots.len() * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use suona_protocol::{Content, Publication};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const RETENTION: Retention = Retention { size: 3, ttl: HOUR, meta_ttl: Duration::from_secs(5 * 3600) };

    /// Streams at a time that the test moves, with numbers for random bits.
    struct Stage {
        streams: Streams,
        now: Instant,
        dice: u64,
    }

    impl Stage {
        fn new(max_idle: usize) -> Self {
            Self { streams: Streams::new(max_idle), now: Instant::now(), dice: 0 }
        }

        fn publish(&mut self, channel: &str) -> Position {
            self.dice += 1;
            let encode = |offset, epoch, _before: Option<&Encoded>| {
                let publication = Publication { offset, epoch, ..Publication::default() };
                Encoded::new(channel.into(), publication, Content::Binary)
            };
            self.streams.publish(&channel.into(), None, RETENTION, self.now, || self.dice, encode).1
        }

        fn top(&mut self, channel: &str) -> Position {
            self.dice += 1;
            let page =
                self.streams.read(&channel.into(), Query::TOP, RETENTION.meta_ttl, self.now, || self.dice);
            page.expect("no epoch asked for").top
        }

        /// Frees all that is due; answers how many publications that were.
        fn sweep(&mut self) -> usize {
            std::iter::from_fn(|| self.streams.free_due(self.now)).map(|freed| freed.len()).sum()
        }
    }

    #[test]
    fn a_stream_without_publications_is_small() {
        assert!(size_of::<Slot>() <= 80, "{}", size_of::<Slot>());
    }

    #[test]
    fn streams_are_freed_in_two_steps() {
        let mut stage = Stage::new(10);
        stage.publish("a");
        stage.publish("a");
        stage.top("b");
        assert_eq!((stage.sweep(), stage.streams.len()), (0, 2));
        stage.now += HOUR;
        assert_eq!((stage.sweep(), stage.streams.len()), (2, 2));
        stage.now += 4 * HOUR;
        assert_eq!((stage.sweep(), stage.streams.len()), (0, 0));
    }

    #[test]
    fn a_stream_in_use_is_not_freed() {
        let mut stage = Stage::new(10);
        let epoch = stage.publish("written").epoch;
        let read = stage.top("read");
        for offset in 2..20 {
            stage.now += HOUR - Duration::from_secs(1);
            assert_eq!(stage.sweep(), 0);
            assert_eq!(stage.publish("written"), Position { offset, epoch });
            assert_eq!(stage.top("read"), read);
        }
    }

    #[test]
    fn beyond_the_limit_the_least_recently_used_without_publications_is_forgotten() {
        let mut stage = Stage::new(2);
        let kept = stage.publish("kept");
        let old = stage.top("old");
        let used = stage.top("used");
        assert_eq!(stage.top("old"), old);
        assert_eq!(stage.top("used"), used);
        stage.top("new");
        assert_eq!(stage.streams.len(), 3);
        assert_eq!(stage.top("used"), used);
        assert_ne!(stage.top("old"), old);
        assert_eq!(stage.top("kept"), kept);
    }

    #[test]
    fn publications_that_ran_out_make_a_stream_count_again() {
        let mut stage = Stage::new(2);
        for n in 0..20 {
            stage.publish(&format!("{n}"));
        }
        assert_eq!(stage.streams.len(), 20);
        stage.now += HOUR;
        assert_eq!((stage.sweep(), stage.streams.len()), (20, 2));
        stage.publish("0");
        stage.streams.clear(&"0".into());
        assert_eq!(stage.streams.len(), 2);
    }
}
