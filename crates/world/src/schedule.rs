//! What happens in a world, and when: drawn from the seed before anything does.

mod happening;
mod mix;

use crate::{agenda::Time, seed::Dice};

pub use happening::Happening;
pub(crate) use happening::LAST_CLOSES;
use mix::Mix;

/// Channels that apps hear if they want to. What nothing is kept of comes last.
pub const CHANNELS: [&str; 6] = ["news", "brief:a", "brief:b", "lobby:1", VAULT, UNKEPT];

/// The channel that needs a token of its own.
pub const VAULT: &str = "vault:1";

/// The channel that keeps nothing.
pub const UNKEPT: &str = "bare:x";

/// Each user's own channel, which the gateway subscribes it to.
pub const OWN: [&str; 5] = ["own:#user0", "own:#user1", "own:#user2", "own:#user3", "own:#user4"];

/// Things that happen, and when.
pub type Plan = Vec<(Time, Happening)>;

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

impl Schedule {
    /// Draws one.
    pub fn draw(dice: &mut Dice) -> Self {
        let phones = dice.between(2, OWN.len() as u64) as usize;
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
