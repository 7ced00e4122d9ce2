//! Reads what a process uses. Only Linux tells.

use std::{fs, io, process, time::Duration};

use crate::Trouble;

/// A process.
#[derive(Clone, Copy, Debug)]
pub struct Probe(u32);

impl Probe {
    /// The process of this number.
    pub fn of(pid: u32) -> Self {
        Self(pid)
    }

    /// This process.
    pub fn ourselves() -> Self {
        Self(process::id())
    }

    /// The time that its threads have run, in user mode and for it in the kernel, to the nanosecond.
    ///
    /// Time of threads that have ended is missing; those that do the work do not end.
    pub fn cpu(self) -> Result<Duration, Trouble> {
        let mut sum = 0;
        for thread in fs::read_dir(self.path("task")).map_err(|error| self.unread(error))? {
            let stat = thread.and_then(|thread| fs::read_to_string(thread.path().join("schedstat")));
            let Ok(stat) = stat else { continue };
            sum += stat.split_whitespace().next().and_then(|ran| ran.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(sum))
    }

    /// Bytes of memory that it holds (`VmRSS`).
    pub fn memory(self) -> Result<u64, Trouble> {
        let status = fs::read_to_string(self.path("status")).map_err(|error| self.unread(error))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.map(|kib| kib * 1024).ok_or_else(|| self.unread(io::ErrorKind::InvalidData.into()))
    }

    fn path(self, file: &str) -> String {
        format!("/proc/{}/{file}", self.0)
    }

    fn unread(self, error: io::Error) -> Trouble {
        Trouble::Probe { pid: self.0, error }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let probe = Probe::ourselves();
        assert!(probe.memory().unwrap() > 100_000);
        assert!(probe.cpu().unwrap() > Duration::ZERO);
        assert!(Probe(u32::MAX).cpu().is_err());
    }
}
