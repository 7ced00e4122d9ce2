//! How a client becomes known: its token or the door says who it is, and its server-side subscriptions begin.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use suona_protocol::{
    Channel, ClientInfo, ConnectRequest, ConnectResult, Disconnect, DisconnectCode, ErrorCode, Outcome,
    RefreshResult,
};

use super::{
    Action, Context, Heartbeat, Introduction, REFUSED_LINGER, ServerSub, Session, State, Trouble,
    permission::{self, Known},
    reply,
    subscription::Hole,
};
use crate::{
    Now,
    auth::{ConnectionClaims, TokenError},
};

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
        request: &ConnectRequest,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let introduction = match introduce(request, ctx) {
            Ok(introduction) => introduction,
            Err(Trouble::Refused(code)) => return Err(self.refuse(code, ctx, actions)),
            Err(disconnect) => return Err(disconnect),
        };
        self.admit(id, introduction, ctx, actions)
    }

    /// The door introduces a client that cannot introduce itself. Once it is known, nothing changes that.
    pub(super) fn introduced(
        &mut self,
        id: u32,
        introduction: Introduction,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) {
        self.heard_at = ctx.now.instant;
        if let State::New { .. } = self.state {
            match self.admit(id, introduction, ctx, actions) {
                Ok(()) => {}
                // Who cannot introduce itself sends no command and understands no reply.
                Err(Trouble::Refused(code)) => {
                    let why = Disconnect::custom(DisconnectCode::BadRequest.code(), code.message());
                    self.close(why, actions);
                }
                Err(Trouble::Disconnect(code)) => self.close(code, actions),
            }
        }
    }

    /// Lets a known client in; the reply waits for its server-side subscriptions.
    fn admit(
        &mut self,
        id: u32,
        introduction: Introduction,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let client = &ctx.rules.config.client;
        let Introduction { user, proved, info, expires_at, subs } = introduction;
        if proved && user.is_empty() && client.disallow_anonymous_connection_tokens {
            return Err(DisconnectCode::PermissionDenied.into());
        }
        if subs.len() > client.channel_limit {
            return Err(DisconnectCode::ChannelLimit.into());
        }
        let expires_at = expires_at.filter(|_| !client.insecure);
        let ttl = match expires_at.map(|at| lifetime(at, ctx.now)) {
            Some(None) => return Err(self.refuse(ErrorCode::Expired, ctx, actions)),
            ttl => ttl.flatten(),
        };
        self.info =
            Arc::new(ClientInfo { user, client: self.info.client.clone(), conn_info: info, chan_info: None });
        self.ends_at = ttl.map(|ttl| ctx.now.instant + ttl + client.expired_close_delay);
        let announced = self.manners.ping.filter(|_| self.manners.announces_pings);
        let result = ConnectResult {
            client: self.info.client.clone(),
            version: ctx.rules.version.clone(),
            ttl: ttl.map(whole_seconds),
            ping: announced.map(|schedule| whole_seconds(schedule.interval)),
            pong: announced.is_some_and(|schedule| schedule.pong_timeout.is_some()),
            time: client.connect_include_server_time.then(|| unix_millis(ctx.now)),
            ..ConnectResult::default()
        };
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
            Ok(known) if !sub.proved => known
                .may_subscribe(&self.info.user)
                .and_then(|()| permission::check_name(&ctx.rules.config, &sub.channel))
                .err(),
            Ok(_) => None,
        };
        match refusal {
            Some(ErrorCode::PermissionDenied) => Err(DisconnectCode::PermissionDenied.into()),
            Some(code) => Err(code.into()),
            None => self.join_by_server(sub, ctx, actions),
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
        let mut budget = ctx.rules.max_reply_bytes();
        for subscription in &mut self.subscriptions {
            let Some(joined) = subscription.start(&mut budget) else { continue };
            match joined {
                Ok(joined) => {
                    result.subs.push((subscription.channel.clone(), joined.result));
                    started.push((subscription.channel.clone(), joined.position, joined.late));
                }
                Err(Hole) => return self.close(DisconnectCode::InsufficientState, actions),
            }
        }
        self.heartbeat = Heartbeat::begin(self.manners.ping, ctx.now.instant, self.luck);
        actions.push(Action::Register(self.info.clone()));
        reply(id, Outcome::Connect(Box::new(result)), actions);
        for (channel, position, late) in started {
            self.listen(&channel, position, late, actions);
        }
        self.resume_waiting(ctx, actions);
    }

    /// A new token prolongs the connection.
    pub(super) fn refresh(
        &mut self,
        id: u32,
        token: &str,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let claims = match ctx.rules.connection_tokens.verify_connection(token, ctx.now.unix) {
            Ok(claims) if claims.user == self.info.user => claims,
            Err(TokenError::Expired) => return Err(DisconnectCode::ConnectionExpired.into()),
            _ => return Err(DisconnectCode::InvalidToken.into()),
        };
        let ttl = match claims.expires_at.map(|at| lifetime(at, ctx.now)) {
            Some(None) => return Err(DisconnectCode::ConnectionExpired.into()),
            ttl => ttl.flatten(),
        };
        self.ends_at = ttl.map(|ttl| ctx.now.instant + ttl + ctx.rules.config.client.expired_close_delay);
        if claims.info.is_some() {
            let info = ClientInfo { conn_info: claims.info, ..(*self.info).clone() };
            self.info = Arc::new(info);
        }
        reply(id, Outcome::Refresh(RefreshResult { ttl: ttl.map(whole_seconds) }), actions);
        Ok(())
    }

    /// The connect fails with an error reply, after which the client is expected to go.
    fn refuse(&mut self, code: ErrorCode, ctx: Context<'_>, actions: &mut Vec<Action>) -> Trouble {
        self.lost(actions);
        self.state = State::Refused { drop_at: ctx.now.instant + REFUSED_LINGER };
        Trouble::Refused(code)
    }
}

