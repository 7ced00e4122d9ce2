use super::*;

#[test]
fn whoever_does_not_read_is_closed_as_slow_and_the_others_hear_everything() {
    let mut world = World::new(&OPEN.replace("[client]", "[client]\nqueue_max_size = 10000"));
    let (slow, fast) = (world.subscriber("news"), world.subscriber("news"));
    let data = format!("\"{}\"", "x".repeat(1000));
    let mut heard = 0;
    for _ in 0..20 {
        world.publish("news", &data);
        world.settle();
        heard += world.hears(fast).len();
    }
    assert_eq!(heard, 20);
    assert_eq!(world.hears(slow), ["close 3008 slow"]);
    assert_eq!(world.shard.audiences.get("news").unwrap().len(), 1);
}

#[test]
fn a_fast_client_is_never_closed_as_slow_whatever_it_asks_for() {
    let mut world = World::new(&OPEN.replace("[client]", "[client]\nqueue_max_size = 20000"));
    for _ in 0..100 {
        world.publish("news", &format!("\"{}\"", "x".repeat(500)));
    }
    let ann = world.subscriber("news");
    let ask = |id: u32| format!(r#"{{"id":{id},"history":{{"channel":"news","limit":100}}}}"#);
    let commands: Vec<_> = (10..110).map(ask).collect();
    world.says(ann, &commands.join("\n"));
    let mut replies = Vec::new();
    loop {
        let heard = world.hears(ann);
        world.settle();
        if heard.is_empty() {
            break;
        }
        replies.extend(heard);
    }
    assert_eq!(replies.len(), 100, "{:?}", replies.last());
    assert!(replies.iter().all(|reply| reply.contains(r#""history":{"publications":[{"data":"x"#)));
}

#[test]
fn what_is_too_much_to_recover_is_a_gap_and_not_an_overflow() {
    let mut world = World::new(&OPEN.replace("[client]", "[client]\nqueue_max_size = 20000"));
    for _ in 0..100 {
        world.publish("news", &format!("\"{}\"", "x".repeat(500)));
    }
    let ann = world.client();
    world.says(ann, r#"{"id":2,"subscribe":{"channel":"news","recover":true}}"#);
    let heard = world.hears(ann);
    assert!(
        heard[0].contains(r#""was_recovering":true"#) && !heard[0].contains("recovered\":true"),
        "{heard:?}"
    );
    assert!(heard[0].contains(r#""offset":100"#));
}

#[test]
fn a_burst_asks_for_a_flush_before_it_could_fill_an_outbox() {
    let mut world = World::new(OPEN);
    world.subscriber("news");
    let limit = world.shard.outboxes.limit();
    let data = format!("\"{}\"", "x".repeat(60_000));
    let mut sent = 0;
    while !world.shard.outboxes.wants_flush() {
        world.publish("news", &data);
        world.settle();
        sent += data.len();
    }
    assert!(sent < limit / 2);
}

#[test]
fn a_user_has_no_more_connections_than_it_may() {
    let mut world = World::new(&OPEN.replace("[client]", "[client]\nuser_connection_limit = 2"));
    let token = token(&serde_json::json!({ "sub": "42" }));
    let connect = |world: &mut World| {
        let id = world.enter();
        world.says(id, &format!(r#"{{"id":1,"connect":{{"token":"{token}"}}}}"#));
        (id, world.hears(id).concat())
    };
    let (first, _) = connect(&mut world);
    connect(&mut world);
    assert_eq!(connect(&mut world).1, "close 3504 connection limit");
    world.cut(first);
    assert!(connect(&mut world).1.contains(r#""connect":{"#));
}

#[test]
fn who_says_nothing_is_closed_as_stale() {
    let mut world = World::new(OPEN);
    let silent = world.enter();
    world.after(Duration::from_secs(9));
    assert!(world.hears(silent).is_empty());
    world.after(Duration::from_secs(2));
    assert_eq!(world.hears(silent), ["close 3502 stale"]);
}

#[test]
fn whoever_gets_too_slow_halfway_through_its_commands_leaves_no_trace() {
    // Where in the three replies the room ends depends on how full the outbox was.
    for spare in 0..250 {
        let mut world = World::new(&OPEN.replace("[client]", "[client]\nqueue_max_size = 4096"));
        let slow = world.client();
        while world.shard.outboxes.bytes(slow) + 22 + spare < 4096 {
            world.says(slow, r#"{"id":9,"ping":{}}"#);
        }
        let (join, part) =
            (r#"{"subscribe":{"channel":"news"},"id":"#, r#"{"unsubscribe":{"channel":"news"},"id":"#);
        world.says(slow, &format!("{join}2}}\n{part}3}}\n{join}4}}"));
        world.cut(slow);
        assert!(
            world.shard.audiences.is_empty() && world.hub.channels().is_empty(),
            "{spare} bytes to spare"
        );
        assert_eq!(world.shard.subscriptions, 0);
        let ann = world.subscriber("news");
        world.says(ann, r#"{"id":3,"presence_stats":{"channel":"news"}}"#);
        assert_eq!(world.hears(ann), [r#"{"id":3,"presence_stats":{"num_clients":1,"num_users":1}}"#]);
    }
}

#[test]
fn a_recovery_in_the_connect_reply_and_one_after_it_do_not_meet_in_the_outbox() {
    let mut world = World::new(&OPEN.replace("[client]", "[client]\nqueue_max_size = 20000"));
    for channel in ["a", "b"] {
        for _ in 0..15 {
            world.publish(channel, &format!("\"{}\"", "x".repeat(500)));
        }
    }
    let token = token(&serde_json::json!({ "sub": "42", "channels": ["a"] }));
    let connect = format!(r#"{{"id":1,"connect":{{"token":"{token}","subs":{{"a":{{"recover":true}}}}}}}}"#);
    let ann = world.enter();
    world.says(ann, &format!("{connect}\n{}", r#"{"id":2,"subscribe":{"channel":"b","recover":true}}"#));
    let first = world.hears(ann);
    assert!(first.len() == 1 && first[0].contains(r#""recovered":true"#), "{first:?}");
    world.settle();
    let second = world.hears(ann);
    assert!(
        second[0].contains(r#""id":2,"subscribe""#) && second[0].contains(r#""recovered":true"#),
        "{second:?}"
    );
}

#[test]
fn a_connection_that_is_being_closed_does_not_count_against_its_user() {
    let mut world = World::new(&OPEN.replace("[client]", "[client]\nuser_connection_limit = 1"));
    let connect =
        format!(r#"{{"id":1,"connect":{{"token":"{}"}}}}"#, token(&serde_json::json!({ "sub": "42" })));
    let old = world.enter();
    world.says(old, &connect);
    world.shard.order(
        Some(old),
        Order::Disconnect { matching: Selector::default(), why: DisconnectCode::NoPong.into() },
        world.now,
    );
    let new = world.enter();
    world.says(new, &connect);
    assert!(world.hears(new)[0].contains(r#""connect":{"#), "though the old socket is not gone yet");
}

#[test]
fn what_comes_in_one_message_with_a_refused_connect_is_not_heard() {
    let mut world = World::new(OPEN);
    let expired = token(&serde_json::json!({ "sub": "42", "exp": 1_000_000_000 }));
    let ann = world.enter();
    let connect = format!(r#"{{"id":1,"connect":{{"token":"{expired}"}}}}"#);
    world.says(ann, &format!("{connect}\n{}", r#"{"id":2,"subscribe":{"channel":"news"}}"#));
    assert_eq!(world.hears(ann), [r#"{"id":1,"error":{"code":109,"message":"token expired"}}"#]);
    world.says(ann, r#"{"id":3,"ping":{}}"#);
    assert_eq!(world.hears(ann), ["close 3501 bad request"]);
}
