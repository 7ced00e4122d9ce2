//! Whether it makes sense to ask a webhook at all.

use std::time::{Duration, Instant};

/// So many failures in a row mean that the backend is down, and not that one request was lost.
const FAILURES: u32 = 8;
/// How long the backend is then left alone before one call tries it again.
const PAUSE: Duration = Duration::from_secs(2);

/// Opens after a run of failures, so that clients hear an error at once instead of waiting for a time-out
/// each; after a pause it lets one call through, and closes if that succeeds.
#[derive(Debug)]
pub(super) enum Circuit {
    Closed { failures: u32 },
    Open { until: Instant },
}

/// The circuit changed, which is worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Opened,
    Closed,
}

impl Circuit {
    pub(super) fn new() -> Self {
        Self::Closed { failures: 0 }
    }

    /// Whether a call may be made now.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        match self {
            Self::Closed { .. } => true,
            Self::Open { until } if *until <= now => {
                // This call tries it; the others wait for what comes of it, or for another pause.
                *until = now + PAUSE;
                true
            }
            Self::Open { .. } => false,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    pub(super) fn succeeded(&mut self) -> Option<Change> {
        let was_open = self.is_open();
        *self = Self::new();
        was_open.then_some(Change::Closed)
    }

    pub(super) fn failed(&mut self, now: Instant) -> Option<Change> {
        match self {
            Self::Closed { failures } if *failures + 1 < FAILURES => {
                *failures += 1;
                None
            }
            Self::Closed { .. } => {
                *self = Self::Open { until: now + PAUSE };
                Some(Change::Opened)
            }
            Self::Open { until } => {
                *until = now + PAUSE;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(now: Instant) -> Circuit {
        let mut circuit = Circuit::new();
        for _ in 1..FAILURES {
            assert_eq!(circuit.failed(now), None);
        }
        assert!(circuit.admits(now));
        assert_eq!(circuit.failed(now), Some(Change::Opened));
        circuit
    }

    #[test]
    fn a_run_of_failures_opens_it_and_a_success_in_between_starts_the_count_anew() {
        let now = Instant::now();
        let mut circuit = Circuit::new();
        for _ in 0..10 {
            for _ in 1..FAILURES {
                assert_eq!(circuit.failed(now), None);
            }
            assert_eq!(circuit.succeeded(), None);
        }
        assert!(circuit.admits(now) && !circuit.is_open());
        assert!(!open(now).admits(now));
    }

    #[test]
    fn after_a_pause_one_call_tries_it_and_decides_for_all() {
        let now = Instant::now();
        let mut circuit = open(now);
        assert!(!circuit.admits(now + PAUSE / 2));
        let later = now + PAUSE;
        assert!(circuit.admits(later) && !circuit.admits(later) && circuit.is_open());
        assert_eq!(circuit.failed(later), None);
        assert!(!circuit.admits(later));
        let still_later = later + PAUSE;
        assert!(circuit.admits(still_later));
        assert_eq!(circuit.succeeded(), Some(Change::Closed));
        assert!(circuit.admits(still_later) && circuit.admits(still_later));
    }

    #[test]
    fn a_try_that_never_ends_is_followed_by_another() {
        let now = Instant::now();
        let mut circuit = open(now);
        assert!(circuit.admits(now + PAUSE));
        assert!(circuit.admits(now + 2 * PAUSE));
    }
}
