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
mod hooks;
mod listener;
mod newcomer;
mod options;
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

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{sync::watch, task::JoinHandle};

use crate::metrics::Metrics;
use accept::Descriptors;
pub use admission::Place;
use connection::Front;
pub use hooks::{Emulate, HandOver, Hooks, Ready, StreamRequest, UpgradeRequest, Upgraded};
use listener::Listener;
pub use options::{DoorKind, DoorPath, EdgeOptions, EmulationPath};
use site::Site;
use tls::Certificate;
pub use tls::{TlsError, TlsFiles};

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
