//! Whether it makes sense to ask a webhook at all.

use std::time::{Duration, Instant};

use super::asker::Asker;

/// So many failures in a row mean that the backend is down, and not that one request was lost.
const FAILURES: usize = 8;
/// How long the backend is then left alone before it is tried again, and an asker whose try failed.
const PAUSE: Duration = Duration::from_secs(2);
/// From one try to the next while the backend is silent, so that eight different askers try it in a pause.
const STEP: Duration = Duration::from_millis(250);
/// How long a refused connection says something. Longer than a pause, so that it stays true while somebody
/// tries; not for ever, since a node that is therefore sent no clients would never learn that it is over.
const MEMORY: Duration = Duration::from_secs(10);

/// Opens after a run of failures, so that clients hear an error at once instead of waiting for a time-out
/// each; then different askers try it one by one, and it closes when one is answered.
///
/// What one client can bring about by what it asks opens nothing: a failure says nothing if a call that began
/// later was answered, and one asker is silenced once in a run.
#[derive(Default)]
pub(super) struct Circuit {
    state: State,
    /// When the call began that began last of all that were answered.
    answered: Option<Instant>,
}

enum State {
    Closed { run: Vec<Fault> },
    Open { next_try: Instant, tried: Vec<(Asker, Instant)>, refused: Option<Instant> },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { run: Vec::new() }
    }
}

/// What a failure shows of the backend.
#[derive(PartialEq, Eq)]
pub(super) enum Fault {
    /// No connection can be made to it, whatever is asked.
    Refuses,
    /// It did not answer this one, which may be due to what this one asked.
    Silent(Asker),
}

/// The circuit changed, which is worth a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Opened,
    Closed,
}

