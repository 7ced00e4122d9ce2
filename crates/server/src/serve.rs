//! Puts a gateway together from its parts, and takes it down in order.

mod doors;
mod emulation;

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use axum::Router;
use tokio::{
    task::{self, JoinSet},
    time,
};

use crate::{
    Now,
    auth::{KeyError, Verifier},
    backend::{self, Backend, BackendError, Events, Telling},
    broker::{Broker, MemoryBroker, Surroundings},
    config::{Config, Shutdown},
    http::{
        BindError, Edge, EdgeOptions, Hooks, TlsFiles, Upgraded,
        api::{self, Access, ApiState, Node, Shards},
    },
    hub::{Commons, Devices, Errand, Hub, Ledger, MAX_SHARDS, Shard, ShardId},
    io::{Handover, ShardSender, mailbox, spawn},
    limits::Keyed,
    metrics::Metrics,
    session::Rules,
};

use doors::Doors;
use emulation::Listeners;

/// As many deliveries wait for a shard before publishers hear error 100: a few milliseconds' worth of lag.
const MAILBOX: usize = 4096;

/// How often expired streams are freed.
const SWEEP: Duration = Duration::from_secs(1);

/// After the drain, how long the last closes may take to be written and answered.
const LAST_CLOSES: Duration = Duration::from_secs(6);

/// The gateway could not be started. Each text is one line that names the fix.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A key of `client.token` is none.
    #[error("client.token: {0}")]
    ConnectionKey(KeyError),
    /// A key of `client.subscription_token` is none.
    #[error("client.subscription_token: {0}")]
    SubscriptionKey(KeyError),
    /// The webhooks cannot be called.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The address is none.
    #[error(
        "http_server.{key}: {value:?} is no IP address; write one such as \"127.0.0.1\", or \"\" for all"
    )]
    Address {
        /// Which key.
        key: &'static str,
        /// What it says.
        value: String,
    },
    /// The port cannot be had, or a certificate not be read.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The system refused a thread.
    #[error("a shard could not be started: {0}; raise the limit on threads and memory of this process")]
    Thread(#[from] io::Error),
}

/// A gateway that serves.
pub struct Gateway {
    edge: Edge,
    metrics: Arc<Metrics>,
    shards: Vec<ShardSender<Shard>>,
    threads: Vec<JoinHandle<()>>,
    telling: Option<Telling>,
    sweeping: JoinSet<()>,
    shutdown: Shutdown,
}

