//! `suona-compare`: Suona beside other servers, in one run.

use std::{
    error::Error,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::Parser;
use suona_bench::{Outputs, Peer, Plan, measure};

/// Measures Suona beside other servers.
#[derive(Parser)]
#[command(name = "suona-compare", version, about)]
struct Compare {
    #[command(flatten)]
    plan: Plan,
    #[command(flatten)]
    outputs: Outputs,
    /// The binary of Suona; otherwise the one beside this program
    #[arg(long, value_name = "FILE")]
    suona: Option<PathBuf>,
    /// Measure Suona with TLS, too, beside itself without
    #[arg(long)]
    tls: bool,
    /// The folder of the servers for Node, with what they need installed
    #[arg(long, value_name = "FOLDER", default_value = "bench/peers")]
    peers: PathBuf,
    /// The binary of Centrifugo, if there is one
    #[arg(long, value_name = "FILE")]
    centrifugo: Option<PathBuf>,
    /// The binary of sockudo, if there is one
    #[arg(long, value_name = "FILE")]
    sockudo: Option<PathBuf>,
}

fn main() -> ExitCode {
    match Compare::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A terminal that cannot be written to cannot be told so either.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

impl Compare {
    fn run(self) -> Result<(), Box<dyn Error>> {
        let beside = std::env::current_exe()?;
        let suona = self.suona.unwrap_or_else(|| beside.with_file_name("suona"));
        let mut peers = vec![
            Peer::Floor(beside.with_file_name("suona-floor")),
            Peer::Suona(suona.clone()),
            Peer::Ws(self.peers.clone()),
            Peer::SocketIo(self.peers),
        ];
        if self.tls {
            peers.insert(2, Peer::SuonaTls(suona));
        }
        let mut missing = Vec::new();
        match self.sockudo {
            Some(exe) => peers.push(Peer::Sockudo(exe)),
            None => missing.push(absent("sockudo", "no --sockudo names its binary")),
        }
        match self.centrifugo {
            Some(exe) => peers.push(Peer::Centrifugo(exe)),
            None => missing.push(absent("Centrifugo", "no --centrifugo names its binary")),
        }
        measure(&self.plan, &peers, missing, &self.outputs)?.publish(&self.outputs)?;
        Ok(())
    }
}

fn absent(name: &str, reason: &str) -> (String, String) {
    (name.to_owned(), reason.to_owned())
}
