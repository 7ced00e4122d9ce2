//! The client of a Centrifuge server: a link that connects, subscribes, recovers, and carries commands there once.

mod command;
mod options;
mod signals;

use std::time::Duration;

use crate::Moment;

pub use command::Command;
pub use options::{Language, Options};
pub use signals::{Input, Output, Position, Standing, Status, SubscribeOptions};

/// The client of a Centrifuge server. Like the link inside it opens no socket and reads no clock.
#[derive(Debug)]
pub struct Client {
    link: crate::Link,
}

impl Client {
    /// A client that was not started yet.
    pub fn new(options: Options) -> Self {
        Self { link: crate::Link::new(options.link) }
    }

    /// Takes one thing that happened, and whatever is due by then. Drain [`poll`](Self::poll) before the next.
    pub fn handle(&mut self, _input: Input, _moment: Moment) {}

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        None
    }

    /// When to hand in [`link::Input::Woke`](crate::link::Input::Woke); `None` for never.
    pub fn deadline(&self) -> Option<Duration> {
        self.link.deadline()
    }

    /// The server's clock in Unix time at a time of [`Moment::now`]; that of the device as long as no server told.
    pub fn server_time(&self, now: Duration) -> Duration {
        now
    }
}
