//! All clients are cut off, miss something, and come back at once, while a few others stay and ask for signs
//! of life.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Reading, Trial, echo::latencies};
use crate::{
    Trouble,
    crowd::{Crowd, IN_TURN},
    layout::Layout,
    peer::Running,
    report::Metric,
};

/// What everybody misses.
const MISSED: usize = 20;

/// Clients at the door at once: what a listener lets wait, so that no attempt is repeated after a second.
const AT_ONCE: usize = 2048;

/// Clients that stay. Each asks again a moment after its answer.
const UNDISTURBED: usize = 20;

/// That moment.
const MOMENT: Duration = Duration::from_millis(10);

pub(super) fn run(trial: &Trial<'_>) -> Result<Vec<Reading>, Trouble> {
    let mut crowd = trial.crowd_inside(Layout::one(&trial.plan.prefix, trial.load.clients))?;
    crowd.publish(&[0], trial.plan.size as usize)?;
    crowd.settle()?;
    crowd.cut();
    thread::sleep(Duration::from_millis(trial.plan.settle));
    come_back(trial, &mut crowd)
}

/// Everybody is away. Publications go by, then all come back at once and recover them.
pub(super) fn come_back(trial: &Trial<'_>, crowd: &mut Crowd<'_>) -> Result<Vec<Reading>, Trouble> {
    let (clients, size) = (trial.load.clients, trial.plan.size as usize);
    crowd.publish(&[0; MISSED], size)?;
    while !crowd.is_answered() {
        crowd.turn(MOMENT)?;
    }
    let (there, over) = (Barrier::new(2), AtomicBool::new(false));
    let (usage, took) = thread::scope(|scope| {
        let undisturbed = scope.spawn(|| undisturbed(trial.server, &there, &over));
        there.wait();
        let usage = trial.watch(|| {
            trial.grow(crowd, clients, AT_ONCE)?;
            crowd.settle()
        });
        over.store(true, Ordering::Relaxed);
        (usage, undisturbed.join().expect("those who stay do not panic"))
    });
    let mut readings = usage?.readings("", Metric::CpuPerReturn, Metric::ReturnsPerSecond, clients as u64);
    readings.extend(latencies("ping meanwhile", &took?));
    // Everybody is really back.
    crowd.publish(&[0], size)?;
    crowd.settle()?;
    crowd.verify()?;
    Ok(readings)
}

/// How long answers to pings take of clients that are `there` before the others, until it is over; asked by a
/// thread of its own, so that they do not wait for the generator.
fn undisturbed(server: &Running, there: &Barrier, over: &AtomicBool) -> Result<Vec<Duration>, Trouble> {
    let come = || {
        let mut crowd = Crowd::new(server.entrance.clone(), &*server.wire, Layout::quiet(UNDISTURBED))?;
        crowd.grow(UNDISTURBED, IN_TURN, |_| ())?;
        Ok::<_, Trouble>(crowd)
    };
    let come = come();
    // Whether they could come or not: nobody may wait for them for ever.
    there.wait();
    let mut crowd = come?;
    let mut waiting: Vec<(usize, Instant)> =
        (0..UNDISTURBED).map(|client| (client, Instant::now())).collect();
    while !over.load(Ordering::Relaxed) || crowd.tally().latencies.is_empty() {
        let now = Instant::now();
        let (due, later) = waiting.into_iter().partition(|(_, when)| *when <= now);
        waiting = later;
        for (client, _) in due {
            crowd.call_as(client, true)?;
        }
        crowd.turn(Duration::from_millis(1))?;
        let answered = std::mem::take(&mut crowd.tally_mut().answered);
        waiting.extend(answered.into_iter().map(|client| (client, Instant::now() + MOMENT)));
    }
    Ok(std::mem::take(&mut crowd.tally_mut().latencies))
}
