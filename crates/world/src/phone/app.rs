//! An app on a phone: what it wants, and what it was told. It saves where it stands, as a good app does.

use std::{collections::BTreeMap, time::Duration};

use suona_client::{
    Code, Fault,
    client::{Command, Input, Language, Options, Output, Status, SubscribeOptions},
    link::{Frame, State},
};
use suona_protocol::{Channel, Payload, heard::Answer};

use crate::{
    agenda::{EPOCH, Time},
    chronicle::SharedChronicle,
    judge::{Act, Diary, Promise},
    seed::Dice,
};

/// An app, and what it was told.
#[derive(Debug)]
pub struct App {
    user: String,
    session: String,
    launches: u32,
    tickets: u64,
    status: State,
    /// Since when.
    since: Time,
    /// What it hears.
    pub diaries: BTreeMap<String, Diary>,
    /// What it asked for, by launch and ticket.
    pub promises: BTreeMap<(u32, u64), Promise>,
    /// The socket that was dialled last.
    socket: Option<u64>,
    /// When it dialled.
    pub dials: Vec<Time>,
    /// Tokens that it looks for, by number: for a channel, or for the connection.
    asks: BTreeMap<u64, Option<Channel>>,
    next_ask: u64,
    /// Whether its login never fails.
    login_is_well: bool,
    /// When it was last turned away because its token had become too old.
    pub turned_away: Option<Time>,
    /// What broke the rules.
    pub wrongs: Vec<String>,
}

impl App {
    /// An app of a user of its own.
    pub fn new(number: usize, dice: &mut Dice) -> Self {
        Self {
            user: format!("user{number}"),
            session: session(dice),
            launches: 0,
            tickets: 0,
            status: State::Offline,
            since: Time(0),
            diaries: BTreeMap::new(),
            promises: BTreeMap::new(),
            socket: None,
            dials: Vec::new(),
            asks: BTreeMap::new(),
            next_ask: 0,
            login_is_well: false,
            turned_away: None,
            wrongs: Vec::new(),
        }
    }

