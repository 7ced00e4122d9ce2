//! The backend: answers requests late or not at all, does once what has one key, and writes down what it did.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use suona_protocol::Payload;
use suona_server::{
    backend::{Advice, Consultation, Granted, Inquiry, Visit},
    broker::Answer,
};

use crate::{
    agenda::Agenda,
    chronicle::{Deed, Life, SharedChronicle},
    seed::Dice,
    world::Event,
};

/// How long the backend works for a call at most, and what its answer takes on its way, in milliseconds.
const LONGEST_WORK: u64 = 9_000;
const LONGEST_WORD: u64 = 40;

/// What a call to the backend takes at most, in milliseconds.
pub const LONGEST_CALL: u64 = LONGEST_WORK + LONGEST_WORD;

/// The backend, which outlives every gateway.
pub struct Office {
    chronicle: SharedChronicle,
    dice: Dice,
    /// Questions that just came in.
    mail: Arc<Mutex<Vec<Call>>>,
    /// Those being worked on, by their numbers.
    calls: BTreeMap<usize, Call>,
    next: usize,
    /// Whether it works as it should.
    is_well: bool,
    /// What it did under which key, for which life of the gateway: once is enough.
    done: BTreeSet<(String, Life)>,
    /// It remembers keys longer than the gateway lives, as a good backend does; others lose them with it.
    remembers: bool,
}

struct Call {
    life: Life,
    key: String,
    data: Payload,
    /// Which of the deeds under this key it is, once noted.
    deed: usize,
    answer: Answer<Advice>,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The backend does what it was asked.
    Do,
    /// The gateway hears of it.
    Tell,
    /// The gateway hears that there is no answer.
    Fail,
}

impl Office {
    /// A backend that works.
    pub fn new(chronicle: SharedChronicle, mut dice: Dice) -> Self {
        let (mail, calls) = (Arc::default(), BTreeMap::new());
        let remembers = dice.chance(50);
        Self { chronicle, dice, mail, calls, next: 0, is_well: true, done: BTreeSet::new(), remembers }
    }

    /// The webhooks of one life of the gateway.
    pub fn webhook(
        &self,
        life: Life,
    ) -> impl Fn(Consultation, Visit, Answer<Advice>) + Send + Sync + 'static {
        let mail = self.mail.clone();
        move |consultation, _, answer| {
            let Inquiry::Rpc { data, idempotency_key, .. } = consultation.inquiry else {
                return answer.give(Ok(Advice::Unavailable));
            };
            let data = data.unwrap_or_else(|| "null".into());
            let call = Call { life, key: idempotency_key, data, deed: 0, answer };
            mail.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        }
    }

    /// Begins to work on what came in.
    pub fn open_mail(&mut self, agenda: &mut Agenda<Event>) {
        let mail = std::mem::take(&mut *self.mail.lock().unwrap_or_else(PoisonError::into_inner));
        for mut call in mail {
            call.deed = self.chronicle.lock().begin_deed(&call.key, call.life);
            self.calls.insert(self.next, call);
            self.plan(self.next, agenda);
            self.next += 1;
        }
    }

    /// Takes a step with a call.
    pub fn step(&mut self, number: usize, step: Step) {
        let Some(call) = self.calls.get(&number) else { return };
        let (key, deed, life) = (call.key.clone(), call.deed, call.life);
        let mark = |mark: fn(&mut Deed)| self.chronicle.lock().mark_deed(&key, deed, mark);
        match step {
            Step::Do => {
                if self.done.insert((key.clone(), if self.remembers { 0 } else { life })) {
                    mark(|deed| deed.done = true);
                }
            }
            Step::Tell => mark(|deed| deed.told = Some(true)),
            Step::Fail => mark(|deed| deed.told = Some(false)),
        }
        if step != Step::Do
            && let Some(Call { data, answer, .. }) = self.calls.remove(&number)
        {
            answer.give(Ok(match step {
                Step::Tell => Advice::Granted(Granted::Rpc(Some(data))),
                _ => Advice::Unavailable,
            }));
        }
    }

    /// From now on it works as it should, or not.
    pub fn set_well(&mut self, is_well: bool) {
        self.is_well = is_well;
    }

    /// Most calls take some milliseconds, some take seconds; a sick backend fails before it did its work, or after.
    fn plan(&mut self, number: usize, agenda: &mut Agenda<Event>) {
        let work = if self.dice.chance(10) {
            self.dice.between(500, LONGEST_WORK)
        } else {
            self.dice.between(2, 200)
        };
        let (does, tells) = match self.is_well {
            true => (true, true),
            false => (self.dice.chance(60), self.dice.chance(30)),
        };
        if does {
            agenda.after(work, Event::Office(number, Step::Do));
        }
        let last = if does && tells { Step::Tell } else { Step::Fail };
        agenda.after(work + self.dice.between(1, LONGEST_WORD), Event::Office(number, last));
    }
}
