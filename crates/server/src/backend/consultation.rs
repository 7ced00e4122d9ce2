//! What the backend can be asked.

use std::{fmt, sync::Arc};

use axum::http::HeaderMap;
use suona_protocol::{Channel, ClientInfo, Payload};

use crate::config::WebhookId;

/// One question to the backend, about one client.
#[derive(Clone, Debug)]
pub struct Consultation {
    /// Who is asked.
    pub webhook: WebhookId,
    /// Who the client is, as far as that is known.
    pub info: Arc<ClientInfo>,
    /// What is kept of it for the backend alone.
    pub backstage: Option<Arc<Backstage>>,
    /// What is asked.
    pub inquiry: Inquiry,
}

/// What is kept of a connection for the backend alone; others never see it.
#[derive(Clone, Default, PartialEq)]
pub struct Backstage {
    /// What the backend, or the token, attached to the connection: JSON.
    pub meta: Option<Payload>,
    /// The headers of the connect command that some webhook wants.
    pub emulated: Vec<(String, String)>,
}

/// Both may hold secrets.
impl fmt::Debug for Backstage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backstage").finish_non_exhaustive()
    }
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum Inquiry {
    /// Who is this?
    Connect(Box<Stranger>),
    /// May it stay connected?
    Refresh,
    /// May it subscribe?
    Subscribe {
        /// The channel.
        channel: Channel,
        /// What the client says to that.
        data: Option<Payload>,
    },
    /// May it publish?
    Publish {
        /// The channel.
        channel: Channel,
        /// What.
        data: Payload,
    },
    /// A request of its own.
    Rpc {
        /// The method.
        method: String,
        /// The argument.
        data: Option<Payload>,
        /// Which request this repeats if it comes twice; empty for none.
        idempotency_key: String,
    },
    /// May it stay subscribed?
    SubRefresh(Channel),
}

impl Inquiry {
    /// What kind of question it is, as the configuration names them.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Refresh => "refresh",
            Self::Subscribe { .. } => "subscribe",
            Self::Publish { .. } => "publish",
            Self::Rpc { .. } => "rpc",
            Self::SubRefresh(_) => "sub_refresh",
        }
    }
}

/// What a client says of itself before it is known.
#[derive(Clone, Debug, Default)]
pub struct Stranger {
    /// What it says to the backend.
    pub data: Option<Payload>,
    /// Its program; at a plain door, the door's path.
    pub name: String,
    /// The version of that.
    pub version: String,
    /// The channels that it remembers to have heard.
    pub channels: Vec<Channel>,
    /// The query of its address, at a plain door.
    pub query: Option<String>,
}

/// How the client came here.
#[derive(Clone, Debug)]
pub struct Visit {
    /// "websocket", "sse" or "http_stream".
    pub transport: &'static str,
    /// "json" or "protobuf".
    pub protocol: &'static str,
    /// The headers of its HTTP request that some webhook wants.
    pub headers: Option<Arc<HeaderMap>>,
}

impl Visit {
    /// Whether the client can read nothing but JSON.
    pub(super) fn is_json(&self) -> bool {
        self.protocol == "json"
    }
}
