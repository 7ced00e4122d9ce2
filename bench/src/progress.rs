//! Says how far a measurement is, if somebody looks.

use std::{
    cell::Cell,
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// A line on the terminal that changes.
pub struct Progress {
    terminal: bool,
    heading: String,
    shown: Cell<Option<Instant>>,
}

/// Writing oftener would be measured as well.
const OFTEN: Duration = Duration::from_millis(100);

impl Progress {
    /// A line that begins with `heading`; nothing where standard error is no terminal.
    pub fn new(heading: String) -> Self {
        Self { terminal: io::stderr().is_terminal(), heading, shown: Cell::new(None) }
    }

    /// So much of it is done.
    pub fn show(&self, what: &str, done: u64, all: u64) {
        if self.terminal && self.shown.get().is_none_or(|shown| shown.elapsed() > OFTEN) {
            self.shown.set(Some(Instant::now()));
            // Who does not look at it does not miss it.
            let _ = write!(io::stderr(), "\r\x1b[K{}: {what} {done} of {all}", self.heading);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
