//! What the backend is told of connections and subscriptions.

use serde_json::{Value, json};

use super::*;

const EVENTS: &str = r#"
    [client]
    allow_anonymous_connect_without_token = true
    user_connection_limit = 1
    queue_max_size = 4096
    [channel.without_namespace]
    allow_subscribe_for_client = true
    allow_subscribe_for_anonymous = true
    [[plain]]
    path = "/app"
    channels = ["orders"]
"#;

const SUBSCRIBE: &str = r#"{"id":2,"subscribe":{"channel":"news"}}"#;

impl World {
    fn watched() -> Self {
        let mut world = Self::new(EVENTS);
        Arc::get_mut(&mut world.shard.commons).expect("there is one shard").events = Events::kept();
        world
    }

    /// What was noted since the last time, each by its kind and what tells it from others of the kind.
    fn noted(&self) -> Vec<String> {
        self.shard.commons.events.noted().iter().map(Self::told).collect()
    }

    fn told(event: &Value) -> String {
        let kind = event["kind"].as_str().unwrap();
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        match kind {
            "connected" => format!("connected {} {}", text("transport"), text("protocol")),
            "subscribed" => format!("subscribed {}", text("channel")),
            "unsubscribed" => {
                format!("unsubscribed {} {} {}", text("channel"), event["code"], text("reason"))
            }
            _ => format!("{kind} {} {}", event["code"], text("reason")),
        }
    }
}

#[test]
fn a_life_is_told_in_its_order() {
    let mut world = World::watched();
    let id = world.client();
    world.says(id, SUBSCRIBE);
    world.says(id, r#"{"id":3,"unsubscribe":{"channel":"news"}}"#);
    world.says(id, SUBSCRIBE);
    world.now = world.now.after(Duration::from_secs(3));
    world.cut(id);
    let events = world.shard.commons.events.noted();
    assert_eq!(
        events.iter().map(World::told).collect::<Vec<_>>(),
        [
            "connected websocket json",
            "subscribed news",
            "unsubscribed news 0 unsubscribed",
            "subscribed news",
            "disconnected 1006 connection lost",
        ]
    );
    let client = &events[0]["client"];
    assert!(
        client.as_str().is_some_and(|id| id.len() == 36)
            && events.iter().all(|event| event["client"] == *client)
    );
    assert_eq!(events[4]["duration_ms"], 3000);
}

#[test]
fn the_servers_reasons_are_told() {
    let mut world = World::watched();
    let id = world.client();
    world.says(id, SUBSCRIBE);
    let matching = Selector::default();
    let order = Order::Unsubscribe { matching: matching.clone(), channel: "news".into() };
    world.shard.errand(Errand::Order(Some(id), order), world.now);
    let why = suona_protocol::Disconnect::custom(4501, "banned");
    world.shard.errand(Errand::Order(Some(id), Order::Disconnect { matching, why }), world.now);
    world.cut(id);
    let told = ["unsubscribed news 2000 server unsubscribe", "disconnected 4501 banned"];
    assert_eq!(world.noted()[2..], told, "and the end only once");
}

#[test]
fn what_ends_with_its_connection_goes_without_saying() {
    let mut world = World::watched();
    for loss in [Loss::Closed, Loss::Misbehaved(1002)] {
        let id = world.subscriber("news");
        world.shard.lost(id, &loss, world.now);
        world.shard.outboxes().remove(id);
    }
    let ends: Vec<_> =
        world.noted().into_iter().filter(|told| !told.contains("connected websocket")).collect();
    assert_eq!(
        ends,
        [
            "subscribed news",
            "disconnected 1000 closed by the client",
            "subscribed news",
            "disconnected 1002 broken WebSocket frames",
        ]
    );
}

#[test]
fn a_client_that_reads_nothing_is_told_of_once() {
    let mut world = World::watched();
    let id = world.subscriber("news");
    for _ in 0..60 {
        world.publish("news", r#""a text of some fifty bytes, which nobody ever reads""#);
        world.settle();
    }
    world.cut(id);
    assert_eq!(world.noted()[1..], ["subscribed news", "disconnected 3008 slow"]);
}

#[test]
fn who_was_never_connected_never_went() {
    let mut world = World::watched();
    let silent = world.enter();
    world.cut(silent);
    let refused = world.enter();
    world.says(refused, r#"{"id":1,"connect":{"token":"forged"}}"#);
    world.cut(refused);
    let first = world.user("ann");
    let second = world.enter();
    let connect = json!({ "id": 1, "connect": { "token": token(&json!({ "sub": "ann" })) } });
    world.says(second, &connect.to_string());
    assert_eq!(world.hears(second), ["close 3504 connection limit"]);
    world.cut(second);
    assert_eq!(world.noted(), ["connected websocket json"]);
    world.says(first, r#"{"id":2,"subscribe":{"channel":"nowhere:1"}}"#);
    assert_eq!(world.noted(), [""; 0]);
}

#[test]
fn a_client_that_takes_over_goes_and_comes_under_one_id() {
    let mut world = World::watched();
    let headers = json!({ "suona-session": "V1StGXR8_Z5jdHi6B-myT0" });
    let (old, _) = world.user_with("ann", &headers);
    world.says(old, SUBSCRIBE);
    let (_, reply) = world.user_with("ann", &headers);
    world.cut(old);
    let events = world.shard.commons.events.noted();
    assert_eq!(
        events.iter().map(World::told).collect::<Vec<_>>(),
        [
            "connected websocket json",
            "subscribed news",
            "disconnected 3503 taken over",
            "connected websocket json",
        ]
    );
    assert!(events.iter().all(|event| event["client"] == reply["client"] && event["user"] == "ann"));
}

#[test]
fn plain_clients_are_told_of_too() {
    let mut world = World::watched();
    let id = world.plain(0, "");
    world.shard.errand(Errand::Drain(Duration::ZERO), world.now);
    world.cut(id);
    assert_eq!(
        world.noted(),
        ["connected websocket json", "subscribed orders", "disconnected 3001 shutdown"]
    );
}

#[test]
fn nothing_is_kept_where_nobody_is_told() {
    let mut world = World::new(EVENTS);
    let id = world.client();
    assert!(world.shard.connections.get_mut(id).unwrap().connected.is_none());
}
