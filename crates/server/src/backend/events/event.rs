//! One event, as the backend reads it.

use std::time::Duration;

use serde::Serialize;
use suona_protocol::{Channel, ClientInfo};

/// Something that happened to a client.
#[derive(Clone, Copy, Debug)]
pub enum Happening<'a> {
    /// It is connected.
    Connected {
        /// By what it came: "websocket", "sse" or "http_stream".
        transport: &'static str,
        /// What it speaks: "json" or "protobuf".
        protocol: &'static str,
    },
    /// It is connected no more, nor subscribed to anything.
    Disconnected {
        /// The close code: the gateway's, or that of WebSocket for a connection that the client or the network
        /// ended.
        code: u32,
        /// Why.
        reason: &'a str,
        /// How long it was connected.
        duration: Duration,
    },
    /// It hears a channel.
    Subscribed(&'a Channel),
    /// It hears a channel no more, though it is connected.
    Unsubscribed {
        /// The channel.
        channel: &'a Channel,
        /// The code that the client was told; 0 if it asked for it itself.
        code: u32,
        /// Why.
        reason: &'a str,
    },
}

#[derive(Default, Serialize)]
struct Event<'a> {
    id: &'a str,
    kind: &'a str,
    /// Unix milliseconds.
    time: u64,
    client: &'a str,
    user: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
}

impl Happening<'_> {
    /// The JSON of the event with this id, which happened to a client at this time since the Unix epoch.
    pub(super) fn json(self, id: &str, info: &ClientInfo, unix: Duration) -> Box<str> {
        let event =
            Event { id, time: millis(unix), client: &info.client, user: &info.user, ..Event::default() };
        let event = match self {
            Happening::Connected { transport, protocol } => {
                Event { kind: "connected", transport: Some(transport), protocol: Some(protocol), ..event }
            }
            Happening::Disconnected { code, reason, duration } => Event {
                kind: "disconnected",
                code: Some(code),
                reason: Some(reason),
                duration_ms: Some(millis(duration)),
                ..event
            },
            Happening::Subscribed(channel) => Event { kind: "subscribed", channel: Some(channel), ..event },
            Happening::Unsubscribed { channel, code, reason } => Event {
                kind: "unsubscribed",
                channel: Some(channel),
                code: Some(code),
                reason: Some(reason),
                ..event
            },
        };
        serde_json::to_string(&event).expect("texts and numbers are JSON").into()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
