//! What the broker in memory promises beyond the contract.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
        mpsc as std_mpsc,
    },
    thread,
    time::Duration,
};

use suona_protocol::Content;
use tokio::sync::mpsc;

use super::*;

const KEEP: Retention =
    Retention { size: 1000, ttl: Duration::from_secs(60), meta_ttl: Duration::from_secs(600) };
const ALL: Query = Query { limit: usize::MAX, max_bytes: usize::MAX, ..Query::TOP };

fn broker(mailboxes: Vec<mpsc::Sender<Delivery>>) -> MemoryBroker {
    MemoryBroker::new(Arc::new(Hub::new(mailboxes)), Surroundings::default())
}

fn message() -> Message {
    Message::new("1".into(), Content::Json)
}

/// Asks a broker that answers before it returns.
fn ask<T: Send + 'static>(question: impl FnOnce(Answer<T>)) -> Result<T, BrokerError> {
    let (give, outcome) = std_mpsc::channel();
    question(Answer::new(move |it| give.send(it).expect("someone asked")));
    outcome.try_recv().expect("answered at once")
}

#[test]
fn without_room_in_every_mailbox_nothing_is_stored_and_nobody_hears() {
    let (full, mut heard_by_full) = mpsc::channel(1);
    let (free, mut heard_by_free) = mpsc::channel(9);
    let broker = broker(vec![full, free]);
    let news = Channel::from("news");
    broker.subscribe(&news, ShardId(0), None, KEEP, Answer::ignored());
    broker.subscribe(&news, ShardId(1), None, KEEP, Answer::ignored());
    let publish = || ask(|answer| broker.publish(&news, message(), KEEP, answer));
    assert!(publish().is_ok());
    assert_eq!(publish(), Err(BrokerError::NoRoom));
    assert_eq!(ask(|answer| broker.history(&news, ALL, KEEP, answer)).expect("read").top.offset, 1);
    assert!(heard_by_free.try_recv().is_ok() && heard_by_free.try_recv().is_err());
    assert!(heard_by_full.try_recv().is_ok());
    assert_eq!(publish().expect("there is room again").expect("kept").offset, 2);
}

#[test]
fn an_answer_may_ask_again() {
    let broker = Arc::new(broker(vec![]));
    let (asked, news) = (broker.clone(), Channel::from("news"));
    let (give, outcome) = std_mpsc::channel();
    let again = Answer::new(move |_| {
        asked.publish(
            &"news".into(),
            message(),
            KEEP,
            Answer::new(move |it| give.send(it).expect("waited for")),
        );
    });
    broker.publish(&news, message(), KEEP, again);
    assert_eq!(outcome.try_recv().expect("answered").expect("published").expect("kept").offset, 2);
}

#[test]
fn a_stranger_who_invents_channels_fills_no_more_than_the_limit() {
    let surroundings = Surroundings { max_idle_streams: 1024, ..Surroundings::default() };
    let broker = MemoryBroker::new(Arc::new(Hub::new(vec![mpsc::channel(1).0])), surroundings);
    let kept = Channel::from("kept");
    let first = ask(|answer| broker.publish(&kept, message(), KEEP, answer)).expect("published");
    for n in 0..10 * 1024 {
        let invented = Channel::from(format!("invented-{n}").as_str());
        broker.subscribe(&invented, ShardId(0), Some(Query::TOP), KEEP, Answer::ignored());
        broker.unsubscribe(&invented, ShardId(0));
        broker.history(&invented, Query::TOP, KEEP, Answer::ignored());
    }
    let streams: usize = broker.stripes.iter().map(|stripe| lock(&stripe.streams).len()).sum();
    assert!((512..=1025).contains(&streams), "{streams} streams");
    assert_eq!(Some(ask(|answer| broker.history(&kept, ALL, KEEP, answer)).expect("read").top), first);
}

