//! What the backend can answer.

use std::time::Duration;

use suona_protocol::{Channel, Disconnect, ErrorReply, Exclude, Payload};

use crate::{auth::SubscriptionGrant, broker::Version};

/// What came of a question to the backend.
#[derive(Clone, Debug)]
pub enum Advice {
    /// It said yes.
    Granted(Granted),
    /// The client is to be told an error.
    Refused(ErrorReply),
    /// The client's connection is to end.
    Disconnect(Disconnect),
    /// It could not be asked, or answered nothing that can be understood.
    Unavailable,
}

/// What the backend grants, by what it was asked.
#[derive(Clone, Debug)]
pub enum Granted {
    /// Who the client is; `None` if the backend does not know.
    Connect(Option<Box<ConnectGrant>>),
    /// How the connection lives on.
    Refresh(RefreshGrant),
    /// What comes with the subscription.
    Subscribe(Box<SubscribeGrant>),
    /// How to publish.
    Publish(PublishGrant),
    /// The result of a request.
    Rpc(Option<Payload>),
    /// How the subscription lives on.
    SubRefresh(RefreshGrant),
}

/// Who a client is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectGrant {
    /// The user; empty for an anonymous one.
    pub user: String,
    /// When the connection expires, since the Unix epoch.
    pub expires_at: Option<Duration>,
    /// What others see of the client: JSON.
    pub info: Option<Payload>,
    /// What the client gets with the reply.
    pub data: Option<Payload>,
    /// What it hears from the start, each channel once.
    pub subs: Vec<(Channel, SubscribeGrant)>,
    /// What only the backend sees of it: JSON.
    pub meta: Option<Payload>,
}

/// What comes with a subscription.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubscribeGrant {
    /// As in a token.
    pub grant: SubscriptionGrant,
    /// When it expires, since the Unix epoch.
    pub expires_at: Option<Duration>,
    /// Whether a server-side subscription brings the latest publication in any case; see
    /// [`ServerSub`](crate::session::ServerSub).
    pub cache_recover: bool,
}

/// How a connection or a subscription lives on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RefreshGrant {
    /// It does not.
    pub expired: bool,
    /// Until when, since the Unix epoch.
    pub expires_at: Option<Duration>,
    /// What others see of the client from now on; as before if absent.
    pub info: Option<Payload>,
    /// What only the backend sees of it from now on; as before if absent.
    pub meta: Option<Payload>,
}

/// How to publish.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublishGrant {
    /// What, instead of what the client sent.
    pub data: Option<Payload>,
    /// Do not keep it.
    pub skip_history: bool,
    /// Labels.
    pub tags: Vec<(String, String)>,
    /// Names it within its channel, as in the API, whatever the client calls it; see [`Message`](crate::broker::Message).
    pub idempotency_key: Option<String>,
    /// How new it is.
    pub version: Option<Version>,
    /// Who is not to hear it.
    pub exclude: Option<Exclude>,
    /// Let those who have the publication before get the difference.
    pub delta: bool,
}
