//! Whether the client still lives: pings on schedule, and the pongs that must follow.

use std::time::{Duration, Instant};

/// The schedule of one connection's pings.
#[derive(Debug)]
pub(super) enum Heartbeat {
    /// No pings are sent.
    Off,
    /// The last ping is answered, or none was sent yet.
    Calm { ping_at: Instant },
    /// A ping waits for its pong.
    Asked { pong_due: Instant, ping_at: Instant },
}

/// How often a client is pinged, and how long it may take to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PingSchedule {
    /// Between two pings.
    pub interval: Duration,
    /// Less than the interval; `None` if pongs are not expected.
    pub pong_timeout: Option<Duration>,
}

/// What the schedule asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Ping,
    Dead,
}

/// A pong came that no ping asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnexpectedPong;

impl Heartbeat {
    /// Begins the schedule. The first ping comes in the second half of an interval, where exactly is `luck`
    /// (0.0..1.0): so the pings to clients that came at once do not stay together.
    pub(super) fn begin(schedule: Option<PingSchedule>, now: Instant, luck: f64) -> Self {
        match schedule {
            None => Self::Off,
            Some(PingSchedule { interval, .. }) => {
                Self::Calm { ping_at: now + interval.mul_f64(0.5 + luck / 2.0) }
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Off => None,
            Self::Calm { ping_at } => Some(*ping_at),
            Self::Asked { pong_due, .. } => Some(*pong_due),
        }
    }

    /// What is due at `now`, if anything is.
    pub(super) fn woke(&mut self, schedule: Option<PingSchedule>, now: Instant) -> Option<Beat> {
        let schedule = schedule?;
        match *self {
            Self::Asked { pong_due, .. } if now >= pong_due => Some(Beat::Dead),
            Self::Calm { ping_at } if now >= ping_at => {
                let ping_at = now + schedule.interval;
                *self = match schedule.pong_timeout {
                    Some(timeout) => Self::Asked { pong_due: now + timeout, ping_at },
                    None => Self::Calm { ping_at },
                };
                Some(Beat::Ping)
            }
            _ => None,
        }
    }

    /// The client answered a ping.
    pub(super) fn pong(&mut self) -> Result<(), UnexpectedPong> {
        match *self {
            Self::Asked { ping_at, .. } => {
                *self = Self::Calm { ping_at };
                Ok(())
            }
            _ => Err(UnexpectedPong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Option<PingSchedule> =
        Some(PingSchedule { interval: Duration::from_secs(25), pong_timeout: Some(Duration::from_secs(8)) });

    #[test]
    fn the_first_ping_falls_into_the_second_half_of_an_interval() {
        let now = Instant::now();
        let at = |luck| Heartbeat::begin(SCHEDULE, now, luck).deadline().unwrap() - now;
        assert_eq!(at(0.0), Duration::from_millis(12_500));
        assert!(at(0.999) < Duration::from_secs(25) && at(0.999) > Duration::from_secs(24));
    }

    #[test]
    fn a_client_that_answers_is_pinged_again_and_one_that_does_not_is_dead() {
        let mut now = Instant::now();
        let mut heartbeat = Heartbeat::begin(SCHEDULE, now, 0.0);
        for _ in 0..3 {
            now = heartbeat.deadline().unwrap();
            assert_eq!(heartbeat.woke(SCHEDULE, now), Some(Beat::Ping));
            assert_eq!(heartbeat.woke(SCHEDULE, now), None);
            assert_eq!(heartbeat.pong(), Ok(()));
            assert_eq!(heartbeat.pong(), Err(UnexpectedPong));
        }
        now = heartbeat.deadline().unwrap();
        assert_eq!(heartbeat.woke(SCHEDULE, now), Some(Beat::Ping));
        assert_eq!(heartbeat.deadline(), Some(now + Duration::from_secs(8)));
        assert_eq!(heartbeat.woke(SCHEDULE, now + Duration::from_secs(8)), Some(Beat::Dead));
    }

    #[test]
    fn without_a_pong_timeout_silence_is_fine() {
        let schedule = Some(PingSchedule { pong_timeout: None, ..SCHEDULE.unwrap() });
        let now = Instant::now();
        let mut heartbeat = Heartbeat::begin(schedule, now, 0.0);
        for beat in 1..4 {
            let later = now + Duration::from_secs(25 * beat);
            assert_eq!(heartbeat.woke(schedule, later), Some(Beat::Ping));
        }
    }
}
