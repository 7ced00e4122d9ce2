//! Clients that listen on an HTTP stream and speak by requests of their own.

use suona_protocol::ws::Message;

use super::Shard;
use crate::{
    Now,
    door::Door,
    hub::Said,
    io::{ConnectionId, Tenant},
};

impl Shard {
    /// Notes how a new connection is written to, and where it is found if its client speaks by other ways.
    pub(super) fn introduce(&mut self, id: ConnectionId, door: &Door) {
        if let Some(emulation) = door.emulation() {
            self.outboxes.envelop(id, door.envelope());
            self.listeners.insert(emulation.session, id);
        }
    }

    /// Hands a message on to the connection for which it came by another way.
    pub(super) fn listen_to(&mut self, id: ConnectionId, frame: &[u8], now: Now) {
        if self.outboxes.is_open(id) {
            self.received(id, Message::Binary(frame), now);
        }
    }

    /// Handles what a client says. One whose stream is about to end is not told so here: the stream says why.
    pub(super) fn said(&mut self, said: Said, now: Now) {
        let Some(&id) = self.listeners.get(&said.session) else { return };
        self.listen_to(id, &said.frame, now);
        // The client may be gone already, and its question with it.
        let _ = said.heard.send(());
    }

    pub(super) fn forget_listener(&mut self, id: ConnectionId) {
        let emulation = self.connections.get_mut(id).and_then(|connection| connection.door.emulation());
        if let Some(session) = emulation.map(|emulation| emulation.session) {
            self.listeners.remove(&session);
        }
    }
}
