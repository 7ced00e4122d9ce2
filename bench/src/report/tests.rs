use super::*;

fn report() -> Report {
    let plan = Plan::of("bench fan-out --runs 3 -n 100,1000");
    let mut report = Report::new(&plan, vec![("Centrifugo".to_owned(), "no path was given".to_owned())]);
    report.introduce("floor", "1".to_owned());
    report.introduce("Suona", "2".to_owned());
    let reading = |value| [Reading { case: "lone", metric: Metric::CpuPerDelivery, value }];
    for (floor, suona) in [(4.0, 5.0), (5.0, 5.5), (8.0, 9.6)] {
        for clients in [100, 1000] {
            let load = Load { clients, channels: 0 };
            report.add(Scenario::FanOut, load, "floor", &reading(floor));
            report.add(Scenario::FanOut, load, "Suona", &reading(suona));
        }
    }
    report
}

#[test]
fn ratios_are_taken_within_a_run() {
    // 1.25, 1.1 and 1.2; the ratio of the medians would be 1.1.
    let table = report().to_markdown();
    assert!(table.contains("1.20 (1.10–1.25)"), "{table}");
    assert!(table.contains("5.00 (4.00–8.00)"), "{table}");
    assert!(table.contains("### fan-out, 1000 clients"), "{table}");
    assert!(table.contains("- Centrifugo: missing, no path was given"), "{table}");
}

#[test]
fn nothing_is_compared_with_a_floor_of_nothing() {
    let mut report = report();
    let load = Load { clients: 10, channels: 0 };
    for (peer, value) in [("floor", -0.1), ("Suona", 2.0)] {
        let reading = [Reading { case: "ten each", metric: Metric::CpuPerPublication, value }];
        report.add(Scenario::Flat, load, peer, &reading);
    }
    let table = report.to_markdown();
    assert!(table.contains("-0.10") && !table.contains("-20"), "{table}");
}

#[test]
fn json_has_every_run() {
    let json = report().to_json();
    assert_eq!(json["results"][0]["peers"]["Suona"]["runs"], json!([5.0, 5.5, 9.6]));
    assert_eq!(json["results"][0]["peers"]["floor"]["median"], 5.0);
    assert_eq!(json["results"][0]["unit"], "µs");
}

#[test]
fn a_chart_has_a_bar_for_each_peer_and_a_line_over_the_sizes() {
    let svg = report().to_svg();
    assert_eq!(svg.matches("<rect").count(), 4);
    assert_eq!(svg.matches("<circle").count(), 2, "Suona's line has a point for each size");
    assert!(svg.contains("5.50 µs") && svg.contains("1.20 ×"), "{svg}");
}

#[test]
fn a_measurement_goes_on_where_its_file_ends() {
    let folder = tempfile::tempdir().unwrap();
    let json = Some(folder.path().join("figures.json"));
    let outputs = Outputs { json, resume: true, ..Outputs::default() };
    let mut part = report();
    part.resume(&outputs).expect("there is no file yet");
    part.save(&outputs).unwrap();

    let plan = Plan::of("bench echo --runs 9");
    let mut rest = Report::new(&plan, vec![("Suona".to_owned(), "it is not here".to_owned())]);
    rest.introduce("floor", "1".to_owned());
    rest.resume(&outputs).unwrap();
    let load = Load { clients: 100, channels: 0 };
    let runs = ["floor", "Suona", "ws"].map(|peer| rest.runs(Scenario::FanOut, load, peer));
    assert_eq!(runs, [3, 3, 0]);
    rest.add(
        Scenario::Echo,
        load,
        "floor",
        &[Reading { case: "ping", metric: Metric::Latency99, value: 7.0 }],
    );
    let table = rest.to_markdown();
    for part in ["### fan-out, 100 clients, 3 runs", "### echo, 100 clients, one run", "- Suona: 2"] {
        assert!(table.contains(part), "{table}");
    }
    assert!(!table.contains("missing"), "{table}");

    rest.save(&outputs).unwrap();
    let mut whole = Report::new(&plan, Vec::new());
    whole.resume(&outputs).unwrap();
    assert_eq!(whole.median("floor", Scenario::Echo, "ping", Metric::Latency99), Some(7.0));
    let chart = whole.to_svg();
    assert!(chart.find(">floor<") < chart.find(">Suona<"), "in the order of measuring: {chart}");
}

#[test]
fn what_was_measured_otherwise_is_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let json = Some(folder.path().join("figures.json"));
    let outputs = Outputs { json, resume: true, ..Outputs::default() };
    report().save(&outputs).unwrap();
    let refusal = |line: &str, version: &str| {
        let mut other = Report::new(&Plan::of(line), Vec::new());
        other.introduce("floor", version.to_owned());
        other.resume(&outputs).unwrap_err().to_string()
    };
    let longer = refusal("bench --size 100", "1");
    assert!(longer.contains("made by another plan") && longer.contains("--resume"), "{longer}");
    let newer = refusal("bench", "2");
    assert!(newer.contains("floor was 1 then"), "{newer}");
}

#[test]
fn flat_is_drawn_as_lines_alone() {
    let plan = Plan::of("bench flat");
    let mut report = Report::new(&plan, Vec::new());
    for (peer, cost) in [("floor", 4.0), ("Suona", 5.0)] {
        report.introduce(peer, "1".to_owned());
        for (load, case) in plan
            .loads(Scenario::Flat)
            .into_iter()
            .map(|load| (load, if load.channels > 0 { "ten each" } else { "one channel" }))
        {
            let readings = [(Metric::CpuPerDelivery, 9.0), (Metric::CpuPerDeliveryAlone, cost)];
            let readings = readings.map(|(metric, value)| Reading { case, metric, value });
            report.add(Scenario::Flat, load, peer, &readings);
        }
    }
    let svg = report.to_svg();
    assert_eq!((svg.matches("<rect").count(), svg.matches("<circle").count()), (0, 10), "{svg}");
    assert!(svg.contains("1.25 ×") && svg.contains("1.3 ×") && svg.contains(">100000<"), "{svg}");
    let table = report.to_markdown();
    assert!(table.contains("### flat, 100000 channels, 19000 clients, one run"), "{table}");
    assert!(table.contains("### flat, 1 channel, 19000 clients, one run"), "{table}");
}
