//! Finds messages in the bytes of the peer, as strictly as RFC 6455 allows.

mod partial;

use partial::{Partial, Step};

use super::{
    Deflated, Event, Message,
    deflate::longest_deflated,
    header::{Header, Opcode, Role, Terms},
    mask,
};

/// The peer broke the WebSocket protocol, or sent more than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A client masks every frame.
    #[error("frame without mask")]
    Unmasked,
    /// A server masks none.
    #[error("masked frame")]
    Masked,
    /// No extension was negotiated that would give them a meaning.
    #[error("reserved bits set")]
    ReservedBits,
    /// An opcode without a meaning.
    #[error("reserved opcode {0}")]
    ReservedOpcode(u8),
    /// Control frames come whole.
    #[error("fragmented control frame")]
    FragmentedControl,
    /// A control frame of more than 125 bytes.
    #[error("control frame too long")]
    LongControl,
    /// A continuation without a beginning.
    #[error("nothing to continue")]
    NothingToContinue,
    /// A new message within an unfinished one.
    #[error("message not finished")]
    UnfinishedMessage,
    /// A length in more bytes than it needs.
    #[error("length not minimal")]
    WastefulLength,
    /// A length of 2^63 or more.
    #[error("length out of range")]
    NegativeLength,
    /// A message longer than the limit.
    #[error("message too big")]
    TooBig,
    /// Text, or the reason of a close frame, that is not UTF-8.
    #[error("invalid UTF-8")]
    NotUtf8,
    /// A compressed message that does not decompress, or not to its end.
    #[error("invalid compressed data")]
    BadDeflate,
    /// A close frame of one byte.
    #[error("close frame of one byte")]
    CloseLength,
    /// A close code that must not be sent.
    #[error("invalid close code {0}")]
    CloseCode(u16),
}

impl Violation {
    /// The close code that tells the peer.
    pub fn code(&self) -> u16 {
        match self {
            Self::NotUtf8 | Self::BadDeflate => 1007,
            Self::TooBig => 1009,
            _ => 1002,
        }
    }
}

/// Turns the bytes of one connection into [`Event`]s.
///
/// Between two messages it holds no heap: what lies whole in the bytes handed in is unmasked there and lent
/// out, and what does not is kept no longer than until it is whole.
#[derive(Debug)]
pub struct Decoder {
    terms: Terms,
    /// After a close frame or a violation nothing is looked at any more.
    over: bool,
    limit: usize,
    partial: Option<Box<Partial>>,
}

/// Where a complete payload lies.
enum Complete<'b> {
    Here(Header, &'b [u8]),
    Kept(Opcode),
}

impl Decoder {
    /// A decoder for our `role` that takes messages of at most `limit` bytes.
    pub fn new(role: Role, limit: usize) -> Self {
        Self { terms: Terms { role, deflate: false }, over: false, limit, partial: None }
    }

    /// The same for a connection on which compression was agreed on, or not.
    pub fn with_deflate(mut self, deflate: bool) -> Self {
        self.terms.deflate = deflate;
        self
    }

    /// Whether compression was agreed on.
    pub fn takes_deflated(&self) -> bool {
        self.terms.deflate
    }

    /// How many bytes a message may have, decompressed.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Takes the next event from the front of `input`; `None` when all of `input` is used up.
    ///
    /// The same bytes give the same events, however they are cut into inputs.
    pub fn decode<'s, 'b: 's>(
        &'s mut self,
        input: &mut &'b mut [u8],
    ) -> Result<Option<Event<'s>>, Violation> {
        self.forget_lent();
        if self.over {
            *input = &mut [];
            return Ok(None);
        }
        let over = &mut self.over;
        let partial = &mut self.partial;
        let event = match next_complete(self.terms, self.limit, partial, input) {
            Ok(None) => return Ok(None),
            Ok(Some(Complete::Here(header, payload))) => event(header.opcode, header.deflated, payload),
            Ok(Some(Complete::Kept(opcode))) => match partial {
                Some(partial) => event(opcode, partial.is_deflated(opcode), partial.lend(opcode)),
                None => return Ok(None),
            },
            Err(violation) => Err(violation),
        };
        *over = matches!(event, Err(_) | Ok(Event::Close(_)));
        event.map(Some)
    }

    /// Whether it stood between two messages when it last used up its input, and holds nothing.
    pub fn is_idle(&self) -> bool {
        self.partial.is_none()
    }

    fn forget_lent(&mut self) {
        if let Some(partial) = &mut self.partial {
            partial.forget_lent();
            if self.over || partial.is_empty() {
                self.partial = None;
            }
        }
    }
}

