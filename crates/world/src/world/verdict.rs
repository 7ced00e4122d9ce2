//! The end of a world: the faults are over, and everything must come to rest.

use std::{any::Any, fmt};

use suona_client::link::Input as LinkInput;

use super::World;
use crate::{
    agenda::Time,
    network::{Direction, Packet},
    phone::Phone,
    schedule::CHANNELS,
    server::Holdings,
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

/// After the faults end everyone is connected and level within this time, in milliseconds: the ceiling of the backoff,
/// and one round of login, dial, connect and subscribe in fair weather.
pub const LEVEL_WITHIN: u64 = 20_000 + 1_500;

/// The longest that a command may wait, by default.
const ALL_SETTLED: u64 = 62_000;

/// For connections that end: their closing, and the time that the gateway gives it.
const ALL_GONE: u64 = 8_000;

impl World {
    pub(super) fn live_through(&mut self, end: Time) -> Result<(), Failure> {
        self.run_until(end)?;
        self.end_faults();
        self.run_until(end + LEVEL_WITHIN)?;
        // A token that became too old on the way is a fault of its own: that phone has to wait once more.
        let is_bound = |phone: &Phone| phone.app.turned_away.is_none_or(|at| at < end);
        self.check_level(is_bound)?;
        self.run_until(end + ALL_SETTLED)?;
        self.check_level(|_| true)?;
        self.check_promises()?;
        self.check_no_leaks()?;
        for phone in 0..self.phones.len() {
            let stop = LinkInput::Stop { reason: "done".to_owned(), code: None };
            self.with_phone(phone, |phone, reach| phone.tell(stop, reach));
        }
        self.run_until(end + ALL_SETTLED + ALL_GONE)?;
        self.check_nothing_is_left()
    }

    /// Fails if somebody noticed a broken rule.
    pub(super) fn look(&mut self) -> Result<(), Failure> {
        let of_phones = self.phones.iter_mut().find_map(|phone| phone.app.wrongs.pop());
        match self.wrong.take().or(of_phones) {
            None => Ok(()),
            Some(what) => self.fail(what),
        }
    }

    fn fail(&self, what: String) -> Result<(), Failure> {
        Err(Failure { seed: self.seed, at: self.agenda.now(), what })
    }

    /// From now on the network is fair, the gateway and the backend run, and everybody looks at their phone.
    fn end_faults(&mut self) {
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
            self.phones[number].app.login_is_well();
            for ask in self.phones[number].app.asks() {
                self.find_token(number, ask, true);
            }
        }
        self.rouse();
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

    fn check_level(&self, is_bound: impl Fn(&Phone) -> bool) -> Result<(), Failure> {
        let chronicle = self.chronicle.lock();
        if let Some(wrong) = chronicle.wrongs().first() {
            return self.fail(wrong.clone());
        }
        for phone in self.phones.iter().filter(|phone| is_bound(phone)) {
            let app = &phone.app;
            if !app.is_online() {
                return self.fail(format!("{} is not online", app.user()));
            }
            for diary in app.diaries.values() {
                diary.check_level(&chronicle).or_else(|what| self.fail(format!("{}: {what}", app.user())))?;
            }
        }
        Ok(())
    }

    fn check_promises(&self) -> Result<(), Failure> {
        let chronicle = self.chronicle.lock();
        for app in self.phones.iter().map(|phone| &phone.app) {
            for promise in app.promises.values() {
                promise.check(&chronicle).or_else(|what| self.fail(format!("{}: {what}", app.user())))?;
            }
        }
        Ok(())
    }

    /// The gateway holds what living clients need, and no more.
    fn check_no_leaks(&mut self) -> Result<(), Failure> {
        let (calendar, now) = (self.calendar, self.agenda.now());
        let Some(server) = &mut self.server else { return self.fail("the gateway is gone".to_owned()) };
        let mut holdings = server.holdings(calendar, now);
        holdings.outboxes = 0;
        let connections = holdings.connections.len();
        let present: Vec<_> = CHANNELS.iter().map(|channel| server.present(channel)).collect();
        let mut expected = Holdings {
            users: self.phones.len(),
            ..Holdings { connections: holdings.connections.clone(), ..Holdings::default() }
        };
        for (channel, present) in CHANNELS.iter().zip(present) {
            let hears = |phone: &&Phone| phone.app.diaries.get(*channel).is_some_and(|diary| diary.wanted);
            let users: Vec<_> =
                self.phones.iter().filter(hears).map(|phone| phone.app.user().to_owned()).collect();
            let shows = !channel.starts_with("brief") && !channel.starts_with("bare");
            if present != if shows { users.clone() } else { Vec::new() } {
                return self.fail(format!("{channel} is heard by {users:?}, and shows {present:?}"));
            }
            expected.seats.push(((*channel).to_owned(), users.len()));
        }
        expected.seats.retain(|(_, count)| *count > 0);
        expected.seats.sort();
        if holdings != expected || connections != self.phones.len() {
            return self.fail(format!("the gateway holds {holdings:?} for {} phones", self.phones.len()));
        }
        Ok(())
    }

    fn check_nothing_is_left(&mut self) -> Result<(), Failure> {
        let (calendar, now) = (self.calendar, self.agenda.now());
        let Some(server) = &mut self.server else { return self.fail("the gateway is gone".to_owned()) };
        let holdings = server.holdings(calendar, now);
        let present: Vec<_> = CHANNELS.iter().flat_map(|channel| server.present(channel)).collect();
        if holdings != Holdings::default() || !present.is_empty() {
            return self.fail(format!("nobody is left, and the gateway holds {holdings:?}, {present:?}"));
        }
        Ok(())
    }
}
