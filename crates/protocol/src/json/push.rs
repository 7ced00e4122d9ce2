//! Publications: one buffer holds the frame, the publication object and the payload.

use std::ops::Range;

use bytes::Bytes;

use super::{
    encode::client_info,
    object::{Object, object, raw},
};
use crate::{Channel, Publication, ws};

/// A publication push in its WebSocket text frame.
#[derive(Debug)]
pub struct PublicationPush {
    /// The whole frame, header included.
    pub frame: Bytes,
    /// Where in the frame the publication object lies.
    pub fragment: Range<usize>,
    /// Where in the frame the payload lies.
    pub data: Range<usize>,
}

/// The longest header of a server's frame; room for it is kept before the text, whose length is not yet known.
const HEADER: usize = 10;

/// Encodes a publication for everyone who hears `channel`.
pub fn encode_publication_push(channel: &Channel, publication: &Publication) -> PublicationPush {
    encode(channel, publication, expected_len(channel, publication), |o| data(o, &publication.data))
}

/// Encodes a publication whose payload is the JSON string `text`, for clients that read deltas: it holds the
/// payload or, with `is_delta`, the difference to the one before.
pub fn encode_string_push(
    channel: &Channel,
    publication: &Publication,
    text: &str,
    is_delta: bool,
) -> PublicationPush {
    let expected = expected_len(channel, publication) - publication.data.len() + text.len() + text.len() / 8;
    encode(channel, publication, expected, |o| {
        o.text("data", text);
        o.flag("delta", is_delta);
        HEADER..HEADER
    })
}

fn encode(
    channel: &Channel,
    publication: &Publication,
    expected_len: usize,
    write_data: impl FnOnce(&mut Object<'_>) -> Range<usize>,
) -> PublicationPush {
    let mut out = Vec::with_capacity(expected_len);
    out.resize(HEADER, 0);
    let (mut fragment, mut data) = (HEADER..HEADER, HEADER..HEADER);
    object(&mut out, |o| {
        o.object("push", |o| {
            o.nonempty("channel", channel);
            let out = o.member("pub");
            fragment.start = out.len();
            object(out, |o| {
                data = write_data(o);
                members(o, publication);
            });
            fragment.end = out.len();
        });
    });
    out.shrink_to_fit();

    let (header, header_len) = ws::header(ws::Opcode::Text, out.len() - HEADER);
    let start = HEADER - header_len;
    out[start..HEADER].copy_from_slice(&header[..header_len]);
    let within = |range: Range<usize>| range.start - start..range.end - start;
    PublicationPush { frame: Bytes::from(out).slice(start..), fragment: within(fragment), data: within(data) }
}

/// Writes a publication's members but the payload.
fn members(o: &mut Object<'_>, publication: &Publication) {
    o.nonzero("offset", publication.offset);
    if let Some(info) = &publication.info {
        o.object("info", |o| client_info(o, info));
    }
    if !publication.tags.is_empty() {
        o.object("tags", |o| publication.tags.iter().for_each(|(name, value)| o.text_entry(name, value)));
    }
    if let Some(epoch) = &publication.epoch {
        o.text("epoch", epoch.as_str());
    }
}

/// Writes the payload and returns where it came to lie, if there is one.
fn data(o: &mut Object<'_>, payload: &[u8]) -> Range<usize> {
    if payload.is_empty() {
        return HEADER..HEADER;
    }
    let out = o.member("data");
    let start = out.len();
    raw(out, payload);
    start..out.len()
}

/// How long the frame becomes if nothing needs escaping: so it is allocated once.
fn expected_len(channel: &Channel, publication: &Publication) -> usize {
    let payload = |payload: &Option<Bytes>| payload.as_ref().map_or(0, |payload| payload.len() + 13);
    let info = publication.info.as_ref().map_or(0, |info| {
        32 + info.user.len() + info.client.len() + payload(&info.conn_info) + payload(&info.chan_info)
    });
    let tags: usize = publication.tags.iter().map(|(name, value)| name.len() + value.len() + 6).sum();
    // 100 bytes for the header, an offset of 20 digits, an epoch, and the keys.
    100 + channel.len() + publication.data.len() + info + tags
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{ClientInfo, Epoch};

    fn text(push: &PublicationPush, range: Range<usize>) -> &str {
        std::str::from_utf8(&push.frame[range]).unwrap()
    }

    #[test]
    fn a_publication_lies_in_its_frame_where_it_is_said_to_lie() {
        let info = ClientInfo {
            user: "42".into(),
            client: "c-1".into(),
            conn_info: Some("1".into()),
            chan_info: None,
        };
        let publication = Publication {
            data: "{\n\"text\": \"a\\nb\"\n}".into(),
            offset: 5,
            info: Some(Arc::new(info)),
            tags: vec![("t".into(), "1".into()), ("\"".into(), String::new())],
            epoch: Epoch::parse("aBcDeFgH"),
            exclude: None,
        };
        let push = encode_publication_push(&"chat:1".into(), &publication);
        let object = concat!(
            r#"{"data":{"text": "a\nb"},"offset":5,"info":{"user":"42","client":"c-1","conn_info":1},"#,
            r#""tags":{"t":"1","\"":""},"epoch":"aBcDeFgH"}"#
        );
        let message = format!(r#"{{"push":{{"channel":"chat:1","pub":{object}}}}}"#);
        assert_eq!(push.frame[..4], [0x81, 126, 0, message.len() as u8]);
        assert_eq!(text(&push, 4..push.frame.len()), message);
        assert_eq!(text(&push, push.fragment.clone()), object);
        assert_eq!(text(&push, push.data.clone()), r#"{"text": "a\nb"}"#);
    }

    #[test]
    fn frames_of_all_three_header_lengths_hold_their_payload() {
        for (len, header_len) in [(2, 2), (1000, 4), (70_000, 10)] {
            let data = format!("\"{}\"", "x".repeat(len));
            let publication = Publication { data: data.clone().into(), ..Publication::default() };
            let push = encode_publication_push(&"c".into(), &publication);
            let message = format!(r#"{{"push":{{"channel":"c","pub":{{"data":{data}}}}}}}"#);
            assert_eq!(text(&push, header_len..push.frame.len()), message);
            assert_eq!(text(&push, push.data.clone()), data);
        }
    }

    #[test]
    fn without_a_payload_there_is_no_data() {
        let push = encode_publication_push(&"c".into(), &Publication::default());
        assert_eq!(text(&push, 2..push.frame.len()), r#"{"push":{"channel":"c","pub":{}}}"#);
        assert!(push.data.is_empty());
    }
}
