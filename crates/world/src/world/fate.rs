//! Carrying out what the schedule says.

use std::time::Duration;

use suona_client::link::Input as LinkInput;

use super::{Event, World};
use crate::{
    judge::Act,
    network::{Dials, Direction, Packet, Weather},
    phone::Phone,
    schedule::{Happening, LAST_CLOSES},
    server::SHARDS,
};

/// How long after it was hidden an app stands still.
const SUSPENDED_AFTER: u64 = 5_000;

impl World {
    /// Something happens.
    pub fn befall(&mut self, happening: Happening) {
        self.trace.note(self.agenda.now(), || format!("fate     {happening:?}"));
        match happening {
            Happening::Start(phone) => self.with_phone(phone, Phone::start),
            Happening::Stop(phone) => self.with_phone(phone, Phone::stop),
            Happening::Relaunch(phone) => self.with_phone(phone, Phone::relaunch),
            Happening::Subscribe(phone, channel, goes_on) => self.subscribe(phone, channel, goes_on),
            Happening::Unsubscribe(phone, channel) => self.unsubscribe(phone, channel),
            Happening::Command(phone, act, ttl) => self.command(phone, act, ttl),
            Happening::Hide(phone) => self.hide(phone),
            Happening::Show(phone) => self.show(phone),
            Happening::Cut(phone, tell_phone, tell_server) => self.cut_all(phone, tell_phone, tell_server),
            Happening::Hush(phone, to) => self.hush(phone, to),
            Happening::Unhush(phone) => self.network.unhush(phone, &mut self.agenda),
            Happening::Move(phone, weather, is_told) => self.relocate(phone, weather, is_told),
            Happening::Disconnect(phone) => self.disconnect(phone),
            Happening::Expel(phone, channel) => self.expel(phone, channel),
            Happening::Publish(channel, count, padding) => self.publish(channel, count, padding),
            Happening::PublishTwice(channel) => self.publish_twice(channel),
            Happening::Lose(channel) => self.lose(channel),
            Happening::Office(is_well) => self.office.set_well(is_well),
            Happening::Restart(away, is_told) => self.end_gateway(away, is_told),
            Happening::Drain(over, away) => self.drain(over, away),
        }
    }

    /// An app wants to hear a channel, if it may do something.
    pub(super) fn subscribe(&mut self, phone: usize, channel: &str, goes_on: bool) {
        self.if_shown(phone, |phone, reach| {
            if let Some(input) = phone.app.subscribe(channel, goes_on) {
                phone.tell(input, reach);
            }
        });
    }

    /// An app wants to hear a channel no more, if it may do something.
    pub(super) fn unsubscribe(&mut self, phone: usize, channel: &str) {
        self.if_shown(phone, |phone, reach| {
            if let Some(input) = phone.app.unsubscribe(channel) {
                phone.tell(input, reach);
            }
        });
    }

    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn suspend(&mut self, phone: usize, hides: u32) {
        if !self.phones[phone].is_hidden_for(hides) {
            return;
        }
        self.trace.note(self.agenda.now(), || format!("phone {phone}  stands still"));
        self.phones[phone].suspend();
        if self.whims.chance(60) {
            let tell_server = self.whims.chance(50);
            self.cut_all(phone, false, tell_server);
        }
    }

    pub(super) fn drained(&mut self, life: usize, away: u64) {
        if self.is_draining && self.chronicle.lock().lives() == life {
            self.end_gateway(away, true);
        }
    }

    /// Ends the gateway's process; the system tells those who are still connected, or the machine is gone too.
    pub(super) fn end_gateway(&mut self, away: u64, is_told: bool) {
        let Some(server) = self.server.take() else { return };
        self.tally.counted(&server.counted());
        self.tally.strayed(server.strays());
        self.trace.note(self.agenda.now(), || "gateway  ends");
        for wire in server.wires().into_iter().filter(|_| is_told) {
            self.network.send(wire, Direction::Down, Packet::Gone, &mut self.agenda);
        }
        self.turns = Default::default();
        self.agenda.after(away, Event::Boot);
    }

