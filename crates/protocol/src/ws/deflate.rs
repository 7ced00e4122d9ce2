//! Compression of messages (RFC 7692) without context takeover: one compressor and one decompressor serve any
//! number of connections, and one compressed frame serves all who get the same message.

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{Message, Violation, Window, decoder::text, deflated_frame, unpack};

/// What ends each message in a flush to a byte, and is not sent (RFC 7692, 7.2.1).
const FLUSH: [u8; 4] = [0, 0, 0xff, 0xff];

/// What ends each message for us: the flush, and an empty last block, by which a whole message is told from one
/// that was cut.
const END: [u8; 9] = [0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff];

/// How much longer than what it holds a deflated message may be: much more than what cannot be compressed grows.
const GROWTH: usize = 64;

/// A message as it came, compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflated<'a> {
    /// Whether text is in it, and not bytes.
    pub is_text: bool,
    /// The compressed bytes.
    pub payload: &'a [u8],
}

/// How long a deflated message may be if `limit` bytes may be in it.
pub(super) fn longest_deflated(limit: usize) -> usize {
    limit.saturating_add(limit / 16 + GROWTH)
}

/// Decompresses messages one after another. The first allocates some 44 KB and what the longest message needs.
#[derive(Debug, Default)]
pub struct Inflater {
    state: Option<Decompress>,
    message: Vec<u8>,
}

impl Inflater {
    /// What is in `deflated`, unless that is longer than `limit` bytes: then inflating stops there.
    pub fn inflate(&mut self, deflated: Deflated<'_>, limit: usize) -> Result<Message<'_>, Violation> {
        let state = self.state.get_or_insert_with(|| Decompress::new(false));
        state.reset(false);
        self.message.clear();
        let mut is_over = false;
        for part in [deflated.payload, &END] {
            if is_over {
                break;
            }
            let rest = inflate_part(state, part, &mut self.message, limit)?;
            is_over = match rest {
                None => false,
                // The peer ended with a last block of its own; a byte of padding may follow (RFC 7692, 7.2.3.4).
                Some([] | [0]) => true,
                Some(_) => return Err(Violation::BadDeflate),
            };
        }
        match deflated.is_text {
            _ if !is_over => Err(Violation::BadDeflate),
            true => text(&self.message).map(Message::Text),
            false => Ok(Message::Binary(&self.message)),
        }
    }
}

/// Takes all of `part`, or as much as there is up to the end of the stream; then what is left of it.
fn inflate_part<'a>(
    state: &mut Decompress,
    part: &'a [u8],
    message: &mut Vec<u8>,
    limit: usize,
) -> Result<Option<&'a [u8]>, Violation> {
    let mut rest = part;
    loop {
        if message.len() == message.capacity() {
            if message.len() > limit {
                return Err(Violation::TooBig);
            }
            // One byte more than the limit tells a message that is too long.
            let room = message.len().max(1024).min(limit.saturating_add(1) - message.len());
            message.reserve_exact(room);
        }
        let before = state.total_in();
        let status = state.decompress_vec(rest, message, FlushDecompress::None);
        let status = status.map_err(|_| Violation::BadDeflate)?;
        let taken = usize::try_from(state.total_in() - before).expect("a part of what was given");
        rest = &rest[taken..];
        if message.len() > limit {
            return Err(Violation::TooBig);
        }
        match status {
            Status::StreamEnd => return Ok(Some(rest)),
            _ if message.len() == message.capacity() => {}
            _ if rest.is_empty() => return Ok(None),
            _ if taken == 0 => return Err(Violation::BadDeflate),
            _ => {}
        }
    }
}

/// Compresses frames one after another. It takes some 320 KB, so a shard has one.
#[derive(Debug)]
pub struct Deflater {
    state: Compress,
    payload: Vec<u8>,
}

impl Deflater {
    /// A compressor of this level, 1 (fast) to 9 (thorough).
    pub fn new(level: u32) -> Self {
        Self { state: Compress::new(Compression::new(level), false), payload: Vec::new() }
    }

    /// The same message in a compressed frame for readers of this window; `None` if that is no shorter, or if
    /// `frame` is anything but one whole message without a mask.
    ///
    /// A message that fits into the window comes out as for the full one.
    pub fn deflate(&mut self, frame: &Bytes, window: Window) -> Option<Bytes> {
        let (opcode, payload) = unpack(frame).filter(|(opcode, _)| !opcode.is_control())?;
        self.state.reset();
        self.payload.clear();
        // Beyond this room it would be no shorter.
        self.payload.reserve(payload.len() + FLUSH.len());
        for part in parts(payload, window) {
            // Nothing after a full flush refers to what was before it.
            let status = self.state.compress_vec(part, &mut self.payload, FlushCompress::Full).ok()?;
            if status != Status::Ok || self.payload.len() == self.payload.capacity() {
                return None;
            }
        }
        let deflated = self.payload.strip_suffix(&FLUSH)?;
        (deflated.len() < payload.len()).then(|| deflated_frame(opcode, deflated))
    }
}

/// The parts of a message that are compressed each for itself. The full window is kept by the compressor, which
/// knows no other.
fn parts(payload: &[u8], window: Window) -> impl Iterator<Item = &[u8]> {
    payload.chunks(if window.bytes() == Window::Full.bytes() { usize::MAX } else { window.bytes() })
}

#[cfg(test)]
mod tests;
