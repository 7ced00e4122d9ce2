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
        let (report, is_usable) = report(&args.read(false, &[]), self.lenient, Colour::for_stdout());
        io::stdout().write_all(report.as_bytes())?;
        Ok(if is_usable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// What is said of `reading`, and whether the gateway would start with it.
fn report(reading: &Reading, lenient: bool, colour: Colour) -> (String, bool) {
    let mut lines = Vec::new();
    let mut is_usable = true;
    for problem in &reading.problems {
        let is_error = problem.is_error(lenient);
        is_usable &= !is_error;
        let kind = if is_error { colour.red("error:") } else { colour.yellow("warning:") };
        lines.push(format!("{kind} {problem}"));
    }
    lines.extend(
        reading.config.dangers().iter().map(|danger| format!("{} {danger}", colour.yellow("danger:"))),
    );
    if !is_usable {
        lines.push(colour.red("The gateway would not start with this configuration."));
        return (lines.join("\n") + "\n", false);
    }
    lines.extend(reading.config.remarks().iter().map(|remark| format!("{} {remark}", colour.blue("note:"))));
    lines.push(colour.green("The gateway would start with this configuration:"));
    (format!("{}\n\n{}", lines.join("\n"), reading.settings.to_toml()), true)
}
