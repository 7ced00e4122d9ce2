//! What happens between the wish to hear a channel and its fulfilment: what was missed, and what comes meanwhile.

use std::sync::Arc;

use suona_protocol::{ClientInfo, Encoded, Payload, Position, RecoverFrom, SubscribeResult};

use super::{
    Reading, Rules,
    latest::{self, is_latest},
    subscription::Features,
};
use crate::{
    auth::is_json,
    broker::{Page, Query, Retention},
};

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

/// What a reply may give back of what was missed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// In all channels together.
    pub(super) bytes: usize,
    /// In each channel.
    pub(super) publications: usize,
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

impl Budget {
    /// What a reply may give back that holds nothing else.
    pub(super) fn of(rules: &Rules) -> Self {
        let publications = rules.config.client.recovery_max_publication_limit;
        Self { bytes: rules.max_reply_bytes(), publications }
    }

    /// Takes room for those of `missed` that the client gets; `None` as soon as it does not suffice.
    fn sieve(
        &mut self,
        missed: Vec<Arc<Encoded>>,
        reading: &Reading,
        client: &ClientInfo,
    ) -> Option<Vec<Arc<Encoded>>> {
        // As a JSON string, each byte may take two.
        let factor = if reading.reads_deltas() { 2 } else { 1 };
        let mut left = *self;
        let mut shown = Vec::new();
        for one in missed.into_iter().filter(|one| reading.shows(one, client)) {
            left.publications = left.publications.checked_sub(1)?;
            left.bytes = left.bytes.checked_sub(one.len() * factor)?;
            shown.push(one);
        }
        self.bytes = left.bytes;
        Some(shown)
    }
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

#[cfg(test)]
mod tests {
    use suona_protocol::{Content, Epoch, Exclude, FilterNode, Publication, TagsFilter};

    use super::*;

    const RECOVERABLE: Features = Features {
        positioned: true,
        recoverable: true,
        latest_only: false,
        presence: false,
        announced: false,
        hears_joins: false,
    };

    fn publication(offset: u64) -> Arc<Encoded> {
        let publication = Publication { data: "1".into(), offset, ..Publication::default() };
        Arc::new(Encoded::new("news".into(), publication, Content::Binary))
    }

    fn page(offsets: std::ops::Range<u64>, top: u64) -> Option<Page> {
        let top = Position { offset: top, epoch: Epoch::from_random(7) };
        Some(Page { publications: offsets.map(publication).collect(), top })
    }

    fn join(joining: Joining, page: Option<Page>) -> Result<Joined, Hole> {
        Joining { page, ..joining }.join(RECOVERABLE)
    }

    fn since(offset: u64) -> Joining {
        let epoch = Some(Epoch::from_random(7));
        Joining::new(RecoverFrom { recover: true, offset, epoch }, None, None, false)
    }

    fn offsets(publications: &[Arc<Encoded>]) -> Vec<u64> {
        publications.iter().map(|one| one.publication().offset).collect()
    }

    #[test]
    fn what_was_missed_is_given_back_from_the_position_that_the_client_named() {
        let joined = join(since(3), page(4..7, 6)).unwrap();
        assert!(joined.result.recovered && joined.result.was_recovering);
        assert_eq!(joined.result.position.unwrap().offset, 3);
        assert_eq!(offsets(&joined.result.publications), [4, 5, 6]);
        assert_eq!(joined.position.unwrap().offset, 6);
    }

    #[test]
    fn nothing_missed_is_recovered_too() {
        let joined = join(since(6), page(0..0, 6)).unwrap();
        assert!(joined.result.recovered && joined.result.publications.is_empty());
    }

    #[test]
    fn a_gap_is_told_and_nothing_delivered() {
        let trimmed_before = page(5..7, 6);
        let cut_short_after = page(4..6, 6);
        let emptied = page(0..0, 6);
        for page in [trimmed_before, cut_short_after, emptied] {
            let joined = join(since(3), page).unwrap();
            assert!(!joined.result.recovered && joined.result.was_recovering);
            assert!(joined.result.publications.is_empty());
            assert_eq!(joined.result.position.unwrap().offset, 6);
        }
    }

    #[test]
    fn another_life_of_the_stream_is_a_gap_even_at_the_same_offset() {
        let mut joining = since(6);
        joining.since.epoch = Some(Epoch::from_random(8));
        assert!(!join(joining, page(0..0, 6)).unwrap().result.recovered);
    }

