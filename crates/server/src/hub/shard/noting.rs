//! What the backend is told of, if it is: connections and subscriptions that come and go.
//!
//! A connection is noted from its registration until it is closed or lost, whichever comes first. What happens
//! to its subscriptions after that goes without saying.

use suona_protocol::{Channel, Disconnect, UnsubscribeCode};

use super::Shard;
use crate::{
    Now,
    backend::Happening,
    hub::audience::Hearing,
    io::{ConnectionId, Loss},
};

impl Shard {
    pub(super) fn note_connected(&mut self, id: ConnectionId, now: Now) {
        if !self.commons.events.are_on() {
            return;
        }
        let Some(connection) = self.connections.get_mut(id) else { return };
        connection.connected = Some(Box::new(now.instant));
        let (transport, protocol) = (connection.door.transport(), connection.door.protocol());
        let connected = Happening::Connected { transport, protocol };
        self.commons.events.note(connection.session.info(), connected, now.unix);
    }

    pub(super) fn note_subscribed(&mut self, id: ConnectionId, channel: &Channel, now: Now) {
        self.note(id, Happening::Subscribed(channel), now);
    }

    /// Must come before the client loses its seat, which tells whether it was subscribed at all.
    pub(super) fn note_unsubscribed(
        &mut self,
        id: ConnectionId,
        channel: &Channel,
        why: Option<UnsubscribeCode>,
        now: Now,
    ) {
        if !self.commons.events.are_on() {
            return;
        }
        let seat = self.audiences.get_mut(channel).and_then(|audience| audience.seat_mut(id));
        if seat.is_some_and(|seat| seat.hearing != Hearing::Joining) {
            let (code, reason) = why.map_or((0, "unsubscribed"), |why| (why.code(), why.reason()));
            self.note(id, Happening::Unsubscribed { channel, code, reason }, now);
        }
    }

    pub(super) fn note_disconnected(&mut self, id: ConnectionId, why: &Disconnect, now: Now) {
        self.note_end(id, why.code(), why.reason(), now);
    }

    /// Notes the end of a connection that the gateway did not close.
    pub(super) fn note_loss(&mut self, id: ConnectionId, loss: &Loss, now: Now) {
        let (code, reason) = match *loss {
            Loss::Closed => (1000, "closed by the client"),
            Loss::Cut => (1006, "connection lost"),
            Loss::Misbehaved(code) => (code.into(), "broken WebSocket frames"),
        };
        self.note_end(id, code, reason, now);
    }

    fn note_end(&mut self, id: ConnectionId, code: u32, reason: &str, now: Now) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let Some(since) = connection.connected.take() else { return };
        let duration = now.instant.saturating_duration_since(*since);
        let disconnected = Happening::Disconnected { code, reason, duration };
        self.commons.events.note(connection.session.info(), disconnected, now.unix);
    }

    /// Notes what happened to a connection that the backend knows of.
    fn note(&mut self, id: ConnectionId, happening: Happening<'_>, now: Now) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        if connection.connected.is_some() {
            self.commons.events.note(connection.session.info(), happening, now.unix);
        }
    }
}
