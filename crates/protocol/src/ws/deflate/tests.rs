use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;
use crate::ws::{
    Decoder, Opcode, Role,
    check::{self, LIMIT, Owned, transcript_by},
    frame, masked_frame,
};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The example of RFC 7692, 7.2.3.1: "Hello".
const HELLO: &[u8] = &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

fn inflated(payload: &[u8]) -> Result<Vec<u8>, Violation> {
    let mut inflater = Inflater::default();
    match inflater.inflate(Deflated { is_text: false, payload }, LIMIT)? {
        Message::Binary(bytes) => Ok(bytes.to_vec()),
        other => panic!("{other:?}"),
    }
}

fn deflated(payload: &[u8]) -> Vec<u8> {
    let compressed =
        Deflater::new(9).deflate(&frame(Opcode::Text, payload), Window::Full).expect("it gets shorter");
    assert_eq!(compressed[0], 0xc1, "a whole text, compressed");
    crate::ws::payload(&compressed).to_vec()
}

/// What a server makes of frames with these first bytes, in one piece and byte by byte.
fn decoded(frames: &[(u8, &[u8])]) -> check::Transcript {
    let stream: Vec<u8> = frames
        .iter()
        .flat_map(|(first, payload)| {
            let mut frame = masked_frame(Opcode::Text, payload, KEY).to_vec();
            frame[0] = *first;
            frame
        })
        .collect();
    check::frames(&stream);
    transcript_by(Decoder::new(Role::Server, LIMIT).with_deflate(true), &stream, [stream.len()])
}

#[test]
fn the_examples_of_the_rfc_are_read() {
    let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    let with_last_block = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    let in_two_blocks = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    for payload in [HELLO, &stored, &with_last_block, &with_last_block[..7], &in_two_blocks] {
        assert_eq!(inflated(payload).as_deref(), Ok(&b"Hello"[..]), "{payload:x?}");
    }
    assert_eq!(inflated(&[0x00]).as_deref(), Ok(&b""[..]), "an empty message");
}

#[test]
fn what_is_broken_or_cut_is_refused() {
    for payload in [&HELLO[..6], &HELLO[..3], &[0x07], &[0xff; 9], &[0x00, 0x05, 0x00, 0x00, 0x00], &[]] {
        assert_eq!(inflated(payload), Err(Violation::BadDeflate), "{payload:x?}");
    }
    let more_after_the_last_block = [&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..], HELLO].concat();
    assert_eq!(inflated(&more_after_the_last_block), Err(Violation::BadDeflate));
    assert_eq!(Violation::BadDeflate.code(), 1007);
}

#[test]
fn inflating_stops_at_the_limit() {
    assert_eq!(inflated(&deflated(&[7; LIMIT])).map(|message| message.len()), Ok(LIMIT));
    assert_eq!(inflated(&deflated(&[7; LIMIT + 1])), Err(Violation::TooBig));

    let bomb = deflated(&vec![0; 16 << 20]);
    let mut inflater = Inflater::default();
    let bomb = Deflated { is_text: false, payload: &bomb };
    assert_eq!(inflater.inflate(bomb, LIMIT), Err(Violation::TooBig));
    assert!(inflater.message.capacity() <= 2 * LIMIT, "{}", inflater.message.capacity());
    let hello = Deflated { is_text: true, payload: HELLO };
    assert_eq!(inflater.inflate(hello, LIMIT), Ok(Message::Text("Hello")), "and nothing is left of it");
}

#[test]
fn only_the_first_frame_of_a_message_says_that_it_is_compressed() {
    let hello = || Owned::Text("Hello".to_owned());
    assert_eq!(decoded(&[(0xc1, HELLO)]), (vec![hello()], None));
    let fragments = [(0x41, &HELLO[..2]), (0x89, b"?"), (0x00, &HELLO[2..3]), (0x80, &HELLO[3..])];
    assert_eq!(decoded(&fragments), (vec![Owned::Ping(b"?".to_vec()), hello()], None));
    assert_eq!(decoded(&[(0xc1, HELLO), (0x81, b"Hello")]), (vec![hello(), hello()], None));
    for frames in [
        &[(0xc9, &b"?"[..])][..],
        &[(0xca, b"!")],
        &[(0xc8, b"")],
        &[(0xc0, b"")],
        &[(0xe1, HELLO)],
        &[(0xa1, b"x")],
        &[(0x41, &HELLO[..2]), (0xc0, &HELLO[2..])],
    ] {
        assert_eq!(decoded(frames), (Vec::new(), Some(Violation::ReservedBits)), "{frames:x?}");
    }
}

#[test]
fn compressed_text_is_judged_when_it_is_whole() {
    let cut_in_a_character = "唢".as_bytes().repeat(100);
    let payload = deflated(&cut_in_a_character[..299]);
    assert_eq!(decoded(&[(0xc1, &payload)]), (Vec::new(), Some(Violation::NotUtf8)));
    assert!(decoded(&[(0xc2, &payload)]).1.is_none(), "bytes may be anything");
    // The compressed bytes themselves are no text, and need not be.
    let parts = [(0x41, &payload[..1]), (0x80, &payload[1..])];
    assert_eq!(decoded(&parts).1, Some(Violation::NotUtf8));
}

