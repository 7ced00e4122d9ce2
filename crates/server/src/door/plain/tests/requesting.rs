//! Requests, their replies, and messages that are neither.

use super::*;

fn rpc(data: &str) -> Outcome {
    Outcome::Rpc { data: Some(Bytes::copy_from_slice(data.as_bytes())) }
}

#[test]
fn a_reply_says_to_which_method_it_belongs() {
    let mut desk = Desk::new(app(), "");
    desk.heard();
    let list = r#"{ "page": 1, "method": "list" }"#;
    assert_eq!(desk.says(list), [format!("rpc 2 list {list}")], "the backend sees all of it, as it came");
    assert_eq!(desk.says(r#"{"method":"a\"b"}"#), [r#"rpc 3 a"b {"method":"a\"b"}"#]);
    assert_eq!(desk.says(r#"{"method":"list"}"#), [r#"rpc 4 list {"method":"list"}"#]);
    assert_eq!(
        desk.reads(2, rpc(r#"{"allAmount": 1.50}"#)).as_deref(),
        Some(r#"{"method":"list","result":{"allAmount": 1.50}}"#)
    );
    let error = ErrorReply { message: "say \"when\"".to_owned(), ..ErrorCode::NotAvailable.into() };
    assert_eq!(
        desk.reads(3, Outcome::Error(error)).as_deref(),
        Some(r#"{"method":"a\"b","error":{"code":108,"message":"say \"when\""}}"#)
    );
    assert_eq!(
        desk.reads(4, Outcome::Rpc { data: None }).as_deref(),
        Some(r#"{"method":"list","result":null}"#)
    );
    assert_eq!(desk.reads(4, rpc("1")), None, "answered already");
    assert_eq!(desk.reads(9, rpc("1")), None, "never asked");
}

#[test]
fn the_fields_have_the_names_that_the_door_gives_them() {
    let fields = PlainRpc { method: "cmd".to_owned(), result: "数据".to_owned() };
    let mut desk = Desk::new(PlainDoor { rpc: Some(fields), ..door(APP) }, "");
    desk.heard();
    assert_eq!(desk.says(r#"{"cmd":"list"}"#), [r#"rpc 2 list {"cmd":"list"}"#]);
    assert_eq!(desk.reads(2, rpc("[]")).as_deref(), Some(r#"{"cmd":"list","数据":[]}"#));
}

#[test]
fn a_result_that_is_no_json_is_our_own_trouble() {
    let mut desk = Desk::new(app(), "");
    desk.says(r#"{"method":"list"}"#);
    let told = desk.reads(2, rpc("}{"));
    assert_eq!(
        told.as_deref(),
        Some(r#"{"method":"list","error":{"code":100,"message":"internal server error"}}"#)
    );
}

#[test]
fn a_message_that_nobody_takes_is_an_error_and_the_connection_lives() {
    let mut desk = Desk::new(app(), "");
    desk.heard();
    let error = r#"answer {"error":{"code":107,"message":"this is neither a heartbeat nor a request"}}"#;
    for message in
        ["", "hello", "{}", "[]", r#"{"method":1}"#, r#"{"method":"a""#, r#"{"method":"a","method":1}"#]
    {
        assert_eq!(desk.says(message), ["alive", error], "{message}");
    }
    assert_eq!(desk.says(r#"{"method":"list"}"#), [r#"rpc 2 list {"method":"list"}"#]);

    let mut desk = Desk::new(door(APP), "");
    desk.heard();
    assert_eq!(desk.says(r#"{"method":"list"}"#), ["alive", error], "this door takes no requests");
}

#[test]
fn one_method_may_take_all_the_rest() {
    let mut desk = Desk::new(PlainDoor { on_message: Some("rest".to_owned()), ..app() }, "");
    desk.heard();
    assert_eq!(desk.says(r#"{"method":"list"}"#), [r#"rpc 2 list {"method":"list"}"#]);
    assert_eq!(desk.says("[1]"), ["rpc 3 rest [1]"]);
    assert_eq!(desk.says("say \"hi\""), [r#"rpc 4 rest "say \"hi\"""#], "no JSON, so as a JSON string");
    assert_eq!(desk.says("{}"), ["rpc 5 rest {}"]);
    assert_eq!(desk.reads(3, rpc("[2]")).as_deref(), Some("[2]"));
    assert_eq!(desk.reads(4, Outcome::Rpc { data: None }), None, "nothing to say");
    let error = ErrorCode::NotAvailable.into();
    assert_eq!(
        desk.reads(5, Outcome::Error(error)).as_deref(),
        Some(r#"{"error":{"code":108,"message":"not available"}}"#)
    );
}

#[test]
fn more_requests_than_anybody_would_wait_for_are_too_many() {
    let mut desk = Desk::new(app(), "");
    desk.heard();
    let mut heard: Vec<_> = (0..5000).flat_map(|_| desk.says(r#"{"method":"list"}"#)).collect();
    assert_eq!(heard.pop().as_deref(), Some("refuse 3013 too many requests"));
    assert_eq!(heard.len(), requests::MAX_REQUESTS);
    assert!(heard.iter().all(|line| line.starts_with("rpc ")));

    let mut desk = Desk::new(app(), "");
    desk.heard();
    let long = format!(r#"{{"method":"{}"}}"#, "x".repeat(60_000));
    let heard: Vec<_> = (0..1000).flat_map(|_| desk.says(&long)).collect();
    assert_eq!(heard.last().map(String::as_str), Some("refuse 3013 too many requests"));
    assert!(heard.len() * 60_000 <= requests::MAX_BYTES + 60_000);
}

#[test]
fn those_that_are_answered_in_time_are_never_too_many() {
    let mut desk = Desk::new(app(), "");
    desk.heard();
    for id in 2..5000 {
        assert_eq!(desk.says(r#"{"method":"list"}"#).len(), 1);
        assert!(desk.reads(id, rpc("1")).is_some());
    }
}
