//! Whether a connection that is open still carries anything.

use std::time::Duration;

/// A connection counts as held after this long.
const HELD: Duration = Duration::from_secs(5);

/// What is expected of the peer.
#[derive(Clone, Debug, Default)]
pub(super) struct Liveness {
    /// When the peer took us.
    since: Option<Duration>,
    /// The longest that it is silent while all is well, if that is known.
    silence: Option<Duration>,
    /// When it was silent for too long.
    due: Option<Duration>,
    /// It was asked for a sign, and gave none yet.
    asked: bool,
}

impl Liveness {
    pub(super) fn due(&self) -> Option<Duration> {
        self.due
    }

    /// The peer took us.
    pub(super) fn settle(&mut self, now: Duration, silence: Option<Duration>) {
        *self =
            Self { since: Some(now), silence, due: silence.map(|silence| now + silence), asked: self.asked };
    }

    /// The peer gave a sign.
    pub(super) fn hear(&mut self, now: Duration) {
        self.asked = false;
        self.due = self.silence.map(|silence| now + silence);
    }

    /// Notes that the peer is asked and has until `limit` from now. False if it gives no signs, or has been asked.
    pub(super) fn ask(&mut self, now: Duration, limit: Duration) -> bool {
        let asks = !self.asked && self.silence.is_some();
        if asks {
            self.asked = true;
            self.due = Some(now + limit);
        }
        asks
    }

    /// Whether the connection, ending now, was a success.
    pub(super) fn has_held(&self, now: Duration) -> bool {
        self.since.is_some_and(|since| now.saturating_sub(since) >= HELD)
    }
}