#[test]
fn a_compressed_message_may_be_a_little_longer_than_what_is_in_it() {
    // Stored blocks, as other compressors write what they cannot shorten.
    let stored: Vec<u8> = [7u8; LIMIT]
        .chunks(512)
        .flat_map(|part| {
            let len = (part.len() as u16).to_le_bytes();
            [&[0, len[0], len[1], !len[0], !len[1]], part].concat()
        })
        .chain([0])
        .collect();
    assert!(stored.len() > LIMIT);
    assert_eq!(decoded(&[(0xc2, &stored)]), (vec![Owned::Binary(vec![7; LIMIT])], None));
    let too_long = vec![0; longest_deflated(LIMIT) + 1];
    assert_eq!(decoded(&[(0xc2, &too_long)]), (Vec::new(), Some(Violation::TooBig)));
}

#[test]
fn a_frame_is_compressed_if_that_makes_it_shorter() {
    let mut deflater = Deflater::new(1);
    let text = "the price of this lot, ".repeat(20);
    let plain = frame(Opcode::Text, text.as_bytes());
    let compressed = deflater.deflate(&plain, Window::Full).unwrap();
    assert!(compressed.len() < plain.len() / 4, "{}", compressed.len());
    assert_eq!(
        deflater.deflate(&plain, Window::Full).unwrap(),
        compressed,
        "nothing is remembered from one to the next"
    );
    let mut inflater = Inflater::default();
    let payload = crate::ws::payload(&compressed);
    let message = inflater.inflate(Deflated { is_text: true, payload: &payload }, LIMIT);
    assert_eq!(message, Ok(Message::Text(&text)));

    let mut dice = StdRng::seed_from_u64(7);
    let random: Vec<u8> = (0..200_000).map(|_| dice.random()).collect();
    for (opcode, payload) in [(Opcode::Text, &b"{}"[..]), (Opcode::Binary, b""), (Opcode::Binary, &random)] {
        assert_eq!(deflater.deflate(&frame(opcode, payload), Window::Full), None);
    }
}

#[test]
fn only_whole_messages_are_compressed() {
    let mut deflater = Deflater::new(1);
    let long = frame(Opcode::Text, &[b'x'; 100]);
    assert!(deflater.deflate(&long, Window::Full).is_some());
    let with_close = [&long[..], &frame(Opcode::Close, b"")].concat().into();
    let cut = long.slice(..50);
    for other in [frame(Opcode::Ping, &[0; 100]), frame(Opcode::Close, &[0; 100]), with_close, cut] {
        assert_eq!(deflater.deflate(&other, Window::Full), None);
    }
}

#[test]
fn nothing_refers_to_what_the_reader_has_forgotten() {
    let mut dice = StdRng::seed_from_u64(7);
    let line: Vec<u8> = (0..1000).map(|_| dice.random()).collect();
    let mut inflater = Inflater::default();
    for level in 1..10 {
        let mut deflater = Deflater::new(level);
        let mut deflate = |lines, bits| {
            deflater.deflate(&frame(Opcode::Binary, &line.repeat(lines)), Window::Limited { bits })
        };
        assert_eq!(deflate(30, 8), None, "each line comes again when it is forgotten");
        assert_eq!(deflate(30, 9), None);
        for bits in 11..15 {
            let [limited, full] = [bits, 15].map(|bits| deflate(30, bits).unwrap());
            assert!(limited.len() > full.len(), "level {level}, {bits} bits");
            let payload = crate::ws::payload(&limited);
            let message = inflater.inflate(Deflated { is_text: false, payload: &payload }, 30_000);
            assert!(message == Ok(Message::Binary(&line.repeat(30))), "level {level}, {bits} bits");
        }
        assert_eq!(deflate(4, 12), deflate(4, 15), "what fits is compressed alike for all");
    }
}

proptest! {
    #[test]
    fn what_was_deflated_is_inflated_to_itself(
        parts in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..9), 1usize..60), 0..20),
        level in 1u32..10,
        bits in 8u8..16,
    ) {
        let payload: Vec<u8> = parts.iter().flat_map(|(part, times)| part.repeat(*times)).take(LIMIT).collect();
        let plain = frame(Opcode::Binary, &payload);
        if let Some(compressed) = Deflater::new(level).deflate(&plain, Window::Limited { bits }) {
            prop_assert!(compressed.len() < plain.len());
            prop_assert_eq!(inflated(&crate::ws::payload(&compressed)), Ok(payload));
        }
    }

    #[test]
    fn whatever_is_inflated_is_bounded(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        seed in prop::collection::vec(any::<u8>(), 1..9),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let mut payload = deflated(&seed.repeat(2 * LIMIT / seed.len()));
        for (at, with) in flips {
            let at = at.index(payload.len());
            payload[at] ^= with;
        }
        payload.truncate(end.index(payload.len() + 1));
        for payload in [bytes, payload] {
            let mut inflater = Inflater::default();
            let message = inflater.inflate(Deflated { is_text: true, payload: &payload }, LIMIT);
            prop_assert!(message.is_err() || message.is_ok_and(|message| message.len() <= LIMIT));
            prop_assert!(inflater.message.capacity() <= 2 * LIMIT);
        }
    }
}
