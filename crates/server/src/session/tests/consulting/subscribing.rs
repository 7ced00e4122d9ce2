//! Who hears a channel.

use super::*;

#[test]
fn a_wish_in_the_connect_command_does_not_get_round_the_subscribe_webhook() {
    let mut desk = Desk::new(ASKING);
    let subs = vec![("news".into(), RecoverFrom::default()), ("open:a".into(), RecoverFrom::default())];
    desk.says(1, Request::Connect(Box::new(ConnectRequest { subs, ..ConnectRequest::default() })));
    desk.advises(connect(ann()));
    assert_eq!(desk.questions(), 1, "open:a alone");
}

#[test]
fn the_backend_says_who_subscribes_and_wishes_are_not_consulted() {
    let mut desk = known();
    let request =
        SubscribeRequest { recoverable: true, positioned: true, ..SubscribeRequest::new("news".into()) };
    desk.says(2, Request::Subscribe(Box::new(request)));
    desk.says(3, publish("news"));
    assert_eq!(desk.names(), ["consult"], "the channel's next command waits");
    let grant = SubscriptionGrant { data: Some("5".into()), ..SubscriptionGrant::default() };
    let expires_at = Some(desk.now.unix + Duration::from_secs(60));
    let granted = SubscribeGrant { grant, expires_at, ..SubscribeGrant::default() };
    desk.advises(Advice::Granted(Granted::Subscribe(Box::new(granted))));
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(None))));
    let replies = desk.replies();
    let [(2, Outcome::Subscribe(result))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!((result.recoverable, result.position, result.ttl), (false, None, Some(60)));
    assert_eq!(result.data.as_deref(), Some(b"5".as_slice()));
    assert!(matches!(desk.consulted().1.inquiry, Inquiry::Publish { .. }), "now it is its turn");
}

#[test]
fn what_the_subscribe_webhook_refuses_or_cannot_say_is_an_error_and_other_channels_go_on() {
    let mut desk = known();
    desk.says(2, subscribe("a"));
    desk.says(3, subscribe("open:b"));
    assert_eq!(desk.questions(), 1, "another channel waits for nothing");
    desk.advises(refusal(true));
    assert!(desk.error(2).is_some_and(|error| error.code == 1000 && error.temporary));
    desk.says(4, subscribe("a"));
    desk.advises(Advice::Unavailable);
    assert!(desk.error(4).is_some_and(|error| error.code == 100 && error.temporary));
    desk.says(5, subscribe("a"));
    let ask = desk.consulted().0;
    desk.hears(Input::Answered(ask, Err(BrokerError::Unreachable)));
    assert_eq!(desk.error_code(5), Some(100), "an answer that got lost is none");
    desk.says(6, subscribe("a"));
    desk.advises(end());
    assert_eq!(desk.closed(), Some(4500));
}

#[test]
fn private_channels_need_a_token_whatever_the_backend_would_say() {
    let mut desk = known();
    desk.says(2, subscribe("$news"));
    assert_eq!(desk.error_code(2), Some(103));
}

#[test]
fn a_recovery_waits_for_room_after_the_backend_has_agreed_and_holds_up_nobody_before() {
    let mut desk = known();
    desk.says(2, recover("slow", 3));
    desk.says(3, recover("open:a", 3));
    assert_eq!(desk.questions(), 1, "a webhook does not hold up another recovery");
    let (first, recovery) = (desk.consulted().0, desk.asked());
    desk.advises_on(first, allowed());
    desk.says(4, publish("slow"));
    assert_eq!(desk.questions(), 1, "one recovery at a time");
    desk.hears(Input::Answered(recovery, Ok(Answered::Subscribed(Some(page(3))))));
    desk.hears(Input::Drained);
    assert_eq!(desk.questions(), 2);
    assert_ne!(desk.asked(), recovery);
    let order: Vec<_> = desk.replies().iter().map(|(id, _)| *id).collect();
    assert_eq!(order, [3], "command 4 still waits for 2");
}
