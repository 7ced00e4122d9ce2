//! A base, a line feed, and a delta for it; or what is to be reached from that base.

use suona_protocol::fossil::{BadDelta, apply, create};

/// Small, so that mutations reach beyond it.
const LIMIT: usize = 256;

/// Applies a delta to its base, and makes one to get from the base to it.
pub fn check(input: &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (base, delta) = (&input[..end], input.get(end + 1..).unwrap_or_default());

    if let Ok(reached) = apply(base, delta, LIMIT) {
        assert!(reached.len() <= LIMIT, "no longer than allowed");
    }
    for (base, target) in [(base, delta), (delta, base)] {
        let Some(made) = create(base, target) else { continue };
        assert!(made.len() < target.len(), "a delta is shorter than what it leads to");
        assert_eq!(apply(base, &made, target.len()).as_deref(), Ok(target));
        assert_eq!(apply(base, &made, target.len() - 1), Err(BadDelta::TooLong));
        if std::str::from_utf8(target).is_ok() {
            assert!(std::str::from_utf8(&made).is_ok(), "no character is cut in two");
        }
    }
}
