//! What people tell devices, and what devices say.

use serde_json::{Value, json};

use crate::backend::{Backend, StandIn};

const PUMP: &str = "device:pump-1";

async fn turn(backend: &Backend, turn: &str) -> Value {
    backend.rpc("ann", "turn", json!({ "serial": "pump-1", "turn": turn })).await
}

async fn acknowledge(backend: &Backend, id: &Value, status: &str) -> Value {
    backend.rpc(PUMP, "acknowledge", json!({ "id": id, "status": status })).await
}

#[tokio::test]
async fn a_command_is_queued_then_delivered_then_done() {
    let gateway = StandIn::start().await;
    let backend = Backend::start(&gateway.url).await;
    let queued = turn(&backend, "on").await;
    assert_eq!((&queued["status"], &queued["by"]), (&json!("queued"), &json!("ann")));
    assert_eq!(backend.rpc(PUMP, "pending", json!(null)).await, json!([queued]));
    let delivered = acknowledge(&backend, &queued["id"], "delivered").await;
    assert_eq!(delivered["status"], "delivered");
    let done = acknowledge(&backend, &queued["id"], "done").await;
    assert_eq!(done["status"], "done");
    assert!(done["done"].is_i64());
    let told = [queued, delivered, done.clone()].map(|command| json!({ "command": command }));
    let heard = gateway.published(3).await;
    assert_eq!(heard, told.map(|news| ("device:pump-1".to_owned(), news)));
    assert_eq!(backend.rpc(PUMP, "pending", json!(null)).await, json!([]));
    let device = backend.rpc("ann", "device", json!({ "serial": "pump-1" })).await;
    assert_eq!(device["commands"], json!([done]));
}

#[tokio::test]
async fn what_a_device_says_twice_or_late_is_told_once() {
    let gateway = StandIn::start().await;
    let backend = Backend::start(&gateway.url).await;
    let id = turn(&backend, "on").await["id"].clone();
    for status in ["done", "done", "delivered"] {
        assert_eq!(acknowledge(&backend, &id, status).await["status"], "done");
    }
    let failed = json!({ "id": id, "status": "failed" });
    assert_eq!(backend.refusal(PUMP, "acknowledge", failed).await, 1104);
    turn(&backend, "off").await;
    let told = gateway.published(3).await;
    assert_eq!(
        told.iter().map(|(_, news)| &news["command"]["status"]).collect::<Vec<_>>(),
        ["queued", "done", "queued"]
    );
}

#[tokio::test]
async fn a_device_that_reports_without_end_can_still_acknowledge() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let id = turn(&backend, "on").await["id"].clone();
    let ask = async |method: &str, key: &str, data: &Value| {
        let question = json!({ "user": PUMP, "method": method, "data": data, "idempotency_key": key });
        backend.hook("rpc", &question).await
    };
    // More than outcomes are kept of one user.
    let report = json!({ "running": true, "pressure": 2.4 });
    for number in 0..5001 {
        let answer = ask("report", &format!("r{number}"), &report).await;
        assert_eq!(answer["result"]["data"], report, "{number}");
    }
    let done = ask("acknowledge", "a1", &json!({ "id": id, "status": "done" })).await;
    assert_eq!(done["result"]["data"]["status"], "done");
}

#[tokio::test]
async fn a_command_that_failed_says_why() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let id = turn(&backend, "on").await["id"].clone();
    let said = json!({ "id": id, "status": "failed", "reason": "水压不足" });
    let failed = backend.rpc(PUMP, "acknowledge", said).await;
    assert_eq!((&failed["status"], &failed["reason"]), (&json!("failed"), &json!("水压不足")));
    assert!(failed["done"].is_null());
}

#[tokio::test]
async fn a_device_speaks_for_itself_alone() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let id = turn(&backend, "on").await["id"].clone();
    let done = json!({ "id": id, "status": "done" });
    assert_eq!(backend.refusal("device:gate", "acknowledge", done.clone()).await, 1102);
    assert_eq!(backend.refusal("ann", "acknowledge", done).await, 103);
    assert_eq!(backend.refusal("ann", "pending", json!({})).await, 103);
    let state = json!({ "running": true, "pressure": 2.4 });
    assert_eq!(backend.refusal("ann", "report", state.clone()).await, 103);
    assert_eq!(backend.refusal("device:none", "report", state).await, 1101);
}

#[tokio::test]
async fn a_state_that_a_device_reports_is_heard_and_kept() {
    let gateway = StandIn::start().await;
    let backend = Backend::start(&gateway.url).await;
    let state = json!({ "running": true, "pressure": 2.4 });
    backend.rpc(PUMP, "report", state.clone()).await;
    assert_eq!(gateway.published(1).await, [("device:pump-1".to_owned(), json!({ "state": state }))]);
    assert_eq!(backend.rpc("ann", "device", json!({ "serial": "pump-1" })).await["state"], state);
}

#[tokio::test]
async fn only_its_keeper_sees_and_controls_a_device() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let vault = json!({ "serial": "vault", "turn": "on" });
    for method in ["device", "turn"] {
        assert_eq!(backend.refusal("ann", method, vault.clone()).await, 103);
    }
    assert_eq!(backend.rpc("馆长", "turn", vault).await["by"], "馆长");
    let serials = |devices: &Value| -> Vec<String> {
        let serial = |device: &Value| device["serial"].as_str().unwrap().to_owned();
        devices.as_array().unwrap().iter().map(serial).collect()
    };
    assert_eq!(serials(&backend.rpc("ann", "devices", json!(null)).await), ["gate", "pump-1"]);
    assert_eq!(serials(&backend.rpc("馆长", "devices", json!(null)).await), ["gate", "pump-1", "vault"]);
    // Whether there is such a device is nobody's business.
    assert_eq!(backend.refusal("ann", "device", json!({ "serial": "none" })).await, 103);
}

#[tokio::test]
async fn who_registers_a_device_keeps_it_and_it_logs_in_by_its_key() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let new = json!({ "serial": "pump-2", "title": "二号水泵", "key": "0123456789abcdef" });
    let device = backend.rpc("ann", "register", new.clone()).await;
    assert_eq!((&device["serial"], &device["title"]), (&json!("pump-2"), &json!("二号水泵")));
    assert!(!device.to_string().contains("0123456789abcdef"));
    assert_eq!(backend.refusal("bob", "register", new).await, 1105);
    assert_eq!(backend.refusal("bob", "device", json!({ "serial": "pump-2" })).await, 103);
    backend.login_device("pump-2", "0123456789abcdef").await;
    for (serial, key) in [("a:b", "0123456789abcdef"), ("pump-3", "short")] {
        let bad = json!({ "serial": serial, "title": "x", "key": key });
        assert_eq!(backend.refusal("ann", "register", bad).await, 107);
    }
}

#[tokio::test]
async fn commands_do_not_pile_up_for_a_device_that_is_away() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let first = turn(&backend, "on").await["id"].clone();
    for _ in 1..20 {
        turn(&backend, "off").await;
    }
    let one_more = json!({ "serial": "pump-1", "turn": "on" });
    assert_eq!(backend.refusal("ann", "turn", one_more.clone()).await, 1103);
    acknowledge(&backend, &first, "done").await;
    backend.rpc("ann", "turn", one_more).await;
    let pending = backend.rpc(PUMP, "pending", json!({})).await;
    let ids: Vec<_> = pending.as_array().unwrap().iter().map(|command| &command["id"]).collect();
    assert_eq!((ids.len(), ids[0], ids[19]), (20, &json!("pump-1-2"), &json!("pump-1-21")));
}
