//! How connections and subscriptions are prolonged: by new tokens of the client, or by the backend, which is
//! then asked when they expire.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use suona_protocol::{
    Channel, ClientInfo, DisconnectCode, ErrorCode, Outcome, Payload, RefreshResult, SubRefreshRequest,
    UnsubscribeCode,
};

use super::{
    Action, Context, Session, Trouble,
    connect::{lifetime, whole_seconds},
    reply,
    subscription::{Side, Subscription},
    task::Task,
};
use crate::{
    auth::TokenError,
    backend::{Advice, Granted, Inquiry, RefreshGrant},
};

/// How long a connection or subscription lives on if the backend cannot say whether it may.
const STAY: Duration = Duration::from_secs(60);

impl Session {
    /// A new token prolongs the connection.
    pub(super) fn refresh(
        &mut self,
        id: u32,
        token: &str,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        if ctx.rules.config.webhooks.refresh.is_some() {
            return Err(DisconnectCode::BadRequest.into());
        }
        let claims = match ctx.rules.connection_tokens.verify_connection(token, ctx.now.unix) {
            Ok(claims) if claims.user == self.info.user => claims,
            Err(TokenError::Expired) => return Err(DisconnectCode::ConnectionExpired.into()),
            _ => return Err(DisconnectCode::InvalidToken.into()),
        };
        if fingerprint(claims.subs.iter().map(|(channel, _)| channel)) != self.token_channels {
            // The client comes back with the new token, and then hears what that names.
            return Err(DisconnectCode::InsufficientState.into());
        }
        let ttl = match claims.expires_at.map(|at| lifetime(at, ctx.now)) {
            Some(None) => return Err(DisconnectCode::ConnectionExpired.into()),
            ttl => ttl.flatten(),
        };
        self.ends_at = ttl.map(|ttl| ctx.now.instant + ttl + ctx.rules.config.client.expired_close_delay);
        self.show_info(claims.info);
        reply(id, Outcome::Refresh(RefreshResult { ttl: ttl.map(whole_seconds) }), actions);
        Ok(())
    }

    /// A new token prolongs a subscription.
    pub(super) fn sub_refresh(
        &mut self,
        id: u32,
        request: &SubRefreshRequest,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let options = ctx.rules.config.channels.get(&request.channel);
        if request.channel.is_empty() || options.is_some_and(|options| options.sub_refresh_webhook.is_some())
        {
            return Err(DisconnectCode::BadRequest.into());
        }
        if self.subscription(&request.channel).is_none() {
            return Err(ErrorCode::PermissionDenied.into());
        }
        if request.token.is_empty() {
            return Err(ErrorCode::BadRequest.into());
        }
        let claims = match ctx.rules.subscription_tokens.verify_subscription(&request.token, ctx.now.unix) {
            Ok(claims) if self.is_meant(&claims, &request.channel) => claims,
            // A temporary error: the client asks for another token and tries again, where 109 would end the
            // subscription for good.
            Err(TokenError::Expired) => return Err(ErrorCode::TooManyRequests.into()),
            _ => return Err(DisconnectCode::InvalidToken.into()),
        };
        let ttl = match claims.expires_at.map(|at| lifetime(at, ctx.now)) {
            Some(None) => return Err(ErrorCode::TooManyRequests.into()),
            ttl => ttl.flatten(),
        };
        let ends_at = ttl.map(|ttl| ctx.now.instant + ttl + ctx.rules.config.client.expired_sub_close_delay);
        let info = self.info_with(claims.grant.info);
        if let Some(subscription) = self.subscription_mut(&request.channel) {
            subscription.ends_at = ends_at;
        }
        self.show_channel_info(&request.channel, info, actions);
        reply(id, Outcome::SubRefresh(RefreshResult { ttl: ttl.map(whole_seconds) }), actions);
        Ok(())
    }

    /// Asks the backend whether the connection, which expires now, may stay; false if it is not the one to ask.
    pub(super) fn ask_to_stay(&mut self, ctx: Context<'_>, actions: &mut Vec<Action>) -> bool {
        let Some(webhook) = ctx.rules.config.webhooks.refresh else { return false };
        self.ends_at = None;
        let outcome = self.consult(webhook, "".into(), Task::Refresh, Inquiry::Refresh, actions);
        self.tell(0, outcome, actions);
        true
    }

