//! What the gateway tells a client.

use std::{sync::Arc, time::Duration};

use crate::{
    Channel, ClientInfo, Disconnect, Encoded, ErrorCode, Form, Payload, Position, Token, UnsubscribeCode,
};

/// The answer to one command.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The id of the command.
    pub id: u32,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a command.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Connected.
    Connect(Box<ConnectResult>),
    /// Subscribed.
    Subscribe(Box<SubscribeResult>),
    /// No longer subscribed, or never was.
    Unsubscribe,
    /// Published.
    Publish,
    /// Who hears the channel; the client's id is in each info.
    Presence(Vec<Arc<ClientInfo>>),
    /// How many hear the channel.
    PresenceStats(PresenceStatsResult),
    /// A page of history.
    History(HistoryResult),
    /// The line is alive.
    Ping,
    /// What the backend said.
    Rpc {
        /// The result, if there is one.
        data: Option<Payload>,
    },
    /// The connection's new lifetime.
    Refresh(RefreshResult),
    /// The subscription's new lifetime.
    SubRefresh(RefreshResult),
    /// The command was refused; the connection lives on.
    Error(ErrorReply),
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorReply {
    /// The code, ours or the application's own (400–1999).
    pub code: u32,
    /// One short phrase; never empty, some clients index it.
    pub message: String,
    /// Whether the same command may succeed a little later.
    pub temporary: bool,
}

impl From<ErrorCode> for ErrorReply {
    fn from(code: ErrorCode) -> Self {
        Self { code: code.code(), message: code.message().to_owned(), temporary: code.is_temporary() }
    }
}

/// What a client learns when it is connected.
#[derive(Clone, Debug, Default)]
pub struct ConnectResult {
    /// The connection's id.
    pub client: String,
    /// The gateway's name and version.
    pub version: String,
    /// Seconds until the token must be refreshed by the client, if it must.
    pub ttl: Option<u32>,
    /// Anything, from the backend.
    pub data: Option<Payload>,
    /// Server-side subscriptions.
    pub subs: Vec<(Channel, SubscribeResult)>,
    /// Seconds between two pings of the gateway; `None` if it sends none.
    pub ping: Option<u32>,
    /// Whether the client must answer pings.
    pub pong: bool,
    /// What a client that speaks by HTTP requests repeats in each of them, a secret; empty for others.
    pub session: Token,
    /// Names the gateway from its start to its end: such a request is for it, and it remembers keys so long. Empty for
    /// clients that did not ask.
    pub node: Arc<str>,
    /// The gateway's clock in Unix milliseconds, if asked for.
    pub time: Option<u64>,
}

/// What a client learns when it is subscribed.
#[derive(Clone, Debug, Default)]
pub struct SubscribeResult {
    /// Seconds until the subscription token must be refreshed by the client, if it must.
    pub ttl: Option<u32>,
    /// Whether missed publications can be had after a break.
    pub recoverable: bool,
    /// Where the client stands: the offset that it sent if it recovered, else the stream's top. Present
    /// exactly when the subscription is positioned.
    pub position: Option<Position>,
    /// Whether a recovery was asked for, even where none is possible.
    pub was_recovering: bool,
    /// Whether `publications` are all that was missed.
    pub recovered: bool,
    /// What was missed, oldest first.
    pub publications: Vec<Arc<Encoded>>,
    /// Anything, from the token or the backend.
    pub data: Option<Payload>,
    /// Whether publications come as fossil deltas.
    pub delta: bool,
}

impl SubscribeResult {
    /// What was missed, each in the form in which this client reads it: as a delta only after its base.
    pub fn recovered_forms(&self) -> impl Iterator<Item = (&Encoded, Form)> {
        let mut base = None;
        self.publications.iter().map(move |one| {
            let offset = one.publication().offset;
            let follows = base.replace(offset).is_some_and(|base| offset == base + 1);
            let form = match (self.delta, follows) {
                (false, _) => Form::Plain,
                (true, false) => Form::Full,
                (true, true) => Form::Delta,
            };
            (&**one, form)
        })
    }
}

/// How many hear a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PresenceStatsResult {
    /// Connections.
    pub num_clients: u32,
    /// Different users among them; all anonymous ones are one.
    pub num_users: u32,
}

/// A page of a channel's history.
#[derive(Clone, Debug)]
pub struct HistoryResult {
    /// The publications, in the order asked for.
    pub publications: Vec<Arc<Encoded>>,
    /// The stream's top.
    pub top: Position,
}

/// The new lifetime of a connection or subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefreshResult {
    /// Seconds until the next refresh; `None` if it expires no more.
    pub ttl: Option<u32>,
}

/// What the gateway says unasked.
#[derive(Clone, Debug)]
pub struct Push {
    /// The channel that it is about; empty for [`PushEvent::Message`], [`PushEvent::Disconnect`] and
    /// [`PushEvent::Refresh`].
    pub channel: Channel,
    /// What happened.
    pub event: PushEvent,
}

/// What can happen to a client unasked. Publications are not here: they are [`Encoded`] once for all.
#[derive(Clone, Debug)]
pub enum PushEvent {
    /// Somebody began to hear the channel.
    Join(Arc<ClientInfo>),
    /// Somebody hears the channel no more.
    Leave(Arc<ClientInfo>),
    /// The client was unsubscribed.
    Unsubscribe(UnsubscribeCode),
    /// The client was subscribed by the server.
    Subscribe(Box<SubscribeResult>),
    /// A message to this client alone.
    Message(Payload),
    /// The connection is about to be closed.
    Disconnect {
        /// Why.
        why: Disconnect,
        /// How long the client should wait before it comes back, where many are sent away at once.
        retry_after: Option<Duration>,
    },
    /// The connection has a new lifetime.
    Refresh(RefreshResult),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Content, Publication};

    #[test]
    fn a_recovered_publication_is_a_delta_only_right_after_its_base() {
        let publication = |offset| {
            let publication = Publication { data: "1".into(), offset, ..Publication::default() };
            Arc::new(Encoded::new("news".into(), publication, Content::Json))
        };
        let forms = |delta| {
            let publications = [4, 5, 7, 8].map(publication).into();
            let result = SubscribeResult { publications, delta, ..SubscribeResult::default() };
            result.recovered_forms().map(|(_, form)| form).collect::<Vec<_>>()
        };
        assert_eq!(forms(true), [Form::Full, Form::Delta, Form::Full, Form::Delta]);
        assert_eq!(forms(false), [Form::Plain; 4]);
    }
}
