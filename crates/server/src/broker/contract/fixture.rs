//! The stage on which the stories of the contract are played.

use std::{
    sync::{Arc, Mutex, mpsc as std_mpsc},
    time::{Duration, Instant},
};

use suona_protocol::{ClientInfo, Content, Position};
use tokio::sync::mpsc;

use super::KEEP;
use crate::{
    broker::{
        Answer, Broker, BrokerError, MemoryBroker, Message, Page, Query, Retention, Surroundings,
        faulty::{Faults, FaultyBroker},
    },
    hub::{Delivery, Hub, ShardId},
};

/// A broker, a hub of two shards without connections, and a clock that the story moves.
pub(super) struct Fixture {
    kind: Kind,
    clock: Arc<Mutex<Instant>>,
    mailboxes: [mpsc::Receiver<Delivery>; 2],
}

enum Kind {
    Memory(MemoryBroker),
    Faulty(FaultyBroker),
}

impl Fixture {
    pub(super) fn memory() -> Self {
        Self::new(|hub, surroundings| Kind::Memory(MemoryBroker::new(hub, surroundings)))
    }

    pub(super) fn faulty(seed: u64) -> Self {
        let faults = Faults { repeat: 0.3, ..Faults::default() };
        Self::new(|hub, surroundings| Kind::Faulty(FaultyBroker::new(hub, surroundings, faults, seed)))
    }

    fn new(broker: impl FnOnce(Arc<Hub>, Surroundings) -> Kind) -> Self {
        let (a, heard_by_a) = mpsc::channel(64);
        let (b, heard_by_b) = mpsc::channel(64);
        let clock = Arc::new(Mutex::new(Instant::now()));
        let now = {
            let clock = clock.clone();
            Box::new(move || *clock.lock().expect("no panic"))
        };
        let kind = broker(Arc::new(Hub::new(vec![a, b])), Surroundings { now, ..Surroundings::default() });
        Self { kind, clock, mailboxes: [heard_by_a, heard_by_b] }
    }

    pub(super) fn broker(&self) -> &dyn Broker {
        match &self.kind {
            Kind::Memory(broker) => broker,
            Kind::Faulty(broker) => broker,
        }
    }

    pub(super) fn settle(&self) {
        if let Kind::Faulty(broker) = &self.kind {
            broker.settle();
        }
    }

    pub(super) fn after(&self, pause: Duration) {
        *self.clock.lock().expect("no panic") += pause;
        if let Kind::Memory(broker) = &self.kind {
            broker.sweep();
        }
    }

    /// Asks, and has the outcome when the line has settled.
    pub(super) fn later<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Broker, Answer<T>),
    ) -> std_mpsc::Receiver<Result<T, BrokerError>> {
        let (give, outcome) = std_mpsc::channel();
        question(self.broker(), Answer::new(move |it| give.send(it).expect("the story waits")));
        outcome
    }

    pub(super) fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Broker, Answer<T>),
    ) -> Result<T, BrokerError> {
        let outcome = self.later(question);
        self.settle();
        outcome.try_recv().expect("answered")
    }

    pub(super) fn publish(
        &self,
        channel: &str,
        retention: Retention,
    ) -> Result<Option<Position>, BrokerError> {
        self.ask(|broker, answer| broker.publish(&channel.into(), message(), retention, answer))
    }

    pub(super) fn read(&self, channel: &str, query: Query) -> Result<Page, BrokerError> {
        self.ask(|broker, answer| broker.history(&channel.into(), query, KEEP, answer))
    }

    pub(super) fn subscribe(
        &self,
        channel: &str,
        shard: ShardId,
        query: Option<Query>,
    ) -> Result<Option<Page>, BrokerError> {
        self.ask(|broker, answer| broker.subscribe(&channel.into(), shard, query, KEEP, answer))
    }

    /// What reached a shard since it was last asked.
    pub(super) fn heard(&mut self, shard: ShardId) -> Vec<Delivery> {
        std::iter::from_fn(|| self.mailboxes[usize::from(shard.0)].try_recv().ok()).collect()
    }
}

pub(super) fn message() -> Message {
    Message::new("{}".into(), Content::Json)
}

pub(super) fn info(user: &str, client: &str) -> Arc<ClientInfo> {
    Arc::new(ClientInfo { user: user.into(), client: client.into(), ..ClientInfo::default() })
}

pub(super) fn page_offsets(page: &Page) -> Vec<u64> {
    page.publications.iter().map(|publication| publication.publication().offset).collect()
}

pub(super) fn offsets(heard: &[Delivery]) -> Vec<u64> {
    let offset = |delivery: &Delivery| match delivery {
        Delivery::Publication(publication) => publication.publication().offset,
        other => panic!("{other:?} is no publication"),
    };
    heard.iter().map(offset).collect()
}

/// The offsets heard, without those that came again.
pub(super) fn first_times(heard: &[Delivery]) -> Vec<u64> {
    let mut offsets = offsets(heard);
    offsets.dedup();
    offsets
}
