//! Why a measurement failed, as a sentence for whoever started it.

use std::io;

/// How long nothing may happen before a measurement fails.
pub(crate) const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// The measurement failed.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// This process may not open enough descriptors.
    #[error(
        "{connections} connections need {needed} descriptors, and this process may have {limit}; use fewer, or raise `ulimit -n`"
    )]
    Descriptors {
        /// What was asked for.
        connections: usize,
        /// With what else is open.
        needed: u64,
        /// What the system grants.
        limit: u64,
    },
    /// A server did not start.
    #[error("{name} could not be started: {reason}")]
    Spawn {
        /// Which.
        name: &'static str,
        /// Why.
        reason: String,
    },
    /// The system does not say what a process uses.
    #[error("the memory and the time of process {pid} cannot be read: {error}; give the right --pid")]
    Probe {
        /// Which process.
        pid: u32,
        /// Why.
        error: io::Error,
    },
    /// A client did not get in.
    #[error("a client could not join: {0}; name a running gateway with --address, or start one with --spawn")]
    Join(String),
    /// A client was in, and is not any more.
    #[error("client {client} was lost: {reason}")]
    Lost {
        /// Which.
        client: usize,
        /// Why.
        reason: String,
    },
    /// The API refused, or did not answer.
    #[error("not published: {0}")]
    Publish(String),
    /// Something did not come.
    #[error("{missing} of {expected} {what} are missing after {} s without any", PATIENCE.as_secs())]
    Missing {
        /// Deliveries, replies, or clients.
        what: &'static str,
        /// How many did not come.
        missing: u64,
        /// How many should have.
        expected: u64,
    },
    /// A client heard publications twice, in another order, or not all.
    #[error("client {client} heard publication {heard} of channel {channel} after {before}")]
    Disorder {
        /// Which client.
        client: usize,
        /// The number of the channel.
        channel: usize,
        /// What it heard before.
        before: u64,
        /// What it heard.
        heard: u64,
    },
    /// The floor wrote more or less often than once for each connection and batch.
    #[error("the floor wrote {wrote} times where {expected} connections had something to hear")]
    Writes {
        /// What it says.
        wrote: u64,
        /// What it should have.
        expected: u64,
    },
    /// The plan asks for what cannot be done.
    #[error("{0}")]
    Plan(String),
    /// A certificate could not be made.
    #[error("the certificate for TLS could not be made: {0}")]
    Certificate(String),
    /// A token could not be signed.
    #[error("the signing of a token failed: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
    /// The operating system refused something.
    #[error("{0}")]
    Io(#[from] io::Error),
}
