//! A machine as a transcript sees it: words in, words out.

use std::time::Duration;

use suona_client::{Client, Link, Moment};

use crate::{Malformed, client, link, settings::Settings};

/// One of the two machines.
#[derive(Debug)]
pub enum Machine {
    /// The link.
    Link(Box<Link>),
    /// The client, and the link inside.
    Client(Box<Client>),
}

impl Machine {
    pub(crate) fn new(settings: &Settings) -> Result<Self, Malformed> {
        match settings.machine.as_str() {
            "link" => Ok(Self::Link(Box::new(Link::new(settings.link()?)))),
            "client" => Ok(Self::Client(Box::new(Client::new(settings.client()?)))),
            other => Err(Malformed(format!("no machine: {other:?}"))),
        }
    }

    pub(crate) fn handle(&mut self, words: &str, moment: Moment) -> Result<(), Malformed> {
        match self {
            Self::Link(machine) => machine.handle(link::input(words)?, moment),
            Self::Client(machine) => machine.handle(client::input(words)?, moment),
        }
        Ok(())
    }

    /// What is to be done next, going by an input that came at `now`.
    pub(crate) fn poll(&mut self, now: Duration) -> Option<String> {
        match self {
            Self::Link(machine) => machine.poll().map(|output| link::output(&output, now)),
            Self::Client(machine) => machine.poll().map(|output| client::output(&output, now)),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Link(machine) => machine.deadline(),
            Self::Client(machine) => machine.deadline(),
        }
    }
}
