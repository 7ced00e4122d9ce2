//! What tokens, proxies and users' own channels say about a client.

use serde_json::json;
use suona_protocol::SubRefreshRequest;

use super::*;
use crate::{
    auth::published,
    backend::{ConnectGrant, Inquiry},
};

const LOGGED_IN: &str = r#"
    [channel.without_namespace]
    allow_subscribe_for_client = true
    [client.subscribe_to_user_personal_channel]
    enabled = true
    personal_channel_namespace = "personal"
    [[channel.namespaces]]
    name = "personal"
"#;

/// A client that has said nothing, where keys are published.
fn desk_of_published_keys() -> (Desk, Verifier) {
    let tokens = published::nothing();
    (Desk::with_tokens(config_of(""), Manners::default(), &tokens), tokens)
}

fn fetch(desk: &Desk) -> Ask {
    let asked = desk.actions.iter().rev().find_map(|action| match action {
        Action::FetchKeys(ask, _) => Some(*ask),
        _ => None,
    });
    asked.expect("the session wants keys")
}

fn fetched(desk: &mut Desk) {
    let ask = fetch(desk);
    desk.hears(Input::Answered(ask, Ok(Answered::KeysFetched)));
}

fn not_fetched(desk: &mut Desk) {
    let ask = fetch(desk);
    desk.hears(Input::Answered(ask, Err(BrokerError::Unreachable)));
}

/// The channels of the connect reply, once the broker has answered for each.
fn heard_from_the_start(desk: &mut Desk) -> Vec<String> {
    let asks = desk.actions.iter().filter_map(|action| match action {
        Action::Ask(ask, Question::Subscribe { .. }) => Some(*ask),
        _ => None,
    });
    for ask in asks.collect::<Vec<_>>() {
        desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(None))));
    }
    let replies = desk.replies();
    let [(1, Outcome::Connect(result))] = replies[..] else { panic!("{replies:?}") };
    result.subs.iter().map(|(channel, _)| channel.to_string()).collect()
}

#[test]
fn a_token_with_an_unknown_key_waits_for_it_and_what_follows_waits_too() {
    let (mut desk, tokens) = desk_of_published_keys();
    desk.says(1, connect_with(published::token(&json!({ "sub": "ann" }))));
    desk.says(2, Request::Ping);
    assert_eq!(desk.names(), ["fetch keys"]);
    published::publish(&tokens);
    fetched(&mut desk);
    assert_eq!(desk.session.info().user, "ann");
    assert!(matches!(desk.replies()[..], [(1, Outcome::Connect(_)), (2, Outcome::Ping)]));
    desk.says(3, Request::Refresh { token: published::token(&json!({ "sub": "ann" })).into() });
    assert!(matches!(desk.replies()[..], [.., (3, Outcome::Refresh(_))]), "its key is known now");
}

#[test]
fn a_key_that_does_not_exist_is_a_forged_token_and_a_dead_endpoint_is_our_trouble() {
    let (mut desk, _) = desk_of_published_keys();
    desk.says(1, connect_with(published::token(&json!({ "sub": "ann" }))));
    fetched(&mut desk);
    assert_eq!(desk.closed(), Some(3500));

    let (mut desk, _) = desk_of_published_keys();
    desk.says(1, connect_with(published::token(&json!({ "sub": "ann" }))));
    not_fetched(&mut desk);
    assert!(desk.error(1).is_some_and(|error| error.code == 100 && error.temporary));
    assert!(desk.session.is_refused() && desk.closed().is_none());
}

