//! What the app can let the server do.

use suona_protocol::{Channel, HistoryRequest, Payload, PublishRequest, Request, RpcRequest};

use super::Position;

/// Something for the server to do, once. Payloads are JSON, unless Protobuf is spoken.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Tell everyone who hears a channel.
    Publish {
        /// Which.
        channel: Channel,
        /// What.
        data: Payload,
    },
    /// Call a method of the backend.
    Rpc {
        /// Its name.
        method: String,
        /// Its argument.
        data: Option<Payload>,
    },
    /// Tell the backend something that it does not answer.
    Send {
        /// What.
        data: Payload,
    },
    /// Read what was published in a channel lately.
    History {
        /// Which.
        channel: Channel,
        /// How many publications: 0 for the position alone, less than 0 for as many as the server gives at once.
        limit: i32,
        /// Only those after this position; before it, if `reverse`.
        since: Option<Position>,
        /// Newest first.
        reverse: bool,
    },
    /// Who hears a channel?
    Presence {
        /// Which.
        channel: Channel,
    },
    /// How many hear a channel?
    PresenceStats {
        /// Which.
        channel: Channel,
    },
}

impl Command {
    /// The request as it goes over the wire; the key, if there is one, makes it happen once however often it is asked.
    pub fn request(&self, key: Option<String>) -> Request<suona_protocol::AnyEpoch> {
        let idempotency_key = key.unwrap_or_default();
        match self.clone() {
            Self::Publish { channel, data } => {
                Request::Publish(PublishRequest { channel, data, idempotency_key, exclude_self: false })
            }
            Self::Rpc { method, data } => Request::Rpc(RpcRequest { method, data, idempotency_key }),
            Self::Send { data } => Request::Send(data),
            Self::History { channel, limit, since, reverse } => {
                let since = since.map(|since| (since.offset, Some(since.epoch)));
                Request::History(HistoryRequest { channel, limit, since, reverse })
            }
            Self::Presence { channel } => Request::Presence(channel),
            Self::PresenceStats { channel } => Request::PresenceStats(channel),
        }
    }

    /// Whether doing it twice is not the same as doing it once.
    pub(super) fn is_once_only(&self) -> bool {
        matches!(self, Self::Publish { .. } | Self::Rpc { .. })
    }

    /// Whether it is answered.
    pub(super) fn is_answered(&self) -> bool {
        !matches!(self, Self::Send { .. })
    }

    pub(super) fn payload(&self) -> Option<&Payload> {
        match self {
            Self::Publish { data, .. } | Self::Send { data } => Some(data),
            Self::Rpc { data, .. } => data.as_ref(),
            Self::History { .. } | Self::Presence { .. } | Self::PresenceStats { .. } => None,
        }
    }
}
