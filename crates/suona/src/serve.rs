//! `suona serve`: the gateway itself.

use clap::Args;
use suona_server::config::{Config, Unusable};

use crate::{Outcome, config_args::ConfigArgs};

/// Runs the gateway.
#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    config: ConfigArgs,
    /// Open everything to everybody, for a first try
    #[arg(long)]
    dev: bool,
    /// The address to listen on, instead of the configured one
    #[arg(short, long)]
    address: Option<String>,
    /// The port to listen on, instead of the configured one
    #[arg(short, long)]
    port: Option<u16>,
}

impl Serve {
    pub(crate) fn run(self) -> Outcome {
        let (config, notes) = self.configure()?;
        Err(format!("nothing serves port {} yet; {} notes", config.http_server.port, notes.len()).into())
    }

    /// The configuration to run with, and what is odd or dangerous in it. That is to be told once the gateway
    /// listens: one that does not start says why, and nothing else.
    fn configure(&self) -> Result<(Config, Vec<String>), Unusable> {
        let mut flags = Vec::new();
        flags.extend(self.address.clone().map(|address| ("--address", "http_server.address", address)));
        flags.extend(self.port.map(|port| ("--port", "http_server.port", port.to_string())));
        let (config, warnings) = self.config.read(self.dev, &flags).accept(self.config.lenient)?;
        let warnings = warnings.iter().map(|warning| format!("warning: {warning}"));
        let dangers = config.dangers().into_iter().map(|danger| format!("danger: {danger}"));
        let notes = warnings.chain(dangers).chain(config.remarks()).collect();
        Ok((config, notes))
    }
}
