//! The counts of the hot paths: each shard adds to its own, a scrape sums them up.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::ConstGauge,
        histogram::Histogram,
    },
    registry::Registry,
};

use super::time;
use crate::broker::Answer;

/// What one I/O shard counts.
///
/// Only that shard writes it, so its cache lines stay where they are. Codes and methods are looked up by
/// label: they are no matter of every delivery.
#[derive(Debug)]
#[repr(align(128))] // two cache lines, which x86 fetches as a pair
pub struct ShardMetrics {
    deliveries: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    subscriptions: AtomicU64,
    outbox_bytes: AtomicU64,
    labelled: Labelled,
    publish_latency: Histogram,
}

impl ShardMetrics {
    /// Publications, joins and leaves were put into so many outboxes.
    pub fn delivered(&self, count: u64) {
        self.deliveries.fetch_add(count, Relaxed);
    }

    /// A message of so many bytes was read from a client.
    pub fn read(&self, bytes: usize) {
        self.bytes_in.fetch_add(bytes as u64, Relaxed);
    }

    /// So many bytes were written to clients, before TLS.
    pub fn wrote(&self, bytes: usize) {
        self.bytes_out.fetch_add(bytes as u64, Relaxed);
    }

    /// So many subscriptions exist now.
    pub fn set_subscriptions(&self, now: usize) {
        self.subscriptions.store(now as u64, Relaxed);
    }

    /// So many bytes wait in outboxes now.
    pub fn set_outbox_bytes(&self, now: usize) {
        self.outbox_bytes.store(now as u64, Relaxed);
    }

    /// The gateway closed a connection with this code.
    pub fn closed(&self, code: u32) {
        self.labelled.closes.get_or_create(&CodeLabel { code }).inc();
    }

    /// Times how long the answer to a client's publication takes from now on.
    pub fn time_publish<T: 'static>(&self, answer: Answer<T>) -> Answer<T> {
        time(self.publish_latency.clone(), answer)
    }

    /// A client sent a command.
    pub fn commanded(&self, method: &'static str) {
        self.labelled.commands.get_or_create(&MethodLabel { method }).inc();
    }

    /// A command was beyond this limit.
    pub fn limited(&self, limit: &'static str) {
        self.labelled.limited.get_or_create(&LimitLabel { limit }).inc();
    }

    /// A command was refused with this error code.
    pub fn refused(&self, code: u32) {
        self.labelled.errors.get_or_create(&CodeLabel { code }).inc();
    }
}

/// What all shards count together.
#[derive(Clone, Debug, Default)]
struct Labelled {
    closes: Family<CodeLabel, Counter>,
    commands: Family<MethodLabel, Counter>,
    errors: Family<CodeLabel, Counter>,
    limited: Family<LimitLabel, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabel {
    limit: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabel {
    method: &'static str,
}

/// The metrics of all shards.
#[derive(Clone, Debug)]
pub(super) struct Shards(Arc<[Arc<ShardMetrics>]>);

impl Shards {
    /// For so many shards, all registered.
    pub(super) fn new(count: usize, publish_latency: &Histogram, registry: &mut Registry) -> Self {
        let labelled = Labelled::default();
        registry.register("closes", "Connections closed by the gateway, by code", labelled.closes.clone());
        registry.register("commands", "Commands of clients by method", labelled.commands.clone());
        registry.register("errors", "Commands refused, by error code", labelled.errors.clone());
        registry.register("limited_commands", "Commands beyond a limit, by limit", labelled.limited.clone());
        let shard = || {
            Arc::new(ShardMetrics {
                deliveries: AtomicU64::default(),
                bytes_in: AtomicU64::default(),
                bytes_out: AtomicU64::default(),
                subscriptions: AtomicU64::default(),
                outbox_bytes: AtomicU64::default(),
                labelled: labelled.clone(),
                publish_latency: publish_latency.clone(),
            })
        };
        let shards = Self((0..count).map(|_| shard()).collect());
        registry.register_collector(Box::new(shards.clone()));
        shards
    }

    pub(super) fn get(&self, index: usize) -> Arc<ShardMetrics> {
        Arc::clone(&self.0[index])
    }

    fn sum(&self, of: impl Fn(&ShardMetrics) -> &AtomicU64) -> u64 {
        self.0.iter().map(|shard| of(shard).load(Relaxed)).sum()
    }
}

impl Collector for Shards {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let counters = [
            ("deliveries", "Publications put into an outbox", self.sum(|shard| &shard.deliveries)),
            ("received_bytes", "Bytes read from clients", self.sum(|shard| &shard.bytes_in)),
            ("sent_bytes", "Bytes written to clients", self.sum(|shard| &shard.bytes_out)),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        let gauges = [
            ("subscriptions", "Subscriptions of connected clients", self.sum(|shard| &shard.subscriptions)),
            ("outbox_bytes", "Bytes waiting to be written to clients", self.sum(|shard| &shard.outbox_bytes)),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}
