//! What every broker promises, told once and kept by both: the one in memory, and one behind a line that
//! delays, overtakes and repeats.

/// Each story once for each broker: `memory::a_story`, `faulty::a_story`, the latter with many seeds.
macro_rules! stories {
    ($($story:ident)*) => {
        mod memory { $( #[test] fn $story() { super::$story(&mut super::Fixture::memory()); } )* }
        mod faulty { $( #[test] fn $story() {
            for seed in 0..64 { super::$story(&mut super::Fixture::faulty(seed)); }
        } )* }
    };
}

mod fixture;
mod presence;
mod repeats;

use std::{sync::Arc, time::Duration};

use suona_protocol::{Channel, Encoded, Epoch, Exclude, Form, PresenceStatsResult, Publication, fossil};

use self::fixture::{Fixture, first_times, info, message, offsets, page_offsets};
use super::{Answer, Broker, BrokerError, Message, Query, Retention, Version};
use crate::hub::{Delivery, ShardId};

stories! {
    the_first_publication_has_offset_1
    a_publication_is_heard_and_kept_as_it_was_published
    what_is_not_kept_has_no_offset_and_is_heard
    a_delta_leads_from_the_publication_before_if_that_is_kept
    reading_a_channel_that_was_never_used_begins_its_life
    a_page_and_what_is_delivered_after_it_have_no_hole
    a_listener_without_a_query_gets_no_page_and_hears
    a_shard_that_listens_twice_hears_once
    who_left_hears_no_more
    a_position_of_another_life_is_an_error_to_readers_and_none_to_subscribers
    what_excludes_somebody_may_count_for_nothing
    only_the_last_publications_are_kept
    publications_run_out_and_the_position_stays
    an_unused_position_runs_out_and_a_new_life_begins
    reading_keeps_a_position_alive
    removing_publications_keeps_the_position
}

const SECOND: Duration = Duration::from_secs(1);
/// The retention that the stories are about.
const KEEP: Retention =
    Retention { size: 5, ttl: Duration::from_secs(60), meta_ttl: Duration::from_secs(600) };
const NOTHING_KEPT: Retention = Retention { size: 0, ..KEEP };
const ALL: Query = Query { limit: usize::MAX, max_bytes: usize::MAX, ..Query::TOP };
const A: ShardId = ShardId(0);
const B: ShardId = ShardId(1);

fn the_first_publication_has_offset_1(world: &mut Fixture) {
    let first = world.publish("news", KEEP).expect("published").expect("kept");
    let second = world.publish("news", KEEP).expect("published").expect("kept");
    let other = world.publish("weather", KEEP).expect("published").expect("kept");
    assert_eq!((first.offset, second.offset, other.offset), (1, 2, 1));
    assert_eq!(first.epoch, second.epoch);
    assert_ne!(first.epoch, other.epoch);
}

fn a_publication_is_heard_and_kept_as_it_was_published(world: &mut Fixture) {
    let tags = vec![("a".to_owned(), "b".to_owned())];
    let info = info("ann", "1");
    let exclude = Some(Arc::new(Exclude::default().and_client("1".into())));
    let message = Message {
        data: r#"{"n": 1}"#.into(),
        info: Some(info.clone()),
        tags: tags.clone(),
        exclude: exclude.clone(),
        ..message()
    };
    world.subscribe("news", A, None).expect("subscribed");
    let asked = world.ask(|broker, answer| broker.publish(&"news".into(), message, KEEP, answer));
    let position = asked.expect("published").expect("kept");
    let kept = world.read("news", ALL).expect("read").publications.remove(0);
    let heard = world.heard(A).remove(0);
    let Delivery::Publication(heard) = heard else { panic!("{heard:?} is no publication") };
    assert_eq!(heard.channel().as_str(), "news");
    let expected = Publication {
        data: r#"{"n": 1}"#.into(),
        offset: 1,
        info: Some(info),
        tags,
        epoch: Some(position.epoch),
        exclude,
    };
    assert_eq!([heard.publication(), kept.publication()], [&expected, &expected]);
}

fn what_is_not_kept_has_no_offset_and_is_heard(world: &mut Fixture) {
    world.subscribe("news", A, None).expect("subscribed");
    assert_eq!(world.publish("news", NOTHING_KEPT), Ok(None));
    assert_eq!(world.publish("news", Retention { ttl: Duration::ZERO, ..KEEP }), Ok(None));
    let message = Message { skip_history: true, ..message() };
    assert_eq!(world.ask(|broker, answer| broker.publish(&"news".into(), message, KEEP, answer)), Ok(None));
    assert_eq!(offsets(&world.heard(A)), [0, 0, 0]);
    assert_eq!(world.read("news", ALL).expect("read").top.offset, 0);
}

fn a_delta_leads_from_the_publication_before_if_that_is_kept(world: &mut Fixture) {
    // Each goes on where the one before ends, so that none but that and later ones can be its base.
    let payload = |number: i32| {
        let text: String = (1..=number).map(|number| number.to_string().repeat(30)).collect();
        format!("\"{text}\"")
    };
    let publish = |world: &Fixture, number, delta, skip_history| {
        let message = Message { data: payload(number).into(), delta, skip_history, ..message() };
        world.ask(|broker, answer| broker.publish(&"news".into(), message, KEEP, answer)).expect("published");
    };
    // The number from which each publication that is kept has a delta, if it has one.
    let bases = |world: &Fixture| {
        let base = |it: &Arc<Encoded>| {
            let fragment = it.json_fragment_as(Form::Delta).expect("JSON");
            let json: serde_json::Value = serde_json::from_slice(fragment).expect("JSON");
            let delta = json["delta"].as_bool().and_then(|_| json["data"].as_str());
            let target = &it.publication().data;
            let leads = |from: &i32, delta: &str| {
                fossil::apply(payload(*from).as_bytes(), delta.as_bytes(), 999).is_ok_and(|it| it == **target)
            };
            delta.map(|delta| (1..9).find(|from| leads(from, delta)).expect("it leads from one of them"))
        };
        let kept = world.read("news", ALL).expect("read").publications;
        kept.iter().map(base).collect::<Vec<_>>()
    };
    publish(world, 1, true, false);
    publish(world, 2, true, false);
    publish(world, 3, true, true);
    publish(world, 4, true, false);
    publish(world, 5, false, false);
    assert_eq!(bases(world), [None, Some(1), Some(2), None]);
    world.ask(|broker, answer| broker.remove_history(&"news".into(), answer)).expect("removed");
    publish(world, 6, true, false);
    publish(world, 7, true, false);
    assert_eq!(bases(world), [None, Some(6)]);
}

fn reading_a_channel_that_was_never_used_begins_its_life(world: &mut Fixture) {
    let read = world.read("news", Query::TOP).expect("read").top;
    let subscribed = world.subscribe("news", A, Some(Query::TOP)).expect("subscribed").expect("a page").top;
    let published = world.publish("news", KEEP).expect("published").expect("kept");
    assert_eq!(read.offset, 0);
    assert_eq!(subscribed, read);
    assert_eq!((published.offset, published.epoch), (1, read.epoch));
}

fn a_page_and_what_is_delivered_after_it_have_no_hole(world: &mut Fixture) {
    let news = Channel::from("news");
    let publish_some = |world: &Fixture| {
        for _ in 0..4 {
            world.broker().publish(&news, message(), Retention { size: 99, ..KEEP }, Answer::ignored());
        }
    };
    let subscribe = |world: &Fixture, shard| {
        world.later(|broker, answer| broker.subscribe(&news, shard, Some(ALL), KEEP, answer))
    };
    publish_some(world);
    let a = subscribe(world, A);
    publish_some(world);
    let b = subscribe(world, B);
    publish_some(world);
    world.settle();
    for (shard, asked) in [(A, a), (B, b)] {
        let page = asked.try_recv().expect("answered").expect("subscribed").expect("a page");
        let mut seen = page_offsets(&page);
        assert_eq!(seen.last().copied(), Some(page.top.offset));
        for offset in offsets(&world.heard(shard)) {
            let last = seen.len() as u64;
            assert!(offset <= last + 1, "{shard:?} has a hole between {last} and {offset}");
            seen.extend((offset == last + 1).then_some(offset));
        }
        assert_eq!(seen, Vec::from_iter(1..=12));
    }
}

fn a_listener_without_a_query_gets_no_page_and_hears(world: &mut Fixture) {
    world.publish("news", KEEP).expect("published");
    assert!(world.subscribe("news", A, None).expect("subscribed").is_none());
    world.publish("news", KEEP).expect("published");
    assert_eq!(first_times(&world.heard(A)), [2]);
    assert!(world.heard(B).is_empty());
}

fn a_shard_that_listens_twice_hears_once(world: &mut Fixture) {
    world.subscribe("news", A, Some(Query::TOP)).expect("subscribed");
    world.subscribe("news", A, None).expect("subscribed");
    world.publish("news", NOTHING_KEPT).expect("published");
    assert_eq!(world.heard(A).len(), 1);
}

fn who_left_hears_no_more(world: &mut Fixture) {
    world.subscribe("news", A, None).expect("subscribed");
    world.subscribe("news", B, None).expect("subscribed");
    world.broker().unsubscribe(&"news".into(), A);
    world.broker().unsubscribe(&"weather".into(), A);
    world.publish("news", KEEP).expect("published");
    assert!(world.heard(A).is_empty());
    assert_eq!(first_times(&world.heard(B)), [1]);
}

fn a_position_of_another_life_is_an_error_to_readers_and_none_to_subscribers(world: &mut Fixture) {
    let top = world.publish("news", KEEP).expect("published").expect("kept");
    let foreign = Query { since: Some((0, Some(Epoch::FOREIGN))), ..ALL };
    let own = Query { since: Some((0, Some(top.epoch))), ..ALL };
    assert_eq!(world.read("news", foreign).map(drop), Err(BrokerError::OtherEpoch));
    assert_eq!(page_offsets(&world.read("news", own).expect("read")), [1]);
    let page = world.subscribe("news", A, Some(foreign)).expect("subscribed").expect("a page");
    assert_eq!((page.publications.len(), page.top), (0, top));
    world.publish("news", KEEP).expect("published");
    assert_eq!(first_times(&world.heard(A)), [2]);
}

fn what_excludes_somebody_may_count_for_nothing(world: &mut Fixture) {
    for offset in 1..=5 {
        let exclude = (offset % 2 == 0).then(|| Arc::new(Exclude::default().and_client("1".into())));
        let message = Message { exclude, ..message() };
        world.ask(|broker, answer| broker.publish(&"news".into(), message, KEEP, answer)).expect("published");
    }
    let two = Query { limit: 2, ..ALL };
    let sparing = Query { spared: 9, ..two };
    let page = |query| page_offsets(&world.read("news", query).expect("read"));
    assert_eq!(page(two), [1, 2]);
    assert_eq!(page(sparing), [1, 2, 3, 4]);
    assert_eq!(page(Query { since: Some((1, None)), ..sparing }), [2, 3, 4, 5]);
    assert_eq!(page(Query { limit: 0, ..sparing }), [0; 0]);
    assert_eq!(page(Query { spared: 1, ..two }), [1, 2, 3], "the second counts like others");
}

fn only_the_last_publications_are_kept(world: &mut Fixture) {
    for _ in 0..9 {
        world.publish("news", KEEP).expect("published");
    }
    let page = world.read("news", Query { since: Some((2, None)), ..ALL }).expect("read");
    assert_eq!((page_offsets(&page), page.top.offset), (vec![5, 6, 7, 8, 9], 9));
    world.publish("news", Retention { size: 2, ..KEEP }).expect("published");
    assert_eq!(page_offsets(&world.read("news", ALL).expect("read")), [9, 10]);
}

fn publications_run_out_and_the_position_stays(world: &mut Fixture) {
    world.publish("news", KEEP).expect("published");
    world.after(KEEP.ttl - SECOND);
    let top = world.publish("news", KEEP).expect("published").expect("kept");
    world.after(KEEP.ttl - SECOND);
    assert_eq!(
        page_offsets(&world.read("news", ALL).expect("read")),
        [1, 2],
        "the second prolonged the first"
    );
    world.after(SECOND);
    let page = world.read("news", ALL).expect("read");
    assert_eq!((page.publications.len(), page.top), (0, top));
    assert_eq!(world.publish("news", KEEP).expect("published").expect("kept").offset, 3);
}

fn an_unused_position_runs_out_and_a_new_life_begins(world: &mut Fixture) {
    let old = world.publish("news", KEEP).expect("published").expect("kept");
    world.after(KEEP.meta_ttl);
    let new = world.publish("news", KEEP).expect("published").expect("kept");
    assert_eq!(new.offset, 1);
    assert_ne!(new.epoch, old.epoch);
    world.after(KEEP.meta_ttl);
    let newest = world.read("news", ALL).expect("read");
    assert_eq!((newest.publications.len(), newest.top.offset), (0, 0));
    assert_ne!(newest.top.epoch, new.epoch);
}

fn reading_keeps_a_position_alive(world: &mut Fixture) {
    let top = world.publish("news", KEEP).expect("published").expect("kept");
    for _ in 0..3 {
        world.after(KEEP.meta_ttl - SECOND);
        assert_eq!(world.read("news", Query::TOP).expect("read").top, top);
        world.after(KEEP.meta_ttl - SECOND);
        assert_eq!(
            world.subscribe("news", A, Some(Query::TOP)).expect("subscribed").expect("a page").top,
            top
        );
    }
}

fn removing_publications_keeps_the_position(world: &mut Fixture) {
    let top = world.publish("news", KEEP).expect("published").expect("kept");
    assert_eq!(world.ask(|broker, answer| broker.remove_history(&"news".into(), answer)), Ok(()));
    assert_eq!(world.ask(|broker, answer| broker.remove_history(&"weather".into(), answer)), Ok(()));
    let page = world.read("news", ALL).expect("read");
    assert_eq!((page.publications.len(), page.top), (0, top));
    assert_eq!(world.publish("news", KEEP).expect("published").expect("kept").offset, 2);
    assert_eq!(page_offsets(&world.read("news", ALL).expect("read")), [2]);
}
