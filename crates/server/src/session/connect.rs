//! How a client becomes known: its token or the door says who it is, and its server-side subscriptions begin.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use suona_protocol::{
    ClientInfo, ConnectRequest, ConnectResult, DisconnectCode, ErrorCode, ErrorReply, Outcome,
};

use super::{
    Action, Context, Heartbeat, Introduction, REFUSED_LINGER, ServerSub, Session, State, Trouble,
    introducing::introduce,
    joining::{Budget, Hole},
    permission::Known,
    refresh::fingerprint,
    reply,
    task::Task,
    wishes::Wishes,
};
use crate::{Now, backend::Inquiry};

/// No lifetime is longer, so that every sum of times stays in range.
const MAX_LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);

/// A client that is known, and the reply that it will get.
#[derive(Debug)]
pub(super) struct Connecting {
    id: u32,
    result: ConnectResult,
    /// Server-side subscriptions that the broker has not confirmed yet.
    pub(super) missing: usize,
    /// When the client is sent away because the broker has not answered.
    pub(super) give_up: Instant,
}

impl Session {
    pub(super) fn connect(
        &mut self,
        id: u32,
        request: ConnectRequest,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        self.keep_headers(&request.headers, ctx);
        self.wishes = Wishes::read(&request.headers);
        if let Some(webhook) = ctx.rules.config.webhooks.connect.filter(|_| request.token.is_empty()) {
            return self.ask_who(id, webhook, request, actions);
        }
        let introduction = match introduce(&request, &self.info.user, ctx) {
            Ok(introduction) => introduction,
            Err(Trouble::Refused(error)) => return Err(self.refuse(error, ctx, actions)),
            Err(disconnect) => return Err(disconnect),
        };
        self.check_token(&introduction, ctx)?;
        self.admit(id, introduction, ctx, actions)
    }

    /// The door introduces a client that cannot introduce itself. Once it is known, nothing changes that.
    pub(super) fn introduced(
        &mut self,
        id: u32,
        mut introduction: Introduction,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) {
        self.heard_at = ctx.now.instant;
        if let State::New { .. } = self.state {
            introduction.subscribe_personally(ctx);
            let checked = self.check_token(&introduction, ctx);
            match checked.and_then(|()| self.admit(id, introduction, ctx, actions)) {
                Ok(()) => {}
                Err(Trouble::Refused(error)) => self.turn_away(&error, actions),
                Err(Trouble::Disconnect(why)) => self.close(why, actions),
            }
        }
    }

    /// A token must name a user, if the configuration says so.
    fn check_token(&self, introduction: &Introduction, ctx: Context<'_>) -> Result<(), Trouble> {
        let is_anonymous = introduction.proved && introduction.user.is_empty();
        if is_anonymous && ctx.rules.config.client.disallow_anonymous_connection_tokens {
            return Err(DisconnectCode::PermissionDenied.into());
        }
        Ok(())
    }

    /// Lets a known client in; the reply waits for its server-side subscriptions.
    pub(super) fn admit(
        &mut self,
        id: u32,
        introduction: Introduction,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let client = &ctx.rules.config.client;
        let ttl = match self.time_left(&introduction, ctx) {
            Ok(ttl) => ttl,
            Err(code) => return Err(self.refuse(code.into(), ctx, actions)),
        };
        let Some(introduction) = self.succeed(id, introduction, ctx, actions) else { return Ok(()) };
        let Introduction { user, proved, info, data, meta, subs, .. } = introduction;
        if subs.len() > client.channel_limit {
            return Err(DisconnectCode::ChannelLimit.into());
        }
        self.info =
            Arc::new(ClientInfo { user, client: self.info.client.clone(), conn_info: info, chan_info: None });
        self.keep_backstage(meta, ctx);
        let refreshes_itself = ctx.rules.config.webhooks.refresh.is_none();
        let grace = if refreshes_itself { client.expired_close_delay } else { Duration::ZERO };
        self.ends_at = ttl.map(|ttl| ctx.now.instant + ttl + grace);
        let ttl = ttl.filter(|_| refreshes_itself).map(whole_seconds);
        let result = ConnectResult { ttl, data, ..self.greeting(ctx) };
        self.token_channels = fingerprint(subs.iter().filter(|sub| sub.by_token).map(|sub| &sub.channel));
        let give_up = ctx.now.instant + client.stale_close_delay;
        self.state = State::Connecting(Box::new(Connecting { id, result, missing: subs.len(), give_up }));
        for sub in subs {
            match self.subscribe_by_server(sub, proved, ctx, actions) {
                Err(Trouble::Refused(code)) => return Err(self.refuse(code, ctx, actions)),
                outcome => outcome?,
            }
        }
        self.finish_connecting(ctx, actions);
        Ok(())
    }

    /// How long the client may stay by what it was introduced with; for ever if nothing says.
    fn time_left(
        &self,
        introduction: &Introduction,
        ctx: Context<'_>,
    ) -> Result<Option<Duration>, ErrorCode> {
        let Some(at) = introduction.expires_at.filter(|_| !ctx.rules.config.client.insecure) else {
            return Ok(None);
        };
        // What was good when it came may run out while the old connection is asked for what it leaves.
        let has_waited = self.device().is_some();
        let expired = if has_waited { ErrorCode::TokenExpired } else { ErrorCode::Expired };
        lifetime(at, ctx.now).map(Some).ok_or(expired)
    }

