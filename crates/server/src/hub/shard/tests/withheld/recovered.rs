use super::*;

/// What of a stream a client gets back that was away from its beginning on, of three at most; `None` for a gap.
fn recovered(publish: fn(u64) -> Publish, count: u64, filter: &Value) -> Option<Vec<u64>> {
    let few = "insecure = true\n    recovery_max_publication_limit = 3";
    let mut world = World::new(&WITHHELD.replace("insecure = true", few));
    for n in 1..=count {
        world.put("lot:1", publish(n));
    }
    let ann = world.user("ann");
    let reply =
        world.subscribe(ann, json!({ "channel": "lot:1", "recover": true, "tf": filter }))["subscribe"]
            .take();
    let numbers = reply["publications"].as_array().map_or_else(Vec::new, |shown| {
        shown.iter().map(|one| one["data"]["n"].as_u64().expect("a number")).collect()
    });
    world.put("lot:1", tagged(count + 1, "bid"));
    assert_eq!(world.numbers(ann), [count + 1], "and what comes next is no gap");
    (reply["recovered"] == true).then_some(numbers)
}

/// Every fifth publication is a bid.
fn bid_or_chat(n: u64) -> Publish {
    tagged(n, if n.is_multiple_of(5) { "bid" } else { "chat" })
}

#[test]
fn however_much_a_filter_withheld_nothing_is_missing() {
    assert_eq!(recovered(bid_or_chat, 17, &only("bid")), Some(vec![5, 10, 15]));
    assert_eq!(recovered(|n| tagged(n, "chat"), 17, &only("bid")), Some(vec![]));
}

#[test]
fn however_much_a_client_is_excluded_from_nothing_is_missing() {
    let hidden = |n: u64| if n.is_multiple_of(5) { message(n) } else { excluding(n, "ann") };
    assert_eq!(recovered(hidden, 17, &Value::Null), Some(vec![5, 10, 15]));
}

#[test]
fn what_is_shown_counts_whoever_else_is_excluded_from_it() {
    assert_eq!(recovered(bid_or_chat, 20, &only("bid")), None);
    assert_eq!(recovered(bid_or_chat, 4, &Value::Null), None);
    assert_eq!(recovered(|n| excluding(n, "ben"), 4, &Value::Null), None);
    assert_eq!(recovered(|n| excluding(n, "ben"), 3, &Value::Null), Some(vec![1, 2, 3]));
}
