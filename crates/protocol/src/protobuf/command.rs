//! Commands as Protobuf, as a client writes them.

use bytes::Bytes;
use prost::Message;

use super::decode::{
    Connect, Envelope, History, OfChannel, Ping, Publish, Refresh, Remembered, Rpc, Send, Since, SubRefresh,
    Subscribe,
};
use crate::{
    Channel, Command, ConnectRequest, HistoryRequest, Payload, PublishRequest, RecoverFrom, Request,
    RpcRequest, SubRefreshRequest, SubscribeRequest, decode::REJECT_UNRECOVERED,
};

/// Appends `command` with its length before it.
pub fn encode_command<E: AsRef<str>>(command: &Command<E>, out: &mut Vec<u8>) {
    let envelope = Envelope { id: command.id, ..envelope(&command.request) };
    envelope.encode_length_delimited(out).expect("a vector takes everything");
}

fn envelope<E: AsRef<str>>(request: &Request<E>) -> Envelope {
    let none = Envelope::default();
    match request {
        Request::Connect(it) => Envelope { connect: Some(connect(it)), ..none },
        Request::Subscribe(it) => Envelope { subscribe: Some(subscribe(it)), ..none },
        Request::Unsubscribe(channel) => Envelope { unsubscribe: Some(of(channel)), ..none },
        Request::Publish(it) => Envelope { publish: Some(publish(it)), ..none },
        Request::Presence(channel) => Envelope { presence: Some(of(channel)), ..none },
        Request::PresenceStats(channel) => Envelope { presence_stats: Some(of(channel)), ..none },
        Request::History(it) => Envelope { history: Some(history(it)), ..none },
        Request::Ping => Envelope { ping: Some(Ping {}), ..none },
        Request::Send(data) => Envelope { send: Some(Send { data: data.clone() }), ..none },
        Request::Rpc(it) => Envelope { rpc: Some(rpc(it)), ..none },
        Request::Refresh { token } => {
            Envelope { refresh: Some(Refresh { token: token.to_string() }), ..none }
        }
        Request::SubRefresh(it) => Envelope { sub_refresh: Some(sub_refresh(it)), ..none },
        Request::Pong => none,
    }
}

fn of(channel: &Channel) -> OfChannel {
    OfChannel { channel: channel.to_string() }
}

fn bytes(payload: Option<&Payload>) -> Bytes {
    payload.cloned().unwrap_or_default()
}

fn epoch<E: AsRef<str>>(epoch: Option<&E>) -> String {
    epoch.map_or_else(String::new, |epoch| epoch.as_ref().to_owned())
}

fn connect<E: AsRef<str>>(it: &ConnectRequest<E>) -> Connect {
    Connect {
        token: it.token.to_string(),
        data: bytes(it.data.as_ref()),
        subs: it.subs.iter().map(|(channel, since)| (channel.to_string(), remembered(since))).collect(),
        name: it.name.clone(),
        version: it.version.clone(),
        headers: it.headers.iter().cloned().collect(),
    }
}

fn remembered<E: AsRef<str>>(since: &RecoverFrom<E>) -> Remembered {
    Remembered { recover: since.recover, epoch: epoch(since.epoch.as_ref()), offset: since.offset }
}

fn subscribe<E: AsRef<str>>(it: &SubscribeRequest<E>) -> Subscribe {
    Subscribe {
        channel: it.channel.to_string(),
        token: it.token.to_string(),
        recover: it.since.recover,
        epoch: epoch(it.since.epoch.as_ref()),
        offset: it.since.offset,
        data: bytes(it.data.as_ref()),
        positioned: it.positioned,
        recoverable: it.recoverable,
        join_leave: it.join_leave,
        delta: it.delta.clone(),
        tf: it.tags_filter.as_ref().map(|filter| filter.encode_to_vec().into()),
        flag: if it.reject_unrecovered { REJECT_UNRECOVERED } else { 0 },
        kind: it.kind,
    }
}

fn publish(it: &PublishRequest) -> Publish {
    Publish {
        channel: it.channel.to_string(),
        data: it.data.clone(),
        idempotency_key: it.idempotency_key.clone(),
        exclude_self: it.exclude_self,
    }
}

fn history<E: AsRef<str>>(it: &HistoryRequest<E>) -> History {
    let since =
        it.since.as_ref().map(|(offset, since)| Since { offset: *offset, epoch: epoch(since.as_ref()) });
    History { channel: it.channel.to_string(), limit: it.limit, since, reverse: it.reverse }
}

fn rpc(it: &RpcRequest) -> Rpc {
    Rpc {
        data: bytes(it.data.as_ref()),
        method: it.method.clone(),
        idempotency_key: it.idempotency_key.clone(),
    }
}

fn sub_refresh(it: &SubRefreshRequest) -> SubRefresh {
    SubRefresh { channel: it.channel.to_string(), token: it.token.to_string() }
}
