//! A phone comes back on another network while its old connection still looks alive.

mod racing;

use serde_json::{Value, json};

use super::*;

const ROOMS: &str = r#"
    [client]
    user_connection_limit = 1
    allow_anonymous_connect_without_token = true
    [[channel.namespaces]]
    name = "room"
    presence = true
    join_leave = true
    force_push_join_leave = true
    allow_subscribe_for_client = true
    allow_subscribe_for_anonymous = true
"#;

const SECRET: &str = "V1StGXR8_Z5jdHi6B-myT0";
const SUBSCRIBE: &str = r#"{"id":2,"subscribe":{"channel":"room:1"}}"#;
const TAKEN_OVER: &str = "close 3503 taken over";

/// A world with someone who watches who comes to the room and goes.
struct Room {
    world: World,
    watcher: ConnectionId,
}

impl Room {
    fn new() -> Self {
        let mut world = World::new(ROOMS);
        let watcher = world.user("watcher");
        world.says(watcher, SUBSCRIBE);
        world.hears(watcher);
        Self { world, watcher }
    }

    fn phone(&mut self, user: &str) -> (ConnectionId, String) {
        let (id, reply) = self.world.user_with(user, &json!({ "suona-session": SECRET }));
        (id, reply["client"].as_str().unwrap().to_owned())
    }

    /// Sends a connect command and lets nobody act on it yet.
    fn rings(&mut self, user: &str) -> ConnectionId {
        let id = self.world.enter();
        let token = token(&json!({ "sub": user }));
        let connect = json!({ "token": token, "headers": { "suona-session": SECRET } });
        let text = json!({ "id": 1, "connect": connect }).to_string();
        self.world.shard.received(id, Message::Text(&text), self.world.now);
        id
    }

    fn enters(&mut self, id: ConnectionId) {
        self.world.says(id, SUBSCRIBE);
        assert_eq!(self.world.hears(id).len(), 1, "it hears nobody come");
    }

    /// Who came and who went, as the watcher hears it.
    fn movements(&mut self) -> Vec<String> {
        movements(&self.world.hears(self.watcher))
    }

    fn present(&self) -> Vec<String> {
        present(&*self.world.broker)
    }
}

/// Who came and who went, in what somebody heard.
fn movements(heard: &[String]) -> Vec<String> {
    let read = |text: &String| {
        let push: Value = serde_json::from_str::<Value>(text).unwrap()["push"].take();
        let (verb, body) = push.as_object().unwrap().iter().next_back().expect("a join or leave");
        format!("{verb} {}", body["info"]["user"].as_str().unwrap_or("nobody"))
    };
    heard.iter().map(read).collect()
}

/// The ids of those present in the room besides the watcher.
fn present(broker: &dyn Broker) -> Vec<String> {
    let (tell, told) = std::sync::mpsc::channel();
    let answer = crate::broker::Answer::new(move |clients| drop(tell.send(clients)));
    broker.presence(&"room:1".into(), answer);
    let clients: Vec<Arc<suona_protocol::ClientInfo>> = told.recv().unwrap().unwrap();
    clients.iter().filter(|info| info.user != "watcher").map(|info| info.client.clone()).collect()
}

#[test]
fn a_phone_on_another_network_is_there_once_and_never_left() {
    let mut room = Room::new();
    let (old, client) = room.phone("ann");
    room.world.says(old, SUBSCRIBE);
    room.world.hears(old);
    assert_eq!(room.movements(), ["join ann"]);
    for _ in 0..3 {
        let (new, known_as) = room.phone("ann");
        assert_eq!(known_as, client, "others see the same client");
        assert_eq!(room.present(), [client.as_str()]);
        room.world.says(new, SUBSCRIBE);
        room.world.hears(new);
        assert_eq!(room.present(), [client.as_str()]);
    }
    assert_eq!(room.world.hears(old), [TAKEN_OVER]);
    room.world.after(Duration::from_secs(60));
    assert_eq!(room.movements(), Vec::<String>::new());
    assert_eq!(room.world.shard.commons.users.find("ann").len(), 1);
}

#[test]
fn who_leaves_in_the_end_leaves_once() {
    let mut room = Room::new();
    let (old, _) = room.phone("ann");
    room.world.says(old, SUBSCRIBE);
    let (new, _) = room.phone("ann");
    room.enters(new);
    room.world.cut(old);
    assert_eq!(room.movements(), ["join ann"], "the old socket ends when it likes");
    room.world.cut(new);
    assert_eq!((room.movements(), room.present()), (vec!["leave ann".to_owned()], vec![]));
    assert!(room.world.shard.commons.devices.is_empty());
}

