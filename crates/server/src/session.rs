//! What one connected client may do now: a pure state machine.
//!
//! A session opens no socket, reads no clock and rolls no dice: commands, answers and the time come in by
//! [`Session::handle`], and what is to be done goes out as [`Action`]s. Nothing ever waits inside.

mod action;
mod admission;
mod advice;
mod attempt;
mod commands;
mod connect;
mod deadlines;
mod device;
mod granting;
mod heartbeat;
mod input;
mod introducing;
mod joining;
mod keys;
mod latest;
mod limits;
mod permission;
mod personal;
mod queue;
mod refresh;
mod rules;
mod subscribe;
mod subscription;
mod takeover;
mod task;
#[cfg(test)]
mod tests;
mod trouble;
mod wishes;
mod withheld;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use suona_protocol::{ClientInfo, Command, Disconnect, DisconnectCode, Outcome, Reply, Request};

use crate::backend::Backstage;

pub use action::{Action, Question};
pub use attempt::{Act, Attempt};
pub use device::DeviceKey;
pub use heartbeat::PingSchedule;
pub use input::{Answered, Input, Introduction, ServerSub};
pub use limits::Excess;
pub use queue::Ask;
pub use rules::{Context, Manners, Rules};
pub use takeover::{Estate, Legacy};
pub use withheld::{Reading, is_withheld};

use advice::Consulting;
use connect::Connecting;
use device::Device;
use heartbeat::Heartbeat;
use limits::Spending;
use queue::{Queue, Turn};
use subscription::{Subscription, leave};
use takeover::Succeeding;
use trouble::Trouble;
use wishes::Wishes;

/// One connected client.
#[derive(Debug)]
pub struct Session {
    manners: Arc<Manners>,
    state: State,
    heartbeat: Heartbeat,
    /// When the client was last heard, pongs not counted.
    heard_at: Instant,
    /// Shared by everything that names this client; the user is empty until it is known.
    info: Arc<ClientInfo>,
    /// What is kept for the backend alone, if it wants anything.
    backstage: Option<Arc<Backstage>>,
    /// When the connection ends unless its token is refreshed, grace included; or when the backend is asked.
    ends_at: Option<Instant>,
    /// Sorted by channel.
    subscriptions: Vec<Subscription>,
    queue: Queue,
    wishes: Wishes,
    /// Which channels its connection token named.
    token_channels: u32,
    /// Whoever wants to be known again on its next connection.
    device: Option<Box<Device>>,
    /// What it has spent of what its commands are limited to, once there was one.
    spending: Option<Box<Spending>>,
    /// Drawn for this connection, 0.0..1.0.
    luck: f64,
}

#[derive(Debug)]
enum State {
    /// Must connect before `stale_at`.
    New {
        stale_at: Instant,
    },
    /// Waits for the backend to say who the client is.
    Consulting(Box<Consulting>),
    /// Knows who the client is, and waits for what its old connection leaves.
    Succeeding(Box<Succeeding>),
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

impl Session {
    /// A session of the connection with this id (a UUID); `luck` lies in 0.0..1.0.
    pub fn new(client: String, manners: impl Into<Arc<Manners>>, luck: f64, ctx: Context<'_>) -> Self {
        let (now, manners) = (ctx.now.instant, manners.into());
        Self {
            state: State::New { stale_at: now + ctx.rules.config.client.stale_close_delay },
            heartbeat: Heartbeat::Off,
            heard_at: now,
            info: Arc::new(ClientInfo { client, ..ClientInfo::default() }),
            backstage: None,
            ends_at: None,
            subscriptions: Vec::new(),
            queue: Queue::new(manners.rpcs_in_turn),
            manners,
            wishes: Wishes::default(),
            token_channels: 0,
            device: None,
            spending: None,
            luck,
        }
    }

