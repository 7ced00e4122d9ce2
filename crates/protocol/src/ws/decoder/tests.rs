use std::io::{self, Cursor, Read, Write};

use proptest::prelude::*;
use tungstenite::protocol::{self as judge, WebSocketConfig};

use super::*;
use crate::ws::{
    check::{self, LIMIT, Owned, transcript},
    masked_frame,
};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame with any first byte: fragments, reserved bits, reserved opcodes.
fn raw(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = masked_frame(Opcode::Text, payload, KEY).to_vec();
    frame[0] = first;
    frame
}

fn stream(frames: &[(u8, &[u8])]) -> Vec<u8> {
    frames.iter().flat_map(|(first, payload)| raw(*first, payload)).collect()
}

/// What a server makes of these frames, in one piece and byte by byte.
fn decoded(frames: &[(u8, &[u8])]) -> check::Transcript {
    let stream = stream(frames);
    let whole = transcript(Role::Server, &stream, [stream.len()]);
    assert_eq!(transcript(Role::Server, &stream, [1]), whole);
    whole
}

fn refused(bytes: &[u8]) -> Violation {
    check::frames(bytes);
    transcript(Role::Server, bytes, [bytes.len()]).1.expect("a violation")
}

fn text(text: &str) -> Owned {
    Owned::Text(text.to_owned())
}

#[test]
fn a_decoder_is_small() {
    assert!(size_of::<Decoder>() <= 24, "{}", size_of::<Decoder>());
}

#[test]
fn fragments_become_one_message_with_control_frames_between() {
    let (events, end) =
        decoded(&[(0x01, "唢".as_bytes()), (0x89, b"?"), (0x00, b""), (0x8a, b"!"), (0x80, "呐".as_bytes())]);
    assert_eq!(events, [Owned::Ping(b"?".to_vec()), Owned::Pong(b"!".to_vec()), text("唢呐")]);
    assert_eq!(end, None);
}

#[test]
fn a_message_that_lies_whole_in_the_input_is_lent_from_there() {
    let mut bytes = stream(&[(0x81, b"one"), (0x82, b"two")]);
    let range = bytes.as_ptr_range();
    let mut decoder = Decoder::new(Role::Server, LIMIT);
    let mut input = &mut bytes[..];
    while let Some(event) = decoder.decode(&mut input).unwrap() {
        let Event::Message(Message::Text(_) | Message::Binary(_)) = event else { panic!("{event:?}") };
        let at = match event {
            Event::Message(Message::Text(text)) => text.as_ptr(),
            Event::Message(Message::Binary(bytes)) => bytes.as_ptr(),
            _ => unreachable!(),
        };
        assert!(range.contains(&at));
        assert!(decoder.is_idle());
    }
}

#[test]
fn nothing_is_held_between_messages() {
    let mut bytes = stream(&[(0x01, b"a"), (0x80, b"b")]);
    let mut decoder = Decoder::new(Role::Server, LIMIT);
    let (mut first, mut second) = bytes.split_at_mut(9);
    assert_eq!(decoder.decode(&mut first), Ok(None));
    assert!(!decoder.is_idle());
    assert!(decoder.decode(&mut second).unwrap().is_some());
    assert_eq!(decoder.decode(&mut second), Ok(None));
    assert!(decoder.is_idle());
}

#[test]
fn an_announced_length_reserves_nothing() {
    let mut decoder = Decoder::new(Role::Server, usize::MAX);
    let mut bytes = [&[0x82, 0xff][..], &i64::MAX.to_be_bytes(), &KEY, b"only this"].concat();
    assert_eq!(decoder.decode(&mut &mut bytes[..]), Ok(None));
}

