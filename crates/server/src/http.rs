//! The gateway's edge: one port for upgrades, probes and the API. An upgraded socket leaves it for good.
//!
//! A connection is accepted, says through its proxy who it is, does the TLS handshake, sends a request, and
//! is handed over whole if that opens a WebSocket or an HTTP stream; nothing of HTTP stays with it.

mod accept;
mod address;
mod addresses;
mod admission;
pub mod api;
mod connection;
mod handshake;
mod listener;
mod newcomer;
mod origin;
mod proxy_protocol;
mod rewound;
mod site;
mod strangers;
mod take_apart;
mod tls;
mod visit;

#[cfg(test)]
mod scratch;
#[cfg(test)]
mod tests;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderMap, HeaderName},
};
use bytes::Bytes;
use ipnet::IpNet;
use suona_protocol::{EmulationRequest, ws::Window};
use tokio::{sync::watch, task::JoinHandle};

use crate::{io::Stream, limits::Limit, metrics::Metrics};
use accept::Descriptors;
pub use admission::Place;
use connection::Front;
use listener::Listener;
use site::Site;
use tls::Certificate;
pub use tls::{TlsError, TlsFiles};

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
    /// How long a connection may take from one request to the next, of strangers no longer than `patience`. Longer than load balancers keep idle
    /// connections (60 s by default), or they send a request into one that is just being closed.
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
    fn is_stream(self) -> bool {
        matches!(self, Self::HttpStream { .. } | Self::Events { .. })
    }
}

impl EdgeOptions {
    /// Whether something else than a door answers at `path`.
    fn reserves(&self, path: &str) -> bool {
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
    /// Which of [`EdgeOptions::doors`].
    pub door: usize,
    /// The query, without the question mark.
    pub query: String,
    /// Those of [`EdgeOptions::kept_headers`] that it had.
    pub headers: HeaderMap,
    /// The user whom its proxy vouches for by [`EdgeOptions::user_header`].
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

/// How far the edge's life has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Everything works.
    Serving,
    /// `/ready` says that no more clients should come; those that do are served.
    Draining,
    /// Nobody is accepted.
    Stopped,
}

/// Why the edge could not be set up. Each text is one line that names the fix.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("port {} is in use on {}: stop the program that listens there (a second gateway?), or set another http_server.port", .0.port(), .0.ip())]
    PortInUse(SocketAddr),
    /// The system does not let this user listen there.
    #[error("this user may not listen on port {} of {}: set http_server.port to 1024 or more, or grant CAP_NET_BIND_SERVICE", .0.port(), .0.ip())]
    PortForbidden(SocketAddr),
    /// The machine has no such address.
    #[error("this machine has no address {}: set http_server.address to one that it has, or leave it empty for all", .0.ip())]
    NoSuchAddress(SocketAddr),
    /// Something else went wrong.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An allowed origin is no valid glob.
    #[error("client.allowed_origins: {0}; write a pattern like https://*.example.com")]
    Origin(globset::Error),
    /// Two doors have the same path.
    #[error("two doors have the path {0}: give each its own")]
    DoorTwice(String),
    /// A door's path is none, or another route's.
    #[error(
        "a door cannot have the path {0:?}: it must begin with / and not be /ready, nor that of health, metrics or the API"
    )]
    DoorPath(String),
}

/// The listeners, and the switch that ends them. Dropping it stops everything but what was handed over.
pub struct Edge {
    local_addr: SocketAddr,
    internal_addr: Option<SocketAddr>,
    phase: watch::Sender<Phase>,
    /// Ends the internal listener when it is dropped, and not when accepting stops: who watches over a
    /// draining gateway still wants to hear of it.
    _internal_phase: watch::Sender<Phase>,
    accepting: Option<JoinHandle<()>>,
}

impl Edge {
    /// Starts to listen and to serve; must be called within a multi-threaded tokio runtime. `api` is served
    /// beside `/health`.
    pub fn bind(
        options: &EdgeOptions,
        api: Router,
        hooks: Hooks,
        metrics: Arc<Metrics>,
    ) -> Result<Self, BindError> {
        let tls = options.tls.clone().map(Certificate::load).transpose()?;
        let (phase, phase_of_public) = watch::channel(Phase::Serving);
        let (internal_phase, phase_of_internal) = watch::channel(Phase::Serving);
        let site = Arc::new(Site::new(
            options,
            hooks.ready,
            hooks.emulate,
            phase.subscribe(),
            Arc::clone(&metrics),
        )?);
        let listener = Listener::bind(options.address)?;
        let internal = options.internal_address.map(Listener::bind).transpose()?;
        let internal_addr = internal.as_ref().map(Listener::local_addr).transpose()?;

        let operations = site::operations(&site, options, api);
        let routes = match internal {
            Some(internal) => {
                let front = Front::internal(options, operations, phase_of_internal, Arc::clone(&metrics));
                // Its own descriptors, so that health can be asked for when clients use up all others.
                front.accept_on(internal, Descriptors::new(INTERNAL_CONNECTIONS));
                site::doors(&site, Router::new())
            }
            None => site::doors(&site, operations),
        };
        let config = tls.as_ref().map(Certificate::config);
        if let Some(certificate) = tls {
            tokio::spawn(certificate.keep_fresh(CERTIFICATE_CHECKS));
        }
        let local_addr = listener.local_addr()?;
        let front = Front::public(options, routes, site, config, hooks.hand_over, phase_of_public, metrics);
        let accepting = front.accept_on(listener, Descriptors::of_this_process());
        Ok(Self {
            local_addr,
            internal_addr,
            phase,
            _internal_phase: internal_phase,
            accepting: Some(accepting),
        })
    }

    /// Where it listens: the port is the one that the system chose if 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Where it listens for the API, `/health`, `/ready` and `/metrics`, if that is elsewhere.
    pub fn internal_addr(&self) -> Option<SocketAddr> {
        self.internal_addr
    }

    /// From now on `/ready` answers 503, so that load balancers send clients elsewhere.
    pub fn drain(&self) {
        self.phase.send_if_modified(|phase| {
            let begins = *phase == Phase::Serving;
            if begins {
                *phase = Phase::Draining;
            }
            begins
        });
    }

    /// Closes the listener; when this returns, another process may have the port. The internal one stays.
    pub async fn stop_accepting(&mut self) {
        self.phase.send_replace(Phase::Stopped);
        if let Some(accepting) = self.accepting.take() {
            accepting.await.expect("accepting does not panic");
        }
    }
}

/// Fits into the descriptors that are always kept back from clients.
const INTERNAL_CONNECTIONS: usize = 16;

/// How often the certificate's files are looked at.
const CERTIFICATE_CHECKS: Duration = Duration::from_secs(5);
