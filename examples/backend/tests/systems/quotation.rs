//! Bids by several suppliers on one lot.

use serde_json::json;

use crate::backend::{Backend, StandIn};

async fn lot(backend: &Backend, seconds: i64) -> String {
    let lot =
        backend.rpc("buyer", "open", json!({ "title": "空调", "ceiling": 100, "seconds": seconds })).await;
    lot["lot"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_bid_is_the_new_best_and_everybody_hears_it() {
    let gateway = StandIn::start().await;
    let backend = Backend::start(&gateway.url).await;
    let lot = lot(&backend, 600).await;
    let bid = backend.rpc("ann", "bid", json!({ "lot": lot, "price": 99.5 })).await;
    assert_eq!((&bid["price"], &bid["supplier"]), (&json!(99.5), &json!("ann")));
    let about = backend.rpc("bob", "lot", json!({ "lot": lot })).await;
    assert_eq!((&about["best"], &about["bids"]), (&json!(99.5), &json!(1)));
    let [opened, heard, stands] = gateway.published(3).await.try_into().unwrap();
    assert_eq!((opened.0.as_str(), &opened.1["lot"], &opened.1["best"]), ("lots", &json!(lot), &json!(100)));
    assert_eq!(heard, (format!("lot:{lot}"), bid.clone()));
    assert_eq!(stands, ("lots".to_owned(), about));
    assert_eq!(backend.rpc("bob", "bids", json!({ "lot": lot })).await, json!([bid]));
}

#[tokio::test]
async fn a_bid_that_cannot_win_is_refused_with_the_reason() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let lot = lot(&backend, 600).await;
    backend.rpc("ann", "bid", json!({ "lot": lot, "price": 90 })).await;
    for (price, code) in [(90, 1003), (91, 1003), (0, 1002), (-5, 1002)] {
        assert_eq!(
            backend.refusal("bob", "bid", json!({ "lot": lot, "price": price })).await,
            code,
            "{price}"
        );
    }
    assert_eq!(backend.refusal("bob", "bid", json!({ "lot": "none", "price": 1 })).await, 1004);
    assert_eq!(backend.refusal("bob", "bid", json!({ "lot": lot, "price": "1" })).await, 107);
    assert_eq!(backend.refusal("", "bid", json!({ "lot": lot, "price": 1 })).await, 103);
    assert_eq!(backend.refusal("device:pump-1", "bid", json!({ "lot": lot, "price": 1 })).await, 103);
    let bids = backend.rpc("bob", "bids", json!({ "lot": lot })).await;
    assert_eq!(bids.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn of_many_who_bid_the_same_at_once_one_wins() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let lot = lot(&backend, 600).await;
    let names: Vec<String> = (0..8).map(|number| format!("supplier {number}")).collect();
    let offers = names.iter().map(|name| {
        let data = json!({ "lot": lot, "price": 80 });
        let question = json!({ "user": name, "method": "bid", "data": data });
        let backend = &backend;
        async move { backend.hook("rpc", &question).await }
    });
    let answers = futures_util::future::join_all(offers).await;
    let won = answers.iter().filter(|answer| answer["error"].is_null()).count();
    let beaten = answers.iter().filter(|answer| answer["error"]["code"] == 1003).count();
    assert_eq!((won, beaten), (1, 7));
}

#[tokio::test]
async fn pages_of_bids_follow_each_other() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let lot = lot(&backend, 600).await;
    for price in (90..95).rev() {
        backend.rpc("ann", "bid", json!({ "lot": lot, "price": price })).await;
    }
    let mut prices = Vec::new();
    let mut before = json!(null);
    loop {
        let page = backend.rpc("ann", "bids", json!({ "lot": lot, "limit": 2, "before": before })).await;
        let page = page.as_array().unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        before = last["id"].clone();
        prices.extend(page.iter().map(|bid| bid["price"].as_i64().unwrap()));
    }
    assert_eq!(prices, [90, 91, 92, 93, 94]);
}

#[tokio::test]
async fn a_lot_says_what_it_is_and_when_it_ends() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let lots = backend.rpc("ann", "lots", json!(null)).await;
    let titles: Vec<_> = lots.as_array().unwrap().iter().map(|lot| lot["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["配送电动车 8 辆", "A4 复印纸 500 箱", "办公室空调 12 台"]);
    assert_eq!(lots[2]["best"], 36_000);
    assert!(lots[0]["endAt"].as_i64() > lots[1]["endAt"].as_i64());
    for (title, ceiling, seconds) in [("", 1, 60), ("x", 1, 0), ("x", 1, 9_999_999)] {
        let data = json!({ "title": title, "ceiling": ceiling, "seconds": seconds });
        assert_eq!(backend.refusal("ann", "open", data).await, 107);
    }
    assert_eq!(
        backend.refusal("ann", "open", json!({ "title": "x", "ceiling": 0, "seconds": 60 })).await,
        1002
    );
}

#[tokio::test]
async fn so_many_lots_are_open_and_no_more() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let open = json!({ "title": "x", "ceiling": 1, "seconds": 600 });
    // Three are open from the start.
    for _ in 3..100 {
        backend.rpc("ann", "open", open.clone()).await;
    }
    assert_eq!(backend.refusal("ann", "open", open).await, 1005);
}
