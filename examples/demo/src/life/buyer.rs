//! The buyer: has always something to buy, and puts it out for bids.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use suona_client::Suona;
use tokio::time;

use crate::stage::Stage;

pub(super) const NAME: &str = "采购员";

/// What is needed again and again, and what it may cost at most, in yuan.
const NEEDS: [(&str, u32); 4] = [
    ("A4 复印纸 500 箱", 65_000),
    ("办公室空调 12 台", 36_000),
    ("配送电动车 8 辆", 28_800),
    ("不锈钢货架 40 组", 19_600),
];

/// How long bids are taken.
const OPEN: Duration = Duration::from_secs(10 * 60);
/// So long everybody may look at who has won.
const REST: Duration = Duration::from_secs(15);
/// When the backend has not answered.
const NEXT_TRY: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Lot {
    lot: String,
}

/// Lives for as long as its client.
pub(super) async fn live(suona: Suona, stage: &Stage) {
    for (title, ceiling) in NEEDS.into_iter().cycle() {
        let lot = json!({ "title": title, "ceiling": ceiling, "seconds": OPEN.as_secs() });
        match suona.rpc::<Lot>("open", &lot).await {
            Ok(Lot { lot }) => {
                stage.show_lot(&lot);
                time::sleep(OPEN + REST).await;
            }
            Err(fault) => {
                tracing::warn!(%fault, "no lot could be opened");
                time::sleep(NEXT_TRY).await;
            }
        }
    }
}
