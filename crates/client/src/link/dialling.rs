//! When a link dials, and how it changes from one state to another.

use std::time::Duration;

use super::{CLOSING, Change, Link, Output, Phase, State, Why};

impl Link {
    /// When something is due, going by the state alone.
    pub(super) fn due(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Offline | Phase::Hidden => None,
            Phase::Waiting { due } | Phase::Opening { due } => Some(*due),
            Phase::Online(liveness) => liveness.due(),
        }
    }

    /// Dials again, after `wait` and a random delay, and not within a second where the device has too many sockets. `None`
    /// is no delay at all.
    pub(super) fn retry(&mut self, reason: &str, why: Why, wait: Option<Duration>) {
        let most = self.rules.max_attempts.or((!self.rules.reconnect).then_some(0));
        if most.is_some_and(|most| self.backoff.attempts() >= most) {
            return self.enter(Phase::Offline, &format!("gave up: {reason}"), why);
        }
        let delay = self.backoff.next(self.moment.luck);
        let pause = wait.map_or(Duration::ZERO, |wait| wait + delay);
        let is_full = why.loss.as_ref().is_some_and(|loss| loss.full);
        let due = self.moment.now + if is_full { pause.max(CLOSING) } else { pause };
        if wait.is_some_and(|wait| !wait.is_zero()) {
            self.not_before = due;
        }
        self.plan(due, reason, why);
    }

    /// Dials as soon as courtesy allows.
    pub(super) fn hurry(&mut self, reason: &str) {
        let soonest = self.moment.now.max(self.not_before);
        match self.phase {
            Phase::Waiting { due } if due <= soonest => {}
            _ => self.plan(soonest, reason, Why::default()),
        }
    }

    /// Dials when it is due and there is room for a socket, and never in the background of a device that suspends.
    pub(super) fn plan(&mut self, time: Duration, reason: &str, why: Why) {
        let due = time.max(self.room_at);
        if self.hidden_at.is_some() && self.rules.habits.suspends {
            self.enter(Phase::Hidden, reason, why);
        } else if due > self.moment.now {
            self.enter(Phase::Waiting { due }, reason, why);
        } else {
            self.dial(reason, why);
        }
    }

    pub(super) fn dial(&mut self, reason: &str, why: Why) {
        let now = self.moment.now;
        self.not_before = now + CLOSING;
        self.generation += 1;
        self.enter(Phase::Opening { due: now + self.rules.open_timeout }, reason, why);
        self.current = Some(self.generation);
        self.outputs.push_back(Output::Dial { generation: self.generation });
    }

    /// Lets go of the current socket, if there is one.
    pub(super) fn release(&mut self, reason: &str, code: Option<u16>) {
        let Some(generation) = self.current else { return };
        // One may be closing while the next opens.
        self.room_at = self.released_at + CLOSING;
        self.released_at = self.moment.now;
        let (code, reason) = (code.unwrap_or(1000), short(reason));
        self.outputs.push_back(Output::Close { generation, code, reason });
        self.leave();
    }

    /// The connection is over; if it has held, what failed before it is forgotten.
    pub(super) fn leave(&mut self) {
        if matches!(&self.phase, Phase::Online(liveness) if liveness.has_held(self.moment.now)) {
            self.backoff.reset();
        }
        self.current = None;
    }

    pub(super) fn enter(&mut self, phase: Phase, reason: &str, Why { loss, fault }: Why) {
        self.phase = phase;
        let change = Change { state: self.state(), reason: reason.to_owned(), loss, fault };
        self.outputs.push_back(Output::Changed(change));
    }

    pub(super) fn state(&self) -> State {
        match &self.phase {
            Phase::Offline => State::Offline,
            Phase::Hidden => State::Hidden,
            Phase::Waiting { due } => State::Waiting { until: *due },
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
