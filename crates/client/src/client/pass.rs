//! A token that the app finds: asked for one at a time, and not again while the old one holds.

use std::time::Duration;

use suona_protocol::{AnyEpoch, Channel, Request, SubRefreshRequest, Token};

use super::{Output, conversation::Awaited, host::Host};
use crate::backoff::fraction;

#[derive(Debug)]
pub(super) struct Pass {
    /// What it is for; `None` for the connection.
    channel: Option<Channel>,
    /// Whether there is an app to ask. If not, the token given, or none, is all there is.
    asks: bool,
    token: Option<Token>,
    asked: bool,
    /// When to ask for the next one.
    due: Option<Duration>,
    /// Tokens that the app was asked for in another login are none.
    login: u64,
    /// The first question about this token; those with smaller numbers were about another.
    first_question: Option<u32>,
}

impl Pass {
    pub(super) fn new(host: &Host, channel: Option<Channel>, asks: bool, token: Option<Token>) -> Self {
        Self { channel, asks, token, asked: false, due: None, login: host.login, first_question: None }
    }

    /// Whether there is all that is needed. If not, the app is asked, unless it has been already.
    pub(super) fn is_ready(&mut self, host: &mut Host) -> bool {
        if self.due.is_some_and(|due| due <= host.now()) {
            self.forget(host);
        }
        if !self.asks || self.token.is_some() {
            return true;
        }
        if !self.asked {
            host.tell(Output::Ask { channel: self.channel.clone(), login: self.login });
        }
        self.asked = true;
        false
    }

    /// What to show; empty if there is nothing.
    pub(super) fn token(&self) -> Token {
        self.token.clone().unwrap_or_default()
    }

    pub(super) fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Whether the app is asked, and not given up.
    pub(super) fn is_asked(&self) -> bool {
        self.asked
    }

    /// Whether what the app found in this login is for it.
    pub(super) fn expects(&self, login: u64) -> bool {
        self.login == login
    }

    /// The app has answered, or will not any more.
    pub(super) fn answered(&mut self, token: Option<Token>) {
        self.asked = false;
        if token.is_some() {
            self.token = token;
            self.due = None;
        }
    }

    /// The token is good for nothing any more, nor is one that the app may be looking for. False if there is no way to
    /// another.
    pub(super) fn forget(&mut self, host: &Host) -> bool {
        self.login = host.login;
        if self.asks {
            self.token = None;
        }
        self.asked = false;
        self.due = None;
        self.asks
    }

    /// The token is good for so many seconds from now on: then the next one is to be asked for.
    pub(super) fn lasts(&mut self, ttl: Option<u32>, now: Duration) {
        let lasts = ttl.filter(|ttl| self.asks && *ttl > 0);
        self.due = lasts.map(|seconds| now + Duration::from_secs(seconds.into()));
    }

    /// It did not work, and may a little later.
    pub(super) fn later(&mut self, host: &Host) {
        self.due = Some(host.now() + fraction(LATER, 1.0 + host.moment.luck));
    }

    /// Hands the new token to a server that has let us in by an old one.
    pub(super) fn refresh(&mut self, host: &mut Host) {
        let token = self.token();
        let (request, awaited) = match self.channel.clone() {
            None => (Request::<AnyEpoch>::Refresh { token }, Awaited::Refresh),
            Some(channel) => {
                let request = SubRefreshRequest { channel: channel.clone(), token };
                (Request::SubRefresh(request), Awaited::SubRefresh(channel))
            }
        };
        let question = host.conversation.ask(request, Some(awaited));
        self.first_question.get_or_insert(question);
    }

    /// Whether the answer of this number is about this token.
    pub(super) fn takes(&self, id: u32) -> bool {
        self.first_question.is_some_and(|first| first <= id)
    }
}

/// How long to wait before asking again, at least; at most twice as long.
const LATER: Duration = Duration::from_secs(5);
