//! What a client gets of what it missed, by the recovery mode of the namespace.

use serde_json::json;
use suona_protocol::FilterNode;

use super::*;
use crate::{
    backend::{ConnectGrant, SubscribeGrant},
    broker::Query,
};

const CACHE: &str = r#"
    [client]
    allow_anonymous_connect_without_token = true
    [channel.without_namespace]
    allow_subscribe_for_client = true
    allow_subscribe_for_anonymous = true
    history_size = 10
    history_ttl = "60s"
    force_recovery = true
    force_recovery_mode = "cache"
    [[channel.namespaces]]
    name = "auto"
    allow_subscribe_for_client = true
    allow_subscribe_for_anonymous = true
    history_size = 10
    history_ttl = "60s"
    force_recovery = true
    force_recovery_mode = "cache"
    auto_cache_recover = true
    [[channel.namespaces]]
    name = "stream"
    allow_subscribe_for_client = true
    history_size = 10
    history_ttl = "60s"
    force_recovery = true
"#;

const LONG: &str = r#"
    [client]
    allow_anonymous_connect_without_token = true
    [channel.without_namespace]
    allow_subscribe_for_client = true
    allow_subscribe_for_anonymous = true
    allow_tags_filter = true
    history_size = 1000000
    history_ttl = "60s"
    force_recovery = true
"#;

/// The newest publication, at 5.
fn newest(channel: &str) -> Page {
    Page { publications: vec![publication(channel, 5)], ..page(5) }
}

impl Desk {
    /// What the broker was last asked to read.
    fn query(&self) -> Query {
        let query = self.actions.iter().rev().find_map(|action| match action {
            Action::Ask(_, Question::Subscribe { query, .. }) => *query,
            _ => None,
        });
        query.expect("a positioned subscription")
    }

    /// The connect reply's subscriptions: the channel, and the offsets of what was recovered, if it was.
    fn connect_subs(&self) -> Vec<(String, Option<Vec<u64>>)> {
        let replies = self.replies();
        let [(1, Outcome::Connect(result))] = replies[..] else { panic!("{replies:?}") };
        let sub = |(channel, result): &(Channel, _)| (channel.to_string(), recovered(result));
        result.subs.iter().map(sub).collect()
    }
}

fn recovered(result: &suona_protocol::SubscribeResult) -> Option<Vec<u64>> {
    assert_eq!(result.was_recovering, result.recovered);
    let offsets = result.publications.iter().map(|one| one.publication().offset).collect();
    result.recovered.then_some(offsets)
}

#[test]
fn in_cache_mode_the_newest_publication_is_read_and_recovered_alone() {
    let mut desk = Desk::connected(CACHE);
    desk.says(2, recover("rate", 1));
    assert_eq!((desk.query().limit, desk.query().reverse, desk.query().since), (1, true, None));
    desk.hears(Input::Early(publication("rate", 6)));
    desk.hears(Input::Early(publication("rate", 7)));
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(Some(newest("rate"))))));
    let replies = desk.replies();
    let [(2, Outcome::Subscribe(result))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!(recovered(result), Some(vec![7]));
    assert!(
        !desk.names().contains(&"publication"),
        "what came meanwhile is in the reply: {:?}",
        desk.actions
    );
    let listens = desk.actions.iter().find_map(|action| match action {
        Action::Listen { position, .. } => *position,
        _ => None,
    });
    assert_eq!(listens.map(|position| position.offset), Some(7));
}

#[test]
fn the_more_conditions_a_filter_has_the_fewer_publications_it_is_held_against() {
    let reads = |conditions: usize| {
        let exists = || FilterNode { key: "kind".into(), cmp: "ex".into(), ..FilterNode::default() };
        let nodes = (1..conditions).map(|_| exists()).collect();
        let filter = FilterNode { op: "and".into(), nodes, ..FilterNode::default() };
        let Request::Subscribe(mut request) = recover("rate", 1) else { unreachable!("that is what it is") };
        request.tags_filter = Some(filter);
        let mut desk = Desk::connected(LONG);
        desk.says(2, Request::Subscribe(request));
        desk.query().limit
    };
    assert_eq!((reads(4), reads(64)), (8000, 2000));
    let mut desk = Desk::connected(LONG);
    desk.says(2, recover("rate", 1));
    assert_eq!((desk.query().limit, desk.query().spared), (300, 1000), "whom all of it may exclude");
}

