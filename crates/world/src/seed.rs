//! The one source of chance: dice that a seed sets, a set of them for each part of the world.

use std::hash::{DefaultHasher, Hash, Hasher};

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Dice that roll the same again for the same seed.
#[derive(Debug)]
pub struct Dice {
    seed: u64,
    rng: StdRng,
}

impl Dice {
    /// The dice of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, rng: StdRng::seed_from_u64(seed) }
    }

    /// Other dice of the same seed: how often one part of the world rolls its own moves nothing elsewhere.
    pub fn branch(&self, part: impl Hash) -> Self {
        // Its keys are fixed, unlike those of hash maps.
        let mut hasher = DefaultHasher::new();
        (self.seed, part).hash(&mut hasher);
        Self::new(hasher.finish())
    }

    /// True in `percent` of all cases.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < u64::from(percent)
    }

    /// Less than `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.rng.random_range(0..bound)
    }

    /// From `least` to `most`.
    pub fn between(&mut self, least: u64, most: u64) -> u64 {
        self.rng.random_range(least..=most)
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// One of these, each as likely as its weight says.
    pub fn weigh<T: Copy>(&mut self, from: &[(u32, T)]) -> T {
        let mut rest = self.below(from.iter().map(|(weight, _)| u64::from(*weight)).sum());
        for (weight, one) in from {
            if rest < u64::from(*weight) {
                return *one;
            }
            rest -= u64::from(*weight);
        }
        unreachable!("the rest is less than all weights together")
    }

    /// In `0.0..1.0`, with three decimals, so that transcripts stay readable.
    pub fn luck(&mut self) -> f64 {
        self.below(1000) as f64 / 1000.0
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.rng.random()
    }
}
