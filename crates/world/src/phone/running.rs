//! A client that runs: it is woken when it asks for that, told things, and does what it wants done.

use suona_client::{
    Moment,
    client::{Input, Output},
    link::Input as LinkInput,
};

use super::{Phone, Reach};
use crate::{
    agenda::{EPOCH, Time},
    world::Event,
};

/// A machine that wants to be woken at once, so often in a row, turns in circles.
const CIRCLES: usize = 1000;

impl Phone {
    /// Wakes the client for whatever is due by now.
    pub(super) fn catch_up(&mut self, reach: &mut Reach<'_>) {
        let now = reach.agenda.now();
        for _ in 0..CIRCLES {
            let Some(due) = self.deadline().filter(|due| *due <= now) else { return };
            self.time = self.time.max(due);
            self.step(LinkInput::Woke.into(), reach);
        }
        self.app.wrong(&format!("phone {} wants to be woken again and again", self.number));
    }

    pub(super) fn hand_in(&mut self, input: Input, reach: &mut Reach<'_>) {
        self.catch_up(reach);
        self.time = reach.agenda.now();
        self.luck = self.dice.luck();
        if !matches!(input, Input::Link(LinkInput::Received { .. })) {
            reach.trace.note(self.time, || format!("phone {}  hears {input:?}", self.number));
        }
        self.step(input, reach);
    }

    fn step(&mut self, input: Input, reach: &mut Reach<'_>) {
        let moment = Moment { now: EPOCH + self.time.since_begin(), luck: self.luck };
        if let Some(transcript) = self.transcripts.as_mut().and_then(|all| all.last_mut()) {
            transcript.told(&input, moment);
        }
        if let Input::Command { .. } = input {
            self.app.orders.given();
        }
        self.client.handle(input, moment);
        while let Some(output) = self.client.poll() {
            if let Some(transcript) = self.transcripts.as_mut().and_then(|all| all.last_mut()) {
                transcript.did(&output);
            }
            if !matches!(output, Output::Send(_) | Output::Position { .. }) {
                reach.trace.note(self.time, || format!("phone {}  {output:?}", self.number));
            }
            reach.tally.told(&output);
            self.carry_out(output, reach);
        }
        self.app.check_outbox();
    }

    pub(super) fn plan(&mut self, reach: &mut Reach<'_>) {
        let Some(due) = self.deadline().filter(|_| self.asleep.is_none()) else { return };
        if self.planned.is_none_or(|planned| due < planned) {
            self.planned = Some(due);
            reach.agenda.at(due, Event::Wake(self.number));
        }
    }

    fn deadline(&self) -> Option<Time> {
        let due = self.client.deadline()?;
        Some(Time(u64::try_from(due.saturating_sub(EPOCH).as_millis()).unwrap_or(u64::MAX)))
    }
}
