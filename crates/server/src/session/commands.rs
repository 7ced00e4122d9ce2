//! What a connected client may ask for besides subscribing.

use suona_protocol::{
    Channel, ClientInfo, Command, DisconnectCode, ErrorCode, HistoryRequest, HistoryResult, Outcome,
    PublishRequest, Request,
};

use super::{
    Act, Action, Answered, Ask, Attempt, Context, Question, Session, Trouble,
    keys::missing_key,
    permission::{Deed, Known},
    queue::{Progress, Turn, channel_of},
    reply,
    task::{AskedPublish, Task},
};
use crate::{
    backend::{Advice, Granted, Inquiry},
    broker::{BrokerError, Message, Query, Retention},
    clock::Now,
    complaint::Complaint,
    config::ChannelOptions,
};

impl Session {
    /// Begins a command whose turn has come.
    pub(super) fn begin(
        &mut self,
        turn: Turn,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let Turn { command: Command { id, request }, progress } = turn;
        if let Progress::Excessive = progress {
            return Err(ErrorCode::TooManyRequests.into());
        }
        if channel_of(&request).is_some_and(|channel| channel.len() > ctx.rules.config.channels.max_length) {
            return Err(ErrorCode::BadRequest.into());
        }
        if matches!(progress, Progress::New)
            && let Some(kind) = missing_key(&request, ctx)
        {
            return self.await_keys(Command { id, request }, kind, actions);
        }
        match request {
            Request::Subscribe(request) => match progress {
                Progress::Admitted(admission) => self.enter(id, *request, *admission, ctx, actions),
                progress => self.subscribe(id, *request, progress, ctx, actions),
            },
            Request::Unsubscribe(channel) => self.unsubscribe(id, &channel, actions),
            Request::Publish(request) => self.publish(id, request, ctx, actions),
            Request::Presence(channel) => self.presence(Task::Presence(id), channel, ctx, actions),
            Request::PresenceStats(channel) => self.presence(Task::PresenceStats(id), channel, ctx, actions),
            Request::History(request) => self.history(id, request, ctx, actions),
            Request::Refresh { token } => self.refresh(id, &token, ctx, actions),
            Request::SubRefresh(request) => self.sub_refresh(id, &request, ctx, actions),
            Request::Rpc(request) => self.rpc(id, request, ctx, actions),
            Request::Send(_) => Err(DisconnectCode::NotAvailable.into()),
            Request::Ping => {
                reply(id, Outcome::Ping, actions);
                Ok(())
            }
            Request::Connect(_) | Request::Pong => Err(DisconnectCode::BadRequest.into()),
        }
    }

    /// Finishes what waited for an answer, and begins what waited for that.
    pub(super) fn answered(
        &mut self,
        ask: Ask,
        outcome: Result<Answered, BrokerError>,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) {
        let outcome = match outcome {
            Ok(Answered::Advised(Advice::Granted(Granted::Rpc(data)))) if !ctx.room && is_long(&data) => {
                self.queue.hold(ask, data);
                return;
            }
            outcome => outcome,
        };
        if self.is_closed() {
            return;
        }
        let Some((channel, task)) = self.queue.end(ask) else { return };
        let id = task.id();
        // The reply may take all the room there is; whether any is left is known when it is written.
        let after = Context { room: ctx.room && !task.may_reply_at_length(), ..ctx };
        let result = match outcome {
            Ok(answered) => self.finish(&channel, task, answered, ctx, actions),
            Err(_) if task.is_for_backend() => {
                self.advised(&channel, task, Advice::Unavailable, ctx, actions)
            }
            Err(_) if let Task::AwaitKeys(_) = task => Err(self.without_keys(ctx, actions)),
            Err(error) => Err(trouble_of(&task, error, ctx.now)),
        };
        self.tell(id, result, actions);
        self.resume_waiting(after, actions);
    }

    fn finish(
        &mut self,
        channel: &Channel,
        task: Task,
        answered: Answered,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        match (task, answered) {
            (task, Answered::Advised(advice)) => return self.advised(channel, task, advice, ctx, actions),
            (Task::AwaitKeys(command), Answered::KeysFetched) => {
                return self.with_keys(*command, ctx, actions);
            }
            (Task::Subscribe(id), Answered::Subscribed(page)) => {
                return self.subscribed(id, channel, page, ctx, actions);
            }
            (Task::ServerSubscribe, Answered::Subscribed(page)) => {
                self.subscribed_by_server(channel, page, ctx, actions);
            }
            (Task::Publish(id), Answered::Published) => reply(id, Outcome::Publish, actions),
            (Task::History(id), Answered::History(page)) => {
                let result = HistoryResult { publications: page.publications, top: page.top };
                reply(id, Outcome::History(result), actions);
            }
            (Task::Presence(id), Answered::Presence(clients)) => {
                let bytes: usize = clients.iter().map(|info| size_of_info(info)).sum();
                if bytes > ctx.rules.max_reply_bytes() {
                    return Err(ErrorCode::LimitExceeded.into());
                }
                reply(id, Outcome::Presence(clients), actions);
            }
            (Task::PresenceStats(id), Answered::PresenceStats(stats)) => {
                reply(id, Outcome::PresenceStats(stats), actions);
            }
            (task, answered) => unreachable!("the shard answered {task:?} with {answered:?}"),
        }
        Ok(())
    }

