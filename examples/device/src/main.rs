//! A device behind the gateway: a simulated pump that is told what to do from a phone, or a scanning head.

mod command;
mod device;
mod login;
mod pump;
mod scanner;

use std::{
    error::Error,
    io::{self, IsTerminal as _},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::Parser;
use suona_client::Suona;

use crate::{device::Device, login::Login, pump::Pump};

/// A device of Suona's examples: it takes commands, reports its state and sends scans.
#[derive(Parser)]
struct Cli {
    /// Where the gateway's clients connect
    #[arg(long, env = "DEVICE_GATEWAY", default_value = "ws://127.0.0.1:8000/connection/websocket")]
    gateway: String,
    /// Where the backend is, which gives us a token
    #[arg(long, env = "DEVICE_BACKEND", default_value = "http://127.0.0.1:3000")]
    backend: String,
    /// The serial number of this device
    #[arg(long, env = "DEVICE_SERIAL")]
    serial: String,
    /// Its key, by which the backend knows it
    #[arg(long, env = "DEVICE_KEY", hide_env_values = true)]
    key: String,
    /// How often it says what it is doing, in seconds
    #[arg(long, default_value = "5", value_name = "SECONDS", value_parser = seconds)]
    report_every: Duration,
    /// Scan something so often, in seconds; what is typed is scanned too
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    scan_every: Option<Duration>,
    /// Refuse to start for this reason, as a broken pump does
    #[arg(long, value_name = "REASON")]
    broken: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let to_people = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(to_people).with_target(false).init();
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    let login = Arc::new(Login::new(&cli.backend, &cli.serial, &cli.key)?);
    let find_token = move |_| {
        let login = login.clone();
        async move { login.token().await }
    };
    let suona = Suona::connect(&cli.gateway).get_token(find_token).build()?;
    let device = Device::new(suona.clone(), cli.serial, Pump::new(cli.broken));
    let codes = scanner::start(cli.scan_every);
    let outcome = tokio::select! {
        outcome = device.run(cli.report_every, codes) => outcome.map_err(Into::into),
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into),
    };
    suona.close().await;
    outcome
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|error| format!("{error}"))?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("write a number above zero".to_owned()) } else { Ok(duration) }
}
