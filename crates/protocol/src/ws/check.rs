//! What must hold for any bytes whatever, for the fuzzer and the property tests.

use super::{Decoder, Event, Inflater, Message, Role, Violation};

/// The longest message that [`frames`] lets pass; small, so that the limit is met.
pub const LIMIT: usize = 4096;

/// What a decoder made of a stream: its events, and the violation that ended it.
pub type Transcript = (Vec<Owned>, Option<Violation>);

/// An event that owns its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owned {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// A close frame.
    Close(Option<(u16, String)>),
}

/// Panics unless `stream`, as either role reads it, compressed or not, is decoded without harm and to the same
/// events in one piece, byte by byte, and in pieces of the lengths that its own first bytes name.
pub fn frames(stream: &[u8]) {
    for (role, deflate) in
        [(Role::Server, false), (Role::Client, false), (Role::Server, true), (Role::Client, true)]
    {
        let decoder = || Decoder::new(role, LIMIT).with_deflate(deflate);
        let whole = transcript_by(decoder(), stream, [stream.len()]);
        let first_bytes = stream.iter().take(8).map(|byte| usize::from(*byte));
        assert_eq!(transcript_by(decoder(), stream, [1]), whole, "byte by byte");
        assert_eq!(transcript_by(decoder(), stream, first_bytes), whole, "in pieces");
        for event in &whole.0 {
            assert!(length(event) <= LIMIT, "a message beyond the limit");
        }
    }
}

/// Decodes `stream` in pieces of `lengths`, over and over; a length of 0 counts as 1.
pub fn transcript(role: Role, stream: &[u8], lengths: impl IntoIterator<Item = usize>) -> Transcript {
    transcript_by(Decoder::new(role, LIMIT), stream, lengths)
}

/// The same by a decoder of your own, whose limit is [`LIMIT`].
pub fn transcript_by(
    mut decoder: Decoder,
    stream: &[u8],
    lengths: impl IntoIterator<Item = usize>,
) -> Transcript {
    let lengths: Vec<usize> = lengths.into_iter().map(|length| length.max(1)).collect();
    let mut lengths = lengths.iter().cycle();
    let mut inflater = Inflater::default();
    let mut events = Vec::new();
    let mut bytes = stream.to_vec();
    let mut rest = &mut bytes[..];
    while !rest.is_empty() {
        let length = lengths.next().map_or(rest.len(), |length| rest.len().min(*length));
        let (mut piece, later) = rest.split_at_mut(length);
        rest = later;
        loop {
            let event = match decoder.decode(&mut piece) {
                Ok(Some(event)) => own(event, &mut inflater),
                Ok(None) => break,
                Err(violation) => Err(violation),
            };
            match event {
                Ok(event) => events.push(event),
                Err(violation) => return (events, Some(violation)),
            }
        }
        assert!(piece.is_empty(), "bytes left over");
    }
    (events, None)
}

fn own(event: Event<'_>, inflater: &mut Inflater) -> Result<Owned, Violation> {
    Ok(match event {
        Event::Message(message) => own_message(message),
        Event::Deflated(deflated) => own_message(inflater.inflate(deflated, LIMIT)?),
        Event::Ping(bytes) => Owned::Ping(bytes.to_vec()),
        Event::Close(close) => Owned::Close(close.map(|(code, reason)| (code, reason.to_owned()))),
    })
}

fn own_message(message: Message<'_>) -> Owned {
    match message {
        Message::Text(text) => Owned::Text(text.to_owned()),
        Message::Binary(bytes) => Owned::Binary(bytes.to_vec()),
        Message::Pong(bytes) => Owned::Pong(bytes.to_vec()),
    }
}

fn length(event: &Owned) -> usize {
    match event {
        Owned::Text(text) => text.len(),
        Owned::Binary(bytes) | Owned::Ping(bytes) | Owned::Pong(bytes) => bytes.len(),
        Owned::Close(close) => close.as_ref().map_or(0, |(_, reason)| reason.len()),
    }
}
