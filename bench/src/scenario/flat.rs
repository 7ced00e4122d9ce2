//! What one delivery costs, whatever the number of subscribers and of channels; what publishing costs is told apart.

use super::{
    Reading, Trial,
    fan_out::{BATCH, EACH, LEAST, bursts_of, case},
};
use crate::{Trouble, crowd::Crowd, layout::Layout, report::Metric};

/// The most requests of one case: with few subscribers, a million deliveries would take a hundred thousand.
const MOST: u64 = 10_000;

pub(super) fn run(trial: &Trial<'_>) -> Result<Vec<Reading>, Trouble> {
    let (clients, channels) = (trial.load.clients, trial.load.channels);
    let (name, layout) = match channels {
        0 => ("one channel", Layout::one(&trial.plan.prefix, clients)),
        _ => (
            "ten each",
            Layout { channels, each: EACH.min(clients), ..Layout::one(&trial.plan.prefix, clients) },
        ),
    };
    let (each, seats) = (layout.each as f64, layout.seats() as u64);
    let all: Vec<usize> = (0..layout.channels).collect();
    let requests = all.chunks(BATCH).len() as u64;
    let rounds =
        trial.plan.deliveries.div_ceil(seats).max(LEAST.div_ceil(requests)).min(MOST / requests).max(1);
    let mut crowd = trial.crowd_inside(layout)?;
    round(&mut crowd, &all, 1, trial)?;
    let mut readings = case(name, &mut crowd, trial, |crowd| round(crowd, &all, rounds, trial))?;
    crowd.verify()?;
    unheard(&mut crowd, &all, 1, trial)?;
    let apart = trial.watch(|| unheard(&mut crowd, &all, rounds, trial))?;
    let whole = readings.iter().find(|reading| reading.metric == Metric::CpuPerDelivery);
    if let (Some(whole), Some(apart)) = (whole.map(|whole| whole.value), apart.server) {
        let publication = apart.as_secs_f64() * 1e6 / (rounds * all.len() as u64) as f64;
        let reading = |metric, value| Reading { case: name, metric, value };
        readings.push(reading(Metric::CpuPerPublication, publication));
        readings.push(reading(Metric::CpuPerDeliveryAlone, whole - publication / each));
    }
    Ok(readings)
}

/// Publishes once in each channel, so many times, a thousand at once and each time when all have heard those before.
fn round(crowd: &mut Crowd<'_>, all: &[usize], times: u64, trial: &Trial<'_>) -> Result<(), Trouble> {
    (0..times).try_for_each(|_| all.chunks(BATCH).try_for_each(|batch| bursts_of(crowd, batch, 1, trial)))
}

/// The same in as many channels that nobody hears.
fn unheard(crowd: &mut Crowd<'_>, all: &[usize], times: u64, trial: &Trial<'_>) -> Result<(), Trouble> {
    for time in 0..times {
        for batch in all.chunks(BATCH) {
            crowd.publish_unheard(batch, trial.plan.size as usize)?;
            crowd.settle()?;
            crowd.take_writes();
        }
        trial.progress.show("unheard", time + 1, times);
    }
    Ok(())
}
