//! Looking whether everything is as it should be: who is connected, what they have heard, and what the gateway holds.

use super::{
    Failure, World,
    verdict::{ANSWERED_WITHIN, ROUND},
};
use crate::{
    agenda::Time,
    phone::{App, Phone},
    schedule::CHANNELS,
    server::Holdings,
};

/// Channels that show who is present.
const SHOWING: [&str; 2] = ["news", LOBBY];

/// The channel in which everybody is told who comes and goes.
const LOBBY: &str = "lobby:1";

impl World {
    /// A client that was let in has no other connection: it takes over from its former ones.
    pub(super) fn check_alone(&mut self, phone: usize) {
        let Some(server) = &self.server else { return };
        let (connected, phone) = (server.connected(), &self.phones[phone]);
        if let Some(wire) = phone.former_wires().iter().find(|wire| connected.contains(wire)) {
            let user = phone.app.user();
            self.wrong.get_or_insert(format!("{user} is let in, and still connected by socket {}", wire.0));
        }
    }

    /// Everyone is connected, has heard everything and was answered, but those who are spared, and what their tokens keep from them.
    pub(super) fn check_almost_level(
        &self,
        is_spared: impl Fn(usize, &Phone) -> bool,
    ) -> Result<(), Failure> {
        // A token may have run out before it was used: then another is looked for, after a while.
        let is_over =
            |app: &App, channel: &str| app.login.end_of(channel).is_some_and(|end| end <= self.agenda.now());
        self.check_each(is_spared, is_over)
    }

    /// Everyone is connected, has heard everything and was answered.
    pub(super) fn check_level(&self) -> Result<(), Failure> {
        self.check_each(|_, _| false, |_, _| false)
    }

    fn check_each(
        &self,
        is_spared: impl Fn(usize, &Phone) -> bool,
        is_kept_from: impl Fn(&App, &str) -> bool,
    ) -> Result<(), Failure> {
        let chronicle = self.chronicle.lock();
        if let Some(wrong) = chronicle.wrongs().first() {
            return self.fail(wrong.clone());
        }
        let long_ago = Time(self.agenda.now().0 - ANSWERED_WITHIN);
        let phones = self.phones.iter().enumerate().filter(|(number, phone)| !is_spared(*number, phone));
        for app in phones.map(|(_, phone)| &phone.app) {
            if !app.is_online() {
                return self.fail(format!("{} is not online", app.user()));
            }
            if let Some(promise) = app.owed(long_ago) {
                return self.fail(format!("{}: {} is not answered", app.user(), promise.key));
            }
            let heard = app.diaries.iter().filter(|(channel, _)| !is_kept_from(app, channel));
            for (_, diary) in heard {
                diary.check_level(&chronicle).or_else(|what| self.fail(format!("{}: {what}", app.user())))?;
            }
        }
        Ok(())
    }

    /// Each command was settled, and happened as often as that says.
    pub(super) fn check_promises(&self) -> Result<(), Failure> {
        let chronicle = self.chronicle.lock();
        for app in self.phones.iter().map(|phone| &phone.app) {
            for promise in app.orders.all() {
                promise.check(&chronicle).or_else(|what| self.fail(format!("{}: {what}", app.user())))?;
            }
        }
        Ok(())
    }

    /// The gateway holds what living clients need, and no more.
    pub(super) fn check_no_leaks(&mut self) -> Result<(), Failure> {
        let (calendar, now) = (self.calendar, self.agenda.now());
        let Some(server) = &mut self.server else { return self.fail("the gateway is gone".to_owned()) };
        let held = Holdings { outboxes: 0, ..server.holdings(calendar, now) };
        for channel in CHANNELS {
            let (present, listeners) = (self.present(channel), self.listeners(channel));
            let shown = if SHOWING.contains(&channel) { listeners.clone() } else { Vec::new() };
            if present != shown {
                return self.fail(format!("{channel} is heard by {listeners:?}, and shows {present:?}"));
            }
        }
        let expected = self.expected();
        if held != expected {
            return self.fail(format!("the gateway holds {held:?}, and needs {expected:?}"));
        }
        Ok(())
    }

    /// Somebody goes and comes back, and all the others who are there are told.
    pub(super) fn check_movements(&mut self) -> Result<(), Failure> {
        let hears = |phone: &Phone| phone.app.diaries.get(LOBBY).is_some_and(|diary| diary.wanted);
        let listeners: Vec<_> =
            (0..self.phones.len()).filter(|number| hears(&self.phones[*number])).collect();
        let Some((&mover, others)) = listeners.split_first() else { return Ok(()) };
        let moves: [fn(&mut Self, usize); 2] = [
            |world, phone| world.unsubscribe(phone, LOBBY),
            |world, phone| world.subscribe(phone, LOBBY, true),
        ];
        for step in moves {
            step(self, mover);
            self.run_until(self.agenda.now() + ROUND)?;
            let chronicle = self.chronicle.lock();
            let is_told = |other: &&usize| self.phones[**other].app.diaries[LOBBY].heard_last(&chronicle);
            if let Some(other) = others.iter().find(|other| !is_told(other)) {
                return self.fail(format!("user{other} was not told who moved in {LOBBY}"));
            }
        }
        Ok(())
    }

    /// Nobody is connected, and nothing is left of anybody.
    pub(super) fn check_nothing_is_left(&mut self) -> Result<(), Failure> {
        let (calendar, now) = (self.calendar, self.agenda.now());
        let Some(server) = &mut self.server else { return self.fail("the gateway is gone".to_owned()) };
        let held = server.holdings(calendar, now);
        let present: Vec<_> = CHANNELS.iter().flat_map(|channel| self.present(channel)).collect();
        if held != Holdings::default() || !present.is_empty() {
            return self.fail(format!("nobody is left, and the gateway holds {held:?}, {present:?}"));
        }
        match self.phones.iter().find(|phone| phone.sockets() > 0) {
            Some(phone) => self.fail(format!("{} keeps {} sockets", phone.app.user(), phone.sockets())),
            None => Ok(()),
        }
    }

    /// What the gateway has to hold for those who are there now.
    fn expected(&self) -> Holdings {
        let mut connected: Vec<_> = self.phones.iter().filter_map(Phone::wire).collect();
        connected.sort();
        let heard = self.phones.iter().flat_map(|phone| phone.app.diaries.iter());
        let mut channels: Vec<_> =
            heard.filter(|(_, diary)| diary.wanted).map(|(channel, _)| channel.clone()).collect();
        channels.sort();
        let mut seats: Vec<(String, usize)> = Vec::new();
        for channel in channels {
            match seats.last_mut().filter(|(last, _)| *last == channel) {
                Some((_, count)) => *count += 1,
                None => seats.push((channel, 1)),
            }
        }
        let count = self.phones.len();
        Holdings {
            connected,
            connections: count,
            users: count,
            devices: count,
            successions: 0,
            channels: seats.iter().map(|(channel, _)| channel.clone()).collect(),
            seats,
            outboxes: 0,
        }
    }

    fn present(&self, channel: &str) -> Vec<String> {
        self.server.as_ref().map(|server| server.present(channel)).unwrap_or_default()
    }

    /// The users that want to hear a channel.
    fn listeners(&self, channel: &str) -> Vec<String> {
        let hears = |phone: &&Phone| phone.app.diaries.get(channel).is_some_and(|diary| diary.wanted);
        self.phones.iter().filter(hears).map(|phone| phone.app.user().to_owned()).collect()
    }
}
