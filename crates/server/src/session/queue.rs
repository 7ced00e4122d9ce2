//! Commands under way, and those that wait for them.
//!
//! Commands about one channel run first in, first out, and so do the rpcs of a client that cannot tell their
//! replies apart; other clients' rpcs run side by side, a few at a time. A command whose reply may be large
//! (recovery, history, presence) runs alone among its kind and only while the outbox has room for it, so that
//! no pipelining makes a fast client look slow. Everything else runs at once.

use std::collections::{HashSet, VecDeque};

use suona_protocol::{Channel, Command, FilterNode, Payload, Request, SubscribeRequest};

use super::{admission::Admission, task::Task};

/// At most so many commands of one client are under way or wait; a JS client pipelines one subscribe for each
/// of its channels, 128 by default.
pub(super) const MAX_COMMANDS: usize = 1024;
/// At most so many bytes of commands wait or are kept while they are under way, payloads and filters counted.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// So many rpcs of one client run side by side, unless they must run one after another.
const RPCS_AT_ONCE: usize = 16;

/// Names a question of a session to the broker or the backend; the answer carries it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ask(pub u32);

/// A command whose turn comes.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) command: Command,
    pub(super) progress: Progress,
}

/// What happened to a command before its turn.
#[derive(Debug)]
pub(super) enum Progress {
    /// Nothing.
    New,
    /// It is beyond a limit, and is refused in its turn.
    Excessive,
    /// The key of its token was fetched, if it could be.
    KeysFetched,
    /// The backend was asked, and said this.
    Admitted(Box<Admission>),
}

impl From<Command> for Turn {
    fn from(command: Command) -> Self {
        Self { command, progress: Progress::New }
    }
}

/// What runs first in, first out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Lane<'a> {
    Channel(&'a str),
    /// Several abreast, for those who can tell the replies apart.
    Rpcs,
}

#[derive(Debug)]
struct UnderWay {
    ask: Ask,
    channel: Channel,
    heavy: bool,
    /// What the command costs that is kept meanwhile.
    bytes: usize,
    task: Task,
}

impl UnderWay {
    fn lane(&self) -> Option<Lane<'_>> {
        match self.task {
            Task::Rpc(_) | Task::HeldRpc(..) => Some(Lane::Rpcs),
            Task::Introduce | Task::Refresh => None,
            Task::AwaitKeys(_) if self.channel.is_empty() => None,
            _ => Some(Lane::Channel(&self.channel)),
        }
    }
}

/// More waits than a well-behaved client would ever ask for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

#[derive(Debug, Default)]
pub(super) struct Queue {
    rpcs_at_once: usize,
    last_ask: u32,
    under_way: Vec<UnderWay>,
    waiting: VecDeque<Turn>,
    /// What the commands cost that wait or are kept under way.
    bytes: usize,
}

impl Queue {
    pub(super) fn new(rpcs_in_turn: bool) -> Self {
        Self { rpcs_at_once: if rpcs_in_turn { 1 } else { RPCS_AT_ONCE }, ..Self::default() }
    }

    /// Whether `command` cannot begin before others have ended.
    pub(super) fn blocks(&self, command: &Command, room: bool) -> bool {
        let Some(lane) = lane_of(&command.request) else { return false };
        self.is_busy(lane, is_heavy(&command.request), room)
            || self.waiting.iter().map(|turn| &turn.command.request).any(|earlier| {
                lane_of(earlier) == Some(lane) || is_heavy(&command.request) && is_heavy(earlier)
            })
    }

    /// Lets a turn wait.
    pub(super) fn wait(&mut self, turn: Turn) -> Result<(), TooMany> {
        let bytes = self.bytes + cost_of(&turn.command);
        if self.under_way.len() + self.waiting.len() >= MAX_COMMANDS || bytes > MAX_BYTES {
            return Err(TooMany);
        }
        self.bytes = bytes;
        self.waiting.push_back(turn);
        Ok(())
    }

    /// Whether a turn that was taken already cannot go on yet.
    pub(super) fn blocks_first(&self, turn: &Turn, room: bool) -> bool {
        let request = &turn.command.request;
        lane_of(request).is_some_and(|lane| self.is_busy(lane, is_heavy(request), room))
    }

