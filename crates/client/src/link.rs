//! The reliable connection: when to dial, how long to wait, when to take a silent line for dead.

mod dialling;
mod liveness;
mod options;
mod signals;

use std::{collections::VecDeque, time::Duration};

use crate::{Code, Fault, Moment, backoff::Backoff};
use liveness::Liveness;

pub use options::{Habits, OnHide, Options};
pub use signals::{Change, Frame, Input, Loss, Output, State};

/// A socket that was told to close counts for so long; dials at once, for user or network, keep this distance.
const CLOSING: Duration = Duration::from_secs(1);
/// Background after which a suspending platform has killed the socket.
const DEAD_AFTER: Duration = Duration::from_secs(5);
/// How long a socket is kept in the background of a suspending platform, unless the app says otherwise.
const CLOSE_AFTER: Duration = Duration::from_secs(4);
/// What a probe may take, and what may be left to a dial begun on another network.
const PROBE: Duration = Duration::from_secs(3);
/// The same after a change of network: most likely the old path is gone.
const SHORT_PROBE: Duration = Duration::from_secs(2);

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
    /// The current socket, open or not yet.
    current: Option<u64>,
    hidden_at: Option<Duration>,
    /// When to lie down, if hidden.
    tuck_at: Option<Duration>,
    /// Neither user nor network makes the link dial before.
    not_before: Duration,
    /// When the last socket was told to close, and when there is room for another.
    released_at: Duration,
    room_at: Duration,
    backoff: Backoff,
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
            current: None,
            hidden_at: None,
            tuck_at: None,
            not_before: Duration::ZERO,
            released_at: Duration::ZERO,
            room_at: Duration::ZERO,
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
    }

    /// Takes an input, and leaves alone what else is due.
    pub(crate) fn take(&mut self, input: Input) {
        match input {
            Input::Start => self.start(),
            Input::Stop { reason, code } => self.stop(&reason, code, None),
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
            Input::Settled { silence } => self.settled(silence),
            Input::Drop { reason, wait } => self.give_up(&reason, Some(wait), None),
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
        if matches!(self.phase, Phase::Waiting { .. }) {
            self.dial("waited", Why::default());
        } else if !self.probe(PROBE) {
            self.give_up("no answer", Some(Duration::ZERO), Some(Code::NoAnswer.into()));
        }
    }

    fn start(&mut self) {
        match self.phase {
            Phase::Waiting { .. } => self.hurry("start"),
            Phase::Offline => {
                self.backoff.reset();
                self.plan(self.moment.now, "start", Why::default());
            }
            _ => {}
        }
    }

    /// Ends the connection; `fault` if something is wrong.
    pub(crate) fn stop(&mut self, reason: &str, code: Option<u16>, fault: Option<Fault>) {
        if !matches!(self.phase, Phase::Offline) {
            self.release(reason, code);
            self.enter(Phase::Offline, reason, Why { loss: None, fault });
        }
    }

    fn opened(&mut self, generation: u64) {
        if self.current == Some(generation) && matches!(self.phase, Phase::Opening { .. }) {
            self.enter(Phase::Online(Liveness::default()), "open", Why::default());
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
        let is_current = self.current == Some(generation);
        if is_current {
            liveness.hear(self.moment.now);
        }
        is_current
    }

    fn lost(&mut self, generation: u64, loss: Loss, is_final: bool) {
        if self.current != Some(generation) {
            return;
        }
        let reason = format!("lost while {}", self.state().name());
        self.leave();
        let why = Why { loss: Some(loss), fault: None };
        if is_final {
            self.enter(Phase::Offline, &reason, why);
        } else {
            self.retry(&reason, why, Some(Duration::ZERO));
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
        if self.current.is_some() {
            if !self.rules.habits.suspends || away < DEAD_AFTER {
                self.probe(PROBE);
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
                self.probe(SHORT_PROBE);
            }
            _ if online == Some(false) => {}
            Phase::Opening { due } => *due = (*due).min(now + PROBE),
            Phase::Waiting { .. } => self.hurry("network"),
            Phase::Offline | Phase::Hidden => {}
        }
    }

    fn settled(&mut self, silence: Option<Duration>) {
        if let Phase::Online(liveness) = &mut self.phase {
            liveness.settle(self.moment.now, silence);
        }
    }

    /// Gives the connection up, and dials again after this long and a random delay, or at once if that is `None`.
    pub(crate) fn give_up(&mut self, reason: &str, wait: Option<Duration>, fault: Option<Fault>) {
        if self.current.is_some() {
            self.release(reason, None);
            self.retry(reason, Why { loss: None, fault }, wait);
        }
    }

    /// Lies down until the app is shown.
    fn tuck(&mut self) {
        self.tuck_at = None;
        if !matches!(self.phase, Phase::Offline | Phase::Hidden) {
            self.release("hidden", None);
            self.enter(Phase::Hidden, "hidden", Why::default());
        }
    }

    /// Asks the peer for a sign, unless it gives none or has been asked. True if it was asked now.
    fn probe(&mut self, limit: Duration) -> bool {
        let Phase::Online(liveness) = &mut self.phase else { return false };
        let asks = liveness.ask(self.moment.now, limit);
        if asks {
            self.outputs.push_back(Output::Probe);
        }
        asks
    }
}

/// What was wrong.
#[derive(Debug, Default)]
struct Why {
    /// The socket that was lost.
    loss: Option<Loss>,
    /// Why it was given up from here.
    fault: Option<Fault>,
}
