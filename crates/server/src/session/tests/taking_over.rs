//! What a client leaves to its next connection, and what becomes of it.

use super::*;

const GRACE: Duration = Duration::from_secs(10);

/// The next connection of the same client, asking for what the last one left.
fn succeeding(subs: usize) -> Desk {
    let mut desk = Desk::new(OPEN);
    let headers = vec![("suona-session".to_owned(), "V1StGXR8_Z5jdHi6B-myT0".to_owned())];
    let subs = (0..subs).map(|n| (n.to_string().as_str().into(), RecoverFrom::default())).collect();
    let request = ConnectRequest { subs, headers, ..ConnectRequest::default() };
    desk.says(1, Request::Connect(Box::new(request)));
    assert_eq!(desk.names(), ["take over"]);
    desk.actions.clear();
    desk
}

/// A client that took over.
fn heir(estate: Option<Estate>) -> Desk {
    let mut desk = succeeding(0);
    desk.hears(Input::Inherited(estate));
    assert!(desk.session.is_connected());
    desk.session.heartbeat = Heartbeat::Off;
    desk.actions.clear();
    desk
}

/// What a client leaves that hears `news`.
fn estate() -> Option<Estate> {
    let mut desk = heir(None);
    desk.says(2, subscribe("news"));
    joins(&mut desk);
    bequeath(&mut desk)
}

fn bequeath(desk: &mut Desk) -> Option<Estate> {
    let ctx = Context { rules: &desk.rules, now: desk.now, room: true };
    desk.session.bequeath(ctx, &mut desk.actions)
}

/// The broker lets the client into the channel that it asked for last.
fn joins(desk: &mut Desk) {
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(Some(page(5))))));
}

#[test]
fn who_names_its_session_is_told_which_life_of_the_gateway_this_is() {
    let node = |desk: &Desk| match desk.replies().first() {
        Some((_, Outcome::Connect(result))) => result.node.to_string(),
        other => panic!("{other:?}"),
    };
    let mut desk = succeeding(0);
    desk.hears(Input::Inherited(None));
    assert_eq!(node(&desk), "this life");
    let mut stranger = Desk::new(OPEN);
    stranger.says(1, Request::Connect(Box::default()));
    assert_eq!(node(&stranger), "");
}

#[test]
fn a_client_with_too_many_channels_is_told_and_leaves_those_of_its_old_connection() {
    let mut desk = succeeding(129);
    desk.hears(Input::Inherited(estate()));
    assert_eq!(
        (desk.names(), desk.closed()),
        (vec!["close", "remove presence", "announce leave"], Some(3505))
    );
    assert!(desk.session.is_closed());
}

#[test]
fn what_a_client_left_is_over_after_its_own_grace_however_often_it_is_taken_over() {
    let mut second = heir(estate());
    second.after(GRACE - Duration::from_secs(1));
    let estate = bequeath(&mut second);
    let mut third = succeeding(0);
    third.now = second.now;
    third.hears(Input::Inherited(estate));
    third.session.heartbeat = Heartbeat::Off;
    third.actions.clear();
    third.after(Duration::from_secs(1));
    assert_eq!(third.names(), ["remove presence", "announce leave"]);
}

#[test]
fn an_estate_has_no_more_channels_than_a_client_may_have() {
    let mut estate = None;
    for hop in 0..3 {
        let mut desk = heir(estate.take());
        for n in 0..100 {
            desk.says(2 + n, subscribe(&format!("{hop}-{n}")));
            joins(&mut desk);
        }
        desk.actions.clear();
        estate = bequeath(&mut desk);
        let kept = estate.as_ref().map(|estate| estate.channels.len());
        let buried = desk.names().iter().filter(|name| **name == "announce leave").count();
        assert_eq!((kept, buried), if hop == 0 { (Some(100), 0) } else { (Some(128), [0, 72, 100][hop]) });
    }
}

#[test]
fn a_client_taken_over_while_it_subscribes_again_is_in_its_channel_once() {
    let mut second = heir(estate());
    second.says(2, subscribe("news"));
    let mut third = heir(bequeath(&mut second));
    third.says(2, subscribe("news"));
    joins(&mut third);
    assert!(!third.names().contains(&"announce join"), "{:?}", third.names());
    third.actions.clear();
    third.after(2 * GRACE);
    assert!(third.actions.is_empty(), "{:?}", third.names());
}

#[test]
fn a_client_whose_subscribing_outlasts_the_grace_neither_leaves_nor_joins() {
    let mut desk = heir(estate());
    desk.says(2, subscribe("news"));
    desk.after(GRACE);
    joins(&mut desk);
    desk.after(2 * GRACE);
    assert_eq!(desk.names(), ["add presence", "ask", "reply", "listen"]);
}

#[test]
fn a_client_whose_subscribing_fails_after_the_grace_has_left() {
    let mut desk = heir(estate());
    desk.says(2, subscribe("news"));
    desk.after(GRACE);
    desk.hears(Input::Unsubscribe("news".into(), UnsubscribeCode::Server));
    desk.after(GRACE);
    assert!(desk.names().contains(&"announce leave"), "{:?}", desk.names());
}
