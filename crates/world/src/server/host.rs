//! One shard and what drives it: the reactor's turns, with sockets of the simulated network.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    sync::Arc,
    time::Instant,
};

use suona_client::{client::Language, link::Frame};
use suona_protocol::ws::{self, Message};
use suona_server::{
    Now,
    door::{Door, Encoding, Managed},
    hub::{Delivery, Errand, Opening, Shard},
    io::{ConnectionId, Loss, Tenant},
    session::{Manners, PingSchedule, Rules},
};
use tokio::sync::{mpsc, oneshot};

use super::{Inbound, Sockets};
use crate::network::WireId;

/// One shard and what drives it.
pub struct Host {
    shard: Shard,
    deliveries: mpsc::Receiver<Delivery>,
    errands: mpsc::UnboundedReceiver<Errand>,
    inbound: VecDeque<(WireId, Inbound)>,
    seats: BTreeMap<WireId, Seat>,
    wires: BTreeMap<ConnectionId, WireId>,
    manners: Manners,
    /// No outbox may hold more.
    limit: usize,
    /// Whether some outbox held more.
    overflowed: Option<usize>,
}

struct Seat {
    /// None until the shard was told.
    id: Option<ConnectionId>,
    /// When it is dropped, once it is closing.
    parting: Option<Instant>,
    /// How it was lost, if that happens when all is written.
    ending: Option<Loss>,
}

/// The reactor's own: the time for writing what is queued and for the peer's close frame.
const PARTING: std::time::Duration = std::time::Duration::from_secs(5);

/// What an outbox may hold beyond its limit: the last words.
const LAST_WORDS: usize = 512;

impl Host {
    pub(super) fn new(
        shard: Shard,
        deliveries: mpsc::Receiver<Delivery>,
        errands: mpsc::UnboundedReceiver<Errand>,
        rules: &Arc<Rules>,
    ) -> Self {
        let client = &rules.config.client;
        let ping = PingSchedule { interval: client.ping_interval, pong_timeout: Some(client.pong_timeout) };
        Self {
            shard,
            deliveries,
            errands,
            inbound: VecDeque::new(),
            seats: BTreeMap::new(),
            wires: BTreeMap::new(),
            manners: Manners { ping: Some(ping), announces_pings: true, ..Manners::default() },
            limit: client.queue_max_size,
            overflowed: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    pub(super) fn knows(&self, wire: WireId) -> bool {
        self.seats.contains_key(&wire)
    }

    pub(super) fn wires(&self) -> impl Iterator<Item = WireId> {
        self.seats.keys().copied()
    }

    /// A socket has something.
    pub fn hear(&mut self, wire: WireId, what: Inbound) {
        if let Inbound::Opened(_) = what {
            self.seats.insert(wire, Seat { id: None, parting: None, ending: None });
        }
        self.inbound.push_back((wire, what));
    }

    pub(super) fn errand(&mut self, errand: Errand, now: Now) {
        self.shard.errand(errand, now);
    }

    /// Whether there is something to do at once.
    pub fn has_work(&self) -> bool {
        !self.inbound.is_empty() || !self.errands.is_empty() || !self.deliveries.is_empty()
    }

    /// When there is something to do in any case.
    pub fn deadline(&self) -> Option<Instant> {
        let parting = self.seats.values().filter_map(|seat| seat.parting).min();
        parting.into_iter().chain(self.shard.deadline()).min()
    }

    /// How much an outbox held that held more than it may.
    pub fn overflowed(&self) -> Option<usize> {
        self.overflowed
    }

    /// One turn, as the reactor makes them.
    pub fn turn(&mut self, now: Now, sockets: &mut impl Sockets) {
        self.read_letters(now);
        let mut touched = Vec::new();
        for (wire, what) in std::mem::take(&mut self.inbound) {
            self.serve(wire, what, now);
            touched.push(wire);
        }
        self.keep_deadlines(now, sockets);
        for wire in touched {
            self.visit(wire, now, sockets);
        }
        loop {
            let visits = self.shard.outboxes().begin_flush();
            if visits == 0 {
                break;
            }
            for _ in 0..visits {
                let id = self.shard.outboxes().visit_dirty();
                if let Some(wire) = id.and_then(|id| self.wires.get(&id).copied()) {
                    self.visit(wire, now, sockets);
                }
            }
        }
        self.shard.rested();
    }

    /// How many subscribers each channel has.
    pub(super) fn survey(&mut self, now: Now) -> Vec<(String, usize)> {
        let (answer, mut counts) = oneshot::channel();
        self.shard.errand(Errand::Survey(answer), now);
        let counts = counts.try_recv().expect("a shard answers at once");
        counts.into_iter().map(|(channel, count)| (channel.as_str().to_owned(), count)).collect()
    }

    pub(super) fn outbox_bytes(&mut self) -> usize {
        self.shard.outboxes().total_bytes()
    }

    fn read_letters(&mut self, now: Now) {
        while !self.shard.outboxes().wants_flush()
            && let Ok(delivery) = self.deliveries.try_recv()
        {
            self.shard.deliver(delivery, now);
        }
        while let Ok(errand) = self.errands.try_recv() {
            self.shard.errand(errand, now);
        }
    }

    fn serve(&mut self, wire: WireId, what: Inbound, now: Now) {
        let Some(seat) = self.seats.get_mut(&wire) else { return };
        match (what, seat.id) {
            (Inbound::Opened(language), _) => self.open(wire, language, now),
            (Inbound::Message(frame), Some(id)) => {
                let is_heard = seat.ending.is_none() && self.shard.outboxes().is_open(id);
                if is_heard {
                    self.shard.received(id, message(&frame), now);
                }
            }
            (Inbound::Close, Some(id)) => {
                seat.ending = Some(Loss::Closed);
                let echo = ws::close_frame(1000, "");
                self.shard.outboxes().close(id, Some(Rc::new(echo)));
            }
            (Inbound::Gone, Some(_)) => seat.ending = seat.ending.or(Some(Loss::Cut)),
            (Inbound::Writable, _) | (_, None) => {}
        }
    }

    fn open(&mut self, wire: WireId, language: Language, now: Now) {
        let id = self.shard.outboxes().open();
        self.wires.insert(id, wire);
        self.seats.get_mut(&wire).expect("it was just heard of").id = Some(id);
        let encoding = match language {
            Language::Json => Encoding::Json,
            Language::Protobuf => Encoding::Protobuf,
        };
        let reads_binary = encoding == Encoding::Protobuf;
        let opening = Opening {
            door: Door::Managed(Managed { encoding, ..Managed::default() }),
            manners: Manners { reads_binary, ..self.manners },
            first: None,
            headers: None,
            vouched: None,
            lease: Box::new(()),
        };
        self.shard.opened(id, opening, now);
    }

    fn keep_deadlines(&mut self, now: Now, sockets: &mut impl Sockets) {
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
    fn visit(&mut self, wire: WireId, now: Now, sockets: &mut impl Sockets) {
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
                    self.shard.drained(id, now);
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

fn message(frame: &Frame) -> Message<'_> {
    match frame {
        Frame::Text(text) => Message::Text(text),
        Frame::Binary(bytes) => Message::Binary(bytes),
    }
}