    /// Lets a turn wait that was taken already, before all others.
    pub(super) fn wait_first(&mut self, turn: Turn) {
        self.bytes += cost_of(&turn.command);
        self.waiting.push_front(turn);
    }

    /// Notes that a question is asked, on behalf of a command about `channel`; that of an rpc is empty.
    pub(super) fn begin(&mut self, channel: Channel, heavy: bool, task: Task) -> Result<Ask, TooMany> {
        let cost = cost_under_way(&task);
        // One alone is no longer than a message may be.
        let has_room = self.bytes == 0 || self.bytes + cost <= MAX_BYTES;
        if self.under_way.len() >= MAX_COMMANDS || cost > 0 && !has_room {
            return Err(TooMany);
        }
        self.bytes += cost;
        self.last_ask = self.last_ask.wrapping_add(1);
        let ask = Ask(self.last_ask);
        self.under_way.push(UnderWay { ask, channel, heavy, bytes: cost, task });
        Ok(ask)
    }

    /// How many commands wait for keys.
    pub(super) fn await_keys(&self) -> usize {
        self.under_way.iter().filter(|one| matches!(one.task, Task::AwaitKeys(_))).count()
    }

    /// Takes back what `ask` was about; `None` if it is not under way (any more).
    pub(super) fn end(&mut self, ask: Ask) -> Option<(Channel, Task)> {
        let at = self.under_way.iter().position(|one| one.ask == ask)?;
        let one = self.under_way.swap_remove(at);
        self.bytes -= one.bytes;
        if self.under_way.is_empty() {
            self.under_way = Vec::new();
        }
        Some((one.channel, one.task))
    }

    /// Keeps the answer to an rpc until there is room for the reply; false if `ask` is about none.
    pub(super) fn hold(&mut self, ask: Ask, data: Option<Payload>) -> bool {
        let Some(one) = self.under_way.iter_mut().find(|one| one.ask == ask) else { return false };
        one.task = Task::HeldRpc(one.task.id(), data);
        true
    }

    /// Takes back an answer that was kept.
    pub(super) fn take_held(&mut self) -> Option<(u32, Option<Payload>)> {
        let held = self.under_way.iter().find(|one| matches!(one.task, Task::HeldRpc(..)))?.ask;
        match self.end(held)? {
            (_, Task::HeldRpc(id, data)) => Some((id, data)),
            _ => None,
        }
    }

    /// The first waiting turn that may begin now.
    pub(super) fn next(&mut self, room: bool) -> Option<Turn> {
        let at = self.first_free(room)?;
        let turn = self.waiting.remove(at)?;
        self.bytes -= cost_of(&turn.command);
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
        Some(turn)
    }

    /// Where the first waiting turn stands that may begin now: one walk along all, since both what is under way
    /// and what waits may be long.
    fn first_free(&self, room: bool) -> Option<usize> {
        if self.waiting.is_empty() {
            return None;
        }
        let rpcs_are_busy = self.is_busy(Lane::Rpcs, false, room);
        let lanes = self.under_way.iter().filter_map(UnderWay::lane);
        let mut taken: HashSet<_> = lanes.filter(|lane| *lane != Lane::Rpcs || rpcs_are_busy).collect();
        let mut heavy_is_taken = !room || self.under_way.iter().any(|one| one.heavy);
        self.waiting.iter().position(|turn| {
            let request = &turn.command.request;
            let Some(lane) = lane_of(request) else { return true };
            let heavy = is_heavy(request);
            let free = taken.insert(lane) && !(heavy && heavy_is_taken);
            heavy_is_taken |= heavy;
            free
        })
    }

    /// Whether anything waits, a reply included.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty() || self.under_way.iter().any(|one| matches!(one.task, Task::HeldRpc(..)))
    }

    fn is_busy(&self, lane: Lane<'_>, heavy: bool, room: bool) -> bool {
        let abreast = if lane == Lane::Rpcs { self.rpcs_at_once } else { 1 };
        heavy && (!room || self.under_way.iter().any(|one| one.heavy))
            || self.under_way.iter().filter(|one| one.lane() == Some(lane)).count() >= abreast
    }
}