#[test]
fn later_tokens_wait_for_their_keys_in_their_lanes() {
    let tokens = published::nothing();
    let toml = "[client]\ninsecure = true";
    let mut desk = Desk::with_tokens(config_of(toml), Manners::default(), &tokens);
    desk.says(1, Request::Connect(Box::default()));
    desk.actions.clear();
    let token = published::token(&json!({ "channel": "news" }));
    let request = SubscribeRequest { token: token.clone().into(), ..SubscribeRequest::new("news".into()) };
    desk.says(2, Request::Subscribe(Box::new(request)));
    desk.says(3, publish("news"));
    desk.says(4, publish("other"));
    assert_eq!(desk.names(), ["fetch keys", "ask"], "the other channel need not wait");
    published::publish(&tokens);
    fetched(&mut desk);
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(None))));
    assert!(matches!(desk.replies()[..], [(2, Outcome::Subscribe(_))]));
    assert_eq!(desk.questions(), 3, "and then the publication's turn has come");

    let (unknown, _) = token.split_once('.').unwrap();
    assert!(!unknown.is_empty());
    let other = published::nothing();
    desk.rules.subscription_tokens = other.clone();
    desk.rules.connection_tokens = Arc::new(other);
    let refresh = SubRefreshRequest { channel: "news".into(), token: token.clone().into() };
    desk.says(5, Request::SubRefresh(refresh));
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Published)));
    not_fetched(&mut desk);
    assert_eq!((desk.error_code(5), desk.closed()), (Some(100), None), "it may try again");
    desk.says(6, Request::Refresh { token: token.into() });
    fetched(&mut desk);
    assert_eq!(desk.closed(), Some(3500));
}

#[test]
fn one_client_takes_few_of_the_places_of_those_who_wait_for_keys() {
    let tokens = published::nothing();
    let mut desk = Desk::with_tokens(config_of("[client]\ninsecure = true"), Manners::default(), &tokens);
    desk.says(1, Request::Connect(Box::default()));
    desk.actions.clear();
    let token = published::token(&json!({ "channel": "news" }));
    let subscribe = |channel: String| {
        Request::Subscribe(Box::new(SubscribeRequest {
            token: token.as_str().into(),
            ..SubscribeRequest::new(channel.as_str().into())
        }))
    };
    for id in 2..102 {
        desk.says(id, subscribe(format!("lot:{id}")));
        desk.says(id + 1000, Request::Refresh { token: token.as_str().into() });
    }
    let fetches = desk.names().iter().filter(|name| **name == "fetch keys").count();
    assert_eq!(fetches, 4);
    assert!(desk.error(101).is_some_and(|error| error.code == 111 && error.temporary));
    assert!(desk.error(1101).is_some_and(|error| error.code == 111) && desk.closed().is_none());

    not_fetched(&mut desk);
    desk.says(200, subscribe("later".to_owned()));
    assert_eq!((desk.error_code(200), desk.names().last()), (None, Some(&"fetch keys")), "a place is free");
}

#[test]
fn users_hear_their_own_channel_from_the_start_and_recover_it() {
    let mut desk = Desk::new(LOGGED_IN);
    desk.says(1, connect_with(token(&json!({ "sub": "42", "channels": ["news"] }))));
    assert_eq!(heard_from_the_start(&mut desk), ["news", "personal:#42"]);

    let mut desk = Desk::new(&LOGGED_IN.replace("personal_channel_namespace = \"personal\"", ""));
    let since = RecoverFrom { recover: true, offset: 7, epoch: None };
    let wishes = vec![("#42".into(), since)];
    let token = token(&json!({ "sub": "42" })).into();
    desk.says(1, Request::Connect(Box::new(ConnectRequest { token, subs: wishes, ..Default::default() })));
    let Some(subscription) = desk.session.subscription(&"#42".into()) else { panic!("no subscription") };
    assert!(
        matches!(&subscription.stage, subscription::Stage::Joining(joining) if joining.since.offset == 7)
    );
    assert_eq!(heard_from_the_start(&mut desk), ["#42"]);
}

#[test]
fn nobody_has_no_channel_of_his_own_and_neither_has_a_user_that_is_merely_claimed() {
    let mut desk = Desk::new(LOGGED_IN);
    desk.says(1, connect_with(token(&json!({}))));
    assert!(heard_from_the_start(&mut desk).is_empty());

    for (proved, expected) in [(false, 0), (true, 1)] {
        let mut desk = Desk::new(LOGGED_IN);
        let introduction = Introduction { user: "42".to_owned(), proved, ..Introduction::default() };
        desk.hears(Input::Introduced { id: 1, introduction: Box::new(introduction) });
        assert_eq!(heard_from_the_start(&mut desk).len(), expected);
    }
}

