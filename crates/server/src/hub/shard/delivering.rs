//! The last stretch of a delivery: the same frame into the outbox of everyone who is to hear it.

use std::rc::Rc;

use suona_protocol::{Encoded, Push, PushEvent, Wire, json, protobuf, ws};

use crate::{
    hub::{
        Delivery, Frame, Outboxes, Overflow,
        audience::{Audience, Hearing, Seat, Verdict},
    },
    io::ConnectionId,
};

/// What became of a delivery besides the frames that were queued.
#[derive(Default)]
pub(super) struct Fallout {
    /// How many frames were queued.
    pub(super) sent: u64,
    /// Subscribers that are still joining.
    pub(super) early: Vec<ConnectionId>,
    /// Subscribers that missed something before.
    pub(super) gaps: Vec<ConnectionId>,
    /// Subscribers without room for it.
    pub(super) slow: Vec<ConnectionId>,
}

/// Puts `delivery` into the outboxes of `audience`.
pub(super) fn hand_out(delivery: &Delivery, audience: &mut Audience, outboxes: &mut Outboxes) -> Fallout {
    let mut fallout = Fallout::default();
    let mut frames = Frames::default();
    for seat in audience.seats_mut() {
        match judge(delivery, seat) {
            Verdict::Send => {
                let Some(frame) = frames.get(seat.wire, delivery) else { continue };
                match outboxes.push(seat.id, frame) {
                    Ok(()) => fallout.sent += 1,
                    Err(Overflow) => fallout.slow.push(seat.id),
                }
            }
            Verdict::Skip => {}
            Verdict::Early => fallout.early.push(seat.id),
            Verdict::Gap => fallout.gaps.push(seat.id),
        }
    }
    outboxes.note_delivery(frames.longest());
    fallout
}

fn judge(delivery: &Delivery, seat: &mut Seat) -> Verdict {
    match delivery {
        Delivery::Publication(publication) => seat.judge(publication.publication()),
        Delivery::Join(..) | Delivery::Leave(..) => match seat.hearing {
            Hearing::Everything | Hearing::From(_) if seat.hears_joins => Verdict::Send,
            _ => Verdict::Skip,
        },
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
