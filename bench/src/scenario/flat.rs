//! What one more subscriber costs, however many there are, and however many channels; what a publication costs besides,
//! once, is told apart.

use std::time::Duration;

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
    let all: Vec<usize> = (0..layout.channels).collect();
    let (requests, seats) = (all.chunks(BATCH).len() as u64, layout.seats() as u64);
    let rounds =
        trial.plan.deliveries.div_ceil(seats).max(LEAST.div_ceil(requests)).min(MOST / requests).max(1);
    let mut readings = heard(trial, layout.clone(), &all, |crowd| {
        case(name, crowd, trial, |crowd| round(crowd, &all, rounds, trial))
    })?;
    let prefix = format!("{}alone-", layout.prefix);
    let by_one = heard(trial, Layout { prefix, each: 1, ..layout.clone() }, &all, |crowd| {
        trial.watch(|| round(crowd, &all, rounds, trial))
    })?;
    let by_all = readings.iter().find(|reading| reading.metric == Metric::CpuPerDelivery);
    if let (Some(by_all), Some(by_one)) = (by_all, by_one.server) {
        let publications = rounds * all.len() as u64;
        let (one_more, once) = apart(by_all.value, layout.each, by_one, publications);
        let reading = |metric, value| Reading { case: name, metric, value };
        readings.push(reading(Metric::CpuPerPublication, once));
        readings.push(reading(Metric::CpuPerDeliveryAlone, one_more));
    }
    Ok(readings)
}

/// Lets new clients in and does something with them when they have heard a first publication: that finds nothing warm.
fn heard<R>(
    trial: &Trial<'_>,
    layout: Layout,
    all: &[usize],
    act: impl FnOnce(&mut Crowd<'_>) -> Result<R, Trouble>,
) -> Result<R, Trouble> {
    let mut crowd = trial.crowd_inside(layout)?;
    round(&mut crowd, all, 1, trial)?;
    let outcome = act(&mut crowd)?;
    crowd.verify()?;
    Ok(outcome)
}

/// Publishes once in each channel, so many times, a thousand at once and each time when all have heard those before.
fn round(crowd: &mut Crowd<'_>, all: &[usize], times: u64, trial: &Trial<'_>) -> Result<(), Trouble> {
    (0..times).try_for_each(|_| all.chunks(BATCH).try_for_each(|batch| bursts_of(crowd, batch, 1, trial)))
}

/// What each further subscriber costs and what a publication costs besides, in microseconds, if a delivery to one of
/// `each` takes `per_delivery`, and so many publications to one subscriber take `by_one`.
fn apart(per_delivery: f64, each: usize, by_one: Duration, publications: u64) -> (f64, f64) {
    let (each, by_one) = (each as f64, by_one.as_secs_f64() * 1e6 / publications as f64);
    // Of a single subscriber nothing can be told apart.
    let one_more = if each > 1.0 { (per_delivery * each - by_one) / (each - 1.0) } else { per_delivery };
    (one_more, by_one - one_more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_subscriber_costs_is_told_from_what_a_publication_costs() {
        let (each, one_more, once) = (10, 7.0, 50.0);
        let per_delivery = (once + 10.0 * one_more) / 10.0;
        let by_one = Duration::from_nanos(1000 * 57_000);
        let (one, besides) = apart(per_delivery, each, by_one, 1000);
        assert!((one - one_more).abs() < 1e-9 && (besides - once).abs() < 1e-9, "{one} {besides}");
    }
}
