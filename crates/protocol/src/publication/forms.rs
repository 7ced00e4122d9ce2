//! What clients read that asked for deltas: the payload as a JSON string, and the difference to the one before.

use std::sync::OnceLock;

use bytes::Bytes;

use super::{Encoded, JsonFrame, Wire};
use crate::{fossil, json, protobuf};

/// How a subscriber gets the next publication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// The payload as it is.
    #[default]
    Plain,
    /// The whole payload, to a client that reads deltas but has no base. In JSON such a client expects a string
    /// that holds the payload.
    Full,
    /// What has changed since the publication before, which the client has; the whole payload if that is
    /// shorter or the publisher wanted no deltas.
    Delta,
}

/// The forms of one publication, each made when first needed and then shared.
#[derive(Debug, Default)]
pub(super) struct Forms {
    /// The difference; `None` if there is none that is shorter.
    delta: OnceLock<Option<Bytes>>,
    json_full: OnceLock<JsonFrame>,
    json_delta: OnceLock<JsonFrame>,
    protobuf_delta: OnceLock<protobuf::PublicationPush>,
}

impl Encoded {
    /// The frame in this form; `None` if readers of `wire` cannot read this payload.
    pub fn frame_as(&self, wire: Wire, form: Form) -> Option<&Bytes> {
        match (wire, form) {
            (Wire::Json, Form::Full | Form::Delta) => self.json_as(form).map(|json| &json.frame),
            (Wire::Protobuf, Form::Delta) => Some(&self.protobuf_as(form).frame),
            _ => self.frame(wire),
        }
    }

    /// The publication as a JSON object in this form; `None` for binary payloads.
    pub fn json_fragment_as(&self, form: Form) -> Option<&[u8]> {
        self.json_as(form).map(|json| &json.frame[json.fragment.clone()])
    }

    /// The publication as a Protobuf message in this form.
    pub fn protobuf_fragment_as(&self, form: Form) -> Bytes {
        let push = self.protobuf_as(form);
        push.frame.slice(push.fragment.clone())
    }

    fn json_as(&self, form: Form) -> Option<&JsonFrame> {
        let plain = self.json.as_ref()?;
        let made = |text: &[u8], is_delta| {
            // Valid JSON is text, and so is a delta that leads to it.
            let text = std::str::from_utf8(text).unwrap_or_default();
            let push = json::encode_string_push(&self.channel, &self.publication, text, is_delta);
            JsonFrame { frame: push.frame, fragment: push.fragment }
        };
        Some(match (form, self.delta()) {
            (Form::Plain, _) => plain,
            (Form::Delta, Some(delta)) => self.forms().json_delta.get_or_init(|| made(delta, true)),
            _ => self.forms().json_full.get_or_init(|| made(&self.publication.data, false)),
        })
    }

    fn protobuf_as(&self, form: Form) -> &protobuf::PublicationPush {
        match (form, self.delta()) {
            (Form::Delta, Some(delta)) => self
                .forms()
                .protobuf_delta
                .get_or_init(|| protobuf::encode_delta_push(&self.channel, &self.publication, delta.clone())),
            _ => self.protobuf(),
        }
    }

    fn delta(&self) -> Option<&Bytes> {
        let base = self.base.as_ref()?;
        let make = || fossil::create(base, &self.publication.data).map(Bytes::from);
        self.forms().delta.get_or_init(make).as_ref()
    }

    fn forms(&self) -> &Forms {
        self.forms.get_or_init(Box::default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Channel, Content, Payload, Publication};

    const BEFORE: &str = r#"{"text":"the price of this lot","price":1}"#;
    const AFTER: &str = r#"{"text":"the price of this lot","price":2}"#;

    fn encoded(base: Option<&'static str>, content: Content) -> Encoded {
        let publication = Publication { data: AFTER.into(), offset: 2, ..Publication::default() };
        Encoded::new(Channel::from("c"), publication, content).after(base.map(Payload::from))
    }

    fn json(encoded: &Encoded, form: Form) -> serde_json::Value {
        serde_json::from_slice(encoded.json_fragment_as(form).unwrap()).unwrap()
    }

    #[test]
    fn a_delta_is_a_string_that_leads_from_the_base_to_the_payload() {
        let encoded = encoded(Some(BEFORE), Content::Json);
        let publication = json(&encoded, Form::Delta);
        let delta = publication["data"].as_str().unwrap();
        assert_eq!((&publication["delta"], &publication["offset"]), (&true.into(), &2.into()));
        assert_eq!(fossil::apply(BEFORE.as_bytes(), delta.as_bytes(), 99), Ok(AFTER.into()));
        let frame = encoded.frame_as(Wire::Json, Form::Delta).unwrap();
        assert_eq!(frame.as_ptr(), encoded.frame_as(Wire::Json, Form::Delta).unwrap().as_ptr());
        assert!(frame.len() < encoded.frame(Wire::Json).unwrap().len());
    }

    #[test]
    fn the_whole_payload_is_a_string_too_and_no_delta() {
        for (base, form) in [(Some(BEFORE), Form::Full), (None, Form::Delta), (Some("{}"), Form::Delta)] {
            let publication = json(&encoded(base, Content::Json), form);
            assert_eq!(publication, serde_json::json!({ "data": AFTER, "offset": 2 }), "{base:?}");
        }
        let plain = json(&encoded(Some(BEFORE), Content::Json), Form::Plain);
        assert_eq!(plain["data"]["price"], 2);
    }

    #[test]
    fn in_protobuf_only_the_delta_differs() {
        let encoded = encoded(Some(BEFORE), Content::Binary);
        let [plain, full, delta] = [Form::Plain, Form::Full, Form::Delta]
            .map(|form| encoded.frame_as(Wire::Protobuf, form).unwrap());
        assert_eq!(plain.as_ptr(), full.as_ptr());
        assert!(delta.len() < plain.len());
        let fragment = encoded.protobuf_fragment_as(Form::Delta);
        assert!(delta.as_ptr_range().contains(&fragment.as_ptr()));
        assert!(encoded.frame_as(Wire::Json, Form::Delta).is_none());
    }

    #[test]
    fn plain_clients_get_no_delta() {
        let encoded = encoded(Some(BEFORE), Content::Json);
        for wire in [Wire::PlainText, Wire::PlainBinary] {
            assert_eq!(encoded.frame_as(wire, Form::Delta), encoded.frame(wire));
        }
    }
}
