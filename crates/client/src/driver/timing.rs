//! The clocks and the dice of the system.

use std::{
    future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{Clock, Moment};

#[derive(Debug, Default)]
pub(super) struct Timing {
    clock: Clock,
}

impl Timing {
    /// Now, with new luck.
    pub(super) fn moment(&mut self) -> Moment {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = Duration::from_millis(wall.as_millis() as u64);
        Moment { now: self.clock.read(wall), luck: rand::random() }
    }

    /// Sleeps until a time of [`Moment::now`], or for ever.
    pub(super) async fn until(&mut self, deadline: Option<Duration>) {
        match deadline {
            Some(deadline) => {
                let delay = deadline.saturating_sub(self.moment().now);
                tokio::time::sleep(delay).await;
            }
            None => future::pending().await,
        }
    }
}

/// The server's clock, as it was told last. It goes on by itself: somebody may set the clock of the system meanwhile.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerClock(Arc<Mutex<Option<Reading>>>);

/// What a clock showed, since 1970.
#[derive(Clone, Copy, Debug)]
struct Reading {
    shown: Duration,
    at: Instant,
}

impl ServerClock {
    /// The server's clock shows this now.
    pub(super) fn set(&self, shown: Duration) {
        let reading = Reading { shown, at: Instant::now() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reading);
    }

    /// What it shows; what the system's shows as long as nobody told.
    pub(super) fn now(&self) -> SystemTime {
        let reading = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading.map_or_else(SystemTime::now, |Reading { shown, at }| UNIX_EPOCH + shown + at.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_a_server_goes_on_by_itself() {
        let clock = ServerClock::default();
        assert!(clock.now() <= SystemTime::now());
        let shown = Duration::from_secs(4_000_000_000); // the year 2096
        clock.set(shown);
        let first = clock.now();
        assert!(first >= UNIX_EPOCH + shown && first <= clock.now());
    }
}
