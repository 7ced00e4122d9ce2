//! Commands under way, and those that wait for them.
//!
//! Commands about one channel run first in, first out, and so do the rpcs of a client that cannot tell their
//! replies apart; a command whose reply may be large (recovery, history,
//! presence) runs alone among its kind and only while the outbox has room for it, so that no pipelining makes
//! a fast client look slow. Everything else runs at once.

use std::collections::VecDeque;

use suona_protocol::{Channel, Command, Request};

/// At most so many commands of one client are under way or wait; a JS client pipelines one subscribe for each
/// of its channels, 128 by default.
pub(super) const MAX_COMMANDS: usize = 1024;
/// At most so many bytes of commands wait, the payloads counted.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// Names a question of a session to the broker; the answer carries it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ask(pub u32);

/// What to do with an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Finish the subscribe command with this id.
    Subscribe(u32),
    /// One server-side subscription more is done.
    ServerSubscribe,
    Publish(u32),
    History(u32),
    Presence(u32),
    PresenceStats(u32),
}

impl Task {
    /// The id of the command that waits for it; 0 where a connect command does, which is answered apart.
    pub(super) fn id(&self) -> u32 {
        match *self {
            Self::Subscribe(id) | Self::Publish(id) | Self::History(id) => id,
            Self::Presence(id) | Self::PresenceStats(id) => id,
            Self::ServerSubscribe => 0,
        }
    }

    /// Whether the reply may be large.
    pub(super) fn may_reply_at_length(&self) -> bool {
        matches!(self, Self::Subscribe(_) | Self::ServerSubscribe | Self::History(_) | Self::Presence(_))
    }
}

#[derive(Debug)]
struct UnderWay {
    ask: Ask,
    channel: Channel,
    heavy: bool,
    task: Task,
}

/// More waits than a well-behaved client would ever ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

#[derive(Debug, Default)]
pub(super) struct Queue {
    rpcs_in_turn: bool,
    last_ask: u32,
    under_way: Vec<UnderWay>,
    waiting: VecDeque<Command>,
    waiting_bytes: usize,
}

impl Queue {
    pub(super) fn new(rpcs_in_turn: bool) -> Self {
        Self { rpcs_in_turn, ..Self::default() }
    }

    /// Whether `command` cannot begin before others have ended.
    pub(super) fn blocks(&self, command: &Command, room: bool) -> bool {
        let Some(lane) = self.lane_of(&command.request) else { return false };
        self.is_busy(lane, is_heavy(&command.request), room)
            || self.waiting.iter().any(|earlier| {
                self.lane_of(&earlier.request) == Some(lane)
                    || is_heavy(&command.request) && is_heavy(&earlier.request)
            })
    }

    /// Lets `command` wait.
    pub(super) fn wait(&mut self, command: Command) -> Result<(), TooMany> {
        let bytes = self.waiting_bytes + cost_of(&command);
        if self.under_way.len() + self.waiting.len() >= MAX_COMMANDS || bytes > MAX_BYTES {
            return Err(TooMany);
        }
        self.waiting_bytes = bytes;
        self.waiting.push_back(command);
        Ok(())
    }

    /// Notes that a question is asked, on behalf of a command about `channel`; that of an rpc is empty.
    pub(super) fn begin(&mut self, channel: Channel, heavy: bool, task: Task) -> Result<Ask, TooMany> {
        if self.under_way.len() >= MAX_COMMANDS {
            return Err(TooMany);
        }
        self.last_ask = self.last_ask.wrapping_add(1);
        let ask = Ask(self.last_ask);
        self.under_way.push(UnderWay { ask, channel, heavy, task });
        Ok(ask)
    }

    /// Takes back what `ask` was about; `None` if it is not under way (any more).
    pub(super) fn end(&mut self, ask: Ask) -> Option<(Channel, Task)> {
        let at = self.under_way.iter().position(|one| one.ask == ask)?;
        let one = self.under_way.swap_remove(at);
        if self.under_way.is_empty() {
            self.under_way = Vec::new();
        }
        Some((one.channel, one.task))
    }

