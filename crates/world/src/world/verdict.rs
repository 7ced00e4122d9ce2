//! The end of a world: the faults are over, and everything must come to rest.

use std::{any::Any, fmt};

use super::{World, gateway::LONGEST_TURN};
use crate::{
    agenda::Time,
    network::{Direction, Packet, Weather},
    office::LONGEST_CALL,
    phone::{LOGIN, Phone},
};

/// A rule was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// In the world of this seed.
    pub seed: u64,
    /// When.
    pub at: Time,
    /// Which, and how.
    pub what: String,
}

impl Failure {
    /// The world of this seed ended in a panic.
    pub fn panicked(seed: u64, panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something");
        Self { seed, at: Time(0), what: format!("it panicked: {text}") }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, at {}: {}", self.seed, self.at, self.what)
    }
}

/// The ceiling of the backoff: what anybody waits before dialling or asking again, at most.
const CEILING: u64 = 20_000;

/// One round trip after that, of all that is needed: a login, a dial, and a connect with its subscriptions, in fair
/// weather and with a gateway that takes its time for each turn. Before it, those who are to dial must have heard so.
pub(super) const ROUND: u64 = LATEST + LOGIN + 4 * LATEST + 4 * LONGEST_TURN;

/// What a packet takes in fair weather at most.
const LATEST: u64 = Weather::FAIR.lag.1;

/// After the faults end everyone is connected and level within this time, in milliseconds.
pub const LEVEL_WITHIN: u64 = CEILING + ROUND;

/// Whoever asks for something in fair weather is answered within this time, in milliseconds.
pub(super) const ANSWERED_WITHIN: u64 = LONGEST_CALL + ROUND;

/// Whoever holds a dead socket of which nobody told notices that within this time: the interval of pings and what they
/// may be late, and the time for a probe.
const NOTICED_WITHIN: u64 = 25_000 + 5_000 + 3_000;

/// The longest that a command may wait, by default.
const ALL_SETTLED: u64 = 62_000;

/// For connections that end: their closing, and the time that the gateway gives it.
const ALL_GONE: u64 = 8_000;

impl World {
    pub(super) fn live_through(&mut self, end: Time) -> Result<(), Failure> {
        self.run_until(end)?;
        let cut_off = self.end_faults();
        self.run_until(end + LEVEL_WITHIN)?;
        // What befell a phone later is a fault of its own, after which it has to wait once more.
        let is_spared =
            |phone: &Phone, now: Time| phone.app.turned_away.is_some_and(|at| at + LEVEL_WITHIN >= now);
        let now = self.agenda.now();
        self.check_almost_level(|number, phone| cut_off.contains(&number) || is_spared(phone, now))?;
        self.run_until(end + NOTICED_WITHIN + LEVEL_WITHIN)?;
        let now = self.agenda.now();
        self.check_almost_level(|_, phone| is_spared(phone, now))?;
        self.run_until(end + ALL_SETTLED)?;
        self.check_level()?;
        self.check_promises()?;
        self.check_no_leaks()?;
        self.check_movements()?;
        (0..self.phones.len()).for_each(|phone| self.with_phone(phone, Phone::stop));
        let end = self.agenda.now();
        self.run_until(end + ALL_GONE)?;
        self.check_nothing_is_left()?;
        if let Some(server) = &self.server {
            self.tally.counted(&server.counted());
            self.tally.strayed(server.strays());
        }
        Ok(())
    }

    /// Fails if somebody noticed a broken rule.
    pub(super) fn look(&mut self) -> Result<(), Failure> {
        let of_phones = self.phones.iter_mut().find_map(|phone| phone.app.wrongs.pop());
        match self.wrong.take().or(of_phones) {
            None => Ok(()),
            Some(what) => self.fail(what),
        }
    }

    pub(super) fn fail(&self, what: String) -> Result<(), Failure> {
        Err(Failure { seed: self.seed, at: self.agenda.now(), what })
    }

    /// From now on the network is fair, the gateway and the backend run, and everybody looks at their phone. Gives those
    /// whose sockets are dead, and nobody tells them.
    fn end_faults(&mut self) -> Vec<usize> {
        self.trace.note(self.agenda.now(), || "fate     the faults end");
        self.chronicle.advance(self.agenda.now());
        self.office.set_well(true);
        self.boot();
        self.network.heal(&mut self.agenda);
        self.disown();
        for number in 0..self.phones.len() {
            self.with_phone(number, |phone, reach| {
                phone.resume(reach);
                phone.show(reach);
                phone.start(reach);
            });
            self.phones[number].app.login.is_well();
            for ask in self.phones[number].app.login.asks() {
                self.find_token(number, ask, true);
            }
        }
        self.rouse();
        let is_dead = |phone: &Phone| phone.wire().is_some_and(|wire| self.network.is_dead(wire));
        (0..self.phones.len()).filter(|number| is_dead(&self.phones[*number])).collect()
    }

    /// Sockets of an earlier life of the gateway: its machine knows nothing of them, and says so.
    fn disown(&mut self) {
        let Some(server) = &self.server else { return };
        for phone in 0..self.phones.len() {
            for wire in self.network.wires_of(phone) {
                if server.owner(wire).is_none() {
                    self.network.send(wire, Direction::Down, Packet::Gone, &mut self.agenda);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use suona_client::link;

    use super::*;
    use crate::server;

    #[test]
    fn the_bounds_are_those_of_the_client_and_the_gateway() {
        let (link, rules) = (link::Options::default(), server::rules());
        assert_eq!(link.longest_wait.as_millis(), u128::from(CEILING));
        let noticed = rules.config.client.ping_interval.as_millis() + 5_000 + 3_000;
        assert_eq!(noticed, u128::from(NOTICED_WITHIN));
    }
}
