//! What the backend is asked about a client, and what its answers mean.

use std::sync::Arc;

use suona_protocol::{
    Channel, ConnectRequest, Disconnect, DisconnectCode, ErrorCode, ErrorReply, Outcome, Payload,
    RecoverFrom, RpcRequest,
};

use super::{
    Act, Action, Attempt, Context, Introduction, ServerSub, Session, State, Trouble,
    admission::Admission,
    introducing::{may_be_anonymous, with_wishes},
    queue::{Progress, Turn},
    reply,
    task::{AskedPublish, Task},
};
use crate::{
    backend::{Advice, Backstage, ConnectGrant, Consultation, Granted, Inquiry, PublishGrant, Stranger},
    broker::Message,
    complaint::Complaint,
    config::{NoRoute, WebhookId},
};

/// A client that the backend is asked about.
#[derive(Debug, Default)]
pub(super) struct Consulting {
    id: u32,
    /// Server-side subscriptions that the client remembers.
    wished: Vec<(Channel, RecoverFrom)>,
    /// What the door lets it hear, if a door speaks for it.
    of_door: Option<Vec<ServerSub>>,
}

impl Session {
    /// Asks the backend who sends this connect command.
    pub(super) fn ask_who(
        &mut self,
        id: u32,
        webhook: WebhookId,
        request: ConnectRequest,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let ConnectRequest { data, subs: wished, name, version, .. } = request;
        let channels = wished.iter().map(|(channel, _)| channel.clone()).collect();
        let stranger = Stranger { data, name, version, channels, query: None };
        self.state = State::Consulting(Box::new(Consulting { id, wished, of_door: None }));
        self.consult(webhook, "".into(), Task::Introduce, Inquiry::Connect(Box::new(stranger)), actions)
    }

    /// Asks the backend who came through a door, which cannot tell.
    pub(super) fn stranger(
        &mut self,
        id: u32,
        stranger: Stranger,
        subs: Vec<ServerSub>,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) {
        self.heard_at = ctx.now.instant;
        let State::New { .. } = self.state else { return };
        let Some(webhook) = ctx.rules.config.webhooks.introduce else {
            return self.close(DisconnectCode::BadRequest, actions);
        };
        let consulting = Consulting { id, wished: Vec::new(), of_door: Some(subs) };
        self.state = State::Consulting(Box::new(consulting));
        let inquiry = Inquiry::Connect(Box::new(stranger));
        let outcome = self.consult(webhook, "".into(), Task::Introduce, inquiry, actions);
        self.tell(id, outcome, actions);
    }

    pub(super) fn rpc(
        &mut self,
        id: u32,
        request: RpcRequest,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let RpcRequest { method, data, idempotency_key } = request;
        let routes = &ctx.rules.config.webhooks.rpc;
        if routes.is_ping(&method) {
            reply(id, Outcome::Rpc { data: None }, actions);
            return Ok(());
        }
        let webhook = routes.find(&method).map_err(|no_route| match no_route {
            NoRoute::UnknownNamespace => ErrorCode::MethodNotFound,
            NoRoute::Disabled => ErrorCode::NotAvailable,
        })?;
        let attempt = self.attempt(Act::Rpc, &method, &idempotency_key, data.as_ref())?;
        let inquiry = Inquiry::Rpc { method, data, idempotency_key };
        self.consult_once(attempt, (webhook, inquiry), "".into(), Task::Rpc(id), actions)
    }

    /// Asks the backend; what it says is for `task`, which is about `channel` unless that is empty.
    pub(super) fn consult(
        &mut self,
        webhook: WebhookId,
        channel: Channel,
        task: Task,
        inquiry: Inquiry,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        self.consult_once(None, (webhook, inquiry), channel, task, actions)
    }

    /// As [`consult`](Self::consult), but a repeat of `attempt` gets what the first try got.
    pub(super) fn consult_once(
        &mut self,
        attempt: Option<Box<Attempt>>,
        (webhook, inquiry): (WebhookId, Inquiry),
        channel: Channel,
        task: Task,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let ask = self.queue.begin(channel, false, task)?;
        let (info, backstage) = (self.info.clone(), self.backstage.clone());
        let consultation = Box::new(Consultation { webhook, info, backstage, inquiry });
        actions.push(match attempt {
            Some(attempt) => Action::ConsultOnce(ask, consultation, attempt),
            None => Action::Consult(ask, consultation),
        });
        Ok(())
    }

