//! What the gateway counts.

/// What one shard counts.
#[derive(Debug, Default)]
pub struct ShardMetrics {}

impl ShardMetrics {
    pub(crate) fn delivered(&self, _count: u64) {}
    pub(crate) fn closed(&self, _code: u32) {}
}
