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
    let joining = || Joining::new(RecoverFrom { recover: true, offset: 0, epoch: None }, None, None, false);
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
        let publication = Publication { data: "1".into(), offset, tags, exclude, ..Publication::default() };
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
