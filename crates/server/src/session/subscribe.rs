//! How a client comes to hear a channel, and ceases to.

use suona_protocol::{
    Channel, Command, Content, DisconnectCode, ErrorCode, Form, Outcome, Request, SubscribeRequest,
};

use super::{
    Action, Context, Question, Reading, ServerSub, Session, State, Trouble,
    admission::{Admission, sub_grace},
    connect::{lifetime, whole_seconds},
    joining::{Budget, Joined, Joining},
    leave,
    permission::{Deed, Known},
    queue::{Progress, Turn},
    reply,
    subscription::{Features, Side, Stage, Subscription},
    task::Task,
};
use crate::{
    auth::Overrides,
    backend::Inquiry,
    broker::Page,
    config::{ChannelOptions, RecoveryMode},
};

impl Session {
    pub(super) fn subscribe(
        &mut self,
        id: u32,
        mut request: SubscribeRequest,
        progress: Progress,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let config = &ctx.rules.config;
        check_form(&request)?;
        let known = Known::find(config, &request.channel)?;
        known.check_name(config, &request.channel)?;
        self.check_place(&request.channel, ctx)?;
        if known.options.auto_cache_recover && !request.since.recover {
            // Its reply may be large now.
            request.since.recover = true;
            let command = Command { id, request: Request::Subscribe(Box::new(request)) };
            return self.go_on(Turn { command, progress }, ctx, actions);
        }
        match known.subscribe_webhook().filter(|_| request.token.is_empty()) {
            None => {
                let admission = self.admit_subscription(&request, &known, ctx)?;
                self.enter(id, request, admission, ctx, actions)
            }
            Some(webhook) => {
                let channel = request.channel.clone();
                // The bytes are shared, and counted for as long as the question is under way.
                let inquiry = Inquiry::Subscribe { channel: channel.clone(), data: request.data.clone() };
                self.consult(webhook, channel, Task::Admit(id, Box::new(request)), inquiry, actions)
            }
        }
    }

    /// Whether the client may have another subscription, to this channel.
    fn check_place(&self, channel: &Channel, ctx: Context<'_>) -> Result<(), Trouble> {
        if self.subscription(channel).is_some() {
            return Err(ErrorCode::AlreadySubscribed.into());
        }
        if self.subscriptions.len() >= ctx.rules.config.client.channel_limit {
            return Err(ErrorCode::LimitExceeded.into());
        }
        Ok(())
    }

    /// Subscribes a client that may.
    pub(super) fn enter(
        &mut self,
        id: u32,
        mut request: SubscribeRequest,
        admission: Admission,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let config = &ctx.rules.config;
        let known = Known::find(config, &request.channel)?;
        self.check_place(&request.channel, ctx)?;
        let Admission { grant, expires_at, by_backend } = admission;
        let ttl = match expires_at.map(|at| lifetime(at, ctx.now)) {
            Some(None) => return Err(ErrorCode::Expired.into()),
            ttl => ttl.flatten(),
        };
        let may = |deed| known.may(deed, &self.info.user, true).is_ok();
        let wishes = if by_backend {
            Wishes::default()
        } else {
            Wishes {
                positioned: request.positioned && (known.options.allow_positioning || may(Deed::History)),
                recoverable: request.recoverable && (known.options.allow_recovery || may(Deed::History)),
                join_leave: request.join_leave && may(Deed::Presence),
            }
        };
        let refreshes_itself = known.options.sub_refresh_webhook.is_none();
        let features = features(known.options, &grant.overrides, wishes);
        let reading = Reading::granted(request.tags_filter.take(), &request.delta, known.options, features)?;
        let subscription = Subscription {
            side: Side::Client,
            features,
            info: self.info_with(grant.info),
            ends_at: ttl.map(|ttl| ctx.now.instant + ttl + sub_grace(known.options, ctx)),
            joined: false,
            stage: Stage::Joining(Box::new(
                Joining::new(
                    request.since,
                    ttl.filter(|_| refreshes_itself).map(whole_seconds),
                    grant.data,
                    request.reject_unrecovered,
                )
                .reading(reading),
            )),
            channel: request.channel,
        };
        self.ask_to_join(subscription, Task::Subscribe(id), ctx, actions)
    }

    pub(super) fn join_by_server(
        &mut self,
        sub: ServerSub,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let ServerSub { channel, grant, mut since, expires_at, cache_recover, .. } = sub;
        let known = Known::find(&ctx.rules.config, &channel)?;
        let features = features(known.options, &grant.overrides, Wishes::default());
        since.recover |= features.latest_only && (cache_recover || known.options.auto_cache_recover);
        let ttl = match expires_at.map(|at| lifetime(at, ctx.now)) {
            Some(None) => return Err(DisconnectCode::SubscriptionExpired.into()),
            ttl => ttl.flatten(),
        };
        let subscription = Subscription {
            side: Side::Server,
            features,
            info: self.info_with(grant.info),
            ends_at: ttl.map(|ttl| ctx.now.instant + ttl + sub_grace(known.options, ctx)),
            joined: false,
            stage: Stage::Joining(Box::new(Joining::new(since, None, grant.data, false))),
            channel,
        };
        self.ask_to_join(subscription, Task::ServerSubscribe, ctx, actions)
    }

