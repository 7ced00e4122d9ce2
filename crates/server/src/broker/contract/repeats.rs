//! What comes twice, or too late.

use super::*;

stories! {
    a_repeat_is_answered_as_the_first_and_changes_nothing
    a_key_is_of_one_channel_and_one_payload_and_five_minutes
    an_outdated_version_is_dropped_and_told_where_the_stream_stands
    a_version_is_known_as_long_as_the_position
    what_is_not_kept_has_no_version
}

fn a_repeat_is_answered_as_the_first_and_changes_nothing(world: &mut Fixture) {
    let once = || Message { idempotency_key: Some("k".into()), ..message() };
    for (channel, retention, heard) in [("news", KEEP, 1), ("chat", NOTHING_KEPT, 0)] {
        world.subscribe(channel, A, None).expect("subscribed");
        let publish =
            |broker: &dyn Broker, answer| broker.publish(&channel.into(), once(), retention, answer);
        // Both are under way at once.
        let (first, repeat) = (world.later(publish), world.later(publish));
        world.settle();
        let first = first.try_recv().expect("answered").expect("published");
        assert_eq!(repeat.try_recv().expect("answered"), Ok(first));
        assert_eq!(world.ask(publish), Ok(first));
        assert_eq!(first.is_some(), retention.keeps());
        assert_eq!(first_times(&world.heard(A)), [heard]);
    }
    assert_eq!(world.read("news", ALL).expect("read").top.offset, 1);
}

fn a_key_is_of_one_channel_and_one_payload_and_five_minutes(world: &mut Fixture) {
    let publish = |world: &Fixture, channel: &str, data: &'static str| {
        let message = Message { idempotency_key: Some("k".into()), data: data.into(), ..message() };
        let asked = world.ask(|broker, answer| broker.publish(&channel.into(), message, KEEP, answer));
        asked.map(|position| position.expect("kept").offset)
    };
    assert_eq!(publish(world, "news", "1"), Ok(1));
    assert_eq!(publish(world, "news", "2"), Err(BrokerError::OtherPayload));
    assert_eq!(publish(world, "chat", "2"), Ok(1));
    assert!(world.publish("news", KEEP).is_ok(), "no key is no repeat");
    world.after(300 * SECOND - SECOND);
    assert_eq!(publish(world, "news", "1"), Ok(1));
    world.after(SECOND);
    assert_eq!(publish(world, "news", "2"), Ok(3));
}

/// Publishes with this version and retention; answers the offset.
fn publish_version(world: &Fixture, number: u64, epoch: &str, retention: Retention) -> Option<u64> {
    let message = Message { version: Some(Version { number, epoch: epoch.into() }), ..message() };
    let asked = world.ask(|broker, answer| broker.publish(&"news".into(), message, retention, answer));
    asked.expect("published").map(|position| position.offset)
}

fn an_outdated_version_is_dropped_and_told_where_the_stream_stands(world: &mut Fixture) {
    world.subscribe("news", A, None).expect("subscribed");
    let mut told = Vec::new();
    let versions =
        [(5, "a"), (5, "a"), (4, "a"), (6, "a"), (6, ""), (7, ""), (1, "b"), (1, "b"), (9, "a"), (9, "")];
    for (number, epoch) in versions {
        told.push(publish_version(world, number, epoch, KEEP).expect("kept"));
    }
    assert_eq!(told, [1, 1, 1, 2, 2, 3, 4, 4, 5, 5]);
    assert_eq!(world.publish("news", KEEP).expect("published").expect("kept").offset, 6);
    assert_eq!(publish_version(world, 9, "a", KEEP), Some(6), "what has no version changes none");
    assert_eq!(first_times(&world.heard(A)), [1, 2, 3, 4, 5, 6]);
}

fn a_version_is_known_as_long_as_the_position(world: &mut Fixture) {
    assert_eq!(publish_version(world, 5, "", KEEP), Some(1));
    world.after(KEEP.meta_ttl - SECOND);
    assert_eq!(publish_version(world, 5, "", KEEP), Some(1));
    assert_eq!(world.ask(|broker, answer| broker.remove_history(&"news".into(), answer)), Ok(()));
    world.after(KEEP.meta_ttl - SECOND);
    assert_eq!(publish_version(world, 5, "", KEEP), Some(1));
    world.after(KEEP.meta_ttl);
    assert_eq!(publish_version(world, 4, "", KEEP), Some(1));
    assert_eq!(publish_version(world, 5, "", KEEP), Some(2));
}

fn what_is_not_kept_has_no_version(world: &mut Fixture) {
    world.subscribe("news", A, None).expect("subscribed");
    for _ in 0..2 {
        assert_eq!(publish_version(world, 5, "", NOTHING_KEPT), None);
    }
    assert_eq!(world.heard(A).len(), 2);
    assert_eq!(publish_version(world, 5, "", KEEP), Some(1));
}