    /// How it starts its client.
    pub fn options(&self, language: Language, suspends: bool) -> Options {
        let mut options = Options::new(self.session.as_str());
        options.asks_token = true;
        options.language = language;
        options.link.habits.suspends = suspends;
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

    /// Notes that a rule was broken.
    pub fn wrong(&mut self, what: &str) {
        self.wrongs.push(format!("{}: {what}", self.user));
    }

    pub(super) fn relaunch(&mut self, dice: &mut Dice) {
        self.launches += 1;
        self.session = session(dice);
        self.status = State::Offline;
        self.tickets = 0;
        self.asks.clear();
        self.socket = None;
        for diary in self.diaries.values_mut() {
            diary.leave();
        }
        for promise in self.promises.values_mut().filter(|promise| promise.outcome.is_none()) {
            promise.abandoned = true;
        }
    }

    /// Wants to hear a channel: from where it stood, or from now on.
    pub fn subscribe(&mut self, channel: &str, goes_on: bool) -> Option<Input> {
        let diary = self.diaries.entry(channel.to_owned()).or_insert_with(|| Diary::new(channel));
        if diary.wanted {
            return None;
        }
        diary.want(goes_on);
        let since = diary.cursor().cloned();
        let options = SubscribeOptions { since, keep: true, join_leave: true, ..SubscribeOptions::default() };
        Some(Input::Subscribe { channel: channel.into(), options })
    }

    /// Wants to hear a channel no more.
    pub fn unsubscribe(&mut self, channel: &str) -> Option<Input> {
        self.diaries.get_mut(channel).filter(|diary| diary.wanted)?.leave();
        Some(Input::Unsubscribe { channel: channel.into() })
    }

    /// Asks for something that must not happen twice. `number` is like no other's.
    pub fn command(&mut self, act: Act, number: u64, ttl: Option<Duration>) -> Input {
        self.tickets += 1;
        let ticket = self.tickets;
        let data = format!(r#"{{"n":{number}}}"#);
        let payload = Payload::from(data.clone());
        let command = match &act {
            Act::Rpc => Command::Rpc { method: "bid".to_owned(), data: Some(payload) },
            Act::Publish(channel) => Command::Publish { channel: channel.as_str().into(), data: payload },
        };
        let promise = Promise {
            act,
            data,
            key: format!("{}-{ticket}", self.session),
            asked: Default::default(),
            outcome: None,
            abandoned: false,
        };
        self.promises.insert((self.launches, ticket), promise);
        Input::Command { ticket, command, ttl }
    }

    /// Its login works from now on, and gives tokens that last.
    pub fn login_is_well(&mut self) {
        self.login_is_well = true;
    }

    /// The tokens that it looks for.
    pub fn asks(&self) -> Vec<u64> {
        self.asks.keys().copied().collect()
    }

    /// Finds a token, or fails to, unless it is not looking for that any more.
    pub fn token(&mut self, ask: u64, is_sure: bool, now: Time, dice: &mut Dice) -> Option<Input> {
        let channel = self.asks.remove(&ask)?;
        if !is_sure && !self.login_is_well && dice.chance(5) {
            return Some(Input::TokenFailed { channel, reason: "the login is down".to_owned() });
        }
        let mut claims = serde_json::json!({ "sub": self.user });
        if !self.login_is_well && dice.chance(40) {
            claims["exp"] = ((EPOCH + now.since_begin()).as_secs() + dice.between(10, 60)).into();
        }
        Some(Input::Token { channel, token: Some(sign(&claims).into()) })
    }

    /// Looks for a token: the number of that, and how many milliseconds it takes.
    pub(super) fn asked(&mut self, channel: Option<Channel>, dice: &mut Dice) -> (u64, u64) {
        self.next_ask += 1;
        self.asks.insert(self.next_ask, channel);
        let is_slow = !self.login_is_well && dice.chance(3);
        (self.next_ask, if is_slow { dice.between(8_000, 12_000) } else { dice.between(0, 300) })
    }

    pub(super) fn dialled(&mut self, generation: u64, now: Time) {
        self.socket = Some(generation);
        self.dials.push(now);
    }

    /// Notes what it asks on a socket.
    pub(super) fn sends(&mut self, frame: &Frame, generation: u64) {
        let open = |promise: &&mut Promise| promise.outcome.is_none() && !promise.abandoned;
        for promise in self.promises.values_mut().filter(open) {
            if names(frame, &promise.key) {
                promise.asked.insert(generation);
            }
        }
    }

    /// Hears what the client tells it.
    pub(super) fn hear(&mut self, told: Output, now: Time, chronicle: &SharedChronicle) {
        if let Err(wrong) = self.check(told, now, chronicle) {
            self.wrong(&wrong);
        }
    }

    fn check(&mut self, told: Output, now: Time, chronicle: &SharedChronicle) -> Result<(), String> {
        match told {
            Output::Status(status) => self.changed(status, now),
            Output::Subscribed { channel, how } => {
                return self.diary(&channel)?.standing(how, now, &chronicle.lock());
            }
            Output::Publication { channel, publication } => {
                let data = String::from_utf8_lossy(&publication.data).into_owned();
                let diary = self.diary(&channel)?;
                return diary.publication(publication.offset, &data, now, &chronicle.lock());
            }
            Output::Position { channel, position } => return self.diary(&channel)?.position(position, now),
            Output::Unsubscribed { channel, fault } => {
                return Err(format!("{channel} ended for good: {fault}"));
            }
            Output::Settle { ticket, outcome } => return self.settled(ticket, outcome, now),
            _ => {}
        }
        Ok(())
    }

    fn settled(
        &mut self,
        ticket: u64,
        outcome: Result<Option<Answer>, Fault>,
        now: Time,
    ) -> Result<(), String> {
        let promise = self.promises.get_mut(&(self.launches, ticket));
        let promise = promise.ok_or_else(|| format!("{ticket} was settled, and never asked"))?;
        // What can be asked is asked, on the connection that is there.
        let is_there = self.status == State::Online && self.since < now;
        let is_asked = promise.asked.last() == self.socket.as_ref();
        if is_there && !is_asked && outcome.as_ref().is_err_and(is_too_old) {
            return Err(format!("{ticket} became too old, and was not asked on the last connection"));
        }
        promise.settle(outcome.map(|answer| match answer {
            Some(Answer::Rpc(data)) => data.map(|data| String::from_utf8_lossy(&data).into_owned()),
            _ => None,
        }))
    }

    fn diary(&mut self, channel: &Channel) -> Result<&mut Diary, String> {
        self.diaries.get_mut(channel.as_str()).ok_or_else(|| format!("{channel} was heard, and never wanted"))
    }

    fn changed(&mut self, status: Status, now: Time) {
        if status.fault.as_ref().is_some_and(|fault| fault.code == Code::TokenExpired) {
            self.turned_away = Some(now);
        }
        (self.status, self.since) = (status.state, now);
        if status.state != State::Online {
            // A channel is heard again when the app is told so.
            for diary in self.diaries.values_mut() {
                diary.subscribed = false;
            }
        }
        if status.state == State::Offline
            && let Some(fault) = status.fault
        {
            self.wrong(&format!("went offline for good: {fault}"));
        }
    }
}

fn is_too_old(fault: &Fault) -> bool {
    matches!(fault.code, Code::Expired | Code::UnknownOutcome)
}

/// Whether a frame carries this key: between quotes in JSON, after its length in Protobuf.
fn names(frame: &Frame, key: &str) -> bool {
    match frame {
        Frame::Text(text) => text.contains(&format!("\"{key}\"")),
        Frame::Binary(bytes) => {
            let length = u8::try_from(key.len()).expect("keys are short");
            let named = [&[length], key.as_bytes()].concat();
            bytes.windows(named.len()).any(|part| part == named)
        }
    }
}

/// 128 random bits.
fn session(dice: &mut Dice) -> String {
    format!("{:016x}{:016x}", dice.bits(), dice.bits())
}

fn sign(claims: &serde_json::Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(b"a secret of at least thirty-two bytes");
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).expect("claims are JSON")
}
