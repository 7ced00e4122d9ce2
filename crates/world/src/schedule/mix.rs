//! How likely each kind of thing is in one world, and what each kind looks like.

use std::time::Duration;

use super::{CHANNELS, Happening, OWN, Plan};
use crate::{
    agenda::Time,
    judge::Act,
    network::{Dials, Direction, Weather},
    seed::Dice,
};

/// Draws one kind of thing that befalls a phone at some time, and what follows from it.
type Sketch = fn(usize, Time, &mut Dice, &mut Plan);

/// All kinds, and how often each happens at most, compared with the others.
const KINDS: [(u64, Sketch); 14] = [
    (15, cut),
    (8, silence),
    (8, weather),
    (10, hide),
    (4, relaunch),
    (3, stop),
    (12, subscribe),
    (30, command),
    (6, hurry),
    (5, order),
    (40, publish),
    (4, lose),
    (4, restart),
    (3, office),
];

/// How likely each kind of thing is in one world: some see only cuts, others only restarts.
pub(super) struct Mix(Vec<(u32, Sketch)>);

impl Mix {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        let mut weight = |most: u64| if dice.chance(30) { 0 } else { dice.between(1, most) as u32 };
        let mut kinds: Vec<_> = KINDS.iter().map(|(most, sketch)| (weight(*most), *sketch)).collect();
        kinds.push((20, publish)); // no world is silent
        Self(kinds)
    }

    pub(super) fn draw_one(&self, phones: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
        let phone = dice.below(phones as u64) as usize;
        dice.weigh(&self.0)(phone, at, dice, plan);
    }
}

fn cut(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    plan.push((at, Happening::Cut(phone, dice.chance(70), dice.chance(50))));
}

fn silence(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    let to = dice.pick(&[Direction::Up, Direction::Down]);
    plan.push((at, Happening::Hush(phone, to)));
    if dice.chance(30) {
        plan.push((
            at,
            Happening::Hush(phone, if to == Direction::Up { Direction::Down } else { Direction::Up }),
        ));
    }
    if dice.chance(80) {
        plan.push((at + dice.between(100, 50_000), Happening::Unhush(phone)));
    }
}

fn weather(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    let least = dice.pick(&[1, 20, 200, 1_500]);
    let dials = dice.weigh(&[(6, Dials::Pass), (1, Dials::Fail), (1, Dials::Vanish)]);
    let rate = dice.weigh(&[(6, 0), (1, 2_000), (1, 20_000)]);
    let weather = Weather { lag: (least, least * dice.between(1, 3)), dials, rate };
    plan.push((at, Happening::Move(phone, weather, dice.chance(60))));
    plan.push((at + dice.between(500, 20_000), Happening::Move(phone, Weather::FAIR, dice.chance(60))));
}

fn hide(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    plan.push((at, Happening::Hide(phone)));
    let away = if dice.chance(60) { dice.between(50, 6_000) } else { dice.between(6_000, 60_000) };
    plan.push((at + away, Happening::Show(phone)));
}

fn relaunch(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    plan.push((at, Happening::Relaunch(phone)));
    let start = at + dice.between(10, 4_000);
    plan.push((start, Happening::Start(phone)));
    for channel in CHANNELS {
        if dice.chance(70) {
            plan.push((start + dice.between(0, 500), Happening::Subscribe(phone, channel, dice.chance(80))));
        }
    }
}

fn stop(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    plan.push((at, Happening::Stop(phone)));
    plan.push((at + dice.between(10, 8_000), Happening::Start(phone)));
}

fn subscribe(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    let channel = dice.pick(&CHANNELS);
    if dice.chance(50) {
        plan.push((at, Happening::Unsubscribe(phone, channel)));
    }
    plan.push((at + dice.between(0, 5_000), Happening::Subscribe(phone, channel, dice.chance(60))));
}

fn command(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    for _ in 0..dice.weigh(&[(6, 1), (2, 3), (1, 12)]) {
        let ttl = dice.chance(20).then(|| Duration::from_millis(dice.between(200, 20_000)));
        plan.push((at, Happening::Command(phone, act(dice), ttl)));
    }
}

/// Much is asked at once of a gateway that has only just let the phone in, and the socket breaks again before all of it
/// is answered: the answers find another connection in its place, which has asked as much.
fn hurry(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    plan.push((at, Happening::Cut(phone, true, true)));
    plan.extend((0..12).map(|_| (at, Happening::Command(phone, Act::Rpc, None))));
    plan.push((at + dice.between(300, 1_500), Happening::Cut(phone, true, true)));
}

fn act(dice: &mut Dice) -> Act {
    match dice.below(200) {
        0..100 => Act::Rpc,
        100..160 => Act::Publish(dice.pick(&["news", "brief:a", "brief:b"]).to_owned()),
        160..174 => Act::Publish("busy:1".to_owned()),
        174..184 => Act::History("news".to_owned(), dice.pick(&[0, 3, 100])),
        184..192 => Act::Presence(dice.pick(&["news", "lobby:1"]).to_owned()),
        192..199 => Act::PresenceStats(dice.pick(&["news", "lobby:1"]).to_owned()),
        _ => Act::Send,
    }
}

fn order(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    if dice.chance(50) {
        return plan.push((at, Happening::Disconnect(phone)));
    }
    let channel = dice.pick(&CHANNELS);
    plan.push((at, Happening::Expel(phone, channel)));
    plan.push((at + dice.between(0, 5_000), Happening::Subscribe(phone, channel, dice.chance(80))));
}

fn publish(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    if dice.chance(10) {
        return plan.push((at, Happening::PublishTwice(dice.pick(&CHANNELS[..5]))));
    }
    let channel = if dice.chance(15) { OWN[phone] } else { dice.pick(&CHANNELS) };
    let (count, padding) = dice.weigh(&[(12, (1, 0)), (4, (5, 200)), (2, (25, 50)), (1, (90, 900))]);
    plan.push((at, Happening::Publish(channel, count, padding)));
}

fn lose(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    let channel = if dice.chance(30) { OWN[phone] } else { dice.pick(&CHANNELS) };
    plan.push((at, Happening::Lose(channel)));
}

fn restart(_: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    let away = if dice.chance(70) { dice.between(20, 3_000) } else { dice.between(3_000, 15_000) };
    plan.push(match dice.chance(50) {
        true => (at, Happening::Restart(away, dice.chance(70))),
        false => (at, Happening::Drain(dice.between(500, 8_000), away)),
    });
}

fn office(_: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    plan.push((at, Happening::Office(false)));
    plan.push((at + dice.between(500, 15_000), Happening::Office(true)));
}
