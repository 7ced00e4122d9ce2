//! The figures that are measured, and how they are written.

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    Latency99,
    /// None took longer.
    LatencyWorst,
    /// CPU for taking in a publication.
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
    /// What it is called in JSON.
    pub fn key(self) -> &'static str {
        self.words().0
    }

    /// What it is called in tables.
    pub fn label(self) -> &'static str {
        self.words().1
    }

    /// What it is counted in.
    pub fn unit(self) -> &'static str {
        self.words().2
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Memory => ("memory", "memory per client", "B"),
            Self::MemorySlope => ("memory_slope", "memory per further client", "B"),
            Self::MemoryGrowth => ("memory_growth", "memory that comes in a minute", "B"),
            Self::MemoryGrowthPerClient => ("memory_growth_per_client", "… per client", "B"),
            Self::MemoryMost => ("memory_most", "memory at most", "B"),
            Self::CpuPerJoin => ("cpu_per_join", "CPU to upgrade, connect, subscribe", "µs"),
            Self::JoinsPerSecond => ("joins_per_second", "clients that come in", "/s"),
            Self::CpuPerDelivery => ("cpu_per_delivery", "CPU per delivery", "µs"),
            Self::DeliveriesPerSecond => ("deliveries_per_second", "deliveries", "/s"),
            Self::PublicationsPerRead => ("publications_per_read", "publications per read", ""),
            Self::BytesPerDelivery => ("bytes_per_delivery", "length of a message", "B"),
            Self::OwnCpuPerDelivery => ("own_cpu_per_delivery", "CPU of the generator", "µs"),
            Self::CpuPerRoundTrip => ("cpu_per_round_trip", "CPU per round trip", "µs"),
            Self::RoundTripsPerSecond => ("round_trips_per_second", "round trips", "/s"),
            Self::LatencyMedian => ("latency_median", "latency, median", "µs"),
            Self::Latency99 => ("latency_99", "latency, 99 %", "µs"),
            Self::LatencyWorst => ("latency_worst", "latency, worst", "µs"),
            Self::CpuPerPublication => ("cpu_per_publication", "CPU per publication", "µs"),
            Self::PublicationsPerSecond => ("publications_per_second", "publications", "/s"),
            Self::CpuPerReturn => ("cpu_per_return", "CPU to come back and recover", "µs"),
            Self::ReturnsPerSecond => ("returns_per_second", "clients that come back", "/s"),
            Self::Departures => ("departures", "clients that went and came back", ""),
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
                | Self::CpuPerRoundTrip
                | Self::CpuPerPublication
                | Self::CpuPerReturn
        )
    }
}
