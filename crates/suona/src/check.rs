//! `suona check`: what is wrong, what is dangerous, what it comes to.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;
use suona_server::config::Reading;

use crate::{Outcome, colour::Colour, config_args::ConfigArgs};

/// Tells everything about a configuration, and fails if the gateway would not start with it.
#[derive(Args)]
pub(crate) struct Check {
    /// The configuration file: TOML, JSON or YAML; the environment counts too, as it does for `serve`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only warn of keys that this gateway does not serve
    #[arg(long)]
    lenient: bool,
}

impl Check {
    pub(crate) fn run(self) -> Outcome {
        let args = ConfigArgs { config: Some(self.file), lenient: self.lenient };
        let reading = args.read(false, &[]);
        let errors = errors(&reading, self.lenient, Colour::for_stderr());
        io::stderr().write_all(errors.as_bytes())?;
        let is_usable = errors.is_empty();
        io::stdout().write_all(report(&reading, self.lenient, is_usable, Colour::for_stdout()).as_bytes())?;
        Ok(if is_usable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Why the gateway would not start; nothing if it would.
fn errors(reading: &Reading, lenient: bool, colour: Colour) -> String {
    let errors = reading.problems.iter().filter(|problem| problem.is_error(lenient));
    errors.map(|error| format!("{} {error}\n", colour.red("error:"))).collect()
}

/// Everything else: what is odd or dangerous, and if the gateway would start, with what.
fn report(reading: &Reading, lenient: bool, is_usable: bool, colour: Colour) -> String {
    let mut report = String::new();
    let mut line = |kind: String, text: &str| report.push_str(&format!("{kind} {text}\n"));
    for warning in reading.problems.iter().filter(|problem| !problem.is_error(lenient)) {
        line(colour.yellow("warning:"), &warning.to_string());
    }
    for danger in reading.config.dangers() {
        line(colour.yellow("danger:"), &danger);
    }
    if !is_usable {
        return report;
    }
    for remark in reading.config.remarks() {
        line(colour.blue("note:"), &remark);
    }
    report.push_str(&colour.green("The gateway would start with this configuration:"));
    report + "\n\n" + &reading.settings.to_toml()
}
