//! Who is there, who comes and who goes.

use super::*;

stories! {
    joins_and_leaves_are_heard_in_order
    presence_lists_everyone_once_with_the_last_info
}

fn joins_and_leaves_are_heard_in_order(world: &mut Fixture) {
    let room = Channel::from("room");
    world.subscribe("room", A, None).expect("subscribed");
    world.broker().join(&room, info("ann", "1"));
    world.broker().join(&room, info("bob", "2"));
    world.broker().leave(&room, info("ann", "1"));
    world.settle();
    let told: Vec<_> = world
        .heard(A)
        .iter()
        .map(|delivery| match delivery {
            Delivery::Join(channel, info) => format!("{channel} +{}", info.user),
            Delivery::Leave(channel, info) => format!("{channel} -{}", info.user),
            Delivery::Publication(_) => "a publication".to_owned(),
        })
        .collect();
    assert_eq!(told, ["room +ann", "room +bob", "room -ann"]);
    assert!(world.heard(B).is_empty());
}

fn presence_lists_everyone_once_with_the_last_info(world: &mut Fixture) {
    let room = Channel::from("room");
    for (user, client) in [("ann", "1"), ("ann", "2"), ("old", "3"), ("", "4"), ("", "5"), ("bob", "3")] {
        assert_eq!(
            world.ask(|broker, answer| broker.add_presence(&room, info(user, client), answer)),
            Ok(())
        );
    }
    world.broker().remove_presence(&room, "4");
    world.broker().remove_presence(&room, "nobody");
    let present = world.ask(|broker, answer| broker.presence(&room, answer)).expect("listed");
    let mut present: Vec<_> = present.iter().map(|info| (info.client.as_str(), info.user.as_str())).collect();
    present.sort_unstable();
    assert_eq!(present, [("1", "ann"), ("2", "ann"), ("3", "bob"), ("5", "")]);
    let stats = |room: &str| world.ask(|broker, answer| broker.presence_stats(&room.into(), answer));
    assert_eq!(stats("room"), Ok(PresenceStatsResult { num_clients: 4, num_users: 3 }));
    assert_eq!(stats("empty"), Ok(PresenceStatsResult::default()));
}
