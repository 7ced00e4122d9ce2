//! Messages of Protobuf commands.

use serde_json::value::RawValue;
use suona_protocol::{Command, Payload, Request, json, protobuf::decode_commands};

use super::client;

/// Small, so that mutations reach beyond it.
const LIMIT: usize = 512;

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
        if payload(command).is_none_or(is_compact_json) {
            let as_json: Vec<_> = json::decode_commands(client::json(command).as_bytes()).collect();
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

/// Whether JSON text survives as part of a line: no line feeds, no blanks around it.
fn is_compact_json(payload: &Payload) -> bool {
    let raw = serde_json::from_slice::<&RawValue>(payload);
    raw.is_ok_and(|raw| raw.get().len() == payload.len()) && !payload.contains(&b'\n')
}
