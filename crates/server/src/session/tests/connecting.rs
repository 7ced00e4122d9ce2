use serde_json::json;

use super::*;

#[test]
fn the_first_command_must_be_connect_and_there_is_only_one() {
    for request in [Request::Ping, Request::Pong, subscribe("news")] {
        let mut desk = Desk::new(OPEN);
        desk.says(1, request);
        assert_eq!(desk.closed(), Some(3501));
    }
    let mut desk = Desk::connected(OPEN);
    desk.says(2, Request::Connect(Box::default()));
    assert_eq!(desk.closed(), Some(3501));
}

#[test]
fn who_does_not_connect_in_time_is_stale() {
    let mut desk = Desk::new(OPEN);
    desk.after(Duration::from_secs(9));
    assert_eq!(desk.closed(), None);
    desk.after(Duration::from_secs(2));
    assert_eq!(desk.closed(), Some(3502));
}

#[test]
fn without_a_token_only_those_may_in_whom_the_configuration_lets() {
    let mut desk = Desk::new("");
    desk.says(1, Request::Connect(Box::default()));
    assert_eq!(desk.closed(), Some(3501));
    let mut desk = Desk::new("[client]\ninsecure = true");
    desk.says(1, Request::Connect(Box::default()));
    assert!(desk.session.is_connected());
}

#[test]
fn a_token_says_who_connects() {
    let mut desk = Desk::new(OPEN);
    desk.says(1, connect_with(token(&json!({ "sub": "42", "info": { "name": "Ann" } }))));
    assert_eq!(desk.names(), ["register", "reply"]);
    assert_eq!(desk.session.info().user, "42");
    assert_eq!(desk.session.info().conn_info.as_deref(), Some(br#"{"name":"Ann"}"#.as_slice()));
    let replies = desk.replies();
    let [(1, Outcome::Connect(result))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!((result.client.as_str(), result.ping, result.pong), ("me", Some(25), true));
    assert_eq!(result.ttl, None);
}

#[test]
fn tokens_that_cannot_be_believed_end_the_connection_and_expired_ones_are_told_so() {
    let close = |token: &str| {
        let mut desk = Desk::new(OPEN);
        desk.says(1, connect_with(token.to_owned()));
        (desk.closed(), desk.error_code(1))
    };
    let good = token(&json!({ "sub": "42" }));
    assert_eq!(close(&good[..good.len() - 4]), (Some(3500), None), "forged");
    assert_eq!(close("eyJhbGciOiJub25lIn0.eyJzdWIiOiI0MiJ9."), (Some(3500), None), "none");
    assert_eq!(
        close(&token(&json!({ "sub": "42", "channel": "news" }))),
        (Some(3500), None),
        "of a subscription"
    );
    assert_eq!(close(&token(&json!({ "sub": "42", "exp": 1_700_000_000 }))), (None, Some(109)));
    assert_eq!(close(&token(&json!({ "sub": "42", "expire_at": 1_700_000_000 }))), (None, Some(110)));
}

#[test]
fn anonymous_tokens_can_be_disallowed() {
    let mut desk = Desk::new("[client]\ndisallow_anonymous_connection_tokens = true");
    desk.says(1, connect_with(token(&json!({}))));
    assert_eq!(desk.closed(), Some(3507));
}

#[test]
fn whoever_was_refused_with_an_error_may_only_go() {
    let mut desk = Desk::new(OPEN);
    let expired = token(&json!({ "sub": "42", "exp": 1_700_000_000 }));
    desk.says(1, connect_with(expired.clone()));
    desk.after(Duration::from_secs(6));
    assert_eq!(desk.names(), ["reply", "drop"]);

    let mut desk = Desk::new(OPEN);
    desk.says(1, connect_with(expired));
    desk.says(2, Request::Ping);
    assert_eq!(desk.closed(), Some(3501));
}

#[test]
fn the_connect_reply_waits_for_the_subscriptions_of_the_token() {
    let mut desk = Desk::new(OPEN);
    desk.says(1, connect_with(token(&json!({ "sub": "42", "channels": ["a", "b"] }))));
    desk.says(2, Request::Ping);
    assert_eq!(desk.names(), ["add presence", "ask", "add presence", "ask"]);
    desk.hears(Input::Early(publication("a", 6)));
    for ask in [Ask(1), Ask(2)] {
        assert!(desk.replies().is_empty());
        desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(Some(page(5))))));
    }
    assert_eq!(
        desk.names()[4..],
        ["register", "reply", "publication", "listen", "announce join", "listen", "announce join", "reply"]
    );
    let replies = desk.replies();
    let [(1, Outcome::Connect(result)), (2, Outcome::Ping)] = replies[..] else { panic!("{replies:?}") };
    let channels: Vec<_> = result.subs.iter().map(|(channel, _)| channel.as_str()).collect();
    assert_eq!(channels, ["a", "b"]);
}

