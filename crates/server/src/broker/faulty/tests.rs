//! The faults do what they say, and nothing else goes wrong.

use std::time::Duration;

use suona_protocol::Content;

use super::*;
use crate::{broker::BrokerError, hub::Delivery};

const KEEP: Retention =
    Retention { size: 100, ttl: Duration::from_secs(60), meta_ttl: Duration::from_secs(600) };

/// Which publication was answered, and with what offset.
type Answers = Vec<(u32, Result<u64, BrokerError>)>;

/// A shard that hears "news", a broker, and the answers to what was published, as they come.
struct Stage {
    broker: FaultyBroker,
    mailbox: mpsc::Receiver<Delivery>,
    answers: Arc<Mutex<Answers>>,
}

impl Stage {
    fn new(faults: Faults, seed: u64) -> Self {
        let (shard, mailbox) = mpsc::channel(1000);
        let hub = Arc::new(Hub::new(vec![shard]));
        let mut broker = FaultyBroker::new(hub, Surroundings::default(), Faults::default(), seed);
        broker.subscribe(&"news".into(), ShardId(0), None, KEEP, Answer::ignored());
        broker.settle();
        broker.faults = faults;
        Self { broker, mailbox, answers: Arc::default() }
    }

    fn publish(&self, numbers: std::ops::Range<u32>) {
        for n in numbers {
            let answers = self.answers.clone();
            let answer = Answer::new(move |outcome: Result<Option<Position>, _>| {
                let offset = outcome.map(|position| position.expect("it is kept").offset);
                answers.lock().expect("no panic").push((n, offset));
            });
            let message = Message::new("1".into(), Content::Json);
            self.broker.publish(&"news".into(), message, KEEP, answer);
        }
    }

    fn answers(&self) -> Answers {
        std::mem::take(&mut *self.answers.lock().expect("no panic"))
    }

    fn heard(&mut self) -> Vec<u64> {
        let offset = |delivery| match delivery {
            Delivery::Publication(publication) => publication.publication().offset,
            other => panic!("{other:?} is no publication"),
        };
        std::iter::from_fn(|| self.mailbox.try_recv().ok()).map(offset).collect()
    }
}

const UNREACHABLE: Result<u64, BrokerError> = Err(BrokerError::Unreachable);

#[test]
fn nothing_happens_before_a_step() {
    let mut stage = Stage::new(Faults::default(), 1);
    stage.publish(0..1);
    assert_eq!((stage.answers(), stage.heard()), (vec![], vec![]));
    stage.broker.settle();
    assert_eq!((stage.answers(), stage.heard()), (vec![(0, Ok(1))], vec![1]));
    assert!(!stage.broker.step());
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut stage = Stage::new(Faults { repeat: 0.3, reorder: true, disconnect: 0.05 }, seed);
        stage.publish(0..30);
        stage.broker.settle();
        (stage.answers(), stage.heard())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn answers_overtake_each_other_and_deliveries_of_a_channel_only_when_told() {
    let run = |reorder| {
        let mut stage = Stage::new(Faults { reorder, ..Faults::default() }, 3);
        stage.publish(0..30);
        stage.broker.settle();
        (stage.answers().iter().is_sorted_by_key(|(n, _)| *n), stage.heard().is_sorted())
    };
    assert_eq!(run(false), (false, true));
    assert_eq!(run(true), (false, false));
}

#[test]
fn a_repeated_publication_comes_twice() {
    let mut stage = Stage::new(Faults { repeat: 1.0, ..Faults::default() }, 3);
    stage.publish(0..10);
    stage.broker.settle();
    let mut heard = stage.heard();
    heard.sort_unstable();
    assert_eq!(heard, Vec::from_iter((1..=10).flat_map(|offset| [offset, offset])));
}

#[test]
fn a_broken_line_tells_nobody_whether_it_was_done() {
    let mut stage = Stage::new(Faults::default(), 1);
    stage.publish(0..1);
    stage.broker.disconnect();
    assert!(!stage.broker.is_ready());
    stage.broker.settle();
    assert!(stage.broker.is_ready());
    assert_eq!((stage.answers(), stage.heard()), (vec![(0, UNREACHABLE)], vec![]));

    stage.publish(1..2);
    stage.broker.step();
    stage.broker.disconnect();
    assert_eq!(stage.answers(), [(1, UNREACHABLE)]);
    stage.broker.settle();
    stage.publish(2..3);
    stage.broker.settle();
    assert_eq!((stage.answers(), stage.heard()), (vec![(2, Ok(2))], vec![2]), "1 was taken, and lost");
}

#[test]
fn every_question_is_answered_once_whatever_breaks() {
    for seed in 0..50 {
        let stage = Stage::new(Faults { disconnect: 0.1, ..Faults::default() }, seed);
        for n in 0..20 {
            stage.publish(n..n + 1);
            stage.broker.step();
        }
        stage.broker.disconnect();
        stage.publish(20..25);
        stage.broker.settle();
        stage.publish(25..30);
        let answers = stage.answers.clone();
        drop(stage);
        let mut answered: Vec<_> = answers.lock().expect("no panic").iter().map(|(n, _)| *n).collect();
        answered.sort_unstable();
        assert_eq!(answered, Vec::from_iter(0..30));
    }
}
