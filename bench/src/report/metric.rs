//! The figures that are measured, and how they are written.

use serde::{Deserialize, Serialize};

/// A figure. JSON has its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Memory of each client.
    Memory,
    /// Memory of each client beyond the first thousand.
    MemorySlope,
    /// Memory that came in a minute, by the line that fits best.
    MemoryGrowth,
    /// The same for each client.
    MemoryGrowthPerClient,
    /// The most memory that was read.
    MemoryMost,
    /// CPU for upgrade, connect and subscribe.
    CpuPerJoin,
    /// How many clients came in.
    JoinsPerSecond,
    /// CPU for a publication that one client hears.
    CpuPerDelivery,
    /// CPU for each further client that hears a publication.
    CpuPerDeliveryAlone,
    /// How many publications clients heard.
    DeliveriesPerSecond,
    /// How many publications a client read at once.
    PublicationsPerRead,
    /// The length of a message, its frame's header not counted.
    BytesPerDelivery,
    /// CPU of the generator, to know whether it kept up.
    OwnCpuPerDelivery,
    /// CPU for a question and its answer.
    CpuPerRoundTrip,
    /// How many questions were answered.
    RoundTripsPerSecond,
    /// Half of the answers took longer.
    LatencyMedian,
    /// One of a hundred took longer.
    #[serde(rename = "latency_99")]
    Latency99,
    /// None took longer.
    LatencyWorst,
    /// CPU for a publication, apart from its deliveries.
    CpuPerPublication,
    /// How many publications were taken in.
    PublicationsPerSecond,
    /// CPU for a client that comes back and gets what it missed.
    CpuPerReturn,
    /// How many clients came back.
    ReturnsPerSecond,
    /// How often clients went, to come back.
    Departures,
}

impl Metric {
    /// What it is called in tables.
    pub fn label(self) -> &'static str {
        self.words().0
    }

    /// What it is counted in.
    pub fn unit(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Memory => ("memory per client", "B"),
            Self::MemorySlope => ("memory per further client", "B"),
            Self::MemoryGrowth => ("memory that comes in a minute", "B"),
            Self::MemoryGrowthPerClient => ("… per client", "B"),
            Self::MemoryMost => ("memory at most", "B"),
            Self::CpuPerJoin => ("CPU to upgrade, connect, subscribe", "µs"),
            Self::JoinsPerSecond => ("clients that come in", "/s"),
            Self::CpuPerDelivery => ("CPU per delivery", "µs"),
            Self::CpuPerDeliveryAlone => ("CPU per further subscriber", "µs"),
            Self::DeliveriesPerSecond => ("deliveries", "/s"),
            Self::PublicationsPerRead => ("publications per read", ""),
            Self::BytesPerDelivery => ("length of a message", "B"),
            Self::OwnCpuPerDelivery => ("CPU of the generator", "µs"),
            Self::CpuPerRoundTrip => ("CPU per round trip", "µs"),
            Self::RoundTripsPerSecond => ("round trips", "/s"),
            Self::LatencyMedian => ("latency, median", "µs"),
            Self::Latency99 => ("latency, 99 %", "µs"),
            Self::LatencyWorst => ("latency, worst", "µs"),
            Self::CpuPerPublication => ("CPU per publication", "µs"),
            Self::PublicationsPerSecond => ("publications", "/s"),
            Self::CpuPerReturn => ("CPU to come back and recover", "µs"),
            Self::ReturnsPerSecond => ("clients that come back", "/s"),
            Self::Departures => ("clients that went and came back", ""),
        }
    }

    /// Whether less of it is better, and it is the server's: charts show it.
    pub fn is_cost(self) -> bool {
        self.is_cpu() || matches!(self, Self::Memory | Self::MemorySlope)
    }

    /// Whether it is the server's CPU, which is compared with the floor's.
    pub fn is_cpu(self) -> bool {
        matches!(
            self,
            Self::CpuPerJoin
                | Self::CpuPerDelivery
                | Self::CpuPerDeliveryAlone
                | Self::CpuPerRoundTrip
                | Self::CpuPerPublication
                | Self::CpuPerReturn
        )
    }
}
