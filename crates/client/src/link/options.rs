//! How a link behaves, and where it runs.

use std::time::Duration;

use crate::backoff::Backoff;

/// How a link behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// What opening a socket may take. Default 10 s.
    pub open_timeout: Duration,
    /// Whether to dial again after a loss, if `max_attempts` says nothing else. Default true.
    pub reconnect: bool,
    /// How often to dial again in a row, without a connection that holds, before giving up. Default `None`, unlimited.
    pub max_attempts: Option<u32>,
    /// Bound of the first wait between two dials; it doubles with each. Default 500 ms.
    pub first_wait: Duration,
    /// Bound of all such waits. Default 20 s.
    pub longest_wait: Duration,
    /// What happens to the socket when the app is hidden. Default `None`: after 4 s of it the socket is closed where the
    /// platform suspends, and kept elsewhere.
    pub on_hide: Option<OnHide>,
    /// Where it runs. Default: on something that does not suspend.
    pub habits: Habits,
}

/// What happens to the socket when the app is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnHide {
    /// It stays.
    Keep,
    /// It is closed after this long: [`Duration::ZERO`] for at once.
    CloseAfter(Duration),
}

/// What one must know of a platform to behave well on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// In the background the code stops within seconds, sockets die, and dialling fails.
    pub suspends: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            open_timeout: Duration::from_secs(10),
            reconnect: true,
            max_attempts: None,
            first_wait: Backoff::FIRST,
            longest_wait: Backoff::CEILING,
            on_hide: None,
            habits: Habits::default(),
        }
    }
}
