use clap::Parser;

use super::*;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    plan: Plan,
}

fn report() -> Report {
    let plan = Command::parse_from(["bench", "fan-out", "--runs", "3", "-n", "100,1000"]).plan;
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
