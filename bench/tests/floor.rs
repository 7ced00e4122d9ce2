//! The floor as a process, by every scenario that it takes part in.

use clap::Parser;
use suona_bench::{Door, Outputs, Peer, Plan, Report, Scenario, measure, report::Metric};

#[derive(Parser)]
struct Planned {
    #[command(flatten)]
    plan: Plan,
}

fn measured(door: Door, scenarios: &[Scenario]) -> Report {
    let short = "bench -n 50 --runs 2 --deliveries 2000 --round-trips 200 --publications 50 --channels 20 --settle 20";
    let plan = Planned::parse_from(short.split(' ')).plan;
    let plan = Plan { door, scenarios: scenarios.to_vec(), ..plan };
    measure(&plan, &[Peer::Floor(env!("CARGO_BIN_EXE_suona-floor").into())], Vec::new(), &Outputs::default())
        .unwrap()
}

#[test]
fn the_floor_takes_part_in_every_scenario() {
    let report = measured(Door::Json, &[]);
    let table = report.to_markdown();
    for scenario in ["idle", "fan-out", "channels", "echo", "publish", "storm", "restart"] {
        assert!(table.contains(&format!("### {scenario}, ")), "{table}");
    }
}

#[test]
fn the_floor_joins_a_burst_in_one_write() {
    for door in [Door::Json, Door::Protobuf, Door::Plain] {
        let report = measured(door, &[Scenario::FanOut]);
        let read = report.median("floor", Scenario::FanOut, "burst", Metric::PublicationsPerRead);
        // Each write is counted by the floor itself; here it is seen from outside.
        assert_eq!(read, Some(10.0), "{door:?}");
    }
}

#[test]
fn publishing_is_told_apart_from_delivering() {
    let report = measured(Door::Json, &[Scenario::Flat]);
    let median = |metric| report.median("floor", Scenario::Flat, "one channel", metric).unwrap();
    let (whole, alone) = (median(Metric::CpuPerDelivery), median(Metric::CpuPerDeliveryAlone));
    assert!(alone < whole && median(Metric::CpuPerPublication) > 0.0, "{alone} of {whole}");
    assert_eq!(median(Metric::PublicationsPerRead), 1.0);
}