#[test]
fn a_sweep_frees_what_has_run_out() {
    let clock = Arc::new(Mutex::new(Instant::now()));
    let now = clock.clone();
    let surroundings = Surroundings { now: Box::new(move || *lock(&now)), ..Surroundings::default() };
    let broker = MemoryBroker::new(Arc::new(Hub::new(vec![])), surroundings);
    let streams = || broker.stripes.iter().map(|stripe| lock(&stripe.streams).len()).sum::<usize>();
    for n in 0..1000 {
        broker.publish(&Channel::from(format!("{n}").as_str()), message(), KEEP, Answer::ignored());
    }
    *lock(&clock) += KEEP.meta_ttl;
    let keyed = Message { idempotency_key: Some("k".into()), ..message() };
    broker.publish(&"keyed".into(), keyed, Retention::default(), Answer::ignored());
    assert_eq!((streams(), lock(&broker.outcomes).len()), (1000, 1));
    broker.sweep();
    assert_eq!((streams(), lock(&broker.outcomes).len()), (0, 1));
    *lock(&clock) += KEEP.meta_ttl;
    broker.sweep();
    assert_eq!(lock(&broker.outcomes).len(), 0);
}

#[test]
fn what_found_no_room_may_be_tried_again_with_its_key() {
    let (mailbox, mut heard) = mpsc::channel(1);
    let broker = broker(vec![mailbox]);
    let news = Channel::from("news");
    broker.subscribe(&news, ShardId(0), None, KEEP, Answer::ignored());
    let publish = |key: &str| {
        let keyed = Message { idempotency_key: Some(key.into()), ..message() };
        ask(|answer| broker.publish(&news, keyed, KEEP, answer))
            .map(|position| position.expect("kept").offset)
    };
    assert_eq!((publish("a"), publish("b")), (Ok(1), Err(BrokerError::NoRoom)));
    assert_eq!(publish("a"), Ok(1), "a repeat needs no room");
    assert!(heard.try_recv().is_ok());
    assert_eq!(publish("b"), Ok(2));
}

/// Publishers on two threads, and shards on two that come and go: whatever the interleaving, what a shard
/// reads on coming and hears until it goes is the stream without a hole and without a double.
#[test]
fn a_page_continues_into_the_deliveries_without_hole_or_double() {
    const PUBLICATIONS: u64 = 150;
    for round in 0..100 {
        let (mailboxes, shards): (Vec<_>, Vec<_>) = (0..2).map(|_| mpsc::channel(1000)).unzip();
        let broker = broker(mailboxes);
        let news = Channel::from(format!("news-{round}").as_str());
        let (start, published) = (Barrier::new(4), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    start.wait();
                    while published.fetch_add(1, Ordering::Relaxed) < PUBLICATIONS {
                        ask(|answer| broker.publish(&news, message(), KEEP, answer)).expect("there is room");
                    }
                });
            }
            for (shard, mut mailbox) in (0..).zip(shards) {
                let (broker, news, start, published) = (&broker, &news, &start, &published);
                scope.spawn(move || {
                    start.wait();
                    while published.load(Ordering::Relaxed) < PUBLICATIONS {
                        come_and_go(broker, news, ShardId(shard), &mut mailbox);
                    }
                });
            }
        });
    }
}

/// Listens for a while; the offsets read and heard must be 1, 2, 3 and so on.
fn come_and_go(
    broker: &MemoryBroker,
    channel: &Channel,
    shard: ShardId,
    mailbox: &mut mpsc::Receiver<Delivery>,
) {
    let page = ask(|answer| broker.subscribe(channel, shard, Some(ALL), KEEP, answer));
    let page = page.expect("subscribed").expect("a page");
    for _ in 0..5 {
        thread::yield_now();
    }
    broker.unsubscribe(channel, shard);
    let heard = std::iter::from_fn(|| mailbox.try_recv().ok()).map(|delivery| match delivery {
        Delivery::Publication(publication) => publication,
        other => panic!("{other:?} is no publication"),
    });
    let seen: Vec<_> = page.publications.into_iter().chain(heard).map(|it| it.publication().offset).collect();
    assert_eq!(seen, Vec::from_iter(1..=seen.len() as u64));
    assert!(seen.len() as u64 >= page.top.offset);
}
