//! What expires is prolonged by the backend, where it is the one to ask.

use suona_protocol::SubRefreshRequest;

use super::*;
use crate::backend::{Inquiry, RefreshGrant};

const ASKING: &str = r#"
    [client.proxy.refresh]
    enabled = true
    endpoint = "http://127.0.0.1:9/refresh"
    [channel.proxy.sub_refresh]
    endpoint = "http://127.0.0.1:9/sub_refresh"
    [channel.without_namespace]
    presence = true
    sub_refresh_proxy_enabled = true
    allow_subscribe_for_client = true
"#;

const HOUR: Duration = Duration::from_secs(3600);

fn refreshed(grant: RefreshGrant) -> Advice {
    Advice::Granted(Granted::Refresh(grant))
}

fn sub_refreshed(grant: RefreshGrant) -> Advice {
    Advice::Granted(Granted::SubRefresh(grant))
}

/// A client whose token has expired just now.
fn expired() -> Desk {
    let mut desk = Desk::new(ASKING);
    let exp = (desk.now.unix + HOUR).as_secs();
    desk.says(1, connect_with(token(&serde_json::json!({ "sub": "42", "exp": exp }))));
    let replies = desk.replies();
    let [(1, Outcome::Connect(result))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!(result.ttl, None, "the client has nothing to do with it");
    desk.session.heartbeat = Heartbeat::Off;
    desk.actions.clear();
    desk.after(HOUR);
    assert_eq!(desk.names(), ["consult"], "without grace");
    desk
}

/// A client whose subscription to `news` has expired just now.
fn expired_subscription() -> Desk {
    let mut desk = Desk::new(ASKING);
    desk.says(1, connect_with(token(&serde_json::json!({ "sub": "42" }))));
    let exp = (desk.now.unix + HOUR).as_secs();
    let token = token(&serde_json::json!({ "sub": "42", "channel": "news", "exp": exp }));
    let request = SubscribeRequest { token: token.into(), ..SubscribeRequest::new("news".into()) };
    desk.says(2, Request::Subscribe(Box::new(request)));
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(None))));
    assert!(matches!(desk.replies()[..], [_, (2, Outcome::Subscribe(result))] if result.ttl.is_none()));
    desk.session.heartbeat = Heartbeat::Off;
    desk.actions.clear();
    desk.after(HOUR);
    assert_eq!(desk.names(), ["consult"]);
    assert!(matches!(&desk.consulted().1.inquiry, Inquiry::SubRefresh(channel) if **channel == *"news"));
    desk.actions.clear();
    desk
}

#[test]
fn a_connection_lives_on_as_long_as_the_backend_says() {
    let mut desk = expired();
    let expires_at = Some(desk.now.unix + HOUR);
    let info = Some("{}".into());
    desk.advises(refreshed(RefreshGrant { expires_at, info, ..RefreshGrant::default() }));
    assert_eq!(desk.session.info().conn_info.as_deref(), Some(b"{}".as_slice()));
    desk.after(HOUR - Duration::from_secs(1));
    assert_eq!(desk.names(), ["consult"]);
    desk.after(Duration::from_secs(2));
    assert_eq!(desk.names(), ["consult", "consult"], "and then it is asked again");
}

#[test]
fn without_a_new_end_a_connection_ends() {
    let past = RefreshGrant { expires_at: Some(Duration::from_secs(1)), ..RefreshGrant::default() };
    let expired_now = RefreshGrant { expired: true, ..RefreshGrant::default() };
    let refusal = Advice::Refused(ErrorReply { code: 1, message: String::new(), temporary: false });
    for advice in [refreshed(past), refreshed(expired_now), refreshed(RefreshGrant::default()), refusal] {
        let mut desk = expired();
        desk.advises(advice);
        assert_eq!(desk.closed(), Some(3005));
    }
    let mut desk = expired();
    desk.advises(Advice::Disconnect(Disconnect::custom(4500, "banned")));
    assert_eq!(desk.closed(), Some(4500));
}

#[test]
fn a_backend_that_cannot_say_is_asked_again_in_a_minute() {
    let mut desk = expired();
    desk.advises(Advice::Unavailable);
    desk.after(Duration::from_secs(59));
    assert_eq!(desk.names(), ["consult"]);
    desk.after(Duration::from_secs(2));
    assert_eq!((desk.names(), desk.closed()), (vec!["consult", "consult"], None));
}

#[test]
fn clients_do_not_refresh_what_the_backend_does() {
    let mut desk = expired();
    desk.says(2, Request::Refresh { token: String::new().into() });
    assert_eq!(desk.closed(), Some(3501));
    let mut desk = expired_subscription();
    desk.advises_on(Ask(2), sub_refreshed(RefreshGrant::default()));
    let request = SubRefreshRequest { channel: "news".into(), token: "x".to_owned().into() };
    desk.says(3, Request::SubRefresh(request));
    assert_eq!(desk.closed(), Some(3501));
}

#[test]
fn a_subscription_lives_on_as_long_as_the_backend_says() {
    let mut desk = expired_subscription();
    let expires_at = Some(desk.now.unix + HOUR);
    let info = Some("{}".into());
    desk.advises_on(Ask(2), sub_refreshed(RefreshGrant { expires_at, info, ..RefreshGrant::default() }));
    assert_eq!(desk.names(), ["add presence"], "others see the new info");
    desk.after(HOUR);
    assert_eq!(desk.names(), ["add presence", "consult"]);
    desk.advises(sub_refreshed(RefreshGrant::default()));
    desk.after(24 * HOUR);
    assert_eq!(desk.names(), ["add presence", "consult"], "without an end it stays for good");
}

#[test]
fn an_expired_subscription_ends_and_one_that_nobody_can_decide_about_does_not() {
    for grant in [
        RefreshGrant { expired: true, ..RefreshGrant::default() },
        RefreshGrant { expires_at: Some(Duration::from_secs(1)), ..RefreshGrant::default() },
    ] {
        let mut desk = expired_subscription();
        desk.advises_on(Ask(2), sub_refreshed(grant));
        assert_eq!(desk.names(), ["leave", "remove presence", "push"]);
    }
    let mut desk = expired_subscription();
    desk.advises_on(Ask(2), Advice::Unavailable);
    assert!(desk.actions.is_empty());
    desk.after(Duration::from_secs(60));
    assert_eq!(desk.names(), ["consult"]);
}