    /// The first waiting command that may begin now.
    pub(super) fn next(&mut self, room: bool) -> Option<Command> {
        let at = (0..self.waiting.len()).find(|&at| {
            let request = &self.waiting[at].request;
            let Some(lane) = self.lane_of(request) else { return true };
            let heavy = is_heavy(request);
            !self.is_busy(lane, heavy, room)
                && !self.waiting.range(..at).any(|earlier| {
                    self.lane_of(&earlier.request) == Some(lane) || heavy && is_heavy(&earlier.request)
                })
        })?;
        let command = self.waiting.remove(at)?;
        self.waiting_bytes -= cost_of(&command);
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
        Some(command)
    }

    /// Whether anything waits.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn is_busy(&self, lane: &str, heavy: bool, room: bool) -> bool {
        heavy && !room || self.under_way.iter().any(|one| *one.channel == *lane || heavy && one.heavy)
    }

    /// What commands run first in, first out with this one: a channel's, or rpcs, which have the lane of the
    /// empty channel.
    fn lane_of<'a>(&self, request: &'a Request) -> Option<&'a str> {
        match request {
            Request::Rpc(_) if self.rpcs_in_turn => Some(""),
            request => channel_of(request).map(Channel::as_str),
        }
    }
}

/// Whether the reply may be large.
pub(super) fn is_heavy(request: &Request) -> bool {
    match request {
        Request::Subscribe(subscribe) => subscribe.since.recover,
        Request::History(_) | Request::Presence(_) => true,
        _ => false,
    }
}

/// The channel that the command is about.
fn channel_of(request: &Request) -> Option<&Channel> {
    match request {
        Request::Subscribe(subscribe) => Some(&subscribe.channel),
        Request::Unsubscribe(channel) | Request::Presence(channel) | Request::PresenceStats(channel) => {
            Some(channel)
        }
        Request::Publish(publish) => Some(&publish.channel),
        Request::History(history) => Some(&history.channel),
        Request::SubRefresh(refresh) => Some(&refresh.channel),
        Request::Connect(_)
        | Request::Ping
        | Request::Send(_)
        | Request::Rpc(_)
        | Request::Refresh { .. }
        | Request::Pong => None,
    }
}

/// What a waiting command costs, roughly: its variable parts and a little for itself.
fn cost_of(command: &Command) -> usize {
    let payload = match &command.request {
        Request::Subscribe(subscribe) => {
            subscribe.token.len() + subscribe.data.as_ref().map_or(0, bytes::Bytes::len)
        }
        Request::Publish(publish) => publish.data.len() + publish.idempotency_key.len(),
        Request::Rpc(rpc) => rpc.method.len() + rpc.data.as_ref().map_or(0, bytes::Bytes::len),
        Request::Send(data) => data.len(),
        Request::Refresh { token } => token.len(),
        Request::SubRefresh(refresh) => refresh.token.len(),
        _ => 0,
    };
    size_of::<Command>() + channel_of(&command.request).map_or(0, |channel| channel.len()) + payload
}

#[cfg(test)]
mod tests {
    use suona_protocol::RpcRequest;

    use super::*;

    fn rpc(id: u32) -> Command {
        let request = RpcRequest { method: "list".to_owned(), data: None, idempotency_key: String::new() };
        Command { id, request: Request::Rpc(request) }
    }

    #[test]
    fn rpcs_wait_for_each_other_only_where_their_replies_look_alike() {
        for in_turn in [true, false] {
            let mut queue = Queue::new(in_turn);
            let ask = queue.begin("".into(), false, Task::Publish(1)).unwrap();
            assert_eq!(queue.blocks(&rpc(2), true), in_turn);
            queue.wait(rpc(2)).unwrap();
            queue.wait(rpc(3)).unwrap();
            if in_turn {
                assert_eq!(queue.next(true), None);
                queue.end(ask);
            }
            assert_eq!(queue.next(true).map(|command| command.id), Some(2));
        }
    }
}
