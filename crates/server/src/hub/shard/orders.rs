//! Doing what the API wants done to connections.

use suona_protocol::UnsubscribeCode;

use super::Shard;
use crate::{Now, hub::Order, io::ConnectionId, session::Input};

impl Shard {
    /// Carries out an order about one connection, or about all anonymous ones.
    pub(super) fn order(&mut self, id: Option<ConnectionId>, order: Order, now: Now) {
        match id {
            Some(id) => self.obey(id, order, now),
            None => {
                for id in self.connections.anonymous() {
                    self.obey(id, order.clone(), now);
                }
            }
        }
    }

    fn obey(&mut self, id: ConnectionId, order: Order, now: Now) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let session = connection.door.emulation().map(|emulation| emulation.session);
        if !order.matching().matches(&connection.session.info().client, session) {
            return;
        }
        let input = match order {
            Order::Disconnect { why, .. } => Input::Disconnect(why),
            Order::Subscribe { sub, .. } => Input::Subscribe(Box::new((*sub).clone())),
            Order::Refresh { grant, .. } => Input::Refresh(grant),
            Order::Unsubscribe { channel, .. } => Input::Unsubscribe(channel, UnsubscribeCode::Server),
        };
        self.handle(id, input, now);
    }
}
