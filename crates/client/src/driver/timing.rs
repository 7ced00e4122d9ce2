//! The clocks and the dice of the system.

use std::{
    future,
    time::{Duration, SystemTime, UNIX_EPOCH},
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
