//! Channels of whose publications subscribers get the latest only, and not more often than their namespace says.

use std::{collections::VecDeque, time::Instant};

use suona_protocol::{Channel, Form};

use super::{
    Shard,
    connection::Connections,
    delivering::{Fallout, Frames, Sieve},
};
use crate::{
    Now,
    hub::{
        Delivery, Overflow,
        audience::{Audience, Hearing, Verdict},
        wheel::Wheel,
    },
    io::ConnectionId,
};

/// The channels in which something waits.
pub(super) struct Conflating {
    wheel: Wheel<Channel>,
    /// Those whose time has come at the instant beside it. All at once might fill the outbox of a client that
    /// reads: what is handed out is flushed in between.
    ripe: VecDeque<(Instant, Channel)>,
}

impl Conflating {
    pub(super) fn new(start: Instant) -> Self {
        Self { wheel: Wheel::new(start), ripe: VecDeque::new() }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.ripe.front().map(|(since, _)| *since).or(self.wheel.deadline())
    }

    fn ripen(&mut self, now: Instant) {
        while let Some((_, channels)) = self.wheel.pop(now) {
            self.ripe.extend(channels.into_iter().map(|channel| (now, channel)));
        }
    }
}

/// Whether all who hear the channel do not get this: the channel stays as quiet as it was.
fn is_for_nobody(delivery: &Delivery, audience: &mut Audience, connections: &Connections) -> bool {
    let (mut seats, filters) = audience.parts_mut();
    let sieve = Sieve::new(delivery, &filters, connections);
    sieve.is_some_and(|sieve| seats.all(|seat| seat.hearing == Hearing::Joining || sieve.withholds(seat.id)))
}

impl Shard {
    /// Lets a publication wait if its channel was heard just now; `None` if it is to be handed out.
    ///
    /// Positions move on at once, so that a publication that gives way to a later one is no gap.
    pub(super) fn hold_back(&mut self, delivery: &Delivery, now: Now) -> Option<Fallout> {
        let Delivery::Publication(publication) = delivery else { return None };
        let audience = self.audiences.get_mut(delivery.channel())?;
        audience.conflation_mut()?;
        if is_for_nobody(delivery, audience, &self.connections) {
            return None;
        }
        let conflation = audience.conflation_mut()?;
        if conflation.pass(now.instant) {
            return None;
        }
        let (number, due) = conflation.wait(publication.clone());
        if let Some(due) = due {
            self.conflating.wheel.plan(delivery.channel().clone(), due, &mut None);
        }
        let mut fallout = Fallout::default();
        let mut others_wait = false;
        let (seats, filters) = audience.parts_mut();
        let sieve = Sieve::new(delivery, &filters, &self.connections);
        for seat in seats {
            match seat.judge(publication.publication()) {
                Verdict::Send if sieve.as_ref().is_some_and(|sieve| sieve.withholds(seat.id)) => {}
                Verdict::Send => seat.owed = number,
                Verdict::Skip => {}
                Verdict::Early => fallout.early.push(seat.id),
                Verdict::Gap => fallout.gaps.push(seat.id),
            }
            others_wait |= seat.owed != 0 && seat.owed != number;
        }
        let conflation = audience.conflation_mut()?;
        if !others_wait {
            conflation.forget_others();
        }
        if conflation.is_full() {
            self.release(delivery.channel(), now);
        }
        Some(fallout)
    }

    /// Hands out what waits where the time has come.
    pub(super) fn release_due(&mut self, now: Now) {
        self.conflating.ripen(now.instant);
        while !self.outboxes.wants_flush()
            && let Some((_, channel)) = self.conflating.ripe.pop_front()
        {
            let audience = self.audiences.get_mut(&channel);
            if audience.and_then(|it| it.conflation_mut()).is_some_and(|it| it.is_due(now.instant)) {
                self.release(&channel, now);
            }
        }
    }

    fn release(&mut self, channel: &Channel, now: Now) {
        let Some(audience) = self.audiences.get_mut(channel) else { return };
        let Some(conflation) = audience.conflation_mut() else { return };
        let mut fallout = Fallout::default();
        for (number, publication) in conflation.release(now.instant) {
            let delivery = Delivery::Publication(publication);
            let mut frames = Frames::default();
            for seat in audience.parts_mut().0.filter(|seat| seat.owed == number) {
                seat.owed = 0;
                let Some(frame) = frames.get(seat.wire, Form::Plain, &delivery) else { continue };
                match self.outboxes.push(seat.id, frame) {
                    Ok(()) => fallout.sent += 1,
                    Err(Overflow) => fallout.slow.push(seat.id),
                }
            }
            self.outboxes.note_delivery(frames.longest());
        }
        self.cope(channel, fallout, now);
    }

    /// Hands out what waits for one subscriber, which is about to leave.
    pub(super) fn settle_up(&mut self, id: ConnectionId, channel: &Channel) {
        let Some(audience) = self.audiences.get_mut(channel) else { return };
        let owed = audience.seat_mut(id).map(|seat| (std::mem::take(&mut seat.owed), seat.wire));
        let Some((number @ 1.., wire)) = owed else { return };
        let publication = audience.conflation_mut().and_then(|it| it.waiting(number));
        if let Some(frame) = publication.and_then(|it| super::delivering::frame_of(it, wire, Form::Plain)) {
            // It is leaving: if it is too slow for that, it finds out by what follows.
            let _ = self.outboxes.push(id, frame);
        }
    }
}