    fn if_shown(&mut self, phone: usize, act: impl FnOnce(&mut Phone, &mut crate::phone::Reach<'_>)) {
        if self.phones[phone].is_shown() {
            self.with_phone(phone, act);
        }
    }

    fn command(&mut self, phone: usize, act: Act, ttl: Option<Duration>) {
        let number = self.number();
        self.if_shown(phone, |phone, reach| {
            let input = phone.app.command(act, number, ttl);
            phone.tell(input, reach);
        });
    }

    fn hide(&mut self, number: usize) {
        self.if_shown(number, |phone, reach| {
            let hides = phone.hide(reach);
            if phone.suspends() {
                reach.agenda.after(SUSPENDED_AFTER, Event::Suspend(number, hides));
            }
        });
    }

    fn show(&mut self, phone: usize) {
        self.with_phone(phone, |phone, reach| {
            phone.resume(reach);
            phone.show(reach);
        });
    }

    fn hush(&mut self, phone: usize, to: Direction) {
        for wire in self.network.wires_of(phone) {
            self.network.hush(wire, to);
        }
    }

    fn cut_all(&mut self, phone: usize, tell_phone: bool, tell_server: bool) {
        for wire in self.network.wires_of(phone) {
            self.network.cut(wire, tell_phone, tell_server, &mut self.agenda);
        }
    }

    /// The phone is in another network now: the old sockets are dead.
    fn relocate(&mut self, phone: usize, weather: Weather, is_told: bool) {
        self.network.change(phone, weather);
        if self.whims.chance(30) {
            let tell_phone = self.whims.chance(50);
            self.cut_all(phone, tell_phone, false);
        }
        if is_told {
            let online = self.whims.chance(70).then_some(weather.dials == Dials::Pass);
            self.with_phone(phone, |phone, reach| phone.tell(LinkInput::Network { online }, reach));
        }
    }

    fn publish(&mut self, channel: &'static str, count: u64, padding: usize) {
        let number = self.number();
        if let Some(server) = &self.server {
            let data = format!(r#"{{"n":{number},"pad":"{}"}}"#, "x".repeat(padding));
            server.publish(channel, &data, None);
        }
        if count > 1 {
            let soon = self.whims.between(0, 2);
            self.agenda.after(soon, Event::Happens(Happening::Publish(channel, count - 1, padding)));
        }
    }

    fn publish_twice(&mut self, channel: &str) {
        let number = self.number();
        let Some(server) = &self.server else { return };
        let (data, key) = (format!(r#"{{"n":{number}}}"#), format!("api-{number}"));
        let before = server.publish(channel, &data, Some(&key));
        let after = server.publish(channel, &data, Some(&key));
        let times = self.chronicle.lock().published(channel, &data).len();
        if times != usize::from(before || after) {
            self.wrong.get_or_insert(format!("{key} was published {times} times"));
        }
    }

    fn lose(&mut self, channel: &str) {
        let number = self.number();
        let shard = self.whims.below(SHARDS as u64) as usize;
        if let Some(server) = &mut self.server {
            server.publish_to_all_but(shard, channel, &format!(r#"{{"n":{number}}}"#));
        }
    }

    fn disconnect(&mut self, phone: usize) {
        if let Some(server) = &self.server {
            server.disconnect(self.phones[phone].app.user());
        }
    }

    fn expel(&mut self, phone: usize, channel: &str) {
        let Some(server) = &self.server else { return };
        let phone = &self.phones[phone];
        for wire in phone.wire().iter().chain(phone.former_wires()) {
            self.chronicle.lock().expel(*wire, channel);
        }
        server.unsubscribe(phone.app.user(), channel);
    }

    fn drain(&mut self, over: u64, away: u64) {
        let life = self.chronicle.lock().lives();
        let now = self.calendar.now(self.agenda.now());
        if let Some(server) = self.server.as_mut().filter(|_| !self.is_draining) {
            server.drain(Duration::from_millis(over), now);
            self.is_draining = true;
            self.agenda.after(over + LAST_CLOSES, Event::Drained(life, away));
        }
    }
}
