//! How much of the edge one address may use before it opens anything, whatever the configuration says.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use super::{
    EdgeOptions,
    address::TrustedProxies,
    addresses::{Addresses, Seat},
};
use crate::limits::Limit;

/// Connections of one address that have opened neither a WebSocket nor a stream. A company behind one address
/// that comes back all at once opens in milliseconds, so that few wait at a time.
const UNOPENED_MAX: usize = 256;

/// The bounds on whom nobody answers for.
#[derive(Debug)]
pub(super) struct Strangers {
    trusted: TrustedProxies,
    unopened: Addresses,
    patience: Duration,
    keep_alive: Duration,
}

impl Strangers {
    pub(super) fn new(options: &EdgeOptions) -> Self {
        Self {
            trusted: TrustedProxies::new(options.trusted_proxies.clone()),
            unopened: Addresses::new(Limit::default(), UNOPENED_MAX),
            patience: options.patience,
            keep_alive: options.keep_alive,
        }
    }

    /// A seat to be held until something is opened, if one is free. Trusted proxies need none, nor does this
    /// machine itself: many may come through either.
    pub(super) fn seat(&self, peer: IpAddr) -> Result<Option<Seat>, NoSeat> {
        if self.trusted.trust(peer) || peer.to_canonical().is_loopback() {
            return Ok(None);
        }
        self.unopened.admit(peer, Instant::now()).map_err(|_| NoSeat)
    }

    /// How long `peer` may idle between two requests. Load balancers, which keep connections for long, come from
    /// private addresses if they are not among the trusted.
    pub(super) fn keep_alive(&self, peer: IpAddr) -> Duration {
        let is_near = match peer.to_canonical() {
            IpAddr::V4(peer) => peer.is_loopback() || peer.is_private() || peer.is_link_local(),
            IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
        };
        let is_patient = is_near || self.trusted.trust(peer);
        if is_patient { self.keep_alive } else { self.keep_alive.min(self.patience) }
    }
}

/// All seats of an address are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{UNOPENED_MAX} connections of this address have opened nothing yet")]
pub(super) struct NoSeat;

#[cfg(test)]
mod tests {
    use super::*;

    fn strangers() -> Strangers {
        let mut options = EdgeOptions::new(([127, 0, 0, 1], 0).into(), Vec::new());
        options.trusted_proxies = vec!["198.51.100.0/24".parse().unwrap()];
        Strangers::new(&options)
    }

    #[test]
    fn one_address_has_only_so_many_seats_and_those_who_bring_many_need_none() {
        let strangers = strangers();
        let seats = |address: &str| -> Vec<_> {
            (0..UNOPENED_MAX + 10).map_while(|_| strangers.seat(address.parse().unwrap()).ok()).collect()
        };
        let held = seats("203.0.113.5");
        assert_eq!(held.len(), UNOPENED_MAX);
        assert_eq!(strangers.seat("203.0.113.5".parse().unwrap()).unwrap_err(), NoSeat);
        for many in ["198.51.100.7", "127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(seats(many).len(), UNOPENED_MAX + 10, "{many}");
        }
        drop(held);
        assert!(strangers.seat("203.0.113.5".parse().unwrap()).is_ok());
    }

    #[test]
    fn strangers_from_afar_idle_no_longer_than_a_handshake_may_take() {
        let keep_alive = |address: &str| strangers().keep_alive(address.parse().unwrap()).as_secs();
        for near in ["127.0.0.1", "::ffff:10.0.0.1", "192.168.1.1", "fd00::1", "198.51.100.7"] {
            assert_eq!(keep_alive(near), 75, "{near}");
        }
        for far in ["203.0.113.5", "2001:db8::1"] {
            assert_eq!(keep_alive(far), 10, "{far}");
        }
    }
}
