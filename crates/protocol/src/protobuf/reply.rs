//! Replies as Protobuf.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost::{Message, Oneof};

use super::push::Push;
use crate::{Channel, ConnectResult, Outcome, Payload, RefreshResult, SubscribeResult};

/// Appends `reply` with its length before it.
pub fn encode_reply(reply: &crate::Reply, out: &mut Vec<u8>) {
    append(&Reply { id: reply.id, content: Some(content(&reply.outcome)) }, out);
}

pub(super) fn append(reply: &Reply, out: &mut Vec<u8>) {
    reply.encode_length_delimited(out).expect("a vector takes everything");
}

/// A reply as it is on the wire.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Reply {
    #[prost(uint32, tag = "1")]
    pub(super) id: u32,
    #[prost(oneof = "Content", tags = "2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15")]
    pub(super) content: Option<Content>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Content {
    #[prost(message, tag = "2")]
    Error(Error),
    #[prost(message, tag = "4")]
    Push(Push),
    #[prost(message, tag = "5")]
    Connect(Connect),
    #[prost(message, tag = "6")]
    Subscribe(Subscribe),
    #[prost(message, tag = "7")]
    Unsubscribe(Empty),
    #[prost(message, tag = "8")]
    Publish(Empty),
    #[prost(message, tag = "9")]
    Presence(Presence),
    #[prost(message, tag = "10")]
    PresenceStats(PresenceStats),
    #[prost(message, tag = "11")]
    History(History),
    #[prost(message, tag = "12")]
    Ping(Empty),
    #[prost(message, tag = "13")]
    Rpc(Data),
    #[prost(message, tag = "14")]
    Refresh(Refresh),
    #[prost(message, tag = "15")]
    SubRefresh(Expiry),
}

