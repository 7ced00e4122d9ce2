//! `suona bench`: what a gateway costs, seen by many clients at once.
//!
//! One channel, N subscribers, M publications in bursts. Every subscriber must get every one, or it fails.

mod api;
mod crowd;
mod member;
mod report;
mod server;

use std::{
    io::{self, IsTerminal, Write as _},
    net::SocketAddr,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;
use suona_server::config::Secret;
use tokio::{
    runtime::{Builder, LocalOptions},
    time,
};

use crate::Outcome;
use api::Api;
use crowd::{Crowd, Entrance};
use report::{FanOut, Joining, Memory, Report};
use server::{Probe, Server};

/// Measures a gateway with many subscribers of one channel.
#[derive(Args)]
pub(crate) struct Bench {
    /// How many clients connect
    #[arg(short = 'n', long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// How many publications are sent at least; a whole number of bursts goes out
    #[arg(short = 'm', long, default_value_t = 100)]
    publications: u64,
    /// How many publications are sent at once, before all clients must have got all of them
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    burst: u64,
    /// Bytes of JSON in each publication; 72 make messages of about 128 bytes
    #[arg(long, default_value_t = 72, value_parser = clap::value_parser!(u32).range(2..=65536))]
    size: u32,
    /// Subscribe without asking for recovery
    #[arg(long)]
    not_recoverable: bool,
    /// Seconds of rest before memory is read
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(..=600))]
    settle: u64,
    /// Start a gateway for the measurement, and end it afterwards
    #[arg(long, conflicts_with_all = ["address", "pid", "key", "secret"])]
    spawn: bool,
    /// Keep the gateway that is started on processor 0, in one shard, and the clients on processor 1 (Linux)
    #[arg(long, requires = "spawn")]
    pin: bool,
    /// Where a gateway listens, without TLS
    #[arg(long, default_value = "127.0.0.1:8000")]
    address: SocketAddr,
    /// The gateway's process, to read what it uses (Linux, on this machine)
    #[arg(long)]
    pid: Option<u32>,
    /// The channel; it should announce nobody's joins, or every client hears of every other
    #[arg(long, default_value = "bench")]
    channel: String,
    /// The gateway's API key
    #[arg(long)]
    key: Option<String>,
    /// The secret (HS256) to sign tokens with; otherwise clients connect without
    #[arg(long)]
    secret: Option<String>,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
}

/// The measurement failed.
#[derive(Debug, thiserror::Error)]
enum BenchTrouble {
    #[error(
        "{connections} connections need {needed} descriptors, and this process may have {limit}; use fewer, or raise `ulimit -n`"
    )]
    Descriptors { connections: u32, needed: u64, limit: u64 },
    #[error("the gateway could not be started: {0}")]
    Spawn(String),
    #[error("the memory and the time of process {pid} cannot be read: {error}; give the right --pid")]
    Probe { pid: u32, error: io::Error },
    #[error("a client could not join: {0}; name a running gateway with --address, or start one with --spawn")]
    Join(String),
    #[error("a client was lost: {0}")]
    Lost(String),
    #[error("not published: {0}")]
    Publish(String),
    #[error("{missing} of {expected} deliveries are missing after {} s without any", PATIENCE.as_secs())]
    Missing { missing: u64, expected: u64 },
    #[error("{0} clients got more or fewer than the {1} publications")]
    Miscounted(usize, u64),
    #[error("the signing of a token failed: {0}")]
    Token(#[from] jsonwebtoken::errors::Error),
}

/// How long nothing may happen before the measurement fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// At so many connections memory is read for the first time, so that what the first ones cost is told apart.
const FIRST: u32 = 1000;

/// Descriptors for anything but connections.
const SPARE: u64 = 64;

