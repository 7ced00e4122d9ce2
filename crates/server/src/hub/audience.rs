//! Who hears one channel on this shard, and where each of them stands.

mod conflation;

use std::{collections::HashMap, sync::Arc};

use suona_protocol::{Form, Position, Publication, TagsFilter, Wire};

use crate::io::ConnectionId;

pub(super) use conflation::Conflation;

/// From here on a seat is looked up by an index rather than by a walk along all seats.
const INDEXED_FROM: usize = 32;

/// The subscribers of one channel.
#[derive(Debug, Default)]
pub(super) struct Audience {
    seats: Vec<Seat>,
    /// Boxed together, for most audiences have none of it, and are the smaller for it.
    rare: Option<Box<Rare>>,
}

/// What few audiences have.
#[derive(Debug, Default)]
struct Rare {
    /// Where each connection sits, by slot; only for large audiences.
    index: Option<HashMap<u32, u32>>,
    /// What those want that do not want everything, by slot.
    filters: Wanted,
    /// Lets its seats hear seldom, if its namespace says so.
    conflation: Option<Conflation>,
}

type Wanted = HashMap<u32, Arc<TagsFilter>>;

/// One subscriber.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) id: ConnectionId,
    pub(super) wire: Wire,
    pub(super) hears_joins: bool,
    /// How it gets the next publication: as a delta if it has the base of that.
    pub(super) form: Form,
    /// The number of the publication that waits for it; 0 for none.
    pub(super) owed: u32,
    pub(super) hearing: Hearing,
}

/// What distinguishes the seats of one audience, beside the seats themselves.
pub(super) struct Filters<'a>(Option<&'a Wanted>);

impl Filters<'_> {
    /// Whether nobody has one.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// That of one seat.
    pub(super) fn of(&self, id: ConnectionId) -> Option<&TagsFilter> {
        self.0?.get(&id.slot).map(|filter| &**filter)
    }
}

/// What a subscriber is to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// Nothing yet: its session collects what comes until the broker has answered.
    Joining,
    /// Everything.
    Everything,
    /// What follows this position, without a gap.
    From(Position),
}

/// What a publication is to one subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The next one to hear.
    Send,
    /// Heard already.
    Skip,
    /// Its session is to keep it for later.
    Early,
    /// Something before it was missed.
    Gap,
}

impl Seat {
    /// Judges a publication, and moves on if it is the next one.
    pub(super) fn judge(&mut self, publication: &Publication) -> Verdict {
        match &mut self.hearing {
            Hearing::Joining => Verdict::Early,
            Hearing::From(position) if publication.offset > 0 => {
                if publication.epoch.is_some_and(|epoch| epoch != position.epoch) {
                    Verdict::Gap
                } else if publication.offset <= position.offset {
                    Verdict::Skip
                } else if publication.offset == position.offset + 1 {
                    position.offset += 1;
                    Verdict::Send
                } else {
                    Verdict::Gap
                }
            }
            Hearing::From(_) | Hearing::Everything => Verdict::Send,
        }
    }

    /// It got a publication: the base of the next, if that can have one.
    pub(super) fn got(&mut self, publication: &Publication) {
        if self.form != Form::Plain {
            self.form = if publication.offset > 0 { Form::Delta } else { Form::Full };
        }
    }

    /// A publication was withheld: it has no base for the next.
    pub(super) fn missed(&mut self) {
        if self.form == Form::Delta {
            self.form = Form::Full;
        }
    }
}

impl Audience {
    /// Nobody yet.
    pub(super) fn new(conflation: Option<Conflation>) -> Self {
        let rare = |conflation| Box::new(Rare { conflation: Some(conflation), ..Rare::default() });
        Self { rare: conflation.map(rare), ..Self::default() }
    }

    /// Gives a connection a seat, in which it hears nothing yet.
    pub(super) fn add(&mut self, id: ConnectionId, wire: Wire) {
        let at = seat_number(self.seats.len());
        let (form, hearing) = (Form::Plain, Hearing::Joining);
        if self.seats.is_empty() {
            // Many channels are heard by one client alone; a vector would begin with room for four.
            self.seats.reserve_exact(1);
        }
        self.seats.push(Seat { id, wire, hears_joins: false, form, owed: 0, hearing });
        match self.rare.as_mut().and_then(|rare| rare.index.as_mut()) {
            Some(index) => drop(index.insert(id.slot, at)),
            None if self.seats.len() >= INDEXED_FROM => {
                let seats = self.seats.iter().enumerate();
                let index = seats.map(|(at, seat)| (seat.id.slot, seat_number(at))).collect();
                self.rare.get_or_insert_default().index = Some(index);
            }
            None => {}
        }
    }

    /// Takes a connection's seat away; false if it has none.
    pub(super) fn remove(&mut self, id: ConnectionId) -> bool {
        let Some(at) = self.find(id) else { return false };
        self.seats.swap_remove(at);
        let Some(rare) = &mut self.rare else { return true };
        rare.filters.remove(&id.slot);
        if let Some(index) = &mut rare.index {
            index.remove(&id.slot);
            if let Some(moved) = self.seats.get(at) {
                index.insert(moved.id.slot, seat_number(at));
            }
        }
        true
    }

