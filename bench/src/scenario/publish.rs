//! What a publication costs by itself: one subscriber, who only proves that it arrived.

use std::time::Duration;

use super::{Reading, Trial};
use crate::{Trouble, crowd::Crowd, layout::Layout, report::Metric};

/// Publications of a client that wait for their answers.
const UNDER_WAY: u64 = 16;

pub(super) fn run(trial: &Trial<'_>) -> Result<Vec<Reading>, Trouble> {
    let mut crowd = trial.crowd_inside(Layout::one(&trial.plan.prefix, 1))?;
    let count = trial.plan.publications;
    let mut readings = Vec::new();
    by_api(&mut crowd, count.min(100), trial)?;
    let usage = trial.watch(|| by_api(&mut crowd, count, trial))?;
    readings.extend(usage.readings("API", Metric::CpuPerPublication, Metric::PublicationsPerSecond, count));
    if by_client(&mut crowd, count.min(100), trial)? {
        let usage = trial.watch(|| by_client(&mut crowd, count, trial).map(|_| ()))?;
        let (cost, rate) = (Metric::CpuPerPublication, Metric::PublicationsPerSecond);
        readings.extend(usage.readings("WebSocket", cost, rate, count));
    }
    crowd.verify()?;
    Ok(readings)
}

/// One request for each publication, one after another.
fn by_api(crowd: &mut Crowd<'_>, count: u64, trial: &Trial<'_>) -> Result<(), Trouble> {
    for number in 0..count {
        crowd.publish(&[0], trial.plan.size as usize)?;
        crowd.settle()?;
        trial.progress.show("publications", number + 1, count);
    }
    Ok(())
}

/// The subscriber publishes itself. Says whether it can.
fn by_client(crowd: &mut Crowd<'_>, count: u64, trial: &Trial<'_>) -> Result<bool, Trouble> {
    if trial.server.wire.publish(1, "", "").is_none() {
        return Ok(false);
    }
    let before = crowd.tally().answers;
    for number in 0..count {
        crowd.publish_as(0, 0, trial.plan.size as usize)?;
        crowd.answers(before + (number + 1).saturating_sub(UNDER_WAY))?;
        crowd.turn(Duration::ZERO)?;
        trial.progress.show("publications", number + 1, count);
    }
    crowd.answers(before + count)?;
    crowd.settle()?;
    Ok(true)
}
