//! What one connected client may do now: a pure state machine.
//!
//! A session opens no socket, reads no clock and rolls no dice: commands, answers and the time come in by
//! [`Session::handle`], and what is to be done goes out as [`Action`]s. Nothing ever waits inside.

mod commands;
mod connect;
mod heartbeat;
mod permission;
mod queue;
mod subscribe;
mod subscription;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use suona_protocol::{
    Channel, ClientInfo, Command, Disconnect, DisconnectCode, Encoded, ErrorCode, Outcome, Payload, Position,
    PresenceStatsResult, Push, PushEvent, RecoverFrom, Reply, Request, UnsubscribeCode,
};

use crate::{
    Now,
    auth::{SubscriptionGrant, Verifier},
    broker::{BrokerError, Message, Page, Query, Retention},
    config::Config,
};

pub use heartbeat::PingSchedule;
pub use queue::Ask;

use connect::Connecting;
use heartbeat::{Beat, Heartbeat};
use queue::Queue;
use subscription::{Side, Stage, Subscription};

/// What holds for all sessions of a gateway.
pub struct Rules {
    /// The configuration.
    pub config: Config,
    /// Believes connection tokens.
    pub connection_tokens: Verifier,
    /// Believes subscription tokens.
    pub subscription_tokens: Verifier,
    /// What the connect reply calls us: `Suona x.y.z`.
    pub version: String,
}

impl Rules {
    /// No reply is larger than this, so that none alone makes a client look slow: half an outbox.
    pub fn max_reply_bytes(&self) -> usize {
        self.config.client.queue_max_size / 2
    }
}

/// What a session needs to know of the world whenever it handles something.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What holds for all.
    pub rules: &'a Rules,
    /// The time.
    pub now: Now,
    /// Whether the client's outbox has room for a reply of [`Rules::max_reply_bytes`].
    pub room: bool,
}

/// How a door treats its connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manners {
    /// When to ping; `None` for never.
    pub ping: Option<PingSchedule>,
    /// The silence after which the client counts as gone; `None` for never. Pongs do not break it.
    pub idle_timeout: Option<Duration>,
}

/// Something that happened to a session.
#[derive(Debug)]
pub enum Input {
    /// The client asked for something.
    Command(Command),
    /// The door says who the client is, where the client itself cannot.
    Introduced {
        /// The id of the connect command that this stands for.
        id: u32,
        /// Who it is.
        introduction: Box<Introduction>,
    },
    /// The client said something that the door could not read.
    Malformed,
    /// The client showed that it lives, by a heartbeat text.
    Heartbeat,
    /// The client answered a protocol ping.
    ProtocolPong,
    /// What came of a question.
    Answered(Ask, Result<Answered, BrokerError>),
    /// A publication for a subscription that is still joining.
    Early(Arc<Encoded>),
    /// A positioned subscription missed something.
    Gap(Channel),
    /// The outbox has room again.
    Drained,
    /// The server ends a subscription, whether there is one or not.
    Unsubscribe(Channel, UnsubscribeCode),
    /// The server ends the connection.
    Disconnect(Disconnect),
    /// The deadline has come.
    Woke,
}

/// Who a client is, as the door, its token or the backend says.
#[derive(Clone, Debug, Default)]
pub struct Introduction {
    /// The user; empty for an anonymous one.
    pub user: String,
    /// What others see of the client.
    pub info: Option<Payload>,
    /// When the connection expires, since the Unix epoch.
    pub expires_at: Option<Duration>,
    /// What the client hears from the start.
    pub subs: Vec<ServerSub>,
}

/// A channel that a client hears without asking.
#[derive(Clone, Debug)]
pub struct ServerSub {
    /// The channel.
    pub channel: Channel,
    /// Whether whoever named it may decide; otherwise the namespace must permit it to the user.
    pub proved: bool,
    /// What comes with it.
    pub grant: SubscriptionGrant,
    /// Where the client last stood.
    pub since: RecoverFrom,
}

/// What came of a question to the broker.
#[derive(Debug)]
pub enum Answered {
    /// Hearing the channel; the page is there if one was asked for.
    Subscribed(Option<Page>),
    /// Published.
    Published,
    /// A page of history.
    History(Page),
    /// Who is there.
    Presence(Vec<Arc<ClientInfo>>),
    /// How many are there.
    PresenceStats(PresenceStatsResult),
}

