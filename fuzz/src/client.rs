//! Commands as a client would write them, so that what was decoded can be decoded again.

use prost::Message;
use prost::encoding::{bool, bytes, encode_varint, int32, int64, string, uint32, uint64};
use suona_protocol::{
    Command, ConnectRequest, Epoch, FilterNode, Payload, RecoverFrom, Request, SubscribeRequest,
};

/// How many bytes of text and payload a command holds.
pub fn weight(command: &Command) -> usize {
    let payload = |payload: &Option<Payload>| payload.as_ref().map_or(0, Payload::len);
    match &command.request {
        Request::Connect(it) => {
            let subs: usize = it.subs.iter().map(|(channel, _)| channel.len()).sum();
            let headers: usize = it.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
            it.token.len() + payload(&it.data) + it.name.len() + it.version.len() + subs + headers
        }
        Request::Subscribe(it) => {
            let filter = it.tags_filter.as_ref().map_or(0, weight_of_filter);
            it.channel.len() + it.token.len() + payload(&it.data) + it.delta.len() + filter
        }
        Request::Unsubscribe(channel) | Request::Presence(channel) | Request::PresenceStats(channel) => {
            channel.len()
        }
        Request::Publish(it) => it.channel.len() + it.data.len() + it.idempotency_key.len(),
        Request::History(it) => it.channel.len(),
        Request::Send(data) => data.len(),
        Request::Rpc(it) => it.method.len() + payload(&it.data) + it.idempotency_key.len(),
        Request::Refresh { token } => token.len(),
        Request::SubRefresh(it) => it.channel.len() + it.token.len(),
        Request::Ping | Request::Pong => 0,
    }
}

/// How many bytes of text a tag filter holds.
fn weight_of_filter(node: &FilterNode) -> usize {
    let texts = node.op.len() + node.key.len() + node.cmp.len() + node.val.len();
    let vals: usize = node.vals.iter().map(String::len).sum();
    texts + vals + node.nodes.iter().map(weight_of_filter).sum::<usize>()
}

/// A command as one JSON line.
pub fn json(command: &Command) -> String {
    let (method, members) = match &command.request {
        Request::Connect(it) => ("connect", connect_members(it)),
        Request::Subscribe(it) => ("subscribe", subscribe_members(it)),
        Request::Unsubscribe(channel) => ("unsubscribe", vec![text("channel", channel)]),
        Request::Publish(it) => {
            let data = (!it.data.is_empty()).then_some(&it.data);
            let key = text("idempotency_key", &it.idempotency_key);
            let exclude_self = member("exclude_self", it.exclude_self);
            ("publish", vec![text("channel", &it.channel), raw("data", data), key, exclude_self])
        }
        Request::Presence(channel) => ("presence", vec![text("channel", channel)]),
        Request::PresenceStats(channel) => ("presence_stats", vec![text("channel", channel)]),
        Request::History(it) => {
            let since = it.since.map(|(offset, epoch)| object(&position_members(offset, epoch)));
            let [limit, reverse] = [member("limit", it.limit), member("reverse", it.reverse)];
            let since = since.map_or_else(String::new, |since| member("since", since));
            ("history", vec![text("channel", &it.channel), limit, since, reverse])
        }
        Request::Ping => ("ping", vec![]),
        Request::Send(data) => ("send", vec![raw("data", (!data.is_empty()).then_some(data))]),
        Request::Rpc(it) => {
            let key = text("idempotency_key", &it.idempotency_key);
            ("rpc", vec![text("method", &it.method), raw("data", it.data.as_ref()), key])
        }
        Request::Refresh { token } => ("refresh", vec![text("token", token)]),
        Request::SubRefresh(it) => {
            ("sub_refresh", vec![text("channel", &it.channel), text("token", &it.token)])
        }
        Request::Pong => return "{}".into(),
    };
    object(&[member("id", command.id), member(method, object(&members))])
}

fn connect_members(it: &ConnectRequest) -> Vec<String> {
    let subs: Vec<_> =
        it.subs.iter().map(|(name, since)| member(name, object(&since_members(since)))).collect();
    let headers: Vec<_> = it.headers.iter().map(|(name, value)| text(name, value)).collect();
    vec![
        text("token", &it.token),
        raw("data", it.data.as_ref()),
        text("name", &it.name),
        text("version", &it.version),
        member("subs", object(&subs)),
        member("headers", object(&headers)),
    ]
}

fn subscribe_members(it: &SubscribeRequest) -> Vec<String> {
    let mut members = since_members(&it.since);
    members.extend([
        text("channel", &it.channel),
        text("token", &it.token),
        raw("data", it.data.as_ref()),
        member("positioned", it.positioned),
        member("recoverable", it.recoverable),
        member("join_leave", it.join_leave),
        text("delta", &it.delta),
        member("flag", if it.reject_unrecovered { 3 } else { 1 }),
        member("type", it.kind),
        member("tf", serde_json::to_string(&it.tags_filter).expect("text is JSON")),
    ]);
    members
}

fn since_members(since: &RecoverFrom) -> Vec<String> {
    let mut members = position_members(since.offset, since.epoch);
    members.push(member("recover", since.recover));
    members
}

