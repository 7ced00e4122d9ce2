//! What a session must be told, because it knows nothing of the world by itself.

use std::{sync::Arc, time::Duration};

use super::PingSchedule;
use crate::{
    Now,
    auth::{TokenKind, Verifier},
    broker::Answer,
    config::{ChannelOptions, Config},
};

/// What holds for all sessions of a gateway.
#[derive(Clone)]
pub struct Rules {
    /// The configuration.
    pub config: Config,
    /// Believes connection tokens.
    pub connection_tokens: Arc<Verifier>,
    /// Believes subscription tokens.
    pub subscription_tokens: Verifier,
    /// What the connect reply calls us: `Suona x.y.z`.
    pub version: String,
    /// Names this life of the gateway, in which it remembers what commands with a key came to.
    pub node: Arc<str>,
}

impl Rules {
    /// No reply is larger than this, so that none alone makes a client look slow: half an outbox.
    pub fn max_reply_bytes(&self) -> usize {
        self.config.client.queue_max_size / 2
    }

    /// Fetches the published keys of these tokens.
    pub fn fetch_keys(&self, kind: TokenKind, answer: Answer<()>) {
        match kind {
            TokenKind::Connection => self.connection_tokens.fetch_keys(answer),
            TokenKind::Subscription => self.subscription_tokens.fetch_keys(answer),
        }
    }

    /// No payload is longer than this. Where clients may read deltas it may be sent as a JSON string, in which
    /// each of its bytes takes up to two.
    pub fn max_payload_bytes(&self, options: &ChannelOptions) -> usize {
        self.max_reply_bytes() / if options.allows_fossil() { 2 } else { 1 }
    }
}

/// What a session needs to know of the world whenever it handles something.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What holds for all.
    pub rules: &'a Rules,
    /// The time.
    pub now: Now,
    /// Whether the client's outbox has room for a reply of [`Rules::max_reply_bytes`].
    pub room: bool,
}

/// How a door treats its connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manners {
    /// When to ping; `None` for never.
    pub ping: Option<PingSchedule>,
    /// Whether the client is told of that, so that it answers pings and misses them.
    pub announces_pings: bool,
    /// The silence after which the client counts as gone; `None` for never. Pongs do not break it.
    pub idle_timeout: Option<Duration>,
    /// Whether its clients can read payloads that are no JSON.
    pub reads_binary: bool,
    /// Whether rpcs run one after another, because their replies do not say which is which.
    pub rpcs_in_turn: bool,
}
