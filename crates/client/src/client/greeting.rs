//! How a connection begins: who we are, what we heard last, and whether the server takes us.

use std::time::Duration;

use suona_protocol::{
    AnyEpoch, Channel, ConnectRequest, ErrorReply, RecoverFrom, Request,
    heard::{Answer, Connected, Subscribed},
};

use super::{
    Client, Stage,
    conversation::Awaited,
    subscription,
    subscription::{Subscription, TOKEN_EXPIRED},
};
use crate::{
    Fault,
    link::{self, State},
};

/// How long the app may take to find a token once the socket is open: servers wait ten seconds.
const TOKEN_PATIENCE: Duration = Duration::from_secs(8);
const ANSWER_PATIENCE: Duration = Duration::from_secs(10);
/// What a ping of the server may be late before we ask.
const PING_SLACK: Duration = Duration::from_secs(5);
/// The silence of a server that names no interval of pings.
const NO_PING: Duration = Duration::from_secs(55);

impl Client {
    /// The socket is open.
    pub(super) fn opened(&mut self) {
        self.host.stage = Stage::Greeting { due: self.host.now() + TOKEN_PATIENCE, sent: None };
        self.greet();
    }

    /// Connects, and subscribes in the same breath.
    pub(super) fn greet(&mut self) {
        let host = &mut self.host;
        if !matches!(host.stage, Stage::Greeting { sent: None, .. }) || !self.pass.is_ready(host) {
            return;
        }
        host.stage = Stage::Greeting { due: host.now() + ANSWER_PATIENCE, sent: Some(host.now()) };
        let request = self.introduction();
        self.host.conversation.ask(request, Some(Awaited::Connect));
        self.subscriptions.values_mut().for_each(|subscription| subscription.join(&mut self.host));
    }

    /// The server answered `connect`.
    pub(super) fn greeted(&mut self, outcome: Result<Answer, ErrorReply>) {
        match outcome {
            Ok(Answer::Connect(connected)) => self.connected(*connected),
            Ok(_) => self.turned_away(ErrorReply {
                code: suona_protocol::ErrorCode::Internal.code(),
                message: "no-connect".to_owned(),
                temporary: false,
            }),
            Err(error) => self.turned_away(error),
        }
    }

    /// The server refuses us, or our new token.
    pub(super) fn turned_away(&mut self, error: ErrorReply) {
        let expired = error.code == TOKEN_EXPIRED;
        let again = if expired { self.pass.forget(&self.host) } else { error.temporary || error.code < 100 };
        // That a token has expired is no reason to wait; that the next one has too is.
        let at_once = !std::mem::replace(&mut self.renewed, expired) && expired;
        self.part(error.into(), again, (!at_once).then_some(Duration::ZERO));
    }

    /// The server will have none of us, for now or for good.
    pub(super) fn part(&mut self, fault: Fault, again: bool, wait: Option<Duration>) {
        if again {
            self.leave(fault, wait);
        } else {
            self.refuse(fault);
        }
    }

    fn introduction(&self) -> Request<AnyEpoch> {
        let headers =
            [("suona-session", &*self.options.session), ("suona-farewell", "1"), ("suona-time", "1")];
        Request::Connect(Box::new(ConnectRequest {
            token: self.pass.token(),
            data: self.options.data.clone(),
            name: "suona".to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            subs: self.subscriptions.values().filter_map(served).collect(),
            ..ConnectRequest::default()
        }))
    }

    fn connected(&mut self, connected: Connected) {
        let Connected { version, node, ping, pong, time, ttl, subs, .. } = connected;
        let now = self.host.now();
        if let (Some(time), Stage::Greeting { sent: Some(sent), .. }) = (time, self.host.stage) {
            self.skew = skew(time, sent, now);
        }
        self.is_suona = version.starts_with("Suona");
        self.life = node.into();
        self.renewed = false;
        self.host.stage = Stage::Up { pong };
        self.pass.lasts(ttl, now);
        self.fault = None;
        let interval = ping.filter(|ping| *ping > 0).map_or(NO_PING, |ping| Duration::from_secs(ping.into()));
        self.link.take(link::Input::Settled { silence: Some(interval + PING_SLACK) });
        let server = if version.is_empty() { "the server" } else { &version };
        self.tell_status(State::Online, format!("connected to {server}"));
        self.serve(subs);
        if !self.is_suona {
            self.outbox.forsake(None, &mut self.host);
        }
        self.flush();
    }

    /// Takes over what the server subscribed us to, and what it no longer does.
    fn serve(&mut self, subs: Vec<(Channel, Subscribed)>) {
        let host = &mut self.host;
        self.subscriptions.values_mut().for_each(|subscription| subscription.served = false);
        for (channel, result) in subs {
            subscription(&mut self.subscriptions, channel, host).serve(result, host);
        }
        self.subscriptions.retain(|_, subscription| {
            subscription.join(host);
            subscription.wanted || subscription.served
        });
    }
}

/// Where we stand in a channel to which the server subscribes us.
fn served(subscription: &Subscription) -> Option<(Channel, RecoverFrom<AnyEpoch>)> {
    let position = subscription.position.as_ref().filter(|_| subscription.served)?;
    let epoch = Some(position.epoch.clone());
    Some((subscription.channel.clone(), RecoverFrom { recover: true, offset: position.offset, epoch }))
}

/// A century in milliseconds. No clock is further off, and time can still be reckoned with.
const LARGEST_SKEW: f64 = 36_525.0 * 86_400_000.0;

/// How far the server's clock, which showed `time` between `sent` and `now`, is ahead of ours, in milliseconds.
fn skew(time: u64, sent: Duration, now: Duration) -> i64 {
    let between = (sent.as_millis() as f64 + now.as_millis() as f64) / 2.0;
    (time as f64 - between + 0.5).floor().clamp(-LARGEST_SKEW, LARGEST_SKEW) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_server_says_of_its_clock_time_can_be_reckoned_with() {
        let now = Duration::from_secs(1_800_000_000);
        assert_eq!(skew(1_800_000_000_000 + 1500, now, now), 1500);
        assert_eq!(skew(u64::MAX, now, now), LARGEST_SKEW as i64);
        assert_eq!(skew(0, Duration::MAX / 4, Duration::MAX / 4), -LARGEST_SKEW as i64);
    }
}
