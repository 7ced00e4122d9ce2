//! What a server says, in both codecs.

use bytes::Bytes;
use serde::de::IgnoredAny;
use suona_protocol::heard::{Heard, PushEvent, Unreadable};
use suona_protocol::{json, protobuf};

/// Feeds one message to both decoders.
pub fn check(message: &[u8]) {
    let message = Bytes::copy_from_slice(message);
    let said: Vec<_> = json::hear(&message).collect();
    let lines = message.iter().filter(|byte| **byte == b'\n').count() + 1;
    assert!(!said.is_empty() && said.len() <= lines, "a line says one thing");
    said.iter().flatten().for_each(is_shown_as_json);

    let said: Vec<Result<Heard, Unreadable>> = protobuf::hear(&message).collect();
    assert!(!said.is_empty() && said.len() <= message.len() + 1, "each thing takes a byte at least");
    let (_, others) = said.split_last().expect("just seen");
    assert!(others.iter().all(Result::is_ok), "nothing is read beyond an error");
}

/// Panics unless whatever came in JSON can be shown as JSON.
fn is_shown_as_json(heard: &Heard) {
    let mut out = Vec::new();
    match heard {
        Heard::Reply { outcome: Ok(answer), .. } => json::encode_answer(answer, &mut out),
        Heard::Push(push) => match &push.event {
            PushEvent::Publication(publication) => json::encode_publication(publication, &mut out),
            PushEvent::Join(info) | PushEvent::Leave(info) => json::encode_client_info(info, &mut out),
            _ => return,
        },
        Heard::Reply { .. } | Heard::Ping => return,
    }
    assert!(serde_json::from_slice::<IgnoredAny>(&out).is_ok(), "{}", out.escape_ascii());
}
