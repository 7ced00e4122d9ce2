//! What clients are told beyond the protocol, because they ask for it.

use serde_json::{Value, json};

use super::*;

const DRAIN: Errand = Errand::Drain(Duration::ZERO);

#[test]
fn a_client_that_asks_is_told_by_a_push_why_its_connection_ends() {
    let mut world = World::new(OPEN);
    let (id, _) = world.user_with("ann", &json!({ "Suona-Farewell": "1" }));
    world.says(id, r#"{"id":2,"nothing":{}}"#);
    let push = r#"{"push":{"disconnect":{"code":3501,"reason":"bad request"}}}"#;
    assert_eq!(world.hears(id), [push, "close 3501 bad request"]);
    let (id, _) = world.user_with("ann", &json!({ "suona-farewell": "0" }));
    world.says(id, r#"{"id":2,"nothing":{}}"#);
    assert_eq!(world.hears(id), ["close 3501 bad request"]);
}

#[test]
fn who_is_sent_away_by_a_drain_comes_back_at_a_time_of_its_own() {
    let mut world = World::new(OPEN);
    let headers = json!({ "suona-farewell": "1" });
    let ids: Vec<_> = (0..50).map(|_| world.user_with("ann", &headers).0).collect();
    world.shard.errand(DRAIN, world.now);
    let mut times = Vec::new();
    for id in ids {
        let heard = world.hears(id);
        let push: Value = serde_json::from_str(&heard[0]).unwrap();
        times.push(push["push"]["disconnect"]["retry_after_ms"].as_u64().unwrap());
        assert_eq!(heard[1], "close 3001 shutdown");
    }
    times.sort_unstable();
    assert!(times[0] >= 1000 && times[49] < 6000 && times[49] - times[0] > 3000, "{times:?}");
}

#[test]
fn a_slow_client_is_told_so_in_place_of_what_it_could_not_take() {
    let mut world = World::new(&OPEN.replace("[client]", "[client]\nqueue_max_size = 4096"));
    let (id, _) = world.user_with("ann", &json!({ "suona-farewell": "1" }));
    world.says(id, r#"{"id":2,"subscribe":{"channel":"news"}}"#);
    world.hears(id);
    for _ in 0..5 {
        world.publish("news", &format!("{:?}", "x".repeat(1500)));
    }
    world.settle();
    let push = r#"{"push":{"disconnect":{"code":3008,"reason":"slow"}}}"#;
    assert_eq!(world.hears(id), [push, "close 3008 slow"]);
}

#[test]
fn the_servers_time_is_told_to_who_asks_for_it() {
    let mut world = World::new(OPEN);
    let (_, reply) = world.user_with("ann", &json!({ "suona-time": "1" }));
    assert_eq!(reply["time"].as_u64(), u64::try_from(world.now.unix.as_millis()).ok());
    let (_, reply) = world.user_with("ann", &json!({}));
    assert_eq!(reply.get("time"), None);
}
