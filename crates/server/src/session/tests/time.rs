use serde_json::json;

use super::*;

const START: u64 = 1_800_000_000;

#[test]
fn a_client_that_answers_pings_stays_and_one_that_does_not_goes() {
    let mut desk = Desk::connected(OPEN);
    desk.after(Duration::from_secs(13));
    assert_eq!(desk.names(), ["ping"]);
    desk.says(0, Request::Pong);
    desk.after(Duration::from_secs(25));
    assert_eq!(desk.names(), ["ping", "ping"]);
    desk.after(Duration::from_secs(8));
    assert_eq!(desk.closed(), Some(3012));
    assert_eq!(desk.session.deadline(), None);
}

#[test]
fn a_pong_that_nobody_asked_for_is_a_bad_request() {
    let mut desk = Desk::connected(OPEN);
    desk.says(0, Request::Pong);
    assert_eq!(desk.closed(), Some(3501));
}

#[test]
fn a_protocol_pong_may_come_at_any_time() {
    let mut desk = Desk::connected(OPEN);
    desk.hears(Input::ProtocolPong);
    desk.after(Duration::from_secs(13));
    desk.hears(Input::ProtocolPong);
    desk.after(Duration::from_secs(20));
    assert_eq!(desk.closed(), None);
}

#[test]
fn where_silence_counts_only_words_break_it() {
    let manners = Manners {
        ping: Some(PingSchedule {
            interval: Duration::from_secs(25),
            pong_timeout: Some(Duration::from_secs(8)),
        }),
        idle_timeout: Some(Duration::from_secs(60)),
        ..Manners::default()
    };
    let mut desk = Desk::with_manners(config_of(OPEN), manners);
    desk.says(1, Request::Connect(Box::default()));
    for _ in 0..4 {
        desk.after(Duration::from_secs(13));
        desk.hears(Input::ProtocolPong);
    }
    desk.hears(Input::Heartbeat);
    desk.after(Duration::from_secs(13));
    assert_eq!(desk.closed(), None);
    desk.hears(Input::ProtocolPong);
    desk.after(Duration::from_secs(20));
    desk.hears(Input::ProtocolPong);
    desk.after(Duration::from_secs(28));
    assert_eq!(desk.closed(), Some(3012));
}

#[test]
fn a_connection_ends_some_time_after_its_token_unless_that_is_refreshed() {
    let claims = |exp: u64| token(&json!({ "sub": "42", "exp": exp }));
    let mut desk = Desk::new("[client]\nping_interval = \"0s\"\npong_timeout = \"0s\"");
    Arc::make_mut(&mut desk.session.manners).ping = None;
    desk.says(1, connect_with(claims(START + 60)));
    let replies = desk.replies();
    let [(1, Outcome::Connect(result))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!(result.ttl, Some(60));
    desk.after(Duration::from_secs(50));
    desk.says(2, Request::Refresh { token: claims(START + 120).into() });
    desk.after(Duration::from_secs(94));
    assert_eq!(desk.closed(), None);
    desk.after(Duration::from_secs(2));
    assert_eq!(desk.closed(), Some(3005));
}

#[test]
fn a_refresh_with_a_bad_token_ends_the_connection() {
    let close = |claims: serde_json::Value| {
        let mut desk = Desk::new("");
        desk.says(1, connect_with(token(&json!({ "sub": "42", "exp": START + 60 }))));
        desk.says(2, Request::Refresh { token: token(&claims).into() });
        desk.closed()
    };
    assert_eq!(close(json!({ "sub": "43", "exp": START + 120 })), Some(3500));
    assert_eq!(close(json!({ "sub": "42", "exp": START - 1 })), Some(3005));
    assert_eq!(close(json!({ "sub": "42", "exp": START + 120 })), None);
}

#[test]
fn a_subscription_ends_some_time_after_its_token_unless_that_is_refreshed() {
    let claims = |exp: u64| token(&json!({ "channel": "closed:1", "exp": exp }));
    let mut desk = Desk::connected(OPEN);
    desk.session.heartbeat = Heartbeat::Off;
    let mut request = SubscribeRequest::new("closed:1".into());
    request.token = claims(START + 60).into();
    desk.says(2, Request::Subscribe(Box::new(request)));
    let ask = desk.asked();
    desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(None))));
    desk.after(Duration::from_secs(50));
    let request =
        suona_protocol::SubRefreshRequest { channel: "closed:1".into(), token: claims(START + 120).into() };
    desk.says(3, Request::SubRefresh(request));
    assert!(
        matches!(desk.replies().last(), Some((3, Outcome::SubRefresh(result))) if result.ttl == Some(70))
    );
    desk.after(Duration::from_secs(94));
    assert_eq!(desk.names().last(), Some(&"reply"));
    desk.after(Duration::from_secs(2));
    assert_eq!(desk.names()[desk.names().len() - 2..], ["leave", "push"]);
    assert_eq!(desk.closed(), None);
}

#[test]
fn the_application_may_show_the_time() {
    let mut desk = Desk::new("[client]\ninsecure = true\nconnect_include_server_time = true");
    desk.says(1, Request::Connect(Box::default()));
    let replies = desk.replies();
    let [(1, Outcome::Connect(result))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!(result.time, Some(START * 1000));
}

#[test]
fn a_refresh_with_a_token_that_is_over_does_not_make_a_subscription_last_for_ever() {
    let mut desk = Desk::subscribed(OPEN, "news");
    let over = token(&json!({ "channel": "news", "expire_at": START - 1 })).into();
    desk.says(
        3,
        Request::SubRefresh(suona_protocol::SubRefreshRequest { channel: "news".into(), token: over }),
    );
    assert!(desk.error(3).is_some_and(|error| error.temporary), "{:?}", desk.actions);
}
