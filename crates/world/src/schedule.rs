//! What happens in a world, and when: drawn from the seed before anything does.

use std::time::Duration;

use crate::{
    agenda::Time,
    judge::Act,
    network::{Dials, Direction, Weather},
    seed::Dice,
};

/// One thing that people or fate do. The first number is a phone's.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// The app starts its client.
    Start(usize),
    /// The app is killed and started again.
    Relaunch(usize),
    /// The app wants to hear a channel: from where it stood, or from now on.
    Subscribe(usize, &'static str, bool),
    /// The app wants to hear a channel no more.
    Unsubscribe(usize, &'static str),
    /// The app asks for something that must happen once, within a time of its own if it has one.
    Command(usize, Act, Option<Duration>),
    /// The app goes to the background.
    Hide(usize),
    /// The app comes back.
    Show(usize),
    /// The socket breaks; whether the phone hears of it, and whether the server does.
    Cut(usize, bool, bool),
    /// Nothing arrives in one direction.
    Hush(usize, Direction),
    /// What was held back arrives.
    Unhush(usize),
    /// The phone moves to where the network is like this; whether its system says so.
    Move(usize, Weather, bool),
    /// The backend publishes so many messages, each with so many bytes more than it needs.
    Publish(&'static str, u64, usize),
    /// The backend publishes one message, and again because it is not sure.
    PublishTwice(&'static str),
    /// The backend works, or does not.
    Office(bool),
    /// The gateway ends, and is back after so many milliseconds; whether anybody is told.
    Restart(u64, bool),
    /// The gateway sends everyone away over so many milliseconds, and is back so many after that.
    Drain(u64, u64),
}

impl Happening {
    /// For how long, in milliseconds, it keeps clients away that did as they were told.
    fn aftermath(&self) -> u64 {
        match self {
            // Those who are sent away are asked to stay away for some seconds.
            Self::Drain(over, away) => over + LAST_CLOSES + away + 7_000,
            _ => 0,
        }
    }
}

/// After the last socket was told to go: what the gateway gives them for that.
pub(crate) const LAST_CLOSES: u64 = 6_000;

/// Channels that apps hear. What nothing is kept of comes last.
pub const CHANNELS: [&str; 5] = ["news", "brief:a", "brief:b", "lobby:1", "bare:x"];

/// Things that happen, and when.
pub type Plan = Vec<(Time, Happening)>;

/// Draws one kind of thing that befalls a phone at some time, and what follows from it.
type Sketch = fn(usize, Time, &mut Dice, &mut Plan);

/// What happens to so many phones until the faults end.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// How many phones there are.
    pub phones: usize,
    /// What happens, in order.
    pub plan: Plan,
    /// When the faults end.
    pub end: Time,
}

/// How likely each kind of thing is in one world: some see only cuts, others only restarts.
struct Mix {
    cut: u32,
    silence: u32,
    weather: u32,
    hide: u32,
    relaunch: u32,
    subscribe: u32,
    command: u32,
    publish: u32,
    restart: u32,
    office: u32,
}

impl Schedule {
    /// Draws one.
    pub fn draw(dice: &mut Dice) -> Self {
        let phones = dice.between(2, 5) as usize;
        let end = Time(dice.between(25_000, 90_000));
        let mix = Mix::draw(dice);
        let mut plan = Vec::new();
        for phone in 0..phones {
            let start = Time(dice.between(0, 3_000));
            plan.push((start, Happening::Start(phone)));
            for channel in CHANNELS {
                if dice.chance(60) {
                    plan.push((start + dice.between(0, 3_000), Happening::Subscribe(phone, channel, true)));
                }
            }
        }
        for _ in 0..dice.between(30, 150) {
            let at = Time(dice.between(1_000, end.0 - 1));
            mix.draw_one(phones, at, dice, &mut plan);
        }
        plan.sort_by_key(|(at, _)| *at);
        plan.retain(|(at, happening)| at.0 + happening.aftermath() < end.0);
        Self { phones, plan, end }
    }
}

impl Mix {
    fn draw(dice: &mut Dice) -> Self {
        let mut weight = |most: u64| if dice.chance(30) { 0 } else { dice.between(1, most) as u32 };
        Self {
            cut: weight(15),
            silence: weight(8),
            weather: weight(8),
            hide: weight(10),
            relaunch: weight(3),
            subscribe: weight(12),
            command: weight(30),
            publish: 20 + weight(30),
            restart: weight(4),
            office: weight(3),
        }
    }

    fn draw_one(&self, phones: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
        let phone = dice.below(phones as u64) as usize;
        let kinds: [(u32, Sketch); 10] = [
            (self.cut, cut),
            (self.silence, silence),
            (self.weather, weather),
            (self.hide, hide),
            (self.relaunch, relaunch),
            (self.subscribe, subscribe),
            (self.command, command),
            (self.publish, publish),
            (self.restart, restart),
            (self.office, office),
        ];
        dice.weigh(&kinds)(phone, at, dice, plan);
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

fn subscribe(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    let channel = dice.pick(&CHANNELS);
    if dice.chance(50) {
        plan.push((at, Happening::Unsubscribe(phone, channel)));
    }
    plan.push((at + dice.between(0, 5_000), Happening::Subscribe(phone, channel, dice.chance(60))));
}

fn command(phone: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    for _ in 0..dice.weigh(&[(6, 1), (2, 3), (1, 12)]) {
        let act = match dice.chance(60) {
            true => Act::Rpc,
            false => Act::Publish(dice.pick(&["news", "brief:a", "brief:b"]).to_owned()),
        };
        let ttl = dice.chance(20).then(|| Duration::from_millis(dice.between(200, 20_000)));
        plan.push((at, Happening::Command(phone, act, ttl)));
    }
}

fn publish(_: usize, at: Time, dice: &mut Dice, plan: &mut Plan) {
    let channel = dice.pick(&CHANNELS);
    if dice.chance(10) {
        return plan.push((at, Happening::PublishTwice(dice.pick(&CHANNELS[..4]))));
    }
    let (count, padding) = dice.weigh(&[(12, (1, 0)), (4, (5, 200)), (2, (25, 50)), (1, (90, 900))]);
    plan.push((at, Happening::Publish(channel, count, padding)));
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
