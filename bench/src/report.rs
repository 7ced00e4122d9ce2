//! What was measured: every figure of every run, and what they come to.

mod chart;
mod lines;
mod markdown;
mod metric;

use std::{fs, io, io::Write as _};

use serde_json::{Value, json};

use crate::{Load, Outputs, Plan, Scenario, scenario::Reading, statistics::Summary};
pub use metric::Metric;

/// A whole measurement.
pub struct Report {
    plan: Plan,
    machine: Machine,
    /// Names and versions, in the order of measuring.
    peers: Vec<(&'static str, String)>,
    /// Names and reasons.
    missing: Vec<(String, String)>,
    rows: Vec<Row>,
}

/// One figure, of all peers.
struct Row {
    scenario: Scenario,
    load: Load,
    case: &'static str,
    metric: Metric,
    /// By peer, run by run.
    values: Vec<(&'static str, Vec<f64>)>,
}

/// Who is the measure of all others.
const FLOOR: &str = "floor";

/// What the figures were made on.
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
    pub fn introduce(&mut self, peer: &'static str, version: String) {
        self.peers.push((peer, version));
    }

    /// A run of a peer is over.
    pub fn add(&mut self, scenario: Scenario, load: Load, peer: &'static str, readings: &[Reading]) {
        for Reading { case, metric, value } in readings {
            let row = self.row(scenario, load, case, *metric);
            match row.values.iter_mut().find(|(name, _)| *name == peer) {
                Some((_, values)) => values.push(*value),
                None => row.values.push((peer, vec![*value])),
            }
        }
    }

    fn row(&mut self, scenario: Scenario, load: Load, case: &'static str, metric: Metric) -> &mut Row {
        let same =
            |row: &Row| (row.scenario, row.load, row.case, row.metric) == (scenario, load, case, metric);
        let at = self.rows.iter().position(same).unwrap_or_else(|| {
            self.rows.push(Row { scenario, load, case, metric, values: Vec::new() });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }

    /// The median of a figure at the first load, if it was measured.
    pub fn median(&self, peer: &str, scenario: Scenario, case: &str, metric: Metric) -> Option<f64> {
        let same = |row: &&Row| (row.scenario, row.case, row.metric) == (scenario, case, metric);
        Some(Summary::of(self.rows.iter().find(same)?.of(peer)?)?.median)
    }

    /// Prints the tables, and writes whatever `outputs` names.
    pub fn publish(&self, outputs: &Outputs) -> io::Result<()> {
        let markdown = self.to_markdown();
        write!(io::stdout(), "{markdown}")?;
        if let Some(file) = &outputs.markdown {
            fs::write(file, &markdown)?;
        }
        if let Some(file) = &outputs.json {
            fs::write(file, format!("{:#}\n", self.to_json()))?;
        }
        if let Some(file) = &outputs.svg {
            fs::write(file, self.to_svg())?;
        }
        Ok(())
    }

    /// Every figure of every run.
    pub fn to_json(&self) -> Value {
        let plan = &self.plan;
        let result = |row: &Row| {
            let of_peer = |(peer, values): &(&str, Vec<f64>)| {
                let Summary { median, low, high } = Summary::of(values)?;
                let peer_result = json!({ "median": median, "low": low, "high": high, "runs": values });
                Some(((*peer).to_owned(), peer_result))
            };
            json!({
                "scenario": row.scenario.name(),
                "clients": row.load.clients,
                "channels": row.load.channels,
                "case": row.case,
                "metric": row.metric.key(),
                "unit": row.metric.unit(),
                "peers": row.values.iter().filter_map(of_peer).collect::<serde_json::Map<_, _>>(),
            })
        };
        json!({
            "machine": {
                "processor": self.machine.processor,
                "cores": self.machine.cores,
                "kernel": self.machine.kernel,
            },
            "plan": {
                "connections": plan.connections,
                "runs": plan.runs,
                "door": format!("{:?}", plan.door).to_lowercase(),
                "size": plan.size,
                "pinned": plan.pin,
                "compressed": plan.compress,
            },
            "versions": self.peers.iter().map(|(name, version)| json!([name, version])).collect::<Vec<_>>(),
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
        let compared = self.metric.is_cpu() && peer != FLOOR;
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
