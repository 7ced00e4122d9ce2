//! What it costs a shard to deliver a publication and to let a client recover, without sockets.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use suona_protocol::{
    Content,
    ws::{Message as Incoming, Window},
};
use suona_server::{
    Now,
    auth::{TokenOptions, Verifier},
    backend::{Backend, Events},
    broker::{Answer, Broker, MemoryBroker, Message, Retention, Surroundings},
    config::Sources,
    door::{Door, Managed},
    hub::{Commons, Delivery, Devices, Envelope, Errand, Hub, Opening, Shard, ShardId},
    io::{ConnectionId, Loss, Tenant as _},
    metrics::Metrics,
    session::{Manners, Rules},
};
use tokio::sync::mpsc;

const RETENTION: Retention =
    Retention { size: 100, ttl: Duration::from_secs(300), meta_ttl: Duration::from_secs(300) };

/// A shard, its hub and its broker.
struct World {
    shard: Shard,
    broker: Arc<dyn Broker>,
    deliveries: mpsc::Receiver<Delivery>,
    errands: mpsc::UnboundedReceiver<Errand>,
    now: Now,
}

impl World {
    fn new() -> Self {
        let environment = [
            ("SUONA_CLIENT_INSECURE", "true"),
            ("SUONA_CHANNEL_WITHOUT_NAMESPACE_HISTORY_SIZE", "100"),
            ("SUONA_CHANNEL_WITHOUT_NAMESPACE_HISTORY_TTL", "300s"),
            ("SUONA_CHANNEL_WITHOUT_NAMESPACE_FORCE_RECOVERY", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (config, _) =
            Sources { environment: &environment, ..Sources::default() }.read().accept(false).unwrap();
        let verifier = || Verifier::new(&TokenOptions::default()).unwrap();
        let rules = Arc::new(Rules {
            config,
            connection_tokens: Arc::new(verifier()),
            subscription_tokens: verifier(),
            version: "Suona".to_owned(),
            node: "this life".into(),
        });
        let (mailbox, deliveries) = mpsc::channel(1024);
        let (errands_in, errands) = mpsc::unbounded_channel();
        let hub = Arc::new(Hub::new(vec![mailbox]));
        let commons = Commons {
            rules,
            broker: Arc::new(MemoryBroker::new(hub.clone(), Surroundings::default())),
            backend: Arc::new(Backend::default()),
            events: Events::default(),
            users: Arc::default(),
            devices: Devices::default(),
            ledger: Arc::default(),
            user_commands: None,
            errands: vec![errands_in],
        };
        let metrics = Metrics::new(1).shard(0);
        let now = Now::read();
        let broker = commons.broker.clone();
        Self {
            shard: Shard::new(ShardId(0), Arc::new(commons), metrics, 1, now),
            broker,
            deliveries,
            errands,
            now,
        }
    }

    fn says(&mut self, id: ConnectionId, text: &str) {
        self.shard.received(id, Incoming::Text(text), self.now);
        self.settle();
    }

    fn client(&mut self) -> ConnectionId {
        let id = self.shard.outboxes().open();
        let door = Door::Managed(Managed::default());
        let manners = Manners::default();
        let opening = Opening {
            door,
            manners: manners.into(),
            first: None,
            headers: None,
            vouched: None,
            lease: Box::new(()),
        };
        self.shard.opened(id, opening, self.now);
        self.says(id, r#"{"id":1,"connect":{}}"#);
        id
    }

    fn publish(&mut self) {
        let message = Message::new(format!("\"{}\"", "x".repeat(126)).into(), Content::Json);
        self.broker.publish(&"news".into(), message, RETENTION, Answer::ignored());
        self.settle();
    }

    /// Hands on what waits in the mailboxes.
    fn settle(&mut self) {
        loop {
            if let Ok(delivery) = self.deliveries.try_recv() {
                self.shard.deliver(delivery, self.now);
            } else if let Ok(errand) = self.errands.try_recv() {
                self.shard.errand(errand, self.now);
            } else {
                return;
            }
        }
    }

    /// Takes everything out of the outboxes, as sockets that take all would. Returns the bytes.
    fn flush(&mut self) -> usize {
        let outboxes = self.shard.outboxes();
        let mut all = 0;
        for _ in 0..outboxes.begin_flush() {
            let Some(id) = outboxes.visit_dirty() else { continue };
            let length = outboxes.unsent(id).map(|frame| black_box(frame).len()).sum();
            outboxes.advance(id, length, 0);
            all += length;
        }
        all
    }

    fn leave(&mut self, id: ConnectionId) {
        self.shard.lost(id, &Loss::Cut, self.now);
        self.shard.outboxes().remove(id);
        self.settle();
    }
}

fn fan_out(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fan-out of one shard");
    for (subscribers, envelope) in [
        (100, Envelope::WebSocket),
        (10_000, Envelope::WebSocket),
        (10_000, Envelope::Deflated(Window::Full)),
    ] {
        let mut world = World::new();
        for _ in 0..subscribers {
            let id = world.client();
            world.shard.outboxes().envelop(id, envelope);
            world.says(id, r#"{"id":2,"subscribe":{"channel":"news"}}"#);
        }
        world.flush();
        group.throughput(Throughput::Elements(subscribers));
        let (name, least) = match envelope {
            Envelope::Deflated(_) => (format!("{subscribers} subscribers, compressed"), 16),
            _ => (format!("{subscribers} subscribers"), 128),
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                world.publish();
                assert!(world.flush() as u64 > subscribers * least);
            });
        });
    }
    group.finish();
}

fn recovery(criterion: &mut Criterion) {
    let mut world = World::new();
    let id = world.client();
    world.flush();
    world.says(id, r#"{"id":2,"subscribe":{"channel":"news"}}"#);
    let epoch = epoch(&mut world, id);
    (0..20).for_each(|_| world.publish());
    let subscribe =
        format!(r#"{{"id":2,"subscribe":{{"channel":"news","recover":true,"offset":0,"epoch":"{epoch}"}}}}"#);
    world.flush();
    criterion.bench_function("connect, subscribe, recover 20 publications", |bencher| {
        bencher.iter_custom(|times| {
            let mut took = Duration::ZERO;
            for _ in 0..times {
                let began = Instant::now();
                let id = world.client();
                world.says(id, &subscribe);
                assert!(world.flush() > 20 * 128, "all were recovered");
                took += began.elapsed();
                world.leave(id);
            }
            took
        });
    });
}

/// The epoch that the reply in an outbox tells.
fn epoch(world: &mut World, id: ConnectionId) -> String {
    let frame = world.shard.outboxes().unsent(id).flatten().copied().collect::<Vec<u8>>();
    let text = String::from_utf8_lossy(&frame).into_owned();
    let (_, rest) = text.split_once("\"epoch\":\"").expect("the subscription is recoverable");
    rest.split('"').next().unwrap_or_default().to_owned()
}

criterion_group!(benches, fan_out, recovery);
criterion_main!(benches);