    /// The reply to connect, without what its introduction adds and without subscriptions.
    fn greeting(&self, ctx: Context<'_>) -> ConnectResult {
        let announced = self.manners.ping.filter(|_| self.manners.announces_pings);
        let tells_time = ctx.rules.config.client.connect_include_server_time || self.wishes.time;
        ConnectResult {
            client: self.info.client.clone(),
            version: ctx.rules.version.clone(),
            ping: announced.map(|schedule| whole_seconds(schedule.interval)),
            pong: announced.is_some_and(|schedule| schedule.pong_timeout.is_some()),
            node: self.device.as_ref().map_or_else(Arc::default, |_| ctx.rules.node.clone()),
            time: tells_time.then(|| unix_millis(ctx.now)),
            ..ConnectResult::default()
        }
    }

    /// Begins one server-side subscription; if it is not permitted, the whole connect fails.
    fn subscribe_by_server(
        &mut self,
        sub: ServerSub,
        user_is_proved: bool,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let refusal = match Known::find(&ctx.rules.config, &sub.channel) {
            Err(code) => Some(code),
            Ok(known) if !sub.proved && !user_is_proved && known.names_users() => {
                Some(ErrorCode::PermissionDenied)
            }
            Ok(known) if !sub.proved && known.subscribe_webhook().is_some() => {
                known.check_name(&ctx.rules.config, &sub.channel).err()
            }
            Ok(known) if !sub.proved => known
                .may_subscribe(&self.info.user)
                .and_then(|()| known.check_name(&ctx.rules.config, &sub.channel))
                .err(),
            Ok(_) => None,
        };
        match refusal {
            Some(ErrorCode::PermissionDenied) => Err(DisconnectCode::PermissionDenied.into()),
            Some(code) => Err(code.into()),
            None => self.join_or_ask(sub, ctx, actions),
        }
    }

    /// Joins a channel; about one that was merely named, the backend is asked if the namespace wants that.
    fn join_or_ask(
        &mut self,
        sub: ServerSub,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let webhook = Known::find(&ctx.rules.config, &sub.channel)?.subscribe_webhook();
        match webhook.filter(|_| !sub.proved) {
            None => self.join_by_server(sub, ctx, actions),
            Some(webhook) => {
                let channel = sub.channel.clone();
                let inquiry = Inquiry::Subscribe { channel: channel.clone(), data: None };
                self.consult(webhook, channel, Task::AdmitServerSub(Box::new(sub)), inquiry, actions)
            }
        }
    }

    /// Tells the client that it is connected, once nothing is missing any more.
    pub(super) fn finish_connecting(&mut self, ctx: Context<'_>, actions: &mut Vec<Action>) {
        if !matches!(&self.state, State::Connecting(connecting) if connecting.missing == 0) {
            return;
        }
        let State::Connecting(connecting) = std::mem::replace(&mut self.state, State::Connected) else {
            return;
        };
        let Connecting { id, mut result, .. } = *connecting;
        let mut started = Vec::new();
        let data = result.data.as_ref().map_or(0, bytes::Bytes::len);
        let mut budget = Budget::of(ctx.rules);
        budget.bytes = budget.bytes.saturating_sub(data);
        for subscription in &mut self.subscriptions {
            let Some(joined) = subscription.start(&mut budget) else { continue };
            match joined {
                Ok(mut joined) => {
                    let sub = std::mem::take(&mut joined.result);
                    result.subs.push((subscription.channel.clone(), sub));
                    started.push((subscription.channel.clone(), joined));
                }
                Err(Hole) => return self.close(DisconnectCode::InsufficientState, actions),
            }
        }
        self.heartbeat = Heartbeat::begin(self.manners.ping, ctx.now.instant, self.luck);
        actions.push(Action::Register(self.info.clone()));
        reply(id, Outcome::Connect(Box::new(result)), actions);
        for (channel, joined) in started {
            self.listen(&channel, joined, actions);
        }
        self.begin_grace(ctx.now.instant);
        // The reply may take all the room there is; whether any is left is known when it is written.
        self.resume_waiting(Context { room: false, ..ctx }, actions);
    }

    /// The connect fails with an error reply, after which the client is expected to go.
    pub(super) fn refuse(
        &mut self,
        error: ErrorReply,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Trouble {
        self.lost(actions);
        self.state = State::Refused { drop_at: ctx.now.instant + REFUSED_LINGER };
        Trouble::Refused(error)
    }
}

/// How long until `at`; `None` if that is past.
pub(super) fn lifetime(at: Duration, now: Now) -> Option<Duration> {
    at.checked_sub(now.unix).filter(|left| !left.is_zero()).map(|left| left.min(MAX_LIFETIME))
}

/// Seconds as the wire counts them: at least 1, since 0 is "never".
pub(super) fn whole_seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX).max(1)
}

fn unix_millis(now: Now) -> u64 {
    u64::try_from(now.unix.as_millis()).unwrap_or(u64::MAX)
}
