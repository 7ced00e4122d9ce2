//! Finding what two payloads have in common, in a time that is linear in their lengths whatever they are.

use super::{
    checksum,
    number::{width, write_number},
};

/// What is looked for is at least so long.
const BLOCK: usize = 16;

/// How many places with the same hash are looked at. With more, a payload of one repeated byte would take
/// a time that grows with its square.
const MAX_CANDIDATES: usize = 8;

/// What separates the places of one hash in the base from each other.
const NOWHERE: u32 = u32::MAX;

/// Makes the delta that leads from `base` to `target`; `None` if it would not be shorter than `target`.
///
/// If `target` is UTF-8, so is the delta: no character is cut in two.
pub fn create(base: &[u8], target: &[u8]) -> Option<Vec<u8>> {
    // Both lengths are written as 32 bits; no payload comes near it.
    u32::try_from(base.len().max(target.len())).ok()?;
    let is_text = simdutf8::basic::from_utf8(target).is_ok();
    let mut writer = Writer { base, target, is_text, done: 0, out: Vec::with_capacity(64) };
    write_number(target.len() as u32, &mut writer.out);
    writer.out.push(b'\n');

    let prefix = common(base.iter().zip(target));
    let suffix = common(base[prefix..].iter().rev().zip(target[prefix..].iter().rev()));
    writer.copy(Match { from: 0, to: 0, len: prefix });
    writer.copy_within(prefix..target.len() - suffix, &base[prefix..base.len() - suffix], prefix);
    writer.copy(Match { from: base.len() - suffix, to: target.len() - suffix, len: suffix });
    writer.insert(target.len());

    write_number(checksum(target), &mut writer.out);
    writer.out.push(b';');
    Some(writer.out).filter(|delta| delta.len() < target.len())
}

/// How many pairs are equal before the first that is not.
fn common<'a>(pairs: impl Iterator<Item = (&'a u8, &'a u8)>) -> usize {
    pairs.take_while(|(one, other)| one == other).count()
}

/// The same bytes in the base, at `from`, and in the target, at `to`.
#[derive(Clone, Copy)]
struct Match {
    from: usize,
    to: usize,
    len: usize,
}

struct Writer<'a> {
    base: &'a [u8],
    target: &'a [u8],
    is_text: bool,
    /// So much of the target is written.
    done: usize,
    out: Vec<u8>,
}

impl Writer<'_> {
    /// Writes the part `range` of the target, where it is like something in `middle`, which lies in the base
    /// at `offset`. What is like nothing there is left to be inserted.
    fn copy_within(&mut self, range: std::ops::Range<usize>, middle: &[u8], offset: usize) {
        if range.len() < BLOCK || middle.len() < BLOCK {
            return;
        }
        let blocks = Blocks::of(middle);
        let mut at = range.start;
        let mut hash = Rolling::new(&self.target[at..at + BLOCK]);
        loop {
            let found = blocks.candidates(hash).filter_map(|from| self.extend(middle, from, at, &range));
            match found.max_by_key(|found| found.len) {
                Some(found) if self.pays(found) => {
                    at = found.to + found.len;
                    self.copy(Match { from: found.from + offset, ..found });
                    if at + BLOCK > range.end {
                        return;
                    }
                    hash = Rolling::new(&self.target[at..at + BLOCK]);
                }
                _ => {
                    if at + BLOCK >= range.end {
                        return;
                    }
                    hash.roll(self.target[at], self.target[at + BLOCK]);
                    at += 1;
                }
            }
        }
    }

    /// The longest match around `from` in `middle` and `at` in the target; `None` if the hash deceived.
    fn extend(&self, middle: &[u8], from: usize, at: usize, range: &std::ops::Range<usize>) -> Option<Match> {
        if middle[from..from + BLOCK] != self.target[at..at + BLOCK] {
            return None;
        }
        let forward = common(middle[from..].iter().zip(&self.target[at..range.end]));
        let open = &self.target[self.done.max(range.start)..at];
        let backward = common(middle[..from].iter().rev().zip(open.iter().rev()));
        Some(Match { from: from - backward, to: at - backward, len: forward + backward })
    }

    /// Whether a copy is shorter than what it stands for, with the insertion that it may cut in two.
    fn pays(&self, found: Match) -> bool {
        width(found.len) + width(self.base.len()) + 4 < found.len
    }

    /// Inserts what is not written before `found`, and copies that. In a text, no character is cut in two.
    fn copy(&mut self, found: Match) {
        let Match { mut from, mut to, mut len } = found;
        if self.is_text {
            let ahead = (to..to + len).take_while(|at| self.is_inside(*at)).count();
            (from, to, len) = (from + ahead, to + ahead, len - ahead);
            len -= (to..to + len).rev().take_while(|at| self.is_inside(at + 1)).count();
        }
        if !self.pays(Match { from, to, len }) {
            return;
        }
        self.insert(to);
        write_number(len as u32, &mut self.out);
        self.out.push(b'@');
        write_number(from as u32, &mut self.out);
        self.out.push(b',');
        self.done = to + len;
    }

    /// Inserts what is not written before `end`.
    fn insert(&mut self, end: usize) {
        let inserted = &self.target[self.done..end];
        if !inserted.is_empty() {
            write_number(inserted.len() as u32, &mut self.out);
            self.out.push(b':');
            self.out.extend_from_slice(inserted);
        }
        self.done = end;
    }

    /// Whether a character of the target begins before `at` and ends after it.
    fn is_inside(&self, at: usize) -> bool {
        self.target.get(at).is_some_and(|byte| byte & 0xC0 == 0x80)
    }
}

