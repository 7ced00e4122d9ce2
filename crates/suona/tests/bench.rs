//! `bench` as an operator starts it, at a size that hurts nobody.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Output},
    thread,
};

use clap::Parser as _;
use serde_json::Value;
use suona_bench::{
    Door, Floor, Peer, Plan,
    crowd::{Crowd, Entrance, IN_TURN, Publishing},
    layout::Layout,
    wire::{self, Wire},
};

fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_suona"));
    // What the machine's environment says about proxies is no part of the test.
    command.arg("bench").args(arguments).env_clear().env("PATH", env!("PATH")).output().unwrap()
}

/// Each scenario once, with so few of everything that it takes a second.
const SHORT: [&str; 15] = [
    "--spawn",
    "-n",
    "50",
    "--runs",
    "1",
    "--deliveries",
    "2000",
    "--round-trips",
    "200",
    "--publications",
    "50",
    "--channels",
    "20",
    "--settle",
    "50",
];

fn measure_everything(door: &str, scenarios: &[&str]) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{door}.json"));
    let svg = file.with_extension("svg");
    let to_files = ["--json", file.to_str().unwrap(), "--svg", svg.to_str().unwrap(), "--door", door];
    let output = bench(&[&SHORT[..], &to_files].concat());
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let results = report["results"].as_array().unwrap();
    let measured = |name: &&str| results.iter().any(|result| result["scenario"] == **name);
    assert!(scenarios.iter().all(measured), "{report:#}");
    for result in results {
        let runs = result["peers"]["Suona"]["runs"].as_array().unwrap();
        assert!(runs.len() == 1 && runs[0].as_f64().unwrap().is_finite(), "{result}");
    }
    assert!(String::from_utf8(output.stdout).unwrap().contains("### fan-out"));
    assert!(std::fs::read_to_string(svg).unwrap().starts_with("<svg "));
}

#[test]
fn every_scenario_measures_the_managed_door_in_json() {
    measure_everything("json", &["idle", "fan-out", "channels", "echo", "publish", "storm", "restart"]);
}

#[test]
fn every_scenario_measures_the_managed_door_in_protobuf() {
    measure_everything("protobuf", &["idle", "fan-out", "channels", "echo", "publish", "storm", "restart"]);
}

#[test]
fn a_plain_door_is_measured_by_the_scenarios_that_suit_it() {
    measure_everything("plain", &["idle", "fan-out", "echo", "publish"]);
}

#[test]
fn tls_is_measured_beside_the_same_without() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-tls.json");
    // The body of the largest request is longer than what TLS writes at once.
    let scenarios = ["idle", "flat", "echo", "storm", "--tls", "--channels", "1000", "--json"];
    let output = bench(&[&SHORT[..], &scenarios, &[file.to_str().unwrap()]].concat());
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let results = report["results"].as_array().unwrap();
    for scenario in ["idle", "flat", "echo", "storm"] {
        assert!(results.iter().any(|result| result["scenario"] == scenario), "{report:#}");
    }
    for result in results {
        for peer in ["Suona", "Suona TLS"] {
            assert_eq!(result["peers"][peer]["runs"].as_array().map(Vec::len), Some(1), "{result}");
        }
    }
    assert_eq!(bench(&["--tls"]).status.code(), Some(2), "it needs --spawn");
}

#[test]
fn compressed_deliveries_are_shorter() {
    let length = |compress: &[&str]| -> f64 {
        let file =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-bytes-{}.json", compress.len()));
        let long = ["fan-out", "--size", "1000", "--json", file.to_str().unwrap()];
        let output = bench(&[&SHORT[..], &long, compress].concat());
        assert!(output.status.success(), "{output:?}");
        let report: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let results = report["results"].as_array().unwrap();
        let bytes = results.iter().find(|result| result["metric"] == "bytes_per_delivery").unwrap();
        bytes["peers"]["Suona"]["median"].as_f64().unwrap()
    };
    let (plain, compressed) = (length(&[]), length(&["--compress"]));
    assert!(plain > 1000.0 && compressed < plain / 2.0, "{compressed} of {plain}");
}

#[test]
fn a_short_soak_loses_nothing_and_keeps_its_memory() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-soak.json");
    let output = bench(&["soak", "--spawn", "-n", "60", "--seconds", "10", "--json", file.to_str().unwrap()]);
    // Every client checks the number of each publication; whatever is lost, or lost to it, ends the soak.
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("soak: --seed "), "{output:?}");
    let report: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let results = report["results"].as_array().unwrap();
    let figures = |metric: &str| -> Vec<f64> {
        let of = results.iter().filter(|result| result["metric"] == metric);
        of.map(|result| result["peers"]["Suona"]["median"].as_f64().unwrap()).collect()
    };
    assert!(figures("departures").iter().all(|count| *count > 0.0), "{report:#}");
    assert!(figures("deliveries_per_second")[0] > 0.0, "{report:#}");
    let mebibytes = |metric| figures(metric).iter().map(|bytes| bytes / f64::from(1 << 20)).sum::<f64>();
    // Filling histories and the allocator's arenas take some; a leak at this rate of coming and going takes more.
    let within = mebibytes("memory_growth") < 60.0 && mebibytes("memory_most") < 120.0;
    assert!(within || cfg!(not(target_os = "linux")), "{report:#}");
}

/// What a delivery is long, over three clients of one channel.
fn bytes_of_a_delivery(entrance: Entrance, wire: &dyn Wire) -> u64 {
    let mut crowd = Crowd::new(entrance, wire, Layout::one("same", 3)).unwrap();
    crowd.grow(3, IN_TURN, |_| ()).unwrap();
    // The first of a stream may carry more.
    crowd.publish(&[0], 72).unwrap();
    crowd.settle().unwrap();
    let before = crowd.tally().bytes;
    crowd.publish(&[0], 72).unwrap();
    crowd.settle().unwrap();
    crowd.verify().unwrap();
    crowd.tally().bytes - before
}

#[derive(clap::Parser)]
struct Planned {
    #[command(flatten)]
    plan: Plan,
}

#[test]
fn the_floor_writes_as_many_bytes_as_the_gateway() {
    for (door, bare) in [
        (Door::Json, Box::new(wire::Json { secret: None }) as Box<dyn Wire>),
        (Door::Protobuf, Box::new(wire::Protobuf { secret: None })),
        (Door::Plain, Box::new(wire::Plain)),
    ] {
        let plan = Plan { door, ..Planned::parse_from(["bench"]).plan };
        let gateway = Peer::Suona(env!("CARGO_BIN_EXE_suona").into()).start(&plan).unwrap();
        let mut floor = Floor::listen(door, 0).unwrap();
        let entrance = Entrance {
            address: floor.local_addr().unwrap(),
            publishing: Publishing::Batch(None),
            compress: false,
            tls: None,
        };
        thread::spawn(move || floor.run());
        let of_gateway = bytes_of_a_delivery(gateway.entrance.clone(), &*gateway.wire);
        let of_floor = bytes_of_a_delivery(entrance, &wire::Floor { inner: bare });
        assert_eq!(of_gateway, of_floor, "{door:?}");
    }
}

#[test]
fn bench_says_why_it_failed_and_what_to_do() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let output = bench(&["echo", "--address", &free, "-n", "1"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("or start one with --spawn"), "{stderr}");
    assert_eq!(bench(&["--runs", "0"]).status.code(), Some(2));
    let output = bench(&["-n", "4000000000"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("raise `ulimit -n`"), "{output:?}");
}
