//! What is to be measured one after another, and how long the rest of it will take.

use std::time::{Duration, Instant};

use crate::{Load, Peer, Plan, Report, Scenario};

/// One peer in one run of one scenario.
#[derive(Clone, Copy)]
pub(crate) struct Turn<'p> {
    pub(crate) scenario: Scenario,
    pub(crate) load: Load,
    pub(crate) run: u32,
    pub(crate) peer: &'p Peer,
}

/// All turns of a plan, in their order.
pub(crate) struct Schedule<'p> {
    left: std::vec::IntoIter<Turn<'p>>,
    /// How many there are, those of before included.
    all: usize,
    /// What turns took.
    spent: Vec<(Turn<'p>, Duration)>,
    began: Instant,
    within: Option<Duration>,
}

impl<'p> Schedule<'p> {
    /// The turns that `report` has no results of, as many as end within so many minutes. In each run every peer has its turn: A B A B.
    pub(crate) fn of(plan: &Plan, peers: &'p [Peer], report: &Report, within: Option<u64>) -> Self {
        let mut turns = Vec::new();
        for &scenario in plan.scenarios() {
            let part: Vec<&Peer> = peers.iter().filter(|peer| peer.can(scenario, plan)).collect();
            for load in plan.loads(scenario) {
                let runs = 1..=plan.runs(scenario);
                let turn = |run, peer| Turn { scenario, load, run, peer };
                turns.extend(runs.flat_map(|run| part.iter().map(move |peer| turn(run, *peer))));
            }
        }
        let all = turns.len();
        turns.retain(|turn| report.runs(turn.scenario, turn.load, turn.peer.name()) < turn.run as usize);
        let within = within.map(|minutes| Duration::from_secs(minutes * 60));
        Self { left: turns.into_iter(), all, spent: Vec::new(), began: Instant::now(), within }
    }

    /// The next turn; none after the last, or if there is no time for it.
    pub(crate) fn next(&mut self) -> Option<Turn<'p>> {
        let next = self.left.as_slice().first()?;
        let end = self.began.elapsed() + self.estimate(next).unwrap_or_default();
        if self.within.is_some_and(|within| end > within) {
            return None;
        }
        self.left.next()
    }

    /// A turn is over.
    pub(crate) fn took(&mut self, turn: Turn<'p>, duration: Duration) {
        self.spent.push((turn, duration));
    }

    /// How far it is, as a sentence.
    pub(crate) fn told(&self) -> String {
        let left = self.left.as_slice();
        let done = self.all - left.len();
        let rest: Duration = left.iter().filter_map(|turn| self.estimate(turn)).sum();
        match left {
            [] => format!("{done} of {}", self.all),
            _ => format!("{done} of {}, about {} min left", self.all, rest.as_secs().div_ceil(60)),
        }
    }

    /// Whether nothing is left to do.
    pub(crate) fn is_done(&self) -> bool {
        self.left.as_slice().is_empty()
    }

    /// What a turn will take: as much as those that are most like it.
    fn estimate(&self, turn: &Turn<'_>) -> Option<Duration> {
        let mean = |like: &dyn Fn(&Turn<'_>) -> bool| {
            let alike = self.spent.iter().filter(|(spent, _)| like(spent)).map(|(_, took)| *took);
            let count = u32::try_from(alike.clone().count()).ok().filter(|count| *count > 0)?;
            Some(alike.sum::<Duration>() / count)
        };
        let scene = |spent: &Turn<'_>| (spent.scenario, spent.load) == (turn.scenario, turn.load);
        mean(&|spent| scene(spent) && spent.peer.name() == turn.peer.name())
            .or_else(|| mean(&scene))
            .or_else(|| mean(&|spent| spent.scenario == turn.scenario))
            .or_else(|| mean(&|_| true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{report::Metric, scenario::Reading};

    #[test]
    fn a_schedule_goes_on_where_a_report_ends() {
        let plan = Plan::of("bench idle echo -n 7 --runs 2");
        let peers = [Peer::Floor("a".into()), Peer::Suona("b".into())];
        let mut report = Report::new(&plan, Vec::new());
        let reading = [Reading { case: "", metric: Metric::Memory, value: 1.0 }];
        let load = Load { clients: 7, channels: 0 };
        for peer in ["floor", "Suona", "floor"] {
            report.add(Scenario::Idle, load, peer, &reading);
        }
        let mut schedule = Schedule::of(&plan, &peers, &report, None);
        let mut turns = Vec::new();
        while let Some(turn) = schedule.next() {
            turns.push((turn.scenario.name(), turn.run, turn.peer.name()));
            schedule.took(turn, Duration::from_secs(90));
            assert!(schedule.is_done() || schedule.told().contains("min left"), "{}", schedule.told());
        }
        let echo = [("echo", 1, "floor"), ("echo", 1, "Suona"), ("echo", 2, "floor"), ("echo", 2, "Suona")];
        assert_eq!(turns, [&[("idle", 2, "Suona")][..], &echo].concat());
        assert_eq!(schedule.told(), "8 of 8");
    }

    #[test]
    fn a_turn_that_would_take_too_long_is_not_begun() {
        let plan = Plan::of("bench idle --runs 3");
        let peers = [Peer::Floor("a".into())];
        let mut schedule = Schedule::of(&plan, &peers, &Report::new(&plan, Vec::new()), Some(10));
        let first = schedule.next().expect("nothing is known of it");
        schedule.took(first, Duration::from_secs(11 * 60));
        assert!(schedule.next().is_none() && !schedule.is_done());
        assert_eq!(schedule.told(), "1 of 3, about 22 min left");
    }
}
