//! Durations as configuration files write them: `300s`, `1m30s`, `1.5h`, `200ms`.

use std::time::Duration;

/// The units and their lengths in nanoseconds, longest first.
const UNITS: [(&str, u64); 7] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// Reads a duration; `None` if it is none. A negative one is zero, which switches things off.
///
/// Numbers need a unit, but for 0 and -1, the two usual ways to write "off".
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" || (negative && rest == "1") {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (part, after) = parse_part(rest)?;
        total = total.checked_add(part)?;
        rest = after;
    }
    Some(if negative { Duration::ZERO } else { total })
}

/// One number with its unit, and what follows it.
fn parse_part(text: &str) -> Option<(Duration, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at(digits);
    let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
    let (unit, after) = rest.split_at(letters);
    let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let part = match number.parse::<u64>() {
        Ok(whole) => Duration::from_nanos(whole.checked_mul(*nanos)?),
        Err(_) => Duration::try_from_secs_f64(number.parse::<f64>().ok()? * (*nanos as f64 / 1e9)).ok()?,
    };
    Some((part, after))
}

/// Writes a duration the shortest way that [`parse_duration`] reads back exactly.
pub fn show_duration(duration: Duration) -> String {
    let Ok(mut rest) = u64::try_from(duration.as_nanos()) else {
        return format!("{}h", duration.as_secs() / 3600);
    };
    let mut text = String::new();
    for (unit, nanos) in UNITS {
        if rest >= nanos {
            text.push_str(&format!("{}{unit}", rest / nanos));
            rest %= nanos;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_are_understood() {
        let read = |text| parse_duration(text).map(|d| d.as_millis());
        assert_eq!(read("25s"), Some(25_000));
        assert_eq!(read("1m30s"), Some(90_000));
        assert_eq!(read("720h"), Some(2_592_000_000));
        assert_eq!(read("200ms"), Some(200));
        assert_eq!(read("1.5h"), Some(5_400_000));
        assert_eq!(read("0"), Some(0));
    }

    #[test]
    fn what_is_negative_is_off() {
        assert_eq!(parse_duration("-1"), Some(Duration::ZERO));
        assert_eq!(parse_duration("-5s"), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "-", "25", "25 s", "s", "25sec", "1.2.3s", "9999999999999999h", "1d"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_duration_is_written_as_people_write_it() {
        for text in ["25s", "1m30s", "720h", "200ms", "1s500ms", "0s"] {
            assert_eq!(show_duration(parse_duration(text).unwrap()), text);
        }
    }
}
