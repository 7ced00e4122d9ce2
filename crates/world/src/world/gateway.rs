//! The gateway's machine: what its sockets hear, and when its shards make their turns.

use super::{Event, Wires, World};
use crate::{
    network::{Direction, Packet, WireId},
    seed::Dice,
    server::{Inbound, SHARDS, Server},
};

/// How long a shard takes at most to get round to something, in milliseconds.
pub(super) const LONGEST_TURN: u64 = 60;

impl World {
    /// The gateway's machine gets a packet.
    pub(super) fn serve(&mut self, wire: WireId, packet: Packet) {
        let accepts = !self.is_draining;
        let answer = match (&mut self.server, packet) {
            (Some(server), Packet::Dial(language)) if accepts => {
                server.accept(wire, language);
                self.chronicle.lock().accepted(wire);
                Packet::Accepted
            }
            (_, Packet::Dial(_)) => Packet::Gone,
            (None, _) => return,
            (Some(server), packet) => match server.owner(wire) {
                Some(owner) => {
                    let inbound = match packet {
                        Packet::Message(frame) => Inbound::Message(frame),
                        Packet::Close => Inbound::Close,
                        _ => Inbound::Gone,
                    };
                    return server.host(owner).hear(wire, inbound);
                }
                None => Packet::Gone,
            },
        };
        self.network.send(wire, Direction::Down, answer, &mut self.agenda);
    }

    pub(super) fn turn(&mut self, shard: usize) {
        let now = self.agenda.now();
        if self.turns[shard].is_none_or(|(at, _)| at != now) {
            return;
        }
        self.turns[shard] = None;
        let Some(server) = &mut self.server else { return };
        let mut wires = Wires { network: &mut self.network, agenda: &mut self.agenda };
        let host = server.host(shard);
        host.turn(self.calendar.now(now), &mut wires);
        if let Some(bytes) = host.overflowed() {
            self.wrong.get_or_insert(format!("an outbox holds {bytes} bytes"));
        }
    }

    /// Plans the turns of shards that have something to do.
    pub(super) fn rouse(&mut self) {
        let Some(server) = &mut self.server else { return };
        let now = self.agenda.now();
        for (shard, planned) in self.turns.iter_mut().enumerate() {
            let host = server.host(shard);
            if host.has_work() && !planned.is_some_and(|(_, is_for_work)| is_for_work) {
                let busy = if self.laziness.chance(4) { LONGEST_TURN } else { 3 };
                let at = now + self.laziness.between(0, busy);
                let at = planned.map_or(at, |(planned, _)| at.min(planned));
                *planned = Some((at, true));
                self.agenda.at(at, Event::Turn(shard));
            }
            if let Some(due) = host.deadline() {
                let due = self.calendar.not_before(due).max(now);
                if planned.is_none_or(|(planned, _)| due < planned) {
                    *planned = Some((due, planned.is_some_and(|(_, is_for_work)| is_for_work)));
                    self.agenda.at(due, Event::Turn(shard));
                }
            }
        }
    }

    pub(super) fn boot(&mut self) {
        if self.server.is_some() {
            return;
        }
        let dice = Dice::new(self.seed).branch(("life", self.chronicle.lock().lives()));
        self.server = Some(Server::boot(&self.rules, self.calendar, &self.chronicle, &self.office, dice));
        self.is_draining = false;
        self.turns = [None; SHARDS];
        self.trace.note(self.agenda.now(), || "gateway  starts");
    }
}
