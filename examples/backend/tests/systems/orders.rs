//! The order desk.

use serde_json::json;

use crate::backend::{Backend, StandIn};

#[tokio::test]
async fn the_list_has_sums_by_kind_and_needs_no_name() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    // A plain door sends the whole message.
    let overview = backend.rpc("", "list", json!({ "method": "list" })).await;
    let sums = ["allAmount", "orderNum", "jdcAmount", "jszAmount"].map(|sum| overview[sum].as_i64().unwrap());
    assert_eq!(sums, [930, 4, 760, 170]);
    assert_eq!(overview["list"][0]["title"], "驾驶证遗失补证");
    let page = backend.rpc("", "list", json!({ "before": overview["list"][1]["id"], "limit": 1 })).await;
    assert_eq!(page["list"], json!([overview["list"][2]]));
}

#[tokio::test]
async fn a_new_order_is_told_and_the_first_to_accept_it_has_it() {
    let gateway = StandIn::start().await;
    let backend = Backend::start(&gateway.url).await;
    let new = json!({ "title": "新车上牌", "kind": "jdc", "amount": 500 });
    let order = backend.rpc("ann", "order", new.clone()).await;
    let accepted = backend.rpc("bob", "accept", json!({ "id": order["id"] })).await;
    assert_eq!(accepted["acceptedBy"], "bob");
    assert_eq!(backend.rpc("bob", "accept", json!({ "id": order["id"] })).await, accepted);
    assert_eq!(backend.refusal("ann", "accept", json!({ "id": order["id"] })).await, 1302);
    assert_eq!(backend.refusal("ann", "accept", json!({ "id": "o99" })).await, 1301);
    assert_eq!(backend.refusal("", "order", new).await, 103);
    let wrong = json!({ "title": "x", "kind": "bicycle", "amount": 1 });
    assert_eq!(backend.refusal("ann", "order", wrong).await, 107);
    let notice = ("orders".to_owned(), json!({ "method": "notify", "id": order["id"] }));
    assert_eq!(gateway.published(2).await, [notice.clone(), notice]);
}
