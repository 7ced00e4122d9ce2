//! Commands as a client writes them, so that what was decoded can be decoded again.

use suona_protocol::{Command, FilterNode, Payload, Request, json, protobuf};

/// A command as one JSON line.
pub fn json(command: &Command) -> Vec<u8> {
    let mut out = Vec::new();
    json::encode_command(command, &mut out);
    out
}

/// A command as Protobuf, its length before it.
pub fn protobuf(command: &Command) -> Vec<u8> {
    let mut out = Vec::new();
    protobuf::encode_command(command, &mut out);
    out
}

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
