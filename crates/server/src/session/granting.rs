//! What the API gives a connected client unasked: a subscription, or another lifetime.

use std::time::Duration;

use suona_protocol::{Channel, DisconnectCode, ErrorCode, Push, PushEvent, RefreshResult};

use super::{
    Action, Context, ServerSub, Session, Trouble,
    connect::{lifetime, whole_seconds},
    joining::{Budget, Hole},
};
use crate::{backend::RefreshGrant, complaint::Complaint};

impl Session {
    /// The server subscribes the client. One that hears the channel already, or is about to, goes on as it did.
    pub(super) fn subscribe_by_api(&mut self, sub: ServerSub, ctx: Context<'_>, actions: &mut Vec<Action>) {
        if !self.is_connected() || self.subscription(&sub.channel).is_some() {
            return;
        }
        let channel = sub.channel.clone();
        let outcome = if self.subscriptions.len() < ctx.rules.config.client.channel_limit {
            self.join_by_server(sub, ctx, actions)
        } else {
            Err(ErrorCode::LimitExceeded.into())
        };
        match outcome {
            Ok(()) => {}
            Err(Trouble::Refused(error)) => {
                static REFUSED: Complaint = Complaint::new();
                if let Some(times) = REFUSED.again(ctx.now.instant) {
                    tracing::warn!(%channel, client = %self.info.client, error.message, times, "a client was not subscribed");
                }
            }
            Err(Trouble::Disconnect(why)) => self.close(why, actions),
        }
    }

    /// The broker answered for a subscription that the API made. What was missed follows the push, if there is
    /// room for it; else the client learns where the stream stands, as after any gap.
    pub(super) fn tell_subscribed(&mut self, channel: &Channel, ctx: Context<'_>, actions: &mut Vec<Action>) {
        let mut budget = Budget::of(ctx.rules);
        budget.bytes *= usize::from(ctx.room);
        // The server may have ended it meanwhile, and has told the client so.
        let Some(subscription) = self.subscription_mut(channel) else { return };
        match subscription.start(&mut budget) {
            None => {}
            Some(Err(Hole)) => self.close(DisconnectCode::InsufficientState, actions),
            Some(Ok(mut joined)) => {
                let mut result = std::mem::take(&mut joined.result);
                joined.late.splice(..0, std::mem::take(&mut result.publications));
                let event = PushEvent::Subscribe(Box::new(result));
                actions.push(Action::Push(Push { channel: channel.clone(), event }));
                self.listen(channel, joined, actions);
            }
        }
    }

    /// The API says how long the connection lives; for ever if it names no end.
    pub(super) fn refreshed_by_api(
        &mut self,
        grant: RefreshGrant,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) {
        if !self.is_connected() {
            return;
        }
        let client = &ctx.rules.config.client;
        let ttl = match grant.expires_at.filter(|_| !client.insecure).map(|at| lifetime(at, ctx.now)) {
            _ if grant.expired => return self.close(DisconnectCode::ConnectionExpired, actions),
            Some(None) => return self.close(DisconnectCode::ConnectionExpired, actions),
            ttl => ttl.flatten(),
        };
        let refreshes_itself = ctx.rules.config.webhooks.refresh.is_none();
        let grace = if refreshes_itself { client.expired_close_delay } else { Duration::ZERO };
        self.ends_at = ttl.map(|ttl| ctx.now.instant + ttl + grace);
        self.show_info(grant.info);
        let ttl = ttl.filter(|_| refreshes_itself).map(whole_seconds);
        let event = PushEvent::Refresh(RefreshResult { ttl });
        actions.push(Action::Push(Push { channel: Channel::from(""), event }));
    }
}
