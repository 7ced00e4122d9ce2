//! How long a wait may last.

use std::time::Instant;

use crate::{Trouble, trouble::PATIENCE};

/// Ends a wait in which nothing comes of what is waited for, whatever else may come.
pub(super) struct Patience {
    since: Instant,
    done: u64,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), done: 0 }
    }

    pub(super) fn check(&mut self, what: &'static str, done: u64, expected: u64) -> Result<(), Trouble> {
        if done != self.done {
            *self = Self { since: Instant::now(), done };
        } else if self.since.elapsed() > PATIENCE {
            return Err(match expected.saturating_sub(done) {
                0 => Trouble::Publish("the server's API does not answer".to_owned()),
                missing => Trouble::Missing { what, missing, expected },
            });
        }
        Ok(())
    }
}