fn next_complete<'b>(
    terms: Terms,
    limit: usize,
    partial: &mut Option<Box<Partial>>,
    input: &mut &'b mut [u8],
) -> Result<Option<Complete<'b>>, Violation> {
    while !input.is_empty() || partial.as_ref().is_some_and(|partial| partial.is_payload_complete()) {
        if let Some(partial) = partial.as_mut().filter(|partial| partial.in_payload()) {
            match partial.take_payload(input)? {
                Step::Message(opcode) => return Ok(Some(Complete::Kept(opcode))),
                Step::Fragment | Step::More => continue,
            }
        }
        let Some(header) = next_header(terms, partial, input)? else { return Ok(None) };
        let in_message = partial.as_ref().is_some_and(|partial| partial.in_message());
        check_size(&header, partial.as_deref(), limit)?;
        let whole = header.opcode.is_control() || (header.fin && !in_message);
        match usize::try_from(header.length) {
            Ok(length) if whole && length <= input.len() => {
                let payload = take(input, length);
                mask(payload, header.key, 0);
                return Ok(Some(Complete::Here(header, payload)));
            }
            _ => partial.get_or_insert_default().begin(header),
        }
    }
    Ok(None)
}

/// Refuses a message by what its headers announce, before a byte of it is kept.
fn check_size(header: &Header, partial: Option<&Partial>, limit: usize) -> Result<(), Violation> {
    let before = partial.map_or(0, Partial::message_length) as u64;
    let is_deflated = header.deflated || partial.is_some_and(|partial| partial.is_deflated(header.opcode));
    let limit = if is_deflated { longest_deflated(limit) } else { limit };
    if !header.opcode.is_control() && before + header.length > limit as u64 {
        return Err(Violation::TooBig);
    }
    Ok(())
}

fn next_header(
    terms: Terms,
    partial: &mut Option<Box<Partial>>,
    input: &mut &mut [u8],
) -> Result<Option<Header>, Violation> {
    if let Some(partial) = partial.as_mut().filter(|partial| partial.in_header()) {
        return partial.finish_header(terms, input);
    }
    let in_message = partial.as_ref().is_some_and(|partial| partial.in_message());
    match Header::parse(input, terms, in_message)? {
        Some((header, length)) => {
            take(input, length);
            Ok(Some(header))
        }
        None => {
            partial.get_or_insert_default().keep_header(input);
            Ok(None)
        }
    }
}

fn take<'b>(input: &mut &'b mut [u8], length: usize) -> &'b mut [u8] {
    input.split_off_mut(..length).expect("the caller compared the length")
}

fn event(opcode: Opcode, deflated: bool, payload: &[u8]) -> Result<Event<'_>, Violation> {
    Ok(match opcode {
        _ if deflated => Event::Deflated(Deflated { is_text: opcode == Opcode::Text, payload }),
        Opcode::Text => Event::Message(Message::Text(text(payload)?)),
        Opcode::Binary | Opcode::Continuation => Event::Message(Message::Binary(payload)),
        Opcode::Ping => Event::Ping(payload),
        Opcode::Pong => Event::Message(Message::Pong(payload)),
        Opcode::Close => Event::Close(close(payload)?),
    })
}

fn close(payload: &[u8]) -> Result<Option<(u16, &str)>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(Violation::CloseLength) };
    };
    match u16::from_be_bytes(*code) {
        // Registered ones without those that stand for the lack of a code, then those of libraries and applications.
        code @ (1000..=1003 | 1007..=1014 | 3000..=4999) => Ok(Some((code, text(reason)?))),
        code => Err(Violation::CloseCode(code)),
    }
}

pub(super) fn text(bytes: &[u8]) -> Result<&str, Violation> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| Violation::NotUtf8)
}

#[cfg(test)]
mod tests;