impl Bench {
    pub(crate) fn run(self) -> Outcome {
        self.raise_descriptors()?;
        let server = self.server()?;
        // Current-thread, so that the generator is one loop on one processor.
        let report = Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())?
            .block_on(self.measure(&server))?;
        let said = if self.json { report.to_json().to_string() } else { report.to_table() };
        writeln!(io::stdout(), "{said}")?;
        Ok(ExitCode::SUCCESS)
    }

    fn raise_descriptors(&self) -> Result<(), BenchTrouble> {
        let needed = u64::from(self.connections) + SPARE;
        let limit = rlimit::increase_nofile_limit(needed).unwrap_or(needed);
        if limit < needed {
            return Err(BenchTrouble::Descriptors { connections: self.connections, needed, limit });
        }
        Ok(())
    }

    fn server(&self) -> Result<Server, BenchTrouble> {
        if self.spawn {
            return Server::spawn(self.pin, &self.channel);
        }
        let key = self.key.clone().map(Secret::new);
        Ok(Server::running(self.address, self.pid, key, self.secret.clone().map(Secret::new)))
    }

    async fn measure(&self, server: &Server) -> Result<Report, BenchTrouble> {
        let entrance = Entrance {
            address: server.address(),
            channel: self.channel.clone(),
            secret: server.secret().cloned(),
            recoverable: !self.not_recoverable,
        };
        let api = Api::new(server.address(), server.key(), &self.channel, self.size);
        let probe = server.probe();
        let crowd = Crowd::new(entrance);
        let (joining, memory) = self.join(&crowd, probe.as_ref()).await?;
        let fan_out = self.fan_out(&crowd, &api, probe.as_ref()).await?;
        Ok(Report {
            connections: self.connections,
            burst: self.burst,
            size: self.size,
            recoverable: !self.not_recoverable,
            joining,
            memory,
            fan_out,
        })
    }

    /// Lets all clients in, and reads what that cost.
    async fn join(&self, crowd: &Crowd, probe: Option<&Probe>) -> Result<(Joining, Memory), BenchTrouble> {
        let empty = probe.map(Probe::memory).transpose()?;
        let first = FIRST.min(self.connections);
        let mut joining = Joining::default();
        let mut memory = Memory::default();
        for upto in [first, self.connections] {
            let (start, cpu) = (Instant::now(), probe.map(Probe::cpu).transpose()?);
            crowd.grow(upto, |there| progress("connected", there.into(), self.connections.into())).await?;
            joining.elapsed += start.elapsed();
            joining.cpu = add(joining.cpu, Probe::cpu_since(probe, cpu)?);
            time::sleep(Duration::from_secs(self.settle)).await;
            let Some(empty) = empty else { continue };
            let now = probe.map(Probe::memory).transpose()?.unwrap_or(empty);
            memory.readings.push((upto, now.saturating_sub(empty)));
            if first == self.connections {
                break;
            }
        }
        joining.connections = self.connections;
        Ok((joining, memory))
    }

    /// Publishes burst by burst, each when the one before has reached everybody.
    async fn fan_out(&self, crowd: &Crowd, api: &Api, probe: Option<&Probe>) -> Result<FanOut, BenchTrouble> {
        let bursts = self.publications.div_ceil(self.burst);
        // The first finds nothing warm.
        self.burst(crowd, api).await?;
        let (start, cpu, reads) = (Instant::now(), probe.map(Probe::cpu).transpose()?, crowd.reads());
        let own = Probe::ourselves().cpu().ok();
        for burst in 0..bursts {
            self.burst(crowd, api).await?;
            progress("bursts", burst + 1, bursts);
        }
        let elapsed = start.elapsed();
        let deliveries = bursts * self.burst * u64::from(self.connections);
        crowd.verify((bursts + 1) * self.burst)?;
        Ok(FanOut {
            deliveries,
            elapsed,
            cpu: Probe::cpu_since(probe, cpu)?,
            own_cpu: Probe::ourselves().cpu().ok().zip(own).map(|(now, then)| now - then),
            reads: crowd.reads() - reads,
        })
    }

    async fn burst(&self, crowd: &Crowd, api: &Api) -> Result<(), BenchTrouble> {
        let expected = crowd.expect(self.burst);
        let (published, heard) = tokio::join!(api.publish(self.burst), crowd.heard(expected));
        published.and(heard)
    }
}

fn add(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    b.map(|b| a.unwrap_or_default() + b)
}

/// Shows how far it is, if somebody looks.
fn progress(what: &str, done: u64, all: u64) {
    let mut err = io::stderr();
    if err.is_terminal() && (done == all || done.is_multiple_of((all / 100).max(1))) {
        let end = if done == all { "\n" } else { "" };
        // Who does not look at it does not miss it.
        let _ = write!(err, "\r{what} {done} of {all}{end}");
    }
}