#[test]
fn who_asks_for_nothing_hears_what_comes_and_nothing_older() {
    let mut desk = Desk::connected(CACHE);
    desk.says(2, subscribe("rate"));
    assert_eq!(desk.query(), Query::TOP);
    desk.hears(Input::Early(publication("rate", 6)));
    desk.hears(Input::Early(publication("rate", 7)));
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(Some(page(5))))));
    assert_eq!(desk.names()[1..], ["reply", "publication", "publication", "listen"]);
}

#[test]
fn a_namespace_may_bring_the_newest_publication_unasked() {
    let mut desk = Desk::connected(CACHE);
    desk.says(2, subscribe("auto:rate"));
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(Some(newest("auto:rate"))))));
    let replies = desk.replies();
    let [(2, Outcome::Subscribe(result))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!(recovered(result), Some(vec![5]));
}

#[test]
fn what_comes_unasked_waits_for_room_like_what_was_asked_for() {
    let mut desk = Desk::connected(CACHE);
    desk.room = false;
    desk.says(2, subscribe("auto:rate"));
    desk.says(3, Request::Unsubscribe("auto:rate".into()));
    assert!(desk.actions.is_empty() && desk.session.is_waiting());
    desk.room = true;
    desk.hears(Input::Drained);
    assert_eq!(desk.names(), ["ask"]);
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(Some(newest("auto:rate"))))));
    assert_eq!(desk.names()[1..], ["reply", "listen", "leave", "reply"], "and order is kept");
}

#[test]
fn an_empty_cache_is_no_error_even_to_those_who_want_one() {
    let mut desk = Desk::connected(CACHE);
    let Request::Subscribe(mut request) = recover("rate", 0) else { unreachable!() };
    request.reject_unrecovered = true;
    desk.says(2, Request::Subscribe(request));
    desk.hears(Input::Answered(desk.asked(), Ok(Answered::Subscribed(Some(page(0))))));
    let replies = desk.replies();
    let [(2, Outcome::Subscribe(result))] = replies[..] else { panic!("{replies:?}") };
    assert!(result.was_recovering && !result.recovered);
}

#[test]
fn server_side_subscriptions_recover_by_the_mode_of_their_namespace() {
    let mut desk = Desk::new(CACHE);
    let since = |offset| RecoverFrom { recover: true, offset, epoch: Some(Epoch::from_random(7)) };
    let claims = json!({ "sub": "42", "channels": ["auto:a", "b", "c", "stream:d"] });
    let request = ConnectRequest {
        token: token(&claims).into(),
        subs: vec![("b".into(), since(2)), ("stream:d".into(), since(3))],
        ..ConnectRequest::default()
    };
    desk.says(1, Request::Connect(Box::new(request)));
    let kept = |channel, offsets: std::ops::RangeInclusive<u64>| Page {
        publications: offsets.map(|offset| publication(channel, offset)).collect(),
        ..page(5)
    };
    for (number, page) in
        [newest("auto:a"), newest("b"), page(5), kept("stream:d", 4..=5)].into_iter().enumerate()
    {
        desk.hears(Input::Answered(Ask(number as u32 + 1), Ok(Answered::Subscribed(Some(page)))));
    }
    let expected =
        [("auto:a", Some(vec![5])), ("b", Some(vec![5])), ("c", None), ("stream:d", Some(vec![4, 5]))];
    assert_eq!(desk.connect_subs(), expected.map(|(channel, offsets)| (channel.to_owned(), offsets)));
}

#[test]
fn the_connect_webhook_may_bring_the_newest_publication_in_cache_mode_alone() {
    let asking = "[client]\nproxy.connect = { enabled = true, endpoint = \"http://127.0.0.1:9\" }";
    let mut desk = Desk::new(&CACHE.replace("[client]", asking));
    desk.says(1, Request::Connect(Box::default()));
    let sub =
        |channel: &str| (channel.into(), SubscribeGrant { cache_recover: true, ..SubscribeGrant::default() });
    let grant = ConnectGrant { subs: vec![sub("rate"), sub("stream:d")], ..ConnectGrant::default() };
    desk.advises(Advice::Granted(Granted::Connect(Some(Box::new(grant)))));
    assert_eq!(desk.query(), Query::TOP, "a stream is not poured out to who never heard it");
    desk.hears(Input::Answered(Ask(2), Ok(Answered::Subscribed(Some(newest("rate"))))));
    desk.hears(Input::Answered(Ask(3), Ok(Answered::Subscribed(Some(page(5))))));
    assert_eq!(desk.connect_subs(), [("rate".to_owned(), Some(vec![5])), ("stream:d".to_owned(), None)]);
}
