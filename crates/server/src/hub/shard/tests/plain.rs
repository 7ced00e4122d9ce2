//! Clients that know nothing of channels, through the whole shard.

use super::*;
use crate::{
    config::{PlainDoor, PlainRpc},
    door::{Plain, PlainRules},
};

const DOORS: &str = r#"
    [[channel.namespaces]]
    name = "lot"
    history_size = 10
    history_ttl = "60s"
    [[channel.namespaces]]
    name = "open"
    allow_subscribe_for_client = true
    allow_subscribe_for_anonymous = true
    [[channel.namespaces]]
    name = "device"
    [[plain]]
    path = "/bids"
    identify = { from = "query:userid", pattern = "^(?<lot>[^_]+)_(?<supplier>.+)_[0-9]+$", user = "{supplier}" }
    trust_names = true
    channels = ["lot:{lot}"]
    greeting = "SUCCESS"
    heartbeat = { request = "header", reply = "header" }
    [[plain]]
    path = "/device"
    identify = { from = "message" }
    channels = ["device:{serial_no}"]
    heartbeat = { request = "heartbeat" }
    idle_timeout = "60s"
    [[plain]]
    path = "/app"
    channels = ["open:orders"]
"#;

const BIDS: usize = 0;
const DEVICE: usize = 1;
const APP: usize = 2;

impl World {
    pub(super) fn plain(&mut self, door: usize, query: &str) -> ConnectionId {
        self.through(self.shard.commons.rules.config.plain[door].clone(), query)
    }

    fn through(&mut self, door: PlainDoor, query: &str) -> ConnectionId {
        let rules = Arc::new(PlainRules::new(door, self.shard.commons.rules.connection_tokens.clone()));
        let id = self.shard.outboxes().open();
        let manners = rules.manners(None);
        let door = Door::Plain(Box::new(Plain::new(rules, query)));
        self.shard.opened(
            id,
            Opening {
                door,
                manners: manners.into(),
                first: None,
                headers: None,
                vouched: None,
                lease: Box::new(()),
            },
            self.now,
        );
        self.settle();
        id
    }
}

#[test]
fn bidders_of_one_lot_hear_its_bids_bare_and_those_of_another_do_not() {
    let mut world = World::new(DOORS);
    let [ann, bob, eve] =
        ["7_ann_1", "7_bob_2", "8_eve_3"].map(|user| world.plain(BIDS, &format!("userid={user}")));
    world.publish("lot:7", r#"{"price":12}"#);
    world.settle();
    world.says(ann, "header");
    assert_eq!(world.hears(ann), ["SUCCESS", r#"{"price":12}"#, "header"]);
    assert_eq!(world.hears(bob), ["SUCCESS", r#"{"price":12}"#]);
    assert_eq!(world.hears(eve), ["SUCCESS"]);
}

#[test]
fn a_refusal_is_a_close_frame_at_once() {
    let mut world = World::new(DOORS);
    let id = world.plain(BIDS, "userid=nobody");
    assert_eq!(world.hears(id), ["close 1008 userid in the address is malformed"]);

    let id = world.plain(DEVICE, "");
    world.says(id, r#"{"serial_no":"A1"}"#);
    assert_eq!(world.hears(id), ["close 1008 permission denied"], "a name is no permission");

    let mut door = world.shard.commons.rules.config.plain[BIDS].clone();
    door.channels = vec![crate::config::Template::parse("unheard:{lot}").unwrap()];
    let id = world.through(door, "userid=7_ann_1");
    assert_eq!(world.hears(id), ["close 1008 unknown channel"]);
    assert!(world.shard.audiences.is_empty());
}

#[test]
fn who_does_not_say_who_it_is_is_stale_whatever_else_it_says() {
    let mut world = World::new(DOORS);
    let id = world.plain(DEVICE, "");
    for _ in 0..3 {
        world.after(Duration::from_secs(4));
        world.says(id, "heartbeat");
    }
    assert_eq!(world.hears(id), ["close 1008 stale"]);
}

#[test]
fn a_device_that_falls_silent_is_dropped() {
    let mut world = World::new(DOORS);
    let mut door = world.shard.commons.rules.config.plain[DEVICE].clone();
    door.trust_names = true;
    let id = world.through(door, "");
    world.says(id, r#"{"serial_no":"A1"}"#);
    for _ in 0..4 {
        world.after(Duration::from_secs(30));
        world.says(id, "heartbeat");
    }
    assert!(world.hears(id).is_empty());
    world.after(Duration::from_secs(61));
    assert_eq!(world.hears(id), ["close 1001 no pong"]);
}

#[test]
fn requests_are_answered_in_their_order() {
    let mut world = World::new(DOORS);
    let mut door = world.shard.commons.rules.config.plain[APP].clone();
    door.rpc = Some(PlainRpc::default());
    let id = world.through(door, "");
    world.says(id, r#"{"method":"list"}"#);
    world.says(id, "hello");
    world.says(id, r#"{"method":"count"}"#);
    let error =
        |method| format!(r#"{{"method":"{method}","error":{{"code":108,"message":"not available"}}}}"#);
    let nobody = r#"{"error":{"code":107,"message":"this is neither a heartbeat nor a request"}}"#;
    assert_eq!(world.hears(id), [error("list"), nobody.to_owned(), error("count")]);
}

#[test]
fn a_server_that_goes_says_so() {
    let mut world = World::new(DOORS);
    let id = world.plain(APP, "");
    world.shard.errand(Errand::Drain(Duration::ZERO), world.now);
    assert_eq!(world.hears(id), ["close 1001 shutdown"]);
    let late = world.plain(APP, "");
    assert_eq!(world.hears(late), ["close 1001 shutdown"]);
}
