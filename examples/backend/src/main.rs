//! Runs the backend of the examples.

use std::{
    error::Error,
    io::{self, IsTerminal as _},
    net::SocketAddr,
    process::ExitCode,
};

use clap::Parser;
use suona_example_backend::{Config, serve};
use tokio::net::TcpListener;

/// The backend of Suona's examples: scan tasks, a quotation, devices and orders.
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    config: Config,
    /// Where to listen
    #[arg(long, env = "BACKEND_LISTEN", default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

#[tokio::main]
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
    let listener = TcpListener::bind(cli.listen).await;
    let listener = listener.map_err(|error| {
        format!("cannot listen at {}: {error}; choose another address with --listen", cli.listen)
    })?;
    tracing::info!("the backend listens at http://{}", listener.local_addr()?);
    let interrupted = async {
        // Without the signal it runs until it is killed, and that loses nothing either.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    Ok(serve(cli.config, listener, interrupted).await?)
}
