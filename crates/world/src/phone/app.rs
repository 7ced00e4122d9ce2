//! An app on a phone: what it wants, and what it was told. It saves where it stands, as a good app does.

mod login;
mod orders;

use std::{collections::BTreeMap, time::Duration};

use suona_client::{
    Code, Fault,
    client::{Input, Language, Options, Output, Status, SubscribeOptions},
    link::{Frame, State},
};
use suona_protocol::{Channel, ClientInfo};

use crate::{
    agenda::Time,
    chronicle::{Chronicle, Life, Movement, SharedChronicle},
    judge::{Act, Diary, Promise},
    network::WireId,
    schedule::VAULT,
    seed::Dice,
};

pub use login::{LOGIN, Login};
pub use orders::Orders;

/// An app, and what it was told.
#[derive(Debug)]
pub struct App {
    user: String,
    session: String,
    status: State,
    /// Since when.
    since: Time,
    /// It was let in, and nobody has looked whether that was right.
    greeted: bool,
    /// What it hears.
    pub diaries: BTreeMap<String, Diary>,
    /// What it asked for.
    pub orders: Orders,
    /// The socket that was dialled last.
    socket: Option<u64>,
    /// When it dialled.
    pub dials: Vec<Time>,
    /// Where it finds tokens.
    pub login: Login,
    /// When it was last turned away: its token had become too old, or it asked for what there is not.
    pub turned_away: Option<Time>,
    /// It was turned away for good, and tries once more.
    is_out: bool,
    /// What broke the rules.
    pub wrongs: Vec<String>,
}

impl App {
    /// An app of a user of its own.
    pub fn new(number: usize, dice: &mut Dice) -> Self {
        Self {
            user: format!("user{number}"),
            session: session(dice),
            status: State::Offline,
            since: Time(0),
            greeted: false,
            diaries: BTreeMap::new(),
            orders: Orders::new(dice),
            socket: None,
            dials: Vec::new(),
            login: Login::default(),
            turned_away: None,
            is_out: false,
            wrongs: Vec::new(),
        }
    }

    /// How it starts its client.
    pub fn options(&self, language: Language, suspends: bool) -> Options {
        let mut options = Options::new(self.session.as_str());
        options.asks_token = true;
        options.language = language;
        options.link.habits.suspends = suspends;
        self.orders.bound(&mut options);
        options
    }

    /// Its user.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether it was told that it is online.
    pub fn is_online(&self) -> bool {
        self.status == State::Online
    }

    /// Whether it was let in since this was last asked.
    pub fn take_greeting(&mut self) -> bool {
        std::mem::take(&mut self.greeted)
    }

    /// Whether it wants to be started again.
    pub(super) fn takes_second_try(&mut self) -> bool {
        std::mem::take(&mut self.is_out)
    }

    /// Notes that a rule was broken.
    pub fn wrong(&mut self, what: &str) {
        self.wrongs.push(format!("{}: {what}", self.user));
    }

    pub(super) fn relaunch(&mut self, dice: &mut Dice) {
        self.session = session(dice);
        self.status = State::Offline;
        self.login.forget_asks();
        (self.socket, self.greeted, self.is_out) = (None, false, false);
        self.diaries.values_mut().for_each(Diary::leave);
        self.orders.relaunch();
    }

    /// Wants to hear a channel: from where it stood, or from now on.
    pub fn subscribe(&mut self, channel: &str, goes_on: bool) -> Option<Input> {
        let diary = self.diaries.entry(channel.to_owned()).or_insert_with(|| Diary::new(channel, false));
        if diary.wanted {
            return None;
        }
        diary.want(goes_on);
        let since = diary.cursor().cloned();
        let asks_token = channel == VAULT;
        let options = SubscribeOptions {
            since,
            keep: true,
            join_leave: true,
            asks_token,
            ..SubscribeOptions::default()
        };
        Some(Input::Subscribe { channel: channel.into(), options })
    }

    /// Wants to hear a channel no more.
    pub fn unsubscribe(&mut self, channel: &str) -> Option<Input> {
        self.diaries.get_mut(channel).filter(|diary| diary.wanted)?.leave();
        Some(Input::Unsubscribe { channel: channel.into() })
    }

    /// Asks for something. `number` is like no other's.
    pub fn command(&mut self, act: Act, number: u64, ttl: Option<Duration>) -> Input {
        self.orders.place(&self.session, act, number, ttl)
    }

    /// Finds a token, or fails to, unless it is not looking for that any more.
    pub fn token(&mut self, ask: u64, is_sure: bool, now: Time, dice: &mut Dice) -> Option<Input> {
        self.login.token(&self.user, ask, is_sure, now, dice)
    }

    pub(super) fn dialled(&mut self, generation: u64, now: Time) {
        self.socket = Some(generation);
        self.dials.push(now);
    }

    /// Notes what it asks on a socket that this life of the gateway has.
    pub(super) fn sends(&mut self, frame: &Frame, generation: u64, life: Life, now: Time) {
        self.orders.sends(frame, generation, life, now);
    }

