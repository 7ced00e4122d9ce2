//! Clients of one layout that publish, ask, go and come back.

use std::{
    collections::HashMap,
    ops::Add,
    time::{Duration, Instant},
};

use rand::{RngExt as _, rngs::StdRng};

use crate::{Trouble, crowd::Crowd};

/// No publication is made where somebody is so many behind. A gateway keeps a hundred for those who come back.
const BEHIND: u64 = 50;

/// Publications that the API is given at once, now and then.
const BURST: usize = 10;

/// For how long a client stays away, at most.
const AWAY: Duration = Duration::from_secs(3);

/// How long one turn waits for something to happen.
const TURN: Duration = Duration::from_millis(1);

/// A crowd, and what goes on in it.
pub(super) struct Party<'t> {
    pub(super) crowd: Crowd<'t>,
    clients: usize,
    channels: usize,
    /// Bytes of each publication.
    size: usize,
    /// Who is away, and when it comes back.
    away: HashMap<usize, Instant>,
    /// By client, the channel of its publication that is not answered.
    publishing: HashMap<usize, usize>,
    pub(super) count: Count,
}

/// What has been done, and how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) published: u64,
    pub(super) asked: u64,
    /// Clients cut off without a word.
    pub(super) cut: u64,
    /// Clients that said goodbye.
    pub(super) left: u64,
    /// Clients that left their channels and joined them again.
    pub(super) rejoined: u64,
}

impl<'t> Party<'t> {
    /// Clients that are all in.
    pub(super) fn new(crowd: Crowd<'t>, clients: usize, channels: usize, size: usize) -> Self {
        let (away, publishing) = (HashMap::new(), HashMap::new());
        Self { crowd, clients, channels, size, away, publishing, count: Count::default() }
    }

    pub(super) fn clients(&self) -> usize {
        self.clients
    }

    /// Publishes through the API, once or in a burst.
    pub(super) fn announce(&mut self, dice: &mut StdRng) -> Result<(), Trouble> {
        let channel = dice.random_range(0..self.channels);
        let burst = if dice.random_bool(0.1) { BURST } else { 1 };
        if !self.crowd.is_answered() || self.crowd.behind(channel) > BEHIND {
            return Ok(());
        }
        self.count.published += burst as u64;
        self.crowd.publish(&vec![channel; burst], self.size)
    }

    /// A client publishes. In a channel one publication waits for its answer at a time: those of several clients
    /// would overtake each other.
    pub(super) fn speak(&mut self, dice: &mut StdRng) -> Result<(), Trouble> {
        let (client, channel) = (dice.random_range(0..self.clients), dice.random_range(0..self.channels));
        let busy = self.publishing.values().any(|taken| *taken == channel);
        if busy || !self.crowd.is_at_ease(client) || self.crowd.behind(channel) > BEHIND {
            return Ok(());
        }
        if self.crowd.publish_as(client, channel, self.size)? {
            self.publishing.insert(client, channel);
            self.count.published += 1;
        }
        Ok(())
    }

    /// A client asks: a WebSocket ping, or a request that goes to the backend.
    pub(super) fn ask(&mut self, dice: &mut StdRng) -> Result<(), Trouble> {
        let (client, ping) = (dice.random_range(0..self.clients), dice.random_bool(0.5));
        if self.crowd.is_at_ease(client) && self.crowd.call_as(client, ping)? {
            self.count.asked += 1;
        }
        Ok(())
    }

    /// A client goes, in one of three ways. One whose publication is not answered stays: whether that was taken
    /// would never be known.
    pub(super) fn send_away(&mut self, dice: &mut StdRng) -> Result<(), Trouble> {
        let (client, way) = (dice.random_range(0..self.clients), dice.random_range(0..3));
        let back = Instant::now() + AWAY.mul_f64(dice.random());
        if self.away.contains_key(&client) || self.publishing.contains_key(&client) {
            return Ok(());
        }
        match way {
            0 => {
                self.crowd.cut_one(client);
                self.away.insert(client, back);
                self.count.cut += 1;
            }
            1 if self.crowd.is_at_ease(client) => {
                self.crowd.leave(client)?;
                self.away.insert(client, back);
                self.count.left += 1;
            }
            2 if self.crowd.is_at_ease(client) => {
                self.count.rejoined += u64::from(self.crowd.rejoin(client)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// Those come back whose time it is.
    pub(super) fn return_due(&mut self) -> Result<(), Trouble> {
        let (now, crowd) = (Instant::now(), &self.crowd);
        let due =
            |(client, back): (&usize, &Instant)| (*back <= now && crowd.is_away(*client)).then_some(*client);
        let due: Vec<usize> = self.away.iter().filter_map(due).collect();
        for client in due {
            self.away.remove(&client);
            self.crowd.come(client)?;
        }
        Ok(())
    }

    /// Attends to what happens.
    pub(super) fn turn(&mut self) -> Result<(), Trouble> {
        self.crowd.turn(TURN)?;
        let tally = self.crowd.tally_mut();
        // Half an hour of them would be the generator's memory, and no figure.
        tally.latencies.clear();
        for client in std::mem::take(&mut tally.answered) {
            self.publishing.remove(&client);
        }
        Ok(())
    }

    /// Everybody comes back, hears what is missing, and gets the answers that are.
    pub(super) fn come_home(&mut self) -> Result<(), Trouble> {
        self.crowd.gather()?;
        self.crowd.settle()?;
        self.crowd.verify()
    }
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            published: self.published + other.published,
            asked: self.asked + other.asked,
            cut: self.cut + other.cut,
            left: self.left + other.left,
            rejoined: self.rejoined + other.rejoined,
        }
    }
}
