//! Differences between two payloads, in the delta format of the Fossil version control system.
//!
//! A delta is text if the payload that it leads to is: `SIZE\n`, then copies `COUNT@OFFSET,` from the base
//! and insertions `COUNT:BYTES`, then `CHECKSUM;`. Numbers are in a base 64 of its own.

mod create;
mod number;
#[cfg(test)]
mod tests;

pub use create::create;

use number::read_number;

/// The bytes are no delta of this base. Never quotes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDelta {
    /// It ends too early, or has a command that does not exist.
    #[error("the delta is malformed")]
    Malformed,
    /// It says itself that what it leads to is longer than allowed.
    #[error("the delta leads to more bytes than allowed")]
    TooLong,
    /// It copies from where the base has nothing.
    #[error("the delta copies from beyond its base")]
    BeyondBase,
    /// What it leads to is not what it was made for: it was made for another base.
    #[error("the delta does not fit its base")]
    Mismatch,
}

/// Applies `delta` to the payload `base` that it was made for; the outcome has at most `limit` bytes.
pub fn apply(base: &[u8], delta: &[u8], limit: usize) -> Result<Vec<u8>, BadDelta> {
    let (size, mut rest) = command(delta, b'\n')?;
    let size = usize::try_from(size).ok().filter(|size| *size <= limit).ok_or(BadDelta::TooLong)?;
    // What it promises is believed as it comes.
    let mut out = Vec::with_capacity(size.min(base.len() + delta.len()));
    loop {
        let (count, after) = read_number(rest).ok_or(BadDelta::Malformed)?;
        let (operator, after) = after.split_first().ok_or(BadDelta::Malformed)?;
        let length = count as usize;
        rest = match operator {
            b'@' => {
                let (offset, after) = command(after, b',')?;
                let copied = base.get(offset as usize..).and_then(|tail| tail.get(..length));
                extend(&mut out, copied.ok_or(BadDelta::BeyondBase)?, size)?;
                after
            }
            b':' => {
                let (inserted, after) = after.split_at_checked(length).ok_or(BadDelta::Malformed)?;
                extend(&mut out, inserted, size)?;
                after
            }
            b';' if out.len() == size && count == checksum(&out) => return Ok(out),
            b';' => return Err(BadDelta::Mismatch),
            _ => return Err(BadDelta::Malformed),
        };
    }
}

/// A number and the byte that ends it.
fn command(bytes: &[u8], end: u8) -> Result<(u32, &[u8]), BadDelta> {
    let (number, rest) = read_number(bytes).ok_or(BadDelta::Malformed)?;
    Ok((number, rest.strip_prefix(&[end]).ok_or(BadDelta::Malformed)?))
}

fn extend(out: &mut Vec<u8>, piece: &[u8], size: usize) -> Result<(), BadDelta> {
    if out.len() + piece.len() > size {
        return Err(BadDelta::Mismatch);
    }
    out.extend_from_slice(piece);
    Ok(())
}

/// The sum of the bytes taken four at a time as big-endian numbers, the last ones filled up with zeros.
fn checksum(bytes: &[u8]) -> u32 {
    let mut words = bytes.chunks_exact(4);
    let sum = words.by_ref().fold(0_u32, |sum, word| {
        sum.wrapping_add(u32::from_be_bytes(word.try_into().expect("a word has four bytes")))
    });
    let mut last = [0; 4];
    last[..words.remainder().len()].copy_from_slice(words.remainder());
    sum.wrapping_add(u32::from_be_bytes(last))
}