/// Something that the shard must do now, in the order given.
#[derive(Debug)]
pub enum Action {
    /// Tell the client.
    Reply(Reply),
    /// Tell the client.
    Push(Push),
    /// Tell the client.
    Publication(Arc<Encoded>),
    /// Ask the client whether it lives.
    Ping,
    /// Count the connection among those of its user; if they are too many already, all that follows is void
    /// and the session is to be told so.
    Register(Arc<ClientInfo>),
    /// Ask the broker, and hand in the answer.
    Ask(Ask, Question),
    /// The subscription is in effect: from `position` on, if it is positioned.
    Listen {
        /// The channel.
        channel: Channel,
        /// What the client has heard already.
        position: Option<Position>,
        /// Whether it also hears who comes and goes.
        hears_joins: bool,
    },
    /// The client hears the channel no more.
    Leave(Channel),
    /// The client is present in the channel.
    AddPresence(Channel, Arc<ClientInfo>),
    /// The client is not present in the channel any more.
    RemovePresence(Channel, Arc<ClientInfo>),
    /// Tell the others that the client came.
    AnnounceJoin(Channel, Arc<ClientInfo>),
    /// Tell the others that the client went.
    AnnounceLeave(Channel, Arc<ClientInfo>),
    /// End the connection, telling the client why.
    Close(Disconnect),
    /// End the connection without a word.
    Drop,
}

/// Something that only the broker knows or can do.
#[derive(Debug)]
pub enum Question {
    /// Let this client hear `channel`, and read where its stream stands.
    Subscribe {
        /// The channel.
        channel: Channel,
        /// What to read of the stream, for a positioned subscription.
        query: Option<Query>,
        /// How the stream is kept.
        retention: Retention,
    },
    /// Publish.
    Publish {
        /// The channel.
        channel: Channel,
        /// What.
        message: Message,
        /// How the stream is kept.
        retention: Retention,
    },
    /// Read history.
    History {
        /// The channel.
        channel: Channel,
        /// Which part.
        query: Query,
        /// How the stream is kept.
        retention: Retention,
    },
    /// Who is there?
    Presence(Channel),
    /// How many are there?
    PresenceStats(Channel),
}

/// One connected client.
#[derive(Debug)]
pub struct Session {
    manners: Manners,
    state: State,
    heartbeat: Heartbeat,
    /// When the client was last heard, pongs not counted.
    heard_at: Instant,
    /// Shared by everything that names this client; the user is empty until it is known.
    info: Arc<ClientInfo>,
    /// When the connection ends unless its token is refreshed, grace included.
    ends_at: Option<Instant>,
    /// Sorted by channel.
    subscriptions: Vec<Subscription>,
    queue: Queue,
    /// Drawn for this connection, 0.0..1.0.
    luck: f64,
}

#[derive(Debug)]
enum State {
    /// Must connect before `stale_at`.
    New {
        stale_at: Instant,
    },
    /// Knows who the client is, and waits for its server-side subscriptions.
    Connecting(Box<Connecting>),
    Connected,
    /// Its connect was refused with an error; it is expected to go.
    Refused {
        drop_at: Instant,
    },
    Closed,
}

/// How long a client whose connect was refused may take to go by itself.
const REFUSED_LINGER: Duration = Duration::from_secs(5);

/// What became of one input: refused commands are answered, the rest may end the connection.
enum Trouble {
    Refused(ErrorCode),
    Disconnect(DisconnectCode),
}

impl From<ErrorCode> for Trouble {
    fn from(code: ErrorCode) -> Self {
        Self::Refused(code)
    }
}

impl From<DisconnectCode> for Trouble {
    fn from(code: DisconnectCode) -> Self {
        Self::Disconnect(code)
    }
}

impl From<queue::TooMany> for Trouble {
    fn from(_: queue::TooMany) -> Self {
        Self::Disconnect(DisconnectCode::TooManyRequests)
    }
}

impl Session {
    /// A session of the connection with this id (a UUID); `luck` lies in 0.0..1.0.
    pub fn new(client: String, manners: Manners, luck: f64, ctx: Context<'_>) -> Self {
        let now = ctx.now.instant;
        Self {
            manners,
            state: State::New { stale_at: now + ctx.rules.config.client.stale_close_delay },
            heartbeat: Heartbeat::Off,
            heard_at: now,
            info: Arc::new(ClientInfo { client, ..ClientInfo::default() }),
            ends_at: None,
            subscriptions: Vec::new(),
            queue: Queue::default(),
            luck,
        }
    }

