use std::time::Duration;

use super::*;
use crate::heard::{Ended, Publication, Push, PushEvent};

fn heard(message: &'static str) -> Vec<Heard> {
    hear(&Bytes::from_static(message.as_bytes())).map(Result::unwrap).collect()
}

fn answer(message: &'static str) -> Answer {
    match &heard(message)[..] {
        [Heard::Reply { id: 1, outcome: Ok(answer) }] => answer.clone(),
        other => panic!("{other:?}"),
    }
}

fn event(message: &'static str) -> PushEvent {
    match &heard(message)[..] {
        [Heard::Push(Push { event, .. })] => event.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_message_carries_several_things() {
    let all =
        heard("{}\n{\"id\":7,\"publish\":{}}\n{\"push\":{\"channel\":\"c\",\"pub\":{\"data\":null}}}\n");
    let publication =
        Publication { data: "null".into(), json: r#"{"data":null}"#.into(), ..Publication::default() };
    let push = Push { channel: "c".into(), event: PushEvent::Publication(publication) };
    assert_eq!(all, [Heard::Ping, Heard::Reply { id: 7, outcome: Ok(Answer::Publish) }, Heard::Push(push)]);
}

#[test]
fn connected_tells_all_that_a_client_needs() {
    let Answer::Connect(connected) = answer(
        r#"{"id":1,"connect":{"client":"c","version":"Suona 0.1.0","ping":25,"pong":true,"expires":true,"ttl":60,"data":{"a": 1},"subs":{"z":{},"a":{"recoverable":true,"epoch":"x y","offset":3}},"time":5}}"#,
    ) else {
        panic!()
    };
    assert_eq!(
        (connected.ping, connected.pong, connected.ttl, connected.time),
        (Some(25), true, Some(60), Some(5))
    );
    assert_eq!(connected.data.as_deref(), Some(&br#"{"a": 1}"#[..]));
    let names: Vec<_> = connected.subs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["z", "a"]);
    assert_eq!(connected.subs[1].1.position, Position { offset: 3, epoch: "x y".into() });
}

#[test]
fn a_publication_is_kept_as_it_came() {
    let PushEvent::Publication(publication) = event(
        r#"{"push":{"channel":"c","pub":{"offset":4,"data":{"b": 2},"later":[],"tags":{"z":"1","a":"2"},"info":{"user":"u","client":"i","conn_info":{"n":1}}}}}"#,
    ) else {
        panic!()
    };
    assert_eq!(publication.data, r#"{"b": 2}"#);
    assert_eq!(publication.tags, [("z".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())]);
    assert_eq!(publication.info.unwrap().conn_info.as_deref(), Some(&br#"{"n":1}"#[..]));
    assert!(publication.json.starts_with(br#"{"offset":4,"data":"#) && publication.json.ends_with(b"}}"));
}

#[test]
fn ends_have_a_code_and_a_reason() {
    let ended = |code, reason: &str| Ended { code, reason: reason.to_owned() };
    let disconnect = r#"{"push":{"disconnect":{"code":3001,"reason":"shutdown","retry_after_ms":4000}}}"#;
    let why = ended(3001, "shutdown");
    assert_eq!(event(disconnect), PushEvent::Disconnect { why, retry_after: Duration::from_secs(4) });
    let unsubscribe = r#"{"push":{"channel":"c","unsubscribe":{"code":2500,"reason":"gap"}}}"#;
    assert_eq!(event(unsubscribe), PushEvent::Unsubscribe(ended(2500, "gap")));
}

#[test]
fn refusals_and_results_are_told_apart() {
    let refused = ErrorReply { code: 100, message: "no".into(), temporary: true };
    let error = r#"{"id":1,"error":{"code":100,"message":"no","temporary":true}}"#;
    assert_eq!(heard(error), [Heard::Reply { id: 1, outcome: Err(refused) }]);
    assert_eq!(answer(r#"{"id":1,"rpc":{"data":null}}"#), Answer::Rpc(Some("null".into())));
    assert_eq!(answer(r#"{"id":1,"rpc":{}}"#), Answer::Rpc(None));
    assert_eq!(answer(r#"{"id":1,"map_subscribe":{}}"#), Answer::Unknown);
}

#[test]
fn what_is_no_object_is_unreadable_and_what_came_before_counts() {
    let message = Bytes::from_static(b"{}\n\n{}");
    let all: Vec<_> = hear(&message).take(2).collect();
    assert!(all[0] == Ok(Heard::Ping) && all[1].is_err(), "{all:?}");
    for no_object in [&b"0{\"sid\":1}"[..], b"", b"1", b"[]", b"\xff"] {
        assert!(hear(&Bytes::copy_from_slice(no_object)).next().unwrap().is_err(), "{no_object:?}");
    }
}