impl Circuit {
    /// Whether a call may be made now.
    pub(super) fn admits(&mut self, asker: &Asker, now: Instant) -> bool {
        let State::Open { next_try, tried, .. } = &mut self.state else { return true };
        tried.retain(|(_, at)| now < *at + PAUSE);
        if now < *next_try || tried.iter().any(|(one, _)| one == asker) {
            return false;
        }
        *next_try = now + STEP;
        tried.push((asker.clone(), now));
        true
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Whether it is open because connections are refused, which no client can bring about.
    pub(super) fn is_refused(&self, now: Instant) -> bool {
        matches!(&self.state, State::Open { refused: Some(at), .. } if now < *at + MEMORY)
    }

    /// A call that began then was answered, whatever the answer was.
    pub(super) fn answered(&mut self, begun: Instant) -> Option<Change> {
        let was_open = self.is_open();
        self.state = State::default();
        self.answered = self.answered.max(Some(begun));
        was_open.then_some(Change::Closed)
    }

    /// A call that began then was not.
    pub(super) fn failed(&mut self, fault: Fault, begun: Instant, now: Instant) -> Option<Change> {
        if self.answered > Some(begun) {
            return None;
        }
        match &mut self.state {
            State::Closed { run } => {
                if fault != Fault::Refuses && run.contains(&fault) {
                    return None;
                }
                let refused = (fault == Fault::Refuses).then_some(now);
                run.push(fault);
                if run.len() < FAILURES {
                    return None;
                }
                self.state = State::Open { next_try: now + PAUSE, tried: Vec::new(), refused };
                Some(Change::Opened)
            }
            State::Open { next_try, refused, .. } => {
                if fault == Fault::Refuses {
                    (*next_try, *refused) = (now + PAUSE, Some(now));
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::asker::asker, *};

    fn user(number: usize) -> Asker {
        asker(&number.to_string(), "")
    }

    /// A backend that answers none of so many users, whose calls begin and end now.
    fn silent(circuit: &mut Circuit, users: usize, now: Instant) -> Vec<Change> {
        (0..users).filter_map(|number| circuit.failed(Fault::Silent(user(number)), now, now)).collect()
    }

    fn refusing(circuit: &mut Circuit, times: usize, now: Instant) -> Vec<Change> {
        (0..times).filter_map(|_| circuit.failed(Fault::Refuses, now, now)).collect()
    }

    #[test]
    fn a_run_of_failures_opens_it_and_an_answer_in_between_starts_the_count_anew() {
        let now = Instant::now();
        for fails in [silent, refusing] {
            let mut circuit = Circuit::default();
            for _ in 0..10 {
                assert_eq!(fails(&mut circuit, FAILURES - 1, now), []);
                assert_eq!(circuit.answered(now), None);
            }
            assert!(circuit.admits(&user(0), now) && !circuit.is_open());
            assert_eq!(fails(&mut circuit, FAILURES, now), [Change::Opened]);
            assert!(!circuit.admits(&user(0), now));
        }
    }

    #[test]
    fn failures_say_nothing_once_a_call_was_answered_that_began_later() {
        let mut circuit = Circuit::default();
        let hang = Instant::now();
        let healthy = hang + Duration::from_millis(1);
        assert_eq!(circuit.answered(healthy), None);
        let end = hang + Duration::from_millis(500);
        for number in 0..100 {
            assert_eq!(circuit.failed(Fault::Silent(user(number)), hang, end), None);
        }
        assert!(circuit.admits(&user(0), end));
        assert_eq!(circuit.answered(hang), None, "which does not take back what is known since");
        for number in 0..100 {
            assert_eq!(circuit.failed(Fault::Silent(user(number)), hang, end), None);
        }
    }

    #[test]
    fn one_asker_alone_opens_nothing_by_what_it_asks() {
        let now = Instant::now();
        let mut circuit = Circuit::default();
        for _ in 0..100 {
            assert_eq!(silent(&mut circuit, 1, now), []);
        }
        assert!(circuit.admits(&user(1), now));
        assert_eq!(silent(&mut circuit, FAILURES, now), [Change::Opened], "but all together do");
    }

    #[test]
    fn after_a_pause_one_call_tries_who_refused_and_decides_for_all() {
        let now = Instant::now();
        let mut circuit = Circuit::default();
        refusing(&mut circuit, FAILURES, now);
        assert!(!circuit.admits(&user(1), now + PAUSE / 2));
        let later = now + PAUSE;
        assert!(circuit.admits(&user(1), later) && !circuit.admits(&user(2), later) && circuit.is_open());
        assert_eq!(circuit.failed(Fault::Refuses, later, later), None);
        assert!(!circuit.admits(&user(2), later + PAUSE / 2));
        let still_later = later + PAUSE;
        assert!(circuit.admits(&user(1), still_later));
        assert_eq!(circuit.answered(still_later), Some(Change::Closed));
        assert!(circuit.admits(&user(1), still_later) && circuit.admits(&user(1), still_later));
    }

    #[test]
    fn whoever_is_silenced_again_does_not_keep_others_from_trying() {
        let now = Instant::now();
        let mut circuit = Circuit::default();
        silent(&mut circuit, FAILURES, now);
        let mut tries = Vec::new();
        for step in 0..4 {
            let now = now + PAUSE + step * STEP;
            tries.extend((0..8).filter(|number| circuit.admits(&user(*number), now)));
            circuit.failed(Fault::Silent(user(0)), now, now);
        }
        assert_eq!(tries, [0, 1, 2, 3]);
        assert!(circuit.admits(&user(0), now + 2 * PAUSE), "a try that never ends is followed by another");
    }

    #[test]
    fn only_refused_connections_count_as_refused_and_only_for_a_while() {
        let now = Instant::now();
        let mut circuit = Circuit::default();
        silent(&mut circuit, FAILURES, now);
        assert!(circuit.is_open() && !circuit.is_refused(now));
        refusing(&mut circuit, 1, now);
        assert!(circuit.is_refused(now) && circuit.is_refused(now + PAUSE));
        assert!(!circuit.is_refused(now + MEMORY), "somebody has to come and try");
        refusing(&mut circuit, 1, now + MEMORY);
        assert!(circuit.is_refused(now + MEMORY));
        circuit.answered(now + MEMORY);
        assert!(!circuit.is_refused(now + MEMORY));
    }
}
