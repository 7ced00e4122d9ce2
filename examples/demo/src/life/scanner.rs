//! The scanner at the gate: reads the code of what is carried past it.

use serde_json::{Value, json};
use suona_client::Suona;

use super::pause;
use crate::stage::Stage;

pub(super) const SERIAL: &str = "gate";
/// As the backend's samples have it.
pub(super) const KEY: &str = "the-key-of-the-gate";

/// What is carried past: goods that the backend knows.
const CODES: [&str; 4] = ["6900000007919", "6900000015838", "6900000023757", "6900000031676"];

/// So many come soon: who opens the page finds a list.
const OPENING: u32 = 3;

/// Lives for as long as its client.
pub(super) async fn live(suona: Suona, stage: &Stage) {
    let mut scanned = 0;
    loop {
        pause(if scanned < OPENING { 1.0..2.5 } else { 6.0..11.0 }).await;
        if !stage.on(|scene| scene.scanner) {
            continue;
        }
        scanned += 1;
        let code = CODES[rand::random_range(0..CODES.len())];
        if let Err(fault) = suona.rpc::<Value>("scan", &json!({ "code": code })).await {
            tracing::debug!(%fault, "a scan was lost");
        }
    }
}
