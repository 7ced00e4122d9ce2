//! The chronicle in the hands of everyone who writes it.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use super::Chronicle;
use crate::{agenda::Time, network::WireId};

/// The chronicle in the hands of everyone who writes it, and the clock on its wall.
#[derive(Clone, Debug, Default)]
pub struct SharedChronicle {
    chronicle: Arc<Mutex<Chronicle>>,
    clock: Arc<AtomicU64>,
    /// 0 for nobody, or a number more than that of the socket.
    actor: Arc<AtomicUsize>,
}

impl SharedChronicle {
    /// For as long as it takes to read or write a line.
    pub fn lock(&self) -> MutexGuard<'_, Chronicle> {
        self.chronicle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What time it is; readable while somebody writes.
    pub fn now(&self) -> Time {
        Time(self.clock.load(Relaxed))
    }

    /// It is later now.
    pub fn advance(&self, now: Time) {
        self.clock.store(now.0, Relaxed);
        self.lock().now = now;
    }

    /// What the gateway does from now on it does for the client on this socket, if for any.
    pub(crate) fn act_for(&self, wire: Option<WireId>) {
        self.actor.store(wire.map_or(0, |wire| wire.0 + 1), Relaxed);
    }

    /// For whom the gateway does what it does now.
    pub(crate) fn actor(&self) -> Option<WireId> {
        self.actor.load(Relaxed).checked_sub(1).map(WireId)
    }
}
