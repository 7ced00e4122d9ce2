use proptest::{collection::vec, prelude::*};

use super::*;

const LIMIT: usize = 1 << 20;

fn text(delta: Option<Vec<u8>>) -> String {
    String::from_utf8(delta.expect("a delta")).expect("text")
}

#[test]
fn a_small_change_is_a_small_delta() {
    let base = r#"{"lot":"A-17","price":1000,"bidder":"supplier-one","closes":"12:00:00"}"#;
    let target = r#"{"lot":"A-17","price":1050,"bidder":"supplier-one","closes":"12:00:00"}"#;
    let delta = text(create(base.as_bytes(), target.as_bytes()));
    assert_eq!(delta, "17\nO@0,1:5j@P,2Pt3S9;");
    assert_eq!(apply(base.as_bytes(), delta.as_bytes(), LIMIT), Ok(target.into()));
}

#[test]
fn what_has_nothing_in_common_has_no_delta() {
    assert_eq!(create(b"", b"something else altogether"), None);
    assert_eq!(create(b"abcdefghijklmnopqrstuvwxyz", b"1234567890"), None);
    assert_eq!(create(b"the same", b""), None, "nothing is shorter than nothing");
}

#[test]
fn moved_blocks_are_found() {
    let (one, other) =
        ("The first sentence of the two. ".repeat(4), "And this is the second one! ".repeat(4));
    let (base, target) = (format!("{one}{other}"), format!("{other}and{one}"));
    let delta = create(base.as_bytes(), target.as_bytes()).expect("a delta");
    assert!(delta.len() < 60, "{} bytes", delta.len());
    assert_eq!(apply(base.as_bytes(), &delta, LIMIT), Ok(target.into()));
}

#[test]
fn no_character_is_cut_in_two() {
    // 价 is E4 BB B7 and 仸 is E4 BB B8: what differs is the last byte of a character.
    let (before, after) = ("竞价开始，请各供应商注意".repeat(3), "请在规定时间内完成报价".repeat(3));
    let (base, target) = (format!("{before}价{after}"), format!("{before}仸{after}"));
    let delta = text(create(base.as_bytes(), target.as_bytes()));
    assert!(delta.contains('仸') && delta.len() < 40, "{delta}");
    assert_eq!(apply(base.as_bytes(), delta.as_bytes(), LIMIT), Ok(target.into()));
}

#[test]
fn a_delta_for_another_base_is_noticed() {
    let (base, target) = ("a".repeat(100), "a".repeat(90) + "b");
    let delta = create(base.as_bytes(), target.as_bytes()).expect("a delta");
    let other = "c".repeat(100);
    assert_eq!(apply(other.as_bytes(), &delta, LIMIT), Err(BadDelta::Mismatch));
    assert_eq!(apply(b"short", &delta, LIMIT), Err(BadDelta::BeyondBase));
    assert_eq!(apply(base.as_bytes(), &delta, 90), Err(BadDelta::TooLong));
    assert_eq!(apply(base.as_bytes(), &delta[..delta.len() - 1], LIMIT), Err(BadDelta::Malformed));
}

#[test]
fn a_small_delta_cannot_lead_to_more_than_it_says() {
    let base = vec![b'x'; 4096];
    let bomb: Vec<u8> = b"10\n".iter().copied().chain(b"100@0,".repeat(1000)).collect();
    assert_eq!(apply(&base, &bomb, LIMIT), Err(BadDelta::Mismatch));
}

/// With a time that grows with the square of the length this test would not end in a working day.
#[test]
fn payloads_made_to_be_slow_are_not() {
    let repeated = |unit: &[u8]| unit.repeat((512 << 10) / unit.len());
    for (base, target) in [
        (repeated(b"a"), repeated(b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")),
        (repeated(b"abcdefghijklmnop"), repeated(b"bcdefghijklmnopqabcdefghijklmno")),
        (repeated(b"\x00\x01"), repeated(b"\x01\x00\x00")),
    ] {
        if let Some(delta) = create(&base, &target) {
            assert_eq!(apply(&base, &delta, LIMIT), Ok(target));
        }
    }
}

/// A payload, and another made of pieces of it and of something else.
fn relatives() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let any_bytes = prop_oneof![vec(any::<u8>(), 0..400), vec(0_u8..4, 0..400)];
    let piece = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), vec(any::<u8>(), 0..20));
    (any_bytes, vec(piece, 0..8)).prop_map(|(base, pieces)| {
        let mut target = Vec::new();
        for (start, end, inserted) in pieces {
            let start = start.index(base.len() + 1);
            target.extend_from_slice(&base[start..start + end.index(base.len() - start + 1)]);
            target.extend(inserted);
        }
        (base, target)
    })
}

proptest! {
    #[test]
    fn a_delta_leads_where_it_was_made_to((base, target) in relatives()) {
        if let Some(delta) = create(&base, &target) {
            prop_assert!(delta.len() < target.len());
            prop_assert_eq!(apply(&base, &delta, target.len()), Ok(target));
        }
    }

    #[test]
    fn a_delta_between_texts_is_text(base in "[价仸報a\"]{0,80}", target in "[价仸報a\"]{0,80}") {
        // Half of it the same, or there would seldom be a delta.
        let (base, target) = (format!("{target}{base}"), format!("{target}{target}"));
        if let Some(delta) = create(base.as_bytes(), target.as_bytes()) {
            prop_assert!(std::str::from_utf8(&delta).is_ok());
            prop_assert_eq!(apply(base.as_bytes(), &delta, LIMIT), Ok(target.into_bytes()));
        }
    }

    #[test]
    fn any_bytes_are_a_delta_or_an_error(base in vec(any::<u8>(), 0..100), delta in "[0-3]{1,2}\n([0-9]{1,2}[@:;,a])*") {
        let _ = apply(&base, delta.as_bytes(), LIMIT);
    }
}
