//! How many connections may be open, and how many may be opened a second.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use prometheus_client::metrics::gauge::Gauge;

use super::accept::Permit;
use crate::metrics::UpgradeOutcome;

/// The limits on WebSocket connections of this node.
#[derive(Debug)]
pub(super) struct Admission {
    /// Connections open at a time; 0 is no limit.
    limit: usize,
    open: Arc<AtomicUsize>,
    rate: Option<Mutex<Bucket>>,
}

/// A connection's place: its descriptor, its part of the connection limit and of the metrics.
///
/// Everything is given back when it is dropped, so it must live as long as the connection.
#[derive(Debug)]
pub struct Place {
    open: Arc<AtomicUsize>,
    at_door: Gauge,
    _permit: Permit,
}

impl Admission {
    /// `limit` connections at a time and `rate` new ones a second; 0 is no limit.
    pub(super) fn new(limit: usize, rate: u32) -> Self {
        let rate = (rate > 0).then(|| Mutex::new(Bucket::full(f64::from(rate), Instant::now())));
        Self { limit, open: Arc::default(), rate }
    }

    /// A place for one more connection at the door whose gauge is `at_door`, or why there is none.
    pub(super) fn admit(
        &self,
        permit: Permit,
        at_door: &Gauge,
        now: Instant,
    ) -> Result<Place, UpgradeOutcome> {
        if let Some(rate) = &self.rate
            && !rate.lock().unwrap_or_else(PoisonError::into_inner).take(now)
        {
            return Err(UpgradeOutcome::RateLimit);
        }
        if self.open.fetch_add(1, Relaxed) >= self.limit && self.limit > 0 {
            self.open.fetch_sub(1, Relaxed);
            return Err(UpgradeOutcome::ConnectionLimit);
        }
        at_door.inc();
        Ok(Place { open: Arc::clone(&self.open), at_door: at_door.clone(), _permit: permit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Relaxed);
        self.at_door.dec();
    }
}

/// A bucket of tokens that refills steadily and holds one second's worth.
#[derive(Debug)]
struct Bucket {
    a_second: f64,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn full(a_second: f64, now: Instant) -> Self {
        Self { a_second, tokens: a_second, at: now }
    }

    fn take(&mut self, now: Instant) -> bool {
        let refill = now.saturating_duration_since(self.at).as_secs_f64() * self.a_second;
        self.tokens = (self.tokens + refill).min(self.a_second);
        self.at = self.at.max(now);
        let taken = self.tokens >= 1.0;
        if taken {
            self.tokens -= 1.0;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_connection_is_gone() {
        let admission = Admission::new(2, 0);
        let (gauge, now) = (Gauge::default(), Instant::now());
        let admit = || admission.admit(Permit::of_a_test(), &gauge, now);
        let first = admit().unwrap();
        let _second = admit().unwrap();
        assert_eq!(admit().unwrap_err(), UpgradeOutcome::ConnectionLimit);
        assert_eq!(gauge.get(), 2);
        drop(first);
        assert!(admit().is_ok());
    }

    #[test]
    fn a_second_admits_no_more_than_the_rate() {
        let admission = Admission::new(0, 10);
        let (gauge, begin) = (Gauge::default(), Instant::now());
        let admitted_after = |seconds: u64| {
            let now = begin + Duration::from_secs(seconds);
            (0..100).filter(|_| admission.admit(Permit::of_a_test(), &gauge, now).is_ok()).count()
        };
        assert_eq!(admitted_after(0), 10);
        assert_eq!(admitted_after(0), 0);
        assert_eq!(admitted_after(1), 10);
        assert_eq!(admitted_after(60), 10, "what was not used is not saved up");
    }
}
