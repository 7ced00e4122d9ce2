//! Doing what a session decided.

use suona_protocol::{Channel, Disconnect, DisconnectCode, Outcome, Position};

use super::{Shard, delivering::frame_of};
use crate::{
    Now,
    auth::TokenKind,
    backend::{Advice, Consultation, Visit},
    broker::Answer,
    door::Door,
    hub::{
        Errand, Frame, Order, Overflow, Overtaken, Selector, TooManyConnections,
        audience::{Audience, Conflation, Hearing},
    },
    io::ConnectionId,
    session::{Action, Answered, Ask, Input, Question, Reading},
};

impl Shard {
    /// Does what the session of `id` decided, in order, until something keeps the client out: then only what
    /// takes back or tells others what was done already.
    pub(super) fn carry_out(&mut self, id: ConnectionId, actions: &mut Vec<Action>, now: Now) {
        let mut obstacle = None;
        for action in actions.drain(..) {
            if obstacle.is_none_or(|obstacle| action.survives(obstacle)) {
                obstacle = obstacle.or(self.carry_out_one(id, action, now).err());
            }
        }
        match obstacle {
            None => {}
            Some(Obstacle::Slow) => self.drop_slow(id, now),
            Some(Obstacle::TooManyConnections) => self.handle(id, Input::NotRegistered, now),
            // Should its client hear that after all, it may come back.
            Some(Obstacle::Overtaken) => {
                self.handle(id, Input::Disconnect(DisconnectCode::ForceReconnect.into()), now);
            }
        }
    }

    fn carry_out_one(&mut self, id: ConnectionId, action: Action, now: Now) -> Result<(), Obstacle> {
        let broker = &self.commons.broker;
        match action {
            Action::Reply(reply) => {
                if let Outcome::Error(error) = &reply.outcome {
                    self.metrics.refused(error.code);
                }
                return self.say(id, |door| door.reply(&reply));
            }
            Action::Push(push) => return self.say(id, |door| door.push(&push)),
            Action::Publication(publication, form) => {
                return self.say(id, |door| frame_of(&publication, door.wire(), form));
            }
            Action::Ping => return self.say(id, |door| Some(door.ping())),
            Action::Register(info) => {
                self.settle_slate(id, &info.user, now);
                self.register(id, &info.user)?;
                self.note_connected(id, now);
            }
            Action::TakeOver { key, opened } => {
                return self.take_over(id, key, opened).map_err(|Overtaken| Obstacle::Overtaken);
            }
            Action::Exceeded(excess) => self.metrics.limited(excess.label()),
            Action::Ask(ask, question) => self.ask(id, ask, question, now),
            Action::Consult(ask, consultation) => {
                let answer = self.answer(id, ask, Answered::Advised);
                self.consult(id, *consultation, answer);
            }
            Action::ConsultOnce(ask, consultation, attempt) => {
                let (ledger, answer) = (self.commons.ledger.clone(), self.answer(id, ask, |known| known));
                ledger.once(*attempt, now.instant, answer, |answer| {
                    self.consult(id, *consultation, answer.of(Answered::Advised));
                });
            }
            Action::FetchKeys(ask, kind) => {
                self.commons.rules.fetch_keys(kind, self.answer(id, ask, |()| Answered::KeysFetched));
            }
            Action::Listen { channel, position, hears_joins, reading } => {
                self.listen(id, &channel, position, hears_joins, reading);
                self.note_subscribed(id, &channel, now);
            }
            Action::Leave(channel, why) => {
                self.note_unsubscribed(id, &channel, why, now);
                self.leave(id, &channel);
            }
            Action::AddPresence(channel, info) => broker.add_presence(&channel, info, Answer::ignored()),
            Action::RemovePresence(channel, info) => broker.remove_presence(&channel, &info.client),
            Action::AnnounceJoin(channel, info) => broker.join(&channel, info),
            Action::AnnounceLeave(channel, info) => broker.leave(&channel, info),
            Action::Close(why) => self.dismiss(id, &why, now),
            Action::Drop => self.outboxes.close(id, None),
        }
        Ok(())
    }

    /// Queues what the door of a client makes of something.
    fn say<F: Into<Frame>>(
        &mut self,
        id: ConnectionId,
        words: impl FnOnce(&mut Door) -> Option<F>,
    ) -> Result<(), Obstacle> {
        let frame = self.connections.get_mut(id).and_then(|connection| words(&mut connection.door));
        self.enqueue(id, frame.map(Into::into))
    }

    /// Queues a frame for one client, if there is one to queue.
    pub(super) fn enqueue(&mut self, id: ConnectionId, frame: Option<Frame>) -> Result<(), Obstacle> {
        frame.map_or(Ok(()), |frame| self.outboxes.push(id, frame)).map_err(|Overflow| Obstacle::Slow)
    }

    /// Sends a client away.
    fn dismiss(&mut self, id: ConnectionId, why: &Disconnect, now: Now) {
        let close = self.connections.get_mut(id).map(|connection| connection.last_words(why));
        self.metrics.closed(why.code());
        self.note_disconnected(id, why, now);
        self.outboxes.close(id, close.map(Into::into));
        self.unregister(id);
    }

