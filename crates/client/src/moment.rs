//! When something happens, and the dice for it.

use std::time::Duration;

/// When something happens, and the dice for it: machines have neither a clock nor dice of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Time since 1970, in whole milliseconds, as a [`Clock`] gives it.
    pub now: Duration,
    /// `0.0..1.0`.
    pub luck: f64,
}

/// Wall-clock time that jumps over a suspension but never runs backwards, whatever somebody does to the clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    last: Duration,
    lag: Duration,
}

impl Clock {
    /// The time of machines when the clock of the wall shows `wall`, since 1970.
    pub fn read(&mut self, wall: Duration) -> Duration {
        self.lag += self.last.saturating_sub(wall);
        self.last = wall;
        wall + self.lag
    }

    /// What to take from a time of machines for one of the wall, going by the last reading.
    pub fn lag(&self) -> Duration {
        self.lag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_back_it_goes_on_from_where_it_was() {
        let mut clock = Clock::default();
        let read = [100, 110, 50, 60, 200].map(|wall| clock.read(Duration::from_secs(wall)).as_secs());
        assert_eq!(read, [100, 110, 110, 120, 260]);
        assert_eq!(clock.lag(), Duration::from_secs(60));
    }
}
