//! Recovery of channels in which the latest publication stands for all before it: `cache` mode.

use suona_protocol::{Position, RecoverFrom};

use super::joining::Joining;
use crate::broker::{Page, Query};

/// What to read of a stream of which only the latest publication counts.
pub(super) fn query(max_bytes: usize) -> Query {
    Query { limit: 1, max_bytes, reverse: true, ..Query::TOP }
}

/// Whether `page`, which holds the latest publication or nothing, says how things stand. It does not if the
/// stream forgot its latest publication, unless the client has heard that already.
pub(super) fn is_latest(since: RecoverFrom, page: &Page) -> bool {
    if !since.recover {
        return false;
    }
    match page.publications.last() {
        Some(latest) => latest.publication().offset == page.top.offset,
        None => is_at(since, page.top),
    }
}

impl Joining {
    /// Lets the last of what was published meanwhile stand for all, and nothing for what the client has heard.
    pub(super) fn latest_only(&mut self) {
        let Some(page) = &mut self.page else { return };
        let newest = std::mem::take(&mut self.buffer).into_iter().max_by_key(|one| one.publication().offset);
        if let Some(newest) = newest.filter(|one| one.publication().offset > page.top.offset) {
            page.top.offset = newest.publication().offset;
            page.publications = vec![newest];
        }
        if is_at(self.since, page.top) {
            page.publications.clear();
        }
    }
}

/// Whether the client has heard everything up to `top`. Without an epoch it cannot know.
fn is_at(since: RecoverFrom, top: Position) -> bool {
    since.offset > 0 && since.offset == top.offset && since.epoch == Some(top.epoch)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use suona_protocol::{ClientInfo, Content, Encoded, Epoch, Publication, SubscribeResult};

    use super::*;
    use crate::session::{
        joining::{Budget, Joined},
        subscription::Features,
    };

    const EPOCH: u64 = 7;

    fn publication(offset: u64) -> Arc<Encoded> {
        let publication = Publication { data: "1".into(), offset, ..Publication::default() };
        Arc::new(Encoded::new("news".into(), publication, Content::Binary))
    }

    /// What a client that stood at `since` gets from a stream at `top`, of which `kept` is left.
    fn join(since: u64, kept: Option<u64>, top: u64, meanwhile: &[u64]) -> Joined {
        let since = RecoverFrom { recover: true, offset: since, epoch: Some(Epoch::from_random(EPOCH)) };
        let mut joining = Joining::new(since, None, None, false);
        let top = Position { offset: top, epoch: Epoch::from_random(EPOCH) };
        joining.page = Some(Page { publications: kept.map(publication).into_iter().collect(), top });
        meanwhile.iter().for_each(|offset| joining.buffer(publication(*offset)));
        let features =
            Features { positioned: true, recoverable: true, latest_only: true, ..Features::default() };
        let mut budget = Budget { bytes: 1000, publications: 300 };
        joining.finish(features, &ClientInfo::default(), &mut budget).expect("there is no hole")
    }

    fn offsets(result: &SubscribeResult) -> Vec<u64> {
        result.publications.iter().map(|one| one.publication().offset).collect()
    }

    #[test]
    fn whatever_was_missed_the_latest_stands_for_it() {
        for since in [0, 3, 8] {
            let Joined { result, late, position, .. } = join(since, Some(9), 9, &[]);
            assert!(result.was_recovering && result.recovered && late.is_empty());
            assert_eq!(offsets(&result), [9]);
            assert_eq!(result.position.unwrap().offset, since, "from where the client stood");
            assert_eq!(position.unwrap().offset, 9);
        }
    }

    #[test]
    fn who_has_heard_the_latest_gets_nothing_and_misses_nothing() {
        for kept in [Some(9), None] {
            let joined = join(9, kept, 9, &[]);
            assert!(joined.result.recovered && joined.result.publications.is_empty());
        }
    }

    #[test]
    fn a_latest_publication_that_is_forgotten_is_a_gap() {
        for since in [0, 3] {
            let joined = join(since, None, 9, &[]);
            assert!(!joined.result.recovered && joined.result.was_recovering);
            assert_eq!(joined.result.position.unwrap().offset, 9);
        }
    }

    #[test]
    fn of_what_was_published_meanwhile_the_last_counts() {
        let Joined { result, late, position, .. } = join(3, Some(9), 9, &[10, 12, 11]);
        assert_eq!((offsets(&result), late.len()), (vec![12], 0));
        assert!(result.recovered);
        assert_eq!((result.position.unwrap().offset, position.unwrap().offset), (3, 12));
    }

    #[test]
    fn another_life_of_the_stream_does_not_matter_where_it_has_a_latest() {
        let mut since = RecoverFrom { recover: true, offset: 9, epoch: Some(Epoch::from_random(8)) };
        let top = Position { offset: 9, epoch: Epoch::from_random(EPOCH) };
        let page = |publications| Page { publications, top };
        assert!(is_latest(since, &page(vec![publication(9)])));
        assert!(!is_latest(since, &page(Vec::new())));
        since.recover = false;
        assert!(!is_latest(since, &page(vec![publication(9)])), "who does not ask gets nothing");
    }
}
