//! The section `client.rate_limit`, and what a namespace has of it: how often clients may do something.

use std::time::Duration;

use super::{check::Check, schema::section};
use crate::limits::{Limit, Rate};

section! {
    /// How often clients may do something; nothing is limited unless it is enabled.
    pub struct RateLimit {
        /// Commands of one connection.
        client_command: CommandLimit = CommandLimit::default(),
        /// Commands of one user, on all its connections to this process. Anonymous users are not counted.
        user_command: CommandLimit = CommandLimit::default(),
        /// Connections from one address; of IPv6 a /64 is one.
        ip_connect: AddressLimit = AddressLimit::default(),
    }
}

section! {
    /// How often commands may be sent.
    pub struct CommandLimit {
        /// Whether it is heeded.
        enabled: bool = false,
        /// All commands together.
        total: Buckets = Buckets::default(),
    }
}

section! {
    /// Token buckets; each of them must allow it.
    pub struct Buckets {
        /// Whether they are heeded.
        enabled: bool = false,
        /// So many in so much time.
        buckets: Vec<BucketSettings> = Vec::new(),
    }
}

section! {
    /// So many in so much time, at once or spread.
    pub struct BucketSettings {
        /// In how much time, from "1s" to "1h".
        interval: Duration = Duration::from_secs(1),
        /// How many; at least 1.
        rate: usize = 0,
    }
}

section! {
    /// How many connections one address may open and hold.
    pub struct AddressLimit {
        /// Whether it is heeded.
        enabled: bool = false,
        /// How often it may open one: so many in so much time.
        buckets: Vec<BucketSettings> = Vec::new(),
        /// How many it may hold at a time; 0 for any number.
        max_concurrent_per_ip: usize = 0,
    }
}

impl CommandLimit {
    /// What is heeded.
    pub fn limit(&self) -> Limit {
        if self.enabled { self.total.limit() } else { Limit::default() }
    }
}

impl Buckets {
    /// What is heeded.
    pub fn limit(&self) -> Limit {
        if self.enabled { limit(&self.buckets) } else { Limit::default() }
    }

    pub(super) fn check(&self, check: &mut Check<'_>, at: &str) {
        if self.enabled && self.buckets.is_empty() {
            let message = "needs buckets beside it, such as [{ interval = \"1s\", rate = 50 }]";
            check.wrong(at, &["enabled", "buckets"], message);
        }
        check_buckets(&self.buckets, check, at);
    }
}

impl AddressLimit {
    /// How often an address may open a connection.
    pub fn limit(&self) -> Limit {
        if self.enabled { limit(&self.buckets) } else { Limit::default() }
    }

    /// How many connections an address may hold; 0 for any number.
    pub fn most(&self) -> usize {
        if self.enabled { self.max_concurrent_per_ip } else { 0 }
    }
}

impl RateLimit {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        let at = "client.rate_limit";
        for (key, limit) in [("client_command", &self.client_command), ("user_command", &self.user_command)] {
            let at = format!("{at}.{key}");
            limit.total.check(check, &format!("{at}.total"));
            if limit.enabled && !limit.total.enabled {
                check.wrong(
                    &at,
                    &["enabled", "total"],
                    "limits nothing; set total.enabled and total.buckets",
                );
            }
        }
        let at = format!("{at}.ip_connect");
        check_buckets(&self.ip_connect.buckets, check, &at);
        if self.ip_connect.enabled && self.ip_connect.buckets.is_empty() && self.ip_connect.most() == 0 {
            let message = "limits nothing; set buckets, or max_concurrent_per_ip";
            check.wrong(&at, &["enabled", "buckets", "max_concurrent_per_ip"], message);
        }
    }
}

fn limit(buckets: &[BucketSettings]) -> Limit {
    let rate = |bucket: &BucketSettings| Rate {
        count: u32::try_from(bucket.rate).unwrap_or(u32::MAX),
        interval: bucket.interval,
    };
    Limit(buckets.iter().map(rate).collect())
}

fn check_buckets(buckets: &[BucketSettings], check: &mut Check<'_>, at: &str) {
    for (index, bucket) in buckets.iter().enumerate() {
        let at = format!("{at}.buckets[{index}]");
        if !(1..=3600).contains(&bucket.interval.as_secs()) {
            check.wrong(&at, &["interval"], "must be from \"1s\" to \"1h\"");
        }
        // A step of the bucket is then at least a microsecond.
        if !(1..=1_000_000).contains(&bucket.rate) {
            check.wrong(&at, &["rate"], "must be from 1 to 1000000");
        }
    }
}
