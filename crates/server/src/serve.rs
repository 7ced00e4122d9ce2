//! Puts a gateway together from its parts, and takes it down in order.

mod doors;
mod edge;
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
    broker::{MemoryBroker, Surroundings},
    config::{Config, Shutdown},
    http::{
        BindError, Edge,
        api::{self, Access, ApiState, Node, Shards},
    },
    hub::{Commons, Devices, Errand, Hub, Ledger, MAX_SHARDS, Shard, ShardId},
    io::{Mailbox, ShardSender, mailbox, spawn},
    limits::Keyed,
    metrics::Metrics,
    session::Rules,
};

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
        let options = edge::options(&config)?;
        let rules = Arc::new(rules(config)?);
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
        let hooks = edge::hooks(&rules, &shards, broker.clone(), backend.clone());
        let user_commands = rules.config.client.rate_limit.user_command.limit();
        let commons = Arc::new(Commons {
            rules,
            broker: broker.clone(),
            backend,
            events,
            users: Arc::default(),
            devices: Devices::default(),
            ledger: Arc::default(),
            user_commands: (!user_commands.is_none()).then(|| Keyed::new(user_commands)),
            errands: shards.iter().map(|shard| shard.errands().clone()).collect(),
        });
        let edge = Edge::bind(&options, api_router(&commons, &shards, &metrics), hooks, metrics.clone())?;
        let threads = start_shards(mailboxes, &commons, &metrics)?;
        let mut sweeping = JoinSet::new();
        sweeping.spawn(sweep(broker, commons.ledger.clone()));
        let shutdown = commons.rules.config.shutdown.clone();
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

fn rules(config: Config) -> Result<Rules, StartError> {
    let (connection_tokens, subscription_tokens) = verifiers(&config)?;
    Ok(Rules {
        connection_tokens: Arc::new(connection_tokens),
        subscription_tokens,
        version: concat!("Suona ", env!("CARGO_PKG_VERSION")).to_owned(),
        node: uuid::Uuid::new_v4().to_string().into(),
        config,
    })
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

/// A thread for each shard, which finds in its mailbox what was handed to it.
fn start_shards(
    mailboxes: Vec<Mailbox<Shard>>,
    commons: &Arc<Commons>,
    metrics: &Metrics,
) -> Result<Vec<JoinHandle<()>>, StartError> {
    let threads = mailboxes.into_iter().zip(0..).map(|(mailbox, number)| {
        let (id, commons) = (ShardId(number), commons.clone());
        let metrics = metrics.shard(usize::from(number));
        let shard = move || Shard::new(id, commons, metrics, rand::random(), Now::read());
        Ok(spawn(format!("shard-{number}"), mailbox, shard)?)
    });
    threads.collect()
}

fn api_router(commons: &Commons, shards: &[ShardSender<Shard>], metrics: &Arc<Metrics>) -> Router {
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
            uid: rules.node.to_string(),
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
