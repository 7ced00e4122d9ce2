//! The connections of one shard.

use std::{sync::Arc, time::Instant};

use axum::http::HeaderMap;
use bytes::Bytes;
use suona_protocol::{ClientInfo, Disconnect};

use crate::{door::Door, hub::wheel::Tick, io::ConnectionId, session::Session};

/// One connection: how it speaks, and what it may do.
pub(super) struct Connection {
    pub(super) door: Door,
    pub(super) session: Session,
    /// When the wheel wakes it.
    pub(super) planned: Option<Tick>,
    /// Commands that came before its user was known, and are not counted among that user's yet.
    pub(super) on_the_slate: u16,
    /// For the webhooks that want them.
    pub(super) headers: Option<Arc<HeaderMap>>,
    /// Since when the backend thinks that it is connected; nothing if it is told no events.
    pub(super) connected: Option<Box<Instant>>,
    pub(super) _lease: Box<dyn Send>,
}

impl Connection {
    /// The last bytes that the client gets: why the connection ends, twice if it asked for that.
    pub(super) fn last_words(&self, why: &Disconnect) -> Bytes {
        let farewell = self.session.farewell(why).and_then(|push| self.door.push(&push));
        let close = self.door.close(why);
        match farewell {
            None => close,
            // On an HTTP stream a push is all there is.
            Some(farewell) if self.door.emulation().is_some() => farewell,
            Some(farewell) => [farewell, close].concat().into(),
        }
    }
}

/// All of them, by slot.
#[derive(Default)]
pub(super) struct Connections {
    slots: Vec<Option<(u32, Box<Connection>)>>,
}

impl Connections {
    pub(super) fn insert(&mut self, id: ConnectionId, connection: Connection) -> &mut Connection {
        let slot = id.slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        &mut self.slots[slot].insert((id.generation, Box::new(connection))).1
    }

    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        match self.slots.get_mut(id.slot as usize) {
            Some(Some((generation, connection))) if *generation == id.generation => Some(connection),
            _ => None,
        }
    }

    /// Who a connection is to everyone else.
    pub(super) fn info(&self, id: ConnectionId) -> Option<&ClientInfo> {
        match self.slots.get(id.slot as usize) {
            Some(Some((generation, connection))) if *generation == id.generation => {
                Some(connection.session.info())
            }
            _ => None,
        }
    }

    pub(super) fn remove(&mut self, id: ConnectionId) {
        if self.get_mut(id).is_some() {
            self.slots[id.slot as usize] = None;
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = ConnectionId> {
        self.iter().map(|(id, _)| id)
    }

    /// Those whose client was let in.
    pub(super) fn connected(&self) -> Vec<ConnectionId> {
        let is_in = |connection: &Connection| connection.session.is_connected();
        self.iter().filter(|(_, connection)| is_in(connection)).map(|(id, _)| id).collect()
    }

    /// The connected ones that belong to no user with a name.
    pub(super) fn anonymous(&self) -> Vec<ConnectionId> {
        let is_anonymous = |session: &Session| session.is_connected() && session.info().user.is_empty();
        self.iter().filter(|(_, connection)| is_anonymous(&connection.session)).map(|(id, _)| id).collect()
    }

    fn iter(&self) -> impl Iterator<Item = (ConnectionId, &Connection)> {
        self.slots.iter().zip(0..).filter_map(|(slot, number)| {
            let (generation, connection) = slot.as_ref()?;
            Some((ConnectionId { slot: number, generation: *generation }, &**connection))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_is_small() {
        assert!(size_of::<Connection>() <= 320, "{}", size_of::<Connection>());
    }
}
