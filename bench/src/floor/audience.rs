//! Who hears what at the floor, and the one write for each of them.

use std::{
    collections::{HashMap, VecDeque},
    io,
};

use serde::Deserialize;
use serde_json::value::RawValue;
use suona_protocol::{Channel, Content, Encoded, Publication, Wire};

use super::Guest;

/// How many publications a channel keeps for those who come back; as many as the gateways beside it.
const KEPT: usize = 100;

/// All channels.
pub(super) struct Audiences {
    wire: Wire,
    channels: Vec<Audience>,
    names: HashMap<String, usize>,
}

/// Who hears a channel, and what it keeps.
#[derive(Default)]
struct Audience {
    /// Places of guests, with their ids.
    subscribers: Vec<(usize, u64)>,
    /// Whether some of them have gone.
    stale: bool,
    offset: u64,
    kept: VecDeque<Vec<u8>>,
}

/// What the API is given.
#[derive(Deserialize)]
pub(super) struct Batch {
    commands: Vec<Command>,
}

#[derive(Deserialize)]
struct Command {
    publish: Publish,
}

#[derive(Deserialize)]
struct Publish {
    channel: String,
    data: Box<RawValue>,
}

impl Batch {
    pub(super) fn len(&self) -> usize {
        self.commands.len()
    }
}

impl Audiences {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire, channels: Vec::new(), names: HashMap::new() }
    }

    /// The guest at `place` hears a channel from now on. Returns the channel's number.
    pub(super) fn join(&mut self, name: &str, place: usize, id: u64) -> usize {
        let channel = self.number(name);
        self.channels[channel].subscribers.push((place, id));
        channel
    }

    /// Somebody who heard these channels is gone.
    pub(super) fn leave(&mut self, channels: &[usize]) {
        channels.iter().for_each(|channel| self.channels[*channel].stale = true);
    }

    /// The frames after the one of offset `since`.
    pub(super) fn missed(&self, channel: usize, since: Option<u64>) -> Vec<u8> {
        let Audience { offset, kept, .. } = &self.channels[channel];
        let missed = usize::try_from(offset - since.unwrap_or(*offset)).unwrap_or(usize::MAX);
        kept.iter().skip(kept.len().saturating_sub(missed)).flatten().copied().collect()
    }

    /// Writes to each guest that hears something of `batch`, once. Returns how many those were.
    pub(super) fn publish(&mut self, batch: Batch, guests: &mut [Option<Guest>]) -> io::Result<u64> {
        let (mut order, mut parts) = (Vec::<usize>::new(), Vec::<Vec<u8>>::new());
        let mut part_of = HashMap::new();
        for Command { publish: Publish { channel: name, data } } in batch.commands {
            let channel = self.number(&name);
            let frame = self.encode(channel, &name, &data);
            let part = *part_of.entry(channel).or_insert(parts.len());
            if part == parts.len() {
                order.push(channel);
                parts.push(Vec::new());
            }
            parts[part].extend(frame);
        }
        for channel in &order {
            self.forget_gone(*channel, guests);
        }
        match (&order[..], &parts[..]) {
            ([channel], [part]) => self.write_one(*channel, part, guests),
            (order, parts) => self.write_several(order, parts, guests),
        }
    }

    fn write_one(&self, channel: usize, part: &[u8], guests: &mut [Option<Guest>]) -> io::Result<u64> {
        let subscribers = &self.channels[channel].subscribers;
        for (place, _) in subscribers {
            guests[*place].as_mut().expect("those who are gone are forgotten").write(part)?;
        }
        Ok(subscribers.len() as u64)
    }

    fn write_several(
        &self,
        order: &[usize],
        parts: &[Vec<u8>],
        guests: &mut [Option<Guest>],
    ) -> io::Result<u64> {
        let mut dirty = Vec::new();
        for (part, channel) in order.iter().enumerate() {
            for (place, _) in &self.channels[*channel].subscribers {
                let guest = guests[*place].as_mut().expect("those who are gone are forgotten");
                if guest.pending.is_empty() {
                    dirty.push(*place);
                }
                guest.pending.push(part);
            }
        }
        for place in &dirty {
            guests[*place].as_mut().expect("it heard something just now").write_pending(parts)?;
        }
        Ok(dirty.len() as u64)
    }

    fn forget_gone(&mut self, channel: usize, guests: &[Option<Guest>]) {
        let audience = &mut self.channels[channel];
        if std::mem::take(&mut audience.stale) {
            let there = |place: usize, id| guests[place].as_ref().is_some_and(|guest| guest.id == id);
            audience.subscribers.retain(|(place, id)| there(*place, *id));
        }
    }

    /// The frame that a gateway would send, byte for byte.
    fn encode(&mut self, channel: usize, name: &str, data: &RawValue) -> Vec<u8> {
        let audience = &mut self.channels[channel];
        audience.offset += 1;
        let data = data.get().as_bytes().to_vec().into();
        let publication = Publication { data, offset: audience.offset, ..Publication::default() };
        let encoded = Encoded::new(Channel::from(name), publication, Content::Json);
        let frame = encoded.frame(self.wire).expect("everybody reads JSON data").to_vec();
        if audience.kept.len() == KEPT {
            audience.kept.pop_front();
        }
        audience.kept.push_back(frame.clone());
        frame
    }

    fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.names.get(name) {
            return *number;
        }
        self.names.insert(name.to_owned(), self.channels.len());
        self.channels.push(Audience::default());
        self.channels.len() - 1
    }
}
