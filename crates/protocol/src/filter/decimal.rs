//! Decimal numbers of any size, to be compared and nothing else.

use std::cmp::Ordering;

/// Longer texts are no numbers.
const MAX_LEN: usize = 200;

/// More digits after the point are no number either.
const MAX_FRACTION: usize = 19;

/// A decimal number, exact: `-12.50`, without an exponent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    is_negative: bool,
    /// Without zeros before the first other digit.
    whole: String,
    /// Without zeros after the last other digit.
    fraction: String,
}

impl Decimal {
    /// Reads a number; `None` if the text is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_negative = text.starts_with('-');
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if text.len() > MAX_LEN
            || fraction.len() > MAX_FRACTION
            || !are_digits(whole)
            || !are_digits(fraction)
        {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let is_negative = is_negative && !(whole.is_empty() && fraction.is_empty());
        Some(Self { is_negative, whole: whole.to_owned(), fraction: fraction.to_owned() })
    }

    fn cmp_absolute(&self, other: &Self) -> Ordering {
        let of_whole = self.whole.len().cmp(&other.whole.len()).then_with(|| self.whole.cmp(&other.whole));
        of_whole.then_with(|| self.fraction.cmp(&other.fraction))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (false, false) => self.cmp_absolute(other),
            (true, true) => other.cmp_absolute(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        let sorted = [
            "-100000000000000000000000000000000000000001",
            "-10.5",
            "-10.49",
            "-0.1",
            "0",
            "0.0000000000000000001",
            "0.05",
            "0.5",
            "+9",
            "10",
            "010.1",
            "9007199254740993",
            "9007199254740993.1",
        ];
        let numbers = sorted.map(|text| Decimal::parse(text).expect(text));
        assert!(numbers.is_sorted_by(|one, other| one < other));
        assert_eq!(Decimal::parse("-0.00"), Decimal::parse("0"));
        assert_eq!(Decimal::parse("01.50"), Decimal::parse("1.5"));
    }

    #[test]
    fn what_is_no_number_is_none() {
        let long = "1".repeat(201);
        for text in ["", "-", "+", ".5", "5.", "1e3", "1,5", " 1", "1.2.3", "--1", "0x1", "١", &long] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::parse("0.00000000000000000001"), None, "20 digits");
    }
}
