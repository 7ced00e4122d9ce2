//! The moment at which something is handled, read once by the driver and handed in.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Now, by both clocks: one that never jumps, for deadlines, and one that the world shares, for tokens.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For deadlines and intervals.
    pub instant: Instant,
    /// Time since the Unix epoch.
    pub unix: Duration,
}

/// A time as backends write it, in whole Unix seconds: `None`, which is never, for 0 and below.
pub(crate) fn since_epoch(seconds: i64) -> Option<Duration> {
    u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

impl Now {
    /// Reads both clocks. Only drivers call this; everything else is told.
    pub fn read() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { instant: Instant::now(), unix }
    }

    /// The moment `by` later.
    pub fn after(self, by: Duration) -> Self {
        Self { instant: self.instant + by, unix: self.unix + by }
    }
}
