//! The memory broker, with somebody beside it who writes down what it takes and what it is asked.

use std::sync::Arc;

use suona_protocol::{Channel, ClientInfo, Position, PresenceStatsResult};
use suona_server::{
    broker::{Answer, Broker, BrokerError, MemoryBroker, Message, Page, Query, Retention},
    hub::ShardId,
};

use crate::chronicle::{Life, Movement, SharedChronicle};

/// The memory broker of one life of the gateway. Nothing is changed on the way through, but that what has no order
/// gets one.
pub(super) struct Recorder {
    broker: Arc<MemoryBroker>,
    chronicle: SharedChronicle,
    life: Life,
}

impl Recorder {
    pub(super) fn new(broker: Arc<MemoryBroker>, chronicle: SharedChronicle, life: Life) -> Self {
        Self { broker, chronicle, life }
    }
}

impl Broker for Recorder {
    fn publish(
        &self,
        channel: &Channel,
        message: Message,
        retention: Retention,
        answer: Answer<Option<Position>>,
    ) {
        let (chronicle, life, name) = (self.chronicle.clone(), self.life, channel.clone());
        let data = String::from_utf8_lossy(&message.data).into_owned();
        let answer = Answer::new(move |outcome: Result<Option<Position>, BrokerError>| {
            if let Ok(position) = outcome {
                chronicle.lock().took(life, &name, position, data, retention);
            }
            answer.give(outcome);
        });
        self.broker.publish(channel, message, retention, answer);
    }

    fn join(&self, channel: &Channel, info: Arc<ClientInfo>) {
        self.chronicle.lock().moved(channel, Movement::of(true, &info));
        self.broker.join(channel, info);
    }

    fn leave(&self, channel: &Channel, info: Arc<ClientInfo>) {
        self.chronicle.lock().moved(channel, Movement::of(false, &info));
        self.broker.leave(channel, info);
    }

    fn subscribe(
        &self,
        channel: &Channel,
        shard: ShardId,
        query: Option<Query>,
        retention: Retention,
        answer: Answer<Option<Page>>,
    ) {
        let actor = self.chronicle.actor();
        let since = query.and_then(|query| query.since);
        let since = since.and_then(|(offset, epoch)| Some(Position { offset, epoch: epoch? }));
        self.chronicle.lock().asked(actor, channel, since);
        let (chronicle, life, name) = (self.chronicle.clone(), self.life, channel.clone());
        let answer = Answer::new(move |outcome: Result<Option<Page>, BrokerError>| {
            if let Ok(Some(page)) = &outcome {
                let mut chronicle = chronicle.lock();
                chronicle.stands(life, &name, page.top, retention);
                chronicle.answered(actor, &name, page.top);
            }
            answer.give(outcome);
        });
        self.broker.subscribe(channel, shard, query, retention, answer);
    }

    fn unsubscribe(&self, channel: &Channel, shard: ShardId) {
        self.broker.unsubscribe(channel, shard);
    }

    fn history(&self, channel: &Channel, query: Query, retention: Retention, answer: Answer<Page>) {
        let (chronicle, life, name) = (self.chronicle.clone(), self.life, channel.clone());
        let answer = Answer::new(move |outcome: Result<Page, BrokerError>| {
            if let Ok(page) = &outcome {
                chronicle.lock().stands(life, &name, page.top, retention);
            }
            answer.give(outcome);
        });
        self.broker.history(channel, query, retention, answer);
    }

    fn remove_history(&self, channel: &Channel, answer: Answer<()>) {
        self.broker.remove_history(channel, answer);
    }

    fn add_presence(&self, channel: &Channel, info: Arc<ClientInfo>, answer: Answer<()>) {
        self.broker.add_presence(channel, info, answer);
    }

    fn remove_presence(&self, channel: &Channel, client: &str) {
        self.broker.remove_presence(channel, client);
    }

    fn presence(&self, channel: &Channel, answer: Answer<Vec<Arc<ClientInfo>>>) {
        // They come in the order of a hash map, which is another in each run.
        let answer = Answer::new(move |mut outcome: Result<Vec<Arc<ClientInfo>>, BrokerError>| {
            if let Ok(present) = &mut outcome {
                present.sort_by(|one, other| one.client.cmp(&other.client));
            }
            answer.give(outcome);
        });
        self.broker.presence(channel, answer);
    }

    fn presence_stats(&self, channel: &Channel, answer: Answer<PresenceStatsResult>) {
        self.broker.presence_stats(channel, answer);
    }

    fn is_ready(&self) -> bool {
        self.broker.is_ready()
    }
}
