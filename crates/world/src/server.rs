//! A gateway as it runs in a process: shards, hub and broker are the real ones, only sockets and threads are not.

mod api;
mod host;
mod recorder;
mod sockets;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use suona_client::client::Language;
use suona_server::{
    Now,
    auth::Verifier,
    backend::{Backend, Events},
    broker::{MemoryBroker, Surroundings},
    config::Sources,
    hub::{Commons, Devices, Errand, Hub, Shard, ShardId},
    metrics::Metrics,
    session::Rules,
};
use tokio::sync::mpsc;

use crate::{
    agenda::{Calendar, Time},
    chronicle::SharedChronicle,
    network::WireId,
    office::Office,
    seed::Dice,
};

use host::Host;
use recorder::Recorder;
pub use sockets::{Inbound, Sockets};

/// As many shards as the smallest machine that has several.
pub const SHARDS: usize = 2;

/// Few enough that a burst of publications finds no room.
const MAILBOX: usize = 48;

/// One life of the gateway.
pub struct Server {
    hosts: Vec<Host>,
    memory: Arc<MemoryBroker>,
    hub: Arc<Hub>,
    commons: Arc<Commons>,
    metrics: Metrics,
}

/// What a gateway still holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Sockets whose clients were let in.
    pub connected: Vec<WireId>,
    /// Slots for connections.
    pub connections: usize,
    /// Users with a connection.
    pub users: usize,
    /// Clients that want to be known again.
    pub devices: usize,
    /// Those that wait for what their older connections leave.
    pub successions: usize,
    /// How many hear each channel.
    pub seats: Vec<(String, usize)>,
    /// Channels of which shards want to be told.
    pub channels: Vec<String>,
    /// Bytes in all outboxes.
    pub outboxes: usize,
}

/// What holds in every life of every gateway: `gateway.toml`.
pub fn rules() -> Arc<Rules> {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/gateway.toml"));
    let sources = Sources { file: Some(file), ..Sources::default() };
    let (config, _) = sources.read().accept(false).unwrap_or_else(|unusable| panic!("{unusable}"));
    let verifier = || Verifier::new(&config.client.connection_token_options()).expect("a secret is a key");
    Arc::new(Rules {
        connection_tokens: Arc::new(verifier()),
        subscription_tokens: verifier(),
        version: "Suona world".to_owned(),
        node: Arc::default(),
        config,
    })
}

impl Server {
    /// A gateway that has just started. What its broker takes is written down in the chronicle.
    pub fn boot(
        rules: &Arc<Rules>,
        calendar: Calendar,
        chronicle: &SharedChronicle,
        office: &Office,
        mut dice: Dice,
    ) -> Self {
        let life = chronicle.lock().begin_life();
        let rules = &Arc::new(Rules { node: format!("life {life}").into(), ..Rules::clone(rules) });
        let (mailboxes, deliveries): (Vec<_>, Vec<_>) = (0..SHARDS).map(|_| mpsc::channel(MAILBOX)).unzip();
        let (ways, errands): (Vec<_>, Vec<_>) = (0..SHARDS).map(|_| mpsc::unbounded_channel()).unzip();
        let surroundings = surroundings(calendar, chronicle.clone(), dice.branch("epochs"));
        let hub = Arc::new(Hub::new(mailboxes));
        let memory = Arc::new(MemoryBroker::new(hub.clone(), surroundings));
        let commons = Arc::new(Commons {
            rules: rules.clone(),
            broker: Arc::new(Recorder::new(memory.clone(), chronicle.clone(), life)),
            backend: Arc::new(Backend::played_by(office.webhook(life))),
            events: Events::default(),
            users: Arc::default(),
            devices: Devices::default(),
            ledger: Arc::default(),
            user_commands: None,
            errands: ways,
        });
        let (metrics, now) = (Metrics::new(SHARDS), calendar.now(chronicle.now()));
        let inboxes = deliveries.into_iter().zip(errands).zip(0..);
        let hosts = inboxes.map(|((deliveries, errands), number)| {
            let metrics = metrics.shard(usize::from(number));
            let shard = Shard::new(ShardId(number), commons.clone(), metrics, dice.bits(), now);
            Host::new(shard, deliveries, errands, rules, chronicle.clone())
        });
        Self { hosts: hosts.collect(), memory, hub, commons, metrics }
    }

    /// One of its shards.
    pub fn host(&mut self, number: usize) -> &mut Host {
        &mut self.hosts[number]
    }

    /// Hands a new socket to the shard that has the fewest.
    pub fn accept(&mut self, wire: WireId, language: Language) {
        let host = self.hosts.iter_mut().min_by_key(|host| host.len()).expect("there are shards");
        host.hear(wire, Inbound::Opened(language));
    }

    /// The shard that owns a socket.
    pub fn owner(&self, wire: WireId) -> Option<usize> {
        self.hosts.iter().position(|host| host.knows(wire))
    }

    /// All sockets that it has.
    pub fn wires(&self) -> Vec<WireId> {
        self.hosts.iter().flat_map(Host::wires).collect()
    }

    /// Sends everybody away, spread over this time.
    pub fn drain(&mut self, over: Duration, now: Now) {
        for host in &mut self.hosts {
            host.errand(Errand::Drain(over), now);
        }
    }

    /// Frees what has run out.
    pub fn sweep(&self, calendar: Calendar, now: Time) {
        self.memory.sweep();
        self.commons.ledger.sweep(calendar.now(now).instant);
    }

    /// The sockets whose clients it has let in.
    pub fn connected(&self) -> Vec<WireId> {
        let mut connected: Vec<_> = self.hosts.iter().flat_map(Host::connected).collect();
        connected.sort();
        connected
    }

    /// What it has counted.
    pub fn counted(&self) -> String {
        self.metrics.render()
    }

    /// How many answers and orders came too late for a connection whose slot another one had by then.
    pub fn strays(&self) -> u64 {
        self.hosts.iter().map(Host::strays).sum()
    }

    /// What it holds now, as its own parts see it.
    pub fn holdings(&mut self, calendar: Calendar, now: Time) -> Holdings {
        let mut seats = BTreeMap::new();
        for (channel, count) in self.hosts.iter_mut().flat_map(|host| host.survey(calendar.now(now))) {
            *seats.entry(channel).or_default() += count;
        }
        let mut channels: Vec<_> =
            self.hub.channels().iter().map(|channel| channel.as_str().to_owned()).collect();
        channels.sort();
        let censuses: Vec<_> = self.hosts.iter().map(Host::census).collect();
        Holdings {
            connected: self.connected(),
            connections: censuses.iter().map(|census| census.connections).sum(),
            users: self.commons.users.len(),
            devices: self.commons.devices.len(),
            successions: censuses.iter().map(|census| census.successions).sum(),
            seats: seats.into_iter().collect(),
            channels,
            outboxes: self.hosts.iter_mut().map(Host::outbox_bytes).sum(),
        }
    }
}

/// What surrounds the broker: the world's time, and the seed's dice.
fn surroundings(calendar: Calendar, clock: SharedChronicle, dice: Dice) -> Surroundings {
    let dice = Mutex::new(dice);
    Surroundings {
        now: Box::new(move || calendar.now(clock.now()).instant),
        random: Box::new(move || dice.lock().expect("dice never panic").bits()),
        ..Surroundings::default()
    }
}
