//! What a decoder keeps of a message that is not all there yet.

use crate::ws::{
    Violation,
    header::{Header, MAX_HEADER, Opcode, Terms},
    mask,
};

use super::take;

/// The beginning of a frame, the beginning of a message, or both. It grows by what arrived, never by what
/// was announced.
#[derive(Debug, Default)]
pub(super) struct Partial {
    head: [u8; MAX_HEADER],
    head_length: usize,
    /// The frame whose payload is arriving, and how much of it did.
    frame: Option<(Header, u64)>,
    /// The payload of that frame, if it is a control frame: it may stand between two fragments.
    control: Vec<u8>,
    message: Option<Assembly>,
    /// What the last event borrowed, and is not needed any more.
    lent: Option<Opcode>,
}

/// A message that is arriving.
#[derive(Debug)]
struct Assembly {
    opcode: Opcode,
    deflated: bool,
    bytes: Vec<u8>,
    /// How many of the bytes are whole characters, if it is text.
    valid: usize,
}

/// How far a payload came.
pub(super) enum Step {
    /// It is not all there.
    More,
    /// The frame is, the message is not.
    Fragment,
    /// A message or control frame is there.
    Message(Opcode),
}

impl Partial {
    pub(super) fn in_header(&self) -> bool {
        self.head_length > 0
    }

    pub(super) fn in_payload(&self) -> bool {
        self.frame.is_some()
    }

    pub(super) fn is_payload_complete(&self) -> bool {
        self.frame.is_some_and(|(header, received)| header.length == received)
    }

    pub(super) fn in_message(&self) -> bool {
        self.message.is_some()
    }

    pub(super) fn message_length(&self) -> usize {
        self.message.as_ref().map_or(0, |message| message.bytes.len())
    }

    /// Whether what a frame with this opcode belongs to is compressed.
    pub(super) fn is_deflated(&self, opcode: Opcode) -> bool {
        !opcode.is_control() && self.message.as_ref().is_some_and(|message| message.deflated)
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.in_header() && !self.in_payload() && !self.in_message()
    }

    /// Keeps all of `input`, the beginning of a header.
    pub(super) fn keep_header(&mut self, input: &mut &mut [u8]) {
        let input = take(input, input.len());
        self.head[self.head_length..][..input.len()].copy_from_slice(input);
        self.head_length += input.len();
    }

    /// Joins what was kept of a header with what arrived.
    pub(super) fn finish_header(
        &mut self,
        terms: Terms,
        input: &mut &mut [u8],
    ) -> Result<Option<Header>, Violation> {
        let kept = self.head_length;
        let added = input.len().min(MAX_HEADER - kept);
        let mut head = self.head;
        head[kept..][..added].copy_from_slice(&input[..added]);
        let Some((header, length)) = Header::parse(&head[..kept + added], terms, self.in_message())? else {
            self.keep_header(input);
            return Ok(None);
        };
        take(input, length - kept);
        self.head_length = 0;
        Ok(Some(header))
    }

    /// From now on the payload of this frame arrives.
    pub(super) fn begin(&mut self, header: Header) {
        if !header.opcode.is_control() {
            self.message.get_or_insert_with(|| Assembly {
                opcode: header.opcode,
                deflated: header.deflated,
                bytes: Vec::new(),
                valid: 0,
            });
        }
        self.frame = Some((header, 0));
    }

    /// Takes what belongs to the frame that is arriving.
    pub(super) fn take_payload(&mut self, input: &mut &mut [u8]) -> Result<Step, Violation> {
        let Some((header, received)) = &mut self.frame else { return Ok(Step::Fragment) };
        let missing = usize::try_from(header.length - *received).unwrap_or(usize::MAX);
        let part = take(input, missing.min(input.len()));
        mask(part, header.key, (*received % 4) as usize);
        *received += part.len() as u64;
        let header = *header;
        match &mut self.message {
            Some(message) if !header.opcode.is_control() => message.append(part)?,
            _ => self.control.extend_from_slice(part),
        }
        if !self.is_payload_complete() {
            return Ok(Step::More);
        }
        self.frame = None;
        Ok(match &self.message {
            _ if header.opcode.is_control() => Step::Message(header.opcode),
            Some(message) if header.fin => Step::Message(message.opcode),
            _ => Step::Fragment,
        })
    }

    /// Lends what [`Step::Message`] announced, until [`forget_lent`](Self::forget_lent).
    pub(super) fn lend(&mut self, opcode: Opcode) -> &[u8] {
        self.lent = Some(opcode);
        match &self.message {
            Some(message) if !opcode.is_control() => &message.bytes,
            _ => &self.control,
        }
    }

    pub(super) fn forget_lent(&mut self) {
        match self.lent.take() {
            None => {}
            Some(opcode) if opcode.is_control() => self.control.clear(),
            Some(_) => self.message = None,
        }
    }
}

impl Assembly {
    /// Text is judged as it arrives: what can become no character is refused at its first wrong byte.
    fn append(&mut self, part: &[u8]) -> Result<(), Violation> {
        self.bytes.extend_from_slice(part);
        if self.opcode != Opcode::Text || self.deflated {
            return Ok(());
        }
        match simdutf8::compat::from_utf8(&self.bytes[self.valid..]) {
            Ok(_) => self.valid = self.bytes.len(),
            Err(error) if error.error_len().is_none() => self.valid += error.valid_up_to(),
            Err(_) => return Err(Violation::NotUtf8),
        }
        Ok(())
    }
}
