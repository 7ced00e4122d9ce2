//! What a shard holds, for whoever looks for what was left behind.

use suona_protocol::Channel;
use tokio::sync::oneshot;

use super::Shard;
use crate::{hub::audience::Audience, io::ConnectionId};

/// What a shard holds now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Connections that have a slot, whether anybody was let in by them or they are about to end.
    pub connections: usize,
    /// Those whose client was let in.
    pub connected: Vec<ConnectionId>,
    /// Subscriptions of all of them.
    pub subscriptions: usize,
    /// Connections that wait for what an older one leaves.
    pub successions: usize,
}

impl Shard {
    /// Counts what it holds.
    pub fn census(&self) -> Census {
        Census {
            connections: self.connections.ids().count(),
            connected: self.connections.connected(),
            subscriptions: self.subscriptions,
            successions: self.successions.len(),
        }
    }

    /// Tells how many hear each channel.
    pub(super) fn survey(&self, answer: oneshot::Sender<Vec<(Channel, usize)>>) {
        let count = |(channel, audience): (&Channel, &Audience)| (channel.clone(), audience.len());
        // Whoever asked may have stopped waiting.
        let _ = answer.send(self.audiences.iter().map(count).collect());
    }
}
