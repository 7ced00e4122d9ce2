//! What the backend does by the HTTP API.

use std::sync::Arc;

use suona_protocol::{Channel, ClientInfo, Content, Disconnect, DisconnectCode, Payload, Position};
use suona_server::{
    broker::{Answer, Broker, BrokerError, Message},
    hub::{Errand, Order, Selector},
};
use tokio::sync::oneshot;

use super::Server;

impl Server {
    /// Publishes as the HTTP API does; whether that is acknowledged.
    pub fn publish(&self, channel: &str, data: &str, key: Option<&str>) -> bool {
        let channel = Channel::from(channel);
        let retention =
            self.commons.rules.config.channels.get(&channel).expect("the channel is known").retention;
        let message = Message {
            idempotency_key: key.map(str::to_owned),
            ..Message::new(Payload::copy_from_slice(data.as_bytes()), Content::Json)
        };
        let (answer, mut outcome) = oneshot::channel();
        let answer = Answer::new(move |published: Result<Option<Position>, BrokerError>| {
            // Whoever asked waits below.
            let _ = answer.send(published.is_ok());
        });
        self.commons.broker.publish(&channel, message, retention, answer);
        outcome.try_recv().expect("a broker in memory answers at once")
    }

    /// Publishes something that gets lost on its way to one of the shards.
    pub fn publish_to_all_but(&mut self, shard: usize, channel: &str, data: &str) {
        self.hosts[shard].doom(Payload::copy_from_slice(data.as_bytes()));
        self.publish(channel, data, None);
    }

    /// Ends the connections of a user, who may come back.
    pub fn disconnect(&self, user: &str) {
        let why: Disconnect = DisconnectCode::ForceReconnect.into();
        self.order(user, &Order::Disconnect { matching: Selector::default(), why });
    }

    /// Ends a user's subscriptions to a channel for good.
    pub fn unsubscribe(&self, user: &str, channel: &str) {
        self.order(user, &Order::Unsubscribe { matching: Selector::default(), channel: channel.into() });
    }

    /// Who is present in a channel, by their users.
    pub fn present(&self, channel: &str) -> Vec<String> {
        let (answer, mut present) = oneshot::channel();
        let answer = Answer::new(move |outcome: Result<Vec<Arc<ClientInfo>>, BrokerError>| {
            // Whoever asked waits below.
            let _ = answer.send(outcome.expect("memory never fails"));
        });
        self.memory.presence(&channel.into(), answer);
        let present = present.try_recv().expect("a broker in memory answers at once");
        let mut users: Vec<_> = present.iter().map(|info| info.user.clone()).collect();
        users.sort();
        users
    }

    fn order(&self, user: &str, order: &Order) {
        for address in self.commons.users.find(user) {
            let errand = Errand::Order(Some(address.id), order.clone());
            // A shard that is gone has no connection.
            let _ = self.commons.errands[usize::from(address.shard.0)].send(errand);
        }
    }
}
