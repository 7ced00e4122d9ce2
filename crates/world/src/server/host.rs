//! One shard and what drives it: the reactor's turns, with sockets of the simulated network.

mod visits;

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    sync::Arc,
    time::Instant,
};

use suona_client::{client::Language, link::Frame};
use suona_protocol::{
    Payload,
    ws::{self, Message},
};
use suona_server::{
    Now,
    door::{Door, Encoding, Managed},
    hub::{Census, Delivery, Errand, Opening, Shard},
    io::{ConnectionId, Loss, Tenant},
    session::{Manners, PingSchedule, Rules},
};
use tokio::sync::{mpsc, oneshot};

use super::{Inbound, Sockets};
use crate::{chronicle::SharedChronicle, network::WireId};

/// One shard and what drives it.
pub struct Host {
    shard: Shard,
    deliveries: mpsc::Receiver<Delivery>,
    errands: mpsc::UnboundedReceiver<Errand>,
    inbound: VecDeque<(WireId, Inbound)>,
    seats: BTreeMap<WireId, Seat>,
    wires: BTreeMap<ConnectionId, WireId>,
    manners: Manners,
    chronicle: SharedChronicle,
    /// Payloads of publications that get lost on their way to this shard.
    doomed: Vec<Payload>,
    /// No outbox may hold more.
    limit: usize,
    /// Whether some outbox held more.
    overflowed: Option<usize>,
    /// How many letters found another connection in the slot of theirs.
    strays: u64,
}

struct Seat {
    /// None until the shard was told.
    id: Option<ConnectionId>,
    /// When it is dropped, once it is closing.
    parting: Option<Instant>,
    /// How it was lost, if that happens when all is written.
    ending: Option<Loss>,
}

impl Host {
    pub(super) fn new(
        shard: Shard,
        deliveries: mpsc::Receiver<Delivery>,
        errands: mpsc::UnboundedReceiver<Errand>,
        rules: &Arc<Rules>,
        chronicle: SharedChronicle,
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
            chronicle,
            doomed: Vec::new(),
            limit: client.queue_max_size,
            overflowed: None,
            strays: 0,
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

    /// A publication of this payload will get lost on its way to this shard.
    pub(super) fn doom(&mut self, data: Payload) {
        self.doomed.push(data);
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

    /// How many letters found another connection in the slot of theirs.
    pub(super) fn strays(&self) -> u64 {
        self.strays
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

    /// What the shard says that it holds.
    pub(super) fn census(&self) -> Census {
        self.shard.census()
    }

    /// The sockets whose clients the shard has let in.
    pub(super) fn connected(&self) -> Vec<WireId> {
        self.census().connected.iter().filter_map(|id| self.wires.get(id).copied()).collect()
    }

    pub(super) fn outbox_bytes(&mut self) -> usize {
        self.shard.outboxes().total_bytes()
    }

    fn read_letters(&mut self, now: Now) {
        while !self.shard.outboxes().wants_flush()
            && let Ok(delivery) = self.deliveries.try_recv()
        {
            if !self.is_doomed(&delivery) {
                self.shard.deliver(delivery, now);
            }
        }
        while let Ok(errand) = self.errands.try_recv() {
            let whose = beneficiary(&errand);
            self.strays += u64::from(whose.is_some_and(|id| self.is_astray(id)));
            self.act_for(whose);
            self.shard.errand(errand, now);
        }
        self.act_for(None);
    }

    /// Whether the connection is gone, and another one has its slot.
    fn is_astray(&self, id: ConnectionId) -> bool {
        !self.wires.contains_key(&id) && self.wires.keys().any(|other| other.slot == id.slot)
    }

    fn is_doomed(&mut self, delivery: &Delivery) -> bool {
        let Delivery::Publication(publication) = delivery else { return false };
        let at = self.doomed.iter().position(|data| *data == publication.publication().data);
        at.map(|at| self.doomed.swap_remove(at)).is_some()
    }

    /// What the shard does now it does for this connection.
    fn act_for(&self, id: Option<ConnectionId>) {
        self.chronicle.act_for(id.and_then(|id| self.wires.get(&id).copied()));
    }

    fn serve(&mut self, wire: WireId, what: Inbound, now: Now) {
        let Some(seat) = self.seats.get_mut(&wire) else { return };
        match (what, seat.id) {
            (Inbound::Opened(language), _) => self.open(wire, language, now),
            (Inbound::Message(frame), Some(id)) => {
                let is_heard = seat.ending.is_none() && self.shard.outboxes().is_open(id);
                if is_heard {
                    self.act_for(Some(id));
                    self.shard.received(id, message(&frame), now);
                    self.act_for(None);
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
            manners: Manners { reads_binary, ..self.manners }.into(),
            first: None,
            headers: None,
            vouched: None,
            lease: Box::new(()),
        };
        self.shard.opened(id, opening, now);
    }
}

fn message(frame: &Frame) -> Message<'_> {
    match frame {
        Frame::Text(text) => Message::Text(text),
        Frame::Binary(bytes) => Message::Binary(bytes),
    }
}

/// The connection that an errand is about.
fn beneficiary(errand: &Errand) -> Option<ConnectionId> {
    match errand {
        Errand::Answer(id, ..) | Errand::Inherit(id, _) | Errand::KeysFetched(id, _) => Some(*id),
        Errand::Order(id, _) => *id,
        _ => None,
    }
}
