//! What the gateway counts, in the text form that Prometheus reads.
//!
//! What happens per delivery is counted by each shard in its own [`ShardMetrics`]; the rest happens seldom
//! enough to look up a label.

mod shards;
mod webhooks;

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use crate::{backend::EventCounts, broker::Answer};
pub use shards::ShardMetrics;
use shards::Shards;
pub use webhooks::{CallMetrics, CallOutcome, WebhookMetrics};

/// Everything that is counted, shared by all threads.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    shards: Shards,
    connections: Family<DoorLabel, Gauge>,
    upgrades: Family<UpgradeLabel, Counter>,
    refused: Family<RefusalLabel, Counter>,
    probes: Counter,
    accept_pauses: Counter,
    publish_latency: Histogram,
    webhooks: WebhookMetrics,
    events: EventCounts,
    allocated: Gauge,
    /// Reads what `allocated` is to show.
    memory: OnceLock<Memory>,
}

/// Reads how many bytes the process has allocated and not freed, if its allocator knows.
pub type Memory = fn() -> Option<u64>;

/// What became of an attempt to open a WebSocket or an HTTP stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpgradeOutcome {
    /// It was opened.
    Accepted,
    /// The handshake was wrong; the answer said how.
    Broken,
    /// The page's origin is not among the allowed ones.
    Origin,
    /// As many connections as allowed are open.
    ConnectionLimit,
    /// More connections than allowed were opened within a second.
    RateLimit,
    /// As many connections as one address may hold are open.
    AddressLimit,
    /// The address opened connections faster than it may.
    AddressRateLimit,
    /// No door has this path.
    NoDoor,
    /// A Socket.IO client, whose protocol is not spoken here.
    SocketIo,
    /// The gateway is shutting down.
    Stopping,
}

/// Why a connection ended before its first request was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionRefusal {
    /// A trusted proxy sent no PROXY header, a broken one, or not in time.
    ProxyHeader,
    /// Too many connections of this address had opened nothing yet.
    AddressLimit,
    /// The TLS handshake failed or took too long.
    TlsHandshake,
    /// The request's head was broken or took too long.
    RequestHead,
}

impl UpgradeOutcome {
    fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Broken => "broken",
            Self::Origin => "origin",
            Self::ConnectionLimit => "connection_limit",
            Self::RateLimit => "rate_limit",
            Self::AddressLimit => "address_limit",
            Self::AddressRateLimit => "address_rate_limit",
            Self::NoDoor => "no_door",
            Self::SocketIo => "socket_io",
            Self::Stopping => "stopping",
        }
    }
}

