//! Virtual time: what is due when, in an order that never depends on anything but the seed.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fmt,
    ops::Add,
    time::{Duration, Instant},
};

use suona_server::Now;

/// A moment of the world, in whole milliseconds since it began: what clients count in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

/// What the wall clocks show when a world begins, since 1970.
pub const EPOCH: Duration = Duration::from_secs(1_000_000_000);

impl Time {
    /// How long after the beginning.
    pub fn since_begin(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl Add<u64> for Time {
    type Output = Time;

    fn add(self, millis: u64) -> Time {
        Time(self.0 + millis)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// Translates between moments of the world and those of servers.
#[derive(Clone, Copy, Debug)]
pub struct Calendar(Instant);

impl Calendar {
    /// One for a world that begins now. Servers compare moments only with one another.
    pub fn begin() -> Self {
        Self(Instant::now())
    }

    /// What a server's clocks show.
    pub fn now(self, time: Time) -> Now {
        let since = Duration::from_millis(time.0);
        Now { instant: self.0 + since, unix: EPOCH + since }
    }

    /// The first moment that is not before `instant`.
    pub fn not_before(self, instant: Instant) -> Time {
        let since = instant.saturating_duration_since(self.0);
        Time(u64::try_from(since.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }
}

/// What is due when. Of things due at the same time, what was noted first comes first.
#[derive(Debug)]
pub struct Agenda<T> {
    due: BinaryHeap<Reverse<Entry<T>>>,
    noted: u64,
    now: Time,
}

#[derive(Debug)]
struct Entry<T> {
    key: (Time, u64),
    what: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<T> Eq for Entry<T> {}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { due: BinaryHeap::new(), noted: 0, now: Time(0) }
    }
}

impl<T> Agenda<T> {
    /// What time it is.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Notes that `what` happens in so many milliseconds.
    pub fn after(&mut self, millis: u64, what: T) {
        self.at(self.now + millis, what);
    }

    /// Notes that `what` happens then, or now if that is past.
    pub fn at(&mut self, time: Time, what: T) {
        let key = (time.max(self.now), self.noted);
        self.noted += 1;
        self.due.push(Reverse(Entry { key, what }));
    }

    /// Lets time pass until something happens, not beyond `end`.
    pub fn next(&mut self, end: Time) -> Option<T> {
        let is_due = self.due.peek().is_some_and(|Reverse(entry)| entry.key.0 <= end);
        let Some(Reverse(entry)) = is_due.then(|| self.due.pop()).flatten() else {
            self.now = self.now.max(end);
            return None;
        };
        self.now = entry.key.0;
        Some(entry.what)
    }
}
