//! The network between phones and the server: it delays, falls silent in one direction, breaks, and tells of that or
//! not. What is sent on one socket arrives in order; sockets overtake each other freely.

mod way;

use suona_client::client::Language;

use crate::{agenda::Agenda, seed::Dice, world::Event};

pub use way::{Flow, Packet};

use way::Way;

/// One socket, from its dial on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WireId(pub usize);

/// Which way something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the server.
    Up,
    /// To the phone.
    Down,
}

/// What the network does to those who dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dials {
    /// They get through.
    Pass,
    /// They fail at once.
    Fail,
    /// Nothing is heard of them.
    Vanish,
}

/// The network as one phone finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// How many milliseconds a packet takes, at least and at most.
    pub lag: (u64, u64),
    /// How dials fare.
    pub dials: Dials,
    /// Bytes that arrive in a second, at most; 0 for no limit.
    pub rate: u64,
}

impl Weather {
    /// A good day.
    pub const FAIR: Weather = Weather { lag: (5, 80), dials: Dials::Pass, rate: 0 };
}

/// All sockets that ever were, and the weather.
#[derive(Debug)]
pub struct Network {
    dice: Dice,
    wires: Vec<Wire>,
    /// By phone.
    weather: Vec<Weather>,
}

#[derive(Debug)]
struct Wire {
    phone: usize,
    up: Way,
    down: Way,
}

impl Network {
    /// A network without sockets, in fair weather.
    pub fn new(phones: usize, dice: Dice) -> Self {
        Self { dice, wires: Vec::new(), weather: vec![Weather::FAIR; phones] }
    }

    /// A phone dials, to speak this language.
    pub fn dial(&mut self, phone: usize, language: Language, agenda: &mut Agenda<Event>) -> WireId {
        let id = WireId(self.wires.len());
        self.wires.push(Wire { phone, up: Way::default(), down: Way::default() });
        match self.weather[phone].dials {
            Dials::Pass => self.send(id, Direction::Up, Packet::Dial(language), agenda),
            Dials::Fail => self.cut(id, true, false, agenda),
            Dials::Vanish => self.cut(id, false, false, agenda),
        }
        id
    }

    /// Sends something; it arrives, if it does, as [`Event::Arrives`].
    pub fn send(&mut self, id: WireId, to: Direction, packet: Packet, agenda: &mut Agenda<Event>) {
        let wire = &mut self.wires[id.0];
        let weather = self.weather[wire.phone];
        let lag = self.dice.between(weather.lag.0, weather.lag.1);
        let crawl = (packet.size() as u64 * 1000).checked_div(weather.rate).unwrap_or(0);
        let way = wire.way(to);
        if let Some(due) = way.send(packet, agenda.now() + lag, crawl) {
            agenda.at(due, Event::Arrives(id, to));
        }
    }

    /// What has arrived at an end by now: one packet for each [`Event::Arrives`].
    pub fn receive(&mut self, id: WireId, to: Direction, agenda: &Agenda<Event>) -> Option<Packet> {
        self.wires[id.0].way(to).receive(agenda.now())
    }

    /// How many more bytes the system of the server takes for a phone.
    pub fn room(&self, id: WireId) -> usize {
        self.wires[id.0].down.room()
    }

    /// Whose socket it is.
    pub fn phone(&self, id: WireId) -> usize {
        self.wires[id.0].phone
    }

    /// Whether nothing will ever be heard on a phone's end of it again.
    pub fn is_dead(&self, id: WireId) -> bool {
        self.wires[id.0].down.flow == Flow::Dead
    }

    /// Breaks a socket. Each end hears of it, or does not.
    pub fn cut(&mut self, id: WireId, tell_phone: bool, tell_server: bool, agenda: &mut Agenda<Event>) {
        for (to, is_told) in [(Direction::Down, tell_phone), (Direction::Up, tell_server)] {
            self.wires[id.0].way(to).die();
            if is_told {
                self.reset(id, to, agenda);
            }
        }
    }

    /// From now on nothing arrives at that end, though nothing is lost yet.
    pub fn hush(&mut self, id: WireId, to: Direction) {
        self.wires[id.0].way(to).hush();
    }

    /// From now on it is this weather for a phone.
    pub fn change(&mut self, phone: usize, weather: Weather) {
        self.weather[phone] = weather;
    }

    /// The sockets of a phone that may still live.
    pub fn wires_of(&self, phone: usize) -> Vec<WireId> {
        let numbered = self.wires.iter().enumerate();
        numbered
            .filter(|(_, wire)| wire.phone == phone && wire.is_alive())
            .map(|(id, _)| WireId(id))
            .collect()
    }

    /// What was held back for a phone arrives.
    pub fn unhush(&mut self, phone: usize, agenda: &mut Agenda<Event>) {
        for id in self.wires_of(phone) {
            for to in [Direction::Up, Direction::Down] {
                for due in self.wires[id.0].way(to).unhush(agenda.now()) {
                    agenda.at(due, Event::Arrives(id, to));
                }
            }
        }
    }

    /// The faults end: the weather is fair, silence is over, and who holds a dead socket learns it, unless that is one
    /// of those that stay as they are: nobody is ever told, as when a router has forgotten a connection.
    pub fn heal(&mut self, agenda: &mut Agenda<Event>) {
        for phone in 0..self.weather.len() {
            self.weather[phone] = Weather::FAIR;
            self.hurry(phone, agenda);
            self.unhush(phone, agenda);
        }
        for id in (0..self.wires.len()).map(WireId) {
            let is_told = self.dice.chance(50);
            for to in [Direction::Up, Direction::Down].into_iter().filter(|_| is_told) {
                if self.wires[id.0].way(to).flow == Flow::Dead {
                    self.reset(id, to, agenda);
                }
            }
        }
    }

    /// What is still on its way for a phone arrives soon, and not as late as it would in the weather that was.
    fn hurry(&mut self, phone: usize, agenda: &mut Agenda<Event>) {
        for id in self.wires_of(phone) {
            for to in [Direction::Up, Direction::Down] {
                let due = agenda.now() + self.dice.between(1, 50);
                for _ in 0..self.wires[id.0].way(to).hurry(due) {
                    agenda.at(due, Event::Arrives(id, to));
                }
            }
        }
    }

    fn reset(&mut self, id: WireId, to: Direction, agenda: &mut Agenda<Event>) {
        let lag = self.dice.between(1, 50);
        let due = self.wires[id.0].way(to).reset(agenda.now() + lag);
        agenda.at(due, Event::Arrives(id, to));
    }
}

impl Wire {
    fn way(&mut self, to: Direction) -> &mut Way {
        match to {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }

    fn is_alive(&self) -> bool {
        self.up.is_alive() || self.down.is_alive()
    }
}