#[test]
fn headers_are_judged_strictly() {
    assert_eq!(refused(b"\x81\x02hi"), Violation::Unmasked);
    assert_eq!(refused(&raw(0xc1, b"hi")), Violation::ReservedBits);
    assert_eq!(refused(&raw(0x83, b"hi")), Violation::ReservedOpcode(3));
    assert_eq!(refused(&raw(0x8b, b"hi")), Violation::ReservedOpcode(11));
    assert_eq!(refused(&raw(0x09, b"hi")), Violation::FragmentedControl);
    assert_eq!(refused(&raw(0x89, &[0; 126])), Violation::LongControl);
    assert_eq!(refused(&raw(0x80, b"hi")), Violation::NothingToContinue);
    assert_eq!(refused(&stream(&[(0x01, b"a"), (0x81, b"b")])), Violation::UnfinishedMessage);
    assert_eq!(refused(&[0x82, 0xfe, 0, 125]), Violation::WastefulLength);
    assert_eq!(refused(&[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), Violation::WastefulLength);
    assert_eq!(refused(&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), Violation::NegativeLength);
    let from_server = transcript(Role::Client, &raw(0x81, b"hi"), [1]);
    assert_eq!(from_server.1, Some(Violation::Masked));
}

#[test]
fn the_limit_is_that_of_the_whole_message() {
    let half = [b'x'; LIMIT / 2];
    assert_eq!(decoded(&[(0x01, &half), (0x80, &half)]).1, None);
    assert_eq!(decoded(&[(0x01, &half), (0x00, &half), (0x80, b"x")]).1, Some(Violation::TooBig));
    assert_eq!(decoded(&[(0x82, &[0; LIMIT + 1])]).1.map(|violation| violation.code()), Some(1009));
}

#[test]
fn text_is_refused_at_its_first_wrong_byte() {
    let (events, end) = decoded(&[(0x01, b"\xce\xba\xf4"), (0x89, b"?"), (0x00, b"\x90"), (0x89, b"?")]);
    assert_eq!(events, [Owned::Ping(b"?".to_vec())]);
    assert_eq!(end.map(|violation| violation.code()), Some(1007));
    assert_eq!(decoded(&[(0x81, b"\xce")]).1, Some(Violation::NotUtf8), "half a character");
}

#[test]
fn close_frames_are_judged_and_end_the_stream() {
    let close = |payload: &[u8]| decoded(&[(0x88, payload), (0x81, b"later")]);
    assert_eq!(close(b""), (vec![Owned::Close(None)], None));
    assert_eq!(close(b"\x03\xe8bye"), (vec![Owned::Close(Some((1000, "bye".into())))], None));
    assert_eq!(close(b"\x03").1, Some(Violation::CloseLength));
    assert_eq!(close(b"\x03\xe8\xff").1.map(|violation| violation.code()), Some(1007));
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
        assert_eq!(close(&code.to_be_bytes()).1, Some(Violation::CloseCode(code)));
    }
    for code in [1000_u16, 1003, 1007, 1014, 3000, 3999, 4000, 4999] {
        assert_eq!(close(&code.to_be_bytes()).1, None, "{code}");
    }
}

/// Bytes that are there, then nothing more for now; what is written goes nowhere.
struct Replay(Cursor<Vec<u8>>);

impl Read for Replay {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for Replay {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The data messages that tungstenite finds, and whether it refused the stream.
fn judged(stream: &[u8]) -> (Vec<Owned>, bool) {
    let limits = WebSocketConfig::default().max_message_size(Some(LIMIT)).max_frame_size(Some(LIMIT));
    let replay = Replay(Cursor::new(stream.to_vec()));
    let mut socket = judge::WebSocket::from_raw_socket(replay, judge::Role::Server, Some(limits));
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            Ok(judge::Message::Text(text)) => messages.push(Owned::Text(text.as_str().to_owned())),
            Ok(judge::Message::Binary(bytes)) => messages.push(Owned::Binary(bytes.to_vec())),
            Ok(judge::Message::Close(_)) => return (messages, false),
            Ok(_) => {}
            Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return (messages, false);
            }
            Err(_) => return (messages, true),
        }
    }
}

/// Streams of frames that are mostly right.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        8 => prop::sample::select(vec![0x81_u8, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a]),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        "\\PC{0,40}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..130),
        (0_usize..6000).prop_map(|length| vec![b'x'; length]),
    ];
    prop::collection::vec((first, payload), 0..8)
        .prop_map(|frames| frames.iter().flat_map(|(first, payload)| raw(*first, payload)).collect())
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (streams(), changes).prop_map(|(mut stream, changes)| {
        for (index, byte) in changes {
            if let Some(at) = (!stream.is_empty()).then(|| index.index(stream.len())) {
                stream[at] = byte;
            }
        }
        stream
    })
}

proptest! {
    #[test]
    fn any_cut_of_the_stream_gives_the_same_events(stream in mutated()) {
        check::frames(&stream);
    }

    #[test]
    fn any_bytes_are_decoded_without_harm(stream in prop::collection::vec(any::<u8>(), 0..300)) {
        check::frames(&stream);
    }

    #[test]
    fn tungstenite_judges_whole_frames_the_same(stream in streams()) {
        let (messages, violation) = messages(&stream);
        let (theirs, refused) = judged(&stream);
        prop_assert_eq!(messages, theirs);
        // It passes a wrong close code on as a protocol error of its own.
        if !matches!(violation, Some(Violation::CloseCode(_))) {
            prop_assert_eq!(violation.is_some(), refused, "{:?}", violation);
        }
    }

    #[test]
    fn tungstenite_refuses_nothing_that_we_let_pass(stream in mutated()) {
        let (messages, violation) = messages(&stream);
        let (theirs, refused) = judged(&stream);
        // It judges a frame when it is whole, and does not mind a length of more bytes than needed.
        prop_assert!(theirs.starts_with(&messages));
        prop_assert!(violation.is_some() || (!refused && theirs == messages));
    }
}

fn messages(stream: &[u8]) -> (Vec<Owned>, Option<Violation>) {
    let (mut events, violation) = transcript(Role::Server, stream, [stream.len()]);
    events.retain(|event| matches!(event, Owned::Text(_) | Owned::Binary(_)));
    (events, violation)
}
