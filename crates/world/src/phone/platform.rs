//! The sockets of a device, as its system keeps them for the client.

use std::collections::BTreeMap;

use suona_client::link::{Frame, Loss};

use super::{Arrival, Reach, Socket};
use crate::{
    agenda::Time,
    network::{Direction, Packet, WireId},
    seed::Dice,
    world::Event,
};

/// How many sockets a device may have at a time: the current one, and one that closes.
const MOST_SOCKETS: usize = 2;

/// For how long, in milliseconds, a socket counts that was told to close.
const CLOSING: u64 = 1_000;

/// The sockets of a device.
#[derive(Debug)]
pub(super) struct Platform {
    phone: usize,
    /// Whether it loses codes and reasons of close frames, as real ones do.
    loses_closes: bool,
    /// By generation.
    sockets: BTreeMap<u64, Socket>,
    /// All that were dialled since the app was launched, the last one last.
    wires: Vec<WireId>,
}

impl Platform {
    pub(super) fn new(phone: usize, dice: &mut Dice) -> Self {
        Self { phone, loses_closes: dice.chance(40), sockets: BTreeMap::new(), wires: Vec::new() }
    }

    /// The app is killed, and its sockets with it.
    pub(super) fn kill(&mut self, reach: &mut Reach<'_>) {
        for (_, socket) in std::mem::take(&mut self.sockets) {
            reach.network.send(socket.wire, Direction::Up, Packet::Gone, reach.agenda);
        }
        self.wires.clear();
    }

    /// A socket of this name, of which the device now has one more. An `Err` says that these are too many.
    pub(super) fn open(&mut self, generation: u64, socket: Socket, now: Time) -> Result<(), String> {
        self.wires.push(socket.wire);
        self.sockets.insert(generation, socket);
        let counts = |socket: &&Socket| socket.closed_at.is_none_or(|at| at + CLOSING > now);
        match self.sockets.values().filter(counts).count() {
            count if count > MOST_SOCKETS => Err(format!("has {count} sockets")),
            _ => Ok(()),
        }
    }

    /// Closes a socket. Its system waits a while for the other end, and then reports it lost.
    pub(super) fn close(&mut self, generation: u64, patience: u64, reach: &mut Reach<'_>) {
        let Some(socket) = self.sockets.get_mut(&generation) else { return };
        socket.closed_at = Some(reach.agenda.now());
        let packet = if socket.is_open() { Packet::Close } else { Packet::Gone };
        reach.network.send(socket.wire, Direction::Up, packet, reach.agenda);
        reach.agenda.after(patience, Event::Abandon(self.phone, socket.wire));
    }

    /// Sends on the current socket.
    pub(super) fn send(&mut self, frame: Frame, reach: &mut Reach<'_>) {
        if let Some((_, socket)) = self.sockets.last_key_value() {
            reach.network.send(socket.wire, Direction::Up, Packet::Message(frame), reach.agenda);
        }
    }

    /// What a packet means that came on a socket, whose name that is.
    pub(super) fn receive(&mut self, wire: WireId, packet: Packet) -> Option<(u64, Vec<Arrival>)> {
        let (&generation, socket) = self.sockets.iter_mut().find(|(_, socket)| socket.wire == wire)?;
        Some((generation, socket.receive(packet)))
    }

    /// A socket is lost; says how the client hears of that.
    pub(super) fn lose(&mut self, generation: u64, loss: Loss) -> Loss {
        self.sockets.remove(&generation);
        if self.loses_closes { Loss { code: Some(1006), ..Loss::default() } } else { loss }
    }

    /// Waits no longer for the end of a socket that was told to close; says its name, if it was still there.
    pub(super) fn abandon(&mut self, wire: WireId) -> Option<u64> {
        let (&generation, _) = self.sockets.iter().find(|(_, socket)| socket.wire == wire)?;
        self.sockets.remove(&generation);
        Some(generation)
    }

    /// The socket that was dialled last, if it was not told to close nor lost.
    pub(super) fn current(&self) -> Option<WireId> {
        let (_, socket) = self.sockets.last_key_value()?;
        socket.closed_at.is_none().then_some(socket.wire)
    }

    /// All that were dialled since the app was launched but the last one.
    pub(super) fn former(&self) -> &[WireId] {
        self.wires.split_last().map_or(&[], |(_, former)| former)
    }

    /// The name of the socket on which it sends, and the socket.
    pub(super) fn last(&self) -> Option<(u64, WireId)> {
        self.sockets.last_key_value().map(|(generation, socket)| (*generation, socket.wire))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.sockets.len()
    }
}
