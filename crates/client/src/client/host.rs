//! What the machines inside a client share while one input is handled.

use std::{collections::VecDeque, time::Duration};

use super::{Output, conversation::Conversation};
use crate::Moment;

/// The moment, whether the server took us, and what is to be told and said.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) moment: Moment,
    pub(super) stage: Stage,
    /// One more whenever what was asked before is for somebody else, or good for nothing any more.
    pub(super) login: u64,
    pub(super) conversation: Conversation,
    pub(super) outputs: VecDeque<Output>,
}

/// How far we are with the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    /// There is no open socket.
    Down,
    /// The socket is open, and `connect` is not answered, or not even sent for want of a token.
    Greeting {
        /// When patience ends.
        due: Duration,
        /// When `connect` was sent.
        sent: Option<Duration>,
    },
    /// The server took us.
    Up {
        /// Whether its pings want an answer.
        pong: bool,
    },
}

impl Host {
    pub(super) fn new(conversation: Conversation) -> Self {
        let moment = Moment { now: Duration::ZERO, luck: 0.0 };
        Self { moment, stage: Stage::Down, login: 1, conversation, outputs: VecDeque::new() }
    }

    /// Whether the server took us.
    pub(super) fn is_up(&self) -> bool {
        matches!(self.stage, Stage::Up { .. })
    }

    pub(super) fn now(&self) -> Duration {
        self.moment.now
    }

    pub(super) fn tell(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
}
