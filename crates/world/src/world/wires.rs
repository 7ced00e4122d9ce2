//! The network, as the gateway writes to it.

use super::Event;
use crate::{
    agenda::Agenda,
    network::{Direction, Network, Packet, WireId},
    server::Sockets,
};

/// The sockets, as the server's side sees them.
pub(super) struct Wires<'a> {
    pub(super) network: &'a mut Network,
    pub(super) agenda: &'a mut Agenda<Event>,
}

impl Sockets for Wires<'_> {
    fn room(&self, wire: WireId) -> usize {
        self.network.room(wire)
    }

    fn write(&mut self, wire: WireId, bytes: Vec<u8>) {
        self.network.send(wire, Direction::Down, Packet::Bytes(bytes), self.agenda);
    }

    fn end(&mut self, wire: WireId) {
        self.network.send(wire, Direction::Down, Packet::Gone, self.agenda);
    }
}
