//! Flags, the gateway's configuration, and what the README says of them.

use std::{fs, path::Path};

use suona_server::config::Sources;

use crate::{
    backend::config,
    gateway::{Client, gateway},
};

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_gateway_starts_with_our_configuration() {
    assert_eq!(dangers("gateway.toml"), Vec::<String>::new());
}

#[test]
fn the_gateway_starts_with_plain_doors_and_says_which_of_them_trust_names() {
    let dangers = dangers("../plain.toml");
    assert_eq!(dangers.len(), 3, "{dangers:?}");
    assert!(dangers.iter().all(|danger| danger.contains("trust_names")), "{dangers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_under_development_may_connect_and_no_other_page() {
    let gateway = gateway("http://127.0.0.1:9", "");
    for ours in ["http://localhost:5173", "http://127.0.0.1:5173"] {
        assert!(Client::may_open(&gateway, ours).await, "{ours}");
    }
    for other in ["http://localhost:5174", "https://localhost:5173", "http://example.com", "null"] {
        assert!(!Client::may_open(&gateway, other).await, "{other}");
    }
}

/// What the gateway warns of with that configuration, with which it starts.
fn dangers(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let reading = Sources { file: Some(&path), ..Sources::default() }.read();
    assert!(reading.problems.is_empty(), "{:?}", reading.problems);
    reading.accept(false).unwrap().0.dangers()
}

#[test]
fn plain_doors_stand_beside_the_whole_of_it() {
    let ours = file("gateway.toml");
    let (_, keys) = ours.split_once("\n\n").unwrap();
    assert!(file("../plain.toml").contains(keys));
}

#[test]
fn dev_brings_the_keys_of_that_configuration() {
    let toml = file("gateway.toml");
    let source = file("src/config.rs");
    let keys = source.split(r#"ArgPredicate::IsPresent, ""#).skip(1);
    let keys: Vec<_> = keys.map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| toml.contains(key)), "{keys:?}");
}

#[test]
fn without_dev_every_key_must_be_given() {
    assert!(config(&["--dev"]).is_ok());
    let keys = ["--api-key", "a", "--token-key", "b", "--webhook-key", "c"];
    assert!(config(&keys).is_ok());
    for missing in [0, 2, 4] {
        let mut flags = keys.to_vec();
        flags.drain(missing..missing + 2);
        let error = config(&flags).unwrap_err().to_string();
        assert!(error.contains(keys[missing]), "{error}");
    }
    assert!(config(&[&keys[..], &["--app-id", "wx"]].concat()).is_err());
}

#[test]
fn no_secret_is_shown() {
    let keys = ["--api-key", "opensesame", "--token-key", "opensesame", "--webhook-key", "opensesame"];
    let app = ["--app-id", "wx", "--app-secret", "opensesame"];
    let shown = format!("{:?}", config(&[&keys[..], &app].concat()).unwrap());
    assert!(shown.contains("***") && !shown.contains("opensesame"), "{shown}");
}
