//! One connection as its requests see it, and how HTTP ends on it.

use std::{
    net::IpAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use tokio::sync::Notify;

use super::{UpgradeRequest, accept::Permit};

/// One connection, as its requests see it.
pub(super) struct Visit {
    /// Whom the connection comes from: a client, or the outermost proxy that speaks HTTP.
    pub(super) peer: IpAddr,
    pub(super) permit: Permit,
    /// Whether a whole request head came.
    begun: AtomicBool,
    /// Set by the request with which HTTP ends here.
    departure: Mutex<Option<Departure>>,
    /// Told when HTTP is to end before its request is answered.
    taken: Notify,
}

/// The last that HTTP has to do with a connection.
pub(super) struct Departure {
    /// What is still to be written.
    pub(super) head: Vec<u8>,
    pub(super) request: UpgradeRequest,
}

impl Visit {
    pub(super) fn new(peer: IpAddr, permit: Permit) -> Self {
        Self {
            peer,
            permit,
            begun: AtomicBool::new(false),
            departure: Mutex::new(None),
            taken: Notify::new(),
        }
    }

    /// A whole request head came.
    pub(super) fn begin(&self) {
        self.begun.store(true, Relaxed);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Relaxed)
    }

    /// Has the connection handed over as soon as the head of the departure is written, which begins the answer to
    /// this request. The whole request must have been read; whoever handles it waits for ever.
    pub(super) fn take_over(&self, departure: Departure) {
        *self.departure.lock().unwrap_or_else(PoisonError::into_inner) = Some(departure);
        self.taken.notify_one();
    }

    /// Waits until [`take_over`](Self::take_over) was called.
    pub(super) async fn taken(&self) {
        self.taken.notified().await;
    }

    /// How HTTP ends, if a request has said so.
    pub(super) fn departure(&self) -> Option<Departure> {
        self.departure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
