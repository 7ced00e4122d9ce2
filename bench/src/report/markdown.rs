//! The results as tables that read well as they are.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{FLOOR, Report, Row};
use crate::{Load, Scenario, statistics::Summary};

impl Report {
    /// One table for each scenario, what was measured before them.
    pub fn to_markdown(&self) -> String {
        let mut out = self.preface();
        let mut tables: BTreeMap<(Scenario, Load), Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            tables.entry((row.scenario, row.load)).or_default().push(row);
        }
        for ((scenario, load), rows) in tables {
            self.table(scenario, load, &rows, &mut out);
        }
        out
    }

    fn preface(&self) -> String {
        let (plan, machine) = (&self.plan, &self.machine);
        let pinned = if plan.pin { "server and generator on a core each" } else { "nothing pinned" };
        let compressed = if plan.compress { ", compressed" } else { "" };
        let mut out = format!(
            "{}, {} cores, {}; {} B of data{compressed}, {pinned}.\n\
             Medians, with the interval that holds the true median (95 %; of fewer than six runs, least \
             and greatest).\n\n",
            machine.processor, machine.cores, machine.kernel, plan.size
        );
        for (peer, version) in &self.peers {
            let _ = writeln!(out, "- {peer}: {version}");
        }
        for (peer, reason) in &self.missing {
            let _ = writeln!(out, "- {peer}: missing, {reason}");
        }
        out
    }

    fn table(&self, scenario: Scenario, load: Load, rows: &[&Row], out: &mut String) {
        let took_part = |name: &&str| rows.iter().any(|row| row.of(name).is_some());
        let peers: Vec<&str> = self.peers.iter().map(|(name, _)| &**name).filter(took_part).collect();
        let mut lines = vec![vec!["".to_owned()], vec!["---".to_owned()]];
        lines[0].extend(peers.iter().map(|peer| (*peer).to_owned()));
        lines[1].extend(peers.iter().map(|_| "---:".to_owned()));
        for row in rows {
            let cells = peers.iter().map(|peer| row.of(peer).map_or_else(absent, cell));
            lines.push([row.title()].into_iter().chain(cells).collect());
            if peers.iter().any(|peer| row.ratios(peer).is_some()) {
                let cells = peers.iter().map(|peer| row.ratios(peer).map_or_else(absent, |all| cell(&all)));
                lines.push([format!("… × {FLOOR}")].into_iter().chain(cells).collect());
            }
        }
        let runs = peers.iter().map(|peer| self.runs(scenario, load, peer));
        let (least, most) =
            runs.fold((usize::MAX, 0), |(least, most), runs| (least.min(runs), most.max(runs)));
        let runs = match (least, most) {
            (1, 1) => "one run".to_owned(),
            _ if least == most => format!("{most} runs"),
            _ => format!("{least} to {most} runs"),
        };
        let _ = write!(out, "\n### {}, {}, {runs}\n\n{}", scenario.name(), load.told(), aligned(&lines));
    }
}

impl Row {
    pub(super) fn title(&self) -> String {
        let unit = match self.metric.unit() {
            "" => String::new(),
            unit => format!(", {unit}"),
        };
        let case = if self.case.is_empty() { String::new() } else { format!("{}: ", self.case) };
        format!("{case}{}{unit}", self.metric.label())
    }
}

impl Load {
    /// How titles tell it.
    pub(crate) fn told(self) -> String {
        let counted = |count: usize, what| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let clients = counted(self.clients, "client");
        match self.channels {
            0 => clients,
            channels => format!("{}, {clients}", counted(channels, "channel")),
        }
    }
}

fn absent() -> String {
    "–".to_owned()
}

fn cell(values: &[f64]) -> String {
    let Some(Summary { median, low, high }) = Summary::of(values) else { return absent() };
    let [median, low, high] = [median, low, high].map(digits);
    if low == high { median } else { format!("{median} ({low}–{high})") }
}

/// Three digits that mean something.
pub(super) fn digits(value: f64) -> String {
    match value.abs() {
        huge if huge >= 1e6 => format!("{:.2} M", value / 1e6),
        large if large >= 1e4 => format!("{:.1} k", value / 1e3),
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Columns as wide as their widest cell.
fn aligned(lines: &[Vec<String>]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut out = String::new();
    for line in lines {
        for (cell, width) in line.iter().zip(&widths) {
            let _ = match cell.strip_suffix("---") {
                Some(_) => write!(out, "| {cell:-<width$} "),
                None if cell == "---:" => write!(out, "| {:->width$} ", ":"),
                None => write!(out, "| {cell:<width$} "),
            };
        }
        out.push_str("|\n");
    }
    out
}
