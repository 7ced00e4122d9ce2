//! What happens, line by line, for whoever looks into a seed that failed.

use std::{
    fmt::Display,
    hash::{DefaultHasher, Hash, Hasher},
};

use crate::agenda::Time;

/// Where the lines go that tell what happens.
#[derive(Debug, Default)]
pub struct Trace {
    reader: Reader,
    lines: usize,
}

#[derive(Debug, Default)]
enum Reader {
    #[default]
    Nobody,
    /// Told while it happens, so that nothing is lost if something panics.
    Person,
    /// Somebody who compares.
    Digest(DefaultHasher),
}

impl Trace {
    /// One that tells everything on standard output.
    pub fn told() -> Self {
        Self { reader: Reader::Person, lines: 0 }
    }

    /// One that only remembers whether it was the same as another.
    pub fn digested() -> Self {
        Self { reader: Reader::Digest(DefaultHasher::new()), lines: 0 }
    }

    /// Tells a line, unless nobody listens.
    #[allow(clippy::print_stdout, reason = "whoever replays a seed reads it")]
    pub fn note<T: Display>(&mut self, at: Time, line: impl FnOnce() -> T) {
        match &mut self.reader {
            Reader::Nobody => return,
            Reader::Person => println!("{:>8} {}", at.to_string(), line()),
            Reader::Digest(digest) => (at, line().to_string()).hash(digest),
        }
        self.lines += 1;
    }

    /// How many lines were told, and what distinguishes them from others.
    pub fn digest(&self) -> (usize, u64) {
        let digest = if let Reader::Digest(digest) = &self.reader { digest.finish() } else { 0 };
        (self.lines, digest)
    }
}
