//! What the clients hear, counted and checked.

use std::time::{Duration, Instant};

use suona_protocol::ws::Inflater;

use crate::{
    Trouble,
    layout::Layout,
    stamp::Stamp,
    wire::{Entrant, Since, Wanted, Wire},
};

/// What happened so far, to all clients together.
#[derive(Debug, Default)]
pub struct Tally {
    /// Clients that are in.
    pub there: usize,
    /// Clients on their way in.
    pub entering: usize,
    /// Publications heard.
    pub delivered: u64,
    /// Reads that brought publications.
    pub reads: u64,
    /// Bytes of the messages with publications as they came, without their frames' headers.
    pub bytes: u64,
    /// Requests and pings.
    pub asked: u64,
    /// Answers to them.
    pub answers: u64,
    /// How long those answers took.
    pub latencies: Vec<Duration>,
    /// Who got an answer and has not been asked to go on.
    pub answered: Vec<usize>,
    /// By subscription, the number of the last publication heard.
    pub(super) last: Vec<u64>,
    /// By channel, where the stream stood before the first publication.
    pub(super) joined: Vec<Option<Since>>,
    /// Whether all have been there before: whoever comes in recovers.
    pub(super) returning: bool,
}

/// What a member needs to understand what it hears.
pub(super) struct Surroundings<'w> {
    pub(super) wire: &'w dyn Wire,
    pub(super) layout: Layout,
    pub(super) tally: Tally,
    /// Reads what is compressed, if clients insist on that.
    pub(super) inflater: Option<Inflater>,
}

impl<'w> Surroundings<'w> {
    pub(super) fn new(wire: &'w dyn Wire, layout: Layout, compress: bool) -> Self {
        let (last, joined) = (vec![0; layout.seats()], vec![None; layout.channels]);
        let tally = Tally { last, joined, ..Tally::default() };
        Self { wire, layout, tally, inflater: compress.then(Inflater::default) }
    }

    pub(super) fn entrant(&self, client: usize) -> Entrant {
        let wanted = |channel| Wanted {
            name: self.layout.name(channel),
            since: self.tally.returning.then(|| self.since(client, channel)),
        };
        Entrant { client, channels: self.layout.heard_by(client).map(wanted).collect() }
    }

    /// What a client heard last of a channel.
    fn since(&self, client: usize, channel: usize) -> Since {
        let heard = self.layout.seat(client, channel).map_or(0, |seat| self.tally.last[seat]);
        let Since { epoch, offset } = self.tally.joined[channel].clone().unwrap_or_default();
        Since { epoch, offset: offset + heard }
    }
}

impl Tally {
    /// A client heard a publication, which must be the next one of its channel.
    pub(super) fn heard(&mut self, layout: &Layout, client: usize, data: &[u8]) -> Result<(), Trouble> {
        let stamp = Stamp::read(data);
        let seat = stamp.and_then(|stamp| Some((stamp, layout.seat(client, stamp.channel)?)));
        let Some((Stamp { channel, number }, seat)) = seat else {
            let reason = "it heard something that was not published for it".to_owned();
            return Err(Trouble::Lost { client, reason });
        };
        let last = &mut self.last[seat];
        if number != *last + 1 {
            return Err(Trouble::Disorder { client, channel, before: *last, heard: number });
        }
        *last = number;
        self.delivered += 1;
        Ok(())
    }

    /// A client is told where the stream of one of its channels stands.
    pub(super) fn joined(&mut self, layout: &Layout, client: usize, place: usize, since: Since) {
        if let Some(channel) = layout.heard_by(client).nth(place) {
            self.joined[channel].get_or_insert(since);
        }
    }

    pub(super) fn answer(&mut self, client: usize, asked: Option<Instant>) {
        self.answers += 1;
        self.latencies.extend(asked.map(|asked| asked.elapsed()));
        self.answered.push(client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_twice_or_too_early_fails_the_measurement() {
        let layout = Layout::one("c", 2);
        let mut tally = Tally { last: vec![0; 2], ..Tally::default() };
        let mut hear = |number, channel| {
            tally
                .heard(&layout, 1, Stamp { channel, number }.text(32).as_bytes())
                .map_err(|error| error.to_string())
        };
        assert_eq!(hear(1, 0), Ok(()));
        assert_eq!(hear(2, 0), Ok(()));
        assert_eq!(hear(2, 0), Err("client 1 heard publication 2 of channel 0 after 2".to_owned()));
        assert!(hear(4, 0).is_err());
        assert!(hear(1, 1).is_err());
        assert_eq!((tally.delivered, &tally.last[..]), (2, &[0, 2][..]));
    }
}
