//! `suona serve`: the gateway itself.

use std::io::{self, Write as _};

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
        let config = self.configure()?;
        Err(format!("nothing serves port {} yet", config.http_server.port).into())
    }

    /// The configuration to run with; what is odd or dangerous in it is said on the way.
    fn configure(&self) -> Result<Config, Unusable> {
        let mut flags = Vec::new();
        flags.extend(self.address.clone().map(|address| ("--address", "http_server.address", address)));
        flags.extend(self.port.map(|port| ("--port", "http_server.port", port.to_string())));
        let (config, warnings) = self.config.read(self.dev, &flags).accept(self.config.lenient)?;
        let mut stderr = io::stderr().lock();
        let warnings = warnings.iter().map(|warning| format!("warning: {warning}"));
        let dangers = config.dangers().into_iter().map(|danger| format!("danger: {danger}"));
        for line in warnings.chain(dangers).chain(config.remarks()) {
            // A closed standard error is no reason not to serve.
            let _ = writeln!(stderr, "{line}");
        }
        Ok(config)
    }
}
