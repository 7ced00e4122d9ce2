//! Whether a connection that is open still carries anything.

use std::time::Duration;

/// A connection counts as held after this long.
const HELD: Duration = Duration::from_secs(5);
/// A wake-up later than this tells that the code was suspended.
const LATE: Duration = Duration::from_secs(1);

/// What was heard of the peer, and what is expected.
#[derive(Clone, Debug)]
pub(super) struct Liveness {
    since: Duration,
    settled: bool,
    heard: Duration,
    /// How long the peer is silent at most, if that is known.
    silence: Option<Duration>,
    due: Option<Duration>,
    /// How often it was asked since it was heard. A second time if the first was over while the code stood still.
    probes: u32,
}

/// What to do about a peer that was silent for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suspicion {
    /// Ask it, and once more if it has been asked already.
    Ask {
        /// It has been asked.
        again: bool,
    },
    /// The line is dead.
    Dead,
}

impl Liveness {
    /// Of a connection that has just come about.
    pub(super) fn new(now: Duration) -> Self {
        Self { since: now, settled: false, heard: now, silence: None, due: None, probes: 0 }
    }

    /// When the peer has been silent for too long.
    pub(super) fn due(&self) -> Option<Duration> {
        self.due
    }

    /// The peer gave a sign.
    pub(super) fn hear(&mut self, now: Duration) {
        self.heard = now;
        self.probes = 0;
        self.due = self.silence.map(|silence| now + silence);
    }

    /// For how long nothing was heard.
    pub(super) fn silent_for(&self, now: Duration) -> Duration {
        now.saturating_sub(self.heard)
    }

    pub(super) fn expect(&mut self, silence: Duration) {
        self.silence = Some(silence);
        self.due = Some(self.heard + silence);
    }

    pub(super) fn settle(&mut self) {
        self.settled = true;
    }

    /// What to think of a silence that has lasted until it was due.
    pub(super) fn suspect(&self, now: Duration) -> Suspicion {
        let late = self.due.is_some_and(|due| now.saturating_sub(due) > LATE);
        match self.probes {
            0 => Suspicion::Ask { again: false },
            1 if late => Suspicion::Ask { again: true },
            _ => Suspicion::Dead,
        }
    }

    /// Notes that the peer is asked and has until `limit` from now. False if it cannot be asked, or has been already.
    pub(super) fn ask(&mut self, now: Duration, limit: Duration, again: bool) -> bool {
        let asks = self.settled && (self.probes == 0 || again);
        if asks {
            self.probes += 1;
            self.due = Some(now + limit);
        }
        asks
    }

    /// Whether the connection, ending now, was a success.
    pub(super) fn has_held(&self, now: Duration) -> bool {
        self.settled && now.saturating_sub(self.since) >= HELD
    }
}
