//! What was acknowledged is published, whatever happens to the gateway or to the backend meanwhile.

use serde_json::{Value, json};

use crate::backend::{Backend, StandIn};

async fn order(backend: &Backend, title: &str) -> Value {
    let order = backend.rpc("ann", "order", json!({ "title": title, "kind": "jdc", "amount": 1 })).await;
    order["id"].clone()
}

fn ids(sent: &[Value]) -> Vec<&Value> {
    sent.iter().map(|publication| &publication["data"]["id"]).collect()
}

#[tokio::test]
async fn what_the_gateway_did_not_take_is_sent_again_with_the_same_key_and_nothing_overtakes_it() {
    let gateway = StandIn::start().await;
    let busy = json!({ "error": { "code": 100, "message": "internal server error" } });
    gateway.answer_next([(503, json!({})), (200, busy), (401, json!({}))]);
    let backend = Backend::start(&gateway.url).await;
    let (first, second) = (order(&backend, "first").await, order(&backend, "second").await);
    let sent = gateway.sent(5).await;
    assert_eq!(ids(&sent), [&first, &first, &first, &first, &second]);
    let keys: Vec<_> =
        sent.iter().map(|publication| publication["idempotency_key"].as_str().unwrap()).collect();
    assert!(keys[..4].iter().all(|key| *key == keys[0]));
    assert_ne!(keys[4], keys[0]);
}

#[tokio::test]
async fn what_the_gateway_took_is_not_sent_again_after_trouble_with_the_next() {
    let gateway = StandIn::start().await;
    let taken = (200, json!({ "result": {} }));
    gateway.answer_next([taken.clone(), taken].into_iter().chain((0..50).map(|_| (503, json!({})))));
    let backend = Backend::start("http://127.0.0.1:9").await;
    for title in ["first", "second", "third"] {
        order(&backend, title).await;
    }
    let backend = backend.restart_with(&["--dev", "--gateway", &gateway.url]).await;
    // The third for the second time: what came before it was written down before the pause.
    gateway.sent(4).await;
    assert_eq!(backend.health().await["outbox"], json!({ "waiting": 1, "refused": 0 }));
}

#[tokio::test]
async fn what_the_gateway_will_never_take_is_set_aside() {
    let gateway = StandIn::start().await;
    gateway.answer_next([(200, json!({ "error": { "code": 102, "message": "unknown channel" } }))]);
    let backend = Backend::start(&gateway.url).await;
    let (first, second) = (order(&backend, "first").await, order(&backend, "second").await);
    assert_eq!(ids(&gateway.sent(2).await), [&first, &second]);
    // It was written down before the second was sent.
    assert_eq!(backend.health().await["outbox"]["refused"], 1);
}

#[tokio::test]
async fn what_waits_when_the_backend_ends_is_published_after_its_next_start() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let (first, second) = (order(&backend, "first").await, order(&backend, "second").await);
    assert_eq!(backend.health().await["outbox"], json!({ "waiting": 2, "refused": 0 }));
    let gateway = StandIn::start().await;
    let _backend = backend.restart_with(&["--dev", "--gateway", &gateway.url]).await;
    assert_eq!(ids(&gateway.sent(2).await), [&first, &second]);
}

#[tokio::test]
async fn a_retry_after_a_restart_of_the_backend_is_still_the_same_request() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let data = json!({ "lot": "1", "price": 35_000 });
    let question = json!({ "user": "ann", "method": "bid", "data": data, "idempotency_key": "k1" });
    let first = backend.hook("rpc", &question).await;
    let backend = backend.restart_with(&["--dev", "--gateway", "http://127.0.0.1:9"]).await;
    assert_eq!(backend.hook("rpc", &question).await, first);
}