    /// The same for a subscription.
    pub(super) fn ask_to_stay_subscribed(
        &mut self,
        channel: &Channel,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> bool {
        let options = ctx.rules.config.channels.get(channel);
        let Some(webhook) = options.and_then(|options| options.sub_refresh_webhook) else { return false };
        if let Some(subscription) = self.subscription_mut(channel) {
            subscription.ends_at = None;
        }
        let inquiry = Inquiry::SubRefresh(channel.clone());
        let outcome = self.consult(webhook, channel.clone(), Task::SubRefresh, inquiry, actions);
        self.tell(0, outcome, actions);
        true
    }

    /// Asks about the subscriptions that have expired, or ends them.
    pub(super) fn end_expired_subscriptions(&mut self, ctx: Context<'_>, actions: &mut Vec<Action>) {
        let is_expired = |one: &&Subscription| one.ends_at.is_some_and(|at| at <= ctx.now.instant);
        let expired: Vec<_> =
            self.subscriptions.iter().filter(is_expired).map(|one| one.channel.clone()).collect();
        for channel in expired {
            if !self.ask_to_stay_subscribed(&channel, ctx, actions) {
                self.end_subscription(channel, actions);
            }
        }
    }

    /// A subscription has expired.
    fn end_subscription(&mut self, channel: Channel, actions: &mut Vec<Action>) {
        match self.subscription(&channel).map(|one| one.side) {
            Some(Side::Server) => self.close(DisconnectCode::SubscriptionExpired, actions),
            Some(Side::Client) => self.unsubscribe_by_server(channel, UnsubscribeCode::Expired, actions),
            None => {}
        }
    }

    /// The backend said whether the connection may stay. Without a new end it may not.
    pub(super) fn refreshed(&mut self, advice: Advice, ctx: Context<'_>) -> Result<(), Trouble> {
        let grant = match advice {
            Advice::Granted(Granted::Refresh(grant)) if !grant.expired => grant,
            Advice::Disconnect(end) => return Err(Trouble::Disconnect(end)),
            Advice::Unavailable => {
                self.ends_at = Some(ctx.now.instant + STAY);
                return Ok(());
            }
            _ => return Err(DisconnectCode::ConnectionExpired.into()),
        };
        let RefreshGrant { expires_at, info, meta, .. } = grant;
        let ttl = expires_at.and_then(|at| lifetime(at, ctx.now)).ok_or(DisconnectCode::ConnectionExpired)?;
        self.ends_at = Some(ctx.now.instant + ttl);
        self.show_info(info);
        self.keep_backstage(meta, ctx);
        Ok(())
    }

    /// The backend said whether the subscription may stay. Without a new end it stays for good.
    pub(super) fn sub_refreshed(
        &mut self,
        channel: &Channel,
        advice: Advice,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let (ttl, info) = match advice {
            Advice::Disconnect(end) => return Err(Trouble::Disconnect(end)),
            Advice::Unavailable => (Some(STAY), None),
            Advice::Granted(Granted::SubRefresh(RefreshGrant {
                expired: false, expires_at, info, ..
            })) => match expires_at.map(|at| lifetime(at, ctx.now)) {
                Some(None) => {
                    self.end_subscription(channel.clone(), actions);
                    return Ok(());
                }
                ttl => (ttl.flatten(), info),
            },
            _ => {
                self.end_subscription(channel.clone(), actions);
                return Ok(());
            }
        };
        if let Some(subscription) = self.subscription_mut(channel) {
            subscription.ends_at = ttl.map(|ttl| ctx.now.instant + ttl);
        }
        if info.is_some() {
            let info = self.info_with(info);
            self.show_channel_info(channel, info, actions);
        }
        Ok(())
    }

    /// From now on the client looks so to others, wherever it comes anew.
    pub(super) fn show_info(&mut self, info: Option<Payload>) {
        if info.is_some() {
            self.info = Arc::new(ClientInfo { conn_info: info, ..(*self.info).clone() });
        }
    }

    /// From now on the client looks so to others in a channel.
    fn show_channel_info(&mut self, channel: &Channel, info: Arc<ClientInfo>, actions: &mut Vec<Action>) {
        let Some(subscription) = self.subscription_mut(channel) else { return };
        subscription.info = info;
        if subscription.features.presence {
            actions.push(Action::AddPresence(channel.clone(), subscription.info.clone()));
        }
    }
}

/// By what the channels that a connection token names, sorted, are compared with those of the next; 0 for none.
/// The tokens are signed, so nobody seeks two lists that are alike.
pub(super) fn fingerprint<'a>(channels: impl Iterator<Item = &'a Channel>) -> u32 {
    let mut channels = channels.peekable();
    if channels.peek().is_none() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    channels.for_each(|channel| channel.hash(&mut hasher));
    (hasher.finish() as u32).max(1)
}
