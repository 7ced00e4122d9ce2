//! What a shard's driver does with one socket: it writes, and ends what is over.

use suona_server::{
    Now,
    io::{ConnectionId, Loss, Tenant},
};

use super::{Host, Seat, Sockets};
use crate::network::WireId;

/// The reactor's own: the time for writing what is queued and for the peer's close frame.
const PARTING: std::time::Duration = std::time::Duration::from_secs(5);

/// What an outbox may hold beyond its limit: the last words.
const LAST_WORDS: usize = 512;

impl Host {
    pub(super) fn keep_deadlines(&mut self, now: Now, sockets: &mut impl Sockets) {
        let is_over = |seat: &Seat| seat.parting.is_some_and(|at| at <= now.instant);
        let over: Vec<_> =
            self.seats.iter().filter(|(_, seat)| is_over(seat)).map(|(wire, _)| *wire).collect();
        for wire in over {
            self.lose(wire, Loss::Cut, now, sockets);
        }
        if self.shard.deadline().is_some_and(|deadline| deadline <= now.instant) {
            self.shard.woke(now);
        }
    }

    /// Writes what there is room for, and ends what is over.
    pub(super) fn visit(&mut self, wire: WireId, now: Now, sockets: &mut impl Sockets) {
        let Some(Seat { id: Some(id), ending, .. }) = self.seats.get(&wire) else { return };
        let (id, ending) = (*id, *ending);
        if ending == Some(Loss::Cut) {
            return self.lose(wire, Loss::Cut, now, sockets);
        }
        self.check_bound(id);
        self.write(id, wire, sockets);
        let outboxes = self.shard.outboxes();
        if outboxes.unsent(id).next().is_some() {
            return self.begin_parting(id, wire, now);
        }
        match ending {
            Some(loss) => self.lose(wire, loss, now, sockets),
            None if outboxes.is_open(id) => {
                if outboxes.take_notice(id) {
                    self.act_for(Some(id));
                    self.shard.drained(id, now);
                    self.act_for(None);
                }
            }
            None if outboxes.awaits_answer(id) => self.begin_parting(id, wire, now),
            None => self.lose(wire, Loss::Cut, now, sockets),
        }
    }

    fn write(&mut self, id: ConnectionId, wire: WireId, sockets: &mut impl Sockets) {
        let room = sockets.room(wire);
        let outboxes = self.shard.outboxes();
        let mut bytes: Vec<u8> = outboxes.unsent(id).flatten().take(room).copied().collect();
        if !bytes.is_empty() {
            outboxes.advance(id, bytes.len(), 0);
            bytes.shrink_to_fit();
            sockets.write(wire, bytes);
        }
    }

    fn begin_parting(&mut self, id: ConnectionId, wire: WireId, now: Now) {
        if !self.shard.outboxes().is_open(id)
            && let Some(seat) = self.seats.get_mut(&wire)
        {
            seat.parting.get_or_insert(now.instant + PARTING);
        }
    }

    fn lose(&mut self, wire: WireId, loss: Loss, now: Now, sockets: &mut impl Sockets) {
        let Some(Seat { id: Some(id), .. }) = self.seats.remove(&wire) else { return };
        self.wires.remove(&id);
        self.shard.lost(id, &loss, now);
        self.shard.outboxes().remove(id);
        sockets.end(wire);
    }

    fn check_bound(&mut self, id: ConnectionId) {
        let bytes = self.shard.outboxes().bytes(id);
        if bytes > self.limit + LAST_WORDS {
            self.overflowed = Some(bytes);
        }
    }
}
