//! What the backend answers to requests of clients.

use super::*;

#[test]
fn requests_run_side_by_side_and_the_seventeenth_waits() {
    let mut desk = known();
    for id in 2..19 {
        desk.says(id, rpc("list"));
    }
    assert_eq!(desk.names(), ["consult"; 16]);
    let Action::Consult(second, _) = desk.actions[1] else { panic!("a request") };
    desk.advises_on(second, result("2"));
    assert!(matches!(desk.replies()[..], [(3, Outcome::Rpc { .. })]), "in whatever order they are answered");
    assert_eq!(desk.names().last(), Some(&"consult"), "now the seventeenth");
    desk.says(30, Request::Ping);
    assert!(matches!(desk.replies().last(), Some((30, Outcome::Ping))));
}

#[test]
fn requests_whose_replies_look_alike_run_one_after_another() {
    let manners = Manners { rpcs_in_turn: true, ..Manners::default() };
    let mut desk = Desk::with_manners(config_of(ASKING), manners);
    desk.says(1, connect_with(token(&serde_json::json!({ "sub": "42" }))));
    desk.actions.clear();
    for id in 2..5 {
        desk.says(id, rpc("list"));
    }
    assert_eq!(desk.names(), ["consult"]);
    desk.advises(Advice::Unavailable);
    assert_eq!(desk.names(), ["consult", "reply", "consult"]);
    desk.advises(result("3"));
    let replies: Vec<_> = desk.replies().iter().map(|(id, _)| *id).collect();
    assert_eq!(replies, [2, 3]);
}

#[test]
fn methods_that_nobody_answers_are_named_so() {
    let mut desk = known();
    desk.says(2, rpc("mute:list"));
    desk.says(3, rpc("nowhere:list"));
    assert_eq!((desk.error_code(2), desk.error_code(3)), (Some(108), Some(104)));
}

#[test]
fn long_results_wait_for_room_one_at_a_time() {
    let mut desk = known();
    let long = || Advice::Granted(Granted::Rpc(Some(Payload::from(vec![b'1'; 100_000]))));
    let asks: Vec<_> = (2..5)
        .map(|id| {
            desk.says(id, rpc("list"));
            desk.consulted().0
        })
        .collect();
    desk.room = false;
    desk.advises_on(asks[0], long());
    desk.advises_on(asks[1], long());
    assert!(desk.replies().is_empty() && desk.session.is_waiting());
    desk.advises_on(asks[2], result("1"));
    assert_eq!(desk.replies().len(), 1, "a short one needs none");
    desk.room = true;
    desk.hears(Input::Drained);
    assert_eq!(desk.replies().len(), 2);
    desk.hears(Input::Drained);
    assert_eq!(desk.replies().len(), 3);
    assert!(!desk.session.is_waiting());
}