impl ConnectionRefusal {
    fn label(self) -> &'static str {
        match self {
            Self::ProxyHeader => "proxy_header",
            Self::AddressLimit => "address_limit",
            Self::TlsHandshake => "tls_handshake",
            Self::RequestHead => "request_head",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DoorLabel {
    door: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpgradeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabel {
    reason: &'static str,
}

/// From a memory write to a webhook's default time-out, in seconds.
const LATENCY_BUCKETS: [f64; 12] =
    [0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0];

impl Metrics {
    /// What [`render`](Self::render) writes, for the `Content-Type` header.
    pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// Nothing counted yet, on a gateway with `shards` I/O shards.
    pub fn new(shards: usize) -> Self {
        let mut registry = Registry::with_prefix("suona");
        let publish_latency = Histogram::new(LATENCY_BUCKETS);
        let mut metrics = Self {
            shards: Shards::new(shards, &publish_latency, &mut registry),
            registry,
            connections: Family::default(),
            upgrades: Family::default(),
            refused: Family::default(),
            probes: Counter::default(),
            accept_pauses: Counter::default(),
            publish_latency,
            webhooks: WebhookMetrics::default(),
            events: EventCounts::default(),
            allocated: Gauge::default(),
            memory: OnceLock::new(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("connections", "Open connections by door", self.connections.clone());
        registry.register(
            "upgrades",
            "Attempts to open a WebSocket or an HTTP stream by outcome",
            self.upgrades.clone(),
        );
        registry.register("refused_connections", "Connections ended before a request", self.refused.clone());
        registry.register("probes", "Plain HTTP requests on WebSocket paths and /", self.probes.clone());
        registry.register("accept_pauses", "Times that accepting had to pause", self.accept_pauses.clone());
        let latency = "Seconds from taking a publication to having handed it to every shard";
        registry.register("publish_seconds", latency, self.publish_latency.clone());
        self.webhooks.register(registry);
        let EventCounts { told, retries, lost, waiting } = self.events.clone();
        registry.register("events_told", "Events that the backend has taken", told);
        registry.register("event_retries", "Requests with events that were made again", retries);
        registry.register("events_lost", "Events lost because too many waited", lost);
        registry.register("events_waiting", "Events that the backend has not taken yet", waiting);
        let allocated = "Bytes allocated and not freed; 0 if the allocator does not count";
        registry.register("allocated_bytes", allocated, self.allocated.clone());
    }

    /// All of it, as text.
    pub fn render(&self) -> String {
        let allocated = self.memory.get().and_then(|memory| memory());
        self.allocated.set(allocated.and_then(|bytes| bytes.try_into().ok()).unwrap_or_default());
        let mut out = String::new();
        text::encode(&mut out, &self.registry).expect("a String takes whatever is written to it");
        out
    }

    /// Shows what `memory` reads. Only the first to be named counts.
    pub fn watch_memory(&self, memory: Memory) {
        // A second one would read the same.
        let _ = self.memory.set(memory);
    }

    /// The counts that only shard `index` adds to. Panics if there are fewer shards.
    pub fn shard(&self, index: usize) -> Arc<ShardMetrics> {
        self.shards.get(index)
    }

    /// The number of connections at the door with this path, to be changed as they come and go.
    pub fn connections(&self, door: &str) -> Gauge {
        self.connections.get_or_create_owned(&DoorLabel { door: door.to_owned() })
    }

    /// What is counted of webhooks, to be changed by whoever calls them.
    pub fn webhooks(&self) -> &WebhookMetrics {
        &self.webhooks
    }

    /// What is counted of the events that the backend is told, to be changed by whoever tells it.
    pub fn events(&self) -> EventCounts {
        self.events.clone()
    }

    /// Somebody tried to open a WebSocket or an HTTP stream.
    pub fn count_upgrade(&self, outcome: UpgradeOutcome) {
        self.upgrades.get_or_create(&UpgradeLabel { outcome: outcome.label() }).inc();
    }

    /// A connection ended before its first request was read.
    pub fn count_refusal(&self, reason: ConnectionRefusal) {
        self.refused.get_or_create(&RefusalLabel { reason: reason.label() }).inc();
    }

    /// A plain HTTP request came where WebSockets are opened: a health probe, most likely.
    pub fn count_probe(&self) {
        self.probes.inc();
    }

    /// Accepting had to pause, for want of descriptors.
    pub fn count_accept_pause(&self) {
        self.accept_pauses.inc();
    }

    /// Times how long the answer to a publication takes from now on.
    pub fn time_publish<T: 'static>(&self, answer: Answer<T>) -> Answer<T> {
        time(self.publish_latency.clone(), answer)
    }
}

/// Observes in `latency` how long `answer` takes from now on.
fn time<T: 'static>(latency: Histogram, answer: Answer<T>) -> Answer<T> {
    let begun = Instant::now();
    Answer::new(move |outcome| {
        latency.observe(begun.elapsed().as_secs_f64());
        answer.give(outcome);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_rendered_with_its_labels() {
        let metrics = Metrics::new(2);
        metrics.connections("/device").inc();
        metrics.count_upgrade(UpgradeOutcome::Accepted);
        metrics.count_upgrade(UpgradeOutcome::Accepted);
        metrics.shard(0).closed(3008);
        metrics.shard(1).closed(3008);
        metrics.shard(0).commanded("subscribe");
        metrics.shard(0).refused(103);
        metrics.count_probe();
        metrics.time_publish(Answer::<()>::ignored()).give(Ok(()));
        let webhook = metrics.webhooks().of("rpc.proxy");
        (0..2).for_each(|_| webhook.begun());
        webhook.ended("rpc", CallOutcome::TimedOut, std::time::Duration::from_secs(1));
        webhook.spared("rpc");
        webhook.set_cut_off(true);
        metrics.events().lost.inc_by(3);
        metrics.shard(1).time_publish(Answer::<()>::ignored()).give(Ok(()));
        let text = metrics.render();
        for line in [
            "suona_connections{door=\"/device\"} 1",
            "suona_upgrades_total{outcome=\"accepted\"} 2",
            "suona_closes_total{code=\"3008\"} 2",
            "suona_commands_total{method=\"subscribe\"} 1",
            "suona_errors_total{code=\"103\"} 1",
            "suona_probes_total 1",
            "suona_publish_seconds_count 2",
            "suona_webhook_calls_total{kind=\"rpc\",outcome=\"timed_out\"} 1",
            "suona_webhook_calls_total{kind=\"rpc\",outcome=\"cut_off\"} 1",
            "suona_webhook_seconds_bucket{le=\"1.0\",kind=\"rpc\"} 1",
            "suona_webhook_in_flight{webhook=\"rpc.proxy\"} 1",
            "suona_webhook_cut_off{webhook=\"rpc.proxy\"} 1",
            "suona_events_lost_total 3",
        ] {
            assert!(text.lines().any(|rendered| rendered == line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn the_shards_counts_are_added_up() {
        let metrics = Metrics::new(2);
        metrics.shard(0).delivered(3);
        metrics.shard(1).delivered(4);
        metrics.shard(0).set_outbox_bytes(100);
        metrics.shard(0).set_outbox_bytes(70);
        metrics.shard(1).set_outbox_bytes(1);
        let text = metrics.render();
        assert!(text.contains("suona_deliveries_total 7\n"), "{text}");
        assert!(text.contains("suona_outbox_bytes 71\n"), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
