//! What clients cost that only come in and are there.

use std::{thread, time::Duration};

use super::{Reading, Trial};
use crate::{Trouble, crowd::IN_TURN, layout::Layout, report::Metric};

/// At so many clients memory is read for the first time, so that what the first ones cost is told apart.
const FIRST: usize = 1000;

pub(super) fn run(trial: &Trial<'_>) -> Result<Vec<Reading>, Trouble> {
    let clients = trial.load.clients;
    let layout = Layout { channels: clients, each: 1, ..Layout::one(&trial.plan.prefix, clients) };
    let mut crowd = trial.crowd(layout)?;
    let empty = memory(trial)?;
    let mut readings = Vec::new();
    let first = FIRST.min(clients / 2);
    trial.grow(&mut crowd, first, IN_TURN)?;
    let few = memory(trial)?;
    let usage = trial.watch(|| trial.grow(&mut crowd, clients, IN_TURN))?;
    let coming = (clients - first) as u64;
    readings.extend(usage.readings("", Metric::CpuPerJoin, Metric::JoinsPerSecond, coming));
    if let (Some(empty), Some(few), Some(many)) = (empty, few, memory(trial)?) {
        let mut say = |metric, bytes: f64, clients: usize| {
            readings.push(Reading { case: "", metric, value: bytes / clients as f64 });
        };
        say(Metric::Memory, many - empty, clients);
        say(Metric::MemorySlope, many - few, clients - first);
    }
    Ok(readings)
}

/// Bytes that the server holds, after a rest: some free what they need for joining a moment later.
fn memory(trial: &Trial<'_>) -> Result<Option<f64>, Trouble> {
    let Some(probe) = trial.server.probe else { return Ok(None) };
    thread::sleep(Duration::from_millis(trial.plan.settle));
    Ok(Some(probe.memory()? as f64))
}
