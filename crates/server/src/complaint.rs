//! Something that goes wrong again and again, of which the log hears now and then.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The log hears of it no more often: enough to see that it goes on, and too little to fill a disk.
const PAUSE: Duration = Duration::from_secs(1);

/// Counts what goes wrong between one line of the log and the next.
#[derive(Debug, Default)]
pub(crate) struct Complaint(Mutex<Untold>);

#[derive(Debug, Default)]
struct Untold {
    told_at: Option<Instant>,
    count: u64,
}

impl Complaint {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Untold { told_at: None, count: 0 }))
    }

    /// It went wrong once more. If the log is to hear of it, how often since it last did, this time included.
    pub(crate) fn again(&self, now: Instant) -> Option<u64> {
        let mut untold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        untold.count += 1;
        if untold.told_at.is_some_and(|told| now < told + PAUSE) {
            return None;
        }
        untold.told_at = Some(now);
        Some(std::mem::take(&mut untold.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_others_once_a_second_with_their_count() {
        let complaint = Complaint::new();
        let now = Instant::now();
        assert_eq!(complaint.again(now), Some(1));
        for _ in 0..1000 {
            assert_eq!(complaint.again(now + PAUSE / 2), None);
        }
        assert_eq!(complaint.again(now + PAUSE), Some(1001));
        assert_eq!(complaint.again(now + PAUSE), None);
        assert_eq!(complaint.again(now + 10 * PAUSE), Some(2));
    }
}
