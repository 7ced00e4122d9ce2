//! Spans of time, as transcripts write them: `250ms`, `31.25s`, `-1h`.

use std::time::Duration;

use crate::Malformed;

/// Whole milliseconds, perhaps of the past.
pub(crate) fn read_signed(text: &str) -> Result<i64, Malformed> {
    let wrong = || Malformed(format!("no span of time: {text}"));
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let factor = match unit {
        "ms" => 1.0,
        "s" => 1000.0,
        "m" => 60_000.0,
        "h" => 3_600_000.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Ok((number * factor).round() as i64)
}

pub(crate) fn read(text: &str) -> Result<Duration, Malformed> {
    let milliseconds = u64::try_from(read_signed(text)?);
    milliseconds.map(Duration::from_millis).map_err(|_| Malformed(format!("not of the past: {text}")))
}

/// Below a second in milliseconds, then in seconds with as many decimals as it takes.
pub(crate) fn written(span: Duration) -> String {
    match span.as_millis() {
        ms @ 0..1000 => format!("{ms}ms"),
        ms => format!("{}s", ms as f64 / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_as_they_are_read() {
        for text in ["0ms", "999ms", "1s", "31.25s", "76.988s", "1214.1s"] {
            assert_eq!(written(read(text).unwrap()), text);
        }
        assert_eq!(read_signed("-1h"), Ok(-3_600_000));
        assert!(read("-1s").is_err() && read("5").is_err() && read("ms").is_err() && read("1d").is_err());
    }
}
