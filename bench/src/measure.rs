//! Measures servers side by side: A B A B, so that whatever else the machine does meets all of them.

use std::io::{self, Write as _};

use crate::{
    Load, Plan, Report, Scenario, Trouble,
    peer::{self, Peer},
    progress::Progress,
};

/// Measures all `peers`; `missing` names those that should have been among them, with the reason.
pub fn measure(plan: &Plan, peers: &[Peer], missing: Vec<(String, String)>) -> Result<Report, Trouble> {
    plan.raise_descriptors()?;
    let mut report = Report::new(plan, missing);
    for peer in peers {
        report.introduce(peer.name(), peer.version()?);
    }
    if plan.pin {
        peer::pin_ourselves()?;
    }
    for scenario in plan.scenarios() {
        let part: Vec<&Peer> = peers.iter().filter(|peer| peer.can(*scenario, plan)).collect();
        for load in plan.loads(*scenario) {
            let runs = plan.runs(*scenario);
            for (run, peer) in (1..=runs).flat_map(|run| part.iter().map(move |peer| (run, *peer))) {
                let heading = format!("{} {run}/{runs} {}", scenario.name(), peer.name());
                one(plan, (*scenario, load), peer, &heading, &mut report)?;
            }
        }
    }
    Ok(report)
}

/// One scenario, once, on a server that nobody has used before.
fn one(
    plan: &Plan,
    (scenario, load): (Scenario, Load),
    peer: &Peer,
    heading: &str,
    report: &mut Report,
) -> Result<(), Trouble> {
    let progress = Progress::new(heading.to_owned());
    let readings = scenario.run(plan, load, peer, &progress);
    drop(progress);
    let readings = readings.inspect_err(|_| {
        // What failed is said by the error; where, only here.
        let _ = writeln!(io::stderr(), "{heading} failed");
    })?;
    report.add(scenario, load, peer.name(), &readings);
    Ok(())
}
