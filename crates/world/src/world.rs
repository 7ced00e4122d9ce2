//! The loop: one thing happens after another, and after each the judge looks whether everything still holds.

mod fate;
mod gateway;
mod inspection;
mod verdict;
mod wires;

use std::sync::Arc;

use suona_server::session::Rules;

use crate::{
    agenda::{Agenda, Calendar, Time},
    chronicle::SharedChronicle,
    network::{Direction, Network, Packet, WireId},
    office::{Office, Step},
    phone::{Phone, Reach},
    schedule::{Happening, Schedule},
    seed::Dice,
    server::{Inbound, SHARDS, Server},
    tally::Tally,
    trace::Trace,
};

pub use verdict::{Failure, LEVEL_WITHIN};
use wires::Wires;

/// What can be due.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// People or fate do something.
    Happens(Happening),
    /// A packet reaches an end of a socket.
    Arrives(WireId, Direction),
    /// A shard of the gateway makes a turn.
    Turn(usize),
    /// A client asked to be woken.
    Wake(usize),
    /// A phone's login answers.
    Token(usize, u64),
    /// The backend goes on with a call.
    Office(usize, Step),
    /// A phone's system waits no longer for the end of a socket.
    Abandon(usize, WireId),
    /// A phone's system lets an app stand still that is hidden for the so manieth time.
    Suspend(usize, u32),
    /// The gateway starts.
    Boot,
    /// The time for draining is over in a life of the gateway; it is back after so many milliseconds.
    Drained(usize, u64),
    /// The gateway frees what has run out.
    Sweep,
}

/// Phones, a network, a gateway and a backend.
pub struct World {
    seed: u64,
    agenda: Agenda<Event>,
    network: Network,
    rules: Arc<Rules>,
    calendar: Calendar,
    chronicle: SharedChronicle,
    server: Option<Server>,
    is_draining: bool,
    office: Office,
    /// The devices.
    pub phones: Vec<Phone>,
    /// When each shard makes its next turn, and whether that is because of work.
    turns: [Option<(Time, bool)>; SHARDS],
    /// How long shards take to get round to something.
    laziness: Dice,
    /// For what fate leaves open.
    whims: Dice,
    /// The number of the last message: each has one of its own.
    numbers: u64,
    /// What happened, for people.
    pub trace: Trace,
    /// What was seen, and how often.
    pub tally: Tally,
    /// The first rule that was broken.
    wrong: Option<String>,
}

/// How often the gateway frees what has run out.
const SWEEP: u64 = 5_000;

impl World {
    /// The world of a seed in which nothing happened yet but that its gateway runs.
    pub fn new(seed: u64, phones: usize, rules: &Arc<Rules>) -> Self {
        let dice = Dice::new(seed);
        let chronicle = SharedChronicle::default();
        let office = Office::new(chronicle.clone(), dice.branch("office"));
        let devices = (0..phones).map(|number| Phone::new(number, dice.branch(("phone", number))));
        let mut world = Self {
            seed,
            agenda: Agenda::default(),
            network: Network::new(phones, dice.branch("network")),
            rules: rules.clone(),
            calendar: Calendar::begin(),
            chronicle,
            server: None,
            is_draining: false,
            office,
            phones: devices.collect(),
            turns: [None; SHARDS],
            laziness: dice.branch("laziness"),
            whims: dice.branch("whims"),
            numbers: 0,
            trace: Trace::default(),
            tally: Tally::default(),
            wrong: None,
        };
        world.boot();
        world.agenda.after(SWEEP, Event::Sweep);
        world
    }

    /// Lives through the whole schedule of a seed, to the end of every connection.
    pub fn live(seed: u64, rules: &Arc<Rules>, trace: Trace) -> (Self, Result<(), Failure>) {
        let (mut world, end) = Self::scheduled(seed, rules);
        world.trace = trace;
        let verdict = world.live_through(end);
        (world, verdict)
    }

