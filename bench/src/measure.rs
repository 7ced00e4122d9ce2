//! Measures servers side by side: A B A B, so that whatever else the machine does meets all of them.

use std::{
    io::{self, Write as _},
    time::Instant,
};

use crate::{
    Outputs, Plan, Report, Trouble,
    peer::{self, Peer},
    progress::Progress,
    schedule::{Schedule, Turn},
};

/// Measures all `peers`; `missing` names those that should have been among them, with the reason. What is measured is
/// saved in the JSON file of `outputs` as soon as it is there.
pub fn measure(
    plan: &Plan,
    peers: &[Peer],
    missing: Vec<(String, String)>,
    outputs: &Outputs,
) -> Result<Report, Trouble> {
    plan.raise_descriptors()?;
    let mut report = Report::new(plan, missing);
    for peer in peers {
        report.introduce(peer.name(), peer.version()?);
    }
    report.resume(outputs)?;
    if plan.pin {
        peer::pin_ourselves()?;
    }
    let mut schedule = Schedule::of(plan, peers, &report, outputs.within);
    while let Some(turn) = schedule.next() {
        let began = Instant::now();
        one(plan, turn, &mut report)?;
        report.save(outputs)?;
        schedule.took(turn, began.elapsed());
        say(&format!("{}: {} s; {}", heading(plan, turn), began.elapsed().as_secs(), schedule.told()));
    }
    if !schedule.is_done() {
        say(&format!("{}; the same command with --resume goes on", schedule.told()));
    }
    Ok(report)
}

/// One scenario, once, on a server that nobody has used before.
fn one(plan: &Plan, turn: Turn<'_>, report: &mut Report) -> Result<(), Trouble> {
    let Turn { scenario, load, peer, .. } = turn;
    let progress = Progress::new(heading(plan, turn));
    let readings = scenario.run(plan, load, peer, &progress);
    drop(progress);
    // What failed is said by the error; where, only here.
    let readings = readings.inspect_err(|_| say(&format!("{} failed", heading(plan, turn))))?;
    report.add(scenario, load, peer.name(), &readings);
    Ok(())
}

fn heading(plan: &Plan, Turn { scenario, load, run, peer }: Turn<'_>) -> String {
    format!("{}, {}, {run}/{}, {}", scenario.name(), load.told(), plan.runs(scenario), peer.name())
}

/// Who does not read it does not miss it.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
