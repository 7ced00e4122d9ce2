//! What was measured, as a table or as JSON.

use std::time::Duration;

use serde_json::{Value, json};

/// A whole measurement. What needs the gateway's process is absent where that is not known.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) connections: u32,
    pub(super) burst: u64,
    pub(super) size: u32,
    pub(super) recoverable: bool,
    pub(super) joining: Joining,
    pub(super) memory: Memory,
    pub(super) fan_out: FanOut,
}

/// What it took to upgrade, connect and subscribe.
#[derive(Debug, Default)]
pub(super) struct Joining {
    pub(super) connections: u32,
    pub(super) elapsed: Duration,
    /// Of the gateway.
    pub(super) cpu: Option<Duration>,
}

/// How many bytes the gateway has more than without connections, by their number.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) readings: Vec<(u32, u64)>,
}

/// What it took to publish.
#[derive(Debug)]
pub(super) struct FanOut {
    pub(super) deliveries: u64,
    pub(super) elapsed: Duration,
    /// Of the gateway.
    pub(super) cpu: Option<Duration>,
    /// Of the clients, to know whether they were fast enough.
    pub(super) own_cpu: Option<Duration>,
    /// How often clients read something.
    pub(super) reads: u64,
}

impl Joining {
    fn per_second(&self) -> f64 {
        f64::from(self.connections) / self.elapsed.as_secs_f64()
    }

    /// Microseconds of the gateway.
    fn cost(&self) -> Option<f64> {
        self.cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / f64::from(self.connections))
    }
}

impl Memory {
    /// Bytes of each connection, all that the gateway needs with them shared among them.
    fn per_connection(&self) -> Option<f64> {
        self.readings.last().map(|(connections, bytes)| *bytes as f64 / f64::from(*connections))
    }

    /// Bytes of each connection beyond the first thousand.
    fn slope(&self) -> Option<f64> {
        let [(few, before), (many, after)] = self.readings[..] else { return None };
        Some((after as f64 - before as f64) / f64::from(many - few))
    }
}

impl FanOut {
    fn per_second(&self) -> f64 {
        self.deliveries as f64 / self.elapsed.as_secs_f64()
    }

    fn per_million(&self, cpu: Option<Duration>) -> Option<f64> {
        cpu.map(|cpu| cpu.as_secs_f64() * 1e6 / self.deliveries as f64)
    }

    fn per_read(&self) -> f64 {
        self.deliveries as f64 / self.reads as f64
    }
}

impl Report {
    pub(super) fn to_json(&self) -> Value {
        let Self { connections, burst, size, recoverable, joining, memory, fan_out } = self;
        json!({
            "connections": connections,
            "burst": burst,
            "size": size,
            "recoverable": recoverable,
            "connects_per_second": joining.per_second(),
            "cpu_us_per_connect_and_subscribe": joining.cost(),
            "memory_bytes_per_connection": memory.per_connection(),
            "memory_slope_bytes": memory.slope(),
            "deliveries": fan_out.deliveries,
            "deliveries_per_second": fan_out.per_second(),
            "cpu_s_per_million_deliveries": fan_out.per_million(fan_out.cpu),
            "client_cpu_s_per_million_deliveries": fan_out.per_million(fan_out.own_cpu),
            "publications_per_read": fan_out.per_read(),
        })
    }

    pub(super) fn to_table(&self) -> String {
        let kind = if self.recoverable { "recoverable" } else { "not recoverable" };
        let fan_out = &self.fan_out;
        let head = format!(
            "{} connections with one subscription each, {kind}; bursts of {}; {} bytes of data",
            self.connections, self.burst, self.size
        );
        let rows = [
            ("connects", Some(self.joining.per_second()), "per second"),
            ("gateway's CPU", self.joining.cost(), "µs per upgrade, connect and subscribe"),
            ("memory", self.memory.per_connection(), "bytes per connection"),
            ("memory, slope", self.memory.slope(), "bytes per connection beyond the first 1000"),
            ("deliveries", Some(fan_out.per_second()), "per second, all of them counted"),
            ("gateway's CPU", fan_out.per_million(fan_out.cpu), "s per million deliveries"),
            ("clients' CPU", fan_out.per_million(fan_out.own_cpu), "s per million deliveries"),
            ("joined", Some(fan_out.per_read()), "publications per read of a client"),
        ];
        let row = |(name, value, unit): (&str, Option<f64>, &str)| {
            value.map(|value| format!("\n{name:<14}{:>12} {unit}", digits(value)))
        };
        head + &rows.into_iter().filter_map(row).collect::<String>()
    }
}

/// Three digits that mean something.
fn digits(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_what_was_counted() {
        let report = Report {
            connections: 2000,
            burst: 10,
            size: 72,
            recoverable: true,
            joining: Joining {
                connections: 2000,
                elapsed: Duration::from_secs(2),
                cpu: Some(Duration::from_millis(100)),
            },
            memory: Memory { readings: vec![(1000, 4_000_000), (2000, 6_000_000)] },
            fan_out: FanOut {
                deliveries: 2_000_000,
                elapsed: Duration::from_secs(4),
                cpu: Some(Duration::from_secs(1)),
                own_cpu: None,
                reads: 200_000,
            },
        };
        let json = report.to_json();
        assert_eq!(json["connects_per_second"], 1000.0);
        assert_eq!(json["cpu_us_per_connect_and_subscribe"], 50.0);
        assert_eq!(json["memory_bytes_per_connection"], 3000.0);
        assert_eq!(json["memory_slope_bytes"], 2000.0);
        assert_eq!(json["deliveries_per_second"], 500_000.0);
        assert_eq!(json["cpu_s_per_million_deliveries"], 0.5);
        assert_eq!(json["publications_per_read"], 10.0);
        assert!(json["client_cpu_s_per_million_deliveries"].is_null());
        assert!(!report.to_table().contains("clients' CPU"), "{}", report.to_table());
    }
}