    /// The world of a seed with everything planned that happens in it, and when that ends.
    fn scheduled(seed: u64, rules: &Arc<Rules>) -> (Self, Time) {
        let schedule = Schedule::draw(&mut Dice::new(seed).branch("schedule"));
        let mut world = Self::new(seed, schedule.phones, rules);
        for (at, happening) in schedule.plan {
            world.plan(at, happening);
        }
        (world, schedule.end)
    }

    /// What the clients of a seed that speak JSON were told and did.
    pub fn recorded(seed: u64, rules: &Arc<Rules>) -> Vec<String> {
        let (mut world, end) = Self::scheduled(seed, rules);
        world.phones.iter_mut().for_each(Phone::record);
        world.live_through(end).unwrap_or_else(|failure| panic!("{failure}"));
        world.phones.iter_mut().flat_map(Phone::finish_transcripts).collect()
    }

    /// Notes that something happens then.
    pub fn plan(&mut self, at: Time, happening: Happening) {
        self.agenda.at(at, Event::Happens(happening));
    }

    /// Lets time pass until then. Stops where something broke a rule.
    pub fn run_until(&mut self, end: Time) -> Result<(), Failure> {
        while let Some(event) = self.agenda.next(end) {
            self.chronicle.advance(self.agenda.now());
            self.handle(event);
            self.office.open_mail(&mut self.agenda);
            self.rouse();
            self.look()?;
        }
        self.chronicle.advance(self.agenda.now());
        Ok(())
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Happens(happening) => self.befall(happening),
            Event::Arrives(wire, to) => self.arrive(wire, to),
            Event::Turn(shard) => self.turn(shard),
            Event::Wake(phone) => self.with_phone(phone, Phone::woke),
            Event::Token(phone, ask) => self.find_token(phone, ask, false),
            Event::Office(call, step) => {
                self.trace.note(self.agenda.now(), || format!("backend  {step:?} call {call}"));
                self.office.step(call, step);
            }
            Event::Abandon(phone, wire) => {
                self.with_phone(phone, |phone, reach| phone.abandon(wire, reach));
            }
            Event::Suspend(phone, hides) => self.suspend(phone, hides),
            Event::Boot => self.boot(),
            Event::Drained(life, away) => self.drained(life, away),
            Event::Sweep => {
                if let Some(server) = &self.server {
                    server.sweep(self.calendar, self.agenda.now());
                }
                self.agenda.after(SWEEP, Event::Sweep);
            }
        }
    }

    fn arrive(&mut self, wire: WireId, to: Direction) {
        let Some(packet) = self.network.receive(wire, to, &self.agenda) else { return };
        let phone = self.network.phone(wire);
        let arrow = if to == Direction::Up { "->" } else { "<-" };
        self.trace.note(self.agenda.now(), || format!("phone {phone}  {arrow} socket {}: {packet}", wire.0));
        match to {
            Direction::Up => self.serve(wire, packet),
            Direction::Down => {
                if let (Packet::Bytes(_), Some(server)) = (&packet, &mut self.server)
                    && let Some(owner) = server.owner(wire)
                {
                    server.host(owner).hear(wire, Inbound::Writable);
                }
                self.with_phone(phone, |phone, reach| phone.receive(wire, packet, reach));
            }
        }
    }

    fn with_phone(&mut self, phone: usize, act: impl FnOnce(&mut Phone, &mut Reach<'_>)) {
        let Self { agenda, network, chronicle, trace, tally, .. } = self;
        act(&mut self.phones[phone], &mut Reach { agenda, network, chronicle, trace, tally });
        if self.phones[phone].app.take_greeting() {
            self.check_alone(phone);
        }
    }

    fn find_token(&mut self, phone: usize, ask: u64, is_sure: bool) {
        let now = self.agenda.now();
        let found = self.phones[phone].app.token(ask, is_sure, now, &mut self.whims);
        if let Some(input) = found {
            self.with_phone(phone, |phone, reach| phone.tell(input, reach));
        }
    }
}
