//! The robot: a supplier who now and then bids a little less than everybody else.

use serde::Deserialize;
use serde_json::{Value, json};
use suona_client::{Fault, Suona};

use super::pause;
use crate::stage::Stage;

pub(super) const NAME: &str = "机器人供应商";

/// Below this part of what a lot may cost the robot would lose money, in yuan per yuan.
const LEAST: f64 = 0.6;

/// So many bids it makes on a new lot soon, and without anybody who looks: who opens the page finds a list.
const OPENING: u32 = 5;

#[derive(Deserialize)]
struct Lot {
    best: f64,
}

/// What the robot knows of a lot.
#[derive(Default)]
struct Plan {
    lot: String,
    /// The least that it would do it for.
    limit: f64,
    bids: u32,
}

/// Lives for as long as its client.
pub(super) async fn live(suona: Suona, stage: &Stage) {
    let mut plan = Plan::default();
    loop {
        let lot = stage.watch().borrow().lot().to_owned();
        let is_opening = plan.lot != lot || plan.bids < OPENING;
        pause(if is_opening { 0.8..1.6 } else { 5.0..10.0 }).await;
        let may = stage.on(|scene| scene.robot) || is_opening && stage.watch().borrow().robot;
        if lot.is_empty() || !may {
            continue;
        }
        if let Err(fault) = bid(&suona, lot, &mut plan).await {
            tracing::debug!(%fault, "the robot was too late");
        }
    }
}

async fn bid(suona: &Suona, lot: String, plan: &mut Plan) -> Result<(), Fault> {
    let Lot { best } = suona.rpc("lot", &json!({ "lot": lot })).await?;
    if plan.lot != lot {
        *plan = Plan { lot: lot.clone(), limit: best * LEAST, bids: 0 };
    }
    plan.bids += 1;
    let price = (best * (1.0 - rand::random_range(0.001..0.006))).floor();
    if price < plan.limit {
        return Ok(());
    }
    suona.rpc::<Value>("bid", &json!({ "lot": lot, "price": price })).await.map(|_| ())
}
