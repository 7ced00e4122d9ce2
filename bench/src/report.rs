//! What was measured: every figure of every run, and what they come to.

mod chart;
mod lines;
mod markdown;
mod metric;
mod saved;

use std::{fs, io, io::Write as _};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{Load, Outputs, Plan, Scenario, scenario::Reading, statistics::Summary};
pub use metric::Metric;

/// A whole measurement.
pub struct Report {
    plan: Plan,
    machine: Machine,
    /// Names and versions, in the order of measuring.
    peers: Vec<(String, String)>,
    /// Names and reasons.
    missing: Vec<(String, String)>,
    rows: Vec<Row>,
}

/// One figure, of all peers.
struct Row {
    scenario: Scenario,
    load: Load,
    case: String,
    metric: Metric,
    /// By peer, run by run.
    values: Vec<(String, Vec<f64>)>,
}

/// Who is the measure of all others.
const FLOOR: &str = "floor";

/// What the figures were made on.
#[derive(Serialize)]
struct Machine {
    processor: String,
    cores: usize,
    kernel: String,
}

impl Report {
    /// Nothing yet.
    pub fn new(plan: &Plan, missing: Vec<(String, String)>) -> Self {
        let (peers, rows) = (Vec::new(), Vec::new());
        Self { plan: plan.clone(), machine: Machine::here(), peers, missing, rows }
    }

    /// A peer takes part.
    pub fn introduce(&mut self, peer: &str, version: String) {
        self.peers.push((peer.to_owned(), version));
    }

    /// A run of a peer is over.
    pub fn add(&mut self, scenario: Scenario, load: Load, peer: &str, readings: &[Reading]) {
        for Reading { case, metric, value } in readings {
            let row = self.row(scenario, load, case, *metric);
            match row.values.iter_mut().find(|(name, _)| *name == peer) {
                Some((_, values)) => values.push(*value),
                None => row.values.push((peer.to_owned(), vec![*value])),
            }
        }
    }

    fn row(&mut self, scenario: Scenario, load: Load, case: &str, metric: Metric) -> &mut Row {
        let same =
            |row: &Row| (row.scenario, row.load, &*row.case, row.metric) == (scenario, load, case, metric);
        let at = self.rows.iter().position(same).unwrap_or_else(|| {
            self.rows.push(Row { scenario, load, case: case.to_owned(), metric, values: Vec::new() });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }

    /// The median of a figure at the first load, if it was measured.
    pub fn median(&self, peer: &str, scenario: Scenario, case: &str, metric: Metric) -> Option<f64> {
        let same = |row: &&Row| (row.scenario, &*row.case, row.metric) == (scenario, case, metric);
        Some(Summary::of(self.rows.iter().find(same)?.of(peer)?)?.median)
    }

    /// How many runs of a peer are there.
    pub fn runs(&self, scenario: Scenario, load: Load, peer: &str) -> usize {
        let rows = self.rows.iter().filter(|row| (row.scenario, row.load) == (scenario, load));
        rows.filter_map(|row| Some(row.of(peer)?.len())).max().unwrap_or(0)
    }

    /// Prints the tables, and writes whatever `outputs` names.
    pub fn publish(&self, outputs: &Outputs) -> io::Result<()> {
        let markdown = self.to_markdown();
        write!(io::stdout(), "{markdown}")?;
        if let Some(file) = &outputs.markdown {
            fs::write(file, &markdown)?;
        }
        self.save(outputs)?;
        if let Some(file) = &outputs.svg {
            fs::write(file, self.to_svg())?;
        }
        Ok(())
    }

    /// Every figure of every run.
    pub fn to_json(&self) -> Value {
        let plan = &self.plan;
        let result = |row: &Row| {
            let of_peer = |(peer, values): &(String, Vec<f64>)| {
                let Summary { median, low, high } = Summary::of(values)?;
                Some((peer.clone(), json!({ "median": median, "low": low, "high": high, "runs": values })))
            };
            json!({
                "scenario": row.scenario.name(),
                "clients": row.load.clients,
                "channels": row.load.channels,
                "case": row.case,
                "metric": row.metric,
                "unit": row.metric.unit(),
                "peers": row.values.iter().filter_map(of_peer).collect::<serde_json::Map<_, _>>(),
            })
        };
        json!({
            "machine": self.machine,
            "plan": {
                "door": format!("{:?}", plan.door).to_lowercase(),
                "size": plan.size,
                "deliveries": plan.deliveries,
                "round_trips": plan.round_trips,
                "publications": plan.publications,
                "pinned": plan.pin,
                "compressed": plan.compress,
            },
            "versions": self.peers,
            "missing": self.missing,
            "results": self.rows.iter().map(result).collect::<Vec<_>>(),
        })
    }
}

impl Row {
    fn of(&self, peer: &str) -> Option<&[f64]> {
        self.values.iter().find(|(name, _)| *name == peer).map(|(_, values)| &values[..])
    }

    /// Of each run, how many times the floor's figure a peer's was.
    fn ratios(&self, peer: &str) -> Option<Vec<f64>> {
        let (own, floor) = (self.of(peer)?, self.of(FLOOR)?);
        // What cannot be told from nothing is no measure.
        let compared = self.metric.is_cpu() && peer != FLOOR && floor.iter().all(|floor| *floor > 0.0);
        compared.then(|| own.iter().zip(floor).map(|(own, floor)| own / floor).collect())
    }
}

impl Machine {
    fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo");
        let model = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Self {
            processor: model.map_or("unknown processor", |(_, model)| model).to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: format!("{} {}", std::env::consts::OS, read("/proc/sys/kernel/osrelease").trim()),
        }
    }
}

#[cfg(test)]
mod tests;
