//! What is to be measured, as the flags of a command.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};

use crate::{Scenario, Trouble, stamp};

/// What to measure.
#[derive(Args, Clone, Debug)]
pub struct Plan {
    /// What is measured, in this order; all but `flat` and the soak if none is named
    #[arg(value_enum)]
    pub scenarios: Vec<Scenario>,
    /// How many clients connect; several numbers, with commas between them, are measured one after another [default:
    /// 1000; of `flat`, 100 to 19000]
    #[arg(short = 'n', long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
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
    /// Channels with ten subscribers each; several numbers as well [default: 1000; of `flat`, 1 to 100000]
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load {
    /// Channels; 0 where the scenario says how many there are.
    pub channels: usize,
    /// Clients.
    pub clients: usize,
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

/// Where results go, and come from, beside the table on standard output.
#[derive(Args, Clone, Debug, Default)]
pub struct Outputs {
    /// Write the results to this file, as JSON, after every measurement
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Go on with the results that the JSON file holds already, in this plan or another
    #[arg(long, requires = "json")]
    pub resume: bool,
    /// Stop after so many minutes, between two measurements; --resume goes on
    #[arg(long, value_name = "MINUTES", requires = "json")]
    pub within: Option<u64>,
    /// Write the results to this file, as Markdown
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Draw the results into this file, as SVG
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// The sizes of [`Scenario::Flat`]: subscribers of one channel.
const FLAT_CLIENTS: [u32; 4] = [100, 1000, 10_000, 19_000];

/// The sizes of [`Scenario::Flat`]: channels with ten subscribers each, spread over the most clients.
const FLAT_CHANNELS: [u32; 6] = [1, 10, 100, 1000, 10_000, 100_000];

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
        let flat = scenario == Scenario::Flat;
        let clients = told_or(&self.connections, if flat { &FLAT_CLIENTS } else { &[1000] });
        let channels = told_or(&self.channels, if flat { &FLAT_CHANNELS } else { &[1000] });
        let with = |channels| clients.iter().map(move |clients| Load { clients: *clients, channels });
        let most = clients.iter().copied().max().unwrap_or(0);
        match scenario {
            Scenario::Channels => channels.into_iter().flat_map(with).collect(),
            Scenario::Flat => {
                let many = channels.iter().map(|channels| Load { clients: most, channels: *channels });
                with(0).chain(many).collect()
            }
            _ => with(0).collect(),
        }
    }

    /// Lets this process open as many descriptors as the plan needs.
    pub fn raise_descriptors(&self) -> Result<(), Trouble> {
        let loads = self.scenarios().iter().flat_map(|scenario| self.loads(*scenario));
        let connections = loads.map(|load| load.clients).max().unwrap_or(0);
        let needed = connections as u64 + SPARE;
        let limit = rlimit::increase_nofile_limit(needed).unwrap_or(needed);
        if limit < needed {
            return Err(Trouble::Descriptors { connections, needed, limit });
        }
        Ok(())
    }
}

fn told_or(told: &[u32], usual: &[u32]) -> Vec<usize> {
    let sizes = if told.is_empty() { usual } else { told };
    sizes.iter().map(|size| *size as usize).collect()
}

#[cfg(test)]
impl Plan {
    /// That of a command line.
    pub(crate) fn of(line: &str) -> Self {
        use clap::Parser;

        #[derive(Parser)]
        struct Command {
            #[command(flatten)]
            plan: Plan,
            #[command(flatten)]
            _outputs: Outputs,
        }
        Command::parse_from(line.split(' ')).plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loads(line: &str, scenario: Scenario) -> Vec<(usize, usize)> {
        Plan::of(line).loads(scenario).into_iter().map(|load| (load.clients, load.channels)).collect()
    }

    #[test]
    fn flat_varies_one_thing_at_a_time() {
        let told = "bench -n 5,50 --channels 1,7";
        assert_eq!(loads(told, Scenario::Flat), [(5, 0), (50, 0), (50, 1), (50, 7)]);
        assert_eq!(loads(told, Scenario::Channels), [(5, 1), (50, 1), (5, 7), (50, 7)]);
        assert_eq!(loads(told, Scenario::Idle), [(5, 0), (50, 0)]);
        let usual = loads("bench", Scenario::Flat);
        assert_eq!((usual.first(), usual.last()), (Some(&(100, 0)), Some(&(19_000, 100_000))));
        assert_eq!(loads("bench", Scenario::Channels), [(1000, 1000)]);
    }
}
