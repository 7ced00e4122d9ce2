//! What an app asks for, and what it was told came of it.

use std::{collections::BTreeMap, time::Duration};

use suona_client::{
    Code, Fault,
    client::{Command, Input, Options},
    link::Frame,
};
use suona_protocol::{Payload, heard::Answer};

use crate::{
    agenda::Time,
    chronicle::{Chronicle, Life},
    judge::{Act, Promise},
    seed::Dice,
};

/// No command of the world is smaller on its way than the first, or larger than the second, in bytes.
const SIZES: (usize, usize) = (50, 160);

/// What an app asks for.
#[derive(Debug)]
pub struct Orders {
    launches: u32,
    tickets: u64,
    /// By launch and ticket.
    promises: BTreeMap<(u32, u64), Promise>,
    /// The last socket on which the backend was told something without being asked for an answer.
    told_on: Option<u64>,
    /// How many the client was given in this launch and did not settle.
    open: usize,
    /// How many commands the client may keep, and how many bytes of them.
    bounds: (usize, usize),
}

impl Orders {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let usual = Options::new("");
        let bounds = dice.weigh(&[
            (2, (usual.outbox_commands, usual.outbox_bytes)),
            (1, (8, usual.outbox_bytes)),
            (1, (usual.outbox_commands, 900)),
        ]);
        Self { launches: 0, tickets: 0, promises: BTreeMap::new(), told_on: None, open: 0, bounds }
    }

    /// The client is set up with its bounds.
    pub(super) fn bound(&self, options: &mut Options) {
        (options.outbox_commands, options.outbox_bytes) = self.bounds;
    }

    /// All that was ever asked for.
    pub fn all(&self) -> impl Iterator<Item = &Promise> {
        self.promises.values()
    }

    pub(super) fn relaunch(&mut self) {
        for promise in self.promises.values_mut().filter(|promise| promise.is_open()) {
            promise.abandoned = true;
        }
        self.launches += 1;
        (self.tickets, self.open, self.told_on) = (0, 0, None);
    }

    /// Asks for something, `number` being like no other's.
    pub(super) fn place(&mut self, session: &str, act: Act, number: u64, ttl: Option<Duration>) -> Input {
        self.tickets += 1;
        let ticket = self.tickets;
        let data = format!(r#"{{"n":{number}}}"#);
        let command = command(&act, Payload::from(data.clone()));
        let key = if act.has_key() { format!("{session}-{ticket}") } else { format!("{act:?} {number}") };
        self.promises.insert((self.launches, ticket), Promise::new(act, data, key));
        Input::Command { ticket, command, ttl }
    }

    /// The client is given a command now.
    pub(in crate::phone) fn given(&mut self) {
        self.open += 1;
    }

    /// Notes what is asked on a socket that this life of the gateway has.
    pub(super) fn sends(&mut self, frame: &Frame, generation: u64, life: Life, now: Time) {
        // It is settled before it leaves, and nobody answers: all that names it is what it says.
        let is_told = |promise: &Promise| promise.act == Act::Send && carries(frame, &promise.data);
        if self.launched().any(is_told) {
            self.told_on = Some(generation);
        }
        let keyed = |promise: &&mut Promise| promise.is_open() && promise.act.has_key();
        for promise in self.promises.values_mut().filter(keyed) {
            if names(frame, &promise.key) {
                promise.asked.insert(generation, life);
                promise.asked_at = Some(now);
            }
        }
    }

    /// Whether the backend was told something on a socket without being asked for an answer.
    pub(super) fn has_told_on(&self, generation: Option<u64>) -> bool {
        self.told_on.is_some() && self.told_on == generation
    }

    /// A command is settled, by a client that is online on this socket if it is.
    pub(super) fn settled(
        &mut self,
        ticket: u64,
        outcome: Result<Option<Answer>, Fault>,
        doubtful: bool,
        socket: Option<u64>,
        chronicle: &Chronicle,
    ) -> Result<(), String> {
        let (least, open) = (self.least(), self.open);
        let promise = self.promises.get_mut(&(self.launches, ticket));
        let promise = promise.ok_or_else(|| format!("{ticket} was settled, and never asked"))?;
        let fault = outcome.as_ref().err().map(|fault| fault.code);
        // What can be asked is asked, on the connection that is there.
        let is_asked = !promise.act.has_key() || promise.asked.keys().next_back() == socket.as_ref();
        let is_too_old = matches!(fault, Some(Code::Expired | Code::UnknownOutcome));
        if socket.is_some() && !is_asked && is_too_old {
            return Err(format!("{ticket} became too old, and was not asked on the last connection"));
        }
        if fault == Some(Code::OutboxFull) && open <= least {
            return Err(format!("{ticket} found the outbox full with {open} commands"));
        }
        self.open = open.saturating_sub(1);
        promise.settle(outcome, doubtful, chronicle)
    }

    fn launched(&self) -> impl Iterator<Item = &Promise> {
        self.promises.range((self.launches, 0)..).map(|(_, promise)| promise)
    }

    /// A client keeps no more than it may.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.open <= self.most() { Ok(()) } else { Err(format!("{} commands are kept", self.open)) }
    }

    /// How many commands the client may keep at most.
    fn most(&self) -> usize {
        self.bounds.0.min(self.bounds.1 / SIZES.0)
    }

    /// For how many it has room in any case.
    fn least(&self) -> usize {
        self.bounds.0.min(self.bounds.1 / SIZES.1)
    }
}

fn command(act: &Act, data: Payload) -> Command {
    match act {
        Act::Rpc => Command::Rpc { method: "bid".to_owned(), data: Some(data) },
        Act::Publish(channel) => Command::Publish { channel: channel.as_str().into(), data },
        Act::Send => Command::Send { data },
        Act::History(channel, limit) => {
            Command::History { channel: channel.as_str().into(), limit: *limit, since: None, reverse: false }
        }
        Act::Presence(channel) => Command::Presence { channel: channel.as_str().into() },
        Act::PresenceStats(channel) => Command::PresenceStats { channel: channel.as_str().into() },
    }
}

/// Whether a frame has this in it.
fn carries(frame: &Frame, data: &str) -> bool {
    match frame {
        Frame::Text(text) => text.contains(data),
        Frame::Binary(bytes) => bytes.windows(data.len()).any(|part| part == data.as_bytes()),
    }
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
