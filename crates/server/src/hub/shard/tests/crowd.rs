use super::*;

#[test]
fn a_publication_reaches_everyone_who_hears_the_channel_and_nobody_else() {
    let mut world = World::new(OPEN);
    let (ann, ben, eve) = (world.subscriber("news"), world.subscriber("news"), world.subscriber("other"));
    world.publish("news", r#"{"n":1}"#);
    world.settle();
    for id in [ann, ben] {
        let heard = world.hears(id);
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert!(
            heard[0].starts_with(r#"{"push":{"channel":"news","pub":{"data":{"n":1},"offset":1"#),
            "{heard:?}"
        );
    }
    assert_eq!(world.hears(eve), [""; 0]);
}

#[test]
fn whoever_was_away_gets_exactly_what_it_missed() {
    let mut world = World::new(OPEN);
    let ann = world.subscriber("news");
    world.publish("news", "1");
    world.settle();
    let epoch = world.hears(ann)[0].split(r#""epoch":""#).nth(1).unwrap()[..8].to_owned();
    world.cut(ann);
    for data in ["2", "3"] {
        world.publish("news", data);
    }
    let ann = world.client();
    let since = format!(r#""recover":true,"offset":1,"epoch":"{epoch}""#);
    world.says(ann, &format!(r#"{{"id":2,"subscribe":{{"channel":"news",{since}}}}}"#));
    world.publish("news", "4");
    world.settle();
    let heard = world.hears(ann);
    assert!(heard[0].contains(r#""recovered":true"#), "{heard:?}");
    assert!(
        heard[0].contains(r#""publications":[{"data":2,"offset":2},{"data":3,"offset":3}]"#),
        "{heard:?}"
    );
    assert!(heard[1].contains(r#""pub":{"data":4,"offset":4"#), "{heard:?}");
}

#[test]
fn coming_and_going_is_told_to_those_who_stay() {
    let mut world = World::new(OPEN);
    let ann = world.subscriber("loud:room");
    world.settle();
    assert!(world.hears(ann).iter().all(|text| text.contains(r#""join""#)), "it hears itself join");
    let ben = world.subscriber("loud:room");
    world.says(ben, r#"{"id":3,"unsubscribe":{"channel":"loud:room"}}"#);
    let heard = world.hears(ann);
    assert!(heard[0].contains(r#""join":{"info":{"user":"","client":"#), "{heard:?}");
    assert!(heard[1].contains(r#""leave":{"info":{"user":"","client":"#), "{heard:?}");
}

#[test]
fn a_connection_that_is_lost_leaves_no_trace() {
    let mut world = World::new(OPEN);
    let ids: Vec<_> = (0..50).map(|_| world.subscriber("news")).collect();
    for id in ids {
        world.cut(id);
    }
    assert!(world.shard.audiences.is_empty());
    assert!(world.hub.channels().is_empty());
    assert!(world.shard.connections.ids().next().is_none());
    assert_eq!(world.shard.outboxes().total_bytes(), 0);
}

#[test]
fn an_answer_for_an_earlier_connection_in_the_same_slot_is_dropped() {
    let mut world = World::new(OPEN);
    let ann = world.client();
    world.shard.received(ann, Message::Text(r#"{"id":2,"presence_stats":{"channel":"news"}}"#), world.now);
    world.shard.lost(ann, &Loss::Cut, world.now);
    world.shard.outboxes().remove(ann);
    let ben = world.client();
    assert_eq!(ben.slot, ann.slot);
    world.settle();
    assert_eq!(world.hears(ben), [""; 0]);
}

#[test]
fn a_json_client_does_not_hear_bytes() {
    let mut world = World::new(OPEN);
    let ann = world.client();
    world.says(ann, r#"{"id":2,"subscribe":{"channel":"raw:1"}}"#);
    assert_eq!(world.hears(ann), [r#"{"id":2,"error":{"code":103,"message":"permission denied"}}"#]);
}

#[test]
fn orders_reach_those_who_are_meant() {
    let mut world = World::new(OPEN);
    let (ann, ben) = (world.subscriber("news"), world.subscriber("news"));
    let anns_client = world.shard.connections.get_mut(ann).unwrap().session.info().client.clone();
    let unsubscribe = Order::Unsubscribe {
        matching: Selector { client: Some(anns_client.clone()), ..Selector::default() },
        channel: "news".into(),
    };
    world.shard.errand(Errand::Order(None, unsubscribe), world.now);
    let disconnect = Order::Disconnect {
        matching: Selector { except: vec![anns_client], ..Selector::default() },
        why: DisconnectCode::ForceDisconnect.into(),
    };
    world.shard.errand(Errand::Order(None, disconnect), world.now);
    let push = r#"{"push":{"channel":"news","unsubscribe":{"code":2000,"reason":"server unsubscribe"}}}"#;
    assert_eq!(world.hears(ann), [push]);
    assert_eq!(world.hears(ben), ["close 3503 force disconnect"]);
}

#[test]
fn a_survey_counts_the_subscribers_of_each_channel() {
    let mut world = World::new(OPEN);
    for channel in ["a", "b", "b"] {
        world.subscriber(channel);
    }
    let (ask, mut asked) = oneshot::channel();
    world.shard.errand(Errand::Survey(ask), world.now);
    let counts: BTreeSet<_> = asked.try_recv().unwrap().into_iter().collect();
    assert_eq!(counts, BTreeSet::from([("a".into(), 1), ("b".into(), 2)]));
}

#[test]
fn a_drain_sends_everyone_away_but_not_all_at_once() {
    let mut world = World::new(OPEN);
    let ids: Vec<_> = (0..100).map(|_| world.subscriber("news")).collect();
    world.shard.errand(Errand::Drain(Duration::from_secs(20)), world.now);
    let mut left = Vec::new();
    for _ in 0..4 {
        world.after(Duration::from_secs(5));
        left.push(ids.iter().filter(|id| world.shard.outboxes.is_open(**id)).count());
    }
    assert!(left.is_sorted_by(|a, b| a > b), "{left:?}");
    assert_eq!(left[3], 0);
    assert!(ids.iter().all(|id| world.hears(*id) == ["close 3001 shutdown"]));
    let late = world.enter();
    assert_eq!(world.hears(late), ["close 3001 shutdown"]);
}