fn content(outcome: &Outcome) -> Content {
    match outcome {
        Outcome::Connect(result) => Content::Connect(connect(result)),
        Outcome::Subscribe(result) => Content::Subscribe(subscribe(result)),
        Outcome::Unsubscribe => Content::Unsubscribe(Empty {}),
        Outcome::Publish => Content::Publish(Empty {}),
        Outcome::Presence(clients) => Content::Presence(Presence {
            presence: clients.iter().map(|info| (info.client.clone(), client_info(info))).collect(),
        }),
        Outcome::PresenceStats(stats) => Content::PresenceStats(PresenceStats {
            num_clients: stats.num_clients,
            num_users: stats.num_users,
        }),
        Outcome::History(result) => Content::History(History {
            publications: result.publications.iter().map(|one| one.protobuf_fragment()).collect(),
            epoch: result.top.epoch.to_string(),
            offset: result.top.offset,
        }),
        Outcome::Ping => Content::Ping(Empty {}),
        Outcome::Rpc { data } => Content::Rpc(Data { data: payload(data) }),
        Outcome::Refresh(result) => {
            Content::Refresh(Refresh { expires: result.ttl.is_some(), ttl: result.ttl.unwrap_or(0) })
        }
        Outcome::SubRefresh(result) => Content::SubRefresh(expiry(*result)),
        Outcome::Error(error) => Content::Error(Error {
            code: error.code,
            message: error.message.clone(),
            temporary: error.temporary,
        }),
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Empty {}

/// What an rpc returns; also a message to one client.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Data {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) data: Bytes,
}

pub(super) fn payload(data: &Option<Payload>) -> Bytes {
    data.clone().unwrap_or_default()
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Error {
    #[prost(uint32, tag = "1")]
    pub(super) code: u32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(bool, tag = "3")]
    pub(super) temporary: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Connect {
    #[prost(string, tag = "1")]
    pub(super) client: String,
    #[prost(string, tag = "2")]
    pub(super) version: String,
    #[prost(bool, tag = "3")]
    pub(super) expires: bool,
    #[prost(uint32, tag = "4")]
    pub(super) ttl: u32,
    #[prost(bytes = "bytes", tag = "5")]
    pub(super) data: Bytes,
    #[prost(message, repeated, tag = "6")]
    pub(super) subs: Vec<SubEntry>,
    #[prost(uint32, tag = "7")]
    pub(super) ping: u32,
    #[prost(bool, tag = "8")]
    pub(super) pong: bool,
    #[prost(string, tag = "9")]
    pub(super) session: String,
    #[prost(string, tag = "10")]
    pub(super) node: String,
    #[prost(int64, tag = "11")]
    pub(super) time: i64,
}

fn connect(result: &ConnectResult) -> Connect {
    Connect {
        client: result.client.clone(),
        version: result.version.clone(),
        expires: result.ttl.is_some(),
        ttl: result.ttl.unwrap_or(0),
        data: payload(&result.data),
        subs: result.subs.iter().map(|(channel, result)| sub_entry(channel, result)).collect(),
        ping: result.ping.unwrap_or(0),
        pong: result.pong,
        session: result.session.to_string(),
        node: result.node.to_string(),
        time: result.time.map_or(0, u64::cast_signed),
    }
}

/// An entry of the map of server-side subscriptions.
///
/// A map of prost leaves out a value with nothing in it, which the official JavaScript client then takes for null.
#[derive(Clone, PartialEq, Message)]
pub(super) struct SubEntry {
    #[prost(string, tag = "1")]
    pub(super) channel: String,
    #[prost(message, required, tag = "2")]
    pub(super) result: Subscribe,
}

fn sub_entry(channel: &Channel, result: &SubscribeResult) -> SubEntry {
    SubEntry { channel: channel.to_string(), result: subscribe(result) }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Subscribe {
    #[prost(bool, tag = "1")]
    pub(super) expires: bool,
    #[prost(uint32, tag = "2")]
    pub(super) ttl: u32,
    #[prost(bool, tag = "3")]
    pub(super) recoverable: bool,
    #[prost(string, tag = "6")]
    pub(super) epoch: String,
    /// Messages encoded already: on the wire they look like bytes.
    #[prost(bytes = "bytes", repeated, tag = "7")]
    pub(super) publications: Vec<Bytes>,
    #[prost(bool, tag = "8")]
    pub(super) recovered: bool,
    #[prost(uint64, tag = "9")]
    pub(super) offset: u64,
    #[prost(bool, tag = "10")]
    pub(super) positioned: bool,
    #[prost(bytes = "bytes", tag = "11")]
    pub(super) data: Bytes,
    #[prost(bool, tag = "12")]
    pub(super) was_recovering: bool,
    #[prost(bool, tag = "13")]
    pub(super) delta: bool,
}

fn subscribe(result: &SubscribeResult) -> Subscribe {
    Subscribe {
        expires: result.ttl.is_some(),
        ttl: result.ttl.unwrap_or(0),
        recoverable: result.recoverable,
        epoch: epoch(result),
        publications: result.recovered_forms().map(|(one, form)| one.protobuf_fragment_as(form)).collect(),
        recovered: result.recovered,
        offset: result.position.map_or(0, |position| position.offset),
        positioned: result.position.is_some(),
        data: payload(&result.data),
        was_recovering: result.was_recovering,
        delta: result.delta,
    }
}

pub(super) fn epoch(result: &SubscribeResult) -> String {
    result.position.map_or_else(String::new, |position| position.epoch.to_string())
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Presence {
    #[prost(btree_map = "string, message", tag = "1")]
    pub(super) presence: BTreeMap<String, ClientInfo>,
}

/// Who somebody is; also within publications.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ClientInfo {
    #[prost(string, tag = "1")]
    pub(super) user: String,
    #[prost(string, tag = "2")]
    pub(super) client: String,
    #[prost(bytes = "bytes", tag = "3")]
    pub(super) conn_info: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    pub(super) chan_info: Bytes,
}

pub(super) fn client_info(info: &crate::ClientInfo) -> ClientInfo {
    ClientInfo {
        user: info.user.clone(),
        client: info.client.clone(),
        conn_info: payload(&info.conn_info),
        chan_info: payload(&info.chan_info),
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct PresenceStats {
    #[prost(uint32, tag = "1")]
    pub(super) num_clients: u32,
    #[prost(uint32, tag = "2")]
    pub(super) num_users: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct History {
    /// As in [`Subscribe`].
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub(super) publications: Vec<Bytes>,
    #[prost(string, tag = "2")]
    pub(super) epoch: String,
    #[prost(uint64, tag = "3")]
    pub(super) offset: u64,
}

/// The lifetime of a connection in a reply; before it come fields that nobody fills.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Refresh {
    #[prost(bool, tag = "3")]
    pub(super) expires: bool,
    #[prost(uint32, tag = "4")]
    pub(super) ttl: u32,
}

/// A lifetime everywhere else.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Expiry {
    #[prost(bool, tag = "1")]
    pub(super) expires: bool,
    #[prost(uint32, tag = "2")]
    pub(super) ttl: u32,
}

pub(super) fn expiry(result: RefreshResult) -> Expiry {
    Expiry { expires: result.ttl.is_some(), ttl: result.ttl.unwrap_or(0) }
}

#[cfg(test)]
mod tests;
