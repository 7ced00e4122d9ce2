//! The last stretch of a delivery: the same frame into the outbox of everyone who is to hear it.

use std::rc::Rc;

use suona_protocol::{Encoded, Form, Publication, Push, PushEvent, Wire, json, protobuf, ws};

use super::connection::Connections;
use crate::{
    hub::{
        Delivery, Frame, Outboxes, Overflow,
        audience::{Audience, Filters, Hearing, Seat, Verdict},
    },
    io::ConnectionId,
    session::is_withheld,
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
pub(super) fn hand_out(
    delivery: &Delivery,
    audience: &mut Audience,
    connections: &Connections,
    outboxes: &mut Outboxes,
) -> Fallout {
    let mut fallout = Fallout::default();
    let mut frames = Frames::default();
    let (seats, filters) = audience.parts_mut();
    let sieve = Sieve::new(delivery, &filters, connections);
    for seat in seats {
        match judge(delivery, seat) {
            Verdict::Send if sieve.as_ref().is_some_and(|sieve| sieve.withholds(seat.id)) => seat.missed(),
            Verdict::Send => {
                let Some(frame) = frames.get(seat.wire, seat.form, delivery) else { continue };
                match outboxes.push(seat.id, frame) {
                    Ok(()) => fallout.sent += 1,
                    Err(Overflow) => fallout.slow.push(seat.id),
                }
                if let Delivery::Publication(publication) = delivery {
                    seat.got(publication.publication());
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

/// Holds back a publication that perhaps not everyone gets.
pub(super) struct Sieve<'a> {
    publication: &'a Publication,
    filters: &'a Filters<'a>,
    connections: &'a Connections,
}

impl<'a> Sieve<'a> {
    /// `None` if everyone gets it, which is the rule.
    pub(super) fn new(
        delivery: &'a Delivery,
        filters: &'a Filters<'a>,
        connections: &'a Connections,
    ) -> Option<Self> {
        let Delivery::Publication(publication) = delivery else { return None };
        let publication = publication.publication();
        let is_for_all = publication.exclude.is_none() && filters.is_empty();
        (!is_for_all).then_some(Self { publication, filters, connections })
    }

    /// Whether the subscriber `id` does not get it.
    pub(super) fn withholds(&self, id: ConnectionId) -> bool {
        let Some(client) = self.connections.info(id) else { return false };
        is_withheld(self.publication, client, self.filters.of(id))
    }
}

/// The frames of one delivery, shared by all outboxes of the shard: one for each form on each wire, made when
/// first needed.
#[derive(Default)]
pub(super) struct Frames([Option<Option<Frame>>; 12]);

impl Frames {
    pub(super) fn get(&mut self, wire: Wire, form: Form, delivery: &Delivery) -> Option<Frame> {
        let frame = &mut self.0[form as usize * 4 + wire as usize];
        frame.get_or_insert_with(|| encode(wire, form, delivery)).clone()
    }

    pub(super) fn longest(&self) -> usize {
        self.0.iter().flatten().flatten().map(|frame| frame.len()).max().unwrap_or(0)
    }
}

fn encode(wire: Wire, form: Form, delivery: &Delivery) -> Option<Frame> {
    let (channel, event) = match delivery {
        Delivery::Publication(publication) => return frame_of(publication, wire, form),
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
pub(super) fn frame_of(publication: &Encoded, wire: Wire, form: Form) -> Option<Frame> {
    publication.frame_as(wire, form).cloned().map(Rc::new)
}
