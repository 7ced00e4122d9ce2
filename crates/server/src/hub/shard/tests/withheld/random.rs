//! Random streams with everything at once: each subscriber ends with exactly what it should have.

use rand::seq::IndexedRandom;

use super::*;

const USERS: [&str; 3] = ["ann", "ben", "eve"];
const KINDS: [&str; 2] = ["bid", "chat"];

/// What was published, and to whom.
struct Put {
    kind: &'static str,
    excluded: Option<&'static str>,
}

/// A subscriber that follows its channel as a good SDK does.
struct Listener {
    id: ConnectionId,
    user: &'static str,
    filter: Option<&'static str>,
    reads_deltas: bool,
    reader: Reader,
    position: (u64, String),
    heard: Vec<u64>,
}

impl Listener {
    fn new(world: &mut World, channel: &str, dice: &mut StdRng) -> Self {
        let user = USERS.choose(dice).expect("some");
        let filter = dice.random_bool(0.5).then(|| *KINDS.choose(dice).expect("some"));
        let reads_deltas = channel.starts_with("lot") && dice.random_bool(0.6);
        let (id, position) = (world.user(user), (0, String::new()));
        let reader = Reader::default();
        let mut listener = Self { id, user, filter, reads_deltas, reader, position, heard: Vec::new() };
        listener.subscribe(world, channel);
        listener
    }

    fn subscribe(&mut self, world: &mut World, channel: &str) {
        let (offset, epoch) = &self.position;
        let mut request = json!({ "channel": channel, "recover": true, "offset": offset, "epoch": epoch });
        if self.reads_deltas {
            request["delta"] = json!("fossil");
        }
        if let Some(filter) = self.filter {
            request["tf"] = only(filter);
        }
        world.says(self.id, &json!({ "id": 2, "subscribe": request }).to_string());
    }

    fn come_back(&mut self, world: &mut World, channel: &str) {
        world.cut(self.id);
        self.id = world.user(self.user);
        self.subscribe(world, channel);
    }

    fn read(&mut self, world: &mut World) {
        for message in world.hears(self.id) {
            let message: Value = serde_json::from_str(&message).expect(&message);
            assert!(message["push"].get("unsubscribe").is_none(), "a false gap: {message}");
            if let Some(reply) = message.get("subscribe") {
                assert_eq!(reply["recovered"], true, "the stream keeps everything: {reply}");
                self.position = (self.position.0, reply["epoch"].as_str().expect("an epoch").to_owned());
                for publication in reply["publications"].as_array().into_iter().flatten() {
                    self.hear(publication);
                }
            }
            if let Some(publication) = message["push"].get("pub") {
                self.hear(publication);
            }
        }
    }

    fn hear(&mut self, publication: &Value) {
        let n = match self.reads_deltas {
            true => self.reader.read(publication),
            false => publication["data"]["n"].as_u64().expect("a number"),
        };
        assert_eq!(publication["offset"], n, "the first has offset 1 and number 1");
        self.heard.push(n);
        self.position.0 = n;
    }

    /// The numbers that it is to hear.
    fn entitled(&self, all: &[Put]) -> Vec<u64> {
        let is_for_it =
            |put: &Put| put.excluded != Some(self.user) && self.filter.is_none_or(|kind| kind == put.kind);
        (1..).zip(all).filter(|(_, put)| is_for_it(put)).map(|(n, _)| n).collect()
    }
}

/// Plays a random story in `channel`: publishing, breaks, time.
fn play(channel: &str, seed: u64) -> (Vec<Put>, Vec<Listener>) {
    let mut world = World::new(WITHHELD);
    let mut dice = StdRng::seed_from_u64(seed);
    let mut all = Vec::new();
    let mut listeners: Vec<_> = (0..5).map(|_| Listener::new(&mut world, channel, &mut dice)).collect();
    let retention = world.shard.commons.rules.config.channels.get(&channel.into()).expect("known").retention;
    for _ in 0..120 {
        let listener = dice.random_range(0..listeners.len());
        match dice.random_range(0..8) {
            0..4 => {
                let kind = *KINDS.choose(&mut dice).expect("some");
                let excluded = dice.random_bool(0.3).then(|| *USERS.choose(&mut dice).expect("some"));
                all.push(Put { kind, excluded });
                let exclude = excluded.and_then(|user| excluding(0, user).exclude);
                let message = Publish { exclude, ..tagged(all.len() as u64, kind) };
                // What is delivered waits in the mailbox, perhaps beyond the answer to a subscriber.
                world.broker.publish(&channel.into(), message, retention, crate::broker::Answer::ignored());
            }
            4 => listeners[listener].read(&mut world),
            5 => listeners[listener].come_back(&mut world, channel),
            6 => world.settle(),
            _ => {
                listeners.iter_mut().for_each(|one| one.read(&mut world));
                world.after(Duration::from_millis(dice.random_range(0..120)));
            }
        }
    }
    world.settle();
    world.after(Duration::from_secs(1));
    listeners.iter_mut().for_each(|one| one.read(&mut world));
    (all, listeners)
}

#[test]
fn everyone_hears_exactly_what_it_should_in_order() {
    for seed in 0..150 {
        let (all, listeners) = play("lot:1", seed);
        for listener in listeners {
            assert_eq!(listener.heard, listener.entitled(&all), "seed {seed}");
        }
    }
}

#[test]
fn of_a_fast_channel_everyone_ends_with_the_latest_that_it_should_hear() {
    for seed in 0..150 {
        let (all, listeners) = play("tick:1", seed);
        for listener in listeners {
            let (heard, entitled) = (&listener.heard, listener.entitled(&all));
            assert!(
                heard.is_sorted_by(|one, other| one < other),
                "once and in order, seed {seed}: {heard:?}"
            );
            assert!(heard.iter().all(|n| entitled.contains(n)), "nothing withheld, seed {seed}");
            assert_eq!(heard.last(), entitled.last(), "the latest, seed {seed}");
        }
    }
}
