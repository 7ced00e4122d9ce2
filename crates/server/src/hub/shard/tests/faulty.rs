use serde_json::{Value, json};

use super::*;
use crate::broker::faulty::{Faults, FaultyBroker};

/// A client that follows the channel `news` as a good SDK does, and remembers what it heard.
struct Follower {
    id: ConnectionId,
    /// Where it stands; `None` before its first subscription.
    position: Option<(u64, String)>,
    /// The offset after which it began, and all it heard since.
    began: u64,
    heard: Vec<u64>,
}

impl Follower {
    fn new(world: &mut World) -> Self {
        let mut follower = Self { id: world.enter(), position: None, began: 0, heard: Vec::new() };
        follower.connect(world);
        follower
    }

    fn connect(&mut self, world: &mut World) {
        world.says(self.id, r#"{"id":1,"connect":{}}"#);
        self.subscribe(world);
    }

    fn subscribe(&self, world: &mut World) {
        let mut request = json!({ "channel": "news" });
        if let Some((offset, epoch)) = &self.position {
            request = json!({ "channel": "news", "recover": true, "offset": offset, "epoch": epoch });
        }
        world.says(self.id, &json!({ "id": 2, "subscribe": request }).to_string());
    }

    /// Reads its outbox; comes back where it was sent away, and subscribes anew where that was ended.
    fn read(&mut self, world: &mut World) {
        for message in world.hears(self.id) {
            if message.starts_with("close ") {
                world.cut(self.id);
                self.id = world.enter();
                return self.connect(world);
            }
            let message: Value = serde_json::from_str(&message).expect("JSON");
            if let Some(reply) = message.get("subscribe") {
                self.subscribed(reply);
            }
            if message["push"]["unsubscribe"]["code"] == 2500 {
                self.subscribe(world);
            }
            if let Some(publication) = message["push"].get("pub") {
                self.hear(publication);
            }
        }
    }

    fn subscribed(&mut self, reply: &Value) {
        let offset = reply["offset"].as_u64().unwrap_or(0);
        match &self.position {
            None => self.began = offset,
            Some(_) => assert_eq!(reply["recovered"], true, "the stream keeps everything: {reply}"),
        }
        self.position = Some((offset, reply["epoch"].as_str().expect("an epoch").to_owned()));
        for publication in reply["publications"].as_array().into_iter().flatten() {
            self.hear(publication);
        }
    }

    fn hear(&mut self, publication: &Value) {
        let offset = publication["offset"].as_u64().expect("an offset");
        self.heard.push(offset);
        self.position.as_mut().expect("it is subscribed").0 = offset;
    }
}

/// Everyone hears everything once and in order, whatever the line between broker and shard does meanwhile.
fn follow_through(faults: Faults, seed: u64) {
    let mut line = None;
    let mut world = World::with_broker(OPEN, |hub| {
        let broker = Arc::new(FaultyBroker::new(hub, Surroundings::default(), faults, seed));
        line = Some(broker.clone());
        broker
    });
    let line = line.expect("the world has a broker");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut followers: Vec<_> = (0..3).map(|_| Follower::new(&mut world)).collect();
    for _ in 0..300 {
        match dice.random_range(0..10) {
            0 => world.publish("news", "1"),
            1..5 => drop(line.step()),
            5 => world.settle(),
            one => followers[one % 3].read(&mut world),
        }
    }
    // The faults end: one more publication shows everyone who missed something that it did.
    line.settle();
    world.publish("news", "1");
    for _ in 0..20 {
        line.settle();
        world.settle();
        followers.iter_mut().for_each(|follower| follower.read(&mut world));
    }
    let top = followers.iter().filter_map(|follower| follower.heard.last()).max().copied();
    for Follower { began, heard, .. } in followers {
        assert_eq!(heard, (began + 1..=top.unwrap_or(0)).collect::<Vec<_>>(), "{faults:?}, seed {seed}");
    }
}

#[test]
fn delays_repetitions_and_reordering_on_the_way_from_the_broker_change_nothing() {
    for seed in 0..150 {
        follow_through(Faults::default(), seed);
        follow_through(Faults { repeat: 0.2, reorder: true, disconnect: 0.0 }, seed);
    }
}

#[test]
fn a_line_to_the_broker_that_breaks_loses_nothing_that_it_took() {
    for seed in 0..150 {
        follow_through(Faults { repeat: 0.0, reorder: false, disconnect: 0.02 }, seed);
    }
}
