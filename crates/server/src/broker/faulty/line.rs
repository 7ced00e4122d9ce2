//! The line to a distant engine: what is on it, and what happens on it next.

use std::collections::VecDeque;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::sync::mpsc;

use crate::{broker::MemoryBroker, hub::Delivery};

/// How probable it is that a step mends a broken line.
const MENDING: f64 = 0.25;

/// What a line does besides delaying.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// How probable it is, from 0 to 1, that a publication comes again later; only one that has an offset,
    /// since no listener could tell another from a new one.
    pub repeat: f64,
    /// Whether deliveries of one channel overtake each other.
    pub reorder: bool,
    /// How probable it is, from 0 to less than 1, that a step breaks the line.
    pub disconnect: f64,
}

/// What is on the line.
pub(super) struct Line {
    dice: StdRng,
    connected: bool,
    questions: VecDeque<Question>,
    answers: Vec<Reply>,
    deliveries: Vec<Underway>,
    /// Where the engine puts what it delivers.
    engine: mpsc::Receiver<Delivery>,
}

/// To be carried out by the engine.
pub(super) type Question = Box<dyn FnOnce(&MemoryBroker) + Send>;

/// Gives an answer; dropped, it gives that the engine is unreachable.
pub(super) type Reply = Box<dyn FnOnce() + Send>;

struct Underway {
    delivery: Delivery,
    /// Whether it came before; nothing comes a third time.
    again: bool,
}

/// What a step does, decided under the line's lock and done outside of it: answers may ask again.
pub(super) enum Event {
    Ask(Question),
    Answer(Reply),
    Deliver(Delivery),
    Lose { questions: VecDeque<Question>, answers: Vec<Reply> },
    Mend,
}

impl Line {
    /// An empty line, with the engine's deliveries coming from `engine`.
    pub(super) fn new(seed: u64, engine: mpsc::Receiver<Delivery>) -> Self {
        Self {
            dice: StdRng::seed_from_u64(seed),
            connected: true,
            questions: VecDeque::new(),
            answers: Vec::new(),
            deliveries: Vec::new(),
            engine,
        }
    }

    /// Whether it is whole.
    pub(super) fn is_connected(&self) -> bool {
        self.connected
    }

    /// Puts a question on it, after all others.
    pub(super) fn ask(&mut self, question: Question) {
        self.questions.push_back(question);
    }

    /// Puts an answer on it.
    pub(super) fn answer(&mut self, reply: Reply) {
        self.answers.push(reply);
    }

    /// Takes what happens next off the line; `None` if nothing is left on it, and it is whole.
    pub(super) fn next(&mut self, faults: Faults) -> Option<Event> {
        while let Ok(delivery) = self.engine.try_recv() {
            self.deliveries.push(Underway { delivery, again: false });
        }
        if !self.connected {
            self.connected = self.dice.random_bool(MENDING);
            return Some(if self.connected { Event::Mend } else { self.disconnect() });
        }
        let asked = usize::from(!self.questions.is_empty());
        let total = asked + self.answers.len() + self.deliveries.len();
        if total == 0 {
            return None;
        }
        if self.dice.random_bool(faults.disconnect) {
            return Some(self.disconnect());
        }
        let chosen = self.dice.random_range(0..total);
        if chosen < self.answers.len() {
            return Some(Event::Answer(self.answers.remove(chosen)));
        }
        let chosen = chosen - self.answers.len();
        if chosen < self.deliveries.len() {
            return Some(Event::Deliver(self.deliver(chosen, faults)));
        }
        self.questions.pop_front().map(Event::Ask)
    }

    fn deliver(&mut self, chosen: usize, faults: Faults) -> Delivery {
        let channel = self.deliveries[chosen].delivery.channel();
        let first = self.deliveries.iter().position(|underway| underway.delivery.channel() == channel);
        let Underway { delivery, again } =
            self.deliveries.remove(if faults.reorder { chosen } else { first.unwrap_or(chosen) });
        let numbered = matches!(&delivery, Delivery::Publication(it) if it.publication().offset > 0);
        if numbered && !again && self.dice.random_bool(faults.repeat) {
            self.deliveries.push(Underway { delivery: delivery.clone(), again: true });
        }
        delivery
    }

    /// Breaks it, and takes off it what is lost, to be dropped where no lock is held.
    pub(super) fn disconnect(&mut self) -> Event {
        self.connected = false;
        self.deliveries.clear();
        while self.engine.try_recv().is_ok() {}
        let (questions, answers) = (std::mem::take(&mut self.questions), std::mem::take(&mut self.answers));
        Event::Lose { questions, answers }
    }
}
