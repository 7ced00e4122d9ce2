//! One slice of the hub: its connections, its audiences, and everything that happens to them.
//!
//! Start reading at [`Tenant::received`] for the way of a command, at [`Tenant::deliver`] for the way of a
//! publication. Nothing here waits or touches a socket; frames go into outboxes.

mod actions;
mod census;
mod conflating;
mod connection;
mod delivering;
mod draining;
mod emulation;
mod hash_order;
mod limits;
mod noting;
mod opening;
mod orders;
mod taking_over;
#[cfg(test)]
mod tests;
mod watching;

use std::{collections::HashMap, sync::Arc, time::Instant};

use rand::{SeedableRng, rngs::StdRng};
use suona_protocol::{Channel, DisconnectCode, Request, ws::Message};

use super::{
    Commons, Delivery, Errand, Outboxes, ShardId,
    audience::Audience,
    wheel::{Tick, Wheel},
};
use crate::{
    Now,
    door::{Heard, SessionKey},
    io::{ConnectionId, Loss, Tenant},
    metrics::ShardMetrics,
    session::{Action, Context, Input},
};

pub use census::Census;
use conflating::Conflating;
use connection::{Connection, Connections};
use delivering::Fallout;
use draining::Draining;
use hash_order::HashOrder;
pub use opening::Opening;
use taking_over::Successions;
use watching::Watch;

/// One slice of the hub.
pub struct Shard {
    id: ShardId,
    commons: Arc<Commons>,
    metrics: Arc<ShardMetrics>,
    connections: Connections,
    /// Where those are found who speak by requests of their own.
    listeners: HashMap<SessionKey, ConnectionId>,
    successions: Successions,
    audiences: HashMap<Channel, Audience, HashOrder>,
    /// Seats in all audiences.
    subscriptions: usize,
    outboxes: Outboxes,
    wheel: Wheel<ConnectionId>,
    conflating: Conflating,
    watch: Watch,
    draining: Draining,
    dice: StdRng,
    /// Kept from one command to the next for their allocation only.
    heard: Vec<Heard>,
    actions: Vec<Action>,
}

impl Tenant for Shard {
    type Opening = Opening;
    type Delivery = Delivery;
    type Errand = Errand;

    fn opened(&mut self, id: ConnectionId, opening: Opening, now: Now) {
        self.begin(id, opening, now);
    }

    fn received(&mut self, id: ConnectionId, message: Message<'_>, now: Now) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        self.metrics.read(message.len());
        let mut heard = std::mem::take(&mut self.heard);
        connection.door.decode(message, now, &mut heard);
        self.hear(id, heard, now);
    }

    fn lost(&mut self, id: ConnectionId, loss: &Loss, now: Now) {
        if let Loss::Misbehaved(code) = *loss {
            self.metrics.closed(code.into());
        }
        self.note_loss(id, loss, now);
        let Some(connection) = self.connections.get_mut(id) else { return };
        let mut actions = Vec::new();
        connection.session.lost(&mut actions);
        if let Some(actor) = connection.session.mortal_actor() {
            self.commons.ledger.forget(&actor);
        }
        self.carry_out(id, &mut actions, now);
        self.unregister(id);
        self.forget_listener(id);
        self.connections.remove(id);
    }

    fn drained(&mut self, id: ConnectionId, now: Now) {
        self.handle(id, Input::Drained, now);
    }

    fn deliver(&mut self, delivery: Delivery, now: Now) {
        let held_back = self.hold_back(&delivery, now);
        let Some(audience) = self.audiences.get_mut(delivery.channel()) else { return };
        let mut fallout = held_back.unwrap_or_else(|| {
            delivering::hand_out(&delivery, audience, &self.connections, &mut self.outboxes)
        });
        for id in std::mem::take(&mut fallout.early) {
            if let Delivery::Publication(publication) = &delivery {
                self.handle(id, Input::Early(publication.clone()), now);
            }
        }
        self.cope(delivery.channel(), fallout, now);
    }

    fn errand(&mut self, errand: Errand, now: Now) {
        match errand {
            Errand::Answer(id, ask, outcome) => self.handle(id, Input::Answered(ask, outcome), now),
            Errand::Position { channel, heard, top } => self.compare(&channel, heard, top, now),
            Errand::KeysFetched(id, fetched) => {
                let Some(connection) = self.connections.get_mut(id) else { return };
                let mut heard = std::mem::take(&mut self.heard);
                connection.door.keys_fetched(fetched, now, &mut heard);
                self.hear(id, heard, now);
            }
            Errand::Order(id, order) => self.order(id, order, now),
            Errand::Said(said) => self.said(said, now),
            Errand::Survey(answer) => self.survey(answer),
            Errand::Bequeath(id, heir) => self.bequeath(id, heir, now),
            Errand::Inherit(id, estate) => self.inherit(id, estate, now),
            Errand::Drain(over) => self.drain(over, now),
        }
    }

    fn woke(&mut self, now: Now) {
        while let Some((tick, ids)) = self.wheel.pop(now.instant) {
            for id in ids {
                self.wake(id, tick, now);
            }
        }
        self.watch(now);
        self.release_due(now);
        self.end_drained(now);
    }

