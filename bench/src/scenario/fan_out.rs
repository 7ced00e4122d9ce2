//! Publications to many: to one channel that all hear, and to many channels with few each.

use std::time::Duration;

use super::{Reading, Trial};
use crate::{Trouble, crowd::Crowd, layout::Layout, probe::Probe, report::Metric};

/// Publications handed in at once in a burst.
const BURST: usize = 10;

/// Publications handed in at once while the server is kept busy, and at most so many more are on their way then.
///
/// The same for all, so that what is compared is what a delivery takes, and not how requests and writes fall together.
const BACKLOG: usize = 64;

/// Channels of one request to the API.
pub(super) const BATCH: usize = 1000;

/// Subscribers of each of many channels.
pub(super) const EACH: usize = 10;

/// How many times [`BACKLOG`] publications there are, at least. Who does not join writes sends each of them to each
/// client by itself.
const LEAST_BACKLOGS: u64 = 5;

/// The fewest requests of a case: fewer would say little.
pub(super) const LEAST: u64 = 10;

pub(super) fn one_channel(trial: &Trial<'_>) -> Result<Vec<Reading>, Trouble> {
    let clients = trial.load.clients;
    let mut crowd = trial.crowd_inside(Layout::one(&trial.plan.prefix, clients))?;
    let publications = trial.plan.deliveries.div_ceil(clients as u64).max(LEAST);
    let bursts = publications.div_ceil(BURST as u64).max(LEAST);
    let mut readings = Vec::new();
    // The first finds nothing warm.
    bursts_of(&mut crowd, &[0; BURST], 2, trial)?;
    readings.extend(case("lone", &mut crowd, trial, |crowd| bursts_of(crowd, &[0], publications, trial))?);
    readings.extend(case("burst", &mut crowd, trial, |crowd| bursts_of(crowd, &[0; BURST], bursts, trial))?);
    let backlogs = publications.div_ceil(BACKLOG as u64).max(LEAST_BACKLOGS);
    readings.extend(case("saturated", &mut crowd, trial, |crowd| saturated(crowd, backlogs, trial))?);
    crowd.verify()?;
    Ok(readings)
}

pub(super) fn many_channels(trial: &Trial<'_>) -> Result<Vec<Reading>, Trouble> {
    let (clients, channels) = (trial.load.clients, trial.load.channels);
    let each = EACH.min(clients);
    let layout = Layout { prefix: trial.plan.prefix.clone(), channels, each, clients };
    let mut crowd = trial.crowd_inside(layout)?;
    let all: Vec<usize> = (0..channels).collect();
    let rounds = trial.plan.deliveries.div_ceil((channels * each) as u64);
    let round = |crowd: &mut Crowd<'_>, rounds| -> Result<(), Trouble> {
        (0..rounds)
            .try_for_each(|_| all.chunks(BATCH).try_for_each(|batch| bursts_of(crowd, batch, 1, trial)))
    };
    round(&mut crowd, 1)?;
    let readings = case("each in turn", &mut crowd, trial, |crowd| round(crowd, rounds))?;
    crowd.verify()?;
    Ok(readings)
}

/// Publishes in `channels` at once, so many times, each time when all have heard the time before.
pub(super) fn bursts_of(
    crowd: &mut Crowd<'_>,
    channels: &[usize],
    times: u64,
    trial: &Trial<'_>,
) -> Result<(), Trouble> {
    for time in 0..times {
        crowd.publish(channels, trial.plan.size as usize)?;
        crowd.settle()?;
        check_writes(crowd, channels)?;
        trial.progress.show("bursts", time + 1, times);
    }
    Ok(())
}

/// Publishes [`BACKLOG`] at a time, so many times, and the next while the last are still on their way.
fn saturated(crowd: &mut Crowd<'_>, times: u64, trial: &Trial<'_>) -> Result<(), Trouble> {
    let mut handed_in = 0;
    while handed_in < times {
        let waiting = crowd.outstanding() > BACKLOG as u64 * trial.load.clients as u64;
        if !waiting && crowd.is_answered() {
            crowd.publish(&[0; BACKLOG], trial.plan.size as usize)?;
            handed_in += 1;
            trial.progress.show("batches", handed_in, times);
        }
        crowd.turn(Duration::from_millis(100))?;
        if crowd.is_answered() {
            check_writes(crowd, &[0])?;
        }
    }
    crowd.settle()
}

/// The floor writes once for each connection and batch, or it is none.
fn check_writes(crowd: &mut Crowd<'_>, channels: &[usize]) -> Result<(), Trouble> {
    let Some(wrote) = crowd.take_writes() else { return Ok(()) };
    let expected = crowd.recipients(channels);
    if wrote == expected { Ok(()) } else { Err(Trouble::Writes { wrote, expected }) }
}

/// Reads what it takes to deliver what `act` publishes.
pub(super) fn case(
    name: &'static str,
    crowd: &mut Crowd<'_>,
    trial: &Trial<'_>,
    act: impl FnOnce(&mut Crowd<'_>) -> Result<(), Trouble>,
) -> Result<Vec<Reading>, Trouble> {
    let before = [crowd.tally().delivered, crowd.tally().reads, crowd.tally().bytes];
    let own = Probe::ourselves().cpu().ok();
    let usage = trial.watch(|| act(crowd))?;
    let own = Probe::ourselves().cpu().ok().zip(own).map(|(after, before)| after.saturating_sub(before));
    let tally = crowd.tally();
    let [deliveries, reads, bytes] =
        [tally.delivered - before[0], tally.reads - before[1], tally.bytes - before[2]];
    let mut readings = usage.readings(name, Metric::CpuPerDelivery, Metric::DeliveriesPerSecond, deliveries);
    let mut say = |metric, value| readings.push(Reading { case: name, metric, value });
    say(Metric::PublicationsPerRead, deliveries as f64 / reads as f64);
    say(Metric::BytesPerDelivery, bytes as f64 / deliveries as f64);
    if let Some(own) = own {
        say(Metric::OwnCpuPerDelivery, own.as_secs_f64() * 1e6 / deliveries as f64);
    }
    Ok(readings)
}
