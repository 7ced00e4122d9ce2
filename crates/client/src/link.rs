//! The reliable connection: when to dial, how long to wait, when to take a silent line for dead.

mod dialling;
mod liveness;
mod options;
mod signals;

use std::{collections::VecDeque, time::Duration};

use crate::{Moment, backoff::Backoff};
use liveness::{Liveness, Suspicion};

pub use options::{Habits, OnHide, Options};
pub use signals::{Change, Frame, Input, Loss, Output, State};

/// A socket that was told to close is given this long to do so; dials at once, for user or network, keep this distance.
const CLOSING: Duration = Duration::from_secs(1);
/// Background after which a suspending platform has killed the socket.
const DEAD_AFTER: Duration = Duration::from_secs(5);
/// How long a socket is kept in the background of a suspending platform, unless the app says otherwise.
const CLOSE_AFTER: Duration = Duration::from_secs(4);
/// What a probe may take, and what may be left to a dial begun on another network.
const PROBE: Duration = Duration::from_secs(3);
/// The same after a change of network: most likely the old path is gone.
const SHORT_PROBE: Duration = Duration::from_secs(2);
/// One socket, and one that is closing.
const SOCKETS: usize = 2;

/// The reliable connection. It knows nothing of what is spoken on it.
///
/// It opens no socket, reads no clock and rolls no dice but those it was given. Sockets are told apart by generations:
/// late news of an old one changes nothing.
#[derive(Debug)]
pub struct Link {
    rules: Options,
    moment: Moment,
    phase: Phase,
    generation: u64,
    /// Sockets that may still be closing, and until when we care.
    closing: Vec<(u64, Duration)>,
    hidden_at: Option<Duration>,
    /// When to lie down, if hidden.
    tuck_at: Option<Duration>,
    last_dial: Duration,
    /// When the peer wants us back.
    not_before: Duration,
    backoff: Backoff,
    /// Dials in a row that came to nothing.
    dials: u32,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
enum Phase {
    Offline,
    Hidden,
    Waiting { due: Duration },
    Opening { due: Duration },
    Online(Liveness),
}

impl Link {
    /// A link that was not started yet.
    pub fn new(rules: Options) -> Self {
        Self {
            backoff: Backoff::new(rules.first_wait, rules.longest_wait),
            rules,
            moment: Moment { now: Duration::ZERO, luck: 0.0 },
            phase: Phase::Offline,
            generation: 0,
            closing: Vec::new(),
            hidden_at: None,
            tuck_at: None,
            last_dial: Duration::ZERO,
            not_before: Duration::ZERO,
            dials: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Takes one thing that happened, and whatever is due by then. Drain [`poll`](Self::poll) before the next.
    pub fn handle(&mut self, input: Input, moment: Moment) {
        self.at(moment);
        self.take(input);
        self.settle_what_is_due();
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to hand in [`Input::Woke`]; `None` for never.
    pub fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::Offline | Phase::Hidden => None,
            _ => self.due().into_iter().chain(self.tuck_at).min(),
        }
    }

    /// From now on it is this moment.
    pub(crate) fn at(&mut self, moment: Moment) {
        self.moment = moment;
        self.closing.retain(|(_, until)| *until > moment.now);
    }

    /// Takes an input, and leaves alone what else is due.
    pub(crate) fn take(&mut self, input: Input) {
        match input {
            Input::Start => self.start(),
            Input::Stop { reason, code } => self.stop(&reason, code),
            Input::Opened { generation } => self.opened(generation),
            Input::Received { generation, frame } => self.received(generation, frame),
            Input::Alive { generation } => {
                self.alive(generation);
            }
            Input::Lost { generation, loss, is_final } => self.lost(generation, loss, is_final),
            Input::Hidden => self.hidden(),
            Input::Shown => self.shown(),
            Input::Network { online } => self.network(online),
            Input::Woke => {}
            Input::Expect { silence } => self.liveness(|liveness| liveness.expect(silence)),
            Input::Settled => self.liveness(Liveness::settle),
            Input::Drop { reason, wait } => self.give_up(&reason, wait),
        }
    }

    pub(crate) fn settle_what_is_due(&mut self) {
        let now = self.moment.now;
        if self.tuck_at.is_some_and(|at| at <= now) {
            self.tuck();
        }
        if self.due().is_none_or(|due| due > now) {
            return;
        }
        match &self.phase {
            Phase::Waiting { .. } => self.dial(&format!("attempt {}", self.dials + 1), None),
            Phase::Opening { .. } => {
                let took = now.saturating_sub(self.last_dial).as_millis();
                self.give_up(&format!("no answer in {took} ms"), Duration::ZERO);
            }
            Phase::Online(liveness) => {
                let (suspicion, silent) = (liveness.suspect(now), liveness.silent_for(now).as_millis());
                self.suspect(suspicion, silent);
            }
            Phase::Offline | Phase::Hidden => {}
        }
    }

    fn start(&mut self) {
        match self.phase {
            Phase::Waiting { .. } => self.hurry("start"),
            Phase::Offline => {
                self.begin_anew();
                self.plan(self.moment.now, "start", None);
            }
            _ => {}
        }
    }

    fn stop(&mut self, reason: &str, code: Option<u16>) {
        if !matches!(self.phase, Phase::Offline) {
            self.release(reason, code);
            self.enter(Phase::Offline, reason, None);
        }
    }

    fn opened(&mut self, generation: u64) {
        if generation == self.generation && matches!(self.phase, Phase::Opening { .. }) {
            self.enter(Phase::Online(Liveness::new(self.moment.now)), "open", None);
        }
    }

    fn received(&mut self, generation: u64, frame: Frame) {
        self.opened(generation); // some devices forget to tell
        if self.alive(generation) {
            self.outputs.push_back(Output::Heard(frame));
        }
    }

    /// The peer gave a sign. True if that counts.
    fn alive(&mut self, generation: u64) -> bool {
        let Phase::Online(liveness) = &mut self.phase else { return false };
        let is_current = generation == self.generation;
        if is_current {
            liveness.hear(self.moment.now);
        }
        is_current
    }

    fn lost(&mut self, generation: u64, loss: Loss, is_final: bool) {
        self.closing.retain(|(closing, _)| *closing != generation);
        if !self.is_connected() || generation != self.generation {
            return;
        }
        let reason = format!("lost while {}: {}", self.state().name(), told(&loss));
        self.leave();
        if is_final {
            self.enter(Phase::Offline, &reason, Some(loss));
        } else {
            let wait = if loss.full { CLOSING } else { Duration::ZERO };
            self.retry(&reason, wait, Some(loss));
        }
    }

    fn hidden(&mut self) {
        let now = self.moment.now;
        if self.hidden_at.is_some() {
            return;
        }
        self.hidden_at = Some(now);
        let suspends = self.rules.habits.suspends;
        let usual = if suspends { OnHide::CloseAfter(CLOSE_AFTER) } else { OnHide::Keep };
        // A dial would fail in the background, half-way too.
        let idle = suspends && !matches!(self.phase, Phase::Online(_));
        self.tuck_at = match self.rules.on_hide.unwrap_or(usual) {
            _ if idle => Some(now),
            OnHide::Keep => None,
            OnHide::CloseAfter(delay) => Some(now + delay),
        };
    }

    fn shown(&mut self) {
        let now = self.moment.now;
        let away = now.saturating_sub(self.hidden_at.take().unwrap_or(now));
        self.tuck_at = None;
        if self.is_connected() {
            if !self.rules.habits.suspends || away < DEAD_AFTER {
                self.probe(PROBE, false);
                return;
            }
            self.release("shown", None);
        } else if matches!(self.phase, Phase::Offline) {
            return;
        }
        self.hurry("shown");
    }

    fn network(&mut self, online: Option<bool>) {
        let now = self.moment.now;
        match &mut self.phase {
            Phase::Online(_) => {
                self.probe(SHORT_PROBE, false);
            }
            _ if online == Some(false) => {}
            Phase::Opening { due } => *due = (*due).min(now + PROBE),
            Phase::Waiting { .. } => self.hurry("network"),
            Phase::Offline | Phase::Hidden => {}
        }
    }

    fn liveness(&mut self, change: impl FnOnce(&mut Liveness)) {
        if let Phase::Online(liveness) = &mut self.phase {
            change(liveness);
        }
    }

    /// Gives the connection up, and dials again.
    fn give_up(&mut self, reason: &str, wait: Duration) {
        if self.is_connected() {
            self.release(reason, None);
            self.retry(reason, wait, None);
        }
    }

    /// Lies down until the app is shown.
    fn tuck(&mut self) {
        self.tuck_at = None;
        if !matches!(self.phase, Phase::Offline | Phase::Hidden) {
            self.release("hidden", None);
            self.enter(Phase::Hidden, "hidden", None);
        }
    }

    /// The peer was silent for too long.
    fn suspect(&mut self, suspicion: Suspicion, silent: u128) {
        let asked = match suspicion {
            Suspicion::Ask { again } => self.probe(PROBE, again),
            Suspicion::Dead => false,
        };
        if !asked {
            self.give_up(&format!("nothing heard for {silent} ms"), Duration::ZERO);
        }
    }

    /// Asks the peer for a sign, unless it has been asked. True if it was asked now.
    fn probe(&mut self, limit: Duration, again: bool) -> bool {
        let can = self.rules.probes && !self.is_asleep();
        let Phase::Online(liveness) = &mut self.phase else { return false };
        let asks = can && liveness.ask(self.moment.now, limit, again);
        if asks {
            self.outputs.push_back(Output::Probe);
        }
        asks
    }
}

/// Why a socket is gone, in words.
fn told(Loss { code, reason, .. }: &Loss) -> String {
    match (code.filter(|code| *code != 0), reason.as_str()) {
        (None, "") => "no reason".to_owned(),
        (None, reason) => reason.to_owned(),
        (Some(code), "") => code.to_string(),
        (Some(code), reason) => format!("{code} {reason}"),
    }
}
