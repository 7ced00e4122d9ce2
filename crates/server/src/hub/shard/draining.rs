//! How a shard ends its connections before the node goes: one by one, spread over the time that it has.

use std::time::{Duration, Instant};

use rand::{RngExt, rngs::StdRng};
use suona_protocol::DisconnectCode;

use super::Shard;
use crate::{Now, io::ConnectionId, session::Input};

/// Whether the shard is ending its connections.
#[derive(Debug, Default)]
pub(super) enum Draining {
    #[default]
    No,
    /// The last in line goes first.
    Yes { line: Vec<(Instant, ConnectionId)> },
}

impl Draining {
    /// Gives each of `ids` its turn, at random within `over` from now on.
    fn begin(
        ids: impl Iterator<Item = ConnectionId>,
        over: Duration,
        now: Instant,
        dice: &mut StdRng,
    ) -> Self {
        let mut line: Vec<_> = ids.map(|id| (dice.random::<f64>(), id)).collect();
        line.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self::Yes { line: line.into_iter().map(|(luck, id)| (now + over.mul_f64(luck), id)).collect() }
    }

    /// Whether who comes now has come too late.
    pub(super) fn has_begun(&self) -> bool {
        matches!(self, Self::Yes { .. })
    }

    /// When the next in line is to go.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Yes { line } => line.last().map(|(at, _)| *at),
            Self::No => None,
        }
    }

    /// The next in line, if its turn has come.
    fn pop(&mut self, now: Instant) -> Option<ConnectionId> {
        match self {
            Self::Yes { line } => line.pop_if(|(at, _)| *at <= now).map(|(_, id)| id),
            Self::No => None,
        }
    }
}

impl Shard {
    /// Begins to end all connections, the last one when `over` is over.
    pub(super) fn drain(&mut self, over: Duration, now: Now) {
        self.draining = Draining::begin(self.connections.ids(), over, now.instant, &mut self.dice);
        self.end_drained(now);
    }

    /// Ends the connections whose turn has come.
    pub(super) fn end_drained(&mut self, now: Now) {
        while let Some(id) = self.draining.pop(now.instant) {
            self.handle(id, Input::Disconnect(DisconnectCode::Shutdown.into()), now);
        }
    }
}
