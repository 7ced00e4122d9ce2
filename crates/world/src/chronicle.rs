//! What really happened on the side of the servers: what streams took, what was asked of them, what the backend did.
//! Nobody but the judge reads it.

mod shared;
mod stream;

use std::collections::{BTreeMap, BTreeSet};

use suona_protocol::{Channel, ClientInfo, Epoch, Position};
use suona_server::broker::Retention;

use crate::{agenda::Time, network::WireId};

pub use shared::SharedChronicle;
pub use stream::Stream;

/// A life of the gateway, counted from 0.
pub type Life = usize;

/// What really happened.
#[derive(Debug, Default)]
pub struct Chronicle {
    now: Time,
    lives: usize,
    /// Which life of the gateway took each socket.
    accepted: BTreeMap<WireId, Life>,
    /// By the epoch's name, which no two streams share.
    streams: BTreeMap<String, Stream>,
    /// What was published in channels that keep nothing.
    unkept: BTreeMap<String, BTreeSet<String>>,
    /// The last time that a channel was asked for on each socket.
    asked: BTreeMap<(WireId, String), Asked>,
    /// Who came to each channel and went, in order.
    movements: BTreeMap<String, Vec<Movement>>,
    /// Whom the backend threw out of which channel, by their sockets, and nobody told so yet.
    expelled: BTreeSet<(WireId, String)>,
    /// What the backend did, by the idempotency key.
    deeds: BTreeMap<String, Vec<Deed>>,
    /// What broke the rules of servers.
    wrongs: Vec<String>,
}

/// Somebody asked for a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What came after this was to be had too.
    pub since: Option<Position>,
    /// Whether all of that was to be had then.
    pub recoverable: bool,
    /// Where the stream stood, if there is one.
    pub top: Option<Position>,
}

/// Somebody came to a channel, or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Whether it came.
    pub came: bool,
    /// By its connection's id.
    pub client: String,
    /// By its name.
    pub user: String,
}

/// The backend was asked to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deed {
    /// By which life of the gateway.
    pub life: Life,
    /// Whether it did it.
    pub done: bool,
    /// Whether the gateway learned what came of it; `None` while it waits.
    pub told: Option<bool>,
}

impl Movement {
    /// Somebody came or went who looks so to others.
    pub fn of(came: bool, info: &ClientInfo) -> Self {
        Self { came, client: info.client.clone(), user: info.user.clone() }
    }
}

impl Chronicle {
    /// A gateway starts.
    pub fn begin_life(&mut self) -> Life {
        self.lives += 1;
        self.lives - 1
    }

    /// How many lives there were.
    pub fn lives(&self) -> usize {
        self.lives
    }

    /// The gateway takes a socket.
    pub(crate) fn accepted(&mut self, wire: WireId) {
        self.accepted.insert(wire, self.lives - 1);
    }

    /// Which life of the gateway took a socket, if one did.
    pub fn life_of(&self, wire: WireId) -> Option<Life> {
        self.accepted.get(&wire).copied()
    }

    /// A publication was acknowledged.
    pub(crate) fn took(
        &mut self,
        life: Life,
        channel: &Channel,
        position: Option<Position>,
        data: String,
        retention: Retention,
    ) {
        let Some(Position { offset, epoch }) = position else {
            self.unkept.entry(channel.as_str().to_owned()).or_default().insert(data);
            return;
        };
        let now = self.now;
        if let Err(before) = self.stream(life, channel, epoch, retention).take(offset, data, now) {
            self.wrongs.push(format!("{channel} acknowledged another {offset} after {before}"));
        }
    }

    /// Somebody was told where a stream stands.
    pub(crate) fn stands(&mut self, life: Life, channel: &Channel, top: Position, retention: Retention) {
        let known = self.stream(life, channel, top.epoch, retention).top();
        if known != top.offset {
            self.wrongs.push(format!("{channel} is said to stand at {} and took {known}", top.offset));
        }
    }

    /// The client on a socket asks for a channel, and perhaps for what came after a position.
    pub(crate) fn asked(&mut self, by: Option<WireId>, channel: &Channel, since: Option<Position>) {
        let Some(by) = by else { return self.wrongs.push(format!("{channel} is asked for by nobody")) };
        let stream = since.and_then(|since| Some((since.offset, self.streams.get(since.epoch.as_str())?)));
        // Of a stream of an earlier life nothing is left.
        let here = stream.filter(|(_, stream)| stream.life + 1 == self.lives);
        let recoverable = here.is_some_and(|(offset, stream)| stream.keeps_all_since(offset, self.now));
        let asked = Asked { since, recoverable, top: None };
        self.asked.insert((by, channel.as_str().to_owned()), asked);
    }

