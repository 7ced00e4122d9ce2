//! How many connections each address may open and hold.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use crate::{limits::Keyed, limits::Limit, metrics::UpgradeOutcome};

/// The limits on addresses, and what they use of them.
#[derive(Debug)]
pub(super) struct Addresses {
    rate: Option<Keyed>,
    /// Connections that one may hold; 0 is no limit.
    most: usize,
    held: Arc<Mutex<Held>>,
}

type Held = HashMap<Network, usize>;

/// Whom an address stands for. An IPv6 client has a /64 to itself, and chooses its address in it as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Network {
    V4(u32),
    V6(u64),
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

/// A connection of one address. Given back when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    of: Network,
    held: Arc<Mutex<Held>>,
}

impl Addresses {
    pub(super) fn new(rate: Limit, most: usize) -> Self {
        let rate = (!rate.is_none()).then(|| Keyed::new(rate));
        Self { rate, most, held: Arc::default() }
    }

    /// Counts one more connection; no seat is needed where nobody counts them.
    pub(super) fn admit(&self, address: IpAddr, now: Instant) -> Result<Option<Seat>, UpgradeOutcome> {
        let of = Network::from(address);
        if self.rate.as_ref().is_some_and(|rate| !rate.take(&of, now)) {
            return Err(UpgradeOutcome::AddressRateLimit);
        }
        if self.most == 0 {
            return Ok(None);
        }
        // Nothing under the lock panics halfway through a change.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(of).or_default();
        if *count >= self.most {
            return Err(UpgradeOutcome::AddressLimit);
        }
        *count += 1;
        Ok(Some(Seat { of, held: Arc::clone(&self.held) }))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limits::Rate;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_holds_as_many_connections_as_it_may_and_others_are_not_touched() {
        let (addresses, now) = (Addresses::new(Limit::default(), 2), Instant::now());
        let admit = |address: &str| addresses.admit(ip(address), now);
        let first = admit("203.0.113.5").unwrap();
        let _second = admit("::ffff:203.0.113.5").unwrap();
        assert_eq!(admit("203.0.113.5").unwrap_err(), UpgradeOutcome::AddressLimit);
        let other = admit("203.0.113.6").unwrap();
        drop(first);
        let third = admit("203.0.113.5").unwrap();
        assert!(admit("203.0.113.5").is_err());
        drop((other, third, _second));
        assert!(addresses.held.lock().unwrap().is_empty(), "who is gone is forgotten");
    }

    #[test]
    fn of_ipv6_a_whole_network_counts_as_one() {
        let (addresses, now) = (Addresses::new(Limit::default(), 1), Instant::now());
        let _first = addresses.admit(ip("2001:db8::1"), now).unwrap();
        assert!(addresses.admit(ip("2001:db8::ffff:2"), now).is_err());
        assert!(addresses.admit(ip("2001:db8:0:1::1"), now).is_ok());
    }

    #[test]
    fn an_address_opens_connections_no_faster_than_it_may() {
        let rate = Rate { count: 2, interval: Duration::from_secs(1) };
        let (addresses, now) = (Addresses::new(Limit([rate].into()), 0), Instant::now());
        let admitted =
            |address: &str, now| (0..9).filter(|_| addresses.admit(ip(address), now).is_ok()).count();
        assert_eq!(admitted("203.0.113.5", now), 2);
        assert_eq!(admitted("203.0.113.6", now), 2);
        assert_eq!(admitted("203.0.113.5", now + Duration::from_millis(500)), 1);
    }
}
