//! Requests over HTTP, by the token alone.

use serde_json::{Value, json};

use crate::backend::{Backend, client};

async fn ask(backend: &Backend, token: &str, question: &Value) -> (u16, Value) {
    let request = client().post(format!("{}/rpc", backend.url)).bearer_auth(token).json(question);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn whoever_has_a_token_asks_as_its_user_and_once_for_each_key() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let token = backend.login("ann").await;
    let bid = json!({ "method": "bid", "data": { "lot": "1", "price": 35_000 }, "idempotency_key": "k1" });
    let (status, first) = ask(&backend, &token, &bid).await;
    assert_eq!((status, &first["result"]["data"]["supplier"]), (200, &json!("ann")));
    assert_eq!(ask(&backend, &token, &bid).await, (200, first.clone()));
    // It is the same request as by way of the gateway.
    let mut hooked = bid.clone();
    hooked["user"] = json!("ann");
    assert_eq!(backend.hook("rpc", &hooked).await, first);
    let (_, refused) = ask(&backend, &token, &json!({ "method": "turn", "data": {} })).await;
    assert_eq!(refused["error"]["code"], 107);
}

#[tokio::test]
async fn nobody_else_is_answered() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let mut token = backend.login("ann").await;
    token.pop();
    for bad in ["", "x", &token] {
        let (status, answer) = ask(&backend, bad, &json!({ "method": "lots" })).await;
        assert_eq!((status, &answer["error"]["code"]), (401, &json!("bad_token")));
    }
    let (status, answer) = ask(&backend, &token, &json!({ "user": "bob" })).await;
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("bad_request")));
}
