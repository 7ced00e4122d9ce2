//! What depends on the backend, with a real one on the loopback that answers when the test lets it.

use std::sync::Mutex;

use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Runtime, sync::Semaphore};

use super::*;
use crate::session::PingSchedule;

/// A shard and its backend, which lets calls of a method that begins with `slow` wait.
pub(super) struct Office {
    pub(super) world: World,
    /// A permit for each slow call that may be answered.
    pub(super) gate: Arc<Semaphore>,
    /// What was asked so far, apart from who connects.
    pub(super) asked: Arc<Mutex<Vec<Value>>>,
    _runtime: Runtime,
}

const WEBHOOKS: &str = r#"
    client.proxy.connect = { endpoint = "URL/connect", timeout = "60s" }
    channel.proxy.publish = { endpoint = "URL/publish", timeout = "60s" }
    [channel.without_namespace]
    allow_subscribe_for_client = true
    allow_subscribe_for_anonymous = true
    [[channel.namespaces]]
    name = "judged"
    publish_proxy_enabled = true
    allow_subscribe_for_client = true
    history_size = 10
    history_ttl = "60s"
    [[channel.namespaces]]
    name = "free"
    allow_publish_for_client = true
    allow_subscribe_for_client = true
    [rpc]
    proxy = { endpoint = "URL/rpc", timeout = "60s" }
    without_namespace = { proxy_enabled = true }
    [[plain]]
    path = "/app"
    identify = { from = "backend" }
    greeting = "hello"
    rpc = { method = "method", result = "result" }
"#;

impl Office {
    pub(super) fn new(client: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let gate = Arc::new(Semaphore::new(0));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::default();
        let routes = Router::new()
            .route("/connect", post(connect))
            .route("/rpc", post(rpc))
            .route("/publish", post(publish))
            .with_state((gate.clone(), Arc::clone(&asked)));
        runtime.spawn(async { axum::serve(listener, routes).await });
        let _entered = runtime.enter();
        let world = World::new(&format!("{client}\n{}", WEBHOOKS.replace("URL", &url)));
        drop(_entered);
        Self { world, gate, asked, _runtime: runtime }
    }

    /// Waits until the backend has answered, once.
    pub(super) fn advised(&mut self) {
        let errand = self.world.errands.blocking_recv().expect("the shard lives");
        self.world.shard.errand(errand, self.world.now);
        self.world.settle();
    }

    /// What a client hears next, however long the backend takes to answer.
    pub(super) fn hears(&mut self, id: ConnectionId) -> Vec<String> {
        loop {
            let heard = self.world.hears(id);
            if !heard.is_empty() {
                return heard;
            }
            self.advised();
        }
    }

    /// A client that is pinged every 25 seconds.
    fn pinged_client(&mut self) -> ConnectionId {
        let (interval, pong_timeout) = (Duration::from_secs(25), Some(Duration::from_secs(8)));
        let ping = Some(PingSchedule { interval, pong_timeout });
        let id = self.world.enter_with(Manners { ping, ..Manners::default() });
        self.world.says(id, r#"{"id":1,"connect":{}}"#);
        self.world.hears(id);
        id
    }

    fn request(&mut self, id: ConnectionId, number: u32, method: &str) {
        self.world.says(id, &format!(r#"{{"id":{number},"rpc":{{"method":"{method}","data":{number}}}}}"#));
    }
}

/// Everybody is known whose query names a user.
async fn connect(Json(question): Json<Value>) -> Json<Value> {
    Json(match question["query"].as_str().and_then(|query| query.strip_prefix("user=")) {
        Some(user) => json!({ "result": { "user": user, "channels": [format!("of-{user}")] } }),
        None => json!({ "error": { "code": 401, "message": "log in first" } }),
    })
}

type Books = (Arc<Semaphore>, Arc<Mutex<Vec<Value>>>);

/// Publishes how often it was asked instead of what it was asked about.
async fn publish(State((gate, asked)): State<Books>, Json(question): Json<Value>) -> Json<Value> {
    if question["data"] == "slow" {
        gate.acquire().await.unwrap().forget();
    }
    let mut asked = asked.lock().unwrap();
    asked.push(question);
    Json(json!({ "result": { "data": asked.len() } }))
}

/// Tells what was asked.
async fn rpc(State((gate, asked)): State<Books>, Json(question): Json<Value>) -> Json<Value> {
    asked.lock().unwrap().push(question.clone());
    let method = question["method"].as_str().unwrap_or_default();
    if method.starts_with("slow") {
        match gate.acquire().await {
            Ok(permit) => permit.forget(),
            Err(_) => return Json(json!("the test has no answer to that")),
        }
    }
    Json(json!({ "result": { "data": format!("{method} for {}", question["user"].as_str().unwrap()) } }))
}

#[test]
fn a_slow_webhook_delays_nothing_but_what_waits_for_it() {
    let mut office = Office::new("client.allow_anonymous_connect_without_token = true");
    let patient = office.pinged_client();
    let other = office.world.subscriber("news");
    office.request(patient, 2, "slow");
    office.world.publish("news", r#""tick""#);
    office.world.settle();
    assert_eq!(office.hears(other), [r#"{"push":{"channel":"news","pub":{"data":"tick"}}}"#]);
    office.world.after(Duration::from_secs(25));
    assert_eq!(office.hears(patient), ["{}"], "its ping, on time");
    office.world.says(patient, "{}");
    office.world.says(patient, r#"{"id":3,"subscribe":{"channel":"news"}}"#);
    assert_eq!(office.hears(patient), [r#"{"id":3,"subscribe":{}}"#]);
    office.request(patient, 4, "quick");
    assert_eq!(office.hears(patient), [r#"{"id":4,"rpc":{"data":"quick for "}}"#]);
    office.gate.add_permits(1);
    assert_eq!(office.hears(patient), [r#"{"id":2,"rpc":{"data":"slow for "}}"#]);
}

#[test]
fn an_answer_for_a_connection_that_is_gone_reaches_no_other() {
    let mut office = Office::new("client.allow_anonymous_connect_without_token = true");
    let first = office.world.client();
    office.request(first, 2, "slow");
    office.world.cut(first);
    let second = office.world.client();
    assert_eq!((second.slot, second.generation), (first.slot, first.generation + 1), "the same place");
    office.gate.add_permits(1);
    office.advised();
    assert!(office.world.hears(second).is_empty());
}

#[test]
fn a_plain_client_is_known_by_the_backend_and_its_replies_never_cross() {
    let mut office = Office::new("");
    let id = office.world.plain(0, "user=ann");
    office.world.says(id, r#"{"method":"slow 1"}"#);
    office.world.says(id, r#"{"method":"quick 2"}"#);
    office.world.says(id, r#"{"method":"slow 3"}"#);
    assert_eq!(office.hears(id), ["hello"]);
    office.world.publish("of-ann", "5");
    office.world.settle();
    assert_eq!(office.hears(id), ["5"], "pushes do not wait for requests");
    office.gate.add_permits(2);
    let mut replies = Vec::new();
    while replies.len() < 3 {
        replies.extend(office.hears(id));
    }
    let expected = ["slow 1", "quick 2", "slow 3"]
        .map(|method| format!(r#"{{"method":"{method}","result":"{method} for ann"}}"#));
    assert_eq!(replies, expected);
}

#[test]
fn a_plain_client_whom_the_backend_does_not_know_hears_why() {
    let mut office = Office::new("");
    let id = office.world.plain(0, "");
    assert_eq!(office.hears(id), ["close 1008 log in first"]);
}
