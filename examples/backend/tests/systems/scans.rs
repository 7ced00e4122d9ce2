//! What a scanner reads, and who does it.

use serde_json::json;

use crate::backend::{Backend, StandIn};

const GATE: &str = "device:gate";

#[tokio::test]
async fn what_a_head_reads_is_a_task_that_everybody_hears() {
    let gateway = StandIn::start().await;
    let backend = Backend::start(&gateway.url).await;
    let task = backend.rpc(GATE, "scan", json!({ "code": "6900000007919" })).await;
    assert_eq!((&task["title"], &task["head"]), (&json!("矿泉水 24 瓶"), &json!("gate")));
    assert_eq!(gateway.published(1).await, [("scan:gate".to_owned(), task.clone())]);
    let unknown = backend.rpc(GATE, "scan", json!({ "code": "X-1" })).await;
    assert_eq!(unknown["title"], "未知商品");
    assert_eq!(backend.rpc("ann", "tasks", json!({ "head": "gate" })).await, json!([unknown, task]));
    assert_eq!(backend.rpc("ann", "tasks", json!({ "head": "elsewhere" })).await, json!([]));
    assert_eq!(backend.refusal("ann", "scan", json!({ "code": "X-1" })).await, 103);
    assert_eq!(backend.refusal(GATE, "scan", json!({ "code": "two words" })).await, 107);
}

#[tokio::test]
async fn a_task_is_taken_passed_on_and_finished_by_one_person() {
    let gateway = StandIn::start().await;
    let backend = Backend::start(&gateway.url).await;
    let id = backend.rpc(GATE, "scan", json!({ "code": "X-1" })).await["id"].clone();
    let taken = backend.rpc("ann", "assign", json!({ "id": id })).await;
    assert_eq!(taken["assignee"], "ann");
    for method in ["assign", "finish"] {
        assert_eq!(backend.refusal("bob", method, json!({ "id": id })).await, 1202);
    }
    let passed_on = backend.rpc("ann", "assign", json!({ "id": id, "to": "bob" })).await;
    assert_eq!(passed_on["assignee"], "bob");
    let finished = backend.rpc("bob", "finish", json!({ "id": id })).await;
    assert!(finished["finished"].is_i64());
    assert_eq!(backend.refusal("bob", "finish", json!({ "id": id })).await, 1203);
    assert_eq!(backend.refusal("bob", "finish", json!({ "id": "t99" })).await, 1201);
    let heard = gateway.published(4).await;
    assert_eq!(heard[3], ("scan:gate".to_owned(), finished));
}

#[tokio::test]
async fn progress_counts_what_is_assigned_and_finished() {
    let backend = Backend::start("http://127.0.0.1:9").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(backend.rpc(GATE, "scan", json!({ "code": "X-1" })).await["id"].clone());
    }
    backend.rpc("ann", "assign", json!({ "id": ids[0] })).await;
    backend.rpc("ann", "finish", json!({ "id": ids[1] })).await;
    let progress = backend.rpc("ann", "progress", json!({ "head": "gate" })).await;
    assert_eq!(progress, json!({ "all": 3, "assigned": 2, "finished": 1 }));
}
