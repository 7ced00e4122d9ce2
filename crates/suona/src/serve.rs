//! `suona serve`: the gateway itself.

mod greeting;

use std::{
    io::{self, IsTerminal, Write as _},
    process::ExitCode,
};

use clap::Args;
use suona_server::{
    config::{Config, LogLevel, Unusable},
    serve::Gateway,
};
use tokio::runtime::Runtime;
use tracing::level_filters::LevelFilter;

use crate::{Outcome, colour::Colour, config_args::ConfigArgs, memory};

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
        log_to_stderr(config.log.level);
        Runtime::new()?.block_on(self.serve(config, notes))
    }

    /// The configuration to run with, and what is odd or dangerous in it. That is to be told once the gateway
    /// listens: one that does not start says why, and nothing else.
    fn configure(&self) -> Result<(Config, Vec<String>), Unusable> {
        let mut flags = Vec::new();
        flags.extend(self.address.clone().map(|address| ("--address", "http_server.address", address)));
        flags.extend(self.port.map(|port| ("--port", "http_server.port", port.to_string())));
        let (config, warnings) = self.config.read(self.dev, &flags).accept(self.config.lenient)?;
        let colour = Colour::for_stderr();
        let warnings = warnings.iter().map(|warning| format!("{} {warning}", colour.yellow("warning:")));
        let dangers =
            config.dangers().into_iter().map(|danger| format!("{} {danger}", colour.yellow("danger:")));
        let notes = warnings.chain(dangers).chain(config.remarks()).collect();
        Ok((config, notes))
    }

    /// Serves until a signal asks for the end; a second one does not wait for it.
    async fn serve(self, config: Config, notes: Vec<String>) -> Outcome {
        let tls = config.http_server.tls.enabled;
        let path = config.websocket.handler_prefix.clone();
        let api = config.http_api.handler_prefix.clone();
        let gateway = Gateway::start(config)?;
        gateway.metrics().watch_memory(memory::allocated);
        let mut lines = notes;
        lines.extend(greeting::addresses(&gateway, tls));
        if self.dev {
            lines.extend(greeting::first_steps(gateway.local_addr(), &path, &api));
        }
        // A closed standard error is no reason not to serve.
        let _ = writeln!(io::stderr(), "{}", lines.join("\n"));
        asked_to_end().await;
        let _ = writeln!(io::stderr(), "sending clients away; the next signal ends at once");
        tokio::select! {
            () = gateway.drain() => Ok(ExitCode::SUCCESS),
            () = asked_to_end() => Ok(ExitCode::FAILURE),
        }
    }
}

#[cfg(unix)]
async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("the handler can be installed");
    let mut interrupt = signal(SignalKind::interrupt()).expect("the handler can be installed");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(not(unix))]
async fn asked_to_end() {
    tokio::signal::ctrl_c().await.expect("the handler can be installed");
}

fn log_to_stderr(level: LogLevel) {
    let level = match level {
        LogLevel::None => LevelFilter::OFF,
        LogLevel::Trace => LevelFilter::TRACE,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error | LogLevel::Fatal => LevelFilter::ERROR,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
}
