//! What all shards of a node have in common.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Devices, Errand, Ledger, ShardId, Users};
use crate::{
    backend::{Backend, Events},
    broker::Broker,
    limits::Keyed,
    session::Rules,
};

/// What all shards of a node share, and the ways between them.
pub struct Commons {
    /// What holds for all sessions.
    pub rules: Arc<Rules>,
    /// Who keeps streams and presence.
    pub broker: Arc<dyn Broker>,
    /// Who answers what only the customer's server can.
    pub backend: Arc<Backend>,
    /// Where events for the backend are noted.
    pub events: Events,
    /// The connections of every user.
    pub users: Arc<Users>,
    /// The connections of clients that want to be known again.
    pub devices: Devices,
    /// What commands with an idempotency key came to.
    pub ledger: Arc<Ledger>,
    /// What each user may still do, if that is limited.
    pub user_commands: Option<Keyed>,
    /// The way to each shard, by its number.
    pub errands: Vec<mpsc::UnboundedSender<Errand>>,
}

impl Commons {
    /// The way to one shard.
    pub fn way_to(&self, shard: ShardId) -> &mpsc::UnboundedSender<Errand> {
        &self.errands[usize::from(shard.0)]
    }
}
