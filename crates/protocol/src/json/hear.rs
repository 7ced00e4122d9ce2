//! Replies and pushes from JSON lines, as a client reads them.

mod in_order;
mod published;
mod pushed;

use std::iter;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::value::RawValue;

use crate::{
    AnyEpoch, Channel, ClientInfo, ErrorReply, Payload, Position, PresenceStatsResult, RefreshResult,
    heard::{Answer, Connected, Heard, History, Subscribed, Unreadable},
};
use in_order::InOrder;
use published::{Info, Published, publications};
use pushed::Pushed;

/// Reads what a server says in one message, one thing a line, lazily. A line feed at the end is tolerated.
///
/// Payloads are slices of the message.
pub fn hear(message: &Bytes) -> impl Iterator<Item = Result<Heard, Unreadable>> {
    let mut rest = Some(message.trim_ascii());
    iter::from_fn(move || {
        let lines = rest.take()?;
        let (line, others) = match memchr::memchr(b'\n', lines) {
            Some(end) => (&lines[..end], Some(&lines[end + 1..])),
            None => (lines, None),
        };
        rest = others;
        let line: Result<Line<'_>, _> = serde_json::from_slice(line);
        Some(line.map(|line| line.read(message)).map_err(|error| Unreadable(error.to_string())))
    })
}

/// A line as it is on the wire. Here and below, `null` is as good as absent.
#[derive(Deserialize)]
struct Line<'a> {
    id: Option<u32>,
    error: Option<Refused>,
    #[serde(borrow)]
    push: Option<Pushed<'a>>,
    #[serde(borrow)]
    connect: Option<Connect<'a>>,
    #[serde(borrow)]
    subscribe: Option<Subscribe<'a>>,
    unsubscribe: Option<IgnoredAny>,
    publish: Option<IgnoredAny>,
    #[serde(borrow)]
    presence: Option<Presence<'a>>,
    presence_stats: Option<PresenceStats>,
    #[serde(borrow)]
    history: Option<Past<'a>>,
    ping: Option<IgnoredAny>,
    #[serde(borrow)]
    rpc: Option<Data<'a>>,
    refresh: Option<Expiry>,
    sub_refresh: Option<Expiry>,
}

impl Line<'_> {
    fn read(mut self, message: &Bytes) -> Heard {
        match (self.id.filter(|id| *id != 0), self.push.take(), self.error.take()) {
            (Some(id), _, Some(error)) => Heard::Reply { id, outcome: Err(error.read()) },
            (Some(id), _, None) => Heard::Reply { id, outcome: Ok(self.answer(message)) },
            (None, Some(push), _) => Heard::Push(push.read(message)),
            (None, None, _) => Heard::Ping,
        }
    }

    fn answer(self, message: &Bytes) -> Answer {
        (self.connect.map(|result| Answer::Connect(Box::new(result.read(message)))))
            .or_else(|| Some(Answer::Subscribe(Box::new(self.subscribe?.read(message)))))
            .or_else(|| self.unsubscribe.map(|_| Answer::Unsubscribe))
            .or_else(|| self.publish.map(|_| Answer::Publish))
            .or_else(|| self.presence.map(|result| Answer::Presence(result.read(message))))
            .or_else(|| self.presence_stats.map(|result| Answer::PresenceStats(result.read())))
            .or_else(|| self.history.map(|result| Answer::History(result.read(message))))
            .or_else(|| self.ping.map(|_| Answer::Ping))
            .or_else(|| self.rpc.map(|result| Answer::Rpc(payload(message, result.data))))
            .or_else(|| self.refresh.map(|result| Answer::Refresh(result.read())))
            .or_else(|| self.sub_refresh.map(|result| Answer::SubRefresh(result.read())))
            .unwrap_or(Answer::Unknown)
    }
}

fn payload(message: &Bytes, raw: Option<&RawValue>) -> Option<Payload> {
    raw.map(|raw| message.slice_ref(raw.get().as_bytes()))
}

#[derive(Deserialize)]
struct Refused {
    code: u32,
    message: Option<String>,
    temporary: Option<bool>,
}

impl Refused {
    fn read(self) -> ErrorReply {
        ErrorReply {
            code: self.code,
            message: self.message.unwrap_or_default(),
            temporary: self.temporary.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
struct Connect<'a> {
    client: Option<String>,
    version: Option<String>,
    node: Option<String>,
    ttl: Option<u32>,
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    subs: Option<InOrder<Subscribe<'a>>>,
    ping: Option<u32>,
    pong: Option<bool>,
    time: Option<i64>,
}

impl Connect<'_> {
    fn read(self, message: &Bytes) -> Connected {
        let subs = self.subs.map_or_else(Vec::new, |InOrder(subs)| subs);
        Connected {
            client: self.client.unwrap_or_default(),
            version: self.version.unwrap_or_default(),
            node: self.node.unwrap_or_default(),
            ttl: self.ttl,
            data: payload(message, self.data),
            subs: subs.into_iter().map(|(name, result)| (Channel::new(name), result.read(message))).collect(),
            ping: self.ping.filter(|ping| *ping != 0),
            pong: self.pong.unwrap_or_default(),
            time: self.time.and_then(|time| u64::try_from(time).ok()),
        }
    }
}

/// What a subscribe reply has, and what a subscribe push has of it.
#[derive(Deserialize)]
struct Subscribe<'a> {
    ttl: Option<u32>,
    recoverable: Option<bool>,
    epoch: Option<String>,
    offset: Option<u64>,
    recovered: Option<bool>,
    #[serde(borrow)]
    publications: Option<Vec<Published<'a>>>,
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
}

impl Subscribe<'_> {
    fn read(self, message: &Bytes) -> Subscribed {
        Subscribed {
            ttl: self.ttl,
            recoverable: self.recoverable.unwrap_or_default(),
            position: position(self.offset, self.epoch),
            recovered: self.recovered.unwrap_or_default(),
            publications: publications(message, self.publications),
            data: payload(message, self.data),
        }
    }
}

fn position(offset: Option<u64>, epoch: Option<String>) -> Position<AnyEpoch> {
    Position { offset: offset.unwrap_or_default(), epoch: epoch.unwrap_or_default().into() }
}

#[derive(Deserialize)]
struct Presence<'a> {
    #[serde(borrow)]
    presence: Option<InOrder<Info<'a>>>,
}

impl Presence<'_> {
    fn read(self, message: &Bytes) -> Vec<ClientInfo> {
        let clients = self.presence.map_or_else(Vec::new, |InOrder(clients)| clients);
        clients.into_iter().map(|(_, info)| info.read(message)).collect()
    }
}

#[derive(Deserialize)]
struct PresenceStats {
    num_clients: Option<u32>,
    num_users: Option<u32>,
}

impl PresenceStats {
    fn read(self) -> PresenceStatsResult {
        PresenceStatsResult {
            num_clients: self.num_clients.unwrap_or_default(),
            num_users: self.num_users.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
struct Past<'a> {
    #[serde(borrow)]
    publications: Option<Vec<Published<'a>>>,
    epoch: Option<String>,
    offset: Option<u64>,
}

impl Past<'_> {
    fn read(self, message: &Bytes) -> History {
        History {
            publications: publications(message, self.publications),
            top: position(self.offset, self.epoch),
        }
    }
}

/// What an rpc returns; also a message to us alone.
#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Expiry {
    ttl: Option<u32>,
}

impl Expiry {
    fn read(self) -> RefreshResult {
        RefreshResult { ttl: self.ttl }
    }
}

/// Any JSON, `null` too.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests;
