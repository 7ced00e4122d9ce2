//! What happens between the wish to hear a channel and its fulfilment: what was missed, and what comes meanwhile.

mod budget;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use suona_protocol::{ClientInfo, Encoded, Payload, Position, RecoverFrom, SubscribeResult, json::is_json};

pub(super) use self::budget::Budget;
use super::{
    Reading, Rules,
    latest::{self, is_latest},
    subscription::Features,
};
use crate::broker::{Page, Query, Retention};

/// At most so many bytes of publications are kept for a client whose subscribing takes long.
const MAX_BUFFERED: usize = 256 << 10;

/// What a recovery with a filter may cost at most, in conditions that are looked at; a few milliseconds.
const MAX_SIEVING: usize = 160_000;

/// What reading a publication from memory costs beside the conditions, in conditions.
const READING_ONE: usize = 16;

/// At most so many publications that exclude somebody are read beyond what the reply has room for.
const MAX_SPARED: usize = 1000;

/// What is needed to finish a subscription.
#[derive(Debug)]
pub(super) struct Joining {
    pub(super) since: RecoverFrom,
    /// Seconds until the client must refresh its token.
    pub(super) ttl: Option<u32>,
    pub(super) data: Option<Payload>,
    /// The client wants an error rather than `recovered: false`.
    pub(super) reject_unrecovered: bool,
    /// What the broker read, while the reply still waits for other subscriptions.
    pub(super) page: Option<Page>,
    /// What the client wants of what is published.
    reading: Reading,
    /// What was published meanwhile; positioned subscriptions only.
    pub(super) buffer: Vec<Arc<Encoded>>,
    buffered_bytes: usize,
    /// Something did not fit into `buffer`.
    overflowed: bool,
}

/// What was published meanwhile does not follow what the broker read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hole;

/// A subscription come into effect.
#[derive(Debug)]
pub(super) struct Joined {
    /// What the client is told.
    pub(super) result: SubscribeResult,
    /// Published since the broker read the stream; pushed right after the reply.
    pub(super) late: Vec<Arc<Encoded>>,
    /// Where the subscription stands after all this, if it is positioned.
    pub(super) position: Option<Position>,
    /// What it hears of what is published from there on.
    pub(super) reading: Reading,
}

impl Joining {
    pub(super) fn new(
        since: RecoverFrom,
        ttl: Option<u32>,
        data: Option<Payload>,
        reject_unrecovered: bool,
    ) -> Self {
        Self {
            since,
            ttl,
            data,
            reject_unrecovered,
            page: None,
            reading: Reading::default(),
            buffer: Vec::new(),
            buffered_bytes: 0,
            overflowed: false,
        }
    }

    /// What the client wants of what is published.
    pub(super) fn reading(self, reading: Reading) -> Self {
        Self { reading, ..self }
    }

    /// Sends no data that the client could not read, being of JSON only: better none than no subscription.
    pub(super) fn leave_out_binary(&mut self) {
        if self.data.take_if(|data| !is_json(data)).is_some() {
            tracing::debug!("data that is not JSON is not sent to a client that reads nothing else");
        }
    }

    /// Keeps a publication that came before the broker's answer. If one does not fit, the subscription ends in
    /// a [`Hole`].
    pub(super) fn buffer(&mut self, publication: Arc<Encoded>) {
        let bytes = self.buffered_bytes + publication.len();
        self.overflowed |= bytes > MAX_BUFFERED;
        if !self.overflowed {
            self.buffered_bytes = bytes;
            self.buffer.push(publication);
        }
    }

    /// What to read of a stream that is kept like this.
    pub(super) fn query(&self, features: Features, retention: Retention, rules: &Rules) -> Query {
        if !(features.recoverable && self.since.recover) {
            return Query::TOP;
        }
        let budget = Budget::of(rules);
        let since = Some((self.since.offset, self.since.epoch));
        if features.latest_only {
            latest::query(budget.bytes)
        } else if let Some(filter) = &self.reading.filter {
            // Only what it lets through takes room in the reply, but all of it takes time.
            let affordable = MAX_SIEVING / (READING_ONE + filter.conditions());
            let limit = retention.size.min(affordable);
            Query { limit, max_bytes: usize::MAX, since, ..Query::TOP }
        } else {
            let (limit, max_bytes) = (budget.publications, budget.bytes);
            Query { limit, max_bytes, since, spared: MAX_SPARED, ..Query::TOP }
        }
    }

    /// Comes into effect. What was missed is given back only if what of it the client gets fits into `budget`,
    /// from which it is taken.
    pub(super) fn finish(
        mut self,
        features: Features,
        client: &ClientInfo,
        budget: &mut Budget,
    ) -> Result<Joined, Hole> {
        let reading = std::mem::take(&mut self.reading);
        if features.latest_only && self.since.recover {
            self.latest_only();
        }
        let top = self.page.as_ref().map(|page| page.top);
        let mut joined = self.join(features)?;
        let result = &mut joined.result;
        budget.bytes = budget.bytes.saturating_sub(result.data.as_ref().map_or(0, Payload::len));
        match budget.sieve(std::mem::take(&mut result.publications), &reading, client) {
            Some(shown) => result.publications = shown,
            None => (result.recovered, result.position) = (false, top),
        }
        Ok(reading.sieve(joined, client))
    }

    /// Finishes with what the broker read: a page is there exactly if the subscription is positioned.
    fn join(self, features: Features) -> Result<Joined, Hole> {
        let was_recovering = self.since.recover;
        let mut result =
            SubscribeResult { ttl: self.ttl, data: self.data, was_recovering, ..SubscribeResult::default() };
        let Some(page) = self.page.filter(|_| features.positioned) else {
            let reading = Reading::default();
            return Ok(Joined { result, late: Vec::new(), position: None, reading });
        };
        if self.overflowed {
            return Err(Hole);
        }
        let top = page.top;
        let suffices = if features.latest_only { is_latest } else { is_complete };
        result.recoverable = features.recoverable;
        result.recovered = features.recoverable && suffices(self.since, &page);
        result.position = Some(top);
        if result.recovered {
            result.position = Some(Position { offset: self.since.offset, ..top });
            result.publications = page.publications;
        }
        let late = follow(top, self.buffer)?;
        let offset = late.last().map_or(top.offset, |last| last.publication().offset);
        let position = Some(Position { offset, ..top });
        Ok(Joined { result, late, position, reading: Reading::default() })
    }
}

/// Whether `page`, read from `since` on, holds everything that was missed.
fn is_complete(since: RecoverFrom, page: &Page) -> bool {
    if !since.recover || since.epoch.is_some_and(|epoch| epoch != page.top.epoch) {
        return false;
    }
    let offset = |publication: &Arc<Encoded>| publication.publication().offset;
    match (page.publications.first().map(offset), page.publications.last().map(offset)) {
        (Some(first), Some(last)) => first == since.offset + 1 && last == page.top.offset,
        _ => since.offset == page.top.offset,
    }
}

/// The publications of `buffer` that come after `top`, in order, once each.
fn follow(top: Position, mut buffer: Vec<Arc<Encoded>>) -> Result<Vec<Arc<Encoded>>, Hole> {
    buffer.retain(|publication| publication.publication().offset > top.offset);
    buffer.sort_by_key(|publication| publication.publication().offset);
    buffer.dedup_by_key(|publication| publication.publication().offset);
    let unbroken =
        buffer.iter().zip(top.offset + 1..).all(|(one, offset)| one.publication().offset == offset);
    if unbroken { Ok(buffer) } else { Err(Hole) }
}
