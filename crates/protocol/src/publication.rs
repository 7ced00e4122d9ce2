//! One message in a channel, encoded once for everyone.

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;

use crate::{Channel, Epoch, Exclude, Payload, json, protobuf, ws};

mod forms;

pub use forms::Form;
use forms::Forms;

/// Who published, joined or left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// The user; empty for an anonymous one.
    pub user: String,
    /// The connection.
    pub client: String,
    /// Anything, from the connection's token or the backend.
    pub conn_info: Option<Payload>,
    /// Anything, from the subscription's token or the backend.
    pub chan_info: Option<Payload>,
}

/// One message in a channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Publication {
    /// The payload.
    pub data: Payload,
    /// Its place in the stream; 0 if the channel keeps none.
    pub offset: u64,
    /// The client that published it, if a client did.
    pub info: Option<Arc<ClientInfo>>,
    /// Labels of the publisher's choosing.
    pub tags: Vec<(String, String)>,
    /// The stream's life; sent with the first publication of a stream only.
    pub epoch: Option<Epoch>,
    /// Who is not to hear it; no client is told.
    pub exclude: Option<Arc<Exclude>>,
}

/// In what form a client reads publications: one shared frame exists for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// The managed door's JSON, in a text frame.
    Json,
    /// The managed door's Protobuf, in a binary frame.
    Protobuf,
    /// The bare payload, in a text frame.
    PlainText,
    /// The bare payload, in a binary frame.
    PlainBinary,
}

/// What kind of payload a channel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Valid JSON text.
    Json,
    /// Any bytes; JSON clients cannot read them.
    Binary,
}

/// A publication together with its frames, each encoded at most once and then shared by reference.
///
/// The JSON frame of a JSON publication is made at once, since most clients read it; the payload is a slice
/// of it, not a copy. Every frame is a whole server-side WebSocket message, header included.
#[derive(Debug)]
pub struct Encoded {
    channel: Channel,
    publication: Publication,
    json: Option<JsonFrame>,
    protobuf: OnceLock<protobuf::PublicationPush>,
    plain_text: OnceLock<Bytes>,
    plain_binary: OnceLock<Bytes>,
    /// The payload of the publication before it, if clients may get the difference. Boxed, since few have one.
    base: Option<Box<Payload>>,
    /// What only clients get that asked for deltas.
    forms: OnceLock<Box<Forms>>,
}

/// A push in its frame, and where in it the publication object lies.
#[derive(Debug)]
struct JsonFrame {
    frame: Bytes,
    fragment: Range<usize>,
}

impl Encoded {
    /// Encodes `publication` for `channel`. A JSON payload must be valid JSON; raw line feeds inside it are
    /// removed, because a line feed ends a message on the wire.
    pub fn new(channel: Channel, publication: Publication, content: Content) -> Self {
        let mut encoded = Self {
            channel,
            publication,
            json: None,
            protobuf: OnceLock::new(),
            plain_text: OnceLock::new(),
            plain_binary: OnceLock::new(),
            base: None,
            forms: OnceLock::new(),
        };
        if content == Content::Json {
            let push = json::encode_publication_push(&encoded.channel, &encoded.publication);
            encoded.publication.data = push.frame.slice(push.data);
            encoded.json = Some(JsonFrame { frame: push.frame, fragment: push.fragment });
        }
        encoded
    }

    /// Clients that have heard the publication before, whose payload is `base`, may get the difference to it.
    pub fn after(self, base: Option<Payload>) -> Self {
        Self { base: base.map(Box::new), ..self }
    }

    /// The channel that it was published in.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The values.
    pub fn publication(&self) -> &Publication {
        &self.publication
    }

    /// The frame for readers of `wire`; `None` if they cannot read this payload.
    pub fn frame(&self, wire: Wire) -> Option<&Bytes> {
        let data = &self.publication.data;
        match wire {
            Wire::Json => self.json.as_ref().map(|json| &json.frame),
            Wire::Protobuf => Some(&self.protobuf().frame),
            Wire::PlainText => {
                self.json.as_ref()?;
                Some(self.plain_text.get_or_init(|| ws::frame(ws::Opcode::Text, data)))
            }
            Wire::PlainBinary => Some(self.plain_binary.get_or_init(|| ws::frame(ws::Opcode::Binary, data))),
        }
    }

    /// The publication as a JSON object, as history and recovery replies wrap it; `None` for binary payloads.
    pub fn json_fragment(&self) -> Option<&[u8]> {
        self.json.as_ref().map(|json| &json.frame[json.fragment.clone()])
    }

    /// The publication as a Protobuf message, as history and recovery replies wrap it.
    pub fn protobuf_fragment(&self) -> Bytes {
        let push = self.protobuf();
        push.frame.slice(push.fragment.clone())
    }

    fn protobuf(&self) -> &protobuf::PublicationPush {
        self.protobuf.get_or_init(|| protobuf::encode_publication_push(&self.channel, &self.publication))
    }

    /// How many bytes its retention costs, roughly: the longest of its forms.
    pub fn len(&self) -> usize {
        self.json.as_ref().map_or(self.publication.data.len(), |json| json.frame.len())
    }

    /// Whether nothing is retained at all, as for an empty binary payload.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(data: &'static str, content: Content) -> Encoded {
        let publication = Publication { data: data.into(), offset: 1, ..Publication::default() };
        Encoded::new("c".into(), publication, content)
    }

    #[test]
    fn a_json_payload_is_a_slice_of_its_frame() {
        let encoded = encoded("[\n1]", Content::Json);
        let frame = encoded.frame(Wire::Json).unwrap();
        let data = &encoded.publication().data;
        assert_eq!(data, "[1]");
        assert!(frame.as_ptr_range().contains(&data.as_ptr()));
        assert_eq!(encoded.json_fragment(), Some(&br#"{"data":[1],"offset":1}"#[..]));
    }

    #[test]
    fn every_frame_is_made_once() {
        let encoded = encoded("1", Content::Json);
        for wire in [Wire::Json, Wire::Protobuf, Wire::PlainText, Wire::PlainBinary] {
            let [first, second] = [encoded.frame(wire).unwrap(), encoded.frame(wire).unwrap()];
            assert_eq!(first.as_ptr(), second.as_ptr(), "{wire:?}");
        }
        let fragment = encoded.protobuf_fragment();
        assert!(encoded.frame(Wire::Protobuf).unwrap().as_ptr_range().contains(&fragment.as_ptr()));
    }

    #[test]
    fn a_binary_payload_has_no_text_frames() {
        let encoded = encoded("\0", Content::Binary);
        assert!(encoded.frame(Wire::Json).is_none() && encoded.frame(Wire::PlainText).is_none());
        assert!(encoded.json_fragment().is_none());
        assert_eq!(encoded.frame(Wire::PlainBinary).unwrap()[..], [0x82, 1, 0]);
        assert!(encoded.frame(Wire::Protobuf).is_some());
    }
}
