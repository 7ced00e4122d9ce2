//! The floor as a process, by every scenario that it takes part in.

use clap::Parser;
use suona_bench::{Door, Peer, Plan, Report, Scenario, measure, report::Metric};

#[derive(Parser)]
struct Planned {
    #[command(flatten)]
    plan: Plan,
}

fn measured(door: Door, scenarios: &[Scenario]) -> Report {
    let short = "bench -n 50 --runs 2 --deliveries 2000 --round-trips 200 --publications 50 --channels 20 --settle 20";
    let plan = Planned::parse_from(short.split(' ')).plan;
    let plan = Plan { door, scenarios: scenarios.to_vec(), ..plan };
    measure(&plan, &[Peer::Floor(env!("CARGO_BIN_EXE_suona-floor").into())], Vec::new()).unwrap()
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
