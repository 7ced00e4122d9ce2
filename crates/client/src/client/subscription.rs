//! One channel, as this client hears it.

mod answers;

use std::time::Duration;

use suona_protocol::{
    Channel, RecoverFrom, Request, SubscribeRequest, Token,
    heard::{Ended, Publication, Subscribed},
};

use super::{Output, Position, Standing, SubscribeOptions, conversation::Awaited, host::Host, pass::Pass};
use crate::{Code, Fault, backoff::Backoff};

pub(super) use answers::TOKEN_EXPIRED;

/// How long the app may take to find a token.
const TOKEN_PATIENCE: Duration = Duration::from_secs(15);
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
/// A subscription counts as held after this long.
const HELD: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) channel: Channel,
    /// The server subscribed us by itself.
    pub(super) served: bool,
    /// The app wants it.
    pub(super) wanted: bool,
    /// Where to go on.
    pub(super) position: Option<Position>,
    options: SubscribeOptions,
    pub(super) pass: Pass,
    phase: Phase,
    backoff: Backoff,
}

#[derive(Debug)]
enum Phase {
    /// It waits for a connection, or is over.
    Down,
    /// It is tried again then.
    Waiting { due: Duration },
    /// The app is asked for a token, and until then we are patient.
    Asking { due: Duration },
    /// The server is asked.
    Joining { due: Duration, id: u32, recovering: bool },
    /// It is heard.
    Joined { since: Duration },
}

impl Subscription {
    pub(super) fn new(channel: Channel, host: &Host) -> Self {
        Self {
            pass: Pass::new(host, Some(channel.clone()), false, None),
            channel,
            served: false,
            wanted: false,
            position: None,
            options: SubscribeOptions::default(),
            phase: Phase::Down,
            backoff: Backoff::default(),
        }
    }

    /// The app wants it.
    pub(super) fn want(&mut self, options: SubscribeOptions, host: &mut Host) {
        self.wanted = true;
        self.pass = Pass::new(host, Some(self.channel.clone()), options.asks_token, None);
        if options.recover && self.position.is_none() {
            self.position.clone_from(&options.since);
        }
        self.options = options;
        if self.is_joined() {
            host.tell(Output::Subscribed { channel: self.channel.clone(), how: Standing::Fresh });
        } else if host.is_up() {
            self.join(host);
        }
    }

    /// The server subscribed us by itself.
    pub(super) fn serve(&mut self, result: Subscribed, host: &mut Host) {
        self.served = true;
        let recovering = self.position.is_some();
        self.joined(result, recovering, host);
    }

    /// The app wants it no more. Answers that still come are for nobody.
    pub(super) fn leave(&mut self, host: &mut Host) {
        self.wanted = false;
        if self.served {
            return;
        }
        // Perhaps together with a `connect` that is not answered yet.
        let was_asked = matches!(self.phase, Phase::Joining { .. } | Phase::Joined { .. });
        self.phase = Phase::Down;
        if was_asked {
            host.conversation.ask(Request::Unsubscribe(self.channel.clone()), None);
        }
    }

    /// Subscribes, if that is for us to do; called for each new connection and when it is time to try again.
    pub(super) fn join(&mut self, host: &mut Host) {
        if !self.wanted || self.served || !matches!(self.phase, Phase::Down | Phase::Waiting { .. }) {
            return;
        }
        if !self.pass.is_ready(host) {
            self.phase = Phase::Asking { due: host.now() + TOKEN_PATIENCE };
            return;
        }
        let request = self.request();
        let recovering = request.since.recover;
        let awaited = Awaited::Subscribe(self.channel.clone());
        let id = host.conversation.ask(Request::Subscribe(Box::new(request)), Some(awaited));
        self.phase = Phase::Joining { due: host.now() + ANSWER_PATIENCE, id, recovering };
    }

    /// One message. What was heard before is not heard again.
    pub(super) fn publication(&mut self, publication: Publication, host: &mut Host) {
        if !self.is_joined() {
            return;
        }
        if let Some(position) = self.position.as_mut().filter(|_| publication.offset > 0) {
            if publication.offset <= position.offset {
                return;
            }
            position.offset = publication.offset;
        }
        host.tell(Output::Publication { channel: self.channel.clone(), publication });
        self.save(host);
    }

