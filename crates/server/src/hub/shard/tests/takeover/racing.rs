//! The same across several shards, whose errands overtake each other.

use super::*;

/// One shard of several, and what waits for it.
struct Lane {
    shard: Shard,
    deliveries: mpsc::Receiver<Delivery>,
    errands: mpsc::UnboundedReceiver<Errand>,
}

/// A node of three shards, with someone who watches who comes to the room and goes.
struct Node {
    lanes: Vec<Lane>,
    broker: Arc<dyn Broker>,
    watcher: Phone,
    dice: StdRng,
    now: Now,
}

/// A connection, and its shard.
#[derive(Clone, Copy)]
struct Phone {
    lane: usize,
    id: ConnectionId,
}

const LANES: usize = 3;

impl Node {
    fn new(seed: u64) -> Self {
        let (mailboxes, deliveries): (Vec<_>, Vec<_>) = (0..LANES).map(|_| mpsc::channel(1000)).unzip();
        let (errands_in, errands): (Vec<_>, Vec<_>) = (0..LANES).map(|_| mpsc::unbounded_channel()).unzip();
        let hub = Arc::new(Hub::new(mailboxes));
        let broker: Arc<dyn Broker> = Arc::new(MemoryBroker::new(hub, Surroundings::default()));
        let commons = Arc::new(commons(ROOMS, broker.clone(), errands_in));
        let (metrics, now) = (Metrics::new(LANES), Now::read());
        let lanes = deliveries.into_iter().zip(errands).zip(0..).map(|((deliveries, errands), number)| {
            let metrics = metrics.shard(number.into());
            let shard = Shard::new(ShardId(number), commons.clone(), metrics, number.into(), now);
            Lane { shard, deliveries, errands }
        });
        let lanes = lanes.collect();
        let watcher = Phone { lane: 0, id: ConnectionId { slot: 0, generation: 0 } };
        let mut node = Self { lanes, broker, watcher, dice: StdRng::seed_from_u64(seed), now };
        node.watcher = node.enter(1);
        node.says(node.watcher, &connect("watcher", &json!({})));
        node.settle();
        node.says(node.watcher, SUBSCRIBE);
        node.settle();
        node.hears(node.watcher);
        node
    }

    fn enter(&mut self, lane: usize) -> Phone {
        let shard = &mut self.lanes[lane].shard;
        let id = shard.outboxes().open();
        let (door, manners) = (Door::Managed(Managed::default()), Manners::default());
        let opening = Opening {
            door,
            manners: manners.into(),
            first: None,
            headers: None,
            vouched: None,
            lease: Box::new(()),
        };
        shard.opened(id, opening, self.now);
        Phone { lane, id }
    }

    fn says(&mut self, phone: Phone, text: &str) {
        self.lanes[phone.lane].shard.received(phone.id, Message::Text(text), self.now);
    }

    /// Ann's phone connects on another network, to whichever shard; nobody has acted on it yet.
    fn rings(&mut self) -> Phone {
        let lane = self.dice.random_range(0..LANES);
        let phone = self.enter(lane);
        self.says(phone, &connect("ann", &json!({ "suona-session": SECRET })));
        phone
    }

    /// One shard takes the next of what waits for it; false if nothing waits for any.
    fn step(&mut self) -> bool {
        let first = self.dice.random_range(0..LANES);
        (0..LANES).any(|lane| {
            let Lane { shard, deliveries, errands } = &mut self.lanes[(first + lane) % LANES];
            if let Ok(errand) = errands.try_recv() {
                shard.errand(errand, self.now);
            } else if let Ok(delivery) = deliveries.try_recv() {
                shard.deliver(delivery, self.now);
            } else {
                return false;
            }
            true
        })
    }

    fn settle(&mut self) {
        while self.step() {}
    }

    /// Lets less happen than there is to do, perhaps.
    fn hurry(&mut self) {
        for _ in 0..self.dice.random_range(0..12) {
            self.step();
        }
    }

    fn hears(&mut self, phone: Phone) -> Vec<String> {
        let outboxes = self.lanes[phone.lane].shard.outboxes();
        let bytes: Vec<u8> = outboxes.unsent(phone.id).flatten().copied().collect();
        outboxes.advance(phone.id, bytes.len(), 0);
        messages(&bytes)
    }