#[test]
fn a_token_that_names_an_unknown_channel_is_refused_whole() {
    let mut desk = Desk::new(OPEN);
    desk.says(1, connect_with(token(&json!({ "sub": "42", "channels": ["a", "unheard:b"] }))));
    assert_eq!(desk.error_code(1), Some(102));
    assert_eq!(desk.names(), ["add presence", "ask", "leave", "remove presence", "reply"]);
}

#[test]
fn names_that_prove_nothing_open_only_what_the_namespace_opens() {
    let introduce = |channel: &str, proved| {
        let mut desk = Desk::new(OPEN);
        let sub = ServerSub::new(channel.into(), proved);
        let introduction = Introduction { user: "42".to_owned(), subs: vec![sub], ..Introduction::default() };
        desk.hears(Input::Introduced { id: 1, introduction: Box::new(introduction) });
        desk.closed()
    };
    assert_eq!(introduce("lot:1", false), Some(3501), "no error reply, which it would not understand");
    assert_eq!(introduce("closed:1", false), Some(3507));
    assert_eq!(introduce("closed:1", true), None);
    assert_eq!(introduce("open", false), None);
}

#[test]
fn who_merely_claims_to_be_a_user_is_none_of_those_whom_a_channel_names() {
    let introduce = |user: &str, proved| {
        let toml = "[channel.without_namespace]\nallow_user_limited_channels = true";
        let mut desk = Desk::new(toml);
        let sub = ServerSub::new("diary#42".into(), false);
        let introduction =
            Introduction { user: user.to_owned(), proved, subs: vec![sub], ..Introduction::default() };
        desk.hears(Input::Introduced { id: 1, introduction: Box::new(introduction) });
        desk.closed()
    };
    assert_eq!(introduce("42", true), None);
    assert_eq!(introduce("42", false), Some(3507));
    assert_eq!(introduce("43", true), Some(3507));
}

#[test]
fn an_introduction_repeated_changes_nothing() {
    let mut desk = Desk::new(OPEN);
    for user in ["42", "43"] {
        let introduction = Box::new(Introduction { user: user.to_owned(), ..Introduction::default() });
        desk.hears(Input::Introduced { id: 1, introduction });
    }
    assert_eq!(desk.session.info().user, "42");
    assert_eq!(desk.names(), ["register", "reply"]);
}

#[test]
fn a_token_that_names_a_channel_that_the_client_cannot_read_is_refused_and_not_left_hanging() {
    let toml = format!("{OPEN}\npublication_data_format = \"binary\"");
    let mut desk = Desk::new(&toml);
    desk.says(1, connect_with(token(&json!({ "sub": "42", "channels": ["closed:1"] }))));
    assert_eq!(desk.error_code(1), Some(103));
    desk.after(Duration::from_secs(6));
    assert_eq!(desk.names(), ["reply", "drop"]);
}

#[test]
fn a_broker_that_does_not_answer_a_connect_sends_the_client_away() {
    let mut desk = Desk::new(OPEN);
    desk.says(1, connect_with(token(&json!({ "sub": "42", "channels": ["a"] }))));
    desk.after(Duration::from_secs(11));
    assert_eq!(desk.closed(), Some(3004));
}
