//! Pushes as Protobuf; a publication is encoded once, in its frame, for all who hear it.

use std::{collections::BTreeMap, ops::Range};

use bytes::Bytes;
use prost::{Message, Oneof};

use super::reply::{ClientInfo, Content, Data, Expiry, Reply, append, client_info, epoch, expiry, payload};
use crate::{Channel, Epoch, PushEvent, ws};

/// Appends `push`, in a reply without an id, with its length before it.
pub fn encode_push(push: &crate::Push, out: &mut Vec<u8>) {
    let push = Push { channel: push.channel.to_string(), event: Some(event(&push.event)) };
    append(&Reply { id: 0, content: Some(Content::Push(push)) }, out);
}

/// A publication push in its WebSocket binary frame.
#[derive(Debug)]
pub struct PublicationPush {
    /// The whole frame, header included.
    pub frame: Bytes,
    /// Where in the frame the publication message lies, without the length before it.
    pub fragment: Range<usize>,
}

/// Encodes a publication for everyone who hears `channel`.
pub fn encode_publication_push(channel: &Channel, publication: &crate::Publication) -> PublicationPush {
    encode(channel, &Publication::from(publication))
}

/// Encodes a publication with the difference to the payload before it instead of its payload.
pub fn encode_delta_push(
    channel: &Channel,
    publication: &crate::Publication,
    delta: Bytes,
) -> PublicationPush {
    encode(channel, &Publication { data: delta, delta: true, ..Publication::from(publication) })
}

fn encode(channel: &Channel, publication: &Publication) -> PublicationPush {
    let fragment = Bytes::from(publication.encode_to_vec());
    let len = fragment.len();
    let event = Some(Event::Publication(fragment));
    let push = Content::Push(Push { channel: channel.to_string(), event });
    let mut message = Vec::new();
    append(&Reply { id: 0, content: Some(push) }, &mut message);

    let frame = ws::frame(ws::Opcode::Binary, &message);
    // The publication is the last field of the last field.
    PublicationPush { fragment: frame.len() - len..frame.len(), frame }
}

/// A publication as it is on the wire.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Publication {
    #[prost(bytes = "bytes", tag = "4")]
    pub(super) data: Bytes,
    #[prost(message, optional, tag = "5")]
    pub(super) info: Option<ClientInfo>,
    #[prost(uint64, tag = "6")]
    pub(super) offset: u64,
    #[prost(btree_map = "string, string", tag = "7")]
    pub(super) tags: BTreeMap<String, String>,
    #[prost(bool, tag = "8")]
    pub(super) delta: bool,
    #[prost(string, tag = "14")]
    pub(super) epoch: String,
}

impl From<&crate::Publication> for Publication {
    fn from(publication: &crate::Publication) -> Self {
        Self {
            data: publication.data.clone(),
            info: publication.info.as_deref().map(client_info),
            offset: publication.offset,
            tags: publication.tags.iter().cloned().collect(),
            delta: false,
            epoch: publication.epoch.as_ref().map_or_else(String::new, Epoch::to_string),
        }
    }
}

/// A push as it is on the wire.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Push {
    #[prost(string, tag = "2")]
    pub(super) channel: String,
    #[prost(oneof = "Event", tags = "4, 5, 6, 7, 8, 9, 11, 12")]
    pub(super) event: Option<Event>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(super) enum Event {
    /// A message encoded already: on the wire it looks like bytes.
    #[prost(bytes = "bytes", tag = "4")]
    Publication(Bytes),
    #[prost(message, tag = "5")]
    Join(Info),
    #[prost(message, tag = "6")]
    Leave(Info),
    #[prost(message, tag = "7")]
    Unsubscribe(Unsubscribe),
    #[prost(message, tag = "8")]
    Message(Data),
    #[prost(message, tag = "9")]
    Subscribe(Subscribed),
    #[prost(message, tag = "11")]
    Disconnect(Disconnect),
    #[prost(message, tag = "12")]
    Refresh(Expiry),
}

fn event(event: &PushEvent) -> Event {
    match event {
        PushEvent::Join(info) => Event::Join(Info { info: Some(client_info(info)) }),
        PushEvent::Leave(info) => Event::Leave(Info { info: Some(client_info(info)) }),
        PushEvent::Unsubscribe(code) => {
            Event::Unsubscribe(Unsubscribe { code: code.code(), reason: code.reason().into() })
        }
        PushEvent::Subscribe(result) => Event::Subscribe(Subscribed {
            recoverable: result.recoverable,
            epoch: epoch(result),
            offset: result.position.map_or(0, |position| position.offset),
            positioned: result.position.is_some(),
            data: payload(&result.data),
        }),
        PushEvent::Message(data) => Event::Message(Data { data: data.clone() }),
        PushEvent::Disconnect { why, retry_after } => Event::Disconnect(Disconnect {
            code: why.code(),
            reason: why.reason().into(),
            retry_after_ms: retry_after.map_or(0, |after| after.as_millis().try_into().unwrap_or(u64::MAX)),
        }),
        PushEvent::Refresh(result) => Event::Refresh(expiry(*result)),
    }
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Info {
    #[prost(message, optional, tag = "1")]
    pub(super) info: Option<ClientInfo>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Unsubscribe {
    #[prost(uint32, tag = "2")]
    pub(super) code: u32,
    #[prost(string, tag = "3")]
    pub(super) reason: String,
}

/// What a server-side subscription made in session tells.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Subscribed {
    #[prost(bool, tag = "1")]
    pub(super) recoverable: bool,
    #[prost(string, tag = "4")]
    pub(super) epoch: String,
    #[prost(uint64, tag = "5")]
    pub(super) offset: u64,
    #[prost(bool, tag = "6")]
    pub(super) positioned: bool,
    #[prost(bytes = "bytes", tag = "7")]
    pub(super) data: Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Disconnect {
    #[prost(uint32, tag = "1")]
    pub(super) code: u32,
    #[prost(string, tag = "2")]
    pub(super) reason: String,
    /// Not in the protocol of others: a number that they are far from.
    #[prost(uint64, tag = "100")]
    pub(super) retry_after_ms: u64,
}

#[cfg(test)]
mod tests;
