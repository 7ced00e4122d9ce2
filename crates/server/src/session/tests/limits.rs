//! Commands that are too many.

use suona_protocol::RpcRequest;

use super::*;

const FEW: &str = r#"
    [client]
    insecure = true
    [client.rate_limit.client_command]
    enabled = true
    total = { enabled = true, buckets = [{ interval = "1s", rate = 3 }] }
    [[channel.namespaces]]
    name = "chat"
    rate_limit = { enabled = true, buckets = [{ interval = "10s", rate = 1 }] }
    [[channel.namespaces]]
    name = "game"
    rate_limit = { enabled = true, buckets = [{ interval = "1s", rate = 100 }] }
"#;

const ASKING: &str = r#"
    [rpc.proxy]
    endpoint = "http://127.0.0.1:9/rpc"
    [rpc.without_namespace]
    proxy_enabled = true
"#;

fn rpc() -> Request {
    let method = "list".to_owned();
    Request::Rpc(RpcRequest { method, data: None, idempotency_key: String::new() })
}

#[test]
fn a_command_too_many_is_refused_for_now_and_the_connection_lives() {
    let mut desk = Desk::connected(FEW);
    for id in 2..5 {
        desk.says(id, Request::Ping);
    }
    desk.says(5, Request::Ping);
    assert!(desk.error(5).is_some_and(|error| error.code == 111 && error.temporary));
    assert_eq!(desk.names(), ["reply", "reply", "reply", "exceeded", "reply"]);
    desk.hears(Input::Command(Command { id: 0, request: Request::Pong }));
    assert_eq!(desk.closed(), Some(3501), "pongs are not counted, but must be asked for");

    let mut desk = Desk::connected(FEW);
    (2..9).for_each(|id| desk.says(id, Request::Ping));
    desk.after(Duration::from_millis(334));
    desk.says(9, Request::Ping);
    assert!(matches!(desk.replies().last(), Some((9, Outcome::Ping))));
}

#[test]
fn commands_sent_along_with_connect_count_too() {
    let mut desk = Desk::new(FEW);
    let since = vec![("game:1".into(), RecoverFrom::default())];
    desk.says(1, Request::Connect(Box::new(ConnectRequest { subs: since, ..Default::default() })));
    assert!(!desk.session.is_connected(), "the broker has not answered");
    (2..6).for_each(|id| desk.says(id, Request::Ping));
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(None))));
    assert_eq!((desk.error_code(4), desk.error_code(5)), (None, Some(111)));
}

#[test]
fn a_namespace_has_a_limit_of_its_own() {
    let mut desk = Desk::connected(FEW);
    desk.says(2, publish("chat:1"));
    desk.says(3, publish("chat:2"));
    assert_eq!(desk.error_code(3), Some(111), "of all its channels together");
    (4..24).for_each(|id| desk.says(id, publish(&format!("game:{id}"))));
    (24..27).for_each(|id| desk.says(id, Request::Ping));
    assert!((4..27).all(|id| desk.error_code(id).is_none()), "and neither counts for the others");
    desk.says(27, publish("news"));
    assert_eq!(desk.error_code(27), Some(111));
    let exceeded = desk.actions.iter().filter_map(|action| match action {
        Action::Exceeded(excess) => Some(*excess),
        _ => None,
    });
    assert_eq!(exceeded.collect::<Vec<_>>(), [Excess::Namespace, Excess::Connection]);
}

#[test]
fn what_is_beyond_the_users_limit_is_refused_too() {
    let mut desk = Desk::connected("[client]\ninsecure = true");
    desk.hears(Input::Excess(Command { id: 2, request: Request::Ping }));
    assert_eq!(desk.error_code(2), Some(111));
    desk.says(3, Request::Ping);
    assert!(matches!(desk.replies().last(), Some((3, Outcome::Ping))));
}

#[test]
fn to_unsubscribe_is_never_refused() {
    let mut desk = Desk::connected(FEW);
    (2..9).for_each(|id| desk.says(id, Request::Unsubscribe("news".into())));
    assert!((2..9).all(|id| desk.error_code(id).is_none()));
    desk.says(9, Request::Ping);
    assert_eq!(desk.error_code(9), Some(111), "but it counts");
}

#[test]
fn who_does_not_stop_is_sent_away() {
    let mut desk = Desk::connected(FEW);
    for id in 2..1005 {
        desk.says(id, Request::Ping);
    }
    assert_eq!(desk.closed(), None, "three were granted, and a thousand refused");
    desk.says(1005, Request::Ping);
    assert_eq!(desk.closed(), Some(3013));
}

#[test]
fn where_replies_do_not_say_which_is_which_a_refusal_waits_its_turn() {
    let config = config_of(&format!("{ASKING}{}", FEW.replace("rate = 3", "rate = 1")));
    let mut desk = Desk::with_manners(config, Manners { rpcs_in_turn: true, ..Manners::default() });
    desk.says(1, Request::Connect(Box::default()));
    desk.actions.clear();
    desk.says(2, rpc());
    desk.says(3, rpc());
    assert!(desk.replies().is_empty());
    desk.advises(Advice::Granted(Granted::Rpc(None)));
    assert!(matches!(desk.replies()[..], [(2, Outcome::Rpc { .. }), (3, Outcome::Error(_))]));
}
