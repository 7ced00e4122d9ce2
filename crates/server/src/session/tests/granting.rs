//! What the API does to a client: subscribes it, and gives it another lifetime.

use serde_json::json;
use suona_protocol::{PushEvent, SubscribeResult};

use super::*;
use crate::backend::RefreshGrant;

fn sub(channel: &str) -> Input {
    Input::Subscribe(Box::new(ServerSub::new(channel.into(), true)))
}

fn sub_since(channel: &str, offset: u64) -> Input {
    let since = RecoverFrom { recover: true, offset, epoch: Some(Epoch::from_random(7)) };
    Input::Subscribe(Box::new(ServerSub { since, ..ServerSub::new(channel.into(), true) }))
}

impl Desk {
    fn pushes(&self) -> Vec<&PushEvent> {
        let push = |action| match action {
            &Action::Push(Push { ref event, .. }) => Some(event),
            _ => None,
        };
        self.actions.iter().filter_map(push).collect()
    }

    /// What the one `subscribe` push says.
    fn told(&self) -> &SubscribeResult {
        match self.pushes()[..] {
            [PushEvent::Subscribe(result)] => result,
            ref pushes => panic!("{pushes:?}"),
        }
    }

    fn broker_answers(&mut self, page: Page) {
        let ask = self.asked();
        self.hears(Input::Answered(ask, Ok(Answered::Subscribed(Some(page)))));
    }

    fn refreshed(&mut self, grant: RefreshGrant) {
        self.hears(Input::Refresh(grant));
    }
}

fn connected_as_42() -> Desk {
    let mut desk = Desk::new(OPEN);
    desk.says(1, connect_with(token(&json!({ "sub": "42", "exp": 1_800_000_060 }))));
    assert!(desk.session.is_connected());
    desk.actions.clear();
    desk
}

#[test]
fn a_client_is_told_of_a_subscription_before_anything_that_it_brings() {
    let mut desk = Desk::connected(OPEN);
    desk.hears(sub("closed:a"));
    assert_eq!(desk.names(), ["ask"], "whatever the namespace permits to clients");
    desk.broker_answers(page(0));
    assert_eq!(desk.names()[1..], ["push", "listen"]);
    assert!(desk.told().position.is_none());

    desk.actions.clear();
    desk.hears(sub("a"));
    desk.hears(Input::Early(publication("a", 6)));
    desk.broker_answers(page(5));
    assert_eq!(desk.names(), ["add presence", "ask", "push", "publication", "listen", "announce join"]);
    assert_eq!(desk.told().position.map(|position| position.offset), Some(5));
}

#[test]
fn what_was_missed_follows_the_push() {
    let mut desk = Desk::connected(OPEN);
    desk.hears(sub_since("a", 3));
    let publications = vec![publication("a", 4), publication("a", 5)];
    desk.broker_answers(Page { publications, ..page(5) });
    assert_eq!(desk.names()[2..], ["push", "publication", "publication", "listen", "announce join"]);
    let told = desk.told();
    assert_eq!(told.position.map(|position| position.offset), Some(3), "from where it is taken up");
    assert!(told.publications.is_empty());
}

#[test]
fn without_room_for_what_was_missed_the_client_learns_where_the_stream_stands() {
    let mut desk = Desk::connected(OPEN);
    desk.hears(sub_since("a", 3));
    desk.room = false;
    let publications = vec![publication("a", 4), publication("a", 5)];
    desk.broker_answers(Page { publications, ..page(5) });
    assert!(!desk.names().contains(&"publication"));
    assert_eq!(desk.told().position.map(|position| position.offset), Some(5));
}

#[test]
fn who_hears_a_channel_already_goes_on_as_before() {
    let mut desk = Desk::subscribed(OPEN, "a");
    desk.hears(sub("a"));
    assert!(desk.actions.is_empty());
    desk.hears(sub("b"));
    desk.hears(sub("b"));
    assert_eq!(desk.questions(), 1, "nor is it subscribed twice at once");
    desk.says(9, subscribe("b"));
    desk.broker_answers(page(5));
    assert_eq!(desk.error_code(9), Some(105));
}

#[test]
fn a_client_that_hears_enough_channels_gets_no_more() {
    let mut desk = Desk::connected(&OPEN.replace("[client]", "[client]\nchannel_limit = 1"));
    desk.hears(sub("a"));
    desk.hears(sub("b"));
    assert_eq!((desk.questions(), desk.closed()), (1, None));
}

#[test]
fn a_subscription_by_the_server_ends_by_it_too() {
    let mut desk = Desk::connected(OPEN);
    desk.hears(sub("a"));
    desk.hears(Input::Unsubscribe("a".into(), UnsubscribeCode::Server));
    desk.actions.retain(|action| matches!(action, Action::Ask(..)));
    desk.broker_answers(page(5));
    assert!(desk.pushes().is_empty(), "also while it begins: {:?}", desk.actions);
    desk.hears(sub("a"));
    desk.broker_answers(page(5));
    desk.hears(Input::Gap("a".into()));
    assert_eq!(desk.closed(), Some(3010), "and one that missed something ends the connection");
}

#[test]
fn a_subscription_that_expires_ends_the_connection() {
    let mut desk = Desk::with_manners(config_of(OPEN), Manners::default());
    desk.says(1, Request::Connect(Box::default()));
    let expires_at = Some(desk.now.unix + Duration::from_secs(60));
    desk.hears(Input::Subscribe(Box::new(ServerSub { expires_at, ..ServerSub::new("a".into(), true) })));
    desk.broker_answers(page(5));
    desk.after(Duration::from_secs(84));
    assert_eq!(desk.closed(), None, "there is a grace of 25 seconds");
    desk.after(Duration::from_secs(1));
    assert_eq!(desk.closed(), Some(3006));
}

#[test]
fn a_client_that_is_not_connected_is_given_nothing() {
    let mut desk = Desk::new(OPEN);
    desk.hears(sub("a"));
    desk.refreshed(RefreshGrant { expired: true, ..RefreshGrant::default() });
    assert!(desk.actions.is_empty());
}

#[test]
fn the_server_may_prolong_a_connection() {
    let mut desk = connected_as_42();
    let expires_at = Some(desk.now.unix + Duration::from_secs(600));
    desk.refreshed(RefreshGrant { expires_at, info: Some("{}".into()), ..RefreshGrant::default() });
    let [PushEvent::Refresh(result)] = desk.pushes()[..] else { panic!("{:?}", desk.actions) };
    assert_eq!(result.ttl, Some(600));
    assert_eq!(desk.session.ends_at, Some(desk.now.instant + Duration::from_secs(625)), "grace included");
    assert_eq!(desk.session.info().conn_info.as_deref(), Some(b"{}".as_slice()));
}

#[test]
fn without_an_end_a_connection_lives_for_ever() {
    let mut desk = connected_as_42();
    desk.refreshed(RefreshGrant::default());
    let [PushEvent::Refresh(result)] = desk.pushes()[..] else { panic!("{:?}", desk.actions) };
    assert_eq!((result.ttl, desk.session.ends_at), (None, None));
}

#[test]
fn the_server_may_end_a_connection_that_expired() {
    let past = RefreshGrant { expires_at: Some(Duration::from_secs(1)), ..RefreshGrant::default() };
    for grant in [past, RefreshGrant { expired: true, ..RefreshGrant::default() }] {
        let mut desk = connected_as_42();
        desk.refreshed(grant);
        assert_eq!(desk.closed(), Some(3005));
    }
}
