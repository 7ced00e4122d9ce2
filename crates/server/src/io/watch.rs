//! Which connections of a shard have something to do.

mod ready;

use std::{io::ErrorKind, time::Duration};

use mio::{Events, Poll, Registry};

use super::connection::Connection;
use ready::ReadyList;

/// Sockets that one look may find ready; the next finds the others.
const EVENTS: usize = 1024;

/// Watches all sockets of a shard, whose tokens are slots.
pub(super) struct Watch {
    poll: Poll,
    events: Events,
    /// Connections that have something to read or room to write.
    pub(super) ready: ReadyList,
    /// Connections whose peers are gone: they are in no hurry.
    pub(super) gone: ReadyList,
}

impl Watch {
    pub(super) fn new(poll: Poll) -> Self {
        let events = Events::with_capacity(EVENTS);
        Self { poll, events, ready: ReadyList::default(), gone: ReadyList::default() }
    }

    /// Where sockets are registered to be watched.
    pub(super) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Finds out which sockets are ready. If none is, waits until one is, but no longer than that; tokens of no
    /// connection end the waiting too.
    pub(super) fn look(&mut self, connections: &mut [Option<Connection>], longest: Option<Duration>) {
        match self.poll.poll(&mut self.events, longest) {
            Err(error) if error.kind() != ErrorKind::Interrupted => panic!("the sockets of a shard: {error}"),
            _ => {}
        }
        for event in &self.events {
            if let Some(Some(connection)) = connections.get_mut(event.token().0) {
                connection.note(event);
                let list = if connection.is_ended() { &mut self.gone } else { &mut self.ready };
                list.add(connection.id.slot);
            }
        }
    }
}