    /// The network tells at last that the connection is gone.
    fn cut(&mut self, phone: Phone) {
        let shard = &mut self.lanes[phone.lane].shard;
        shard.lost(phone.id, &Loss::Cut, self.now);
        shard.outboxes().remove(phone.id);
    }

    fn movements(&mut self) -> Vec<String> {
        movements(&self.hears(self.watcher))
    }

    /// Ann is in the room, by the connection that is given back.
    fn ann_in_the_room(&mut self) -> (Phone, String) {
        let phone = self.rings();
        self.settle();
        let client = client_of(&self.hears(phone)).expect("it is connected");
        assert_eq!(
            (self.movements(), present(&*self.broker)),
            (vec!["join ann".to_owned()], vec![client.clone()])
        );
        (phone, client)
    }
}

/// A connect command with a token that names the room as a server-side subscription, except for the watcher.
fn connect(user: &str, headers: &Value) -> String {
    let channels = if user == "watcher" { json!([]) } else { json!(["room:1"]) };
    let token = token(&json!({ "sub": user, "channels": channels }));
    json!({ "id": 1, "connect": { "token": token, "headers": headers } }).to_string()
}

/// As what the client is connected, if it is.
fn client_of(heard: &[String]) -> Option<String> {
    let replies = heard.iter().filter_map(|text| serde_json::from_str::<Value>(text).ok());
    replies.filter_map(|reply| reply["connect"]["client"].as_str().map(str::to_owned)).next()
}

#[test]
fn however_many_come_at_once_the_client_is_there_once_and_the_newest_stays() {
    for seed in 0..500 {
        let mut node = Node::new(seed);
        let (old, client) = node.ann_in_the_room();
        let mut phones = vec![old];
        for _ in 0..node.dice.random_range(1..5) {
            node.hurry();
            phones.push(node.rings());
        }
        node.settle();
        let newest = phones.pop().expect("some rang");
        for phone in phones {
            assert_eq!(node.hears(phone).last().map(String::as_str), Some(TAKEN_OVER), "seed {seed}");
            node.cut(phone);
        }
        assert_eq!(client_of(&node.hears(newest)), Some(client.clone()), "seed {seed}");
        node.settle();
        assert_eq!((node.movements(), present(&*node.broker)), (vec![], vec![client]), "seed {seed}");
        assert_eq!(node.lanes[0].shard.commons.users.find("ann").len(), 1, "seed {seed}");
        node.cut(newest);
        node.settle();
        assert_eq!((node.movements(), present(&*node.broker)), (vec!["leave ann".to_owned()], vec![]));
        let shards = node.lanes.iter().map(|lane| &lane.shard);
        assert!(shards.clone().all(|shard| shard.commons.devices.is_empty() && shard.successions.is_empty()));
    }
}

#[test]
fn a_connection_that_ends_while_it_waits_hands_on_what_it_waits_for() {
    for seed in 0..100 {
        let mut node = Node::new(seed);
        let (old, client) = node.ann_in_the_room();
        let hasty = node.rings();
        node.cut(hasty);
        let newest = node.rings();
        node.settle();
        assert_eq!(client_of(&node.hears(newest)), Some(client.clone()), "seed {seed}");
        assert_eq!(node.hears(old), [TAKEN_OVER]);
        assert_eq!((node.movements(), present(&*node.broker)), (vec![], vec![client]), "seed {seed}");
    }
}

#[test]
fn who_rings_and_is_gone_leaves_nothing_behind() {
    for seed in 0..100 {
        let mut node = Node::new(seed);
        node.ann_in_the_room();
        for _ in 0..3 {
            let phone = node.rings();
            node.hurry();
            node.cut(phone);
        }
        node.settle();
        assert_eq!(
            (node.movements().last().map(String::as_str), present(&*node.broker)),
            (Some("leave ann"), vec![])
        );
        let shards = node.lanes.iter().map(|lane| &lane.shard);
        assert!(shards.clone().all(|shard| shard.commons.devices.is_empty() && shard.successions.is_empty()));
    }
}
