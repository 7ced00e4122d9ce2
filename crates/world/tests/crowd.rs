//! A thousand clients that lose the same gateway in the same moment.

use suona_world::{World, agenda::Time, schedule::Happening, server, world::LEVEL_WITHIN};

const CROWD: usize = 1000;

/// The crowd, connected, and when that was.
fn connected() -> (World, Time) {
    let mut world = World::new(1, CROWD, &server::rules());
    for phone in 0..CROWD {
        world.phones[phone].app.login.is_well();
        world.plan(Time(phone as u64), Happening::Start(phone));
    }
    let settled = Time(CROWD as u64 + 5_000);
    world.run_until(settled).unwrap();
    assert!(world.phones.iter().all(|phone| phone.app.is_online()));
    (world, settled)
}

/// How many dialled in each of `slices` of the time between two moments; only the first dial of each counts.
fn dials(world: &World, from: Time, to: Time, slices: u64) -> Vec<usize> {
    let mut counts = vec![0; slices as usize];
    for phone in &world.phones {
        if let Some(dial) = phone.app.dials.iter().find(|dial| **dial >= from && **dial < to) {
            counts[((dial.0 - from.0) * slices / (to.0 - from.0)) as usize] += 1;
        }
    }
    counts
}

#[test]
fn who_lost_a_gateway_that_is_back_at_once_returns_spread_over_the_first_window() {
    let (mut world, began) = connected();
    world.befall(Happening::Restart(20, true));
    world.run_until(began + LEVEL_WITHIN).unwrap();
    assert!(world.phones.iter().all(|phone| phone.app.is_online()));
    // Half a second of delays, begun when the news arrived: an even spread puts 100 into each slice.
    let slices = dials(&world, began + 80, began + 480, 8);
    assert!(slices.iter().all(|count| (50..200).contains(count)), "{slices:?}");
}

#[test]
fn who_lost_a_gateway_for_minutes_returns_spread_over_the_last_window() {
    let (mut world, began) = connected();
    world.befall(Happening::Restart(180_000, true));
    let back = began + 180_000;
    world.run_until(back + LEVEL_WITHIN).unwrap();
    assert!(world.phones.iter().all(|phone| phone.app.is_online()), "a dial waits for 20 s at most");
    // Those who wait have drawn their delays at all times, so that more dial early: the last ones drew much.
    let slices = dials(&world, back, back + 20_000, 20);
    assert!(slices.iter().all(|count| *count < 200), "{slices:?}");
    assert!(slices[..10].iter().all(|count| *count > 20), "{slices:?}");
}

#[test]
fn who_is_sent_away_returns_spread_over_the_time_that_each_was_told() {
    let (mut world, began) = connected();
    world.befall(Happening::Drain(5_000, 100));
    world.run_until(began + 11_000 + 20_000 + LEVEL_WITHIN).unwrap();
    assert!(world.phones.iter().all(|phone| phone.app.is_online()));
    // Sent away within five seconds, and each told to stay away for one to six.
    let slices = dials(&world, began + 1_000, began + 12_000, 11);
    assert!(slices.iter().all(|count| *count < 250), "{slices:?}");
    assert!(slices[2..9].iter().all(|count| *count > 30), "{slices:?}");
}
