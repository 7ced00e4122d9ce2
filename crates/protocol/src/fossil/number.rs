//! Numbers as deltas write them: base 64, the highest digit first.

const DIGITS: &[u8; 64] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";

/// Six digits hold every number of 32 bits.
const MAX_DIGITS: usize = 6;

/// Appends `number`.
pub(super) fn write_number(number: u32, out: &mut Vec<u8>) {
    let digits = (1..MAX_DIGITS).find(|digits| number >> (6 * digits) == 0).unwrap_or(MAX_DIGITS);
    out.extend((0..digits).rev().map(|digit| DIGITS[(number >> (6 * digit)) as usize & 63]));
}

/// How many digits `number` takes.
pub(super) fn width(number: usize) -> usize {
    (1..MAX_DIGITS).find(|digits| number >> (6 * digits) == 0).unwrap_or(MAX_DIGITS)
}

/// Reads a number, 0 if there is no digit, and returns what follows it; `None` if it has more than 32 bits.
pub(super) fn read_number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0_u32;
    for (at, byte) in bytes.iter().enumerate() {
        let Some(digit) = digit(*byte) else { return Some((number, &bytes[at..])) };
        number = number.checked_mul(64)? | digit;
    }
    Some((number, &[]))
}

fn digit(byte: u8) -> Option<u32> {
    Some(match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        b'_' => 36,
        b'a'..=b'z' => u32::from(byte - b'a') + 37,
        b'~' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for number in [0, 1, 63, 64, 4095, 4096, 1 << 24, 1 << 30, u32::MAX] {
            let mut written = Vec::new();
            write_number(number, &mut written);
            assert_eq!(written.len(), width(number as usize));
            written.push(b'@');
            assert_eq!(read_number(&written), Some((number, &b"@"[..])));
        }
        assert_eq!(read_number(b"~~~~~~"), None, "36 bits");
    }
}