/// What commands run first in, first out with this one.
fn lane_of(request: &Request) -> Option<Lane<'_>> {
    match request {
        Request::Rpc(_) => Some(Lane::Rpcs),
        request => channel_of(request).map(|channel| Lane::Channel(channel)),
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
pub(super) fn channel_of(request: &Request) -> Option<&Channel> {
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

/// What is kept of a command whose task is under way.
fn cost_under_way(task: &Task) -> usize {
    match task {
        Task::AwaitKeys(command) => cost_of(command),
        Task::Admit(_, subscribe) => size_of_val(&**subscribe) + cost_of_subscribe(subscribe),
        Task::AskPublish(asked) => asked.data.len(),
        _ => 0,
    }
}

fn cost_of_subscribe(subscribe: &SubscribeRequest) -> usize {
    subscribe.token.len()
        + subscribe.delta.len()
        + subscribe.data.as_ref().map_or(0, bytes::Bytes::len)
        + subscribe.tags_filter.as_ref().map_or(0, FilterNode::weight)
}

/// What a waiting command costs, roughly: its variable parts and a little for itself.
fn cost_of(command: &Command) -> usize {
    let payload = match &command.request {
        Request::Subscribe(subscribe) => size_of_val(&**subscribe) + cost_of_subscribe(subscribe),
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
            let ask = queue.begin("".into(), false, Task::Rpc(1)).unwrap();
            assert_eq!(queue.blocks(&rpc(2), true), in_turn);
            queue.wait(rpc(2).into()).unwrap();
            queue.wait(rpc(3).into()).unwrap();
            if in_turn {
                assert!(queue.next(true).is_none());
                queue.end(ask);
            }
            assert_eq!(queue.next(true).map(|turn| turn.command.id), Some(2));
        }
    }

    /// A subscribe command with a filter of 60 conditions, and `data`.
    fn filtered(id: u32, data: usize) -> SubscribeRequest {
        let leaf = FilterNode { key: "k".repeat(60), cmp: "ex".to_owned(), ..FilterNode::default() };
        let tags_filter =
            Some(FilterNode { op: "or".to_owned(), nodes: vec![leaf; 60], ..FilterNode::default() });
        let channel = id.to_string().as_str().into();
        SubscribeRequest {
            tags_filter,
            data: Some(vec![b'1'; data].into()),
            ..SubscribeRequest::new(channel)
        }
    }

    /// How many are taken before one is too many.
    fn taken(mut take: impl FnMut(u32) -> Result<(), TooMany>) -> usize {
        (1..=1024).take_while(|id| take(*id).is_ok()).count()
    }

    #[test]
    fn filters_that_wait_are_counted_by_what_they_take() {
        let mut queue = Queue::new(false);
        let command = |id| Command { id, request: Request::Subscribe(Box::new(filtered(id, 1))) };
        let count = taken(|id| queue.wait(command(id).into()));
        let nodes = 61 * size_of::<FilterNode>() + 60 * 60;
        assert!(count > 10 && count * nodes <= MAX_BYTES, "{count} of {nodes} bytes");
        while queue.next(true).is_some() {}
        assert_eq!(queue.bytes, 0);
    }

    #[test]
    fn what_is_kept_while_it_is_under_way_is_counted() {
        let data = 60_000;
        let request = |id| Box::new(filtered(id, data));
        let command = |id| Box::new(Command { id, request: Request::Subscribe(request(id)) });
        for admits in [true, false] {
            let mut queue = Queue::new(false);
            let mut asks = Vec::new();
            let count = taken(|id| {
                let task = if admits { Task::Admit(id, request(id)) } else { Task::AwaitKeys(command(id)) };
                queue.begin(id.to_string().as_str().into(), false, task).map(|ask| asks.push(ask))
            });
            assert!(count > 5 && count * data <= MAX_BYTES, "{count}");
            assert_eq!(
                queue.wait(Command { id: 9999, request: Request::Subscribe(request(9)) }.into()),
                Err(TooMany)
            );
            asks.into_iter().for_each(|ask| drop(queue.end(ask)));
            assert_eq!(queue.bytes, 0);
        }
    }
}
