//! How a cost grows: its ratio to the floor's, over the number of clients or of channels.

use std::fmt::Write as _;

use super::{
    Metric, Report, Row,
    chart::{BETWEEN, LEFT, RIGHT, colour, escaped},
    markdown::digits,
};
use crate::{Scenario, statistics::Summary};

/// The height of the area between the axes.
const HEIGHT: f64 = 150.0;

/// What the ratio shall stay below at every size.
const FLAT: f64 = 1.3;

/// One chart: a line for each peer but the floor.
pub(super) struct Lines<'r> {
    title: String,
    axis: &'static str,
    /// What no ratio should exceed.
    bound: Option<f64>,
    /// Peers, with sizes and ratios.
    lines: Vec<(&'r str, Vec<(f64, Summary)>)>,
}

impl Report {
    /// A chart for each case of a fan-out that was measured in several sizes.
    pub(super) fn lines(&self) -> Vec<Lines<'_>> {
        let deliveries = self.rows.iter().filter(|row| row.metric == charted(row.scenario));
        let mut cases: Vec<(Scenario, &str)> = deliveries.map(|row| (row.scenario, &*row.case)).collect();
        cases.sort_unstable();
        cases.dedup();
        cases.into_iter().filter_map(|(scenario, case)| self.line(scenario, case)).collect()
    }

    fn line(&self, scenario: Scenario, case: &str) -> Option<Lines<'_>> {
        let metric = charted(scenario);
        let of_case = |row: &&Row| (row.scenario, &*row.case, row.metric) == (scenario, case, metric);
        let mut rows: Vec<&Row> = self.rows.iter().filter(of_case).collect();
        let many = rows.iter().any(|row| row.load.channels > 0);
        rows.sort_by_key(|row| row.load);
        if many {
            // One thing varies at a time.
            let most = rows.iter().map(|row| row.load.clients).max();
            rows.retain(|row| Some(row.load.clients) == most);
        }
        let point = |row: &Row, peer: &str| Some((size(row), Summary::of(&row.ratios(peer)?)?));
        let points = |peer: &str| -> Vec<_> { rows.iter().filter_map(|row| point(row, peer)).collect() };
        let lines = self.peers.iter().map(|(peer, _)| (&**peer, points(peer)));
        let lines: Vec<_> = lines.filter(|(_, points)| points.len() > 1).collect();
        let axis = if many { "channels" } else { "clients" };
        let title = format!("{} · {case}: {}, × floor", scenario.name(), metric.label());
        let bound = (scenario == Scenario::Flat).then_some(FLAT);
        (!lines.is_empty()).then_some(Lines { title, axis, bound, lines })
    }
}

/// The figure whose growth is drawn.
fn charted(scenario: Scenario) -> Metric {
    if scenario == Scenario::Flat { Metric::CpuPerDeliveryAlone } else { Metric::CpuPerDelivery }
}

fn size(row: &Row) -> f64 {
    (if row.load.channels > 0 { row.load.channels } else { row.load.clients }) as f64
}

impl Lines<'_> {
    /// Draws it from `top` on, and says where it ends. Sizes are on a logarithmic scale, ratios begin with 0.
    pub(super) fn draw(&self, top: f64, out: &mut String) -> f64 {
        let points = || self.lines.iter().flat_map(|(_, points)| points);
        let (least, most) = points()
            .fold((f64::MAX, 1.0_f64), |(least, most), (size, _)| (least.min(*size), most.max(*size)));
        let highest = points().map(|(_, ratio)| ratio.high).fold(self.bound.unwrap_or(1.0), f64::max);
        let x = |size: f64| {
            LEFT + (RIGHT - LEFT) * (size / least).ln() / (most / least).ln().max(f64::MIN_POSITIVE)
        };
        let (zero, title) = (top + 30.0 + HEIGHT, escaped(&self.title));
        let y = |ratio: f64| zero - HEIGHT * ratio / highest;
        let _ = writeln!(
            out,
            "<text x=\"8\" y=\"{:.1}\" font-weight=\"600\">{title}</text>\
             <path d=\"M{LEFT} {zero:.1}H{RIGHT}M{LEFT} {:.1}H{RIGHT}\" stroke=\"#9aa5b1\" stroke-dasharray=\"3 3\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" class=\"quiet\">floor</text>",
            top + 10.0,
            y(1.0),
            LEFT - 8.0,
            y(1.0) + 4.0
        );
        if let Some(bound) = self.bound {
            let (y, right) = (y(bound), LEFT - 8.0);
            let _ = writeln!(
                out,
                "<path d=\"M{LEFT} {y:.1}H{RIGHT}\" stroke=\"#d1242f\" stroke-dasharray=\"3 3\"/>\
                 <text x=\"{right:.1}\" y=\"{:.1}\" text-anchor=\"end\" class=\"quiet\">{bound} ×</text>",
                y + 4.0
            );
        }
        for (size, _) in &self.lines[0].1 {
            let (x, y) = (x(*size), zero + 16.0);
            let _ = write!(
                out,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\" class=\"quiet\">{size}</text>"
            );
        }
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" class=\"quiet\">{}</text>",
            RIGHT + 40.0,
            zero + 16.0,
            self.axis
        );
        for (peer, points) in &self.lines {
            draw_line(peer, points, &x, &y, out);
        }
        zero + 16.0 + BETWEEN
    }
}

fn draw_line(
    peer: &str,
    points: &[(f64, Summary)],
    x: &impl Fn(f64) -> f64,
    y: &impl Fn(f64) -> f64,
    out: &mut String,
) {
    let colour = colour(peer);
    let (mut path, mut command) = (String::new(), 'M');
    for (size, ratio) in points {
        let (x, middle, low, high) = (x(*size), y(ratio.median), y(ratio.low), y(ratio.high));
        let _ = write!(path, "{command}{x:.1} {middle:.1}");
        command = 'L';
        let _ = write!(
            out,
            "<path d=\"M{x:.1} {low:.1}V{high:.1}\" stroke=\"{colour}\"/>\
             <circle cx=\"{x:.1}\" cy=\"{middle:.1}\" r=\"3\" fill=\"{colour}\"/>"
        );
    }
    let Some((size, last)) = points.last() else { return };
    let _ = writeln!(
        out,
        "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\">{} {} ×</text>",
        x(*size) + 8.0,
        y(last.median) + 4.0,
        escaped(peer),
        digits(last.median)
    );
}