    /// Takes one thing that happened, and appends what is to be done.
    pub fn handle(&mut self, input: Input, ctx: Context<'_>, actions: &mut Vec<Action>) {
        match input {
            Input::Command(command) => self.command(command, None, ctx, actions),
            Input::Excess(command) => self.command(command, Some(Excess::User), ctx, actions),
            Input::Introduced { id, introduction } => self.introduced(id, *introduction, ctx, actions),
            Input::Stranger { id, stranger, subs } => self.stranger(id, *stranger, subs, ctx, actions),
            Input::Malformed => self.close(DisconnectCode::BadRequest, actions),
            Input::Heartbeat => self.heard_at = ctx.now.instant,
            Input::ProtocolPong => drop(self.heartbeat.pong()),
            Input::Answered(ask, outcome) => self.answered(ask, outcome, ctx, actions),
            Input::Early(publication) => self.early(publication),
            Input::Gap(channel) => self.gap(&channel, actions),
            Input::Inherited(estate) => self.inherited(estate, ctx, actions),
            Input::Drained => self.resume_waiting(ctx, actions),
            Input::Unsubscribe(channel, code) => self.unsubscribe_by_server(channel, code, actions),
            Input::Subscribe(sub) => self.subscribe_by_api(*sub, ctx, actions),
            Input::Refresh(grant) => self.refreshed_by_api(grant, ctx, actions),
            Input::Disconnect(disconnect) => self.close(disconnect, actions),
            Input::NotRegistered => {
                for subscription in &mut self.subscriptions {
                    subscription.joined = false;
                }
                self.give_back();
                self.close(DisconnectCode::ConnectionLimit, actions);
            }
            Input::Woke => self.woke(ctx, actions),
        }
    }

    /// Who the client is; before that is known, the user is whom a proxy vouches for, or empty.
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

    /// Whether the client's connect was refused, and it is expected to go.
    pub fn is_refused(&self) -> bool {
        matches!(self.state, State::Refused { .. })
    }

    /// Whether commands wait, perhaps for room in the outbox.
    pub fn is_waiting(&self) -> bool {
        self.queue.is_waiting()
    }

    /// Ends the session because the connection is gone.
    pub fn lost(&mut self, actions: &mut Vec<Action>) {
        self.state = State::Closed;
        for subscription in std::mem::take(&mut self.subscriptions) {
            leave(subscription, None, actions);
        }
        self.renounce_all(actions);
    }

    fn close(&mut self, why: impl Into<Disconnect>, actions: &mut Vec<Action>) {
        if !self.is_closed() {
            actions.push(Action::Close(why.into()));
            self.lost(actions);
        }
    }

    fn command(
        &mut self,
        command: Command,
        of_user: Option<Excess>,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) {
        self.heard_at = ctx.now.instant;
        let id = command.id;
        let outcome = match (&self.state, command.request) {
            (State::Closed, _) => Ok(()),
            (State::Refused { .. }, _) => Err(DisconnectCode::BadRequest.into()),
            (State::New { .. }, request @ Request::Connect(_)) => {
                self.greet(Command { id, request }, ctx, actions)
            }
            (State::New { .. }, _) | (_, Request::Connect(_)) => Err(DisconnectCode::BadRequest.into()),
            (_, Request::Pong) => self.heartbeat.pong().map_err(|_| DisconnectCode::BadRequest.into()),
            (_, request) => self.take_turn(Command { id, request }, of_user, ctx, actions),
        };
        self.tell(id, outcome, actions);
    }

    /// Begins a command, or lets it wait for its turn.
    fn take_turn(
        &mut self,
        command: Command,
        of_user: Option<Excess>,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let progress = self.count(&command.request, of_user, ctx, actions)?;
        if !self.is_connected() || self.queue.blocks(&command, ctx.room) {
            return Ok(self.queue.wait(Turn { command, progress })?);
        }
        self.begin(Turn { command, progress }, ctx, actions)
    }

    /// Begins whatever waited and may begin now, after a reply that waited for room.
    fn resume_waiting(&mut self, mut ctx: Context<'_>, actions: &mut Vec<Action>) {
        if ctx.room
            && let Some((id, data)) = self.queue.take_held()
        {
            reply(id, Outcome::Rpc { data }, actions);
            ctx.room = false;
        }
        while let State::Connected = self.state
            && let Some(turn) = self.queue.next(ctx.room)
        {
            let id = turn.command.id;
            let outcome = self.begin(turn, ctx, actions);
            self.tell(id, outcome, actions);
        }
    }
}

fn reply(id: u32, outcome: Outcome, actions: &mut Vec<Action>) {
    actions.push(Action::Reply(Reply { id, outcome }));
}