/// Where in the base blocks of each hash begin.
struct Blocks {
    /// The last block of each hash.
    heads: Vec<u32>,
    /// The block of the same hash before each.
    before: Vec<u32>,
}

impl Blocks {
    fn of(base: &[u8]) -> Self {
        let count = base.len() / BLOCK;
        let mut blocks =
            Self { heads: vec![NOWHERE; count.next_power_of_two()], before: Vec::with_capacity(count) };
        for (number, block) in (0_u32..).zip(base.chunks_exact(BLOCK)) {
            let head = blocks.slot(Rolling::new(block));
            blocks.before.push(std::mem::replace(&mut blocks.heads[head], number));
        }
        blocks
    }

    /// Where blocks of this hash may begin, a few of them.
    fn candidates(&self, hash: Rolling) -> impl Iterator<Item = usize> {
        let head = Some(self.heads[self.slot(hash)]).filter(|block| *block != NOWHERE);
        let before = |block: &u32| Some(self.before[*block as usize]).filter(|block| *block != NOWHERE);
        std::iter::successors(head, before).take(MAX_CANDIDATES).map(|block| block as usize * BLOCK)
    }

    fn slot(&self, hash: Rolling) -> usize {
        // The length is a power of two; the upper bits of the product are the well mixed ones.
        (hash.value().wrapping_mul(0x9E37_79B1) >> 8) as usize & (self.heads.len() - 1)
    }
}

/// The hash of the last bytes of a stream, `BLOCK` of them.
#[derive(Clone, Copy)]
struct Rolling {
    /// The sum of the bytes.
    sum: u16,
    /// The sum of the sums, the first byte counted most.
    sums: u16,
}

impl Rolling {
    fn new(block: &[u8]) -> Self {
        let zero = Self { sum: 0, sums: 0 };
        block.iter().fold(zero, |Self { sum, sums }, byte| {
            let sum = sum.wrapping_add(u16::from(*byte));
            Self { sum, sums: sums.wrapping_add(sum) }
        })
    }

    fn roll(&mut self, old: u8, new: u8) {
        self.sum = self.sum.wrapping_sub(u16::from(old)).wrapping_add(u16::from(new));
        self.sums = self.sums.wrapping_sub(u16::from(old) * BLOCK as u16).wrapping_add(self.sum);
    }

    fn value(self) -> u32 {
        u32::from(self.sum) << 16 | u32::from(self.sums)
    }
}
