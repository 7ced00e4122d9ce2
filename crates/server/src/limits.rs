//! How often something may happen: token buckets, as values that are told the time.

mod keyed;

use std::time::{Duration, Instant};

pub use keyed::Keyed;

/// So often in so much time, at once or spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How often; at least 1.
    pub count: u32,
    /// In how much time.
    pub interval: Duration,
}

impl Rate {
    /// The time after which one more may happen.
    fn step(self) -> Duration {
        self.interval / self.count.max(1)
    }
}

/// Every one of these rates. None of them limits nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limit(pub Box<[Rate]>);

impl Limit {
    /// Whether there is anything to heed.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

/// A bucket of tokens, full at first. It remembers nothing but when it will be full again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    full_at: Option<Instant>,
}

impl Bucket {
    /// Takes a token, if there is one.
    pub fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let has = self.has(rate, now);
        if has {
            self.spend(rate, 1, now);
        }
        has
    }

    fn has(&self, rate: Rate, now: Instant) -> bool {
        self.lacks(now) + rate.step() <= rate.interval
    }

    /// Takes tokens that may not be there; what is owed is at most another bucket.
    fn spend(&mut self, rate: Rate, count: u32, now: Instant) {
        let owed = self.lacks(now) + rate.step().saturating_mul(count);
        self.full_at = Some(now + owed.min(2 * rate.interval));
    }

    /// How long until it is full.
    fn lacks(&self, now: Instant) -> Duration {
        self.full_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }
}

/// A bucket for each rate of a limit.
#[derive(Clone, Debug, Default)]
pub struct Buckets(Vec<Bucket>);

impl Buckets {
    /// Takes a token out of each, if each has one.
    pub fn take(&mut self, limit: &Limit, now: Instant) -> bool {
        self.0.resize(limit.0.len(), Bucket::default());
        let has = self.0.iter().zip(&limit.0).all(|(bucket, rate)| bucket.has(*rate, now));
        if has {
            self.spend(limit, 1, now);
        }
        has
    }

    fn spend(&mut self, limit: &Limit, count: u32, now: Instant) {
        self.0.resize(limit.0.len(), Bucket::default());
        self.0.iter_mut().zip(&limit.0).for_each(|(bucket, rate)| bucket.spend(*rate, count, now));
    }

    /// Whether they are as if nothing had ever been taken.
    fn are_full(&self, now: Instant) -> bool {
        self.0.iter().all(|bucket| bucket.lacks(now).is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Rate = Rate { count: 10, interval: Duration::from_secs(1) };

    #[test]
    fn a_bucket_gives_what_it_holds_at_once_and_the_rest_as_time_goes() {
        let (mut bucket, begin) = (Bucket::default(), Instant::now());
        let mut taken_after = |millis: u64| {
            let now = begin + Duration::from_millis(millis);
            (0..100).filter(|_| bucket.take(TEN, now)).count()
        };
        assert_eq!(taken_after(0), 10);
        assert_eq!(taken_after(99), 0);
        assert_eq!(taken_after(100), 1);
        assert_eq!(taken_after(600), 5);
        assert_eq!(taken_after(60_000), 10, "what was not used is not saved up");
    }

    #[test]
    fn of_several_rates_all_must_allow_it_and_a_refusal_costs_nothing() {
        let slow = Rate { count: 15, interval: Duration::from_secs(60) };
        let limit = Limit([TEN, slow].into());
        let (mut buckets, begin) = (Buckets::default(), Instant::now());
        let mut taken_after = |seconds: u64| {
            let now = begin + Duration::from_secs(seconds);
            (0..100).filter(|_| buckets.take(&limit, now)).count()
        };
        assert_eq!([taken_after(0), taken_after(1), taken_after(2), taken_after(5)], [10, 5, 0, 1]);
        assert!(Buckets::default().take(&Limit::default(), begin), "no rate limits nothing");
    }

    #[test]
    fn what_is_owed_is_paid_back_but_never_more_than_a_bucket() {
        let (mut bucket, now) = (Bucket::default(), Instant::now());
        bucket.spend(TEN, 1_000_000, now);
        assert!(!bucket.take(TEN, now + Duration::from_secs(1)));
        assert!(bucket.take(TEN, now + Duration::from_millis(1100)));
    }
}
