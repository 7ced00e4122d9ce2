//! The section `events`, right and wrong.

use super::*;

#[test]
fn nobody_is_told_of_events_without_an_endpoint() {
    assert!(Config::default().events.is_none());
    let reading = File::new("a.toml", "[events]\nendpoint = \"https://shop.example.com/events\"").read();
    assert_eq!(problems(&reading), [""; 0]);
    let events = reading.config.events.expect("there is an endpoint");
    assert_eq!(
        (events.endpoint.expose(), show_duration(events.timeout)),
        ("https://shop.example.com/events", "5s".to_owned())
    );
}

#[test]
fn mistakes_about_events_are_told_with_the_fix() {
    let told = toml("[events]\nendpoint = \"kafka://queue\"\ntimeout = \"0s\"\nbatch = 3");
    for sentence in [
        "events.endpoint: is no URL that can be asked; it begins with \"http://\" or \"https://\" (gRPC is not spoken)",
        "events.timeout: must be longer than nothing; the default is \"5s\"",
    ] {
        assert!(told.iter().any(|line| line.ends_with(sentence)), "missing: {sentence}\n{}", told.join("\n"));
    }
    assert!(told.iter().any(|line| line.contains("events.batch: unknown key")), "{}", told.join("\n"));
}

#[test]
fn passwords_of_those_who_are_told_are_not_shown() {
    let environment = [
        ("SUONA_EVENTS_ENDPOINT", "http://127.0.0.1:3000"),
        ("SUONA_EVENTS_HTTP_STATIC_HEADERS", r#"{"Authorization":"s3cret"}"#),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let reading = Sources { environment: &environment, ..Sources::default() }.read();
    assert_eq!(problems(&reading), [""; 0]);
    assert!(!format!("{:?}{}", reading.config, reading.settings.to_toml()).contains("s3cret"));
    assert_eq!(
        reading.config.events.expect("there is an endpoint").static_headers["authorization"],
        "s3cret"
    );
}
