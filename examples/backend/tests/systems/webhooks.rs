//! What the gateway asks, and whom else the backend answers.

use serde_json::{Value, json};

use crate::backend::{Backend, StandIn, WEBHOOK_KEY, client};

#[tokio::test]
async fn only_the_gateway_is_answered() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let http = client();
    let question = json!({ "user": "ann", "method": "lots" });
    let almost = &WEBHOOK_KEY[..WEBHOOK_KEY.len() - 1];
    for key in [None, Some(""), Some(almost), Some(WEBHOOK_KEY)] {
        for hook in ["connect", "refresh", "subscribe", "rpc"] {
            let request = http.post(format!("{}/hooks/{hook}", backend.url)).json(&question);
            let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
            let status = request.send().await.unwrap().status().as_u16();
            assert_eq!(status == 401, key != Some(WEBHOOK_KEY), "{hook} {key:?}: {status}");
        }
    }
}

#[tokio::test]
async fn a_request_with_a_key_takes_effect_once() {
    let gateway = StandIn::start().await;
    let backend = Backend::start(&gateway.url).await;
    let data = json!({ "title": "新车上牌", "kind": "jdc", "amount": 500 });
    let question = json!({ "user": "ann", "method": "order", "data": data, "idempotency_key": "k1" });
    let first = backend.hook("rpc", &question).await;
    let repeats = (0..5).map(|_| backend.hook("rpc", &question));
    for repeat in futures_util::future::join_all(repeats).await {
        assert_eq!(repeat, first);
    }
    // Another user's key, another key, and none at all are other requests.
    for (user, key) in [("bob", "k1"), ("ann", "k2"), ("ann", ""), ("ann", "")] {
        let other = json!({ "user": user, "method": "order", "data": data, "idempotency_key": key });
        assert_ne!(backend.hook("rpc", &other).await, first);
    }
    assert_eq!(backend.rpc("", "list", json!({})).await["orderNum"], 4 + 5);
    assert_eq!(gateway.published(5).await.len(), 5);
}

#[tokio::test]
async fn repeats_that_come_at_once_take_effect_once() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let data = json!({ "lot": "1", "price": 35_000 });
    let question = json!({ "user": "ann", "method": "bid", "data": data, "idempotency_key": "k1" });
    let answers = futures_util::future::join_all((0..8).map(|_| backend.hook("rpc", &question))).await;
    assert!(answers[0]["error"].is_null());
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[tokio::test]
async fn a_refusal_is_final_for_its_key() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let question = |key: &str, id: &str| {
        let data = json!({ "id": id });
        json!({ "user": "ann", "method": "accept", "data": data, "idempotency_key": key })
    };
    let refused = backend.hook("rpc", &question("k1", "o5")).await;
    assert_eq!(refused["error"]["code"], 1301);
    backend.rpc("bob", "order", json!({ "title": "x", "kind": "jsz", "amount": 1 })).await;
    assert_eq!(backend.hook("rpc", &question("k1", "o5")).await, refused);
    assert!(backend.hook("rpc", &question("k2", "o5")).await["error"].is_null());
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let bid = |price: i64, key: &str| {
        let data = json!({ "lot": "1", "price": price });
        json!({ "user": "ann", "method": "bid", "data": data, "idempotency_key": key })
    };
    assert!(backend.hook("rpc", &bid(35_000, "k1")).await["error"].is_null());
    assert_eq!(backend.hook("rpc", &bid(34_000, "k1")).await["error"]["code"], 107);
    assert_eq!(backend.hook("rpc", &bid(34_000, &"k".repeat(256))).await["error"]["code"], 107);
    assert_eq!(backend.rpc("ann", "lot", json!({ "lot": "1" })).await["best"], 35_000);
}

#[tokio::test]
async fn an_unknown_method_is_named_so() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    assert_eq!(backend.refusal("ann", "fly", json!({})).await, 104);
}

#[tokio::test]
async fn the_backend_says_who_may_listen() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    for (user, channel, may) in [
        ("ann", "device:pump-1", true),
        ("ann", "device:vault", false),
        ("馆长", "device:vault", true),
        ("device:vault", "device:vault", true),
        ("device:gate", "device:pump-1", false),
        ("ann", "device:none", false),
        ("", "device:pump-1", false),
        ("ann", "lot:1", true),
        ("ann", "scan:gate", true),
        ("ann", "orders", true),
        ("ann", "lots", true),
        ("ann", "secrets", false),
        ("ann", "other:1", false),
    ] {
        let answer = backend.hook("subscribe", &json!({ "user": user, "channel": channel })).await;
        assert_eq!(answer["error"]["code"] == 103, !may, "{user} {channel}: {answer}");
    }
}

#[tokio::test]
async fn who_connects_shows_a_token_and_says_what_to_hear() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let token = backend.login("ann").await;
    let query = format!("token={token}&channels=orders,device:pump-1");
    let channels = json!(["orders", "device:pump-1"]);
    for question in [
        json!({ "query": query, "name": "/tickets" }),
        json!({ "data": { "token": token, "channels": channels } }),
    ] {
        let result = backend.hook("connect", &question).await["result"].clone();
        assert_eq!((&result["user"], &result["channels"]), (&json!("ann"), &channels));
        assert!(result["expire_at"].is_i64());
    }
    let pump = json!({ "data": { "token": token, "serial_no": "pump-1" } });
    assert_eq!(backend.hook("connect", &pump).await["result"]["channels"], json!(["device:pump-1"]));
    for vault in [json!({ "channels": ["device:vault"] }), json!({ "serial_no": "vault" })] {
        let mut ticket = json!({ "token": token });
        ticket.as_object_mut().unwrap().extend(vault.as_object().unwrap().clone());
        assert_eq!(backend.hook("connect", &json!({ "data": ticket })).await["error"]["code"], 103);
    }
    for stranger in [json!({}), json!({ "data": "?" }), json!({ "data": null, "query": "token=x" })] {
        assert_eq!(backend.hook("connect", &stranger).await["disconnect"]["code"], 4501);
    }
}

#[tokio::test]
async fn connections_live_on_as_long_as_there_is_such_a_user() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let refreshed =
        async |user: &str| backend.hook("refresh", &json!({ "user": user })).await["result"].clone();
    assert!(refreshed("ann").await["expire_at"].is_i64());
    assert!(refreshed("device:pump-1").await["expire_at"].is_i64());
    assert_eq!(refreshed("device:none").await["expired"], true);
    assert_eq!(refreshed("").await["expired"], true);
}

#[tokio::test]
async fn what_is_too_long_or_no_question_is_refused() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let http = client();
    let long = format!(r#"{{"user":"ann","method":"{}"}}"#, "x".repeat(200_000));
    for (body, status) in [(long.as_str(), 413), ("{", 400), ("{}", 422)] {
        let request = http.post(format!("{}/hooks/rpc", backend.url)).bearer_auth(WEBHOOK_KEY);
        let request = request.header("content-type", "application/json").body(body.to_owned());
        assert_eq!(request.send().await.unwrap().status().as_u16(), status);
    }
    let health: Value = backend.health().await;
    assert_eq!(health["database"]["exhausted"], 0);
}
