//! The costs as bars: what each server needs for the same thing, the floor's first.

use std::fmt::Write as _;

use super::{FLOOR, Report, Row, markdown::digits};
use crate::{Scenario, statistics::Summary};

pub(super) const WIDTH: f64 = 720.0;
pub(super) const LEFT: f64 = 120.0;
/// Where bars and lines end at most, so that a figure has room behind them.
pub(super) const RIGHT: f64 = 570.0;
const BAR: f64 = 16.0;
const GAP: f64 = 5.0;
const TITLE: f64 = 30.0;
pub(super) const BETWEEN: f64 = 22.0;

/// One colour for each peer that may take part; readable on white and on black.
const COLOURS: [(&str, &str); 8] = [
    (FLOOR, "#9aa5b1"),
    ("Suona", "#e0592a"),
    ("Suona TLS", "#a8431f"),
    ("gateway", "#e0592a"),
    ("ws", "#4a90c2"),
    ("Socket.IO", "#6b7fd7"),
    ("Centrifugo", "#3fa37c"),
    ("sockudo", "#b5893a"),
];

impl Report {
    /// A panel of bars for each cost.
    pub fn to_svg(&self) -> String {
        let (mut body, mut y) = (String::new(), 16.0);
        let peers: Vec<&str> = self.peers.iter().map(|(name, _)| &**name).collect();
        // Of many sizes the lines tell more.
        for row in self.rows.iter().filter(|row| row.metric.is_cost() && row.scenario != Scenario::Flat) {
            y = panel(row, &peers, y, &mut body);
        }
        for line in self.lines() {
            y = line.draw(y, &mut body);
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" height=\"{y}\" \
             font-family=\"system-ui, sans-serif\" font-size=\"12\">\n<style>text {{ fill: #30363d }} .quiet {{ fill: #6e7781 }} \
             @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .quiet {{ fill: #8d96a0 }} }}</style>\n{body}</svg>\n"
        )
    }
}

/// Draws one cost from `y` on, with the peers in this order, and says where it ends.
fn panel(row: &Row, peers: &[&str], y: f64, out: &mut String) -> f64 {
    let summaries = peers.iter().map(|peer| row.of(peer).and_then(Summary::of));
    let bars: Vec<_> = peers.iter().zip(summaries).filter_map(|(peer, bar)| Some((peer, bar?))).collect();
    let most = bars.iter().map(|(_, bar)| bar.high).fold(f64::MIN_POSITIVE, f64::max);
    let x = |value: f64| LEFT + (RIGHT - LEFT) * value.max(0.0) / most;
    let title = escaped(&format!("{} · {} · {}", row.scenario.name(), row.load.told(), row.title()));
    let _ = writeln!(out, "<text x=\"8\" y=\"{:.1}\" font-weight=\"600\">{title}</text>", y + 10.0);
    let mut top = y + TITLE - BAR / 2.0;
    for (peer, bar) in &bars {
        let (middle, baseline) = (top + BAR / 2.0, top + BAR - 4.0);
        let colour = colour(peer);
        let [median, low, high] = [bar.median, bar.low, bar.high].map(x);
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{baseline:.1}\" text-anchor=\"end\" class=\"quiet\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\" fill=\"{colour}\"/>\
             <path d=\"M{low:.1} {middle:.1}H{high:.1}M{low:.1} {:.1}v6M{high:.1} {:.1}v6\" stroke=\"#57606a\"/>",
            LEFT - 8.0,
            escaped(peer),
            (median - LEFT).max(1.0),
            middle - 3.0,
            middle - 3.0
        );
        let times = row.ratios(peer).and_then(|ratios| Summary::of(&ratios));
        let times = times.map_or_else(String::new, |times| format!("{} ×", digits(times.median)));
        let figure = format!("{} {}", digits(bar.median), row.metric.unit());
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{baseline:.1}\">{figure}<tspan class=\"quiet\" dx=\"8\">{times}</tspan></text>",
            high.max(median) + 8.0
        );
        top += BAR + GAP;
    }
    top + BETWEEN
}

pub(super) fn colour(peer: &str) -> &'static str {
    COLOURS.iter().find(|(name, _)| *name == peer).map_or("#888888", |(_, colour)| colour)
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