    /// Something that it asked on the last socket before that moment, and that is not answered.
    pub fn owed(&self, before: Time) -> Option<&Promise> {
        let socket = self.socket?;
        self.orders.all().find(|promise| promise.is_owed(socket, before))
    }

    /// Looks whether its client keeps no more than it may.
    pub(super) fn check_outbox(&mut self) {
        if let Err(wrong) = self.orders.check() {
            self.wrong(&wrong);
        }
    }

    /// Hears what the client tells it, which is connected by this socket, if it is.
    pub(super) fn hear(
        &mut self,
        told: Output,
        now: Time,
        wire: Option<WireId>,
        chronicle: &SharedChronicle,
    ) {
        if let Err(wrong) = self.check(told, now, wire, chronicle) {
            self.wrong(&wrong);
        }
    }

    fn check(
        &mut self,
        told: Output,
        now: Time,
        wire: Option<WireId>,
        chronicle: &SharedChronicle,
    ) -> Result<(), String> {
        let mut chronicle = chronicle.lock();
        match told {
            Output::Status(status) => self.changed(status, now),
            Output::Subscribed { channel, how } => {
                let asked = wire.and_then(|wire| chronicle.last_asked(wire, &channel));
                self.diary(&channel)?.standing(how, asked)
            }
            Output::Publication { channel, publication } => {
                let data = String::from_utf8_lossy(&publication.data);
                self.diary(&channel)?.publication(publication.offset, &data, &chronicle)
            }
            Output::Position { channel, position } => self.diary(&channel)?.position(position),
            Output::Join { channel, info } => self.moved(&channel, true, &info, &chronicle),
            Output::Leave { channel, info } => self.moved(&channel, false, &info, &chronicle),
            Output::Unsubscribed { channel, fault } => self.expelled(&channel, &fault, wire, &mut chronicle),
            Output::Settle { ticket, outcome, doubtful } => {
                let socket = self.socket.filter(|_| self.is_online() && self.since < now);
                self.orders.settled(ticket, outcome, doubtful, socket, &chronicle)
            }
            Output::Message(data) => Err(format!("was sent {data:?}, which no gateway of ours does")),
            Output::Dial { .. } | Output::Close { .. } | Output::Send(_) | Output::Ask { .. } => Ok(()),
        }
    }

    fn expelled(
        &mut self,
        channel: &Channel,
        fault: &Fault,
        wire: Option<WireId>,
        chronicle: &mut Chronicle,
    ) -> Result<(), String> {
        let is_told =
            fault.code == EXPELLED && wire.is_some_and(|wire| chronicle.was_expelled(wire, channel));
        if !is_told {
            return Err(format!("{channel} ended for good: {fault}"));
        }
        self.diary(channel)?.leave();
        Ok(())
    }

    fn moved(
        &mut self,
        channel: &Channel,
        came: bool,
        info: &ClientInfo,
        chronicle: &Chronicle,
    ) -> Result<(), String> {
        self.diary(channel)?.movement(&Movement::of(came, info), chronicle)
    }

    fn diary(&mut self, channel: &Channel) -> Result<&mut Diary, String> {
        let channel = channel.as_str();
        if channel.strip_prefix("own:#") == Some(&self.user) {
            return Ok(self.diaries.entry(channel.to_owned()).or_insert_with(|| Diary::new(channel, true)));
        }
        self.diaries.get_mut(channel).ok_or_else(|| format!("{channel} was heard, and never wanted"))
    }

    fn changed(&mut self, status: Status, now: Time) -> Result<(), String> {
        let code = status.fault.as_ref().map(|fault| fault.code);
        if code.is_some_and(|code| matches!(code, Code::TokenExpired | NOT_AVAILABLE)) {
            self.turned_away = Some(now);
        }
        (self.status, self.since) = (status.state, now);
        self.greeted = status.state == State::Online;
        if status.state != State::Online {
            // A channel is heard again when the app is told so.
            for diary in self.diaries.values_mut() {
                diary.subscribed = false;
            }
        }
        match status.fault {
            // Later on, until it is let in again, this only says what was wrong.
            Some(Fault { code: NOT_AVAILABLE, .. }) if status.state == State::Offline => {
                if !self.orders.has_told_on(self.socket) {
                    return Err("was turned away for a message that it never sent".to_owned());
                }
                self.is_out = true;
            }
            Some(fault) if status.state == State::Offline => {
                return Err(format!("went offline for good: {fault}"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// What the gateway says to clients that the backend threw out of a channel.
const EXPELLED: Code = Code::Server(2000);

/// What the gateway says to clients that send the backend something without asking for an answer.
const NOT_AVAILABLE: Code = Code::Server(3508);

/// 128 random bits.
fn session(dice: &mut Dice) -> String {
    format!("{:016x}{:016x}", dice.bits(), dice.bits())
}