    /// Begins a subscription: from here on publications reach it, as early ones.
    fn ask_to_join(
        &mut self,
        mut subscription: Subscription,
        task: Task,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let channel = subscription.channel.clone();
        let options = ctx.rules.config.channels.get(&channel).ok_or(ErrorCode::UnknownChannel)?;
        if options.content == Content::Binary && !self.manners.reads_binary {
            return Err(ErrorCode::PermissionDenied.into());
        }
        let Err(at) = self.find(&channel) else { return Err(ErrorCode::AlreadySubscribed.into()) };
        let Stage::Joining(joining) = &mut subscription.stage else { return Ok(()) };
        if !self.manners.reads_binary {
            joining.leave_out_binary();
        }
        let features = subscription.features;
        let query = features.positioned.then(|| joining.query(features, options.retention, ctx.rules));
        let ask = self.queue.begin(channel.clone(), joining.since.recover, task)?;
        if subscription.features.presence {
            actions.push(Action::AddPresence(channel.clone(), subscription.info.clone()));
        }
        actions.push(Action::Ask(ask, Question::Subscribe { channel, query, retention: options.retention }));
        if self.subscriptions.is_empty() {
            // Most clients have one; a vector would begin with room for four.
            self.subscriptions.reserve_exact(1);
        }
        self.subscriptions.insert(at, subscription);
        Ok(())
    }

    /// The broker answered a subscribe command.
    pub(super) fn subscribed(
        &mut self,
        id: u32,
        channel: &Channel,
        page: Option<Page>,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        // The server ended it meanwhile, and has told the client so.
        let Some(subscription) = self.subscription_mut(channel) else {
            return Err(ErrorCode::PermissionDenied.into());
        };
        let Stage::Joining(joining) = &mut subscription.stage else { return Ok(()) };
        joining.page = page;
        let must_recover =
            joining.since.recover && joining.reject_unrecovered && !subscription.features.latest_only;
        let Some(Ok(mut joined)) = subscription.start(&mut Budget::of(ctx.rules)) else {
            return Err(DisconnectCode::InsufficientState.into());
        };
        if must_recover && !joined.result.recovered {
            if let Some(subscription) = self.remove_subscription(channel) {
                leave(subscription, None, actions);
            }
            return Err(ErrorCode::UnrecoverablePosition.into());
        }
        reply(id, Outcome::Subscribe(Box::new(std::mem::take(&mut joined.result))), actions);
        self.listen(channel, joined, actions);
        Ok(())
    }

    /// The broker answered for one server-side subscription; the connect reply waits for all that belong to it.
    pub(super) fn subscribed_by_server(
        &mut self,
        channel: &Channel,
        page: Option<Page>,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) {
        if let Some(Subscription { stage: Stage::Joining(joining), .. }) = self.subscription_mut(channel) {
            joining.page = page;
        }
        if let State::Connecting(connecting) = &mut self.state {
            connecting.missing -= 1;
            self.finish_connecting(ctx, actions);
        } else {
            self.tell_subscribed(channel, ctx, actions);
        }
    }

    /// Puts a subscription into effect whose reply is queued already.
    pub(super) fn listen(&mut self, channel: &Channel, joined: Joined, actions: &mut Vec<Action>) {
        let Joined { late, position, reading, .. } = joined;
        let Some(subscription) = self.subscription_mut(channel) else { return };
        subscription.joined = true;
        let features = subscription.features;
        let form = if reading.reads_deltas() { Form::Full } else { Form::Plain };
        actions.extend(late.into_iter().map(|one| Action::Publication(one, form)));
        actions.push(Action::Listen {
            channel: channel.clone(),
            position,
            hears_joins: features.hears_joins,
            reading,
        });
        self.announce(channel, actions);
    }

    pub(super) fn unsubscribe(
        &mut self,
        id: u32,
        channel: &Channel,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        if channel.is_empty() {
            return Err(DisconnectCode::BadRequest.into());
        }
        if let Some(subscription) = self.remove_subscription(channel) {
            leave(subscription, None, actions);
        }
        self.renounce(channel, actions);
        reply(id, Outcome::Unsubscribe, actions);
        Ok(())
    }
}

/// What a client asked for and may have.
#[derive(Clone, Copy, Default)]
struct Wishes {
    positioned: bool,
    recoverable: bool,
    join_leave: bool,
}

fn features(options: &ChannelOptions, overrides: &Overrides, wishes: Wishes) -> Features {
    let keeps = options.retention.keeps();
    let recoverable =
        keeps && (overrides.force_recovery.unwrap_or(options.force_recovery) || wishes.recoverable);
    let positioned = overrides.force_positioning.unwrap_or(options.force_positioning) || wishes.positioned;
    Features {
        recoverable,
        latest_only: recoverable && options.force_recovery_mode == RecoveryMode::Cache,
        positioned: recoverable || keeps && positioned,
        presence: overrides.presence.unwrap_or(options.presence),
        announced: overrides.join_leave.unwrap_or(options.join_leave),
        hears_joins: overrides.force_push_join_leave.unwrap_or(options.force_push_join_leave)
            || wishes.join_leave,
    }
}

/// Refuses what no gateway of streams can grant.
fn check_form(request: &SubscribeRequest) -> Result<(), Trouble> {
    if request.channel.is_empty() || !matches!(request.delta.as_str(), "" | "fossil") {
        return Err(DisconnectCode::BadRequest.into());
    }
    match request.kind {
        0 => Ok(()),
        4 => Err(ErrorCode::NotAvailable.into()),
        _ => Err(ErrorCode::PermissionDenied.into()),
    }
}
