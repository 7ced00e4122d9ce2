use std::sync::Arc;

use super::*;
use crate::{
    ClientInfo, Payload, RefreshResult, SubscribeResult, UnsubscribeCode,
    protobuf::{
        ping_frame,
        wire::{bytes, delimited, message, number},
    },
};

fn push(channel: &str, event: PushEvent) -> Vec<u8> {
    let mut out = Vec::new();
    encode_push(&crate::Push { channel: channel.into(), event }, &mut out);
    out
}

fn ann() -> Arc<ClientInfo> {
    Arc::new(ClientInfo { user: "42".into(), client: "c-1".into(), ..ClientInfo::default() })
}

#[test]
fn every_push_has_its_number() {
    let position = Epoch::parse("aBcDeFgH").map(|epoch| crate::Position { offset: 3, epoch });
    let sub =
        SubscribeResult { recoverable: true, position, data: Some("d".into()), ..SubscribeResult::default() };
    let sub_fields = vec![number(1, 1), bytes(4, "aBcDeFgH"), number(5, 3), number(6, 1), bytes(7, "d")];
    let info = || vec![message(1, &[bytes(1, "42"), bytes(2, "c-1")])];
    for (channel, event, field, fields) in [
        ("c", PushEvent::Join(ann()), 5, info()),
        ("c", PushEvent::Leave(ann()), 6, info()),
        (
            "c",
            PushEvent::Unsubscribe(UnsubscribeCode::Expired),
            7,
            vec![number(2, 2501), bytes(3, "subscription expired")],
        ),
        ("", PushEvent::Message(Payload::from("m")), 8, vec![bytes(1, "m")]),
        ("c", PushEvent::Subscribe(Box::new(sub)), 9, sub_fields),
        (
            "",
            PushEvent::Disconnect { why: crate::Disconnect::custom(4000, "be back"), retry_after: None },
            11,
            vec![number(1, 4000), bytes(2, "be back")],
        ),
        (
            "",
            PushEvent::Disconnect {
                why: crate::Disconnect::custom(4000, "be back"),
                retry_after: Some(std::time::Duration::from_millis(1500)),
            },
            11,
            vec![number(1, 4000), bytes(2, "be back"), number(100, 1500)],
        ),
        ("", PushEvent::Refresh(RefreshResult { ttl: Some(60) }), 12, vec![number(1, 1), number(2, 60)]),
    ] {
        let channel_field = if channel.is_empty() { vec![] } else { bytes(2, channel) };
        let expected = delimited(message(4, &[channel_field, message(field, &fields)]));
        assert_eq!(push(channel, event), expected, "field {field}");
    }
}

#[test]
fn a_publication_lies_in_its_frame_where_it_is_said_to_lie() {
    let publication = crate::Publication {
        data: Payload::from_static(b"\x00\n\xFF"),
        offset: 1,
        info: Some(ann()),
        tags: vec![("t".into(), "1".into())],
        epoch: Epoch::parse("aBcDeFgH"),
        exclude: None,
    };
    let fields = [
        bytes(4, b"\x00\n\xFF"),
        message(5, &[bytes(1, "42"), bytes(2, "c-1")]),
        number(6, 1),
        message(7, &[bytes(1, "t"), bytes(2, "1")]),
        bytes(14, "aBcDeFgH"),
    ];
    let expected = delimited(message(4, &[bytes(2, "chat:1"), message(4, &fields)]));

    let push = encode_publication_push(&"chat:1".into(), &publication);
    assert_eq!(push.frame[..2], [0x82, expected.len() as u8]);
    assert_eq!(push.frame[2..], expected);
    assert_eq!(push.frame[push.fragment], fields.concat());
}

#[test]
fn an_empty_publication_is_still_one() {
    let push = encode_publication_push(&"c".into(), &crate::Publication::default());
    assert_eq!(push.frame[2..], delimited(message(4, &[bytes(2, "c"), message(4, &[])])));
    assert!(push.fragment.is_empty());
}

#[test]
fn a_ping_is_a_single_zero() {
    assert_eq!(ping_frame()[..], [0x82, 1, 0]);
}
