//! One request while it is carried out: who asks, when, and the transaction in which everything happens.

use deadpool_sqlite::rusqlite::{self, Transaction};
use serde::Serialize;

use crate::{database::DatabaseError, outbox, refusal::Refusal};

/// In front of the serial number in the user of a device. No person's name has a colon.
const DEVICE: &str = "device:";

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The answer is no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The user has sent more requests with keys in a day than are kept, or the gateway has been away for too long.
    #[error("too many requests")]
    TooMany,
    /// There is no answer now; the next try may get one.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Caller {
    /// A connection without a user, as on an open plain door.
    Nobody,
    /// A person, by name.
    Person(String),
    /// A device, by its serial number.
    Device(String),
}

impl Caller {
    /// Reads a user of the gateway.
    pub(crate) fn of(user: &str) -> Self {
        match user.strip_prefix(DEVICE) {
            _ if user.is_empty() => Self::Nobody,
            Some(serial) => Self::Device(serial.to_owned()),
            None => Self::Person(user.to_owned()),
        }
    }
}

/// What a device with that serial number is called as a user of the gateway.
pub(crate) fn device_user(serial: &str) -> String {
    format!("{DEVICE}{serial}")
}

/// One request. What it does to `transaction` is kept as a whole, publications included, or not at all.
pub(crate) struct Request<'a> {
    pub(crate) transaction: &'a Transaction<'a>,
    pub(crate) caller: Caller,
    /// Milliseconds since 1970.
    pub(crate) now: i64,
}

impl Request<'_> {
    /// The person who asks; anybody else is refused.
    pub(crate) fn person(&self) -> Result<&str, Refusal> {
        match &self.caller {
            Caller::Person(name) => Ok(name),
            Caller::Nobody => Err(Refusal::NobodyMay),
            Caller::Device(_) => Err(Refusal::NotPermitted),
        }
    }

    /// The serial number of the device that asks; anybody else is refused.
    pub(crate) fn device(&self) -> Result<&str, Refusal> {
        match &self.caller {
            Caller::Device(serial) => Ok(serial),
            _ => Err(Refusal::NotPermitted),
        }
    }

    /// Tells all who hear `channel`, once the request has taken effect.
    pub(crate) fn publish(&self, channel: &str, data: &impl Serialize) -> Result<(), Failure> {
        outbox::put(self.transaction, channel, data)
    }
}
