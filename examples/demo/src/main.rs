//! Suona in one process: the gateway, the example backend, and a page on which two phones live through what
//! connections live through.

mod gateway;
mod greeting;
mod keys;
mod life;
mod lines;
mod site;
mod stage;

use std::{
    error::Error,
    io::{self, IsTerminal as _, Write as _},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
};

use clap::Parser;
use tokio::{net::TcpListener, sync::oneshot};
use tracing::level_filters::LevelFilter;

use crate::{gateway::Keeper, keys::Keys, life::Life, lines::Lines, stage::Stage};

/// Shows what Suona does: a gateway, a backend and a page, in one process that keeps nothing.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// The port to listen on; 0 for any that is free
    #[arg(short, long, default_value_t = 8090)]
    port: u16,
    /// The address to listen on; 127.0.0.1 keeps the demo to this machine
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::UNSPECIFIED))]
    host: IpAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::WARN)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
    match run(&cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A terminal that cannot be written to cannot be told so either.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until somebody asks for the end.
async fn run(cli: &Cli) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind((cli.host, cli.port)).await.map_err(|error| {
        format!(
            "cannot listen at {}: {error}; choose another port with --port",
            SocketAddr::new(cli.host, cli.port)
        )
    })?;
    let greeting = greeting::lines(listener.local_addr()?, greeting::local_network()).join("\n");
    let (keys, stage) = (Keys::random(), Arc::new(Stage::new()));
    let hooks = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let backend = hooks.local_addr()?;
    let keeper = Keeper::start(&keys, &format!("http://{backend}"))?;
    let gateway = SocketAddr::from((Ipv4Addr::LOCALHOST, keeper.port()));
    let backend_config = keys.backend(format!("http://{gateway}"));
    let lines = Arc::new(Lines { stage: stage.clone(), gateway, backend });
    let (end, ended) = oneshot::channel();
    let keeping = tokio::spawn(keeper.keep(stage.clone(), async { _ = ended.await }));

    let outcome = tokio::select! {
        served = suona_example_backend::serve(backend_config, hooks, std::future::pending()) => {
            served.map_err(Into::into)
        }
        served = axum::serve(listener, site::site(lines)) => served.map_err(Into::into),
        lived = Life::new(stage, gateway, backend).live() => lived,
        () = asked_to_end(&greeting) => Ok(()),
    };
    let _ = end.send(());
    keeping.await?;
    outcome
}

/// Says where the page is, and waits for Ctrl-C, which is heard from that moment on.
async fn asked_to_end(greeting: &str) {
    #[cfg(unix)]
    let asked = {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).expect("the handler can be installed");
        let mut interrupt = signal(SignalKind::interrupt()).expect("the handler can be installed");
        async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
    };
    #[cfg(not(unix))]
    let asked = async { tokio::signal::ctrl_c().await.expect("the handler can be installed") };
    // Nobody listening is no reason not to serve.
    let _ = writeln!(io::stdout(), "{greeting}");
    asked.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_flags_it_listens_where_the_readme_says_and_phones_can_come() {
        let cli = Cli::parse_from(["suona-demo"]);
        assert_eq!((cli.host, cli.port), (IpAddr::from([0; 4]), 8090));
        for readme in [include_str!("../README.md"), include_str!("../README.zh-CN.md")] {
            assert!(readme.contains("8090"));
        }
    }
}
