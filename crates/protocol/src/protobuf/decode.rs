//! Commands from length-delimited Protobuf.

use std::{collections::BTreeMap, iter};

use bytes::Bytes;
use prost::{Message, encoding::decode_varint};

use crate::{
    Channel, Command, ConnectRequest, DecodeError, Epoch, FilterNode, HistoryRequest, Payload,
    PublishRequest, RecoverFrom, Request, RpcRequest, SubRefreshRequest, SubscribeRequest,
    decode::{REJECT_UNRECOVERED, headers},
};

/// Reads the commands of one message lazily: those before a malformed one count.
///
/// An empty message is an error, and so is a command of more than `limit` bytes. Nothing is read beyond the
/// first error.
pub fn decode_commands(message: &[u8], limit: usize) -> impl Iterator<Item = Result<Command, DecodeError>> {
    let mut rest = Some(message);
    iter::from_fn(move || {
        let found = decode_first(rest.take()?, limit);
        rest = found.as_ref().ok().map(|(_, others)| *others).filter(|others| !others.is_empty());
        Some(found.map(|(command, _)| command))
    })
}

/// Reads one command and returns what follows it.
fn decode_first(mut rest: &[u8], limit: usize) -> Result<(Command, &[u8]), DecodeError> {
    let len = decode_varint(&mut rest).map_err(|error| describe(&error))?;
    let len = usize::try_from(len).ok().filter(|len| *len <= limit);
    let len = len.ok_or_else(|| DecodeError(format!("longer than {limit} bytes")))?;
    let (body, others) = rest.split_at_checked(len).ok_or_else(|| DecodeError("cut short".into()))?;
    let envelope = Envelope::decode(body).map_err(|error| describe(&error))?;
    Ok((Command::assemble(envelope.id, envelope.request())?, others))
}

/// What prost says names fields, never their contents.
fn describe(error: &prost::DecodeError) -> DecodeError {
    DecodeError(error.to_string())
}

/// A command as it is on the wire. Here and below, a zero or empty value is the same as none.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Envelope {
    #[prost(uint32, tag = "1")]
    pub(super) id: u32,
    #[prost(message, optional, tag = "4")]
    pub(super) connect: Option<Connect>,
    #[prost(message, optional, tag = "5")]
    pub(super) subscribe: Option<Subscribe>,
    #[prost(message, optional, tag = "6")]
    pub(super) unsubscribe: Option<OfChannel>,
    #[prost(message, optional, tag = "7")]
    pub(super) publish: Option<Publish>,
    #[prost(message, optional, tag = "8")]
    pub(super) presence: Option<OfChannel>,
    #[prost(message, optional, tag = "9")]
    pub(super) presence_stats: Option<OfChannel>,
    #[prost(message, optional, tag = "10")]
    pub(super) history: Option<History>,
    #[prost(message, optional, tag = "11")]
    pub(super) ping: Option<Ping>,
    #[prost(message, optional, tag = "12")]
    pub(super) send: Option<Send>,
    #[prost(message, optional, tag = "13")]
    pub(super) rpc: Option<Rpc>,
    #[prost(message, optional, tag = "14")]
    pub(super) refresh: Option<Refresh>,
    #[prost(message, optional, tag = "15")]
    pub(super) sub_refresh: Option<SubRefresh>,
}

impl Envelope {
    /// What is asked. Of several things the first in this order counts.
    fn request(self) -> Option<Request> {
        (self.connect.map(Connect::request))
            .or_else(|| self.ping.map(|_| Request::Ping))
            .or_else(|| self.subscribe.map(Subscribe::request))
            .or_else(|| self.unsubscribe.map(|asked| Request::Unsubscribe(Channel::new(asked.channel))))
            .or_else(|| self.publish.map(Publish::request))
            .or_else(|| self.presence.map(|asked| Request::Presence(Channel::new(asked.channel))))
            .or_else(|| self.presence_stats.map(|asked| Request::PresenceStats(Channel::new(asked.channel))))
            .or_else(|| self.history.map(History::request))
            .or_else(|| self.rpc.map(Rpc::request))
            .or_else(|| self.send.map(|send| Request::Send(send.data)))
            .or_else(|| self.refresh.map(|asked| Request::Refresh { token: asked.token.into() }))
            .or_else(|| self.sub_refresh.map(SubRefresh::request))
    }
}

fn payload(data: Bytes) -> Option<Payload> {
    (!data.is_empty()).then_some(data)
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Ping {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Connect {
    #[prost(string, tag = "1")]
    pub(super) token: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) data: Bytes,
    #[prost(btree_map = "string, message", tag = "3")]
    pub(super) subs: BTreeMap<String, Remembered>,
    #[prost(string, tag = "4")]
    pub(super) name: String,
    #[prost(string, tag = "5")]
    pub(super) version: String,
    #[prost(btree_map = "string, string", tag = "6")]
    pub(super) headers: BTreeMap<String, String>,
}

impl Connect {
    fn request(self) -> Request {
        Request::Connect(Box::new(ConnectRequest {
            token: self.token.into(),
            data: payload(self.data),
            subs: self.subs.into_iter().map(|(name, sub)| (Channel::new(name), sub.position())).collect(),
            name: self.name,
            version: self.version,
            headers: headers(self.headers),
        }))
    }
}

/// What counts of a subscribe request within a connect command, where there may be thousands.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Remembered {
    #[prost(bool, tag = "3")]
    pub(super) recover: bool,
    #[prost(string, tag = "6")]
    pub(super) epoch: String,
    #[prost(uint64, tag = "7")]
    pub(super) offset: u64,
}

