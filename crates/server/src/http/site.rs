//! What each path answers.

mod body;
mod cors;
mod emulation;
mod shortcut;
mod streams;

use std::{collections::HashMap, future::pending, sync::Arc, time::Instant};

use axum::{
    Extension, Router,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            ALLOW, CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
            SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
        },
        request::Parts,
    },
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::metrics::gauge::Gauge;
use suona_protocol::ws::Window;
use tokio::sync::watch;

use super::{
    BindError, DoorKind, EdgeOptions, Emulate, EmulationPath, Phase, Ready, UpgradeRequest,
    address::TrustedProxies,
    admission::Admission,
    handshake::{self, Broken},
    origin::AllowedOrigins,
    visit::{Departure, Visit},
};
use crate::metrics::{Metrics, UpgradeOutcome};
use body::Bodies;
pub(super) use shortcut::Shortcut;

/// What the routes know.
pub(super) struct Site {
    doors: HashMap<String, Door>,
    emulation: Option<EmulationPath>,
    emulate: Emulate,
    origins: AllowedOrigins,
    proxies: TrustedProxies,
    admission: Admission,
    kept_headers: Vec<HeaderName>,
    bodies: Bodies,
    user_header: Option<HeaderName>,
    deflate: bool,
    phase: watch::Receiver<Phase>,
    ready: Ready,
    metrics: Arc<Metrics>,
}

struct Door {
    index: usize,
    kind: DoorKind,
    connections: Gauge,
}

