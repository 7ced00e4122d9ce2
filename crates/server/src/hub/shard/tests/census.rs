//! What is held is counted, until it is free again.

use super::*;

#[test]
fn a_census_counts_who_is_there_and_what_they_hear_until_they_are_gone() {
    let mut world = World::new(OPEN);
    assert_eq!(world.shard.census(), Census::default());
    let (silent, reader) = (world.enter(), world.subscriber("news"));
    let census = Census { connections: 2, connected: vec![reader], subscriptions: 1, successions: 0 };
    assert_eq!(world.shard.census(), census);
    world.cut(silent);
    world.cut(reader);
    assert_eq!(world.shard.census(), Census::default());
}

#[test]
fn who_is_closing_holds_a_slot_and_is_not_let_in_any_more() {
    let mut world = World::new(OPEN);
    let client = world.client();
    world.says(client, r#"{"id":2,"send":{"data":{}}}"#);
    let census = world.shard.census();
    assert_eq!((census.connections, census.connected), (1, vec![]));
    world.cut(client);
    assert_eq!(world.shard.census(), Census::default());
}

#[test]
fn who_comes_to_take_over_waits_until_it_has() {
    let mut world = World::new("[client.token]\nhmac_secret_key = \"a secret of at least thirty-two bytes\"");
    let headers = serde_json::json!({ "suona-session": "V1StGXR8_Z5jdHi6B-myT0" });
    let (old, _) = world.user_with("alice", &headers);
    let new = world.enter();
    let connect =
        serde_json::json!({ "token": token(&serde_json::json!({ "sub": "alice" })), "headers": headers });
    let text = serde_json::json!({ "id": 1, "connect": connect }).to_string();
    world.shard.received(new, Message::Text(&text), world.now);
    assert_eq!(world.shard.census().successions, 1);
    world.settle();
    let census = world.shard.census();
    assert_eq!((census.connected, census.successions), (vec![new], 0));
    world.cut(old);
    assert_eq!(world.shard.commons.devices.len(), 1);
    world.cut(new);
    assert!(world.shard.commons.devices.is_empty());
}
