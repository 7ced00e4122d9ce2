//! Publications that not everyone gets in full: excluded, filtered, shortened, or overtaken by a later one.

mod conflated;
mod random;
mod recovered;

use serde_json::{Value, json};
use suona_protocol::{Exclude, fossil};

use super::*;

const WITHHELD: &str = r#"
    [client]
    insecure = true
    [[channel.namespaces]]
    name = "lot"
    history_size = 1000
    history_ttl = "60s"
    force_recovery = true
    allow_tags_filter = true
    delta_publish = true
    allowed_delta_types = ["fossil"]
    [[channel.namespaces]]
    name = "tick"
    history_size = 1000
    history_ttl = "60s"
    force_recovery = true
    allow_tags_filter = true
    conflate = "200ms"
    [[channel.namespaces]]
    name = "loose"
    allowed_delta_types = ["fossil"]
    conflate = "0s"
    [[channel.namespaces]]
    name = "strict"
    [[plain]]
    path = "/ticks"
    identify = { from = "query:lot", pattern = "^(?<lot>.+)$" }
    trust_names = true
    channels = ["tick:{lot}"]
"#;

/// A publication of `n` with enough around it that a delta pays.
fn payload(n: u64) -> String {
    json!({ "lot": "A-17, thirty pallets of paper", "unit": "per ton, delivered", "n": n }).to_string()
}

fn message(n: u64) -> Publish {
    Publish { delta: true, ..Publish::new(payload(n).into(), Content::Json) }
}

fn tagged(n: u64, kind: &str) -> Publish {
    Publish { tags: vec![("kind".to_owned(), kind.to_owned())], ..message(n) }
}

fn excluding(n: u64, user: &str) -> Publish {
    let exclude = Exclude::new(Vec::new(), vec![user.to_owned()]).expect("one name");
    Publish { exclude: Some(Arc::new(exclude)), ..message(n) }
}

impl World {
    fn put(&mut self, channel: &str, message: Publish) {
        let retention =
            self.shard.commons.rules.config.channels.get(&channel.into()).expect("known").retention;
        self.broker.publish(&channel.into(), message, retention, crate::broker::Answer::ignored());
        self.settle();
    }

    /// Subscribes, and gives the reply.
    fn subscribe(&mut self, id: ConnectionId, request: impl Into<Value>) -> Value {
        let request = request.into();
        self.says(id, &json!({ "id": 2, "subscribe": request }).to_string());
        serde_json::from_str(&self.hears(id)[0]).expect("JSON")
    }

    /// The publications that were pushed since somebody looked.
    fn pushed(&mut self, id: ConnectionId) -> Vec<Value> {
        let messages = self.hears(id);
        let parsed = messages.iter().map(|text| serde_json::from_str::<Value>(text).expect(text));
        parsed.map(|message| message["push"]["pub"].clone()).filter(|one| !one.is_null()).collect()
    }

    /// Their numbers.
    fn numbers(&mut self, id: ConnectionId) -> Vec<u64> {
        self.pushed(id).iter().map(|one| one["data"]["n"].as_u64().expect("a number")).collect()
    }
}

fn only(kind: &str) -> Value {
    json!({ "key": "kind", "cmp": "eq", "val": kind })
}

#[test]
fn whom_the_publisher_excludes_does_not_hear_it_and_misses_nothing() {
    let mut world = World::new(WITHHELD);
    let (ann, ben) = (world.user("ann"), world.user("ben"));
    for id in [ann, ben] {
        world.subscribe(id, json!({ "channel": "lot:1" }));
    }
    world.put("lot:1", message(1));
    world.put("lot:1", excluding(2, "ann"));
    world.put("lot:1", message(3));
    assert_eq!(world.numbers(ann), [1, 3], "without a gap");
    assert_eq!(world.numbers(ben), [1, 2, 3]);
}

#[test]
fn a_recovery_is_complete_without_what_is_withheld() {
    let mut world = World::new(WITHHELD);
    for n in 1..=6 {
        world.put("lot:1", if n % 3 == 0 { excluding(n, "ann") } else { tagged(n, "bid") });
    }
    world.put("lot:1", tagged(7, "chat"));
    let ann = world.user("ann");
    let reply = world.subscribe(ann, json!({ "channel": "lot:1", "recover": true, "tf": only("bid") }));
    let reply = &reply["subscribe"];
    assert_eq!(
        (&reply["recovered"], reply["publications"].as_array().map(Vec::len)),
        (&json!(true), Some(4))
    );
    world.put("lot:1", tagged(8, "bid"));
    assert_eq!(world.numbers(ann), [8], "the position has moved over what was withheld");
}