impl Gateway {
    /// Starts to serve. Must be called within a multi-threaded tokio runtime.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let count = thread::available_parallelism().map_or(1, usize::from).min(MAX_SHARDS);
        let options = edge_options(&config)?;
        let (connection_tokens, subscription_tokens) = verifiers(&config)?;
        let rules = Arc::new(Rules {
            connection_tokens: Arc::new(connection_tokens),
            subscription_tokens,
            version: concat!("Suona ", env!("CARGO_PKG_VERSION")).to_owned(),
            node: uuid::Uuid::new_v4().to_string().into(),
            config,
        });
        let metrics = Arc::new(Metrics::new(count));
        let (shards, mailboxes): (Vec<_>, Vec<_>) = (0..count).map(|_| mailbox::<Shard>(MAILBOX)).unzip();
        let deliveries = shards.iter().map(|shard: &ShardSender<Shard>| shard.deliveries().clone());
        let broker =
            Arc::new(MemoryBroker::new(Arc::new(Hub::new(deliveries.collect())), Surroundings::default()));
        let backend =
            Arc::new(Backend::new(&rules.config.webhooks, rules.max_reply_bytes(), metrics.webhooks())?);
        let (events, telling) = match &rules.config.events {
            Some(options) => Events::begin(options, metrics.events()).map(|(on, by)| (on, Some(by)))?,
            None => (Events::default(), None),
        };
        let uid = rules.node.clone();
        let doors = Doors::new(rules.clone(), uid.clone());
        let hooks = Hooks {
            hand_over: hand_over(doors, shards.clone()),
            emulate: Listeners::new(uid.clone(), &shards).emulate(),
            ready: ready(broker.clone(), backend.clone()),
        };
        let user_commands = rules.config.client.rate_limit.user_command.limit();
        let commons = Arc::new(Commons {
            rules: rules.clone(),
            broker: broker.clone(),
            backend,
            events,
            users: Arc::default(),
            devices: Devices::default(),
            ledger: Arc::default(),
            user_commands: (!user_commands.is_none()).then(|| Keyed::new(user_commands)),
            errands: shards.iter().map(|shard| shard.errands().clone()).collect(),
        });
        let api = api_router(&commons, &shards, &metrics, &uid);
        let edge = Edge::bind(&options, api, hooks, metrics.clone())?;
        let threads = mailboxes.into_iter().zip(0..).map(|(mailbox, number)| {
            let (id, commons) = (ShardId(number), commons.clone());
            let metrics = metrics.shard(usize::from(number));
            let shard = move || Shard::new(id, commons, metrics, rand::random(), Now::read());
            spawn(format!("shard-{number}"), mailbox, shard)
        });
        let threads = threads.collect::<Result<_, _>>()?;
        let mut sweeping = JoinSet::new();
        sweeping.spawn(sweep(broker, commons.ledger.clone()));
        let shutdown = rules.config.shutdown.clone();
        Ok(Self { edge, metrics, shards, threads, telling, sweeping, shutdown })
    }

    /// Where clients connect; the port is the one that the system chose if 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.edge.local_addr()
    }

    /// Where the API, health and metrics are, if that is elsewhere.
    pub fn internal_addr(&self) -> Option<SocketAddr> {
        self.edge.internal_addr()
    }

    /// What it counts.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Sends all clients away and ends: `/ready` says no, then nobody is accepted, then connections are closed
    /// with 3001, spread over the time that the configuration gives them. Returns when all are gone, and the
    /// backend has been told of that as far as time allows.
    pub async fn drain(mut self) {
        self.edge.drain();
        time::sleep(self.shutdown.ready_delay).await;
        self.edge.stop_accepting().await;
        let over = self.shutdown.timeout.saturating_sub(LAST_CLOSES);
        let deadline = Instant::now() + over + LAST_CLOSES;
        for shard in &self.shards {
            // A shard that has ended has nothing to drain.
            let _ = shard.errands().send(Errand::Drain(over));
        }
        while self.shards.iter().any(|shard| shard.connections() > 0) && Instant::now() < deadline {
            time::sleep(Duration::from_millis(20)).await;
        }
        for shard in &self.shards {
            shard.stop(Instant::now());
        }
        for thread in self.threads {
            // A shard that panicked has said so already.
            let _ = task::spawn_blocking(|| thread.join()).await;
        }
        self.sweeping.shutdown().await;
        if let Some(telling) = self.telling {
            telling.end(deadline.into()).await;
        }
    }
}

/// Who believes connection tokens, and who subscription tokens; where keys are published, they are fetched from
/// now on.
fn verifiers(config: &Config) -> Result<(Verifier, Verifier), StartError> {
    let client = &config.client;
    let connection = Verifier::new(&client.connection_token_options()).map_err(StartError::ConnectionKey)?;
    let subscription = match client.subscription_token.enabled {
        true => Verifier::new(&client.subscription_token_options()).map_err(StartError::SubscriptionKey)?,
        false => connection.clone(),
    };
    if connection.fetches() || subscription.fetches() {
        let http = backend::client().map_err(BackendError::Client)?;
        connection.start_fetching(&http);
        subscription.start_fetching(&http);
    }
    Ok((connection, subscription))
}

