//! What people and fate do.

use std::time::Duration;

use crate::{
    judge::Act,
    network::{Direction, Weather},
};

/// One thing that people or fate do. The first number is a phone's.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// The app starts its client.
    Start(usize),
    /// The app stops its client.
    Stop(usize),
    /// The app is killed and started again.
    Relaunch(usize),
    /// The app wants to hear a channel: from where it stood, or from now on.
    Subscribe(usize, &'static str, bool),
    /// The app wants to hear a channel no more.
    Unsubscribe(usize, &'static str),
    /// The app asks for something, within a time of its own if it has one.
    Command(usize, Act, Option<Duration>),
    /// The app goes to the background.
    Hide(usize),
    /// The app comes back.
    Show(usize),
    /// The socket breaks; whether the phone hears of it, and whether the server does.
    Cut(usize, bool, bool),
    /// Nothing arrives in one direction.
    Hush(usize, Direction),
    /// What was held back arrives.
    Unhush(usize),
    /// The phone moves to where the network is like this; whether its system says so.
    Move(usize, Weather, bool),
    /// The backend ends the user's connections.
    Disconnect(usize),
    /// The backend throws the user out of a channel.
    Expel(usize, &'static str),
    /// The backend publishes so many messages, each with so many bytes more than it needs.
    Publish(&'static str, u64, usize),
    /// The backend publishes one message, and again because it is not sure.
    PublishTwice(&'static str),
    /// The backend publishes one message, which one of the shards never gets.
    Lose(&'static str),
    /// The backend works, or does not.
    Office(bool),
    /// The gateway ends, and is back after so many milliseconds; whether anybody is told.
    Restart(u64, bool),
    /// The gateway sends everyone away over so many milliseconds, and is back so many after that.
    Drain(u64, u64),
}

impl Happening {
    /// For how long, in milliseconds, it keeps clients away that did as they were told, or from what they do not know.
    pub(super) fn aftermath(&self) -> u64 {
        match self {
            // Those who are sent away are asked to stay away for some seconds.
            Self::Drain(over, away) => over + LAST_CLOSES + away + 7_000,
            // Whoever has missed the last message of a channel learns it when positions are compared.
            Self::Lose(_) => COMPARED_WITHIN,
            _ => 0,
        }
    }
}

/// After the last socket was told to go: what the gateway gives them for that.
pub(crate) const LAST_CLOSES: u64 = 6_000;

/// A round over all positions of 20 s, as `gateway.toml` has it; a channel may come late in the next; and some seconds
/// for what is still on its way.
const COMPARED_WITHIN: u64 = 20_000 + 5_000 + 2_500;
