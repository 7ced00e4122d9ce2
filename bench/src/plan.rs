//! What is to be measured, as the flags of a command.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

use crate::{Scenario, Trouble, stamp};

/// What to measure.
#[derive(Args, Clone, Debug)]
pub struct Plan {
    /// What is measured, in this order; all but the soak if none is named
    #[arg(value_enum)]
    pub scenarios: Vec<Scenario>,
    /// How many clients connect; several numbers, with commas between them, are measured one after another
    #[arg(short = 'n', long, default_value = "1000", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    pub connections: Vec<u32>,
    /// How often each measurement is made, every time with new connections
    #[arg(short, long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
    /// How clients speak
    #[arg(long, value_enum, default_value_t = Door::Json)]
    pub door: Door,
    /// Bytes of JSON in each publication; 72 make messages of about 128 bytes
    #[arg(long, default_value_t = 72, value_parser = clap::value_parser!(u32).range(stamp::LEAST as i64..=65536))]
    pub size: u32,
    /// Deliveries of each fan-out, at least
    #[arg(long, default_value_t = 1_000_000)]
    pub deliveries: u64,
    /// Channels of the scenario `channels`, with ten subscribers each; several numbers as well
    #[arg(long, default_value = "1000", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    pub channels: Vec<u32>,
    /// Round trips of each echo
    #[arg(long, default_value_t = 100_000)]
    pub round_trips: u64,
    /// Publications of each way to publish
    #[arg(long, default_value_t = 10_000)]
    pub publications: u64,
    /// Milliseconds of rest before memory is read, and before a storm
    #[arg(long, default_value_t = 2000)]
    pub settle: u64,
    /// Let server and clients agree on compression (permessage-deflate)
    #[arg(long)]
    pub compress: bool,
    /// Minutes of a soak
    #[arg(long, default_value_t = 30)]
    pub minutes: u64,
    /// Seconds of a soak, instead of minutes
    #[arg(long, conflicts_with = "minutes")]
    pub seconds: Option<u64>,
    /// What the chances of a soak come from; a new one each time, which is told, if none is given
    #[arg(long)]
    pub seed: Option<u64>,
    /// How the names of channels begin
    #[arg(long, default_value = "bench")]
    pub prefix: String,
    /// Keep the server that is started on processor 0 and the clients on processor 1 (Linux)
    #[arg(long)]
    pub pin: bool,
}

/// How many take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Clients.
    pub clients: usize,
    /// Channels; 0 where the scenario says how many there are.
    pub channels: usize,
}

/// How clients speak to a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Door {
    /// The managed door, JSON
    Json,
    /// The managed door, Protobuf
    Protobuf,
    /// A plain door at `/plain`
    Plain,
}

/// Where results go, beside the table on standard output.
#[derive(Args, Clone, Debug, Default)]
pub struct Outputs {
    /// Write the results to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the results to this file, as Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Draw the results into this file, as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// Descriptors for anything but clients.
const SPARE: u64 = 64;

impl Plan {
    /// What is measured.
    pub fn scenarios(&self) -> &[Scenario] {
        if self.scenarios.is_empty() { Scenario::USUAL } else { &self.scenarios }
    }

    /// How often a scenario is measured. A soak is long enough.
    pub fn runs(&self, scenario: Scenario) -> u32 {
        if scenario == Scenario::Soak { 1 } else { self.runs }
    }

    /// How long a soak lasts.
    pub fn soak(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(self.minutes * 60))
    }

    /// The sizes in which a scenario is measured.
    pub fn loads(&self, scenario: Scenario) -> Vec<Load> {
        let channels = if scenario == Scenario::Channels { &self.channels[..] } else { &[0] };
        let clients = self.connections.iter().map(|clients| *clients as usize);
        let of =
            |clients| channels.iter().map(move |channels| Load { clients, channels: *channels as usize });
        clients.flat_map(of).collect()
    }

    /// Lets this process open as many descriptors as the plan needs.
    pub fn raise_descriptors(&self) -> Result<(), Trouble> {
        let connections = self.connections.iter().copied().max().unwrap_or(0);
        let needed = u64::from(connections) + SPARE;
        let limit = rlimit::increase_nofile_limit(needed).unwrap_or(needed);
        if limit < needed {
            return Err(Trouble::Descriptors { connections: connections as usize, needed, limit });
        }
        Ok(())
    }
}
