//! How many commands a client may send: its connection's limit, or that of the channel's namespace.

use std::time::Duration;

use suona_protocol::{DisconnectCode, Request};

use super::{
    Action, Context, Session, Trouble,
    queue::{Progress, channel_of},
};
use crate::limits::{Bucket, Buckets, Rate};

/// A client that is refused so often does not heed what it is told. Less would end a connection that only
/// subscribes to all its channels at once.
const PATIENCE: Rate = Rate { count: 1000, interval: Duration::from_secs(60) };

/// Which limit a command was beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// That of the connection.
    Connection,
    /// That of the channel's namespace, for each connection.
    Namespace,
    /// That of the user, on all its connections.
    User,
}

impl Excess {
    /// What metrics call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Namespace => "namespace",
            Self::User => "user",
        }
    }
}

/// What a client has spent.
#[derive(Debug, Default)]
pub(super) struct Spending {
    commands: Buckets,
    /// For namespaces with limits of their own, by their numbers.
    by_namespace: Vec<(usize, Buckets)>,
    refusals: Bucket,
}

impl Session {
    /// Counts a command. One beyond a limit is refused when its turn comes, or ends the connection of a client
    /// that does not stop. An unsubscribe counts, and is never refused: it saves work.
    pub(super) fn count(
        &mut self,
        request: &Request,
        of_user: Option<Excess>,
        ctx: Context<'_>,
        actions: &mut Vec<Action>,
    ) -> Result<Progress, Trouble> {
        let of_connection = self.spend(request, ctx);
        let Some(excess) = of_connection.or(of_user) else { return Ok(Progress::New) };
        actions.push(Action::Exceeded(excess));
        if let Request::Unsubscribe(_) = request {
            return Ok(Progress::New);
        }
        let spending = self.spending.get_or_insert_default();
        if !spending.refusals.take(PATIENCE, ctx.now.instant) {
            return Err(DisconnectCode::TooManyRequests.into());
        }
        Ok(Progress::Excessive)
    }

    /// Takes a token out of whatever bucket is the one for this command.
    fn spend(&mut self, request: &Request, ctx: Context<'_>) -> Option<Excess> {
        let config = &ctx.rules.config;
        let options = channel_of(request).and_then(|channel| config.channels.get(channel));
        let (now, spending) = (ctx.now.instant, &mut self.spending);
        if let Some((number, limit)) = options.and_then(|options| options.command_limit.as_ref()) {
            let by_namespace = &mut spending.get_or_insert_default().by_namespace;
            let at = by_namespace.iter().position(|(other, _)| other == number).unwrap_or_else(|| {
                by_namespace.push((*number, Buckets::default()));
                by_namespace.len() - 1
            });
            return (!by_namespace[at].1.take(limit, now)).then_some(Excess::Namespace);
        }
        let limit = &config.client.command_limit;
        let has = limit.is_none() || spending.get_or_insert_default().commands.take(limit, now);
        (!has).then_some(Excess::Connection)
    }
}
