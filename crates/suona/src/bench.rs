//! `suona bench`: what a gateway costs, seen by many clients at once. The crate `suona-bench` does the measuring.

use std::{env, net::SocketAddr, process::ExitCode};

use clap::Args;
use suona_bench::{Outputs, Peer, Plan, measure, peer::Here};

use crate::Outcome;

/// Measures a gateway with many clients.
#[derive(Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    plan: Plan,
    #[command(flatten)]
    outputs: Outputs,
    /// Start a gateway for each measurement, and end it afterwards
    #[arg(long, conflicts_with_all = ["address", "pid", "key", "secret"])]
    spawn: bool,
    /// Start one with TLS as well, to be measured beside it
    #[arg(long, requires = "spawn")]
    tls: bool,
    /// Where a gateway listens, without TLS
    #[arg(long, default_value = "127.0.0.1:8000")]
    address: SocketAddr,
    /// The gateway's process, to read what it uses (Linux, on this machine)
    #[arg(long)]
    pid: Option<u32>,
    /// The gateway's API key
    #[arg(long)]
    key: Option<String>,
    /// The secret (HS256) to sign tokens with; otherwise clients connect without
    #[arg(long)]
    secret: Option<String>,
}

impl Bench {
    pub(crate) fn run(self) -> Outcome {
        let Self { plan, outputs, spawn, tls, address, pid, key, secret } = self;
        let mut peers = match spawn {
            true => vec![Peer::Suona(env::current_exe()?)],
            false => vec![Peer::Here(Here { address, pid, key, secret })],
        };
        if tls {
            peers.push(Peer::SuonaTls(env::current_exe()?));
        }
        measure(&plan, &peers, Vec::new(), &outputs)?.publish(&outputs)?;
        Ok(ExitCode::SUCCESS)
    }
}