    fn publish(
        &mut self,
        id: u32,
        request: PublishRequest,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let PublishRequest { channel, data, idempotency_key: key, exclude_self } = request;
        let webhook = ctx.rules.config.channels.get(&channel).and_then(|options| options.publish_webhook);
        let options = match webhook {
            Some(_) if !channel.is_empty() => Known::find(&ctx.rules.config, &channel)?.options,
            _ => self.permit(Deed::Publish, &channel, ctx)?,
        };
        let is_json = !self.manners.reads_binary;
        if !options.accepts(&data, is_json) || data.len() > ctx.rules.max_payload_bytes(options) {
            return Err(ErrorCode::BadRequest.into());
        }
        if let Some(webhook) = webhook {
            let attempt = self.attempt(Act::Decide, &channel, &key, Some(&data))?;
            let inquiry = Inquiry::Publish { channel: channel.clone(), data: data.clone() };
            let asked = AskedPublish { id, data, exclude_self, attempt: attempt.clone() };
            let task = Task::AskPublish(Box::new(asked));
            return self.consult_once(attempt, (webhook, inquiry), channel, task, actions);
        }
        let attempt = self.attempt(Act::Publish, &channel, &key, Some(&data))?;
        let retention = options.retention;
        let message = Message {
            info: Some(self.info.clone()),
            exclude: self.exclude(None, exclude_self),
            delta: options.delta_publish,
            ..Message::new(data, options.content)
        };
        self.put_out(id, (channel, message, retention), attempt, actions)
    }

    /// Publishes on behalf of a client that may.
    pub(super) fn put_out(
        &mut self,
        id: u32,
        (channel, mut message, retention): (Channel, Message, Retention),
        attempt: Option<Box<Attempt>>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let ask = self.queue.begin(channel.clone(), false, Task::Publish(id))?;
        // The node knows its own repeats; the broker those that come through another node. Where the backend names
        // the publication, it may know of the same one from elsewhere: its name decides.
        if message.idempotency_key.is_none() {
            message.idempotency_key = attempt.as_ref().map(|attempt| attempt.broker_key());
        }
        actions.push(Action::Ask(ask, Question::Publish { channel, message, retention, attempt }));
        Ok(())
    }

    fn presence(
        &mut self,
        task: Task,
        channel: Channel,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        self.permit(Deed::Presence, &channel, ctx)?;
        let is_list = matches!(task, Task::Presence(_));
        let ask = self.queue.begin(channel.clone(), is_list, task)?;
        let question = if is_list { Question::Presence(channel) } else { Question::PresenceStats(channel) };
        actions.push(Action::Ask(ask, question));
        Ok(())
    }

    fn history(
        &mut self,
        id: u32,
        request: HistoryRequest,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let HistoryRequest { channel, limit, since, reverse } = request;
        let retention = self.permit(Deed::History, &channel, ctx)?.retention;
        if reverse && since.is_some_and(|(offset, _)| offset == 0) {
            return Err(ErrorCode::BadRequest.into());
        }
        let most = ctx.rules.config.client.history_max_publication_limit;
        let limit = usize::try_from(limit).map_or(most, |limit| limit.min(most));
        let query = Query { limit, max_bytes: ctx.rules.max_reply_bytes(), since, reverse, ..Query::TOP };
        let ask = self.queue.begin(channel.clone(), true, Task::History(id))?;
        actions.push(Action::Ask(ask, Question::History { channel, query, retention }));
        Ok(())
    }

    /// The rules of a channel in which `deed` is possible, and this client may do it.
    fn permit<'a>(
        &self,
        deed: Deed,
        channel: &'a Channel,
        ctx: Context<'a>,
    ) -> Result<&'a ChannelOptions, Trouble> {
        if channel.is_empty() {
            return Err(DisconnectCode::BadRequest.into());
        }
        let known = Known::find(&ctx.rules.config, channel)?;
        known.can(deed)?;
        known.may(deed, &self.info.user, self.subscription(channel).is_some())?;
        Ok(known.options)
    }
}

/// Whether a reply must wait for room: a few short ones never fill an outbox.
fn is_long(data: &Option<suona_protocol::Payload>) -> bool {
    data.as_ref().is_some_and(|data| data.len() > 4096)
}

/// Tells the log of our own trouble. All sessions complain of the same broker.
fn complain(error: BrokerError, now: Now) {
    static FAILING: Complaint = Complaint::new();
    if let Some(times) = FAILING.again(now.instant) {
        tracing::warn!(%error, times, "the broker failed");
    }
}

/// What the client hears when the broker could not.
fn trouble_of(task: &Task, error: BrokerError, now: Now) -> Trouble {
    match (task, error) {
        (Task::Subscribe(_) | Task::ServerSubscribe, error) => {
            complain(error, now);
            DisconnectCode::InternalError.into()
        }
        (_, BrokerError::OtherPayload) => ErrorCode::BadRequest.into(),
        (_, BrokerError::OtherEpoch) => ErrorCode::UnrecoverablePosition.into(),
        (_, BrokerError::NoRoom | BrokerError::Unreachable) => {
            complain(error, now);
            ErrorCode::Internal.into()
        }
    }
}

/// What one entry of a presence list costs on the wire, at most: its values, and the names around them.
fn size_of_info(info: &ClientInfo) -> usize {
    let payload = |data: &Option<suona_protocol::Payload>| data.as_ref().map_or(0, bytes::Bytes::len);
    64 + info.user.len() + 2 * info.client.len() + payload(&info.conn_info) + payload(&info.chan_info)
}
