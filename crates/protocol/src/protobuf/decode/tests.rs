use super::*;
use crate::protobuf::wire::{bytes, delimited, message, number, varint};

const LIMIT: usize = 65_536;

/// Decodes a frame that holds one command with these fields.
fn decode(fields: &[Vec<u8>]) -> Result<Command, DecodeError> {
    let frame = delimited(fields.concat());
    let commands: Vec<_> = decode_commands(&frame, LIMIT).collect();
    assert_eq!(commands.len(), 1);
    commands.into_iter().next().unwrap()
}

fn request(field: u64, fields: &[Vec<u8>]) -> Request {
    let command = decode(&[number(1, 9), message(field, fields)]).unwrap();
    assert_eq!(command.id, 9);
    command.request
}

#[test]
fn connect_carries_everything_a_client_says_of_itself() {
    let sub = message(2, &[number(3, 1), bytes(6, "aBcDeFgH"), number(7, 7)]);
    let fields = [
        bytes(1, "t"),
        bytes(2, [0, 255]),
        message(3, &[bytes(1, "news"), sub]),
        message(3, &[bytes(1, "b")]),
        bytes(4, "go"),
        bytes(5, "1.2"),
        message(6, &[bytes(1, "X-Auth"), bytes(2, "x")]),
        number(7, 1),
        bytes(9, "profile"),
    ];
    let since = RecoverFrom { recover: true, offset: 7, epoch: Epoch::parse("aBcDeFgH") };
    let expected = ConnectRequest {
        token: "t".into(),
        data: Some(Payload::from_static(&[0, 255])),
        subs: vec![("b".into(), RecoverFrom::default()), ("news".into(), since)],
        name: "go".into(),
        version: "1.2".into(),
        headers: vec![("x-auth".into(), "x".into())],
    };
    assert_eq!(request(4, &fields), Request::Connect(Box::new(expected)));
    assert_eq!(request(4, &[]), Request::Connect(Box::default()));
}

#[test]
fn subscribe_carries_position_and_wishes() {
    let fields = [
        bytes(1, "chat:1"),
        bytes(2, "s"),
        number(3, 1),
        bytes(6, "_"),
        number(7, u64::MAX),
        bytes(8, "[1]"),
        number(9, 1),
        number(10, 1),
        number(11, 1),
        bytes(12, "fossil"),
        message(13, &[bytes(1, "and"), message(6, &[bytes(2, "a"), bytes(3, "in"), bytes(5, "1")])]),
        number(14, 3),
        number(15, 4),
        number(16, 1),
    ];
    let leaf =
        FilterNode { key: "a".into(), cmp: "in".into(), vals: vec!["1".into()], ..FilterNode::default() };
    let expected = SubscribeRequest {
        channel: "chat:1".into(),
        token: "s".into(),
        since: RecoverFrom { recover: true, offset: u64::MAX, epoch: Some(Epoch::FOREIGN) },
        data: Some("[1]".into()),
        positioned: true,
        recoverable: true,
        join_leave: true,
        delta: "fossil".into(),
        reject_unrecovered: true,
        kind: 4,
        tags_filter: Some(FilterNode { op: "and".into(), nodes: vec![leaf], ..FilterNode::default() }),
    };
    assert_eq!(request(5, &fields), Request::Subscribe(Box::new(expected)));
    let plain = Request::Subscribe(Box::new(SubscribeRequest::new("c".into())));
    assert_eq!(request(5, &[bytes(1, "c"), number(14, 1)]), plain);
}