#[test]
fn a_client_publishes_to_everyone_but_itself() {
    let mut world = World::new(WITHHELD);
    let (ann, too) = (world.user("ann"), world.user("ann"));
    for id in [ann, too] {
        world.subscribe(id, json!({ "channel": "lot:1" }));
    }
    let publish = json!({ "channel": "lot:1", "data": { "n": 1 }, "exclude_self": true });
    world.says(ann, &json!({ "id": 3, "publish": publish }).to_string());
    assert_eq!(world.hears(ann), [r#"{"id":3,"publish":{}}"#]);
    assert_eq!(world.numbers(too), [1], "the user's other connection hears it");
}

#[test]
fn a_filter_needs_permission_and_sense() {
    let mut world = World::new(WITHHELD);
    let ann = world.user("ann");
    for (channel, filter) in [
        ("strict:1", only("bid")),
        ("lot:1", json!({})),
        ("lot:1", json!({ "op": "and", "nodes": [] })),
        ("lot:1", json!({ "op": "or", "nodes": vec![only("bid"); 70] })),
    ] {
        let reply = world.subscribe(ann, json!({ "channel": channel, "tf": filter }));
        assert_eq!(reply["error"]["code"], 107, "{channel} {filter}");
    }
}

#[test]
fn who_has_the_publication_before_gets_the_difference() {
    let mut world = World::new(WITHHELD);
    let (ann, ben) = (world.user("ann"), world.user("ben"));
    let reply = world.subscribe(ann, json!({ "channel": "lot:1", "delta": "fossil" }));
    assert_eq!(reply["subscribe"]["delta"], true);
    let reply = world.subscribe(ben, json!({ "channel": "lot:1" }));
    assert_eq!(reply["subscribe"]["delta"], Value::Null);
    for n in 1..=2 {
        world.put("lot:1", message(n));
    }
    world.put("lot:1", excluding(3, "ann"));
    world.put("lot:1", message(4));
    world.put("lot:1", Publish { skip_history: true, ..message(5) });
    world.put("lot:1", message(6));
    world.put("lot:1", message(7));

    let pushed = world.pushed(ann);
    let deltas: Vec<_> = pushed.iter().map(|one| one["delta"] == true).collect();
    assert_eq!(
        deltas,
        [false, true, false, false, false, true],
        "after what is withheld or not kept, a whole one"
    );
    let mut reader = Reader::default();
    let read: Vec<_> = pushed.iter().map(|one| reader.read(one)).collect();
    assert_eq!(read, [1, 2, 4, 5, 6, 7]);
    assert_eq!(world.numbers(ben), [1, 2, 3, 4, 5, 6, 7], "who asked for none gets payloads as they are");
}

#[test]
fn recovered_publications_are_deltas_among_each_other() {
    let mut world = World::new(WITHHELD);
    for n in 1..=4 {
        world.put("lot:1", if n == 3 { tagged(n, "chat") } else { tagged(n, "bid") });
    }
    let ann = world.user("ann");
    let reply = world.subscribe(
        ann,
        json!({ "channel": "lot:1", "recover": true, "delta": "fossil", "tf": { "op": "not", "nodes": [only("chat")] } }),
    );
    let mut reader = Reader::default();
    let recovered = reply["subscribe"]["publications"].as_array().expect("some");
    let deltas: Vec<_> = recovered.iter().map(|one| (reader.read(one), one["delta"] == true)).collect();
    assert_eq!(deltas, [(1, false), (2, true), (4, false)]);
    world.put("lot:1", tagged(5, "bid"));
    let next = &world.pushed(ann)[0];
    assert_eq!((reader.read(next), next["delta"] == true), (5, true), "the last recovered is its base");
}

#[test]
fn without_a_position_there_are_no_deltas() {
    let mut world = World::new(WITHHELD);
    let ann = world.user("ann");
    for channel in ["loose:1", "strict:1"] {
        let reply = world.subscribe(ann, json!({ "channel": channel, "delta": "fossil" }));
        assert_eq!(reply["subscribe"], json!({}), "{channel}");
    }
}

/// A client that reads deltas.
#[derive(Default)]
struct Reader {
    base: Vec<u8>,
}

impl Reader {
    /// The number of a publication, whole or not.
    fn read(&mut self, publication: &Value) -> u64 {
        let data = publication["data"].as_str().expect("with deltas, data is a string");
        self.base = if publication["delta"] == true {
            fossil::apply(&self.base, data.as_bytes(), 9999).expect("a delta to what came before")
        } else {
            data.as_bytes().to_vec()
        };
        serde_json::from_slice::<Value>(&self.base).expect("JSON")["n"].as_u64().expect("a number")
    }
}
