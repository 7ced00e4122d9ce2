//! How the edge is to be set up.

use std::{net::SocketAddr, time::Duration};

use axum::http::HeaderName;
use ipnet::IpNet;

use super::TlsFiles;
use crate::limits::Limit;

/// How the edge is to be set up.
#[derive(Clone, Debug)]
pub struct EdgeOptions {
    /// Where to listen.
    pub address: SocketAddr,
    /// Where to listen for the API, `/health`, `/ready` and `/metrics`, if they are not for everyone.
    pub internal_address: Option<SocketAddr>,
    /// Where WebSockets and HTTP streams are opened; each path once.
    pub doors: Vec<DoorPath>,
    /// Where the clients of HTTP streams speak, if there are any.
    pub emulation: Option<EmulationPath>,
    /// Globs for the pages that may connect; without any, no page may.
    pub allowed_origins: Vec<String>,
    /// The proxies that may tell a client's address.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether trusted proxies send a PROXY header on each connection to `address`.
    pub proxy_protocol: bool,
    /// The certificate for `address`; plain text without.
    pub tls: Option<TlsFiles>,
    /// WebSockets and HTTP streams at a time; 0 is no limit.
    pub connection_limit: usize,
    /// New ones a second; 0 is no limit.
    pub connection_rate_limit: u32,
    /// WebSocket connections of one address at a time; 0 is no limit.
    pub address_limit: usize,
    /// How often one address may open a WebSocket connection.
    pub address_rate_limit: Limit,
    /// Where `/health` answers, if it does.
    pub health: Option<String>,
    /// Where `/metrics` answers, if it does.
    pub metrics: Option<String>,
    /// What the paths of the API begin with; no door may be there.
    pub api: String,
    /// The headers of the opening request that somebody will ask for; others are dropped.
    pub kept_headers: Vec<HeaderName>,
    /// The header by which a proxy names the user.
    pub user_header: Option<HeaderName>,
    /// Whether WebSockets may be compressed.
    pub deflate: bool,
    /// How long a new connection may take for each of PROXY header, TLS handshake and first request head.
    pub patience: Duration,
    /// How long a connection may take from one request to the next, of strangers no longer than `patience`. Longer
    /// than load balancers keep idle connections (60 s by default), or they send a request into one that is just
    /// being closed.
    pub keep_alive: Duration,
}

/// A path at which WebSockets or HTTP streams are opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorPath {
    /// The whole path; a trailing slash counts.
    pub path: String,
    /// What is spoken behind it.
    pub kind: DoorKind,
}

/// What is spoken behind a door, as far as the opening handshake is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorKind {
    /// The Centrifuge protocol, and its sub-protocols.
    Managed,
    /// Anything. The first sub-protocol offered is accepted, for some phones fail without one.
    Plain,
    /// The Centrifuge protocol in one direction: an HTTP response that never ends.
    HttpStream {
        /// The longest body of the request that opens it, in bytes.
        max_body: usize,
    },
    /// The same as server-sent events.
    Events {
        /// The longest body of the request that opens it, in bytes.
        max_body: usize,
    },
}

/// A path at which the clients of HTTP streams speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmulationPath {
    /// The whole path.
    pub path: String,
    /// The longest body, in bytes.
    pub max_body: usize,
}

impl DoorKind {
    pub(super) fn is_stream(self) -> bool {
        matches!(self, Self::HttpStream { .. } | Self::Events { .. })
    }
}

impl EdgeOptions {
    /// Whether something else than a door answers at `path`.
    pub(super) fn reserves(&self, path: &str) -> bool {
        let of_api =
            path.strip_prefix(&self.api).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let own = [&self.health, &self.metrics].into_iter().flatten();
        of_api || path == "/ready" || own.into_iter().any(|own| own == path)
    }

    /// The defaults: everything on one address, in plain text, no proxies, no pages, no limits.
    pub fn new(address: SocketAddr, doors: Vec<DoorPath>) -> Self {
        Self {
            address,
            internal_address: None,
            doors,
            emulation: None,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            tls: None,
            connection_limit: 0,
            connection_rate_limit: 0,
            address_limit: 0,
            address_rate_limit: Limit::default(),
            health: Some("/health".to_owned()),
            metrics: None,
            api: "/api".to_owned(),
            kept_headers: Vec::new(),
            user_header: None,
            deflate: false,
            patience: Duration::from_secs(10),
            keep_alive: Duration::from_secs(75),
        }
    }
}
