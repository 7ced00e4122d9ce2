//! When a link dials, and how it changes from one state to another.

use std::time::Duration;

use super::{CLOSING, Change, Link, Loss, Output, Phase, SOCKETS, State};

impl Link {
    /// Whether there is a current socket, open or not yet.
    pub(super) fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Opening { .. } | Phase::Online(_))
    }

    pub(super) fn is_asleep(&self) -> bool {
        self.hidden_at.is_some() && (self.rules.habits.suspends || matches!(self.phase, Phase::Hidden))
    }

    /// When something is due, going by the state alone.
    pub(super) fn due(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Offline | Phase::Hidden => None,
            Phase::Waiting { due } => Some((*due).max(self.room_at())),
            Phase::Opening { due } => Some(*due),
            // Nothing can be told of a line, and nothing done about it, while the code may stand still.
            Phase::Online(liveness) => liveness.due().filter(|_| !self.is_asleep()),
        }
    }

    /// When a socket may be opened, going by the sockets that are still closing.
    fn room_at(&self) -> Duration {
        let allowed = self.rules.habits.sockets.unwrap_or(SOCKETS).min(SOCKETS);
        let oldest = self.closing.len().checked_sub(allowed).and_then(|at| self.closing.get(at));
        oldest.map_or(Duration::ZERO, |(_, until)| *until)
    }

    /// Dials again, after `wait` and a random delay.
    pub(super) fn retry(&mut self, reason: &str, wait: Duration, loss: Option<Loss>) {
        let now = self.moment.now;
        if self.rules.max_attempts.is_some_and(|most| self.dials >= most) {
            let reason = format!("gave up after {} attempts: {reason}", self.dials);
            return self.enter(Phase::Offline, &reason, loss);
        }
        if !self.rules.reconnect {
            return self.enter(Phase::Offline, reason, loss);
        }
        let due = now + wait + self.backoff.next(self.moment.luck);
        self.not_before = if wait.is_zero() { now } else { due };
        self.plan(due, reason, loss);
    }

    /// Dials as soon as courtesy allows.
    pub(super) fn hurry(&mut self, reason: &str) {
        let soonest = self.moment.now.max(self.not_before).max(self.last_dial + CLOSING);
        match self.phase {
            Phase::Waiting { due } if due <= soonest => {}
            _ => self.plan(soonest, reason, None),
        }
    }

    /// Dials when it is due and there is room for a socket, and never while the app sleeps.
    pub(super) fn plan(&mut self, due: Duration, reason: &str, loss: Option<Loss>) {
        if self.is_asleep() {
            self.enter(Phase::Hidden, reason, loss);
        } else if due.max(self.room_at()) > self.moment.now {
            self.enter(Phase::Waiting { due }, reason, loss);
        } else {
            self.dial(reason, loss);
        }
    }

    pub(super) fn dial(&mut self, reason: &str, loss: Option<Loss>) {
        let now = self.moment.now;
        self.dials = self.dials.saturating_add(1);
        self.last_dial = now;
        self.generation += 1;
        self.enter(Phase::Opening { due: now + self.rules.open_timeout }, reason, loss);
        self.outputs.push_back(Output::Dial { generation: self.generation });
    }

    /// Lets go of the current socket, if there is one.
    pub(super) fn release(&mut self, reason: &str, code: Option<u16>) {
        if !self.is_connected() {
            return;
        }
        let generation = self.generation;
        self.closing.push((generation, self.moment.now + CLOSING));
        let (code, reason) = (code.unwrap_or(1000), short(reason));
        self.outputs.push_back(Output::Close { generation, code, reason });
        self.leave();
    }

    /// The connection is over; if it has held, what failed before it is forgotten.
    pub(super) fn leave(&mut self) {
        if matches!(&self.phase, Phase::Online(liveness) if liveness.has_held(self.moment.now)) {
            self.begin_anew();
        }
    }

    pub(super) fn begin_anew(&mut self) {
        self.backoff.reset();
        self.dials = 0;
    }

    pub(super) fn enter(&mut self, phase: Phase, reason: &str, loss: Option<Loss>) {
        self.phase = phase;
        let change = Change { state: self.state(), reason: reason.to_owned(), loss };
        self.outputs.push_back(Output::Changed(change));
    }

    pub(super) fn state(&self) -> State {
        match &self.phase {
            Phase::Offline => State::Offline,
            Phase::Hidden => State::Hidden,
            Phase::Waiting { due } => State::Waiting { until: (*due).max(self.room_at()) },
            Phase::Opening { .. } => State::Opening,
            Phase::Online(_) => State::Online,
        }
    }
}

/// As much of a reason as a close frame takes for certain: a UTF-16 unit is never more than three of its 123 bytes.
fn short(reason: &str) -> String {
    let mut units = 0;
    let fits = |one: &char| {
        units += one.len_utf16();
        units <= 41
    };
    reason.chars().take_while(fits).collect()
}