    fn rested(&mut self) {
        let metrics = &self.metrics;
        metrics.wrote(self.outboxes.take_sent_bytes());
        metrics.set_outbox_bytes(self.outboxes.total_bytes());
        metrics.set_subscriptions(self.subscriptions);
    }

    fn deadline(&self) -> Option<Instant> {
        let (conflating, draining) = (self.conflating.deadline(), self.draining.deadline());
        let deadlines = [self.wheel.deadline(), conflating, self.watch.deadline(), draining];
        deadlines.into_iter().flatten().min()
    }

    fn outboxes(&mut self) -> &mut Outboxes {
        &mut self.outboxes
    }
}

impl Shard {
    /// A shard without connections, counting in `metrics`. `seed` is for ids and for spreading pings.
    pub fn new(id: ShardId, commons: Arc<Commons>, metrics: Arc<ShardMetrics>, seed: u64, now: Now) -> Self {
        let client = &commons.rules.config.client;
        let compression = commons.rules.config.websocket.compression();
        let outboxes = Outboxes::new(client.queue_max_size).compressing(compression);
        let watch = Watch::new(client.channel_position_check_delay, now.instant);
        Self {
            id,
            commons,
            metrics,
            connections: Connections::default(),
            listeners: HashMap::new(),
            successions: HashMap::new(),
            audiences: HashMap::with_hasher(HashOrder(seed)),
            subscriptions: 0,
            outboxes,
            wheel: Wheel::new(now.instant),
            watch,
            conflating: Conflating::new(now.instant),
            draining: Draining::default(),
            dice: StdRng::seed_from_u64(seed),
            heard: Vec::new(),
            actions: Vec::new(),
        }
    }

    /// Hands what the door heard to the session, one after another.
    fn hear(&mut self, id: ConnectionId, mut heard: Vec<Heard>, now: Now) {
        let may_speak = self.connections.get_mut(id).is_some_and(|one| !one.session.is_refused());
        for one in heard.drain(..) {
            // What came in one message with a connect that was refused is not heard.
            if may_speak && self.connections.get_mut(id).is_some_and(|one| one.session.is_refused()) {
                continue;
            }
            match one {
                Heard::Input(mut input) => {
                    self.intern(&mut input);
                    if let Input::Command(command) = &input {
                        self.metrics.commanded(command.request.name());
                    }
                    let input = self.count(id, input, now);
                    self.handle(id, input, now);
                }
                Heard::Answer(frame) => {
                    if self.enqueue(id, Some(frame.into())).is_err() {
                        self.drop_slow(id, now);
                    }
                }
                Heard::FetchKeys => self.fetch_keys(id),
            }
        }
        self.heard = heard;
    }

    /// Lets the session decide, and does what it decided.
    fn handle(&mut self, id: ConnectionId, input: Input, now: Now) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let rules = &self.commons.rules;
        let ctx = Context { rules, now, room: self.outboxes.has_room(id, rules.max_reply_bytes()) };
        let mut actions = std::mem::take(&mut self.actions);
        connection.session.handle(input, ctx, &mut actions);
        self.carry_out(id, &mut actions, now);
        self.actions = actions;
        self.plan(id);
    }

    /// Names the channel by the text that its audience shares.
    fn intern(&self, input: &mut Input) {
        if let Input::Command(command) = input
            && let Request::Subscribe(subscribe) = &mut command.request
            && let Some((channel, _)) = self.audiences.get_key_value(&subscribe.channel)
        {
            subscribe.channel = channel.clone();
        }
    }

    /// Deals with what came of handing out something in `channel`.
    fn cope(&mut self, channel: &Channel, fallout: Fallout, now: Now) {
        self.metrics.delivered(fallout.sent);
        for id in fallout.gaps {
            self.handle(id, Input::Gap(channel.clone()), now);
        }
        for id in fallout.slow {
            self.drop_slow(id, now);
        }
    }

    /// Plans when the session is woken next, and whether it hears of room in its outbox.
    fn plan(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        if let Some(deadline) = connection.session.deadline() {
            self.wheel.plan(id, deadline, &mut connection.planned);
        }
        if connection.session.is_waiting() {
            self.outboxes.notify_when_drained(id);
        }
    }

    fn wake(&mut self, id: ConnectionId, tick: Tick, now: Now) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        if connection.planned == Some(tick) {
            connection.planned = None;
            self.handle(id, Input::Woke, now);
        }
    }

    /// Ends a client that hears more than it can take.
    fn drop_slow(&mut self, id: ConnectionId, now: Now) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let close = connection.last_words(&DisconnectCode::Slow.into());
        self.outboxes.abort(id, Some(close.into()));
        let mut actions = Vec::new();
        connection.session.lost(&mut actions);
        self.metrics.closed(DisconnectCode::Slow.code());
        self.note_disconnected(id, &DisconnectCode::Slow.into(), now);
        self.carry_out(id, &mut actions, now);
        self.unregister(id);
    }

    fn unregister(&mut self, id: ConnectionId) {
        let address = self.address(id);
        let Some(connection) = self.connections.get_mut(id) else { return };
        self.commons.users.remove(&connection.session.info().user, address);
        self.forget_device(id);
    }
}
