//! What the edge asks of the rest of the gateway, and what it gives to it.

use std::{net::IpAddr, pin::Pin};

use axum::http::HeaderMap;
use bytes::Bytes;
use suona_protocol::{EmulationRequest, ws::Window};

use super::Place;
use crate::io::Stream;

/// What the edge asks of the rest of the gateway.
pub struct Hooks {
    /// Gives an upgraded connection to the least loaded shard.
    pub hand_over: HandOver,
    /// Hands what the client of an HTTP stream says to its session.
    pub emulate: Emulate,
    /// What `/ready` answers as long as the gateway is not draining.
    pub ready: Ready,
}

/// Takes an upgraded connection.
pub type HandOver = Box<dyn Fn(Upgraded) + Send + Sync>;

/// Tells whether there was such a session, when it has handled what was said.
pub type Emulate = Box<dyn Fn(EmulationRequest) -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// Tells whether everything that clients need can be reached; if not, in a sentence.
pub type Ready = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// A WebSocket, or an HTTP stream whose response has begun, on its way to the shard that will own it.
#[derive(Debug)]
pub struct Upgraded {
    /// The socket, no longer known to any runtime, non-blocking.
    pub stream: Stream,
    /// What was read from it beyond the opening request, after TLS.
    pub read_ahead: Bytes,
    /// What the opening request said.
    pub request: UpgradeRequest,
}

/// What the request that opened a WebSocket or an HTTP stream said. Shares no buffer with the HTTP connection.
#[derive(Debug)]
pub struct UpgradeRequest {
    /// Which of [`EdgeOptions::doors`](super::EdgeOptions::doors).
    pub door: usize,
    /// The query, without the question mark.
    pub query: String,
    /// Those of [`EdgeOptions::kept_headers`](super::EdgeOptions::kept_headers) that it had.
    pub headers: HeaderMap,
    /// The user whom its proxy vouches for by [`EdgeOptions::user_header`](super::EdgeOptions::user_header).
    pub vouched: Option<String>,
    /// The client's address, as far as trusted proxies tell.
    pub remote: IpAddr,
    /// The sub-protocol agreed on.
    pub sub_protocol: Option<String>,
    /// The window of compressed messages, if compression was agreed on.
    pub deflate: Option<Window>,
    /// What it said besides, if it opened an HTTP stream.
    pub stream: Option<StreamRequest>,
    /// To be dropped when the connection is closed, and not before.
    pub place: Place,
}

/// What only a request says that opens an HTTP stream.
#[derive(Debug)]
pub struct StreamRequest {
    /// What would be the first message on a WebSocket.
    pub first: Bytes,
    /// Whether it is Protobuf.
    pub is_protobuf: bool,
}
