//! What is measured: one file for each scenario. Each is run once, on a server that has just been started.

mod echo;
mod fan_out;
mod flat;
mod idle;
mod publish;
mod restart;
mod soak;
mod storm;

use std::time::Duration;

use clap::ValueEnum;
use serde::Deserialize;

use crate::{
    Load, Peer, Plan, Trouble, crowd::Crowd, layout::Layout, peer::Running, progress::Progress,
    report::Metric,
};

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// Memory and the cost of coming in, with one recoverable channel for each client
    Idle,
    /// One channel that all clients hear: one publication at a time, bursts of ten, and as fast as it goes
    FanOut,
    /// Many channels with ten subscribers each
    Channels,
    /// Round trips: WebSocket pings, and requests to a backend
    Echo,
    /// What a publication costs by itself, through the API and from a client
    Publish,
    /// All clients come back at once, and get what they missed
    Storm,
    /// The server ends, another starts in its place, and all clients come back at once
    Restart,
    /// Whether a delivery costs the same however many hear it: many sizes of one channel, and of many
    Flat,
    /// Everything at once for half an hour, with clients that go and come back
    Soak,
}

/// One figure of one run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Which part of the scenario.
    pub case: &'static str,
    /// What was measured.
    pub metric: Metric,
    /// What it came to.
    pub value: f64,
}

impl Scenario {
    /// Those that are measured if none is named.
    pub const USUAL: &[Self] =
        &[Self::Idle, Self::FanOut, Self::Channels, Self::Echo, Self::Publish, Self::Storm, Self::Restart];

    /// How tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::FanOut => "fan-out",
            Self::Channels => "channels",
            Self::Echo => "echo",
            Self::Publish => "publish",
            Self::Storm => "storm",
            Self::Restart => "restart",
            Self::Flat => "flat",
            Self::Soak => "soak",
        }
    }

    /// Whether clients recover in it, or hear several channels.
    pub fn is_managed(self) -> bool {
        matches!(self, Self::Storm | Self::Restart | Self::Channels | Self::Flat | Self::Soak)
    }

    /// Measures a server once, one that nobody has used before.
    pub fn run(
        self,
        plan: &Plan,
        load: Load,
        peer: &Peer,
        progress: &Progress,
    ) -> Result<Vec<Reading>, Trouble> {
        let server = peer.start(plan)?;
        let trial = Trial { plan, load, server: &server, progress };
        match self {
            Self::Idle => idle::run(&trial),
            Self::FanOut => fan_out::one_channel(&trial),
            Self::Channels => fan_out::many_channels(&trial),
            Self::Echo => echo::run(&trial),
            Self::Publish => publish::run(&trial),
            Self::Storm => storm::run(&trial),
            Self::Restart => restart::run(plan, load, peer, server, progress),
            Self::Flat => flat::run(&trial),
            Self::Soak => soak::run(&trial),
        }
    }
}

/// One scenario, run once.
struct Trial<'t> {
    plan: &'t Plan,
    load: Load,
    server: &'t Running,
    progress: &'t Progress,
}

/// What a server used since a moment.
struct Usage {
    elapsed: Duration,
    /// Of the server; absent where that is not known.
    server: Option<Duration>,
}

impl<'t> Trial<'t> {
    fn crowd(&self, layout: Layout) -> Result<Crowd<'t>, Trouble> {
        Crowd::new(self.server.entrance.clone(), &*self.server.wire, layout)
    }

    /// Clients that are all in.
    fn crowd_inside(&self, layout: Layout) -> Result<Crowd<'t>, Trouble> {
        let clients = layout.clients;
        let mut crowd = self.crowd(layout)?;
        self.grow(&mut crowd, clients, crate::crowd::IN_TURN)?;
        Ok(crowd)
    }

    fn grow(&self, crowd: &mut Crowd<'_>, upto: usize, at_once: usize) -> Result<(), Trouble> {
        let all = self.load.clients as u64;
        crowd.grow(upto, at_once, |there| self.progress.show("connected", there as u64, all))
    }

    /// Does something, and reads what that took.
    fn watch(&self, act: impl FnOnce() -> Result<(), Trouble>) -> Result<Usage, Trouble> {
        let cpu = || self.server.probe.map(crate::probe::Probe::cpu).transpose();
        let (before, began) = (cpu()?, std::time::Instant::now());
        act()?;
        let elapsed = began.elapsed();
        let server = cpu()?.zip(before).map(|(after, before)| after.saturating_sub(before));
        Ok(Usage { elapsed, server })
    }
}

impl Usage {
    /// Readings of `count` things: the server's microseconds for each, and how many there were in a second.
    fn readings(&self, case: &'static str, cost: Metric, rate: Metric, count: u64) -> Vec<Reading> {
        let per_second = count as f64 / self.elapsed.as_secs_f64();
        let cost = self.server.map(|server| Reading {
            case,
            metric: cost,
            value: server.as_secs_f64() * 1e6 / count as f64,
        });
        cost.into_iter().chain([Reading { case, metric: rate, value: per_second }]).collect()
    }
}
