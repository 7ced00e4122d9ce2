use suona_protocol::HistoryRequest;

use super::*;

fn history(channel: &str) -> Request {
    Request::History(HistoryRequest { channel: channel.into(), limit: 10, since: None, reverse: false })
}

#[test]
fn commands_about_one_channel_run_one_after_another() {
    let mut desk = Desk::connected(OPEN);
    desk.says(2, subscribe("news"));
    let ask = desk.asked();
    desk.says(3, publish("news"));
    desk.says(4, Request::Unsubscribe("news".into()));
    desk.says(5, Request::PresenceStats("other".into()));
    assert_eq!(desk.error_code(5), Some(103), "another channel does not wait");
    assert_eq!(desk.questions(), 1);
    desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(Some(page(5))))));
    assert_eq!(desk.questions(), 2, "now it may publish, being subscribed");
    let ask = desk.asked();
    desk.hears(Input::Answered(ask, Ok(Answered::Published)));
    let order: Vec<_> = desk.replies().iter().map(|(id, _)| *id).collect();
    assert_eq!(order, [5, 2, 3, 4]);
}

#[test]
fn a_ping_overtakes_everything() {
    let mut desk = Desk::connected(OPEN);
    desk.says(2, subscribe("news"));
    desk.says(3, Request::Ping);
    assert!(matches!(desk.replies()[..], [(3, Outcome::Ping)]));
}

#[test]
fn large_replies_come_one_at_a_time_and_only_when_there_is_room() {
    let mut desk = Desk::subscribed(OPEN, "news");
    desk.says(3, history("news"));
    desk.says(4, recover("a", 3));
    desk.says(5, recover("b", 3));
    assert_eq!(desk.questions(), 1);
    desk.room = false;
    let ask = desk.asked();
    desk.hears(Input::Answered(ask, Ok(Answered::History(page(5)))));
    assert_eq!(desk.questions(), 1, "the reply fills the outbox");
    assert!(desk.session.is_waiting());
    desk.room = true;
    desk.hears(Input::Drained);
    assert_eq!(desk.questions(), 2);
    let ask = desk.asked();
    desk.hears(Input::Answered(ask, Ok(Answered::Subscribed(Some(page(3))))));
    assert_eq!(desk.questions(), 2, "nobody knows yet how much room that reply left");
    desk.hears(Input::Drained);
    assert_eq!(desk.questions(), 3);
}

#[test]
fn small_replies_do_not_wait_for_room() {
    let mut desk = Desk::connected(OPEN);
    desk.room = false;
    desk.says(2, subscribe("news"));
    assert_eq!(desk.questions(), 1);
}

#[test]
fn more_than_a_well_behaved_client_would_ask_at_once_is_too_much() {
    let mut desk = Desk::connected(OPEN);
    desk.says(2, subscribe("news"));
    for id in 3..2000 {
        desk.says(id, publish("news"));
    }
    assert_eq!(desk.closed(), Some(3013));
}

#[test]
fn many_bytes_that_wait_are_too_much_as_well() {
    let mut desk = Desk::connected(OPEN);
    desk.says(2, subscribe("news"));
    for id in 3..40 {
        let Request::Publish(request) = publish("news") else { unreachable!() };
        let data = Payload::from(vec![b'1'; 60_000]);
        desk.says(id, Request::Publish(PublishRequest { data, ..request }));
    }
    assert_eq!(desk.closed(), Some(3013));
}
