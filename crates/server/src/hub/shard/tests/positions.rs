//! What was lost on the way from the broker is found, though nothing comes after it.

use super::*;
use crate::broker::faulty::{Faults, FaultyBroker};

/// A shard behind a line that the test breaks.
struct Line {
    world: World,
    broker: Arc<FaultyBroker>,
}

const ROUND: Duration = Duration::from_secs(40);
const GRACE: Duration = Duration::from_secs(2);

impl Line {
    fn new() -> Self {
        let mut line = None;
        let world = World::with_broker(OPEN, |hub| {
            let broker = FaultyBroker::new(hub, Surroundings::default(), Faults::default(), 7);
            line.insert(Arc::new(broker)).clone()
        });
        Self { world, broker: line.expect("the world has a broker") }
    }

    /// Lets everything through; answers how many things that were.
    fn settle(&mut self) -> usize {
        let mut steps = 0;
        while self.broker.step() {
            steps += 1;
            self.world.settle();
        }
        steps
    }

    fn says(&mut self, id: ConnectionId, text: &str) {
        self.world.says(id, text);
        self.settle();
    }

    /// A subscriber of `news`, who has read what it was told.
    fn subscriber(&mut self) -> ConnectionId {
        let id = self.world.client();
        self.says(id, r#"{"id":2,"subscribe":{"channel":"news"}}"#);
        assert!(self.world.hears(id)[0].contains(r#""subscribe":{"#));
        id
    }

    /// Publishes something that nobody hears.
    fn lose(&mut self) {
        self.world.publish("news", "1");
        assert!(self.broker.step(), "the engine takes it");
        self.broker.disconnect();
        self.settle();
    }

    fn after(&mut self, by: Duration) -> usize {
        self.world.after(by);
        self.settle()
    }
}

#[test]
fn a_publication_that_was_lost_is_found_in_the_next_round() {
    let mut line = Line::new();
    let id = line.subscriber();
    line.lose();
    line.after(ROUND - Duration::from_secs(1));
    assert!(line.world.hears(id).is_empty());
    line.after(Duration::from_secs(1));
    assert!(line.world.hears(id).is_empty(), "it may still be on its way");
    line.after(GRACE);
    let told = line.world.hears(id);
    assert!(told.len() == 1 && told[0].contains(r#""unsubscribe":{"code":2500"#), "{told:?}");
}

#[test]
fn a_server_side_subscription_that_lost_something_ends_the_connection() {
    let mut line = Line::new();
    let id = line.world.enter();
    let token = token(&serde_json::json!({ "sub": "42", "channels": ["news"] }));
    line.says(id, &format!(r#"{{"id":1,"connect":{{"token":"{token}"}}}}"#));
    assert!(line.world.hears(id)[0].contains(r#""subs":{"news""#));
    line.lose();
    line.after(ROUND);
    line.after(GRACE);
    assert_eq!(line.world.hears(id), ["close 3010 insufficient state"]);
}

#[test]
fn what_is_merely_late_is_not_lost() {
    let mut line = Line::new();
    let id = line.subscriber();
    line.world.after(ROUND - Duration::from_secs(1));
    line.world.publish("news", "1");
    line.after(Duration::from_secs(1));
    line.after(GRACE);
    let told = line.world.hears(id);
    assert!(told.len() == 1 && told[0].contains(r#""offset":1"#), "{told:?}");
}

#[test]
fn a_broker_that_cannot_answer_is_asked_again_and_nobody_suffers() {
    let mut line = Line::new();
    let id = line.subscriber();
    line.lose();
    line.world.after(ROUND);
    line.broker.disconnect();
    line.settle();
    line.after(GRACE);
    assert!(line.world.hears(id).is_empty());
    line.after(ROUND);
    line.after(GRACE);
    assert!(line.world.hears(id)[0].contains("2500"));
}

#[test]
fn however_many_hear_a_channel_the_broker_is_asked_once_a_round() {
    let mut line = Line::new();
    let ids: Vec<_> = (0..300).map(|_| line.subscriber()).collect();
    for _ in 0..3 {
        assert_eq!(line.after(ROUND), 2, "a question and its answer");
    }
    assert!(ids.iter().all(|id| line.world.hears(*id).is_empty()));
}

#[test]
fn nothing_is_asked_where_nobody_counts() {
    let mut line = Line::new();
    let id = line.world.client();
    line.says(id, r#"{"id":2,"subscribe":{"channel":"loud:1"}}"#);
    assert_eq!(line.after(ROUND), 0);
}