    pub(super) fn seat_mut(&mut self, id: ConnectionId) -> Option<&mut Seat> {
        self.find(id).map(|at| &mut self.seats[at])
    }

    /// Everyone, and what they want.
    pub(super) fn parts_mut(&mut self) -> (impl Iterator<Item = &mut Seat>, Filters<'_>) {
        let filters = self.rare.as_ref().map(|rare| &rare.filters);
        (self.seats.iter_mut(), Filters(filters.filter(|filters| !filters.is_empty())))
    }

    /// From now on a connection hears only what `filter` lets through.
    pub(super) fn filter(&mut self, id: ConnectionId, filter: Arc<TagsFilter>) {
        self.rare.get_or_insert_default().filters.insert(id.slot, filter);
    }

    /// What makes it hear seldom.
    pub(super) fn conflation_mut(&mut self) -> Option<&mut Conflation> {
        self.rare.as_mut()?.conflation.as_mut()
    }

    /// Where those stand who are to miss nothing.
    pub(super) fn positions(&self) -> impl Iterator<Item = (ConnectionId, Position)> {
        self.seats.iter().filter_map(|seat| match seat.hearing {
            Hearing::From(position) => Some((seat.id, position)),
            Hearing::Joining | Hearing::Everything => None,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.seats.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    fn find(&self, id: ConnectionId) -> Option<usize> {
        let at = match self.rare.as_ref().and_then(|rare| rare.index.as_ref()) {
            Some(index) => *index.get(&id.slot)? as usize,
            None => self.seats.iter().position(|seat| seat.id == id)?,
        };
        (self.seats[at].id == id).then_some(at)
    }
}

fn seat_number(at: usize) -> u32 {
    u32::try_from(at).expect("fewer than 2^32 connections a shard")
}

#[cfg(test)]
mod tests {
    use suona_protocol::Epoch;

    use super::*;

    fn id(slot: u32) -> ConnectionId {
        ConnectionId { slot, generation: 1 }
    }

    fn publication(offset: u64, epoch: Option<Epoch>) -> Publication {
        Publication { offset, epoch, ..Publication::default() }
    }

    #[test]
    fn everyone_is_found_while_seats_come_and_go() {
        let mut audience = Audience::default();
        for slot in 0..100 {
            audience.add(id(slot), Wire::Json);
        }
        for slot in (0..100).step_by(3) {
            assert!(audience.remove(id(slot)));
        }
        for slot in 0..100 {
            assert_eq!(audience.seat_mut(id(slot)).is_some(), slot % 3 != 0, "slot {slot}");
        }
        assert!(
            !audience.remove(ConnectionId { slot: 1, generation: 2 }),
            "a later connection in the same slot has no seat here"
        );
        assert_eq!(audience.len(), 66);
    }

    #[test]
    fn what_few_seats_need_makes_no_seat_larger() {
        assert_eq!(size_of::<Seat>(), 40);
        assert!(size_of::<Audience>() <= 32, "{}", size_of::<Audience>());
    }

    #[test]
    fn only_who_got_the_publication_before_gets_a_delta() {
        use Form::{Delta, Full};
        let (form, hearing) = (Full, Hearing::Everything);
        let mut seat = Seat { id: id(1), wire: Wire::Json, hears_joins: false, form, owed: 0, hearing };
        let mut forms = Vec::new();
        for (offset, is_withheld) in [(1, false), (2, false), (3, true), (4, false), (0, false), (5, false)] {
            forms.push(seat.form);
            if is_withheld { seat.missed() } else { seat.got(&publication(offset, None)) }
        }
        assert_eq!(forms, [Full, Delta, Delta, Full, Delta, Full]);
        seat.form = Form::Plain;
        seat.got(&publication(6, None));
        assert_eq!(seat.form, Form::Plain, "who asked for no deltas gets none");
    }

    #[test]
    fn a_positioned_subscriber_hears_each_publication_once_and_notices_a_gap() {
        let epoch = Epoch::from_random(1);
        let hearing = Hearing::From(Position { offset: 4, epoch });
        let form = Form::Plain;
        let mut seat = Seat { id: id(1), wire: Wire::Json, hears_joins: false, form, owed: 0, hearing };
        assert_eq!(seat.judge(&publication(4, None)), Verdict::Skip);
        assert_eq!(seat.judge(&publication(5, None)), Verdict::Send);
        assert_eq!(seat.judge(&publication(5, None)), Verdict::Skip);
        assert_eq!(seat.judge(&publication(7, None)), Verdict::Gap);
        assert_eq!(seat.judge(&publication(0, None)), Verdict::Send, "not kept in the stream");
        assert_eq!(seat.judge(&publication(1, Some(Epoch::from_random(2)))), Verdict::Gap, "another life");
    }
}
