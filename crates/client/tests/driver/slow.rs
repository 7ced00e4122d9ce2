//! Listeners that do not keep up.

use suona_client::{ChannelEvent, client::Standing};

use crate::{next, publication, world::World};

/// What may wait for a listener.
const MOST: usize = 1024;

#[tokio::test]
async fn a_listener_that_was_too_slow_is_told_and_goes_on() {
    let world = World::new();
    let suona = world.client().build().unwrap();
    // Events go to both, and to the slow one first.
    let (mut slow, mut quick) = (suona.subscribe("news"), suona.subscribe("news"));
    assert_eq!(next(&mut quick).await, ChannelEvent::Subscribed(Standing::Fresh));
    for number in 1..=MOST + 10 {
        suona.publish("news", &number).await.unwrap();
        assert_eq!(publication(&mut quick).await, number);
    }
    assert_eq!(next(&mut slow).await, ChannelEvent::Subscribed(Standing::Fresh));
    for number in 1..MOST {
        assert_eq!(publication(&mut slow).await, number);
    }
    assert_eq!(next(&mut slow).await, ChannelEvent::Subscribed(Standing::Gap));
    suona.publish("news", "again").await.unwrap();
    assert_eq!(publication(&mut slow).await, "again");
}
