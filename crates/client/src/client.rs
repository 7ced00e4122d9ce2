//! The client of a Centrifuge server: a link that connects, subscribes, recovers, and carries commands there once.

mod command;
mod connection;
mod conversation;
mod greeting;
mod hearing;
mod host;
mod options;
mod outbox;
mod pass;
mod signals;
mod subscription;

use std::{sync::Arc, time::Duration};

use indexmap::IndexMap;
use suona_protocol::{Channel, Request, Token};

use crate::{Code, Fault, Link, Moment, link};
use conversation::Conversation;
use host::{Host, Stage};
use outbox::Outbox;
use pass::Pass;
use subscription::Subscription;

pub use command::Command;
pub use options::{Language, Options};
pub use signals::{Input, Output, Position, Standing, Status, SubscribeOptions};

/// A channel that nobody joins: leaving it is a question that every server answers.
const NOWHERE: &str = "suona-probe";

/// The client of a Centrifuge server. Like the link inside it opens no socket, reads no clock and rolls no dice.
#[derive(Debug)]
pub struct Client {
    link: Link,
    host: Host,
    subscriptions: IndexMap<Channel, Subscription>,
    outbox: Outbox,
    pass: Pass,
    options: Options,
    /// It is a Suona server: it answers pings and knows keys.
    is_suona: bool,
    /// Names the life of the server, in which it remembers what it has done; empty if it does not tell.
    life: Arc<str>,
    /// What to add to a time in milliseconds for the server's clock.
    skew: i64,
    /// What is wrong with the connection, from the moment it failed until it is well again.
    fault: Option<Fault>,
    /// The last token was refused for its age, and the server has not had us since.
    renewed: bool,
}

impl Client {
    /// A client that was not started yet.
    pub fn new(options: Options) -> Self {
        let host = Host::new(Conversation::new(options.language, options.message_limit));
        Self {
            link: Link::new(options.link.clone()),
            subscriptions: IndexMap::new(),
            outbox: Outbox::new(&options),
            pass: Pass::new(&host, None, options.asks_token, options.token.clone()),
            host,
            options,
            is_suona: false,
            life: Arc::default(),
            skew: 0,
            fault: None,
            renewed: false,
        }
    }

    /// Takes one thing that happened, and whatever is due by then. Drain [`poll`](Self::poll) before the next.
    pub fn handle(&mut self, input: impl Into<Input>, moment: Moment) {
        self.host.moment = moment;
        self.outbox.expire(&mut self.host);
        self.link.at(moment);
        self.take(input.into());
        self.settle_what_is_due();
        self.link.settle_what_is_due();
        self.follow_link();
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        let told = self.host.outputs.pop_front();
        told.or_else(|| self.host.conversation.frame().map(Output::Send))
    }

    /// When to hand in [`link::Input::Woke`]; `None` for never.
    pub fn deadline(&self) -> Option<Duration> {
        let own = [self.link.deadline(), self.stage_due(), self.outbox.due()];
        own.into_iter().chain(self.subscriptions.values().map(Subscription::due)).flatten().min()
    }