    /// It is told where the stream stands.
    pub(crate) fn answered(&mut self, by: Option<WireId>, channel: &Channel, top: Position) {
        let asked = by.and_then(|by| self.asked.get_mut(&(by, channel.as_str().to_owned())));
        if let Some(asked) = asked {
            asked.top = Some(top);
        }
    }

    /// What was last asked of a channel on a socket.
    pub fn last_asked(&self, by: WireId, channel: &str) -> Option<Asked> {
        self.asked.get(&(by, channel.to_owned())).copied()
    }

    /// Somebody comes to a channel, or goes.
    pub(crate) fn moved(&mut self, channel: &Channel, movement: Movement) {
        self.movements.entry(channel.as_str().to_owned()).or_default().push(movement);
    }

    /// Who came to a channel and went, in order.
    pub fn movements(&self, channel: &str) -> &[Movement] {
        self.movements.get(channel).map_or(&[], Vec::as_slice)
    }

    /// The backend throws the one on a socket out of a channel, who is only told so where it was asked for.
    pub fn expel(&mut self, from: WireId, channel: &str) {
        if self.last_asked(from, channel).is_some() {
            self.expelled.insert((from, channel.to_owned()));
        }
    }

    /// Whether the backend has thrown the one on a socket out of a channel since this was last asked.
    pub fn was_expelled(&mut self, from: WireId, channel: &str) -> bool {
        self.expelled.remove(&(from, channel.to_owned()))
    }

    /// The backend is asked to do something; says which deed that is.
    pub(crate) fn begin_deed(&mut self, key: &str, life: Life) -> usize {
        let deeds = self.deeds.entry(key.to_owned()).or_default();
        deeds.push(Deed { life, done: false, told: None });
        deeds.len() - 1
    }

    /// The backend has done it, or the gateway was told, or will never be.
    pub(crate) fn mark_deed(&mut self, key: &str, number: usize, mark: impl FnOnce(&mut Deed)) {
        if let Some(deed) = self.deeds.get_mut(key).and_then(|deeds| deeds.get_mut(number)) {
            mark(deed);
        }
    }

    /// What the backend did under a key.
    pub fn deeds(&self, key: &str) -> &[Deed] {
        self.deeds.get(key).map_or(&[], Vec::as_slice)
    }

    /// What broke the rules of servers.
    pub fn wrongs(&self) -> &[String] {
        &self.wrongs
    }

    /// The stream of this epoch.
    pub fn by_epoch(&self, epoch: &str) -> Option<&Stream> {
        self.streams.get(epoch)
    }

    /// Whether a server keeps everything that a stream took after an offset.
    pub fn keeps_all_since(&self, stream: &Stream, offset: u64) -> bool {
        stream.keeps_all_since(offset, self.now)
    }

    /// The stream of a channel in the last life, if anybody used it.
    pub fn current(&self, channel: &str) -> Option<(&str, &Stream)> {
        let is_current = |stream: &Stream| stream.life + 1 == self.lives && stream.channel == channel;
        let found = self.streams.iter().find(|(_, stream)| is_current(stream));
        found.map(|(epoch, stream)| (epoch.as_str(), stream))
    }

    /// In which lives a payload was published to a channel, once for each time.
    pub fn published(&self, channel: &str, data: &str) -> Vec<Life> {
        let streams = self.streams.values().filter(|stream| stream.channel == channel);
        streams.flat_map(|stream| std::iter::repeat_n(stream.life, stream.count(data))).collect()
    }

    /// Whether a payload was published to a channel that keeps nothing.
    pub fn was_published(&self, channel: &str, data: &str) -> bool {
        self.unkept.get(channel).is_some_and(|all| all.contains(data))
    }

    fn stream(&mut self, life: Life, channel: &Channel, epoch: Epoch, retention: Retention) -> &mut Stream {
        let stream = || Stream::new(channel.as_str().to_owned(), life, retention);
        self.streams.entry(epoch.as_str().to_owned()).or_insert_with(stream)
    }
}