impl Remembered {
    fn position(self) -> RecoverFrom {
        RecoverFrom { recover: self.recover, offset: self.offset, epoch: Epoch::parse(&self.epoch) }
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Subscribe {
    #[prost(string, tag = "1")]
    pub(super) channel: String,
    #[prost(string, tag = "2")]
    pub(super) token: String,
    #[prost(bool, tag = "3")]
    pub(super) recover: bool,
    #[prost(string, tag = "6")]
    pub(super) epoch: String,
    #[prost(uint64, tag = "7")]
    pub(super) offset: u64,
    #[prost(bytes = "bytes", tag = "8")]
    pub(super) data: Bytes,
    #[prost(bool, tag = "9")]
    pub(super) positioned: bool,
    #[prost(bool, tag = "10")]
    pub(super) recoverable: bool,
    #[prost(bool, tag = "11")]
    pub(super) join_leave: bool,
    #[prost(string, tag = "12")]
    pub(super) delta: String,
    /// A [`FilterNode`], which may be too large to be built.
    #[prost(bytes = "bytes", optional, tag = "13")]
    pub(super) tf: Option<Bytes>,
    #[prost(int64, tag = "14")]
    pub(super) flag: i64,
    #[prost(int32, tag = "15")]
    pub(super) kind: i32,
}

impl Subscribe {
    fn request(self) -> Request {
        Request::Subscribe(Box::new(SubscribeRequest {
            since: RecoverFrom {
                recover: self.recover,
                offset: self.offset,
                epoch: Epoch::parse(&self.epoch),
            },
            channel: Channel::new(self.channel),
            token: self.token.into(),
            data: payload(self.data),
            positioned: self.positioned,
            recoverable: self.recoverable,
            join_leave: self.join_leave,
            delta: self.delta,
            reject_unrecovered: self.flag & REJECT_UNRECOVERED != 0,
            kind: self.kind,
            tags_filter: self.tf.map(|tree| FilterNode::from_protobuf(&tree)),
        }))
    }
}

/// A request about a channel and nothing else.
#[derive(Clone, PartialEq, Message)]
pub(super) struct OfChannel {
    #[prost(string, tag = "1")]
    pub(super) channel: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Publish {
    #[prost(string, tag = "1")]
    pub(super) channel: String,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) data: Bytes,
    /// Not in the protocol of others: a number that they are far from.
    #[prost(string, tag = "100")]
    pub(super) idempotency_key: String,
    #[prost(bool, tag = "101")]
    pub(super) exclude_self: bool,
}

impl Publish {
    fn request(self) -> Request {
        Request::Publish(PublishRequest {
            channel: Channel::new(self.channel),
            data: self.data,
            idempotency_key: self.idempotency_key,
            exclude_self: self.exclude_self,
        })
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct History {
    #[prost(string, tag = "1")]
    pub(super) channel: String,
    #[prost(int32, tag = "7")]
    pub(super) limit: i32,
    #[prost(message, optional, tag = "8")]
    pub(super) since: Option<Since>,
    #[prost(bool, tag = "9")]
    pub(super) reverse: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Since {
    #[prost(uint64, tag = "1")]
    pub(super) offset: u64,
    #[prost(string, tag = "2")]
    pub(super) epoch: String,
}

impl History {
    fn request(self) -> Request {
        Request::History(HistoryRequest {
            channel: Channel::new(self.channel),
            limit: self.limit,
            since: self.since.map(|since| (since.offset, Epoch::parse(&since.epoch))),
            reverse: self.reverse,
        })
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Rpc {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) data: Bytes,
    #[prost(string, tag = "2")]
    pub(super) method: String,
    /// As in [`Publish`].
    #[prost(string, tag = "100")]
    pub(super) idempotency_key: String,
}

impl Rpc {
    fn request(self) -> Request {
        let data = payload(self.data);
        Request::Rpc(RpcRequest { method: self.method, data, idempotency_key: self.idempotency_key })
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Send {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) data: Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Refresh {
    #[prost(string, tag = "1")]
    pub(super) token: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct SubRefresh {
    #[prost(string, tag = "1")]
    pub(super) channel: String,
    #[prost(string, tag = "2")]
    pub(super) token: String,
}

impl SubRefresh {
    fn request(self) -> Request {
        Request::SubRefresh(SubRefreshRequest {
            channel: Channel::new(self.channel),
            token: self.token.into(),
        })
    }
}

#[cfg(test)]
mod tests;
