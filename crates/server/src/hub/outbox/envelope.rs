//! What surrounds each message on its way to a client. Frames are made for WebSockets, since most clients have
//! one; for the others the payload is taken out and put into what they read.

use std::rc::Rc;

use suona_protocol::ws;

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
}

/// One publication goes to many in this many forms, which alternate: plain, whole for readers of deltas, and as
/// a delta.
const FORMS: usize = 3;

/// What was put last into each envelope, so that what goes to many is packed once.
#[derive(Debug, Default)]
pub(super) struct Packed([[Option<Packet>; FORMS]; 4]);

#[derive(Debug)]
struct Packet {
    frame: Frame,
    packed: Frame,
}

impl Packed {
    /// Puts what is in `frame` into `envelope`.
    pub(super) fn pack(&mut self, frame: Frame, envelope: Envelope) -> Frame {
        if envelope == Envelope::WebSocket {
            return frame;
        }
        let latest = &mut self.0[envelope as usize];
        if let Some(known) = latest.iter().flatten().find(|packet| Rc::ptr_eq(&packet.frame, &frame)) {
            return known.packed.clone();
        }
        let packed = envelope.pack(&frame);
        latest.rotate_right(1);
        latest[0] = Some(Packet { frame, packed: packed.clone() });
        packed
    }

    /// Lets go of what was packed.
    pub(super) fn forget(&mut self) {
        self.0 = Default::default();
    }
}

impl Envelope {
    fn pack(self, frame: &Frame) -> Frame {
        let payload = ws::payload(frame);
        Rc::new(match self {
            Self::WebSocket => return frame.clone(),
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
        let publications: [[Frame; FORMS]; 2] = [(); 2].map(|()| [(); FORMS].map(|()| frame(b"{}")));
        for forms in publications {
            let mut pack = || forms.clone().map(|form| packing.pack(form, Envelope::Event));
            let first = pack();
            for (again, first) in pack().iter().zip(&first) {
                assert!(Rc::ptr_eq(again, first));
            }
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
