//! What surrounds each message on its way to a client. Frames are made for WebSockets, since most clients have
//! one; for the others the payload is taken out and put into what they read, or compressed.

use std::rc::Rc;

use suona_protocol::ws::{self, Deflater, Window};

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
    /// A WebSocket frame whose message is compressed for readers of this window, if that makes it shorter.
    Deflated(Window),
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

/// The envelopes that are not the frame itself; the compressed ones come in windows of 8 to 15 bits.
const ENVELOPES: usize = 3 + 8;

/// What was put last into each envelope, so that what goes to many is packed once.
#[derive(Debug, Default)]
pub(super) struct Packed {
    latest: [[Option<Packet>; FRAMES]; ENVELOPES],
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
        let Some(place) = self.place(&frame, envelope) else { return frame };
        let latest = &self.latest[place];
        if let Some(known) = latest.iter().flatten().find(|packet| Rc::ptr_eq(&packet.frame, &frame)) {
            return known.packed.clone();
        }
        let packed = match envelope {
            Envelope::Deflated(window) => self.deflate(&frame, window),
            other => other.pack(&frame),
        };
        let latest = &mut self.latest[place];
        latest.rotate_right(1);
        latest[0] = Some(Packet { frame, packed: packed.clone() });
        self.is_empty = false;
        packed
    }

    /// Where it is remembered what this frame is packed as; nowhere if it goes as it is.
    fn place(&self, frame: &Frame, envelope: Envelope) -> Option<usize> {
        match envelope {
            Envelope::WebSocket => None,
            Envelope::Line => Some(0),
            Envelope::Bare => Some(1),
            Envelope::Event => Some(2),
            Envelope::Deflated(_) if frame.len() < HOPELESS.max(self.compression.min_size) => None,
            // What fits into the window is compressed alike for all.
            Envelope::Deflated(window) if frame.len() <= window.bytes() => Some(3),
            Envelope::Deflated(window) => Some(3 + usize::from(Window::Full.bits() - window.bits())),
        }
    }

    fn deflate(&mut self, frame: &Frame, window: Window) -> Frame {
        let level = self.compression.level;
        let deflater = self.deflater.get_or_insert_with(|| Box::new(Deflater::new(level)));
        deflater.deflate(frame, window).map_or_else(|| frame.clone(), Rc::new)
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
            Self::WebSocket | Self::Deflated(_) => return frame.clone(),
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
        for (forms, envelope) in
            publications.into_iter().zip([Envelope::Event, Envelope::Deflated(Window::Full)])
        {
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
            let packed = packing.pack(plain.clone(), Envelope::Deflated(Window::Full));
            assert_eq!(packed.len() < plain.len() / 2, is_compressed, "{}", packed.len());
            assert_eq!(Rc::ptr_eq(&packed, &plain), !is_compressed);
        }
        let alphabet: Vec<u8> = (0..=255).collect();
        for plain in [frame(&alphabet), Rc::new(ws::close_frame(3000, &"x".repeat(120)))] {
            let mut packing = Packed::default();
            assert!(Rc::ptr_eq(&packing.pack(plain.clone(), Envelope::Deflated(Window::Full)), &plain));
        }
    }

    #[test]
    fn a_message_is_compressed_once_for_all_windows_that_it_fits_into() {
        let mut packing = Packed::default();
        for (length, is_shared) in [(500, true), (1000, false)] {
            let plain = frame(&vec![b'x'; length]);
            let [full, narrow, again] =
                [Window::Full, Window::Limited { bits: 9 }, Window::Limited { bits: 9 }]
                    .map(|window| packing.pack(plain.clone(), Envelope::Deflated(window)));
            assert_eq!(Rc::ptr_eq(&full, &narrow), is_shared, "{length}");
            assert!(Rc::ptr_eq(&narrow, &again));
            assert!(narrow.len() < 50);
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
