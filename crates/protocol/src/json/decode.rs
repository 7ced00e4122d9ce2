//! Commands from JSON lines.

use std::{borrow::Cow, collections::BTreeMap, iter};

use memchr::memchr;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny},
};
use serde_json::{error::Category, value::RawValue};

use crate::{
    Channel, Command, ConnectRequest, DecodeError, Epoch, FilterNode, HistoryRequest, Payload,
    PublishRequest, RecoverFrom, Request, RpcRequest, SubRefreshRequest, SubscribeRequest,
    decode::{REJECT_UNRECOVERED, headers},
};

/// Reads the commands of one message, one a line, lazily: those before a malformed line count.
///
/// A trailing line feed is tolerated; an empty message and a blank line between commands are errors. Nothing
/// is read beyond the first error.
pub fn decode_commands(message: &[u8]) -> impl Iterator<Item = Result<Command, DecodeError>> {
    let mut rest = Some(message);
    iter::from_fn(move || {
        let lines = rest.take()?;
        let (line, others) = match memchr(b'\n', lines) {
            Some(end) => (&lines[..end], &lines[end + 1..]),
            None => (lines, &lines[lines.len()..]),
        };
        let command = decode_command(line);
        if command.is_ok() && !others.is_empty() {
            rest = Some(others);
        }
        Some(command)
    })
}

fn decode_command(line: &[u8]) -> Result<Command, DecodeError> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|error| describe(&error))?;
    Command::assemble(line.id.unwrap_or(0), line.request())
}

/// Says what is wrong with a line and where. What serde says of wrong types quotes the line, so it is not used.
fn describe(error: &serde_json::Error) -> DecodeError {
    DecodeError(match error.classify() {
        Category::Data => format!("a field of the wrong type at column {}", error.column()),
        Category::Io | Category::Syntax | Category::Eof => error.to_string(),
    })
}

/// A line as it is on the wire. Here and below, `null` is as good as absent: some serialisers write it.
#[derive(Deserialize)]
struct Line<'a> {
    id: Option<u32>,
    #[serde(borrow)]
    connect: Option<Connect<'a>>,
    ping: Option<IgnoredAny>,
    #[serde(borrow)]
    subscribe: Option<Subscribe<'a>>,
    #[serde(borrow)]
    unsubscribe: Option<OfChannel<'a>>,
    #[serde(borrow)]
    publish: Option<Publish<'a>>,
    #[serde(borrow)]
    presence: Option<OfChannel<'a>>,
    #[serde(borrow)]
    presence_stats: Option<OfChannel<'a>>,
    #[serde(borrow)]
    history: Option<History<'a>>,
    rpc: Option<Rpc>,
    send: Option<Send>,
    refresh: Option<Refresh>,
    #[serde(borrow)]
    sub_refresh: Option<SubRefresh<'a>>,
}

impl Line<'_> {
    /// What is asked. Of several things the first in this order counts.
    fn request(self) -> Option<Request> {
        (self.connect.map(Connect::request))
            .or_else(|| self.ping.map(|_| Request::Ping))
            .or_else(|| self.subscribe.map(Subscribe::request))
            .or_else(|| self.unsubscribe.map(|asked| Request::Unsubscribe(channel(asked.channel))))
            .or_else(|| self.publish.map(Publish::request))
            .or_else(|| self.presence.map(|asked| Request::Presence(channel(asked.channel))))
            .or_else(|| self.presence_stats.map(|asked| Request::PresenceStats(channel(asked.channel))))
            .or_else(|| self.history.map(History::request))
            .or_else(|| self.rpc.map(Rpc::request))
            .or_else(|| self.send.map(|send| Request::Send(send.data.unwrap_or_default())))
            .or_else(|| {
                self.refresh.map(|asked| Request::Refresh { token: asked.token.unwrap_or_default().into() })
            })
            .or_else(|| self.sub_refresh.map(SubRefresh::request))
    }
}

/// Text borrowed from the line, unless there is an escape in it.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn channel(name: Option<Text<'_>>) -> Channel {
    name.map_or_else(|| Channel::from(""), |name| Channel::from(&*name.0))
}

fn epoch(text: Option<Text<'_>>) -> Option<Epoch> {
    Epoch::parse(&text?.0)
}

/// Any JSON, copied as it is; `null` is a payload like any other.
fn payload<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Payload>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(Some(Payload::copy_from_slice(raw.get().as_bytes())))
}

fn filter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<FilterNode>, D::Error> {
    let raw = Option::<&RawValue>::deserialize(deserializer)?;
    raw.map(FilterNode::from_json).transpose().map_err(Error::custom)
}

#[derive(Deserialize)]
struct Connect<'a> {
    token: Option<String>,
    #[serde(default, deserialize_with = "payload")]
    data: Option<Payload>,
    #[serde(borrow)]
    subs: Option<BTreeMap<Text<'a>, Since<'a>>>,
    name: Option<String>,
    version: Option<String>,
    headers: Option<BTreeMap<String, String>>,
}

