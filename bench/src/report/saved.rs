//! A measurement that is interrupted, or made in parts: its results in a file, and read from there again.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::Deserialize;
use serde_json::Value;

use super::{Metric, Report};
use crate::{Load, Outputs, Scenario, Trouble};

/// As much of a file as is not made anew.
#[derive(Deserialize)]
struct Saved {
    machine: Value,
    plan: Value,
    versions: Vec<(String, String)>,
    results: Vec<SavedRow>,
}

#[derive(Deserialize)]
struct SavedRow {
    scenario: Scenario,
    clients: usize,
    channels: usize,
    case: String,
    metric: Metric,
    peers: BTreeMap<String, SavedRuns>,
}

#[derive(Deserialize)]
struct SavedRuns {
    runs: Vec<f64>,
}

impl Report {
    /// Writes the results into the JSON file, if there is to be one. Until that is done, the file stays as it was.
    pub fn save(&self, outputs: &Outputs) -> io::Result<()> {
        let Some(file) = &outputs.json else { return Ok(()) };
        let unfinished = file.with_extension("json.part");
        fs::write(&unfinished, format!("{:#}\n", self.to_json()))?;
        fs::rename(unfinished, file)
    }

    /// Takes over what the JSON file holds, if there is one and going on with it is wanted.
    pub fn resume(&mut self, outputs: &Outputs) -> Result<(), Trouble> {
        let Some(file) = outputs.json.as_ref().filter(|_| outputs.resume) else { return Ok(()) };
        match fs::read(file) {
            Ok(saved) => self.take_over(&saved).map_err(|reason| unlike(file, &reason)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(unlike(file, &error.to_string())),
        }
    }

    fn take_over(&mut self, saved: &[u8]) -> Result<(), String> {
        let Saved { machine, plan, versions, results } =
            serde_json::from_slice(saved).map_err(|error| error.to_string())?;
        let own = self.to_json();
        if machine != own["machine"] {
            return Err("it was made on another machine".to_owned());
        }
        if plan != own["plan"] {
            return Err(format!("it was made by another plan, {plan}"));
        }
        for (peer, version) in versions {
            match self.peers.iter().find(|(name, _)| *name == peer) {
                Some((_, own)) if *own != version => return Err(format!("{peer} was {version} then")),
                Some(_) => {}
                None => self.introduce(&peer, version),
            }
        }
        self.missing.retain(|(name, _)| self.peers.iter().all(|(peer, _)| peer != name));
        for SavedRow { scenario, clients, channels, case, metric, peers } in results {
            let row = self.row(scenario, Load { clients, channels }, &case, metric);
            row.values.extend(peers.into_iter().map(|(peer, saved)| (peer, saved.runs)));
        }
        Ok(())
    }
}

fn unlike(file: &Path, reason: &str) -> Trouble {
    let file = file.display();
    Trouble::Plan(format!(
        "{file} cannot be gone on with: {reason}; leave --resume out, or name another file"
    ))
}