    /// Takes one thing that happened, and appends what is to be done.
    pub fn handle(&mut self, input: Input, ctx: Context<'_>, actions: &mut Vec<Action>) {
        match input {
            Input::Command(command) => self.command(command, ctx, actions),
            Input::Introduced { id, introduction } => self.introduced(id, *introduction, ctx, actions),
            Input::Malformed => self.close(DisconnectCode::BadRequest, actions),
            Input::Heartbeat => self.heard_at = ctx.now.instant,
            Input::ProtocolPong => drop(self.heartbeat.pong()),
            Input::Answered(ask, outcome) => self.answered(ask, outcome, ctx, actions),
            Input::Early(publication) => self.early(publication),
            Input::Gap(channel) => self.gap(&channel, actions),
            Input::Drained => self.resume_waiting(ctx, actions),
            Input::Unsubscribe(channel, code) => self.unsubscribe_by_server(channel, code, actions),
            Input::Disconnect(disconnect) => self.close(disconnect, actions),
            Input::Woke => self.woke(ctx, actions),
        }
    }

    /// When to hand in [`Input::Woke`].
    pub fn deadline(&self) -> Option<Instant> {
        let of_state = match self.state {
            State::New { stale_at } => Some(stale_at),
            State::Refused { drop_at } => return Some(drop_at),
            State::Connecting(_) | State::Connected => None,
            State::Closed => return None,
        };
        let idle = self.manners.idle_timeout.map(|timeout| self.heard_at + timeout);
        let subscriptions = self.subscriptions.iter().filter_map(|subscription| subscription.ends_at).min();
        [of_state, self.heartbeat.deadline(), self.ends_at, idle, subscriptions].into_iter().flatten().min()
    }

    /// Who the client is; the user is empty before it is known.
    pub fn info(&self) -> &Arc<ClientInfo> {
        &self.info
    }

