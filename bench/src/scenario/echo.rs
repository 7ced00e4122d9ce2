//! Questions and their answers: WebSocket pings, and requests.

use std::time::Duration;

use super::{Reading, Trial};
use crate::{Trouble, crowd::Crowd, layout::Layout, report::Metric, statistics::percentile};

/// Clients that have a question under way. More would only wait for each other.
const AT_ONCE: usize = 64;

pub(super) fn run(trial: &Trial<'_>) -> Result<Vec<Reading>, Trouble> {
    let mut crowd = trial.crowd_inside(Layout::one(&trial.plan.prefix, trial.load.clients))?;
    let mut readings = Vec::new();
    for (case, ping) in [("ping", true), ("rpc", false)] {
        round_trips(&mut crowd, ping, AT_ONCE as u64, trial)?;
        crowd.tally_mut().latencies.clear();
        let count = trial.plan.round_trips;
        let usage = trial.watch(|| round_trips(&mut crowd, ping, count, trial))?;
        if crowd.tally().latencies.is_empty() {
            continue;
        }
        readings.extend(usage.readings(case, Metric::CpuPerRoundTrip, Metric::RoundTripsPerSecond, count));
        readings.extend(latencies(case, &crowd.tally().latencies));
    }
    Ok(readings)
}

/// Asks so many questions, [`AT_ONCE`] clients one each. Asks none if clients cannot.
fn round_trips(crowd: &mut Crowd<'_>, ping: bool, count: u64, trial: &Trial<'_>) -> Result<(), Trouble> {
    let (mut asked, before) = (0, crowd.tally().answers);
    crowd.tally_mut().answered = (0..AT_ONCE.min(trial.load.clients)).collect();
    while crowd.tally().answers < before + count {
        for client in std::mem::take(&mut crowd.tally_mut().answered) {
            if asked < count {
                if !crowd.call_as(client, ping)? {
                    return Ok(());
                }
                asked += 1;
            }
        }
        crowd.answers(crowd.tally().answers + 1)?;
        trial.progress.show("round trips", crowd.tally().answers - before, count);
    }
    Ok(())
}

/// Percentiles of how long answers took.
pub(super) fn latencies(case: &'static str, latencies: &[Duration]) -> Vec<Reading> {
    let mut sorted: Vec<u64> = latencies.iter().map(|one| one.as_nanos() as u64).collect();
    sorted.sort_unstable();
    [(Metric::LatencyMedian, 0.5), (Metric::Latency99, 0.99), (Metric::LatencyWorst, 1.0)]
        .map(|(metric, share)| Reading { case, metric, value: percentile(&sorted, share) as f64 / 1e3 })
        .to_vec()
}
