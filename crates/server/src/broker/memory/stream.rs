//! The stream of one channel: its recent publications and its position. It reads no clock and rolls no dice.
//!
//! Two lives run out one after the other: that of the publications, which only publishing prolongs, and
//! that of the position, which every use prolongs.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use suona_protocol::{Encoded, Epoch, Position};

use crate::broker::{Page, Query, Retention, Version};

/// A channel's recent publications, without holes up to the top, and its position.
pub(super) struct Stream {
    top: Position,
    /// Of the last publication that had one.
    version: Option<Box<Version>>,
    /// None of those streams that are only listened to, which are many.
    kept: Option<Box<Kept>>,
    known_until: Instant,
}

/// At least one publication.
struct Kept {
    /// The oldest first; the last one's offset is that of the stream's top.
    publications: VecDeque<Arc<Encoded>>,
    until: Instant,
}

/// The position asked for is of another life of the stream, which stands at `top` in this one.
#[derive(Debug)]
pub(super) struct OtherEpoch {
    pub(super) top: Position,
}

impl Stream {
    /// A new life, named by 64 random bits, of a stream that took no publication yet. Its first use, at
    /// `now` too, says how long it is known.
    pub(super) fn new(bits: u64, now: Instant) -> Self {
        let top = Position { offset: 0, epoch: Epoch::from_random(bits) };
        Self { top, version: None, kept: None, known_until: now }
    }

    /// Takes the next publication, which `encode` makes of its offset, of the epoch if it is the first, and of
    /// the publication before it if that is kept; `None` if its version is outdated, which prolongs the life of the position only.
    pub(super) fn publish(
        &mut self,
        version: Option<Version>,
        retention: Retention,
        now: Instant,
        encode: impl FnOnce(u64, Option<Epoch>, Option<&Encoded>) -> Encoded,
    ) -> Option<Arc<Encoded>> {
        self.known_until = now + retention.meta_ttl;
        if let Some(version) = version {
            if self.version.as_ref().is_some_and(|last| version.is_outdated_by(last)) {
                return None;
            }
            self.version = Some(Box::new(version));
        }
        let offset = self.top.offset + 1;
        let until = now + retention.ttl;
        let kept = self.kept.get_or_insert_with(|| Box::new(Kept { publications: VecDeque::new(), until }));
        let before = kept.publications.back().map(|before| &**before);
        let publication = Arc::new(encode(offset, (offset == 1).then_some(self.top.epoch), before));
        while kept.publications.len() >= retention.size.max(1) {
            kept.publications.pop_front();
        }
        kept.publications.push_back(publication.clone());
        kept.until = until;
        self.top.offset = offset;
        Some(publication)
    }

    /// Reads a part; the position is known for `meta_ttl` from now on.
    pub(super) fn read(
        &mut self,
        query: Query,
        meta_ttl: Duration,
        now: Instant,
    ) -> Result<Page, OtherEpoch> {
        self.known_until = now + meta_ttl;
        let top = self.top;
        if let Some((_, Some(epoch))) = query.since
            && epoch != top.epoch
        {
            return Err(OtherEpoch { top });
        }
        let nothing = VecDeque::new();
        let kept = self.kept.as_ref().map_or(&nothing, |kept| &kept.publications);
        // Offsets have no holes, so a place in the queue is a difference of offsets.
        let trimmed = top.offset - kept.len() as u64;
        let index = |offset: u64| (offset.saturating_sub(trimmed) as usize).min(kept.len());
        let since = query.since.map(|(offset, _)| offset);
        let publications = if query.reverse {
            let end = since.map_or(kept.len(), |offset| index(offset.saturating_sub(1)));
            page(kept.range(..end).rev(), query)
        } else {
            page(kept.range(since.map_or(0, index)..), query)
        };
        Ok(Page { publications, top })
    }

    /// Forgets the publications, and hands them out to be dropped where it holds nobody up.
    pub(super) fn clear(&mut self) -> VecDeque<Arc<Encoded>> {
        self.kept.take().map(|kept| kept.publications).unwrap_or_default()
    }

    /// Where the stream stands.
    pub(super) fn top(&self) -> Position {
        self.top
    }

    /// Whether it keeps no publication.
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_none()
    }

    /// When something about it runs out next.
    pub(super) fn due(&self) -> Instant {
        self.kept.as_ref().map_or(self.known_until, |kept| kept.until.min(self.known_until))
    }

    /// Whether the time of its publications has run out.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.until <= now)
    }

    /// Whether its life has run out: who comes now finds a new one.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.known_until <= now
    }
}

/// The first of `publications`, as many as the query allows.
fn page<'a>(
    publications: impl ExactSizeIterator<Item = &'a Arc<Encoded>>,
    query: Query,
) -> Vec<Arc<Encoded>> {
    let mut page = Vec::with_capacity(query.limit.min(publications.len()));
    let (mut count, mut bytes, mut spared) = (0, 0, 0);
    for publication in publications {
        if spared < query.spared && publication.publication().exclude.is_some() {
            spared += 1;
        } else {
            count += 1;
            bytes += publication.len();
        }
        if count > query.limit || bytes > query.max_bytes {
            break;
        }
        page.push(publication.clone());
    }
    page
}