fn position_members(offset: u64, epoch: Option<Epoch>) -> Vec<String> {
    vec![member("offset", offset), text("epoch", epoch.as_ref().map_or("", Epoch::as_str))]
}

/// Joins members; an empty one is no member.
fn object(members: &[String]) -> String {
    let present: Vec<_> = members.iter().filter(|member| !member.is_empty()).map(String::as_str).collect();
    format!("{{{}}}", present.join(","))
}

fn member(key: &str, value: impl std::fmt::Display) -> String {
    format!("{}:{value}", serde_json::to_string(key).expect("text is JSON"))
}

fn text(key: &str, value: &str) -> String {
    member(key, serde_json::to_string(value).expect("text is JSON"))
}

fn raw(key: &str, value: Option<&Payload>) -> String {
    value.map_or_else(String::new, |value| member(key, std::str::from_utf8(value).expect("JSON is text")))
}

/// A command as Protobuf, its length before it.
pub fn protobuf(command: &Command) -> Vec<u8> {
    let mut fields = Vec::new();
    uint32::encode(1, &command.id, &mut fields);
    if let Some((field, body)) = body(&command.request) {
        bytes::encode(field, &body, &mut fields);
    }
    let mut out = Vec::new();
    encode_varint(fields.len() as u64, &mut out);
    out.extend(fields);
    out
}

/// The field number of a request, and its message.
fn body(request: &Request) -> Option<(u32, Vec<u8>)> {
    let mut out = Vec::new();
    let field = match request {
        Request::Connect(it) => {
            connect_fields(it, &mut out);
            4
        }
        Request::Subscribe(it) => {
            subscribe_fields(it, &mut out);
            5
        }
        Request::Unsubscribe(channel) => texts(&[(1, channel)], &mut out, 6),
        Request::Publish(it) => {
            bytes::encode(2, &it.data, &mut out);
            bool::encode(101, &it.exclude_self, &mut out);
            texts(&[(1, &it.channel), (100, &it.idempotency_key)], &mut out, 7)
        }
        Request::Presence(channel) => texts(&[(1, channel)], &mut out, 8),
        Request::PresenceStats(channel) => texts(&[(1, channel)], &mut out, 9),
        Request::History(it) => {
            int32::encode(7, &it.limit, &mut out);
            if let Some((offset, epoch)) = it.since {
                let mut since = Vec::new();
                uint64::encode(1, &offset, &mut since);
                texts(&[(2, epoch.as_ref().map_or("", Epoch::as_str))], &mut since, 8);
                bytes::encode(8, &since, &mut out);
            }
            bool::encode(9, &it.reverse, &mut out);
            texts(&[(1, &it.channel)], &mut out, 10)
        }
        Request::Ping => 11,
        Request::Send(data) => {
            bytes::encode(1, data, &mut out);
            12
        }
        Request::Rpc(it) => {
            bytes::encode(1, &it.data.clone().unwrap_or_default(), &mut out);
            texts(&[(2, &it.method), (100, &it.idempotency_key)], &mut out, 13)
        }
        Request::Refresh { token } => texts(&[(1, token)], &mut out, 14),
        Request::SubRefresh(it) => texts(&[(1, &it.channel), (2, &it.token)], &mut out, 15),
        Request::Pong => return None,
    };
    Some((field, out))
}

/// Appends text fields and returns the number of the request that they belong to.
fn texts(fields: &[(u32, &str)], out: &mut Vec<u8>, request: u32) -> u32 {
    for (field, value) in fields {
        string::encode(*field, &(*value).to_owned(), out);
    }
    request
}

fn connect_fields(it: &ConnectRequest, out: &mut Vec<u8>) {
    texts(&[(1, &it.token), (4, &it.name), (5, &it.version)], out, 4);
    bytes::encode(2, &it.data.clone().unwrap_or_default(), out);
    for (channel, since) in &it.subs {
        let (mut entry, mut sub) = (Vec::new(), Vec::new());
        since_fields(since, &mut sub);
        texts(&[(1, channel)], &mut entry, 3);
        bytes::encode(2, &sub, &mut entry);
        bytes::encode(3, &entry, out);
    }
    for (name, value) in &it.headers {
        let mut entry = Vec::new();
        texts(&[(1, name), (2, value)], &mut entry, 6);
        bytes::encode(6, &entry, out);
    }
}

fn subscribe_fields(it: &SubscribeRequest, out: &mut Vec<u8>) {
    texts(&[(1, &it.channel), (2, &it.token), (12, &it.delta)], out, 5);
    since_fields(&it.since, out);
    bytes::encode(8, &it.data.clone().unwrap_or_default(), out);
    bool::encode(9, &it.positioned, out);
    bool::encode(10, &it.recoverable, out);
    bool::encode(11, &it.join_leave, out);
    if let Some(filter) = &it.tags_filter {
        bytes::encode(13, &filter.encode_to_vec(), out);
    }
    int64::encode(14, &if it.reject_unrecovered { 3 } else { 1 }, out);
    int32::encode(15, &it.kind, out);
}

fn since_fields(since: &RecoverFrom, out: &mut Vec<u8>) {
    bool::encode(3, &since.recover, out);
    texts(&[(6, since.epoch.as_ref().map_or("", Epoch::as_str))], out, 5);
    uint64::encode(7, &since.offset, out);
}
