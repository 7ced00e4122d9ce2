//! The server's memory over time, and the straight line through it.

use std::time::{Duration, Instant};

use crate::{Trouble, probe::Probe, report::Metric, scenario::Reading, statistics};

/// How often memory is read.
const EVERY: Duration = Duration::from_secs(1);

/// What was read so far.
pub(super) struct Trend {
    began: Instant,
    /// Streams fill and an allocator settles in the first tenth, which says nothing about the rest.
    warm: Duration,
    /// Minutes since the beginning, and bytes.
    readings: Vec<(f64, f64)>,
    read: Option<Instant>,
}

impl Trend {
    /// Of a soak that begins now and lasts for `duration`.
    pub(super) fn new(duration: Duration) -> Self {
        Self { began: Instant::now(), warm: duration / 10, readings: Vec::new(), read: None }
    }

    /// Reads, if it is time to.
    pub(super) fn read(&mut self, probe: Option<Probe>) -> Result<(), Trouble> {
        let rested = self.read.is_none_or(|read| read.elapsed() >= EVERY);
        if let Some(probe) = probe.filter(|_| rested && self.began.elapsed() >= self.warm) {
            let minutes = self.began.elapsed().as_secs_f64() / 60.0;
            self.readings.push((minutes, probe.memory()? as f64));
            self.read = Some(Instant::now());
        }
        Ok(())
    }

    /// The slope by least squares, in all and for each of so many clients, and the most that was read.
    pub(super) fn readings(&self, clients: usize) -> Vec<Reading> {
        let Some(slope) = statistics::slope(&self.readings) else { return Vec::new() };
        let most = self.readings.iter().map(|(_, bytes)| *bytes).fold(0.0, f64::max);
        let reading = |metric, value| Reading { case: "", metric, value };
        vec![
            reading(Metric::MemoryGrowth, slope),
            reading(Metric::MemoryGrowthPerClient, slope / clients as f64),
            reading(Metric::MemoryMost, most),
        ]
    }
}