    /// Whether the server took us, and ended it neither.
    pub(super) fn is_joined(&self) -> bool {
        matches!(self.phase, Phase::Joined { .. })
    }

    /// The server ended it. From 2500 on we may come back. While we ask to join, that is about a subscription before.
    pub(super) fn unsubscribed(&mut self, Ended { code, reason }: &Ended, host: &mut Host) {
        if !self.is_joined() {
            return;
        }
        self.served = false;
        if *code == STATE_INVALIDATED {
            // What the app is looking for is good for nothing either.
            if self.pass.is_asked() {
                host.login += 1;
            }
            self.pass.forget(host);
            self.position = None;
        }
        if *code >= 2500 && self.wanted {
            self.retry(host);
        } else {
            self.phase = Phase::Down;
            self.end(Fault::of_server(*code, reason), host);
        }
    }

    /// The connection is gone. The app may still find the token that it looks for.
    pub(super) fn down(&mut self) {
        self.phase = Phase::Down;
    }

    /// The user is gone, and the token is for nobody else.
    pub(super) fn log_out(&mut self, host: &Host) {
        self.pass.forget(host);
    }

    /// The app found a token, or there is none to be had.
    pub(super) fn token_found(&mut self, token: Option<Token>, host: &mut Host) {
        if token.is_none() {
            return self.end(Code::NoToken.into(), host);
        }
        self.pass.answered(token);
        match self.phase {
            Phase::Joined { .. } => self.pass.refresh(host),
            Phase::Asking { .. } => {
                self.phase = Phase::Down;
                if host.is_up() {
                    self.join(host);
                }
            }
            _ => {}
        }
    }

    /// The app found no token yet.
    pub(super) fn token_failed(&mut self, host: &mut Host) {
        self.pass.answered(None);
        match self.phase {
            Phase::Asking { .. } => self.retry(host),
            Phase::Joined { .. } => self.pass.later(host),
            _ => {}
        }
    }

    pub(super) fn due(&self) -> Option<Duration> {
        match self.phase {
            Phase::Down => None,
            Phase::Waiting { due } | Phase::Asking { due } | Phase::Joining { due, .. } => Some(due),
            Phase::Joined { .. } => self.pass.due(),
        }
    }

    /// Does what is due. False if the server owes us an answer, and the connection is to be given up.
    pub(super) fn settle_what_is_due(&mut self, host: &mut Host) -> bool {
        if self.due().is_none_or(|due| due > host.now()) {
            return true;
        }
        match self.phase {
            Phase::Joined { .. } => {
                self.pass.is_ready(host);
            }
            Phase::Asking { .. } => self.token_failed(host),
            Phase::Joining { .. } => return false,
            Phase::Waiting { .. } | Phase::Down => {
                self.phase = Phase::Down;
                if host.is_up() {
                    self.join(host);
                }
            }
        }
        true
    }

    fn request(&self) -> SubscribeRequest<suona_protocol::AnyEpoch> {
        let recover = self.options.recover;
        let since = self.position.as_ref().filter(|_| recover).map(|position| RecoverFrom {
            recover: true,
            offset: position.offset,
            epoch: Some(position.epoch.clone()),
        });
        SubscribeRequest {
            token: self.pass.token(),
            since: since.unwrap_or_default(),
            data: self.options.data.clone(),
            positioned: recover,
            recoverable: recover,
            join_leave: self.options.join_leave,
            ..SubscribeRequest::new(self.channel.clone())
        }
    }

    fn retry(&mut self, host: &Host) {
        if matches!(self.phase, Phase::Joined { since } if host.now().saturating_sub(since) >= HELD) {
            self.backoff.reset();
        }
        self.phase = Phase::Waiting { due: host.now() + self.backoff.next(host.moment.luck) };
    }

    /// It is over, and the client forgets it, its position too: who subscribes again begins anew.
    fn end(&mut self, fault: Fault, host: &mut Host) {
        self.served = false;
        self.leave(host);
        host.tell(Output::Unsubscribed { channel: self.channel.clone(), fault });
    }

    fn save(&self, host: &mut Host) {
        if self.options.keep {
            host.tell(Output::Position { channel: self.channel.clone(), position: self.position.clone() });
        }
    }
}

/// What some servers say of a subscription whose token and position are worth nothing any more.
const STATE_INVALIDATED: u32 = 2502;