    /// Whether a client is connected: known, and told so.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected)
    }

    /// Whether the session came to its end.
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether commands wait, perhaps for room in the outbox.
    pub fn is_waiting(&self) -> bool {
        self.queue.is_waiting()
    }

    /// Ends the session because the connection is gone.
    pub fn lost(&mut self, actions: &mut Vec<Action>) {
        self.state = State::Closed;
        for subscription in std::mem::take(&mut self.subscriptions) {
            leave(subscription, actions);
        }
    }

    fn close(&mut self, why: impl Into<Disconnect>, actions: &mut Vec<Action>) {
        if !self.is_closed() {
            actions.push(Action::Close(why.into()));
            self.lost(actions);
        }
    }

    fn command(&mut self, command: Command, ctx: Context<'_>, actions: &mut Vec<Action>) {
        self.heard_at = ctx.now.instant;
        let id = command.id;
        let outcome = match (&self.state, command.request) {
            (State::Closed, _) => Ok(()),
            (State::Refused { .. }, _) => Err(DisconnectCode::BadRequest.into()),
            (State::New { .. }, Request::Connect(request)) => self.connect(id, *request, ctx, actions),
            (State::New { .. }, _) | (_, Request::Connect(_)) => Err(DisconnectCode::BadRequest.into()),
            (_, Request::Pong) => self.heartbeat.pong().map_err(|_| DisconnectCode::BadRequest.into()),
            (State::Connecting(_), request) => {
                self.queue.wait(Command { id, request }).map_err(Trouble::from)
            }
            (State::Connected, request) => self.begin_or_wait(Command { id, request }, ctx, actions),
        };
        self.tell(id, outcome, actions);
    }

    fn begin_or_wait(
        &mut self,
        command: Command,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        if self.queue.blocks(&command, ctx.room) {
            return Ok(self.queue.wait(command)?);
        }
        self.begin(command, ctx, actions)
    }

    /// Begins whatever waited and may begin now.
    fn resume_waiting(&mut self, ctx: Context<'_>, actions: &mut Vec<Action>) {
        while let State::Connected = self.state
            && let Some(command) = self.queue.next(ctx.room)
        {
            let id = command.id;
            let outcome = self.begin(command, ctx, actions);
            self.tell(id, outcome, actions);
        }
    }

    /// Tells the client of trouble, if there was any.
    fn tell(&mut self, id: u32, outcome: Result<(), Trouble>, actions: &mut Vec<Action>) {
        match outcome {
            Ok(()) => {}
            Err(Trouble::Refused(code)) => reply(id, Outcome::Error(code.into()), actions),
            Err(Trouble::Disconnect(code)) => self.close(code, actions),
        }
    }

    fn woke(&mut self, ctx: Context<'_>, actions: &mut Vec<Action>) {
        let now = ctx.now.instant;
        let is_past = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        match self.state {
            State::New { stale_at } if stale_at <= now => return self.close(DisconnectCode::Stale, actions),
            State::Refused { drop_at } if drop_at <= now => {
                self.state = State::Closed;
                return actions.push(Action::Drop);
            }
            _ => {}
        }
        if is_past(self.ends_at) {
            return self.close(DisconnectCode::ConnectionExpired, actions);
        }
        if is_past(self.manners.idle_timeout.map(|timeout| self.heard_at + timeout)) {
            return self.close(DisconnectCode::NoPong, actions);
        }
        match self.heartbeat.woke(self.manners.ping, now) {
            Some(Beat::Ping) => actions.push(Action::Ping),
            Some(Beat::Dead) => return self.close(DisconnectCode::NoPong, actions),
            None => {}
        }
        self.end_expired_subscriptions(now, actions);
    }

    fn end_expired_subscriptions(&mut self, now: Instant, actions: &mut Vec<Action>) {
        let is_expired = |one: &&Subscription| one.ends_at.is_some_and(|ends_at| ends_at <= now);
        let expired: Vec<_> =
            self.subscriptions.iter().filter(is_expired).map(|one| (one.channel.clone(), one.side)).collect();
        for (channel, side) in expired {
            match side {
                Side::Server => return self.close(DisconnectCode::SubscriptionExpired, actions),
                Side::Client => self.unsubscribe_by_server(channel, UnsubscribeCode::Expired, actions),
            }
        }
    }

    /// A positioned subscription missed something: it must recover.
    fn gap(&mut self, channel: &Channel, actions: &mut Vec<Action>) {
        match self.subscription(channel).map(|one| one.side) {
            Some(Side::Client) => {
                self.unsubscribe_by_server(channel.clone(), UnsubscribeCode::InsufficientState, actions);
            }
            Some(Side::Server) => self.close(DisconnectCode::InsufficientState, actions),
            None => {}
        }
    }

    fn unsubscribe_by_server(&mut self, channel: Channel, code: UnsubscribeCode, actions: &mut Vec<Action>) {
        if !self.is_connected() {
            return;
        }
        if let Some(subscription) = self.remove_subscription(&channel) {
            leave(subscription, actions);
        }
        actions.push(Action::Push(Push { channel, event: PushEvent::Unsubscribe(code) }));
    }

    fn early(&mut self, publication: Arc<Encoded>) {
        if let Some(Subscription { stage: Stage::Joining(joining), features, .. }) =
            self.subscription_mut(publication.channel())
            && features.positioned
        {
            joining.buffer(publication);
        }
    }

    fn find(&self, channel: &Channel) -> Result<usize, usize> {
        self.subscriptions.binary_search_by(|one| one.channel.cmp(channel))
    }

    fn subscription(&self, channel: &Channel) -> Option<&Subscription> {
        self.find(channel).ok().map(|at| &self.subscriptions[at])
    }

    fn subscription_mut(&mut self, channel: &Channel) -> Option<&mut Subscription> {
        self.find(channel).ok().map(|at| &mut self.subscriptions[at])
    }

    fn remove_subscription(&mut self, channel: &Channel) -> Option<Subscription> {
        self.find(channel).ok().map(|at| self.subscriptions.remove(at))
    }
}

fn reply(id: u32, outcome: Outcome, actions: &mut Vec<Action>) {
    actions.push(Action::Reply(Reply { id, outcome }));
}

/// Undoes a subscription in the world outside.
fn leave(subscription: Subscription, actions: &mut Vec<Action>) {
    let Subscription { channel, features, info, stage, .. } = subscription;
    actions.push(Action::Leave(channel.clone()));
    if features.presence {
        actions.push(Action::RemovePresence(channel.clone(), info.clone()));
    }
    if features.announced && matches!(stage, Stage::Active) {
        actions.push(Action::AnnounceLeave(channel, info));
    }
}
