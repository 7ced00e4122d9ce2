//! Seeds, damaged in the ways in which decoders tend to be wrong.

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

/// Makes one input after another, the same ones in every run.
pub(crate) struct Mutator {
    seeds: Vec<Vec<u8>>,
    dice: StdRng,
}

/// Lengths and numbers on the edges: of a varint, of a limit, of an integer.
const EDGES: [u64; 10] =
    [0, 1, 127, 128, 511, 512, u32::MAX as u64, u32::MAX as u64 + 1, i64::MAX as u64, u64::MAX];

impl Mutator {
    pub(crate) fn new(seeds: Vec<Vec<u8>>) -> Self {
        Self { seeds, dice: StdRng::seed_from_u64(7) }
    }

    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut input = self.seed().clone();
        for _ in 0..self.dice.random_range(1..=4) {
            self.damage(&mut input);
        }
        input
    }

    fn seed(&mut self) -> &Vec<u8> {
        let index = self.dice.random_range(0..self.seeds.len());
        &self.seeds[index]
    }

    fn damage(&mut self, input: &mut Vec<u8>) {
        let (at, end) = self.range(input.len());
        match self.dice.random_range(0..8) {
            0 if !input.is_empty() => input[at.min(end - 1)] ^= 1 << self.dice.random_range(0..8),
            1 => input.truncate(at),
            2 => drop(input.drain(at..end)),
            3 => input.splice(at..at, input[at..end].to_vec()).for_each(drop),
            4 => {
                let other = self.seed().clone();
                let (from, to) = self.range(other.len());
                input.splice(at..end, other[from..to].iter().copied()).for_each(drop);
            }
            5 => {
                let edge = self.edge();
                input.splice(at..(at + 1).min(input.len()), varint(edge)).for_each(drop);
            }
            6 => {
                let edge = self.edge();
                input.splice(at..end, edge.to_string().into_bytes()).for_each(drop);
            }
            _ => input.insert(at, self.dice.next_u32() as u8),
        }
    }

    fn edge(&mut self) -> u64 {
        EDGES[self.dice.random_range(0..EDGES.len())]
    }

    /// A short range within `len`; empty only at the end.
    fn range(&mut self, len: usize) -> (usize, usize) {
        let at = self.dice.random_range(0..=len);
        (at, (at + self.dice.random_range(1..=16)).min(len))
    }
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}