impl Connect<'_> {
    fn request(self) -> Request {
        let subs = self.subs.unwrap_or_default();
        Request::Connect(Box::new(ConnectRequest {
            token: self.token.unwrap_or_default().into(),
            data: self.data,
            subs: subs.into_iter().map(|(name, since)| (Channel::from(&*name.0), since.position())).collect(),
            name: self.name.unwrap_or_default(),
            version: self.version.unwrap_or_default(),
            headers: headers(self.headers.unwrap_or_default()),
        }))
    }
}

#[derive(Deserialize)]
struct Since<'a> {
    recover: Option<bool>,
    offset: Option<u64>,
    #[serde(borrow)]
    epoch: Option<Text<'a>>,
}

impl Since<'_> {
    fn position(self) -> RecoverFrom {
        RecoverFrom {
            recover: self.recover.unwrap_or_default(),
            offset: self.offset.unwrap_or_default(),
            epoch: epoch(self.epoch),
        }
    }
}

#[derive(Deserialize)]
struct Subscribe<'a> {
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    token: Option<String>,
    recover: Option<bool>,
    offset: Option<u64>,
    #[serde(borrow)]
    epoch: Option<Text<'a>>,
    #[serde(default, deserialize_with = "payload")]
    data: Option<Payload>,
    positioned: Option<bool>,
    recoverable: Option<bool>,
    join_leave: Option<bool>,
    delta: Option<String>,
    flag: Option<i64>,
    #[serde(rename = "type")]
    kind: Option<i32>,
    #[serde(default, deserialize_with = "filter")]
    tf: Option<FilterNode>,
}

impl Subscribe<'_> {
    fn request(self) -> Request {
        Request::Subscribe(Box::new(SubscribeRequest {
            channel: channel(self.channel),
            token: self.token.unwrap_or_default().into(),
            since: Since { recover: self.recover, offset: self.offset, epoch: self.epoch }.position(),
            data: self.data,
            positioned: self.positioned.unwrap_or_default(),
            recoverable: self.recoverable.unwrap_or_default(),
            join_leave: self.join_leave.unwrap_or_default(),
            delta: self.delta.unwrap_or_default(),
            reject_unrecovered: self.flag.unwrap_or_default() & REJECT_UNRECOVERED != 0,
            kind: self.kind.unwrap_or_default(),
            tags_filter: self.tf,
        }))
    }
}

/// A request about a channel and nothing else.
#[derive(Deserialize)]
struct OfChannel<'a> {
    #[serde(borrow)]
    channel: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Publish<'a> {
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    #[serde(default, deserialize_with = "payload")]
    data: Option<Payload>,
    idempotency_key: Option<String>,
    exclude_self: Option<bool>,
}

impl Publish<'_> {
    fn request(self) -> Request {
        Request::Publish(PublishRequest {
            channel: channel(self.channel),
            data: self.data.unwrap_or_default(),
            idempotency_key: self.idempotency_key.unwrap_or_default(),
            exclude_self: self.exclude_self.unwrap_or_default(),
        })
    }
}

#[derive(Deserialize)]
struct History<'a> {
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    limit: Option<i32>,
    #[serde(borrow)]
    since: Option<Since<'a>>,
    reverse: Option<bool>,
}

impl History<'_> {
    fn request(self) -> Request {
        Request::History(HistoryRequest {
            channel: channel(self.channel),
            limit: self.limit.unwrap_or_default(),
            since: self.since.map(Since::position).map(|since| (since.offset, since.epoch)),
            reverse: self.reverse.unwrap_or_default(),
        })
    }
}

#[derive(Deserialize)]
struct Rpc {
    method: Option<String>,
    #[serde(default, deserialize_with = "payload")]
    data: Option<Payload>,
    idempotency_key: Option<String>,
}

impl Rpc {
    fn request(self) -> Request {
        Request::Rpc(RpcRequest {
            method: self.method.unwrap_or_default(),
            data: self.data,
            idempotency_key: self.idempotency_key.unwrap_or_default(),
        })
    }
}

#[derive(Deserialize)]
struct Send {
    #[serde(default, deserialize_with = "payload")]
    data: Option<Payload>,
}

#[derive(Deserialize)]
struct Refresh {
    token: Option<String>,
}

#[derive(Deserialize)]
struct SubRefresh<'a> {
    #[serde(borrow)]
    channel: Option<Text<'a>>,
    token: Option<String>,
}

impl SubRefresh<'_> {
    fn request(self) -> Request {
        Request::SubRefresh(SubRefreshRequest {
            channel: channel(self.channel),
            token: self.token.unwrap_or_default().into(),
        })
    }
}

#[cfg(test)]
mod tests;