    #[test]
    fn a_first_subscription_without_a_position_gets_a_stream_that_is_whole() {
        let joining =
            || Joining::new(RecoverFrom { recover: true, offset: 0, epoch: None }, None, None, false);
        assert!(join(joining(), page(1..5, 4)).unwrap().result.recovered);
        assert!(!join(joining(), page(2..5, 4)).unwrap().result.recovered);
    }

    /// What a client that stood at 3 is given back of 4, 5 and 6.
    fn recovers(reading: Reading, page: Option<Page>, budget: &mut Budget) -> Option<Vec<u64>> {
        let joining = Joining { page, ..since(3) }.reading(reading);
        let client = ClientInfo { user: "ann".to_owned(), ..ClientInfo::default() };
        let result = joining.finish(RECOVERABLE, &client, budget).unwrap().result;
        result.recovered.then(|| offsets(&result.publications))
    }

    #[test]
    fn what_does_not_fit_into_the_reply_is_a_gap() {
        let whole = || (Reading::default(), page(4..7, 6));
        let mut budget = Budget { bytes: 5, publications: 3 };
        let mut recovers = |(reading, page), publications| {
            budget.publications = publications;
            recovers(reading, page, &mut budget)
        };
        assert_eq!(recovers(whole(), 2), None, "too many");
        assert_eq!(recovers(whole(), 3), Some(vec![4, 5, 6]));
        assert_eq!(recovers(whole(), 3), None, "two bytes are left");
    }

    #[test]
    fn what_is_withheld_takes_no_room() {
        let tagged = |offset: u64| {
            let tags = vec![("parity".to_owned(), (offset % 2).to_string())];
            let exclude = Exclude::new(Vec::new(), vec!["ann".to_owned()]).unwrap();
            let exclude = (offset == 6).then(|| Arc::new(exclude));
            let publication =
                Publication { data: "1".into(), offset, tags, exclude, ..Publication::default() };
            Arc::new(Encoded::new("news".into(), publication, Content::Binary))
        };
        let page = || page(0..0, 6).map(|page| Page { publications: (4..7).map(tagged).collect(), ..page });
        let node =
            FilterNode { key: "parity".into(), cmp: "eq".into(), val: "1".into(), ..FilterNode::default() };
        let filter = Some(Arc::new(TagsFilter::new(node).unwrap()));
        let odd = || Reading { filter: filter.clone(), ..Reading::default() };
        let mut budget = Budget { bytes: 3, publications: 1 };
        assert_eq!(recovers(odd(), page(), &mut budget), Some(vec![5]));
        assert_eq!(recovers(Reading::default(), page(), &mut budget), None, "two are shown");
        budget.publications = 2;
        assert_eq!(recovers(Reading::default(), page(), &mut budget), Some(vec![4, 5]));
        assert_eq!(budget.bytes, 0);
    }

    #[test]
    fn publications_of_meanwhile_follow_in_order_and_once() {
        let mut joining = since(3);
        for offset in [7, 6, 8, 7] {
            joining.buffer(publication(offset));
        }
        let joined = join(joining, page(4..7, 6)).unwrap();
        assert_eq!(offsets(&joined.late), [7, 8]);
        assert_eq!(joined.position.unwrap().offset, 8);
    }

    #[test]
    fn a_hole_in_what_came_meanwhile_is_noticed() {
        let mut joining = since(3);
        joining.buffer(publication(8));
        assert_eq!(join(joining, page(4..7, 6)).unwrap_err(), Hole);
    }

    #[test]
    fn what_is_kept_meanwhile_is_bounded() {
        let mut joining = since(0);
        let data = Payload::from(vec![b'1'; 64 << 10]);
        for offset in 1..100 {
            let publication = Publication { data: data.clone(), offset, ..Publication::default() };
            joining.buffer(Arc::new(Encoded::new("news".into(), publication, Content::Binary)));
        }
        assert!(joining.buffered_bytes <= MAX_BUFFERED);
        assert_eq!(join(joining, page(0..0, 0)).unwrap_err(), Hole, "and what did not fit is missed");
    }

    #[test]
    fn a_subscription_without_positioning_has_no_position_but_remembers_the_wish() {
        let joined = since(3).join(Features::default()).unwrap();
        assert!(joined.result.was_recovering && !joined.result.recovered && !joined.result.recoverable);
        assert_eq!((joined.result.position, joined.position), (None, None));
    }
}
