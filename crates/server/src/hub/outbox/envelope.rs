//! What surrounds each message on its way to a client. Frames are made for WebSockets, since most clients have
//! one; for the others the payload is taken out and put into what they read, or compressed.

use std::rc::Rc;

use suona_protocol::ws::{self, Deflater};

use super::Frame;

/// What surrounds each message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Envelope {
    /// The WebSocket frame, as it was made.
    #[default]
    WebSocket,
    /// A line: JSON on an HTTP stream.
    Line,
    /// Nothing: Protobuf on an HTTP stream, which tells its length itself.
    Bare,
    /// A server-sent event.
    Event,
    /// A WebSocket frame whose message is compressed, if that makes it shorter.
    Deflated,
}

/// How messages are compressed for those who agreed on it.
#[derive(Clone, Copy, Debug)]
pub struct Compression {
    /// From 1, fast, to 9, thorough.
    pub level: u32,
    /// Shorter messages go as they are, in bytes.
    pub min_size: usize,
}

impl Default for Compression {
    fn default() -> Self {
        Self { level: 1, min_size: 0 }
    }
}

/// Frames shorter than this are not even tried: alone, a command's reply gets no shorter.
const HOPELESS: usize = 64;

/// One publication goes to many in this many frames, which alternate: plain, whole for readers of deltas, and as
/// a delta, on each of four wires.
const FRAMES: usize = 12;

/// What was put last into each envelope, so that what goes to many is packed once.
#[derive(Debug, Default)]
pub(super) struct Packed {
    latest: [[Option<Packet>; FRAMES]; 5],
    /// Whether there is nothing to let go of.
    is_empty: bool,
    compression: Compression,
    /// Made for the first who agreed on compression.
    deflater: Option<Box<Deflater>>,
}

#[derive(Debug)]
struct Packet {
    frame: Frame,
    packed: Frame,
}

impl Packed {
    pub(super) fn new(compression: Compression) -> Self {
        Self { compression, ..Self::default() }
    }

    /// Puts what is in `frame` into `envelope`.
    pub(super) fn pack(&mut self, frame: Frame, envelope: Envelope) -> Frame {
        let is_as_it_should_be = match envelope {
            Envelope::WebSocket => true,
            Envelope::Deflated => frame.len() < HOPELESS.max(self.compression.min_size),
            Envelope::Line | Envelope::Bare | Envelope::Event => false,
        };
        if is_as_it_should_be {
            return frame;
        }
        let latest = &self.latest[envelope as usize];
        if let Some(known) = latest.iter().flatten().find(|packet| Rc::ptr_eq(&packet.frame, &frame)) {
            return known.packed.clone();
        }
        let packed =
            if envelope == Envelope::Deflated { self.deflate(&frame) } else { envelope.pack(&frame) };
        let latest = &mut self.latest[envelope as usize];
        latest.rotate_right(1);
        latest[0] = Some(Packet { frame, packed: packed.clone() });
        self.is_empty = false;
        packed
    }

    fn deflate(&mut self, frame: &Frame) -> Frame {
        let level = self.compression.level;
        let deflater = self.deflater.get_or_insert_with(|| Box::new(Deflater::new(level)));
        deflater.deflate(frame).map_or_else(|| frame.clone(), Rc::new)
    }

    /// Lets go of what was packed.
    pub(super) fn forget(&mut self) {
        if !self.is_empty {
            self.latest = Default::default();
            self.is_empty = true;
        }
    }
}

impl Envelope {
    fn pack(self, frame: &Frame) -> Frame {
        let payload = ws::payload(frame);
        Rc::new(match self {
            Self::WebSocket | Self::Deflated => return frame.clone(),
            Self::Line => [&payload, &b"\n"[..]].concat().into(),
            Self::Bare => payload,
            Self::Event => {
                let mut event = [b"data: ", &payload[..], b"\n\n"].concat();
                // A carriage return ends a line here. In JSON it stands between tokens only, where a blank will do.
                event.iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b' ');
                event.into()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(payload: &[u8]) -> Frame {
        Rc::new(ws::frame(ws::Opcode::Text, payload))
    }

    fn packed(payload: &[u8], envelope: Envelope) -> Vec<u8> {
        Packed::default().pack(frame(payload), envelope).to_vec()
    }

    #[test]
    fn each_envelope_holds_the_message_whole() {
        for length in [2, 200, 70_000] {
            let message = vec![b'x'; length];
            let text = String::from_utf8(message.clone()).unwrap();
            assert_eq!(packed(&message, Envelope::WebSocket), frame(&message).to_vec());
            assert_eq!(packed(&message, Envelope::Line), format!("{text}\n").as_bytes());
            assert_eq!(packed(&message, Envelope::Bare), message);
            assert_eq!(packed(&message, Envelope::Event), format!("data: {text}\n\n").as_bytes());
        }
    }

    #[test]
    fn what_ends_a_line_ends_no_event() {
        assert_eq!(packed(b"{\r\"a\":\r1}", Envelope::Event), b"data: { \"a\": 1}\n\n");
    }

    #[test]
    fn forms_that_alternate_are_packed_once_each() {
        let mut packing = Packed::default();
        let long = [b'x'; 100];
        let publications: [[Frame; FRAMES]; 2] = [(); 2].map(|()| [(); FRAMES].map(|()| frame(&long)));
        for (forms, envelope) in publications.into_iter().zip([Envelope::Event, Envelope::Deflated]) {
            let mut pack = || forms.clone().map(|form| packing.pack(form, envelope));
            let first = pack();
            for (again, first) in pack().iter().zip(&first) {
                assert!(Rc::ptr_eq(again, first));
            }
        }
    }

    #[test]
    fn messages_are_compressed_from_a_size_on_if_they_get_shorter() {
        let mut packing = Packed::new(Compression { level: 1, min_size: 200 });
        for (message, is_compressed) in [(vec![b'x'; 300], true), (vec![b'x'; 190], false)] {
            let plain = frame(&message);
            let packed = packing.pack(plain.clone(), Envelope::Deflated);
            assert_eq!(packed.len() < plain.len() / 2, is_compressed, "{}", packed.len());
            assert_eq!(Rc::ptr_eq(&packed, &plain), !is_compressed);
        }
        let alphabet: Vec<u8> = (0..=255).collect();
        for plain in [frame(&alphabet), Rc::new(ws::close_frame(3000, &"x".repeat(120)))] {
            let mut packing = Packed::default();
            assert!(Rc::ptr_eq(&packing.pack(plain.clone(), Envelope::Deflated), &plain));
        }
    }

    #[test]
    fn what_goes_to_many_is_packed_once() {
        let (mut packing, shared, other) = (Packed::default(), frame(b"{}"), frame(b"{}"));
        for envelope in [Envelope::Line, Envelope::Bare, Envelope::Event] {
            let first = packing.pack(shared.clone(), envelope);
            assert!(Rc::ptr_eq(&first, &packing.pack(shared.clone(), envelope)), "{envelope:?}");
            assert!(!Rc::ptr_eq(&first, &packing.pack(other.clone(), envelope)), "{envelope:?}");
        }
        packing.forget();
        assert_eq!(Rc::strong_count(&shared), 1);
    }
}
