//! `bench` as an operator starts it, at a size that hurts nobody.

use std::{
    net::TcpListener,
    process::{Command, Output},
};

use serde_json::Value;

fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_suona"));
    // What the machine's environment says about proxies is no part of the test.
    command.arg("bench").args(arguments).env_clear().output().unwrap()
}

#[test]
fn a_measurement_of_a_gateway_of_its_own_counts_every_delivery() {
    let arguments = ["--spawn", "-n", "20", "-m", "15", "--burst", "5", "--settle", "0", "--json"];
    let output = bench(&arguments);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["deliveries"], 20 * 15);
    assert!(report["publications_per_read"].as_f64().unwrap() <= 5.0);
    if cfg!(target_os = "linux") {
        assert!(report["cpu_us_per_connect_and_subscribe"].as_f64().unwrap() > 0.0);
    }
}

#[test]
fn bench_says_why_it_failed_and_what_to_do() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let output = bench(&["--address", &free, "-n", "1"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("or start one with --spawn"), "{stderr}");
    assert_eq!(bench(&["--burst", "0"]).status.code(), Some(2));
    let output = bench(&["-n", "4000000000"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("raise `ulimit -n`"), "{output:?}");
}