    /// Goes on with what the backend was asked about.
    pub(super) fn advised(
        &mut self,
        channel: &Channel,
        task: Task,
        advice: Advice,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        match (task, advice) {
            (Task::Introduce, advice) => {
                self.introduced_by_backend(advice, ctx, actions);
                Ok(())
            }
            (Task::Refresh, advice) => self.refreshed(advice, ctx),
            (Task::SubRefresh, advice) => self.sub_refreshed(channel, advice, ctx, actions),
            (Task::AdmitServerSub(sub), advice) => {
                self.admit_server_sub(*sub, advice, ctx, actions);
                Ok(())
            }
            (_, Advice::Refused(error)) => Err(Trouble::Refused(error)),
            (_, Advice::Disconnect(end)) => Err(Trouble::Disconnect(end)),
            (_, Advice::Unavailable) => Err(ErrorCode::Internal.into()),
            (Task::Admit(id, request), Advice::Granted(Granted::Subscribe(grant))) => {
                let command =
                    suona_protocol::Command { id, request: suona_protocol::Request::Subscribe(request) };
                let progress = Progress::Admitted(Box::new(Admission::of_backend(*grant)));
                self.go_on(Turn { command, progress }, ctx, actions)
            }
            (Task::AskPublish(asked), Advice::Granted(Granted::Publish(grant))) => {
                self.publish_as_granted(channel, *asked, grant, ctx, actions)
            }
            (Task::Rpc(id), Advice::Granted(Granted::Rpc(data))) => {
                reply(id, Outcome::Rpc { data }, actions);
                Ok(())
            }
            (task, advice) => unreachable!("the backend answered {task:?} with {advice:?}"),
        }
    }

    /// Goes on with a command that was asked about: at once, or as soon as there is room for its reply.
    pub(super) fn go_on(
        &mut self,
        turn: Turn,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        if self.queue.blocks_first(&turn, ctx.room) {
            self.queue.wait_first(turn);
            return Ok(());
        }
        self.begin(turn, ctx, actions)
    }

    fn introduced_by_backend(&mut self, advice: Advice, ctx: Context<'_>, actions: &mut Vec<Action>) {
        let State::Consulting(consulting) = &mut self.state else { return };
        let consulting = std::mem::take(&mut **consulting);
        let (id, by_door) = (consulting.id, consulting.of_door.is_some());
        let outcome = match advice {
            Advice::Granted(Granted::Connect(grant)) => introduction(grant, consulting, &self.info.user, ctx)
                .and_then(|introduction| self.admit(id, introduction, ctx, actions)),
            Advice::Disconnect(end) => Err(Trouble::Disconnect(end)),
            Advice::Refused(error) => Err(self.refuse(error, ctx, actions)),
            _ => Err(self.refuse(ErrorCode::Internal.into(), ctx, actions)),
        };
        match outcome {
            Err(Trouble::Refused(error)) if by_door => self.turn_away(&error, actions),
            outcome => self.tell(id, outcome, actions),
        }
    }

    /// Ends the connection of a client that a door speaks for: it sends no command and understands no reply.
    pub(super) fn turn_away(&mut self, error: &ErrorReply, actions: &mut Vec<Action>) {
        let code = if error.temporary { DisconnectCode::InternalError } else { DisconnectCode::BadRequest };
        self.close(Disconnect::custom(code.code(), &error.message), actions);
    }

    /// A channel that the client merely named: without the backend's consent it is not let in at all.
    fn admit_server_sub(
        &mut self,
        sub: ServerSub,
        advice: Advice,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) {
        let outcome = match advice {
            Advice::Granted(Granted::Subscribe(granted)) => {
                let (grant, expires_at) = (granted.grant, granted.expires_at);
                self.join_by_server(ServerSub { grant, expires_at, ..sub }, ctx, actions)
            }
            Advice::Disconnect(end) => Err(Trouble::Disconnect(end)),
            Advice::Refused(error) => Err(Trouble::Refused(error)),
            _ => Err(ErrorCode::Internal.into()),
        };
        match outcome {
            Ok(()) => {}
            Err(Trouble::Refused(error)) => self.turn_away(&error, actions),
            Err(Trouble::Disconnect(end)) => self.close(end, actions),
        }
    }

