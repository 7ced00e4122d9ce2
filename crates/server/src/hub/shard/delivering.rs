//! The last stretch of a delivery: the same frame into the outbox of everyone who is to hear it.

use std::rc::Rc;

use suona_protocol::{Encoded, Push, PushEvent, Wire, json, protobuf, ws};

use super::Shard;
use crate::{
    hub::{
        Delivery, Frame,
        audience::{Audience, Hearing, Verdict},
    },
    io::ConnectionId,
};

/// The subscribers for whom a delivery is not simply a frame.
#[derive(Default)]
pub(super) struct Fallout {
    pub(super) early: Vec<ConnectionId>,
    pub(super) gaps: Vec<ConnectionId>,
    pub(super) slow: Vec<ConnectionId>,
}

impl Shard {
    /// Puts `delivery` into the outboxes of `audience`.
    pub(super) fn deliver_to(&mut self, audience: &mut Audience, delivery: &Delivery) -> Fallout {
        let mut fallout = Fallout::default();
        let mut frames = Frames::default();
        let mut sent = 0;
        for seat in audience.seats_mut() {
            let verdict = match delivery {
                Delivery::Publication(publication) => seat.judge(publication.publication()),
                Delivery::Join(..) | Delivery::Leave(..) => match seat.hearing {
                    Hearing::Everything | Hearing::From(_) if seat.hears_joins => Verdict::Send,
                    _ => Verdict::Skip,
                },
            };
            match verdict {
                Verdict::Send => {
                    let Some(frame) = frames.get(seat.wire, delivery) else { continue };
                    sent += 1;
                    if self.outboxes.push(seat.id, frame).is_err() {
                        fallout.slow.push(seat.id);
                    }
                }
                Verdict::Skip => {}
                Verdict::Early => fallout.early.push(seat.id),
                Verdict::Gap => fallout.gaps.push(seat.id),
            }
        }
        self.outboxes.note_delivery(frames.longest());
        self.parts.metrics.delivered(sent);
        fallout
    }
}

/// The frames of one delivery, shared by all outboxes of the shard: one for each wire, made when first needed.
#[derive(Default)]
struct Frames([Option<Option<Frame>>; 4]);

impl Frames {
    fn get(&mut self, wire: Wire, delivery: &Delivery) -> Option<Frame> {
        self.0[wire as usize].get_or_insert_with(|| encode(wire, delivery)).clone()
    }

    fn longest(&self) -> usize {
        self.0.iter().flatten().flatten().map(|frame| frame.len()).max().unwrap_or(0)
    }
}

fn encode(wire: Wire, delivery: &Delivery) -> Option<Frame> {
    let (channel, event) = match delivery {
        Delivery::Publication(publication) => return frame_of(publication, wire),
        Delivery::Join(channel, info) => (channel, PushEvent::Join(info.clone())),
        Delivery::Leave(channel, info) => (channel, PushEvent::Leave(info.clone())),
    };
    let push = Push { channel: channel.clone(), event };
    let mut encoded = Vec::new();
    let opcode = match wire {
        Wire::Json => {
            json::encode_push(&push, &mut encoded);
            ws::Opcode::Text
        }
        Wire::Protobuf => {
            protobuf::encode_push(&push, &mut encoded);
            ws::Opcode::Binary
        }
        Wire::PlainText | Wire::PlainBinary => return None,
    };
    Some(Rc::new(ws::frame(opcode, &encoded)))
}

/// The frame of a publication; `None` if readers of `wire` cannot read it.
pub(super) fn frame_of(publication: &Encoded, wire: Wire) -> Option<Frame> {
    publication.frame(wire).cloned().map(Rc::new)
}
