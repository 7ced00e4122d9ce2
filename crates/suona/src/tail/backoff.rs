//! How long to wait before the next attempt.

use std::time::Duration;

/// Delays drawn from zero up to a bound that doubles until a ceiling.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    attempt: u32,
}

const FIRST: Duration = Duration::from_millis(500);
const CEILING: Duration = Duration::from_secs(20);

impl Backoff {
    /// All of it is random, or every client of a restarted gateway would come back in the same instant.
    /// `luck` lies in `0.0..1.0`.
    pub(super) fn next_delay(&mut self, luck: f64) -> Duration {
        let bound = FIRST.saturating_mul(1 << self.attempt.min(16)).min(CEILING);
        self.attempt += 1;
        bound.mul_f64(luck)
    }

    /// The connection is there again.
    pub(super) fn reset(&mut self) {
        self.attempt = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_the_ceiling_and_begin_anew() {
        let mut backoff = Backoff::default();
        let bounds: Vec<_> = (0..8).map(|_| backoff.next_delay(1.0).as_secs_f64()).collect();
        assert_eq!(bounds, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0]);
        assert_eq!(backoff.next_delay(0.0), Duration::ZERO);
        backoff.reset();
        assert_eq!(backoff.next_delay(0.5), FIRST / 2);
    }
}