#[test]
fn what_is_not_subscribed_again_is_left_after_a_while_or_at_once_by_unsubscribing() {
    for (unsubscribes, wait) in [(true, 0), (false, 10)] {
        let mut room = Room::new();
        let (old, _) = room.phone("ann");
        room.world.says(old, SUBSCRIBE);
        let (new, _) = room.phone("ann");
        if unsubscribes {
            room.world.says(new, r#"{"id":2,"unsubscribe":{"channel":"room:1"}}"#);
        }
        room.world.after(Duration::from_secs(wait.max(1) - 1));
        assert_eq!(room.movements().len(), if unsubscribes { 2 } else { 1 });
        room.world.after(Duration::from_secs(2));
        assert_eq!(room.movements().len(), usize::from(!unsubscribes));
        assert!(room.present().is_empty());
        room.world.cut(new);
        assert!(room.movements().is_empty());
    }
}

#[test]
fn an_older_connection_that_asks_late_takes_nothing_over_from_the_younger_one() {
    let mut room = Room::new();
    let given_up = room.world.enter();
    room.world.after(Duration::from_secs(1));
    let (phone, _) = room.phone("ann");
    room.world.says(phone, SUBSCRIBE);
    room.world.hears(phone);
    let token = token(&json!({ "sub": "ann" }));
    let connect = json!({ "token": token, "headers": { "suona-session": SECRET } });
    room.world.says(given_up, &json!({ "id": 1, "connect": connect }).to_string());
    assert_eq!(room.world.hears(given_up), ["close 3011 force reconnect"]);
    assert!(room.world.hears(phone).is_empty());
    room.world.cut(given_up);
    assert_eq!((room.movements(), room.present().len()), (vec!["join ann".to_owned()], 1));
    let (heir, _) = room.phone("ann");
    assert_eq!(room.world.hears(phone).last().unwrap(), TAKEN_OVER, "it is still known who has the place");
    room.enters(heir);
}

#[test]
fn nobody_takes_over_from_another_user_whatever_it_knows() {
    let mut room = Room::new();
    let (ann, client) = room.phone("ann");
    let (_, other) = room.phone("bob");
    assert_ne!(client, other);
    assert!(room.world.hears(ann).is_empty());
    let connect = format!(r#"{{"id":1,"connect":{{"headers":{{"suona-session":"{SECRET}"}}}}}}"#);
    let anonymous = room.world.enter();
    room.world.says(anonymous, &connect);
    assert!(room.world.hears(ann).is_empty());
    let again = room.world.enter();
    room.world.says(again, &connect);
    assert_eq!(
        room.world.hears(anonymous).last().unwrap(),
        TAKEN_OVER,
        "an anonymous client has but its secret"
    );
}

#[test]
fn a_secret_that_is_too_short_or_strange_is_told() {
    let mut world = World::new(ROOMS);
    for secret in ["", "1", &"x".repeat(65), "V1StGXR8 Z5jdHi6B.myT0"] {
        let id = world.enter();
        world
            .says(id, &json!({ "id": 1, "connect": { "headers": { "suona-session": secret } } }).to_string());
        assert_eq!(world.hears(id), [r#"{"id":1,"error":{"code":107,"message":"bad request"}}"#]);
    }
}

#[test]
fn an_heir_that_is_gone_before_it_inherits_leaves_no_ghost() {
    let mut room = Room::new();
    let (old, _) = room.phone("ann");
    room.world.says(old, SUBSCRIBE);
    let heir = room.rings("ann");
    room.world.cut(heir);
    assert_eq!(room.world.hears(old).last().unwrap(), TAKEN_OVER);
    assert_eq!(room.movements(), ["join ann", "leave ann"]);
    assert!(room.present().is_empty() && room.world.shard.commons.devices.is_empty());
}

#[test]
fn of_several_that_come_at_once_the_last_one_stays() {
    let mut room = Room::new();
    let (old, client) = room.phone("ann");
    room.world.says(old, SUBSCRIBE);
    let hasty: Vec<_> = (0..3).map(|_| room.rings("ann")).collect();
    room.world.settle();
    assert!(room.world.hears(hasty[2])[0].contains(&client));
    for id in [old, hasty[0], hasty[1]] {
        assert_eq!(room.world.hears(id).last().unwrap(), TAKEN_OVER);
    }
    room.world.says(hasty[2], SUBSCRIBE);
    assert_eq!((room.movements(), room.present()), (vec!["join ann".to_owned()], vec![client]));
}

#[test]
fn an_heir_that_may_not_stay_leaves_for_both() {
    let mut room = Room::new();
    let (old, _) = room.phone("ann");
    room.world.says(old, SUBSCRIBE);
    let heir = room.rings("ann");
    // Somebody else takes the only place in between.
    let errand = room.world.errands.try_recv().unwrap();
    room.world.shard.errand(errand, room.world.now);
    room.world.user("ann");
    room.world.settle();
    assert_eq!(room.world.hears(heir).last().unwrap(), "close 3504 connection limit");
    assert_eq!(room.movements(), ["join ann", "leave ann"]);
    assert!(room.present().is_empty());
}

#[test]
fn a_token_that_runs_out_while_its_client_takes_over_is_to_be_renewed() {
    let mut room = Room::new();
    room.phone("alice");
    let world = &mut room.world;
    let new = world.enter();
    let token = token(&json!({ "sub": "alice", "exp": world.now.unix.as_secs() + 5 }));
    let connect = json!({ "token": token, "headers": { "suona-session": SECRET } });
    let text = json!({ "id": 1, "connect": connect }).to_string();
    world.shard.received(new, Message::Text(&text), world.now);
    world.now = world.now.after(Duration::from_secs(6));
    world.settle();
    assert!(world.hears(new)[0].contains(r#""code":109"#));
}
