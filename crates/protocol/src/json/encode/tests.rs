use std::time::Duration;

use super::*;
use crate::{
    Channel, Content, Disconnect, DisconnectCode, Encoded, Epoch, ErrorCode, Payload, PresenceStatsResult,
    Publication, UnsubscribeCode,
};

fn reply(id: u32, outcome: Outcome) -> String {
    let mut out = Vec::new();
    encode_reply(&Reply { id, outcome }, &mut out);
    String::from_utf8(out).unwrap()
}

fn push(channel: &str, event: PushEvent) -> String {
    let mut out = Vec::new();
    encode_push(&Push { channel: channel.into(), event }, &mut out);
    String::from_utf8(out).unwrap()
}

fn position(offset: u64) -> Position {
    Position { offset, epoch: Epoch::parse("aBcDeFgH").unwrap() }
}

fn ann() -> Arc<ClientInfo> {
    Arc::new(ClientInfo {
        user: "42".into(),
        client: "c-1".into(),
        conn_info: Some("{\"name\":\n\"A\"}".into()),
        chan_info: Some(r#"{"r":1}"#.into()),
    })
}

fn stored(data: &'static str, offset: u64) -> Arc<Encoded> {
    let publication = Publication { data: data.into(), offset, ..Publication::default() };
    Arc::new(Encoded::new(Channel::from("news"), publication, Content::Json))
}

#[test]
fn a_connect_reply_tells_what_there_is_to_tell() {
    let sub =
        SubscribeResult { recoverable: true, position: Some(position(7)), ..SubscribeResult::default() };
    let full = ConnectResult {
        client: "c-1".into(),
        version: "Suona 0.1.0".into(),
        ttl: Some(600),
        data: Some("{\n}".into()),
        subs: vec![("a".into(), sub), ("b\"".into(), SubscribeResult::default())],
        ping: Some(25),
        pong: true,
        session: "secret".into(),
        node: "n-1".into(),
        time: Some(1_766_000_000_000),
    };
    assert_eq!(
        reply(1, Outcome::Connect(Box::new(full))),
        concat!(
            r#"{"id":1,"connect":{"client":"c-1","version":"Suona 0.1.0","ping":25,"pong":true,"expires":true,"#,
            r#""ttl":600,"data":{},"subs":{"a":{"recoverable":true,"positioned":true,"epoch":"aBcDeFgH","offset":7},"#,
            r#""b\"":{}},"session":"secret","node":"n-1","time":1766000000000}}"#
        )
    );
    let least = ConnectResult { client: "c-2".into(), ..ConnectResult::default() };
    assert_eq!(reply(1, Outcome::Connect(Box::new(least))), r#"{"id":1,"connect":{"client":"c-2"}}"#);
}

#[test]
fn a_subscribe_reply_carries_the_position_and_what_was_missed() {
    let full = SubscribeResult {
        ttl: Some(300),
        recoverable: true,
        position: Some(position(42)),
        was_recovering: true,
        recovered: true,
        publications: vec![stored(r#"{"a":1}"#, 43), stored("[\n2]", 44)],
        data: Some(r#"{"welcome":1}"#.into()),
        delta: false,
    };
    assert_eq!(
        reply(2, Outcome::Subscribe(Box::new(full.clone()))),
        concat!(
            r#"{"id":2,"subscribe":{"expires":true,"ttl":300,"recoverable":true,"positioned":true,"#,
            r#""epoch":"aBcDeFgH","offset":42,"was_recovering":true,"recovered":true,"#,
            r#""publications":[{"data":{"a":1},"offset":43},{"data":[2],"offset":44}],"#,
            r#""data":{"welcome":1}}}"#
        )
    );
    let strings = SubscribeResult { delta: true, ..full };
    assert!(reply(2, Outcome::Subscribe(Box::new(strings))).ends_with(concat!(
        r#""publications":[{"data":"{\"a\":1}","offset":43},{"data":"[2]","offset":44}],"#,
        r#""data":{"welcome":1},"delta":true}}"#
    )));
    assert_eq!(reply(2, Outcome::Subscribe(Box::default())), r#"{"id":2,"subscribe":{}}"#);
    let empty = SubscribeResult { position: Some(position(0)), ..SubscribeResult::default() };
    assert_eq!(
        reply(2, Outcome::Subscribe(Box::new(empty))),
        r#"{"id":2,"subscribe":{"positioned":true,"epoch":"aBcDeFgH"}}"#
    );
}

#[test]
fn results_without_content_are_still_there() {
    for (outcome, expected) in [
        (Outcome::Unsubscribe, r#"{"id":3,"unsubscribe":{}}"#),
        (Outcome::Publish, r#"{"id":3,"publish":{}}"#),
        (Outcome::Ping, r#"{"id":3,"ping":{}}"#),
        (Outcome::Rpc { data: None }, r#"{"id":3,"rpc":{}}"#),
        (Outcome::Rpc { data: Some("\n{\"b\":\n2}\n".into()) }, r#"{"id":3,"rpc":{"data":{"b":2}}}"#),
        (Outcome::Presence(Vec::new()), r#"{"id":3,"presence":{"presence":{}}}"#),
        (
            Outcome::PresenceStats(PresenceStatsResult::default()),
            r#"{"id":3,"presence_stats":{"num_clients":0,"num_users":0}}"#,
        ),
        (
            Outcome::History(HistoryResult { publications: Vec::new(), top: position(0) }),
            r#"{"id":3,"history":{"publications":[],"epoch":"aBcDeFgH","offset":0}}"#,
        ),
        (Outcome::Refresh(RefreshResult { ttl: None }), r#"{"id":3,"refresh":{}}"#),
        (Outcome::Refresh(RefreshResult { ttl: Some(0) }), r#"{"id":3,"refresh":{"expires":true,"ttl":0}}"#),
        (
            Outcome::SubRefresh(RefreshResult { ttl: Some(9) }),
            r#"{"id":3,"sub_refresh":{"expires":true,"ttl":9}}"#,
        ),
    ] {
        assert_eq!(reply(3, outcome), expected);
    }
}

#[test]
fn presence_is_keyed_by_client_and_always_names_the_user() {
    let nobody = ClientInfo { client: "c\n2".into(), ..ClientInfo::default() };
    assert_eq!(
        reply(5, Outcome::Presence(vec![ann(), Arc::new(nobody)])),
        concat!(
            r#"{"id":5,"presence":{"presence":{"c-1":{"user":"42","client":"c-1","conn_info":{"name":"A"},"#,
            r#""chan_info":{"r":1}},"c\n2":{"user":"","client":"c\n2"}}}}"#
        )
    );
}

#[test]
fn history_is_a_page_and_the_top() {
    let page = HistoryResult { publications: vec![stored(r#"{"n":4}"#, 4)], top: position(u64::MAX) };
    assert_eq!(
        reply(7, Outcome::History(page)),
        concat!(
            r#"{"id":7,"history":{"publications":[{"data":{"n":4},"offset":4}],"epoch":"aBcDeFgH","#,
            r#""offset":18446744073709551615}}"#
        )
    );
}

#[test]
fn an_error_always_has_its_message() {
    let internal = Outcome::Error(ErrorCode::Internal.into());
    assert_eq!(
        reply(8, internal),
        r#"{"id":8,"error":{"code":100,"message":"internal server error","temporary":true}}"#
    );
    let own = ErrorReply { code: 1000, message: "no \"bids\"".into(), temporary: false };
    assert_eq!(reply(8, Outcome::Error(own)), r#"{"id":8,"error":{"code":1000,"message":"no \"bids\""}}"#);
}

#[test]
fn every_push_has_its_form() {
    let sub = SubscribeResult {
        ttl: Some(5),
        recoverable: true,
        position: Some(position(3)),
        publications: vec![stored("1", 1)],
        data: Some("1".into()),
        ..SubscribeResult::default()
    };
    let info = r#"{"user":"42","client":"c-1","conn_info":{"name":"A"},"chan_info":{"r":1}}"#;
    for (channel, event, expected) in [
        ("c", PushEvent::Join(ann()), format!(r#"{{"channel":"c","join":{{"info":{info}}}}}"#)),
        ("c", PushEvent::Leave(ann()), format!(r#"{{"channel":"c","leave":{{"info":{info}}}}}"#)),
        (
            "c",
            PushEvent::Unsubscribe(UnsubscribeCode::Server),
            r#"{"channel":"c","unsubscribe":{"code":2000,"reason":"server unsubscribe"}}"#.into(),
        ),
        (
            "c",
            PushEvent::Subscribe(Box::new(sub)),
            concat!(
                r#"{"channel":"c","subscribe":{"recoverable":true,"positioned":true,"epoch":"aBcDeFgH","#,
                r#""offset":3,"data":1}}"#
            )
            .into(),
        ),
        ("", PushEvent::Message(Payload::from("[\n]")), r#"{"message":{"data":[]}}"#.into()),
        (
            "",
            PushEvent::Disconnect { why: Disconnect::custom(4000, "be back"), retry_after: None },
            r#"{"disconnect":{"code":4000,"reason":"be back"}}"#.into(),
        ),
        (
            "",
            PushEvent::Disconnect {
                why: DisconnectCode::Shutdown.into(),
                retry_after: Some(Duration::from_micros(1_500_999)),
            },
            r#"{"disconnect":{"code":3001,"reason":"shutdown","retry_after_ms":1500}}"#.into(),
        ),
        (
            "",
            PushEvent::Refresh(RefreshResult { ttl: Some(60) }),
            r#"{"refresh":{"expires":true,"ttl":60}}"#.into(),
        ),
    ] {
        assert_eq!(push(channel, event), format!(r#"{{"push":{expected}}}"#));
    }
}
