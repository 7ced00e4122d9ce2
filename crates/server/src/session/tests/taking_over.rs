//! What a client leaves to its next connection, and what becomes of it.

use super::*;

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
    desk.session.bequeath(&mut desk.actions)
}

/// The broker lets the client into the channel that it asked for last.
fn joins(desk: &mut Desk) {
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(Some(page(5))))));
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
