//! Flags, the gateway's configuration, and what the README says of them.

use std::{fs, path::Path};

use suona_server::config::Sources;

use crate::backend::config;

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

#[test]
fn the_gateway_starts_with_our_configuration() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway.toml");
    let reading = Sources { file: Some(&path), ..Sources::default() }.read();
    assert!(reading.problems.is_empty(), "{:?}", reading.problems);
    let (config, _) = reading.accept(false).unwrap();
    assert_eq!(config.dangers(), Vec::<String>::new());
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
