//! Messages of Protobuf commands.

use serde_json::value::RawValue;
use suona_protocol::{Command, FilterNode, Payload, Request, json, protobuf::decode_commands};

use super::client;

/// Small, so that mutations reach beyond it.
const LIMIT: usize = 512;

/// JSON text may be nested 128 times, a level of a filter nests it twice, and something is around it all.
const MAX_JSON_LEVELS: usize = 60;

/// Feeds one message to the decoder.
pub fn check(message: &[u8]) {
    let found: Vec<_> = decode_commands(message, LIMIT).collect();
    assert!(!found.is_empty() && found.len() <= message.len() + 1, "a command takes a byte at least");

    let (last, others) = found.split_last().expect("just seen");
    assert!(others.iter().all(Result::is_ok), "nothing is read beyond an error");
    let commands: Vec<_> = others.iter().chain([last]).flatten().collect();
    let weight: usize = commands.iter().map(|command| client::weight(command)).sum();
    assert!(weight <= message.len(), "a command holds no more than was sent");

    for command in commands {
        let again: Vec<_> = decode_commands(&client::protobuf(command), usize::MAX).collect();
        assert_eq!(again, [Ok(command.clone())]);
        if payload(command).is_none_or(is_compact_json) && levels(command) <= MAX_JSON_LEVELS {
            let as_json: Vec<_> = json::decode_commands(&client::json(command)).collect();
            assert_eq!(as_json, [Ok(command.clone())], "both codecs mean the same");
        }
    }
}

fn payload(command: &Command) -> Option<&Payload> {
    match &command.request {
        Request::Connect(connect) => connect.data.as_ref(),
        Request::Subscribe(subscribe) => subscribe.data.as_ref(),
        Request::Publish(publish) => Some(&publish.data).filter(|data| !data.is_empty()),
        Request::Send(data) => Some(data).filter(|data| !data.is_empty()),
        Request::Rpc(rpc) => rpc.data.as_ref(),
        _ => None,
    }
}

/// How deep the tag filter of a command is.
fn levels(command: &Command) -> usize {
    fn of(node: &FilterNode) -> usize {
        1 + node.nodes.iter().map(of).max().unwrap_or(0)
    }
    match &command.request {
        Request::Subscribe(subscribe) => subscribe.tags_filter.as_ref().map_or(0, of),
        _ => 0,
    }
}

/// Whether JSON text survives as part of a line: no line feeds, no blanks around it.
fn is_compact_json(payload: &Payload) -> bool {
    let raw = serde_json::from_slice::<&RawValue>(payload);
    raw.is_ok_and(|raw| raw.get().len() == payload.len()) && !payload.contains(&b'\n')
}
