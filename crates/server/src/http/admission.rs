//! How many connections may be open, and how many may be opened a second.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use prometheus_client::metrics::gauge::Gauge;

use super::{
    EdgeOptions,
    accept::Permit,
    addresses::{Addresses, Seat},
};
use crate::{
    limits::{Bucket, Rate},
    metrics::UpgradeOutcome,
};

/// The limits on WebSocket connections of this node.
#[derive(Debug)]
pub(super) struct Admission {
    /// Connections open at a time; 0 is no limit.
    limit: usize,
    open: Arc<AtomicUsize>,
    rate: Option<(Rate, Mutex<Bucket>)>,
    addresses: Addresses,
}

/// A connection's place: its descriptor, its part of the connection limit and of the metrics.
///
/// Everything is given back when it is dropped, so it must live as long as the connection.
#[derive(Debug)]
pub struct Place {
    open: Arc<AtomicUsize>,
    at_door: Gauge,
    _permit: Permit,
    _seat: Option<Seat>,
}

impl Admission {
    pub(super) fn new(options: &EdgeOptions) -> Self {
        let rate = Rate { count: options.connection_rate_limit, interval: Duration::from_secs(1) };
        Self {
            limit: options.connection_limit,
            open: Arc::default(),
            rate: (rate.count > 0).then(|| (rate, Mutex::default())),
            addresses: Addresses::new(options.address_rate_limit.clone(), options.address_limit),
        }
    }

    /// A place for one more connection of `address`, at the door whose gauge is `at_door`, or why there is none.
    /// Addresses are looked at first, so that one alone does not use up what is there for all.
    pub(super) fn admit(
        &self,
        permit: Permit,
        address: IpAddr,
        at_door: &Gauge,
        now: Instant,
    ) -> Result<Place, UpgradeOutcome> {
        let seat = self.addresses.admit(address, now)?;
        if let Some((rate, bucket)) = &self.rate
            && !bucket.lock().unwrap_or_else(PoisonError::into_inner).take(*rate, now)
        {
            return Err(UpgradeOutcome::RateLimit);
        }
        if self.open.fetch_add(1, Relaxed) >= self.limit && self.limit > 0 {
            self.open.fetch_sub(1, Relaxed);
            return Err(UpgradeOutcome::ConnectionLimit);
        }
        at_door.inc();
        Ok(Place { open: Arc::clone(&self.open), at_door: at_door.clone(), _permit: permit, _seat: seat })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Relaxed);
        self.at_door.dec();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn options() -> EdgeOptions {
        EdgeOptions::new((HERE, 0).into(), Vec::new())
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_is_gone() {
        let admission = Admission::new(&EdgeOptions { connection_limit: 2, ..options() });
        let (gauge, now) = (Gauge::default(), Instant::now());
        let admit = || admission.admit(Permit::of_a_test(), HERE, &gauge, now);
        let first = admit().unwrap();
        let _second = admit().unwrap();
        assert_eq!(admit().unwrap_err(), UpgradeOutcome::ConnectionLimit);
        assert_eq!(gauge.get(), 2);
        drop(first);
        assert!(admit().is_ok());
    }

    #[test]
    fn a_second_admits_no_more_than_the_rate() {
        let admission = Admission::new(&EdgeOptions { connection_rate_limit: 10, ..options() });
        let (gauge, begin) = (Gauge::default(), Instant::now());
        let admitted_after = |seconds: u64| {
            let now = begin + Duration::from_secs(seconds);
            (0..100).filter(|_| admission.admit(Permit::of_a_test(), HERE, &gauge, now).is_ok()).count()
        };
        assert_eq!(admitted_after(0), 10);
        assert_eq!(admitted_after(0), 0);
        assert_eq!(admitted_after(1), 10);
        assert_eq!(admitted_after(60), 10, "what was not used is not saved up");
    }
}
