//! Tokens whose keys are not known yet: their commands wait until the published keys have been fetched.

use suona_protocol::{Command, ErrorCode, Request};

use super::{
    Action, Context, Session, State, Trouble,
    queue::{Progress, Turn, channel_of},
    task::Task,
};
use crate::auth::TokenKind;

/// So many commands of one client wait for keys at once; all clients of a node share the places for them. A
/// client whose subscriptions all need the new key tries the others again.
const MAX_AWAITING: usize = 4;

/// Of what kind the token is whose key must be fetched before this command can go on; `None` if it can.
pub(super) fn missing_key(request: &Request, ctx: Context<'_>) -> Option<TokenKind> {
    let (connection, subscription) = (&ctx.rules.connection_tokens, &ctx.rules.subscription_tokens);
    let (kind, verifier, token) = match request {
        Request::Connect(connect) => (TokenKind::Connection, &**connection, &connect.token),
        Request::Refresh { token } => (TokenKind::Connection, &**connection, token),
        Request::Subscribe(subscribe) => (TokenKind::Subscription, subscription, &subscribe.token),
        Request::SubRefresh(refresh) => (TokenKind::Subscription, subscription, &refresh.token),
        _ => return None,
    };
    (!token.is_empty() && verifier.lacks_key(token)).then_some(kind)
}

impl Session {
    /// Begins the command that begins everything, at once or when its key is known.
    pub(super) fn greet(
        &mut self,
        command: Command,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        if let Request::Connect(request) = &command.request
            && let Err(code) = self.recognise(&request.headers, ctx)
        {
            return Err(self.refuse(code.into(), ctx, actions));
        }
        match (missing_key(&command.request, ctx), command.request) {
            (None, Request::Connect(request)) => self.connect(command.id, *request, ctx, actions),
            (Some(kind), request) => {
                self.state = State::Consulting(Box::default());
                self.await_keys(Command { request, ..command }, kind, actions)
            }
            (None, request) => unreachable!("{} introduces nobody", request.name()),
        }
    }

    /// Lets a command wait until keys have been fetched; one too many is to try again.
    pub(super) fn await_keys(
        &mut self,
        command: Command,
        kind: TokenKind,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        if self.queue.await_keys() >= MAX_AWAITING {
            return Err(ErrorCode::TooManyRequests.into());
        }
        let channel = channel_of(&command.request).cloned().unwrap_or_else(|| "".into());
        let ask = self.queue.begin(channel, false, Task::AwaitKeys(Box::new(command)))?;
        actions.push(Action::FetchKeys(ask, kind));
        Ok(())
    }

    /// The keys have been fetched: what is missing still does not exist.
    pub(super) fn with_keys(
        &mut self,
        command: Command,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<(), Trouble> {
        match command.request {
            Request::Connect(request) => self.connect(command.id, *request, ctx, actions),
            _ => self.go_on(Turn { command, progress: Progress::KeysFetched }, ctx, actions),
        }
    }

    /// The keys cannot be had, so nothing can be said about the token.
    pub(super) fn without_keys(&mut self, ctx: Context<'_>, actions: &mut Vec<Action>) -> Trouble {
        match self.state {
            State::Consulting(_) => self.refuse(ErrorCode::Internal.into(), ctx, actions),
            _ => ErrorCode::Internal.into(),
        }
    }
}
