use serde_json::json;
use suona_protocol::HistoryRequest;

use super::*;

fn as_user(toml: &str, user: &str) -> Desk {
    let mut desk = Desk::new(toml);
    desk.says(1, connect_with(token(&json!({ "sub": user }))));
    desk.actions.clear();
    desk
}

fn with_token(channel: &str, claims: &serde_json::Value) -> Request {
    let token = token(claims);
    Request::Subscribe(Box::new(SubscribeRequest {
        token: token.into(),
        ..SubscribeRequest::new(channel.into())
    }))
}

#[test]
fn a_subscription_is_told_before_anything_that_it_brings() {
    let mut desk = Desk::connected(OPEN);
    desk.says(2, subscribe("news"));
    desk.hears(Input::Early(publication("news", 6)));
    let ask = desk.asked();
    desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(Some(page(5))))));
    assert_eq!(desk.names(), ["add presence", "ask", "reply", "publication", "listen", "announce join"]);
    let position = desk.actions.iter().find_map(|action| match action {
        Action::Listen { position, .. } => *position,
        _ => None,
    });
    assert_eq!(position.map(|position| position.offset), Some(6));
}

#[test]
fn a_hole_in_what_came_while_subscribing_ends_the_connection_and_invites_back() {
    let mut desk = Desk::connected(OPEN);
    desk.says(2, subscribe("news"));
    desk.hears(Input::Early(publication("news", 7)));
    let ask = desk.asked();
    desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(Some(page(5))))));
    assert_eq!(desk.closed(), Some(3010));
}

#[test]
fn names_are_checked_before_anything_is_asked() {
    let code = |channel: &str| {
        let mut desk = Desk::connected(OPEN);
        desk.says(2, subscribe(channel));
        assert_eq!(desk.questions(), 0);
        (desk.error_code(2), desk.closed())
    };
    assert_eq!(code("unheard:of"), (Some(102), None));
    assert_eq!(code("closed:1"), (Some(103), None));
    assert_eq!(code("$news"), (Some(103), None), "private channels need a token");
    assert_eq!(code("报价"), (Some(107), None), "not ASCII, and no pattern allows it");
    assert_eq!(code(&"x".repeat(256)), (Some(107), None));
    assert_eq!(code(""), (None, Some(3501)));
}

#[test]
fn a_channel_is_subscribed_once() {
    let mut desk = Desk::subscribed(OPEN, "news");
    desk.says(3, subscribe("news"));
    assert_eq!(desk.error_code(3), Some(105));
}

#[test]
fn the_number_of_channels_is_limited() {
    let mut desk = Desk::connected(&OPEN.replace("[client]", "[client]\nchannel_limit = 2"));
    for id in 2..5 {
        desk.says(id, subscribe(&format!("news{id}")));
    }
    assert_eq!(desk.error_code(4), Some(106));
    assert_eq!(desk.questions(), 2);
}

#[test]
fn a_subscription_token_opens_its_channel_to_its_user_alone() {
    let code = |channel: &str, claims: serde_json::Value| {
        let mut desk = as_user(OPEN, "42");
        desk.says(2, with_token(channel, &claims));
        (desk.error_code(2), desk.closed(), desk.questions())
    };
    assert_eq!(code("closed:1", json!({ "sub": "42", "channel": "closed:1" })), (None, None, 1));
    assert_eq!(code("$news", json!({ "sub": "42", "channel": "$news" })), (None, None, 1));
    assert_eq!(code("closed:1", json!({ "sub": "43", "channel": "closed:1" })), (None, Some(3500), 0));
    assert_eq!(code("closed:1", json!({ "sub": "42", "channel": "closed:2" })), (None, Some(3500), 0));
    assert_eq!(code("closed:1", json!({ "sub": "42" })), (Some(103), None, 0));
    let expired = json!({ "sub": "42", "channel": "closed:1", "exp": 1_700_000_000 });
    assert_eq!(code("closed:1", expired), (Some(109), None, 0));
    let over = json!({ "sub": "42", "channel": "closed:1", "expire_at": 1_700_000_000 });
    assert_eq!(code("closed:1", over), (Some(110), None, 0));
}

#[test]
fn a_forged_subscription_token_is_a_refusal_and_not_the_end() {
    let mut desk = as_user(OPEN, "42");
    let mut request = SubscribeRequest::new("closed:1".into());
    request.token = format!("{}x", token(&json!({ "sub": "42", "channel": "closed:1" }))).into();
    desk.says(2, Request::Subscribe(Box::new(request)));
    assert_eq!((desk.error_code(2), desk.closed()), (Some(103), None));
}

