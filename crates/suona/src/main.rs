//! Suona, a real-time gateway: the binary. One file for each sub-command.

mod bench;
mod check;
mod client;
mod colour;
mod config_args;
mod memory;
mod publish;
mod serve;
mod tail;
mod token;

use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

/// A real-time gateway for mini-programs, web pages and devices.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway
    Serve(serve::Serve),
    /// Tell what is wrong with a configuration file, what is dangerous in it, and what it comes to
    Check(check::Check),
    /// Make a token for a client, or look into one
    Token(token::Token),
    /// Publish a message through the HTTP API of a running gateway, or as one of its clients
    Publish(publish::Publish),
    /// Print what is published in channels, as it happens
    Tail(tail::Tail),
    /// Measure what a gateway costs, with many clients at once
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(serve) => serve.run(),
        Command::Check(check) => check.run(),
        Command::Token(token) => token.run(),
        Command::Publish(publish) => publish.run(),
        Command::Tail(tail) => tail.run(),
        Command::Bench(bench) => bench.run(),
    };
    outcome.unwrap_or_else(|error| {
        // A terminal that cannot be written to cannot be told so either.
        let _ = writeln!(io::stderr(), "{error}");
        ExitCode::FAILURE
    })
}

/// How a sub-command ends: with its exit code, or with a sentence for the operator.
type Outcome = Result<ExitCode, Box<dyn Error>>;
