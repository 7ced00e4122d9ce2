//! The robot: a supplier who now and then bids a little less than everybody else.

use serde::Deserialize;
use serde_json::{Value, json};
use suona_client::{Fault, Suona};

use super::pause;
use crate::stage::Stage;

pub(super) const NAME: &str = "机器人供应商";

/// Below this part of what a lot may cost the robot would lose money, in yuan per yuan.
const LEAST: f64 = 0.6;

#[derive(Deserialize)]
struct Lot {
    best: f64,
}

/// Lives for as long as its client.
pub(super) async fn live(suona: Suona, stage: &Stage) {
    // The lot, and the least that the robot would do it for.
    let mut limit = (String::new(), 0.0);
    loop {
        pause(5.0..10.0).await;
        let lot = stage.watch().borrow().lot().to_owned();
        if lot.is_empty() || !stage.on(|scene| scene.robot) {
            continue;
        }
        if let Err(fault) = bid(&suona, lot, &mut limit).await {
            tracing::debug!(%fault, "the robot was too late");
        }
    }
}

async fn bid(suona: &Suona, lot: String, limit: &mut (String, f64)) -> Result<(), Fault> {
    let Lot { best } = suona.rpc("lot", &json!({ "lot": lot })).await?;
    if limit.0 != lot {
        *limit = (lot.clone(), best * LEAST);
    }
    let price = (best * (1.0 - rand::random_range(0.001..0.006))).floor();
    if price < limit.1 {
        return Ok(());
    }
    suona.rpc::<Value>("bid", &json!({ "lot": lot, "price": price })).await.map(|_| ())
}
