//! The simulated pump.

use serde::Serialize;

use crate::command::{Outcome, Turn};

/// In bar.
const FULL: f64 = 2.4;

/// So much the pressure rises or falls from one look to the next.
const STEP: f64 = 0.8;

/// What the pump is doing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct State {
    pub(crate) running: bool,
    /// In bar.
    pub(crate) pressure: f64,
}

/// A pump that can be turned on and off.
pub(crate) struct Pump {
    state: State,
    /// Why it does not start.
    broken: Option<String>,
}

impl Pump {
    /// One that stands still, and does not start if it is broken.
    pub(crate) fn new(broken: Option<String>) -> Self {
        Self { state: State { running: false, pressure: 0.0 }, broken }
    }

    /// Turned on twice it runs, as it did after the first time.
    pub(crate) fn turn(&mut self, turn: Turn) -> Outcome {
        match (turn, &self.broken) {
            (Turn::On, Some(reason)) => return Outcome::Failed { reason: reason.clone() },
            (Turn::On, None) => self.state.running = true,
            (Turn::Off, _) => self.state.running = false,
        }
        Outcome::Done
    }

    /// How it is now; time has passed since the last look.
    pub(crate) fn look(&mut self) -> State {
        let change = if self.state.running { STEP } else { -STEP };
        self.state.pressure = (self.state.pressure + change).clamp(0.0, FULL);
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressure_rises_while_it_runs_and_falls_when_it_stands() {
        let mut pump = Pump::new(None);
        assert_eq!(pump.turn(Turn::On), Outcome::Done);
        let rising: Vec<_> = (0..5).map(|_| pump.look().pressure).collect();
        assert!(rising.is_sorted() && rising[0] < rising[1]);
        assert!((rising[4] - FULL).abs() < 1e-9);
        assert_eq!(pump.turn(Turn::Off), Outcome::Done);
        let still = (0..5).map(|_| pump.look()).last().unwrap();
        assert_eq!(still, State { running: false, pressure: 0.0 });
    }

    #[test]
    fn a_broken_pump_says_why_it_does_not_start_and_can_be_turned_off() {
        let mut pump = Pump::new(Some("水压不足".to_owned()));
        assert_eq!(pump.turn(Turn::On), Outcome::Failed { reason: "水压不足".to_owned() });
        assert!(!pump.look().running);
        assert_eq!(pump.turn(Turn::Off), Outcome::Done);
    }
}