#[cfg(test)]
mod tests {
    use suona_protocol::{Content, Publication};

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// A stream that took `taken` publications of ten bytes and keeps the last `size`.
    fn stream(taken: u64, size: usize, now: Instant) -> Stream {
        let mut stream = Stream::new(7, now);
        for _ in 0..taken {
            stream.publish(None, Retention { size, ttl: HOUR, meta_ttl: 2 * HOUR }, now, ten_bytes);
        }
        stream
    }

    fn ten_bytes(offset: u64, epoch: Option<Epoch>, _before: Option<&Encoded>) -> Encoded {
        let publication =
            Publication { data: vec![b'x'; 10].into(), offset, epoch, ..Publication::default() };
        Encoded::new("news".into(), publication, Content::Binary)
    }

    fn offsets(stream: &mut Stream, query: Query, now: Instant) -> Vec<u64> {
        let page = stream.read(query, HOUR, now).expect("the same epoch");
        page.publications.iter().map(|publication| publication.publication().offset).collect()
    }

    const ALL: Query = Query { limit: usize::MAX, max_bytes: usize::MAX, ..Query::TOP };
    const NONE: [u64; 0] = [];
    const BACKWARD: Query = Query { reverse: true, ..ALL };

    #[test]
    fn forward_reads_what_follows_the_offset_or_all_that_is_left() {
        let now = Instant::now();
        let mut stream = stream(9, 4, now);
        let mut since = |offset| offsets(&mut stream, Query { since: Some((offset, None)), ..ALL }, now);
        assert_eq!(since(7), [8, 9]);
        assert_eq!(since(5), [6, 7, 8, 9]);
        assert_eq!(since(2), [6, 7, 8, 9], "3 to 5 are kept no more");
        assert_eq!(since(0), [6, 7, 8, 9]);
        assert_eq!(since(9), NONE);
        assert_eq!(since(u64::MAX), NONE);
        assert_eq!(offsets(&mut stream, ALL, now), [6, 7, 8, 9]);
    }

    #[test]
    fn backward_reads_what_precedes_the_offset_newest_first() {
        let now = Instant::now();
        let mut stream = stream(9, 4, now);
        let mut since = |offset| offsets(&mut stream, Query { since: Some((offset, None)), ..BACKWARD }, now);
        assert_eq!(since(8), [7, 6]);
        assert_eq!(since(10), [9, 8, 7, 6]);
        assert_eq!(since(6), NONE);
        assert_eq!(since(2), NONE, "1 is kept no more");
        assert_eq!(since(0), NONE);
        assert_eq!(since(u64::MAX), [9, 8, 7, 6]);
        assert_eq!(offsets(&mut stream, BACKWARD, now), [9, 8, 7, 6]);
    }

    #[test]
    fn a_page_ends_at_its_limit_or_before_it_has_too_many_bytes() {
        let now = Instant::now();
        let mut stream = stream(5, 5, now);
        assert_eq!(offsets(&mut stream, Query { limit: 2, ..ALL }, now), [1, 2]);
        assert_eq!(offsets(&mut stream, Query { limit: 2, ..BACKWARD }, now), [5, 4]);
        assert_eq!(offsets(&mut stream, Query { max_bytes: 39, ..ALL }, now), [1, 2, 3]);
        assert_eq!(offsets(&mut stream, Query { max_bytes: 40, ..ALL }, now), [1, 2, 3, 4]);
        assert_eq!(offsets(&mut stream, Query { max_bytes: 9, ..ALL }, now), NONE);
        assert_eq!(offsets(&mut stream, Query::TOP, now), NONE);
    }

    #[test]
    fn another_epoch_is_told_apart_and_the_same_is_not() {
        let now = Instant::now();
        let mut stream = stream(3, 3, now);
        let top = stream.top();
        let mut since = |epoch| stream.read(Query { since: Some((1, Some(epoch))), ..ALL }, HOUR, now);
        assert_eq!(since(top.epoch).expect("the same epoch").publications.len(), 2);
        assert_eq!(since(Epoch::FOREIGN).expect_err("another epoch").top, top);
    }

    #[test]
    fn only_the_first_publication_carries_the_epoch() {
        let now = Instant::now();
        let mut stream = stream(3, 3, now);
        let epoch = stream.top().epoch;
        let page = stream.read(ALL, HOUR, now).expect("no epoch asked for");
        let epochs: Vec<_> =
            page.publications.iter().map(|publication| publication.publication().epoch).collect();
        assert_eq!(epochs, [Some(epoch), None, None]);
    }

    #[test]
    fn publishing_prolongs_both_lives_and_reading_that_of_the_position() {
        let now = Instant::now();
        let mut stream = stream(1, 1, now);
        assert_eq!(stream.due(), now + HOUR);
        let later = now + HOUR / 2;
        let _ = stream.read(Query::TOP, 9 * HOUR, later);
        assert!(stream.is_stale(now + HOUR) && !stream.is_over(later + 8 * HOUR));
        stream.publish(None, Retention { size: 1, ttl: HOUR, meta_ttl: 2 * HOUR }, later, ten_bytes);
        assert!(!stream.is_stale(now + HOUR) && stream.is_over(later + 2 * HOUR));
        assert_eq!(stream.clear().len(), 1);
        assert_eq!(stream.due(), later + 2 * HOUR);
    }
}