#[test]
fn a_new_token_that_names_other_channels_makes_the_client_come_back() {
    let refreshed = |claims: serde_json::Value| {
        let mut desk = Desk::new(LOGGED_IN);
        desk.says(1, connect_with(token(&json!({ "sub": "42", "subs": { "b": {}, "a": {} } }))));
        assert_eq!(heard_from_the_start(&mut desk), ["a", "b", "personal:#42"]);
        desk.says(2, Request::Refresh { token: token(&claims).into() });
        desk.closed()
    };
    assert_eq!(refreshed(json!({ "sub": "42", "channels": ["b", "a"] })), None);
    assert_eq!(refreshed(json!({ "sub": "42", "channels": ["a"] })), Some(3010));
    assert_eq!(refreshed(json!({ "sub": "42", "channels": ["a", "b", "c"] })), Some(3010));
    assert_eq!(refreshed(json!({ "sub": "42" })), Some(3010));
    assert_eq!(refreshed(json!({ "sub": "43", "channels": ["a", "b"] })), Some(3500));
}

#[test]
fn a_channel_that_the_client_has_left_is_still_one_of_its_token() {
    let claims = json!({ "sub": "42", "channels": ["a", "b"] });
    let mut desk = Desk::new(LOGGED_IN);
    desk.says(1, connect_with(token(&claims)));
    heard_from_the_start(&mut desk);
    desk.says(2, Request::Unsubscribe("a".into()));
    desk.says(3, Request::Refresh { token: token(&claims).into() });
    assert!(matches!(desk.replies()[..], [.., (3, Outcome::Refresh(_))]), "{:?}", desk.closed());
}

#[test]
fn what_else_a_client_hears_is_no_matter_of_its_token() {
    let mut desk = Desk::new(LOGGED_IN);
    desk.says(1, connect_with(token(&json!({ "sub": "42" }))));
    heard_from_the_start(&mut desk);
    desk.says(2, subscribe("news"));
    desk.says(3, Request::Refresh { token: token(&json!({ "sub": "42" })).into() });
    assert!(matches!(desk.replies()[..], [.., (3, Outcome::Refresh(_))]));
}

#[test]
fn a_proxy_names_the_user_of_a_client_that_has_no_token() {
    let mut desk = Desk::new(LOGGED_IN);
    desk.session.vouch_for("42");
    desk.says(1, Request::Connect(Box::default()));
    assert_eq!(heard_from_the_start(&mut desk), ["personal:#42"]);
    assert_eq!(desk.session.info().user, "42");

    let mut desk = Desk::new(LOGGED_IN);
    desk.session.vouch_for("42");
    desk.says(1, connect_with(token(&json!({ "sub": "43" }))));
    assert_eq!(heard_from_the_start(&mut desk), ["personal:#43"], "a token says more");

    let mut desk = Desk::new(LOGGED_IN);
    desk.session.vouch_for("42");
    desk.says(1, connect_with("forged".to_owned()));
    assert_eq!(desk.closed(), Some(3500));
}

#[test]
fn the_backend_is_asked_before_the_proxy_is_believed() {
    let asking = "[client.proxy.connect]\nenabled = true\nendpoint = \"http://127.0.0.1:9/connect\"";
    for (grant, user) in [
        (Some(Box::new(ConnectGrant { user: "43".to_owned(), ..ConnectGrant::default() })), "43"),
        (None, "42"),
    ] {
        let mut desk = Desk::new(asking);
        desk.session.vouch_for("42");
        desk.says(1, Request::Connect(Box::default()));
        assert!(matches!(desk.consulted().1.inquiry, Inquiry::Connect(_)));
        desk.advises(Advice::Granted(Granted::Connect(grant)));
        assert_eq!(desk.session.info().user, user);
    }
}

#[test]
fn bytes_that_a_token_brings_reach_who_can_read_them_and_refuse_nobody() {
    let data = |reads_binary| {
        let manners = Manners { reads_binary, ..Manners::default() };
        let mut desk = Desk::with_manners(config_of(""), manners);
        let subs = json!({ "news": { "b64data": "AAEC", "b64info": "AAEC" } });
        desk.says(1, connect_with(token(&json!({ "sub": "42", "b64info": "AAEC", "subs": subs }))));
        let ask = desk.asked();
        desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(None))));
        match desk.replies()[..] {
            [(1, Outcome::Connect(result))] => result.subs[0].1.data.clone(),
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!(data(true).as_deref(), Some(b"\0\x01\x02".as_slice()));
    assert_eq!(data(false), None);
}