impl Site {
    pub(super) fn new(
        options: &EdgeOptions,
        ready: Ready,
        emulate: Emulate,
        phase: watch::Receiver<Phase>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, BindError> {
        let mut doors = HashMap::new();
        for (index, door) in options.doors.iter().enumerate() {
            let path = door.path.clone();
            if !path.starts_with('/') || options.reserves(&path) {
                return Err(BindError::DoorPath(path));
            }
            let connections = metrics.connections(&path);
            if doors.insert(path, Door { index, kind: door.kind, connections }).is_some() {
                return Err(BindError::DoorTwice(door.path.clone()));
            }
        }
        let emulation = options.emulation.clone();
        if let Some(EmulationPath { path, .. }) = &emulation
            && (!path.starts_with('/') || options.reserves(path) || doors.contains_key(path))
        {
            return Err(BindError::DoorPath(path.clone()));
        }
        Ok(Self {
            doors,
            emulation,
            emulate,
            origins: AllowedOrigins::new(&options.allowed_origins).map_err(BindError::Origin)?,
            proxies: TrustedProxies::new(options.trusted_proxies.clone()),
            admission: Admission::new(options),
            kept_headers: options.kept_headers.clone(),
            bodies: Bodies::new(options.patience),
            user_header: options.user_header.clone(),
            deflate: options.deflate,
            phase,
            ready,
            metrics,
        })
    }
}

/// The routes of those who run the gateway.
pub(super) fn operations(site: &Arc<Site>, options: &EdgeOptions, api: Router) -> Router {
    let mut own = Router::new().route("/ready", get(ready));
    if let Some(path) = &options.health {
        own = own.route(path, get(async || json("{}")));
    }
    if let Some(path) = &options.metrics {
        own = own.route(path, get(metrics));
    }
    own.with_state(Arc::clone(site)).merge(api)
}

/// Adds the doors to `routes`, and an answer for every other path.
pub(super) fn doors(site: &Arc<Site>, routes: Router) -> Router {
    routes.fallback_service(Router::new().fallback(door).with_state(Arc::clone(site)))
}

fn json(text: &'static str) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

async fn ready(State(site): State<Arc<Site>>) -> Response {
    let ready = match *site.phase.borrow() {
        Phase::Serving => (site.ready)(),
        Phase::Draining | Phase::Stopped => Err("this gateway is shutting down".to_owned()),
    };
    match ready {
        Ok(()) => json("{}"),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason + "\n").into_response(),
    }
}

async fn metrics(State(site): State<Arc<Site>>) -> Response {
    ([(CONTENT_TYPE, Metrics::CONTENT_TYPE)], site.metrics.render()).into_response()
}

/// Every path that is no route: doors, probes, and those who got lost.
async fn door(
    State(site): State<Arc<Site>>,
    Extension(visit): Extension<Arc<Visit>>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    if let Some(emulation) = site.emulation.as_ref().filter(|emulation| emulation.path == path) {
        return emulation::answer(&site, emulation.max_body, &head, body).await;
    }
    let wants_websocket = handshake::is_wanted(&head.headers);
    match site.doors.get(path) {
        Some(door) if door.kind.is_stream() => streams::open(&site, door, &head, body, &visit).await,
        Some(door) if wants_websocket => {
            match site.upgrade(door, &head, &visit) {
                Err(answer) => return *answer,
                Ok(departure) => visit.take_over(departure),
            }
            pending().await
        }
        None if path == "/socket.io" || path.starts_with("/socket.io/") => {
            site.refuse(UpgradeOutcome::SocketIo)
        }
        None if wants_websocket => site.refuse(UpgradeOutcome::NoDoor),
        None if path != "/" => (StatusCode::NOT_FOUND, "there is nothing at this path\n").into_response(),
        _ if head.method != Method::GET && head.method != Method::HEAD => {
            (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")], "only GET is answered here\n")
                .into_response()
        }
        _ => {
            site.metrics.count_probe();
            "Suona, a gateway for WebSocket connections\n".into_response()
        }
    }
}

impl Site {
    /// The WebSocket that an opening handshake opens, or the answer to one that opens none.
    fn upgrade(&self, door: &Door, head: &Parts, visit: &Visit) -> Result<Departure, Box<Response>> {
        let accept = handshake::check(head).map_err(|broken| self.refuse_broken(&broken))?;
        if !self.origins.allow(&head.headers) {
            return Err(self.refuse(UpgradeOutcome::Origin).into());
        }
        let request = self.admit(door, head, visit).map_err(|outcome| self.refuse(outcome))?;
        let sub_protocol = handshake::sub_protocol(&head.headers, |offered| match door.kind {
            DoorKind::Managed => matches!(offered, "centrifuge-json" | "centrifuge-protobuf"),
            DoorKind::Plain => true,
            DoorKind::HttpStream { .. } | DoorKind::Events { .. } => false,
        });
        let deflate = if self.deflate { handshake::deflate(&head.headers) } else { None };
        let head = switching_protocols(&accept, sub_protocol, deflate);
        self.metrics.count_upgrade(UpgradeOutcome::Accepted);
        let sub_protocol = sub_protocol.map(str::to_owned);
        Ok(Departure { head, request: UpgradeRequest { sub_protocol, deflate, ..request } })
    }

    /// Gives a connection its place, unless there is none.
    fn admit(&self, door: &Door, head: &Parts, visit: &Visit) -> Result<UpgradeRequest, UpgradeOutcome> {
        if *self.phase.borrow() == Phase::Stopped {
            return Err(UpgradeOutcome::Stopping);
        }
        let remote = self.proxies.client(visit.peer, &head.headers);
        let place = self.admission.admit(visit.permit.clone(), remote, &door.connections, Instant::now())?;
        Ok(UpgradeRequest {
            door: door.index,
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: self.keep(&head.headers),
            vouched: self
                .user_header
                .as_ref()
                .and_then(|name| self.proxies.vouched(visit.peer, &head.headers, name)),
            remote,
            sub_protocol: None,
            deflate: None,
            stream: None,
            place,
        })
    }

    /// A copy of the headers that somebody will ask for, which does not keep hyper's read buffer alive.
    fn keep(&self, headers: &HeaderMap) -> HeaderMap {
        let mut kept = HeaderMap::new();
        for name in &self.kept_headers {
            for value in headers.get_all(name) {
                let copy = HeaderValue::from_bytes(value.as_bytes()).expect("it is a header's value already");
                kept.append(name, copy);
            }
        }
        kept
    }

    fn refuse_broken(&self, broken: &Broken) -> Response {
        self.metrics.count_upgrade(UpgradeOutcome::Broken);
        let headers = [(UPGRADE, "websocket"), (CONNECTION, "Upgrade"), (SEC_WEBSOCKET_VERSION, "13")];
        (StatusCode::UPGRADE_REQUIRED, headers, format!("{broken}\n")).into_response()
    }

    fn refuse(&self, outcome: UpgradeOutcome) -> Response {
        self.metrics.count_upgrade(outcome);
        let (status, text) = match outcome {
            UpgradeOutcome::Origin => return cors::forbidden(),
            UpgradeOutcome::NoDoor => (
                StatusCode::NOT_FOUND,
                "no WebSocket is opened at this path: compare it with the gateway's configuration\n",
            ),
            UpgradeOutcome::SocketIo => (
                StatusCode::BAD_REQUEST,
                "Socket.IO is not spoken here: this is the Centrifuge protocol over a standard WebSocket; use a \
                 Centrifuge client (npm `centrifuge` in browsers), or a plain WebSocket\n",
            ),
            UpgradeOutcome::ConnectionLimit => {
                (StatusCode::SERVICE_UNAVAILABLE, "the connection limit is reached\n")
            }
            UpgradeOutcome::AddressLimit => {
                (StatusCode::TOO_MANY_REQUESTS, "this address has too many connections\n")
            }
            UpgradeOutcome::AddressRateLimit => {
                (StatusCode::TOO_MANY_REQUESTS, "too many connections from this address; come again later\n")
            }
            UpgradeOutcome::RateLimit => (StatusCode::SERVICE_UNAVAILABLE, "too many connections a second\n"),
            UpgradeOutcome::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "this gateway is shutting down\n"),
            UpgradeOutcome::Accepted | UpgradeOutcome::Broken => unreachable!("answered elsewhere"),
        };
        (status, text).into_response()
    }
}

/// The head of the answer with which a WebSocket begins.
fn switching_protocols(accept: &HeaderValue, sub_protocol: Option<&str>, deflate: Option<Window>) -> Vec<u8> {
    let extension = deflate.map(Window::answer);
    let fields = [
        (UPGRADE, Some(b"websocket".as_slice())),
        (CONNECTION, Some(b"Upgrade")),
        (SEC_WEBSOCKET_ACCEPT, Some(accept.as_bytes())),
        (SEC_WEBSOCKET_PROTOCOL, sub_protocol.map(str::as_bytes)),
        (SEC_WEBSOCKET_EXTENSIONS, extension.as_deref().map(str::as_bytes)),
    ];
    let mut head = Vec::with_capacity(256);
    head.extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\n");
    for (name, value) in fields {
        let Some(value) = value else { continue };
        for part in [name.as_str().as_bytes(), b": ", value, b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}
