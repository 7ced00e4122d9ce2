//! How long to wait before trying again.

use std::time::Duration;

/// Delays drawn from zero up to a bound that doubles with each attempt until the ceiling.
///
/// All of it is random: jitter merely added on top vanishes at the ceiling, and then every client of a restarted server
/// comes back in one instant.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    ceiling: Duration,
    attempt: u32,
}

impl Backoff {
    pub(crate) const FIRST: Duration = Duration::from_millis(500);
    pub(crate) const CEILING: Duration = Duration::from_secs(20);

    pub(crate) fn new(first: Duration, ceiling: Duration) -> Self {
        Self { first, ceiling, attempt: 0 }
    }

    /// The next delay, in whole milliseconds. `luck` lies in `0.0..1.0`.
    pub(crate) fn next(&mut self, luck: f64) -> Duration {
        let doubled = 1_u32.checked_shl(self.attempt).unwrap_or(u32::MAX);
        let bound = self.first.saturating_mul(doubled).min(self.ceiling);
        self.attempt = self.attempt.saturating_add(1);
        fraction(bound, luck)
    }

    /// How many delays were drawn since it has held.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempt
    }

    /// It has held.
    pub(crate) fn reset(&mut self) {
        self.attempt = 0;
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Self::FIRST, Self::CEILING)
    }
}

/// As much of `bound` as there is luck, in whole milliseconds.
pub(crate) fn fraction(bound: Duration, luck: f64) -> Duration {
    Duration::from_millis((luck * bound.as_millis() as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_until_the_ceiling_and_begin_anew() {
        let mut backoff = Backoff::default();
        let delays: Vec<_> = (0..8).map(|_| backoff.next(0.9).as_millis()).collect();
        assert_eq!(delays, [450, 900, 1800, 3600, 7200, 14_400, 18_000, 18_000]);
        assert_eq!(backoff.next(0.0), Duration::ZERO);
        backoff.reset();
        assert_eq!(backoff.next(0.999), Duration::from_millis(499));
    }

    #[test]
    fn a_thousand_attempts_do_no_harm() {
        let mut backoff = Backoff { attempt: 1000, ..Backoff::default() };
        assert_eq!(backoff.next(0.5), Duration::from_secs(10));
    }
}
