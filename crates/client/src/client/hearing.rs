//! What a server says, and whom it concerns.

use std::time::Duration;

use suona_protocol::{
    ErrorReply, RefreshResult, Request,
    heard::{Answer, Heard, Push, PushEvent, Subscribed},
};

use super::{Client, Output, Stage, conversation::Awaited, is_final, subscription};
use crate::{Code, Fault, link::Frame};

/// Beyond so many channels no more that the server chooses are heard.
const MOST_CHANNELS: usize = 10_000;
/// No server keeps a client away for longer, whatever it asks.
const LONGEST_ABSENCE: Duration = Duration::from_secs(3600);

impl Client {
    /// A frame of the current socket.
    pub(super) fn heard(&mut self, frame: Frame) {
        for heard in self.host.conversation.read(frame) {
            if self.host.stage == Stage::Down {
                return; // what came before has ended the connection
            }
            match heard {
                Ok(Heard::Reply { id, outcome }) => self.answered(id, outcome),
                Ok(Heard::Push(push)) => self.pushed(push),
                Ok(Heard::Ping) => self.pinged(),
                Err(_) => return self.give_up(Code::NotCentrifuge.into()),
            }
        }
    }

    fn pinged(&mut self) {
        if self.host.stage == (Stage::Up { pong: true }) {
            self.host.conversation.say(Request::Pong);
        }
    }

    fn answered(&mut self, id: u32, outcome: Result<Answer, ErrorReply>) {
        let host = &mut self.host;
        match host.conversation.answered(id) {
            None => {}
            Some(Awaited::Connect) => self.greeted(outcome),
            Some(Awaited::Command(ticket)) => self.outbox.answered(ticket, outcome, host),
            Some(Awaited::Refresh) => self.refreshed(outcome.map(|answer| ttl(&answer))),
            Some(Awaited::Subscribe(channel)) => self.in_channel(&channel, |subscription, host| {
                subscription.answered(id, outcome.map(subscribed), host);
            }),
            Some(Awaited::SubRefresh(channel)) => self.in_channel(&channel, |subscription, host| {
                subscription.refreshed(id, outcome.map(|answer| ttl(&answer)), host);
            }),
        }
    }

    fn refreshed(&mut self, outcome: Result<Option<u32>, ErrorReply>) {
        match outcome {
            Ok(ttl) => self.pass.lasts(ttl, self.host.now()),
            Err(error) if error.temporary => self.pass.later(&self.host),
            Err(error) => self.turned_away(error),
        }
    }

    fn pushed(&mut self, Push { channel, event }: Push) {
        let host = &mut self.host;
        let has_room = self.subscriptions.len() < MOST_CHANNELS;
        let known = self.subscriptions.get_mut(&channel);
        match (event, known) {
            (PushEvent::Publication(publication), Some(known)) => known.publication(publication, host),
            (PushEvent::Join(info), Some(known)) if known.is_joined() => {
                host.tell(Output::Join { channel, info });
            }
            (PushEvent::Leave(info), Some(known)) if known.is_joined() => {
                host.tell(Output::Leave { channel, info });
            }
            (PushEvent::Message(data), _) => host.tell(Output::Message(data)),
            (PushEvent::Subscribe(result), known) if known.is_some() || has_room => {
                subscription(&mut self.subscriptions, channel, host).serve(*result, host);
            }
            (PushEvent::Disconnect { why, retry_after }, _) => {
                // It is said before the close, since phones lose the codes of closes.
                self.forget_if_invalid(why.code);
                let wait = retry_after.min(LONGEST_ABSENCE);
                self.part(Fault::of_server(why.code, &why.reason), !is_final(why.code), Some(wait));
            }
            (PushEvent::Unsubscribe(why), _) => {
                self.in_channel(&channel, |subscription, host| subscription.unsubscribed(&why, host));
            }
            // What is still on its way from a channel that was left.
            (PushEvent::Publication(_), None) | (PushEvent::Join(_) | PushEvent::Leave(_), _) => {}
            (PushEvent::Subscribe(_) | PushEvent::Refresh(_) | PushEvent::Unknown, _) => {}
        }
    }
}

/// What a subscribe command was answered with; by another server than ours perhaps with nothing.
fn subscribed(answer: Answer) -> Subscribed {
    match answer {
        Answer::Subscribe(result) => *result,
        _ => Subscribed::default(),
    }
}

/// Seconds until the next refresh.
fn ttl(answer: &Answer) -> Option<u32> {
    match answer {
        Answer::Refresh(RefreshResult { ttl }) | Answer::SubRefresh(RefreshResult { ttl }) => *ttl,
        _ => None,
    }
}