    /// The server's clock, since 1970, at a time of [`Moment::now`]; that of the device as long as no server told.
    pub fn server_time(&self, now: Duration) -> Duration {
        let skew = Duration::from_millis(self.skew.unsigned_abs());
        if self.skew < 0 { now.saturating_sub(skew) } else { now + skew }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Link(input @ link::Input::Stop { .. }) => {
                self.tell_link(input);
                self.outbox.close(Code::Stopped.into(), &mut self.host);
            }
            Input::Link(input @ link::Input::Start) => {
                self.outbox.open();
                self.tell_link(input);
            }
            Input::Link(link::Input::Lost { generation, loss, .. }) => {
                let is_final = loss.code.is_some_and(|code| is_final(code.into()));
                self.tell_link(link::Input::Lost { generation, loss, is_final });
            }
            Input::Link(other) => self.tell_link(other),
            // Whoever was to get it has gone, or the server took back what it was to be for.
            Input::Token { channel, login, .. } | Input::TokenFailed { channel, login, .. }
                if !self.expects(channel.as_ref(), login) => {}
            Input::Token { channel: None, token, .. } => self.token_found(token),
            Input::Token { channel: Some(channel), token, .. } => {
                self.in_channel(&channel, |subscription, host| subscription.token_found(token, host));
            }
            Input::TokenFailed { channel: None, reason, .. } => self.token_failed(&reason),
            Input::TokenFailed { channel: Some(channel), .. } => {
                if let Some(subscription) = self.subscriptions.get_mut(&channel) {
                    subscription.token_failed(&mut self.host);
                }
            }
            Input::Subscribe { channel, options } => {
                subscription(&mut self.subscriptions, channel, &self.host).want(options, &mut self.host);
            }
            Input::Unsubscribe { channel } => self.in_channel(&channel, Subscription::leave),
            Input::Command { ticket, command, ttl } => {
                self.outbox.put(ticket, command, ttl, &mut self.host);
                self.flush();
            }
        }
    }

    /// Whether what the app found in this login is for anybody.
    fn expects(&self, channel: Option<&Channel>, login: u64) -> bool {
        let pass = match channel {
            None => Some(&self.pass),
            Some(channel) => self.subscriptions.get(channel).map(|subscription| &subscription.pass),
        };
        pass.is_some_and(|pass| pass.expects(login))
    }

    fn token_found(&mut self, token: Option<Token>) {
        let is_none = token.is_none();
        self.pass.answered(token);
        if is_none {
            self.refuse(Code::NoToken.into());
        } else if self.host.is_up() {
            self.pass.refresh(&mut self.host);
        } else {
            self.greet();
        }
    }

    fn token_failed(&mut self, reason: &str) {
        self.pass.answered(None);
        if self.host.is_up() {
            self.pass.later(&self.host);
        } else {
            self.give_up(Fault::new(Code::TokenFailed, reason));
        }
    }

    /// Does something to a subscription, and forgets it if nobody wants it any more.
    fn in_channel(&mut self, channel: &Channel, act: impl FnOnce(&mut Subscription, &mut Host)) {
        let Some(subscription) = self.subscriptions.get_mut(channel) else { return };
        act(subscription, &mut self.host);
        if !subscription.wanted && !subscription.served {
            self.subscriptions.shift_remove(channel);
        }
    }

    /// Sends what waits, if the server took us.
    fn flush(&mut self) {
        if self.host.is_up() {
            self.outbox.flush(&self.life, &mut self.host);
        }
    }

    /// Gives the connection up, and dials again.
    fn give_up(&mut self, fault: Fault) {
        self.leave(fault, Some(Duration::ZERO));
    }

    /// Gives the connection up, and dials again after this long and a random delay, or at once if that is `None`.
    fn leave(&mut self, fault: Fault, wait: Option<Duration>) {
        self.link.give_up(&fault.words(), wait, Some(fault));
        self.follow_link();
    }

    /// The server will have none of us, or we none of it.
    fn refuse(&mut self, fault: Fault) {
        self.link.stop(&fault.words(), None, Some(fault));
        self.follow_link();
    }

    fn tell_link(&mut self, input: link::Input) {
        self.link.take(input);
        self.follow_link();
    }

    /// Does what the link wants of the layer above, and passes on the rest.
    fn follow_link(&mut self) {
        while let Some(output) = self.link.poll() {
            match output {
                link::Output::Heard(frame) => self.heard(frame),
                link::Output::Probe => self.probe(),
                link::Output::Changed(change) => self.changed(change),
                link::Output::Close { generation, code, reason } => {
                    self.host.tell(Output::Close { generation, code, reason });
                }
                link::Output::Dial { generation } => {
                    self.host.tell(Output::Dial { generation });
                    self.pass.is_ready(&mut self.host);
                }
            }
        }
    }

    fn probe(&mut self) {
        let question =
            if self.is_suona { Request::Ping } else { Request::Unsubscribe(Channel::from(NOWHERE)) };
        self.host.conversation.ask(question, None);
    }

    fn stage_due(&self) -> Option<Duration> {
        match self.host.stage {
            Stage::Down => None,
            Stage::Greeting { due, .. } => Some(due),
            Stage::Up { .. } => self.pass.due(),
        }
    }

    fn settle_what_is_due(&mut self) {
        if self.stage_due().is_some_and(|due| due <= self.host.now()) {
            self.settle_stage();
        }
        for at in 0..self.subscriptions.len() {
            let subscription = self.subscriptions.get_index_mut(at);
            if subscription.is_some_and(|(_, it)| !it.settle_what_is_due(&mut self.host)) {
                self.give_up(Code::NoAnswer.into());
            }
        }
    }

    fn settle_stage(&mut self) {
        match self.host.stage {
            Stage::Down => {}
            Stage::Up { .. } => {
                self.pass.is_ready(&mut self.host);
            }
            Stage::Greeting { sent, .. } => {
                self.pass.answered(None);
                let code = if sent.is_some() { Code::NoAnswer } else { Code::TokenSlow };
                self.give_up(code.into());
            }
        }
    }
}

fn subscription<'a>(
    all: &'a mut IndexMap<Channel, Subscription>,
    channel: Channel,
    host: &Host,
) -> &'a mut Subscription {
    all.entry(channel).or_insert_with_key(|channel| Subscription::new(channel.clone(), host))
}

/// Whether a disconnect with this code means: do not come back. 3502 says so too, but all that is wrong is that our
/// `connect` was too long on its way.
fn is_final(code: u32) -> bool {
    code != 3502 && matches!(code, 1009 | 3500..=3999 | 4500..=4999)
}