    fn publish_as_granted(
        &mut self,
        channel: &Channel,
        asked: AskedPublish,
        grant: PublishGrant,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        let options = ctx.rules.config.channels.get(channel).ok_or(ErrorCode::UnknownChannel)?;
        let PublishGrant { data, skip_history, tags, idempotency_key, version, exclude, delta } = grant;
        if let Some(data) = &data
            && (data.len() > ctx.rules.max_payload_bytes(options) || !options.accepts(data, false))
        {
            static UNFIT: Complaint = Complaint::new();
            if let Some(times) = UNFIT.again(ctx.now.instant) {
                tracing::warn!(%channel, times, "the publish webhook gave a payload that the channel does not take");
            }
            return Err(ErrorCode::Internal.into());
        }
        let info = Some(self.info.clone());
        let AskedPublish { id, data: asked, exclude_self, attempt } = asked;
        let data = data.unwrap_or(asked);
        let message = Message {
            data,
            content: options.content,
            info,
            tags,
            skip_history,
            idempotency_key,
            version,
            exclude: self.exclude(exclude, exclude_self),
            delta: delta || options.delta_publish,
        };
        // A repeat hears the same decision, and so has the payload of the first.
        let attempt = attempt.map(|attempt| Box::new(Attempt { act: Act::Publish, ..*attempt }));
        self.put_out(id, (channel.clone(), message, options.retention), attempt, actions)
    }

    /// Keeps what only the backend sees of the client, as far as it wants to see it.
    pub(super) fn keep_backstage(&mut self, meta: Option<Payload>, ctx: Context<'_>) {
        let wants_meta = ctx.rules.config.webhooks.all.iter().any(|webhook| webhook.include_connection_meta);
        if let Some(meta) = meta.filter(|_| wants_meta) {
            let backstage = self.backstage.get_or_insert_default();
            Arc::make_mut(backstage).meta = Some(meta);
        }
    }

    /// Keeps the headers of a connect command that some webhook wants to see.
    pub(super) fn keep_headers(&mut self, headers: &[(String, String)], ctx: Context<'_>) {
        let webhooks = &ctx.rules.config.webhooks;
        let wanted = headers.iter().filter(|(name, _)| webhooks.wants_emulated(name));
        let emulated: Vec<_> = wanted.cloned().collect();
        if !emulated.is_empty() {
            self.backstage = Some(Arc::new(Backstage { meta: None, emulated }));
        }
    }
}

/// Who the client is, by the word of the backend; without that, by its proxy's; else it is anonymous, if such
/// clients may connect.
fn introduction(
    grant: Option<Box<ConnectGrant>>,
    consulting: Consulting,
    vouched: &str,
    ctx: Context<'_>,
) -> Result<Introduction, Trouble> {
    let introduction = match grant {
        Some(grant) => {
            let ConnectGrant { user, expires_at, info, data, subs, meta } = *grant;
            let sub = |(channel, granted): (_, crate::backend::SubscribeGrant)| ServerSub {
                grant: granted.grant,
                expires_at: granted.expires_at,
                cache_recover: granted.cache_recover,
                ..ServerSub::new(channel, true)
            };
            let subs = subs.into_iter().map(sub).collect();
            Introduction { user, proved: true, info, expires_at, data, meta, subs }
        }
        None if !vouched.is_empty() => Introduction::vouched(vouched),
        None if may_be_anonymous(ctx) => Introduction::default(),
        None => return Err(DisconnectCode::BadRequest.into()),
    };
    let mut introduction = with_wishes(introduction, &consulting.wished, ctx)?;
    for sub in consulting.of_door.unwrap_or_default() {
        if introduction.subs.iter().all(|known| known.channel != sub.channel) {
            introduction.subs.push(sub);
        }
    }
    Ok(introduction)
}