#[test]
fn every_other_command_is_read() {
    let channel = Channel::from("c");
    let name = || bytes(1, "c");
    let publish = PublishRequest {
        channel: channel.clone(),
        data: "\0".into(),
        idempotency_key: "k".into(),
        exclude_self: true,
    };
    let rpc = RpcRequest { method: "m".into(), data: Some("{}".into()), idempotency_key: "l".into() };
    let since = message(8, &[number(1, 5), bytes(2, "aBcDeFgH")]);
    // A negative int32 takes ten bytes; only sint32 would be zigzag.
    let history_fields = vec![name(), number(7, -1_i64 as u64), since, number(9, 1)];
    let since = Some((5, Epoch::parse("aBcDeFgH")));
    let history = HistoryRequest { channel: channel.clone(), limit: -1, since, reverse: true };
    let refresh = SubRefreshRequest { channel: channel.clone(), token: "t".into() };
    for (field, fields, expected) in [
        (6, vec![name()], Request::Unsubscribe(channel.clone())),
        (7, vec![name(), bytes(2, [0]), bytes(100, "k"), number(101, 1)], Request::Publish(publish)),
        (8, vec![name()], Request::Presence(channel.clone())),
        (9, vec![name()], Request::PresenceStats(channel)),
        (10, history_fields, Request::History(history)),
        (11, vec![], Request::Ping),
        (12, vec![bytes(1, "hi")], Request::Send("hi".into())),
        (13, vec![bytes(1, "{}"), bytes(2, "m"), bytes(100, "l")], Request::Rpc(rpc)),
        (14, vec![bytes(1, "t")], Request::Refresh { token: "t".into() }),
        (15, vec![name(), bytes(2, "t")], Request::SubRefresh(refresh)),
    ] {
        assert_eq!(request(field, &fields), expected, "field {field}");
    }
}

#[test]
fn only_pongs_and_messages_go_without_an_id() {
    assert_eq!(decode(&[]), Ok(Command { id: 0, request: Request::Pong }));
    assert_eq!(decode(&[number(1, 0)]), Ok(Command { id: 0, request: Request::Pong }));
    assert_eq!(decode(&[message(12, &[])]), Ok(Command { id: 0, request: Request::Send(Payload::new()) }));
    assert_eq!(decode(&[message(11, &[])]), Err(DecodeError("the id is missing".into())));
    assert_eq!(decode(&[number(1, 3)]), Err(DecodeError("an id, but nothing is asked".into())));
}

#[test]
fn of_two_requests_in_one_command_the_first_in_order_counts() {
    let both = [number(1, 1), message(13, &[]), message(7, &[]), message(11, &[])];
    assert_eq!(decode(&both).unwrap().request, Request::Ping);
    assert!(matches!(decode(&both[..3]).unwrap().request, Request::Publish(_)));
}

#[test]
fn commands_are_read_one_by_one_until_one_is_malformed() {
    let ids = |frame: &[u8]| -> Vec<i64> {
        decode_commands(frame, LIMIT).map(|command| command.map_or(-1, |command| command.id.into())).collect()
    };
    let ping = |id: u8| vec![4, 0x08, id, 0x5A, 0x00];
    assert_eq!(ids(&[ping(1), vec![0], ping(2)].concat()), [1, 0, 2]);
    assert_eq!(ids(&[ping(1), vec![4, 0x08], ping(2)].concat()), [1, -1]);
    assert_eq!(ids(&[ping(1), vec![200]].concat()), [1, -1]);
    assert_eq!(ids(&[]), [-1]);
}

#[test]
fn a_length_is_checked_before_it_is_believed() {
    let error = |frame: &[u8]| decode_commands(frame, LIMIT).find_map(Result::err).unwrap().0;
    assert_eq!(error(&varint(u64::MAX)), "longer than 65536 bytes");
    assert_eq!(error(&varint(65_537)), "longer than 65536 bytes");
    assert_eq!(error(&varint(65_536)), "cut short");
    assert!(error(&[0xFF; 11]).contains("varint"));
    // A length inside the command that reaches beyond it.
    assert!(decode(&[varint(5 << 3 | 2), varint(1 << 40)]).is_err());
    let full = bytes(2, vec![b'x'; LIMIT - 100]);
    assert!(decode(&[number(1, 1), message(13, &[full])]).is_ok());
}

#[test]
fn what_is_no_text_is_refused_without_being_quoted() {
    let DecodeError(error) = decode(&[number(1, 1), message(14, &[bytes(1, b"s3cret\xFF")])]).unwrap_err();
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn depth_bombs_are_clean_errors() {
    // Groups may nest without a length: field 100, wire type 3.
    let groups = varint(100 << 3 | 3).repeat(30_000);
    assert!(decode(&[groups]).is_err());
}