#[test]
fn a_channel_may_name_its_users() {
    let toml = format!("{OPEN}\nallow_user_limited_channels = true");
    let code = |user: &str, channel: &str| {
        let mut desk = as_user(&toml, user);
        desk.says(2, subscribe(channel));
        desk.error_code(2)
    };
    assert_eq!(code("42", "closed:dialog#41,42"), None);
    assert_eq!(code("4", "closed:dialog#41,42"), Some(103));
    let toml = "[client]\ninsecure = true\n[channel.without_namespace]\nallow_user_limited_channels = true";
    let mut desk = Desk::connected(toml);
    desk.says(2, subscribe("dialog#41,42"));
    assert_eq!((desk.error_code(2), desk.questions()), (None, 1), "insecure opens everything");
}

#[test]
fn an_anonymous_option_alone_permits_nothing() {
    let toml = "[client]\nallow_anonymous_connect_without_token = true\n[channel.without_namespace]\nallow_subscribe_for_anonymous = true";
    let mut desk = Desk::connected(toml);
    desk.says(2, subscribe("news"));
    assert_eq!(desk.error_code(2), Some(103));
}

#[test]
fn subscribers_may_publish_and_others_may_not() {
    let mut desk = Desk::connected(OPEN);
    desk.says(2, publish("news"));
    assert_eq!(desk.error_code(2), Some(103));
    let mut desk = Desk::subscribed(OPEN, "news");
    desk.says(3, publish("news"));
    let ask = desk.asked();
    desk.hears(Input::Answered(ask, Ok(Answered::Published)));
    assert!(matches!(desk.replies()[..], [(3, Outcome::Publish)]));
}

#[test]
fn nothing_is_no_publication() {
    let mut desk = Desk::subscribed(OPEN, "news");
    let data = Payload::new();
    let request =
        PublishRequest { channel: "news".into(), data, idempotency_key: String::new(), exclude_self: false };
    desk.says(3, Request::Publish(request));
    assert_eq!(desk.error_code(3), Some(107));
}

#[test]
fn what_the_namespace_does_not_keep_cannot_be_had() {
    let mut desk = Desk::connected("[client]\ninsecure = true");
    desk.says(2, Request::Presence("news".into()));
    desk.says(3, Request::PresenceStats("news".into()));
    desk.says(
        4,
        Request::History(HistoryRequest { channel: "news".into(), limit: 1, since: None, reverse: false }),
    );
    desk.says(
        5,
        Request::Rpc(suona_protocol::RpcRequest {
            method: String::new(),
            data: None,
            idempotency_key: String::new(),
        }),
    );
    assert_eq!([2, 3, 4, 5].map(|id| desk.error_code(id)), [Some(108); 4]);
    desk.says(0, Request::Send("1".into()));
    assert_eq!(desk.closed(), Some(3508));
}

#[test]
fn a_page_of_history_is_as_long_as_asked_but_never_longer_than_allowed() {
    let limit = |limit: i32| {
        let mut desk = Desk::subscribed(OPEN, "news");
        desk.says(
            3,
            Request::History(HistoryRequest { channel: "news".into(), limit, since: None, reverse: false }),
        );
        match desk.actions.last() {
            Some(Action::Ask(_, Question::History { query, .. })) => query.limit,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([0, 7, 1000, -1].map(limit), [0, 7, 300, 300]);
}

#[test]
fn a_presence_list_that_would_fill_the_outbox_is_refused() {
    let mut desk = Desk::subscribed(OPEN, "news");
    desk.says(3, Request::Presence("news".into()));
    let info = Arc::new(ClientInfo { user: "x".repeat(1000), ..ClientInfo::default() });
    let ask = desk.asked();
    desk.hears(Input::Answered(ask, Ok(Answered::Presence(vec![info; 1000]))));
    assert_eq!(desk.error_code(3), Some(106));
}

#[test]
fn a_gap_ends_a_subscription_and_invites_to_recover() {
    let mut desk = Desk::subscribed(OPEN, "news");
    desk.hears(Input::Gap("news".into()));
    assert_eq!(desk.names(), ["leave", "remove presence", "announce leave", "push"]);
    assert!(matches!(
        &desk.actions[3],
        Action::Push(Push { event: PushEvent::Unsubscribe(UnsubscribeCode::InsufficientState), .. })
    ));
}

#[test]
fn whoever_wants_an_error_rather_than_a_gap_gets_one() {
    let mut desk = Desk::connected(OPEN);
    let Request::Subscribe(mut request) = recover("news", 2) else { unreachable!() };
    request.reject_unrecovered = true;
    desk.says(2, Request::Subscribe(request));
    let ask = desk.asked();
    desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(Some(page(5))))));
    assert_eq!(desk.error_code(2), Some(112));
    assert_eq!(desk.names(), ["add presence", "ask", "leave", "remove presence", "reply"]);
}