    fn register(&mut self, id: ConnectionId, user: &str) -> Result<(), Obstacle> {
        let client = &self.commons.rules.config.client;
        let address = self.address(id);
        if client.subscribe_to_user_personal_channel.is_single() {
            for other in self.commons.users.add_alone(user, address) {
                let (matching, why) = (Selector::default(), DisconnectCode::ConnectionLimit.into());
                let order = Errand::Order(Some(other.id), Order::Disconnect { matching, why });
                // A shard that is gone has no connections any more.
                let _ = self.commons.way_to(other.shard).send(order);
            }
            return Ok(());
        }
        let registered = self.commons.users.add(user, address, client.user_connection_limit);
        registered.map_err(|TooManyConnections| Obstacle::TooManyConnections)
    }

    fn ask(&mut self, id: ConnectionId, ask: Ask, question: Question, now: Now) {
        let broker = self.commons.broker.clone();
        match question {
            Question::Subscribe { channel, query, retention } => {
                self.take_seat(id, &channel);
                let answer = self.answer(id, ask, Answered::Subscribed);
                broker.subscribe(&channel, self.id, query, retention, answer);
            }
            Question::Publish { channel, message, retention, attempt } => {
                let answer = self.answer(id, ask, |known| known);
                let publish = |answer: Answer<Answered>| {
                    let answer = self.metrics.time_publish(answer.of(|_position| Answered::Published));
                    broker.publish(&channel, message, retention, answer);
                };
                match attempt {
                    Some(attempt) => self.commons.ledger.once(*attempt, now.instant, answer, publish),
                    None => publish(answer),
                }
            }
            Question::History { channel, query, retention } => {
                broker.history(&channel, query, retention, self.answer(id, ask, Answered::History));
            }
            Question::Presence(channel) => {
                broker.presence(&channel, self.answer(id, ask, Answered::Presence));
            }
            Question::PresenceStats(channel) => {
                broker.presence_stats(&channel, self.answer(id, ask, Answered::PresenceStats));
            }
        }
    }

    fn consult(&mut self, id: ConnectionId, consultation: Consultation, answer: Answer<Advice>) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let headers = connection.headers.clone();
        let visit =
            Visit { transport: connection.door.transport(), protocol: connection.door.protocol(), headers };
        self.commons.backend.ask(consultation, visit, answer);
    }

    /// Has the keys fetched that the door of `id` waits for.
    pub(super) fn fetch_keys(&self, id: ConnectionId) {
        let errands = self.commons.way_to(self.id).clone();
        let answer = Answer::new(move |outcome: Result<(), _>| {
            // A shard that is gone waits for nothing any more.
            let _ = errands.send(Errand::KeysFetched(id, outcome.is_ok()));
        });
        self.commons.rules.fetch_keys(TokenKind::Connection, answer);
    }

    /// Brings an answer back to the session that asked, as an errand of this shard.
    fn answer<T: 'static>(&self, id: ConnectionId, ask: Ask, wrap: fn(T) -> Answered) -> Answer<T> {
        let errands = self.commons.way_to(self.id).clone();
        Answer::new(move |outcome| {
            // A shard that is gone asks for nothing any more.
            let _ = errands.send(Errand::Answer(id, ask, outcome.map(wrap)));
        })
    }

    fn take_seat(&mut self, id: ConnectionId, channel: &Channel) {
        let Some(connection) = self.connections.get_mut(id) else { return };
        let wire = connection.door.wire();
        let rules = &self.commons.rules;
        let audience = self.audiences.entry(channel.clone()).or_insert_with(|| {
            let options = rules.config.channels.get(channel);
            let interval = options.map(|options| options.conflate).filter(|interval| !interval.is_zero());
            Audience::new(interval.map(Conflation::new))
        });
        audience.add(id, wire);
        self.subscriptions += 1;
    }

    fn listen(
        &mut self,
        id: ConnectionId,
        channel: &Channel,
        position: Option<Position>,
        hears_joins: bool,
        reading: Reading,
    ) {
        let Some(audience) = self.audiences.get_mut(channel) else { return };
        let Some(seat) = audience.seat_mut(id) else { return };
        seat.hears_joins = hears_joins;
        seat.form = reading.form;
        seat.hearing = position.map_or(Hearing::Everything, Hearing::From);
        if let Some(filter) = reading.filter {
            audience.filter(id, filter);
        }
    }

    fn leave(&mut self, id: ConnectionId, channel: &Channel) {
        self.settle_up(id, channel);
        let Some(audience) = self.audiences.get_mut(channel) else { return };
        if audience.remove(id) {
            self.subscriptions -= 1;
        }
        if audience.is_empty() {
            self.audiences.remove(channel);
            self.commons.broker.unsubscribe(channel, self.id);
        }
    }
}

/// What keeps a client out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Its outbox has no room for what it asked for.
    Slow,
    /// Its user is connected as often as it may be.
    TooManyConnections,
    /// Its client is on a younger connection already.
    Overtaken,
}

impl Action {
    /// Whether the action is still to be done after an obstacle. Taking things back always is; and whoever was
    /// in until it got too slow had joined.
    fn survives(&self, obstacle: Obstacle) -> bool {
        match self {
            Self::Leave(..)
            | Self::RemovePresence(..)
            | Self::AnnounceLeave(..)
            | Self::Close(_)
            | Self::Drop => true,
            Self::AnnounceJoin(..) => obstacle == Obstacle::Slow,
            _ => false,
        }
    }
}
