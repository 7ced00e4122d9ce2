//! Commands that are sent again because nobody knows what came of them.

use super::{webhooks::Office, *};

const BID: &str = r#"{"id":2,"rpc":{"method":"slow bid","data":100,"idempotency_key":"k"}}"#;
const REPLY: &str = r#"{"id":2,"rpc":{"data":"slow bid for ann"}}"#;

#[test]
fn an_rpc_whose_connection_was_cut_runs_once_and_its_repeat_gets_the_first_outcome() {
    let mut office = Office::new("");
    let cut = office.world.user("ann");
    office.world.says(cut, BID);
    office.world.cut(cut);
    let back = office.world.user("ann");
    office.world.says(back, BID);
    let twin = office.world.user("ann");
    office.world.says(twin, BID);
    office.gate.add_permits(1);
    assert_eq!(office.hears(back), [REPLY]);
    assert_eq!(office.hears(twin), [REPLY]);
    let later = office.world.user("ann");
    office.world.says(later, BID);
    assert_eq!(office.world.hears(later), [REPLY]);
    let asked = office.asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["idempotency_key"], "k", "the backend hears the key too");
}

#[test]
fn another_users_key_reveals_nothing() {
    let mut office = Office::new("client.allow_anonymous_connect_without_token = true");
    office.gate.add_permits(9);
    let ann = office.world.user("ann");
    office.world.says(ann, BID);
    assert_eq!(office.hears(ann), [REPLY]);
    let bob = office.world.user("bob");
    office.world.says(bob, BID);
    assert_eq!(office.hears(bob), [REPLY.replace("ann", "bob")]);
    for _ in 0..2 {
        let anonymous = office.world.client();
        office.world.says(anonymous, BID);
        assert_eq!(office.hears(anonymous), [REPLY.replace("ann", "")]);
    }
    assert_eq!(office.asked.lock().unwrap().len(), 4, "two anonymous clients are strangers to each other");
}

#[test]
fn the_same_key_with_another_payload_is_a_bad_request_and_so_is_a_key_without_end() {
    let mut office = Office::new("");
    let ann = office.world.user("ann");
    office.gate.add_permits(9);
    office.world.says(ann, BID);
    assert_eq!(office.hears(ann), [REPLY]);
    let bad = r#"{"id":2,"error":{"code":107,"message":"bad request"}}"#;
    office.world.says(ann, &BID.replace("100", "101"));
    assert_eq!(office.world.hears(ann), [bad]);
    office.world.says(ann, &BID.replace(r#""k""#, &format!("{:?}", "k".repeat(256))));
    assert_eq!(office.world.hears(ann), [bad]);
    office.world.says(ann, r#"{"id":2,"publish":{"channel":"free:1","data":1,"idempotency_key":"p"}}"#);
    office.world.says(ann, r#"{"id":3,"publish":{"channel":"free:1","data":2,"idempotency_key":"p"}}"#);
    office.world.says(ann, r#"{"id":4,"publish":{"channel":"free:2","data":2,"idempotency_key":"p"}}"#);
    let heard = office.world.hears(ann);
    assert_eq!(heard, [r#"{"id":2,"publish":{}}"#, &bad.replace('2', "3"), r#"{"id":4,"publish":{}}"#]);
}

#[test]
fn a_publication_that_is_repeated_is_heard_once_and_its_channel_says_whose_it_is() {
    let mut office = Office::new("");
    let listener = office.world.user("listener");
    office.world.says(listener, r#"{"id":2,"subscribe":{"channel":"free:1"}}"#);
    office.world.hears(listener);
    for user in ["ann", "ann", "bob"] {
        let id = office.world.user(user);
        office.world.says(id, r#"{"id":2,"publish":{"channel":"free:1","data":7,"idempotency_key":"k"}}"#);
        assert_eq!(office.world.hears(id), [r#"{"id":2,"publish":{}}"#]);
    }
    let heard = office.world.hears(listener);
    assert_eq!(heard.len(), 2);
    assert!(heard[0].contains(r#""user":"ann""#) && heard[1].contains(r#""user":"bob""#), "{heard:?}");
}

#[test]
fn the_backend_decides_once_about_a_publication() {
    let mut office = Office::new("");
    let listener = office.world.user("listener");
    office.world.says(listener, r#"{"id":2,"subscribe":{"channel":"judged:1"}}"#);
    office.world.hears(listener);
    let publish = r#"{"id":2,"publish":{"channel":"judged:1","data":"slow","idempotency_key":"k"}}"#;
    let cut = office.world.user("ann");
    office.world.says(cut, publish);
    office.world.cut(cut);
    office.gate.add_permits(1);
    office.advised();
    assert!(office.world.hears(listener).is_empty(), "its connection was gone before the decision came");
    for _ in 0..2 {
        let back = office.world.user("ann");
        office.world.says(back, publish);
        assert_eq!(office.hears(back), [r#"{"id":2,"publish":{}}"#]);
    }
    let heard = office.world.hears(listener);
    assert!(heard.len() == 1 && heard[0].contains(r#""data":1,"offset":1"#), "{heard:?}");
    assert_eq!(office.asked.lock().unwrap().len(), 1);
}

#[test]
fn an_outcome_that_may_turn_out_otherwise_is_not_kept() {
    let mut office = Office::new("");
    let ann = office.world.user("ann");
    office.world.says(ann, BID);
    // The backend goes down before it answers.
    office.gate.close();
    assert_eq!(
        office.hears(ann),
        [r#"{"id":2,"error":{"code":100,"message":"internal server error","temporary":true}}"#]
    );
    office.world.says(ann, BID);
    office.hears(ann);
    assert_eq!(office.asked.lock().unwrap().len(), 2);
}

#[test]
fn who_can_never_come_back_as_the_same_leaves_no_outcomes() {
    let mut world = World::new(OPEN);
    for (headers, leaves) in [("{}", false), (r#"{"suona-session":"V1StGXR8_Z5jdHi6B-myT0"}"#, true)] {
        let id = world.enter();
        world.says(id, &format!(r#"{{"id":1,"connect":{{"headers":{headers}}}}}"#));
        world.says(id, r#"{"id":2,"publish":{"channel":"news","data":7,"idempotency_key":"k"}}"#);
        assert_eq!(world.hears(id)[1], r#"{"id":2,"publish":{}}"#);
        assert!(!world.shard.commons.ledger.is_empty());
        world.cut(id);
        assert_eq!(!world.shard.commons.ledger.is_empty(), leaves);
    }
}
