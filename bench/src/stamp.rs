//! What a publication carries, so that whoever hears it knows which one it is.

/// One publication among all of a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The number of its channel.
    pub channel: usize,
    /// Its place in the channel, beginning with 1.
    pub number: u64,
}

/// Digits of the channel.
const CHANNEL: usize = 8;

/// Digits of the number.
const NUMBER: usize = 10;

/// What fills a publication up.
const WORDS: [&str; 16] = [
    " lot", " price", " bid", " paid", " open", " scan", " order", " piece", " weight", " carton", " north",
    " gate", " 17", " 2300", " 08:15", " ok",
];

/// The fewest bytes of JSON that hold a stamp, quotes included.
pub const LEAST: usize = CHANNEL + NUMBER + 2;

impl Stamp {
    /// The text of a publication that takes `size` bytes as a JSON string, [`LEAST`] or more.
    pub fn text(self, size: usize) -> String {
        let Self { channel, number } = self;
        let mut text = format!("{channel:0CHANNEL$}{number:0NUMBER$}");
        let mut dice = number;
        while text.len() + 2 < size {
            // Words that come again, but not in the same order: like what is published in earnest, they can be
            // compressed, but not to nothing.
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(WORDS[(dice >> 60) as usize]);
        }
        text.truncate(size.max(LEAST) - 2);
        text
    }

    /// Reads the stamp in front of `text`.
    pub fn read(text: &[u8]) -> Option<Self> {
        let (channel, rest) = text.split_at_checked(CHANNEL)?;
        let (number, _) = rest.split_at_checked(NUMBER)?;
        Some(Self { channel: digits(channel)?.try_into().ok()?, number: digits(number)? })
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    text.iter().try_fold(0, |value, byte| Some(value * 10 + digit(*byte)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_as_it_was_written() {
        let stamp = Stamp { channel: 99_999, number: 1_234_567_890 };
        let text = stamp.text(72);
        assert_eq!(text.len(), 70);
        assert_eq!(Stamp::read(text.as_bytes()), Some(stamp));
        assert_eq!(Stamp::read(b"hello"), None);
        assert_eq!(Stamp::read(b"hello, world, how are you?"), None);
    }
}
