use super::*;

const PAUSE: Duration = Duration::from_millis(250);

#[test]
fn of_a_fast_channel_the_first_comes_at_once_and_the_latest_after_a_pause() {
    let mut world = World::new(WITHHELD);
    let ann = world.user("ann");
    world.subscribe(ann, json!({ "channel": "tick:1" }));
    for n in 1..=5 {
        world.put("tick:1", message(n));
    }
    assert_eq!(world.numbers(ann), [1]);
    world.after(Duration::from_millis(150));
    assert_eq!(world.numbers(ann), [0; 0], "not before the time");
    world.after(PAUSE);
    assert_eq!(world.numbers(ann), [5]);
    world.put("tick:1", message(6));
    assert_eq!(world.numbers(ann), [0; 0], "the pause begins anew");
    world.after(PAUSE);
    world.after(PAUSE);
    assert_eq!(world.numbers(ann), [6]);
    world.put("tick:1", message(7));
    assert_eq!(world.numbers(ann), [7], "a slow channel waits for nothing");
    assert_eq!(world.shard.deadline().filter(|it| *it <= world.now.instant), None);
}

#[test]
fn who_comes_in_the_pause_recovers_everything_and_hears_nothing_twice() {
    let mut world = World::new(WITHHELD);
    let ann = world.user("ann");
    world.subscribe(ann, json!({ "channel": "tick:1" }));
    for n in 1..=3 {
        world.put("tick:1", message(n));
    }
    let ben = world.user("ben");
    let reply = world.subscribe(ben, json!({ "channel": "tick:1", "recover": true }));
    assert_eq!(reply["subscribe"]["publications"].as_array().map(Vec::len), Some(3));
    world.after(PAUSE);
    assert_eq!(world.numbers(ann), [1, 3]);
    assert_eq!(world.numbers(ben), [0; 0]);
    world.after(PAUSE);
    world.put("tick:1", message(4));
    assert_eq!([world.numbers(ann), world.numbers(ben)], [[4], [4]]);
}

#[test]
fn who_does_not_get_the_latest_gets_the_latest_that_it_does() {
    let mut world = World::new(WITHHELD);
    let (ann, ben, eve) = (world.user("ann"), world.user("ben"), world.user("eve"));
    for id in [ann, ben] {
        world.subscribe(id, json!({ "channel": "tick:1" }));
    }
    world.subscribe(eve, json!({ "channel": "tick:1", "tf": only("bid") }));
    world.put("tick:1", tagged(1, "bid"));
    world.put("tick:1", tagged(2, "bid"));
    world.put("tick:1", message(3));
    world.put("tick:1", excluding(4, "ann"));
    world.after(PAUSE);
    assert_eq!([world.numbers(ann), world.numbers(ben), world.numbers(eve)], [[1, 3], [1, 4], [1, 2]]);
}

#[test]
fn what_nobody_hears_makes_nothing_wait() {
    let mut world = World::new(WITHHELD);
    let ann = world.user("ann");
    world.subscribe(ann, json!({ "channel": "tick:1", "tf": only("bid") }));
    world.put("tick:1", tagged(1, "chat"));
    world.put("tick:1", tagged(2, "bid"));
    assert_eq!(world.numbers(ann), [2], "at once");
    world.put("tick:1", tagged(3, "bid"));
    world.put("tick:1", tagged(4, "chat"));
    world.after(PAUSE);
    assert_eq!(world.numbers(ann), [3]);
    world.after(PAUSE);
    world.put("tick:1", excluding(5, "ann"));
    assert_eq!(world.shard.deadline().filter(|it| *it <= world.now.after(PAUSE).instant), None);
    world.put("tick:1", tagged(6, "bid"));
    assert_eq!(world.numbers(ann), [6], "at once, and none of the others was a gap");
}

#[test]
fn who_is_sent_away_in_the_pause_gets_the_latest_before() {
    let mut world = World::new(WITHHELD);
    let ann = world.user("ann");
    world.subscribe(ann, json!({ "channel": "tick:1" }));
    world.put("tick:1", message(1));
    world.put("tick:1", message(2));
    world.says(ann, r#"{"id":3,"unsubscribe":{"channel":"tick:1"}}"#);
    let heard = world.hears(ann);
    assert!(heard[1].contains(r#""n":2"#) && heard[2].contains(r#""unsubscribe":{}"#), "{heard:?}");
    world.after(PAUSE);
    assert_eq!(world.hears(ann), [""; 0]);
}

#[test]
fn a_plain_client_hears_the_latest_too() {
    let mut world = World::new(WITHHELD);
    let one = world.plain(0, "lot=1");
    world.put("tick:1", message(1));
    world.put("tick:1", message(2));
    world.put("tick:1", message(3));
    world.after(PAUSE);
    assert_eq!(world.hears(one), [payload(1), payload(3)]);
}

#[test]
fn what_waits_in_many_channels_makes_no_client_slow_that_reads() {
    let mut world = World::new(WITHHELD);
    let ann = world.user("ann");
    let channels: Vec<_> = (0..100).map(|number| format!("tick:{number}")).collect();
    let large =
        |n| Publish { data: format!(r#"{{"n":{n},"x":"{}"}}"#, "x".repeat(60_000)).into(), ..message(n) };
    let mut heard = 0;
    for channel in &channels {
        world.subscribe(ann, json!({ "channel": channel }));
        world.put(channel, message(1));
        world.put(channel, large(2));
        heard += world.numbers(ann).len();
    }
    world.after(PAUSE);
    for _ in 0..100 {
        assert!(world.shard.outboxes.is_open(ann));
        heard += world.numbers(ann).len();
        // The reactor flushes, and then looks at the deadlines again.
        world.shard.outboxes.begin_flush();
        world.after(Duration::ZERO);
    }
    assert_eq!(heard, 200);
}

#[test]
fn so_many_different_ones_do_not_wait() {
    let mut world = World::new(WITHHELD);
    let listeners: Vec<_> = (0..100).map(|_| world.user("ann")).collect();
    for (number, id) in listeners.iter().enumerate() {
        world.subscribe(*id, json!({ "channel": "tick:1", "tf": only(&number.to_string()) }));
    }
    world.put("tick:1", message(0));
    for number in 0..100 {
        world.put("tick:1", tagged(number, &number.to_string()));
    }
    let early: usize = listeners.iter().map(|id| world.numbers(*id).len()).sum();
    assert!((64..100).contains(&early), "{early} went before their time");
    world.after(PAUSE);
    assert_eq!(listeners.iter().map(|id| world.numbers(*id).len()).sum::<usize>(), 100 - early);
}