fn edge_options(config: &Config) -> Result<EdgeOptions, StartError> {
    let server = &config.http_server;
    let address = |key: &'static str, value: &str, port: u16| {
        let ip = if value.is_empty() { Ok([0; 4].into()) } else { value.parse() };
        let ip = ip.map_err(|_| StartError::Address { key, value: value.to_owned() })?;
        Ok::<_, StartError>(SocketAddr::new(ip, port))
    };
    let internal =
        if server.internal_address.is_empty() { &server.address } else { &server.internal_address };
    let internal_address =
        server.internal_port.map(|port| address("internal_address", internal, port)).transpose()?;
    let tls = server
        .tls
        .enabled
        .then(|| TlsFiles { certificate: server.tls.cert_pem.clone(), key: server.tls.key_pem.clone() });
    Ok(EdgeOptions {
        internal_address,
        allowed_origins: config.client.allowed_origins.clone(),
        trusted_proxies: config.trusted_proxies.clone(),
        proxy_protocol: config.proxy_protocol,
        tls,
        connection_limit: config.client.connection_limit,
        connection_rate_limit: u32::try_from(config.client.connection_rate_limit).unwrap_or(u32::MAX),
        address_limit: config.client.rate_limit.ip_connect.most(),
        address_rate_limit: config.client.rate_limit.ip_connect.limit(),
        health: config.health.enabled.then(|| config.health.handler_prefix.clone()),
        metrics: config.prometheus.enabled.then(|| config.prometheus.handler_prefix.clone()),
        api: config.http_api.handler_prefix.clone(),
        kept_headers: config.webhooks.http_headers(),
        emulation: Doors::emulation(config),
        user_header: config.client.user_header.clone(),
        deflate: config.websocket.compression,
        ..EdgeOptions::new(address("address", &server.address, server.port)?, Doors::paths(config))
    })
}

/// Gives each upgraded connection to the shard that has the fewest.
fn hand_over(doors: Doors, shards: Vec<ShardSender<Shard>>) -> crate::http::HandOver {
    Box::new(move |upgraded: Upgraded| {
        let Upgraded { stream, read_ahead, request } = upgraded;
        let numbered = shards.iter().zip(0..);
        let (shard, number) =
            numbered.min_by_key(|(shard, _)| shard.connections()).expect("there is a shard");
        let deflate = request.deflate;
        let opening = doors.open(request, ShardId(number));
        let max_message = doors.max_message(&opening.door);
        shard.hand_over(Handover { stream, read_ahead, opening, max_message, deflate });
    })
}

fn ready(broker: Arc<MemoryBroker>, backend: Arc<Backend>) -> crate::http::Ready {
    Box::new(move || match broker.is_ready() {
        true => backend.ready(),
        false => Err("the broker cannot be reached".to_owned()),
    })
}

fn api_router(commons: &Commons, shards: &[ShardSender<Shard>], metrics: &Arc<Metrics>, uid: &str) -> Router {
    let rules = &commons.rules;
    let settings = &rules.config.http_api;
    if settings.disabled {
        return Router::new();
    }
    let access =
        if settings.insecure { Access::Insecure } else { Access::Key(settings.key.expose().to_owned()) };
    let counted = shards.to_vec();
    api::router(ApiState {
        access,
        broker: commons.broker.clone(),
        rules: rules.clone(),
        metrics: metrics.clone(),
        shards: Shards { errands: commons.errands.clone(), users: commons.users.clone() },
        node: Node {
            uid: uid.to_owned(),
            name: rules.config.node.name.clone(),
            started: Instant::now(),
            connections: Box::new(move || counted.iter().map(ShardSender::connections).sum()),
        },
    })
}

/// Frees expired streams and outcomes for as long as the gateway lives.
async fn sweep(broker: Arc<MemoryBroker>, ledger: Arc<Ledger>) {
    let mut interval = time::interval(SWEEP);
    loop {
        interval.tick().await;
        broker.sweep();
        ledger.sweep(Instant::now());
    }
}
