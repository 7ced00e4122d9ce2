//! When each connection, or channel, wants to be woken: one entry each, in ticks.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Coarse enough that thousands of deadlines share an entry, fine enough for every time-out of the protocol.
const TICK: Duration = Duration::from_millis(50);

/// A tick since the wheel was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tick(u64);

/// Wakes those who planned it in the order of their deadlines, up to a tick late and never early.
#[derive(Debug)]
pub(super) struct Wheel<T> {
    start: Instant,
    /// The next tick that is not over yet.
    next: Tick,
    due: BTreeMap<Tick, Vec<T>>,
}

impl<T> Wheel<T> {
    pub(super) fn new(start: Instant) -> Self {
        Self { start, next: Tick(0), due: BTreeMap::new() }
    }

    /// Plans to wake `id` at `deadline`, given the tick at which that is planned already.
    ///
    /// A plan for an earlier tick is kept: whoever made it is then woken early, finds nothing to do, and plans
    /// anew. That is rarer than moving an entry each time a deadline is put off.
    pub(super) fn plan(&mut self, id: T, deadline: Instant, planned: &mut Option<Tick>) {
        let tick = self.tick_of(deadline);
        if planned.is_none_or(|planned| tick < planned) {
            self.due.entry(tick).or_default().push(id);
            *planned = Some(tick);
        }
    }

    /// When the next is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due.keys().next().map(|tick| self.start + TICK * u32::try_from(tick.0).unwrap_or(u32::MAX))
    }

    /// Those that are due at `now`, a tick's worth at a time. Some may be gone, or planned anew.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Tick, Vec<T>)> {
        self.deadline().filter(|deadline| *deadline <= now)?;
        let (tick, ids) = self.due.pop_first()?;
        self.next = Tick(tick.0 + 1);
        Some((tick, ids))
    }

    /// The first tick that is not before `deadline`, nor over: a tick that were planned again while it is
    /// popped would never end.
    fn tick_of(&self, deadline: Instant) -> Tick {
        let nanos = deadline.saturating_duration_since(self.start).as_nanos();
        Tick(u64::try_from(nanos.div_ceil(TICK.as_nanos())).unwrap_or(u64::MAX)).max(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::ConnectionId;

    fn id(slot: u32) -> ConnectionId {
        ConnectionId { slot, generation: 1 }
    }

    #[test]
    fn connections_are_woken_in_order_and_never_early() {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        for (slot, millis) in [(1, 900), (2, 120), (3, 130)] {
            wheel.plan(id(slot), start + Duration::from_millis(millis), &mut None);
        }
        assert_eq!(wheel.deadline(), Some(start + Duration::from_millis(150)));
        assert_eq!(wheel.pop(start + Duration::from_millis(149)), None);
        assert_eq!(wheel.pop(start + Duration::from_millis(150)).unwrap().1, [id(2), id(3)]);
        assert_eq!(wheel.deadline(), Some(start + Duration::from_millis(900)));
    }

    #[test]
    fn a_deadline_between_two_milliseconds_is_past_when_its_tick_comes() {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        let deadline = start + Duration::from_micros(1_000_700);
        wheel.plan(id(1), deadline, &mut None);
        assert_eq!(wheel.pop(start + Duration::from_micros(1_000_200)), None);
        assert!(wheel.deadline().unwrap() >= deadline);
    }

    #[test]
    fn what_is_planned_again_for_a_tick_that_is_over_waits_for_the_next() {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        let now = start + Duration::from_secs(1);
        wheel.plan(id(1), now, &mut None);
        assert!(wheel.pop(now).is_some());
        wheel.plan(id(1), now, &mut None);
        assert_eq!(wheel.pop(now), None);
        assert!(wheel.pop(now + TICK).is_some());
    }

    #[test]
    fn a_deadline_put_off_costs_no_second_entry() {
        let start = Instant::now();
        let mut wheel = Wheel::new(start);
        let mut planned = None;
        for seconds in 1..100 {
            wheel.plan(id(1), start + Duration::from_secs(seconds), &mut planned);
        }
        assert_eq!(wheel.due.len(), 1);
        wheel.plan(id(1), start + Duration::from_millis(10), &mut planned);
        assert_eq!(wheel.due.len(), 2);
    }
}