#[test]
fn a_broker_that_fails_ends_a_subscribing_client_and_only_refuses_a_publishing_one() {
    let mut desk = Desk::connected(OPEN);
    desk.says(2, subscribe("news"));
    let ask = desk.asked();
    desk.hears(Input::Answered(ask, Err(BrokerError::Unreachable)));
    assert_eq!(desk.closed(), Some(3004));

    let mut desk = Desk::subscribed(OPEN, "news");
    desk.says(3, publish("news"));
    let ask = desk.asked();
    desk.hears(Input::Answered(ask, Err(BrokerError::NoRoom)));
    let error = desk.error(3).expect("an error");
    assert_eq!((error.code, error.temporary), (100, true));
}

#[test]
fn a_server_may_end_a_subscription() {
    let mut desk = Desk::subscribed(OPEN, "news");
    desk.hears(Input::Unsubscribe("news".into(), UnsubscribeCode::Server));
    assert_eq!(desk.names(), ["leave", "remove presence", "announce leave", "push"]);
    desk.says(3, subscribe("news"));
    assert_eq!(desk.error_code(3), None, "and the client may come back");
}

#[test]
fn a_connection_that_is_lost_leaves_everything() {
    let mut desk = Desk::subscribed(OPEN, "news");
    desk.says(3, subscribe("more"));
    let ask = desk.asked();
    desk.actions.clear();
    desk.session.lost(&mut desk.actions);
    assert_eq!(
        desk.names(),
        ["leave", "remove presence", "leave", "remove presence", "announce leave"],
        "who had not joined yet does not leave"
    );
    desk.actions.clear();
    desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(Some(page(5))))));
    assert!(desk.actions.is_empty(), "an answer that comes too late changes nothing");
}

#[test]
fn names_that_are_too_long_are_refused_whatever_is_asked() {
    let long = "x".repeat(256);
    let mut desk = Desk::connected("[client]\ninsecure = true");
    let history = HistoryRequest { channel: long.as_str().into(), limit: 1, since: None, reverse: false };
    desk.says(2, publish(&long));
    desk.says(3, Request::Presence(long.as_str().into()));
    desk.says(4, Request::PresenceStats(long.as_str().into()));
    desk.says(5, Request::History(history));
    assert_eq!([2, 3, 4, 5].map(|id| desk.error_code(id)), [Some(107); 4]);
}

#[test]
fn a_subscription_that_the_server_ends_before_it_began_is_answered_all_the_same() {
    let mut desk = Desk::connected(OPEN);
    desk.says(2, subscribe("news"));
    let ask = desk.asked();
    desk.hears(Input::Unsubscribe("news".into(), UnsubscribeCode::Server));
    desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(Some(page(5))))));
    assert_eq!(desk.error_code(2), Some(103));
}

#[test]
fn who_was_never_announced_does_not_leave() {
    let mut desk = Desk::new(OPEN);
    desk.says(1, connect_with(token(&json!({ "sub": "42", "channels": ["news"] }))));
    let ask = desk.asked();
    desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(Some(page(5))))));
    desk.actions.clear();
    desk.hears(Input::NotRegistered);
    assert_eq!(desk.names(), ["close", "leave", "remove presence"]);
    assert_eq!(desk.closed(), Some(3504));
}

#[test]
fn what_a_protobuf_client_publishes_must_be_json_where_json_clients_may_hear_it() {
    let code = |data: &'static str| {
        let manners = Manners { reads_binary: true, ..Manners::default() };
        let mut desk = Desk::with_manners(config_of("[client]\ninsecure = true"), manners);
        desk.says(1, Request::Connect(Box::default()));
        let data = Payload::from_static(data.as_bytes());
        let request = PublishRequest {
            channel: "news".into(),
            data,
            idempotency_key: String::new(),
            exclude_self: false,
        };
        desk.says(2, Request::Publish(request));
        (desk.error_code(2), desk.questions())
    };
    assert_eq!(code("{\"cut\":"), (Some(107), 0));
    assert_eq!(code("{\"whole\":1}"), (None, 1));
}
