//! One story a code: what somebody does, and what the client hears of it.

use serde_json::json;
use suona_protocol::{Disconnect, Encoded, Publication};

use super::*;
use crate::{
    broker::faulty::{Faults, FaultyBroker},
    session::{PingSchedule, ServerSub},
};

/// A story, told to its end: everything that the client heard.
type Story = fn() -> Vec<String>;

pub(super) const STORIES: &[(u32, Story)] = &[
    (100, || behind_a_line_that_breaks(r#"{"id":2,"publish":{"channel":"news","data":1}}"#)),
    (102, || says(&[r#"{"id":2,"publish":{"channel":"nowhere:1","data":1}}"#])),
    (103, || says(&[r#"{"id":2,"subscribe":{"channel":"closed:1"}}"#])),
    (104, || says(&[r#"{"id":2,"rpc":{"method":"nowhere:list"}}"#])),
    (105, || says(&[SUBSCRIBE, SUBSCRIBE])),
    (106, || says(&[SUBSCRIBE, &SUBSCRIBE.replace("news", "a"), &SUBSCRIBE.replace("news", "b")])),
    (107, || says(&[r#"{"id":2,"subscribe":{"channel":"新闻"}}"#])),
    (108, || says(&[r#"{"id":2,"presence":{"channel":"news"}}"#])),
    (109, || connects(&json!({ "sub": "42", "exp": 1 }))),
    (110, || connects(&json!({ "sub": "42", "expire_at": 1 }))),
    (111, || says(&[SUBSCRIBE, &sub_refresh(&json!({ "sub": "", "channel": "news", "exp": 1 }))])),
    (112, || says(&[r#"{"id":2,"history":{"channel":"news","since":{"offset":1,"epoch":"of before"}}}"#])),
    (2000, || is_ordered(Order::Unsubscribe { matching: Selector::default(), channel: "news".into() })),
    (2500, || misses_something(subscriber)),
    (2501, outlives_its_subscription),
    (3001, drains),
    (3004, || behind_a_line_that_breaks(SUBSCRIBE)),
    (3005, || says(&[&format!(r#"{{"id":2,"refresh":{{"token":"{}"}}}}"#, token(&json!({ "exp": 1 })))])),
    (3006, outlives_its_server_side_subscription),
    (3008, reads_nothing),
    (3010, || misses_something(server_side_subscriber)),
    (3011, || is_told_to_go(DisconnectCode::ForceReconnect)),
    (3012, leaves_a_ping_unanswered),
    (3013, asks_too_much_at_once),
    (3500, || connects_with("no token")),
    (3501, || first_says(SUBSCRIBE)),
    (3502, says_nothing),
    (3503, || is_told_to_go(DisconnectCode::ForceDisconnect)),
    (3504, comes_once_too_often),
    (3505, || connects(&json!({ "sub": "42", "channels": ["a", "b", "c"] }))),
    (3507, || connects(&json!({ "sub": "" }))),
    (3508, || says(&[r#"{"send":{"data":1}}"#])),
];

const CONFIG: &str = r#"
    [client]
    allow_anonymous_connect_without_token = true
    disallow_anonymous_connection_tokens = true
    channel_limit = 2
    user_connection_limit = 1
    queue_max_size = 4096
    [channel.without_namespace]
    allow_subscribe_for_client = true
    allow_subscribe_for_anonymous = true
    allow_publish_for_client = true
    allow_publish_for_anonymous = true
    allow_history_for_client = true
    allow_history_for_anonymous = true
    history_size = 10
    history_ttl = "60s"
    force_recovery = true
    [[channel.namespaces]]
    name = "closed"
"#;

const SUBSCRIBE: &str = r#"{"id":2,"subscribe":{"channel":"news"}}"#;

fn world() -> World {
    World::new(CONFIG)
}

/// What a connected client hears that says this.
fn says(commands: &[&str]) -> Vec<String> {
    let mut world = world();
    let id = world.client();
    commands.iter().for_each(|command| world.says(id, command));
    world.hears(id)
}

fn first_says(command: &str) -> Vec<String> {
    let mut world = world();
    let id = world.enter();
    world.says(id, command);
    world.hears(id)
}

fn connects_with(token: &str) -> Vec<String> {
    first_says(&format!(r#"{{"id":1,"connect":{{"token":"{token}"}}}}"#))
}

fn connects(claims: &Value) -> Vec<String> {
    connects_with(&token(claims))
}

fn sub_refresh(claims: &Value) -> String {
    format!(r#"{{"id":3,"sub_refresh":{{"channel":"news","token":"{}"}}}}"#, token(claims))
}

fn subscriber(world: &mut World) -> ConnectionId {
    world.subscriber("news")
}

/// One that the API subscribes, for a minute.
fn server_side_subscriber(world: &mut World) -> ConnectionId {
    let id = world.client();
    let expires_at = Some(world.now.unix + Duration::from_secs(60));
    let sub = Arc::new(ServerSub { expires_at, ..ServerSub::new("news".into(), true) });
    order(world, Order::Subscribe { matching: Selector::default(), sub });
    assert!(world.hears(id)[0].contains(r#""subscribe":{"#));
    id
}

/// The API wants something of all anonymous connections.
fn order(world: &mut World, order: Order) {
    world.shard.errand(Errand::Order(None, order), world.now);
    world.settle();
}

fn is_ordered(what: Order) -> Vec<String> {
    let mut world = world();
    let id = world.subscriber("news");
    order(&mut world, what);
    world.hears(id)
}

fn is_told_to_go(code: DisconnectCode) -> Vec<String> {
    is_ordered(Order::Disconnect { matching: Selector::default(), why: Disconnect::from(code) })
}

/// The broker cannot be reached while it is asked.
fn behind_a_line_that_breaks(command: &str) -> Vec<String> {
    let mut line = None;
    let mut world = World::with_broker(CONFIG, |hub| {
        let broker = FaultyBroker::new(hub, Surroundings::default(), Faults::default(), 7);
        line.insert(Arc::new(broker)).clone()
    });
    let id = world.client();
    world.says(id, command);
    let line = line.expect("the world has a broker");
    line.disconnect();
    line.settle();
    world.settle();
    world.hears(id)
}

/// A publication comes, and what was before it did not.
fn misses_something(subscriber: fn(&mut World) -> ConnectionId) -> Vec<String> {
    let mut world = world();
    let id = subscriber(&mut world);
    let publication = Publication { data: "1".into(), offset: 7, ..Publication::default() };
    let publication = Encoded::new("news".into(), publication, Content::Json);
    world.hub.deliver(&Delivery::Publication(Arc::new(publication))).expect("there is room");
    world.settle();
    world.hears(id)
}

fn outlives_its_subscription() -> Vec<String> {
    let mut world = world();
    let id = world.client();
    let ends = world.now.unix.as_secs() + 60;
    let token = token(&json!({ "sub": "", "channel": "news", "exp": ends }));
    world.says(id, &format!(r#"{{"id":2,"subscribe":{{"channel":"news","token":"{token}"}}}}"#));
    world.after(Duration::from_secs(90));
    world.hears(id)
}

fn outlives_its_server_side_subscription() -> Vec<String> {
    let mut world = world();
    let id = server_side_subscriber(&mut world);
    world.after(Duration::from_secs(90));
    world.hears(id)
}

fn drains() -> Vec<String> {
    let mut world = world();
    let id = world.client();
    world.shard.errand(Errand::Drain(Duration::ZERO), world.now);
    world.hears(id)
}

fn reads_nothing() -> Vec<String> {
    let mut world = world();
    let id = world.subscriber("news");
    for _ in 0..10 {
        world.publish("news", &format!("{:?}", "x".repeat(1000)));
        world.settle();
    }
    world.hears(id)
}

fn leaves_a_ping_unanswered() -> Vec<String> {
    let mut world = world();
    let (interval, pong_timeout) = (Duration::from_secs(25), Some(Duration::from_secs(8)));
    let ping = Some(PingSchedule { interval, pong_timeout });
    let id = world.enter_with(Manners { ping, ..Manners::default() });
    world.says(id, r#"{"id":1,"connect":{}}"#);
    world.after(interval);
    world.after(interval);
    world.hears(id)
}

fn asks_too_much_at_once() -> Vec<String> {
    let mut world = World::with_broker(CONFIG, |hub| {
        Arc::new(FaultyBroker::new(hub, Surroundings::default(), Faults::default(), 7))
    });
    let id = world.client();
    for _ in 0..=1024 {
        world.says(id, r#"{"id":2,"publish":{"channel":"news","data":1}}"#);
    }
    world.hears(id)
}

fn says_nothing() -> Vec<String> {
    let mut world = world();
    let id = world.enter();
    world.after(Duration::from_secs(11));
    world.hears(id)
}

fn comes_once_too_often() -> Vec<String> {
    let mut world = world();
    let connect = format!(r#"{{"id":1,"connect":{{"token":"{}"}}}}"#, token(&json!({ "sub": "42" })));
    let ids = [world.enter(), world.enter()];
    ids.iter().for_each(|id| world.says(*id, &connect));
    world.hears(ids[1])
}
