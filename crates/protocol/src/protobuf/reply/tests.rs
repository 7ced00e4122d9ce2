use std::sync::Arc;

use super::*;
use crate::{
    Channel, Content as Kind, Encoded, Epoch, ErrorCode, ErrorReply, HistoryResult, Position,
    PresenceStatsResult, Publication,
    protobuf::wire::{bytes, delimited, message, number},
};

/// What a reply with id 3 should look like: one field, made of these.
fn expected(field: u64, fields: &[Vec<u8>]) -> Vec<u8> {
    delimited([number(1, 3), message(field, fields)].concat())
}

fn reply(outcome: Outcome) -> Vec<u8> {
    let mut out = Vec::new();
    encode_reply(&crate::Reply { id: 3, outcome }, &mut out);
    out
}

fn position(offset: u64) -> Option<Position> {
    Some(Position { offset, epoch: Epoch::parse("aBcDeFgH").unwrap() })
}

fn stored(data: &'static [u8], offset: u64) -> Arc<Encoded> {
    let publication = Publication { data: data.into(), offset, ..Publication::default() };
    Arc::new(Encoded::new(Channel::from("news"), publication, Kind::Binary))
}

#[test]
fn a_connect_reply_tells_what_there_is_to_tell() {
    let sub = SubscribeResult { recoverable: true, position: position(7), ..SubscribeResult::default() };
    let result = ConnectResult {
        client: "c-1".into(),
        version: "Suona 0.1.0".into(),
        ttl: Some(600),
        data: Some("{}".into()),
        subs: vec![("news".into(), sub)],
        ping: Some(25),
        pong: true,
        session: "secret".into(),
        node: "n-1".into(),
        time: Some(1_766_000_000_000),
    };
    let sub = message(2, &[number(3, 1), bytes(6, "aBcDeFgH"), number(9, 7), number(10, 1)]);
    let fields = [
        bytes(1, "c-1"),
        bytes(2, "Suona 0.1.0"),
        number(3, 1),
        number(4, 600),
        bytes(5, "{}"),
        message(6, &[bytes(1, "news"), sub]),
        number(7, 25),
        number(8, 1),
        bytes(9, "secret"),
        bytes(10, "n-1"),
        number(11, 1_766_000_000_000),
    ];
    assert_eq!(reply(Outcome::Connect(Box::new(result))), expected(5, &fields));
}

/// The official JavaScript client would take a value that is left out for null, and break.
#[test]
fn a_server_side_subscription_without_a_word_is_still_there() {
    let subs = vec![("open".into(), SubscribeResult::default())];
    let result = ConnectResult { client: "c-1".into(), subs, ..ConnectResult::default() };
    let fields = [bytes(1, "c-1"), message(6, &[bytes(1, "open"), message(2, &[])])];
    assert_eq!(reply(Outcome::Connect(Box::new(result))), expected(5, &fields));
}

#[test]
fn a_subscribe_reply_carries_the_position_and_what_was_missed() {
    let result = SubscribeResult {
        ttl: Some(300),
        recoverable: true,
        position: position(42),
        was_recovering: true,
        recovered: true,
        publications: vec![stored(b"\x00\xFF", 43), stored(b"b", 44)],
        data: Some("w".into()),
        delta: true,
    };
    let fields = [
        number(1, 1),
        number(2, 300),
        number(3, 1),
        bytes(6, "aBcDeFgH"),
        message(7, &[bytes(4, b"\x00\xFF"), number(6, 43)]),
        message(7, &[bytes(4, "b"), number(6, 44)]),
        number(8, 1),
        number(9, 42),
        number(10, 1),
        bytes(11, "w"),
        number(12, 1),
        number(13, 1),
    ];
    assert_eq!(reply(Outcome::Subscribe(Box::new(result))), expected(6, &fields));
    assert_eq!(reply(Outcome::Subscribe(Box::default())), expected(6, &[]));
}

#[test]
fn every_other_reply_has_its_number() {
    let info = crate::ClientInfo {
        user: "42".into(),
        client: "c-1".into(),
        conn_info: Some("a".into()),
        chan_info: Some("b".into()),
    };
    let info_fields = message(2, &[bytes(1, "42"), bytes(2, "c-1"), bytes(3, "a"), bytes(4, "b")]);
    let page = HistoryResult { publications: vec![stored(b"x", 4)], top: position(9).unwrap() };
    let page_fields = vec![message(1, &[bytes(4, "x"), number(6, 4)]), bytes(2, "aBcDeFgH"), number(3, 9)];
    let own = ErrorReply { code: 1000, message: "no".into(), temporary: false };
    for (outcome, field, fields) in [
        (Outcome::Unsubscribe, 7, vec![]),
        (Outcome::Publish, 8, vec![]),
        (Outcome::Presence(vec![Arc::new(info)]), 9, vec![message(1, &[bytes(1, "c-1"), info_fields])]),
        (
            Outcome::PresenceStats(PresenceStatsResult { num_clients: 2, num_users: 1 }),
            10,
            vec![number(1, 2), number(2, 1)],
        ),
        (Outcome::History(page), 11, page_fields),
        (Outcome::Ping, 12, vec![]),
        (Outcome::Rpc { data: Some("r".into()) }, 13, vec![bytes(1, "r")]),
        (Outcome::Rpc { data: None }, 13, vec![]),
        (Outcome::Refresh(RefreshResult { ttl: Some(60) }), 14, vec![number(3, 1), number(4, 60)]),
        (Outcome::SubRefresh(RefreshResult { ttl: Some(60) }), 15, vec![number(1, 1), number(2, 60)]),
        (Outcome::SubRefresh(RefreshResult::default()), 15, vec![]),
        (Outcome::Error(own), 2, vec![number(1, 1000), bytes(2, "no")]),
        (
            Outcome::Error(ErrorCode::Internal.into()),
            2,
            vec![number(1, 100), bytes(2, "internal server error"), number(3, 1)],
        ),
    ] {
        assert_eq!(reply(outcome), expected(field, &fields), "field {field}");
    }
}