/// Finds out who sends a connect command.
fn introduce(request: &ConnectRequest, ctx: Context<'_>) -> Result<Introduction, Trouble> {
    let client = &ctx.rules.config.client;
    let mut introduction = if !request.token.is_empty() {
        believe(&request.token, ctx)?
    } else if client.allow_anonymous_connect_without_token || client.insecure {
        Introduction::default()
    } else {
        return Err(DisconnectCode::BadRequest.into());
    };
    for (channel, since) in &request.subs {
        match introduction.subs.iter_mut().find(|sub| sub.channel == *channel) {
            Some(sub) => sub.since = *since,
            None => introduction.subs.extend(
                wished(channel, &introduction.user, ctx)?.map(|sub| ServerSub { since: *since, ..sub }),
            ),
        }
    }
    Ok(introduction)
}

fn believe(token: &str, ctx: Context<'_>) -> Result<Introduction, Trouble> {
    let claims = match ctx.rules.connection_tokens.verify_connection(token, ctx.now.unix) {
        Ok(claims) => claims,
        Err(TokenError::Expired) => return Err(ErrorCode::TokenExpired.into()),
        Err(error @ TokenError::Invalid(_)) => {
            tracing::debug!(%error, "connection token refused");
            return Err(DisconnectCode::InvalidToken.into());
        }
    };
    let ConnectionClaims { user, expires_at, info, subs, .. } = claims;
    let proved = |(channel, grant)| ServerSub { channel, proved: true, grant, since: Default::default() };
    let subs = subs.into_iter().map(proved).collect();
    Ok(Introduction { user, proved: true, info, expires_at, subs })
}

/// A server-side subscription that the client asks for by naming it: granted if it could subscribe to it
/// itself, else silently left out.
fn wished(channel: &Channel, user: &str, ctx: Context<'_>) -> Result<Option<ServerSub>, Trouble> {
    let Ok(known) = Known::find(&ctx.rules.config, channel) else {
        return Err(DisconnectCode::BadRequest.into());
    };
    // An anonymous client is no "named user", whatever the name ends with.
    let is_named = !user.is_empty() || !known.names_users();
    let permitted = is_named
        && known.may_subscribe(user).is_ok()
        && permission::check_name(&ctx.rules.config, channel).is_ok();
    Ok(permitted.then(|| ServerSub {
        channel: channel.clone(),
        proved: true,
        grant: Default::default(),
        since: Default::default(),
    }))
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
