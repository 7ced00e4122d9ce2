use std::{
    sync::{
        atomic::Ordering::Relaxed,
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use suona_protocol::{Disconnect, ErrorReply, Payload};

use super::{
    book::{KEPT, MAX_OF_ACTOR, OVERHEAD},
    *,
};
use crate::{
    backend::{Advice, Granted},
    broker::BrokerError,
    session::Act,
};

type Outcome = Result<Answered, BrokerError>;

/// A ledger, its clock, and the tries that have begun and not ended.
struct World {
    ledger: Arc<Ledger>,
    now: Instant,
    begun: Vec<Answer<Answered>>,
}

impl World {
    fn new() -> Self {
        Self { ledger: Arc::default(), now: Instant::now(), begun: Vec::new() }
    }

    /// Somebody tries; what comes of it will be at the other end.
    fn tries(&mut self, attempt: Attempt) -> Receiver<Outcome> {
        let (tell, told) = channel();
        let answer = Answer::new(move |outcome| drop(tell.send(outcome)));
        self.ledger.once(attempt, self.now, answer, |begun| self.begun.push(begun));
        told
    }

    fn ends(&mut self, outcome: Outcome) {
        self.begun.remove(0).give(outcome);
    }

    fn after(&mut self, by: Duration) {
        self.now += by;
        self.ledger.sweep(self.now);
    }

    fn bytes(&self) -> usize {
        self.ledger.users.bytes.load(Relaxed) + self.ledger.anonymous.bytes.load(Relaxed)
    }
}

fn bid(actor: &str, key: &str) -> Attempt {
    Attempt {
        actor: actor.into(),
        is_anonymous: false,
        act: Act::Rpc,
        target: "bid".into(),
        key: key.into(),
        payload: Some("100".into()),
        reads_binary: false,
    }
}

fn result(data: impl Into<Payload>) -> Outcome {
    Ok(Answered::Advised(Advice::Granted(Granted::Rpc(Some(data.into())))))
}

fn refused(temporary: bool) -> Outcome {
    let error = ErrorReply { code: 1000, message: "no".into(), temporary };
    Ok(Answered::Advised(Advice::Refused(error)))
}

/// The data of a result, or the code of an error.
fn heard(told: &Receiver<Outcome>) -> Option<String> {
    Some(match told.try_recv().ok()? {
        Ok(Answered::Advised(Advice::Granted(Granted::Rpc(Some(data))))) => {
            String::from_utf8(data.to_vec()).unwrap()
        }
        Ok(Answered::Advised(Advice::Refused(error))) => error.code.to_string(),
        other => format!("{other:?}"),
    })
}

#[test]
fn a_repeat_joins_the_first_or_hears_what_came_of_it() {
    let mut world = World::new();
    let first = world.tries(bid("ann", "k"));
    let joined = world.tries(bid("ann", "k"));
    assert_eq!((world.begun.len(), heard(&first), heard(&joined)), (1, None, None));
    world.ends(result("1"));
    assert_eq!((heard(&first), heard(&joined)), (Some("1".into()), Some("1".into())));
    let later = world.tries(bid("ann", "k"));
    assert_eq!((world.begun.len(), heard(&later)), (0, Some("1".into())));
}

#[test]
fn another_actor_deed_target_or_key_is_another_command() {
    let mut world = World::new();
    let _first = world.tries(bid("ann", "k"));
    for other in [
        bid("bob", "k"),
        bid("ann", "l"),
        Attempt { target: "sell".into(), ..bid("ann", "k") },
        Attempt { act: Act::Publish, ..bid("ann", "k") },
    ] {
        let before = world.begun.len();
        let told = world.tries(other);
        assert_eq!((world.begun.len(), heard(&told)), (before + 1, None));
    }
}

#[test]
fn the_same_key_with_another_payload_is_a_bad_request_also_while_the_first_is_under_way() {
    let mut world = World::new();
    let _first = world.tries(bid("ann", "k"));
    let others = || {
        let payload = Attempt { payload: Some("101".into()), ..bid("ann", "k") };
        [payload, Attempt { reads_binary: true, ..bid("ann", "k") }]
    };
    for other in others() {
        assert_eq!(heard(&world.tries(other)).as_deref(), Some("107"));
    }
    world.ends(result("1"));
    for other in others() {
        assert_eq!(heard(&world.tries(other)).as_deref(), Some("107"));
    }
    assert!(world.begun.is_empty());
}

#[test]
fn an_error_is_kept_unless_it_is_temporary_and_the_end_of_a_connection_never_is() {
    let end = || Ok(Answered::Advised(Advice::Disconnect(Disconnect::custom(4000, "go"))));
    let unavailable = || Ok(Answered::Advised(Advice::Unavailable));
    for (outcome, kept) in [
        (refused(false), true),
        (refused(true), false),
        (end(), false),
        (unavailable(), false),
        (Err(BrokerError::NoRoom), false),
        (Ok(Answered::Published), true),
    ] {
        let mut world = World::new();
        let _first = world.tries(bid("ann", "k"));
        world.ends(outcome);
        let _repeat = world.tries(bid("ann", "k"));
        assert_eq!(world.begun.is_empty(), kept);
    }
}

#[test]
fn a_try_that_nobody_answers_frees_its_key() {
    let mut world = World::new();
    let first = world.tries(bid("ann", "k"));
    world.begun.clear();
    assert_eq!(first.try_recv().unwrap().unwrap_err(), BrokerError::Unreachable);
    assert_eq!(world.bytes(), 0);
    let _repeat = world.tries(bid("ann", "k"));
    assert_eq!(world.begun.len(), 1);
}

#[test]
fn after_five_minutes_a_key_is_free_and_nothing_of_it_is_kept() {
    let mut world = World::new();
    let _first = world.tries(bid("ann", "k"));
    world.ends(result("1"));
    world.now += KEPT;
    let _unswept = world.tries(bid("ann", "k"));
    world.ends(result("2"));
    assert_eq!(world.bytes(), OVERHEAD + 3 + 3 + 1 + 1, "the later one alone");
    world.after(Duration::ZERO);
    let repeat = world.tries(bid("ann", "k"));
    assert_eq!(heard(&repeat).as_deref(), Some("2"), "the sweep took the first and not what replaced it");
    world.after(KEPT);
    assert!(world.ledger.is_empty());
}

#[test]
fn what_nobody_can_repeat_is_forgotten_whether_it_has_ended_or_not() {
    let mut world = World::new();
    let stranger = |key| Attempt { is_anonymous: true, ..bid("client 1", key) };
    let _done = world.tries(stranger("k"));
    world.ends(result("1"));
    let first = world.tries(stranger("l"));
    let _other = world.tries(Attempt { is_anonymous: true, ..bid("client 2", "k") });
    world.ledger.forget("client 1");
    assert_eq!(first.try_recv().unwrap().unwrap_err(), BrokerError::Unreachable);
    assert_eq!(world.bytes(), OVERHEAD + "client 2".len() + 3 + 1);
    world.ends(result("1"));
    world.ends(Err(BrokerError::NoRoom));
    assert!(world.ledger.is_empty());
}

#[test]
fn a_key_that_has_run_out_takes_another_payload_before_anybody_swept() {
    let mut world = World::new();
    let _first = world.tries(bid("ann", "k"));
    world.ends(result("1"));
    world.now += KEPT;
    let other = world.tries(Attempt { payload: Some("101".into()), ..bid("ann", "k") });
    assert_eq!((world.begun.len(), heard(&other)), (1, None));
}

#[test]
fn one_actor_fills_no_more_than_its_share_and_forgets_nothing() {
    let mut world = World::new();
    let mut done = 0;
    loop {
        let told = world.tries(bid("mallory", &done.to_string()));
        if heard(&told).as_deref() == Some("111") {
            break;
        }
        world.ends(result("1"));
        done += 1;
    }
    assert!(done > 1000 && world.bytes() <= MAX_OF_ACTOR, "{done}");
    let first = world.tries(bid("mallory", "0"));
    assert_eq!(heard(&first).as_deref(), Some("1"), "the oldest is still known");
    let _other = world.tries(bid("ann", "k"));
    assert_eq!(world.begun.len(), 1, "nobody else is concerned");
}

#[test]
fn all_actors_together_fill_no_more_than_there_is() {
    let mut world = World::new();
    let large = vec![b'1'; MAX_OF_ACTOR - 2 * OVERHEAD];
    let actors = MAX_OF_ALL / MAX_OF_ACTOR + 2;
    for actor in 0..actors {
        let _told = world.tries(bid(&actor.to_string(), "k"));
        world.ends(result(large.clone()));
        assert!(world.bytes() <= MAX_OF_ALL);
    }
    let repeat = world.tries(bid(&(actors - 1).to_string(), "k"));
    assert_eq!(
        (world.begun.len(), heard(&repeat)),
        (1, None),
        "what found no room goes to the backend again"
    );
}

#[test]
fn anonymous_clients_leave_three_quarters_to_users() {
    let mut world = World::new();
    let mut stranger = 0;
    loop {
        let told = world.tries(Attempt { is_anonymous: true, ..bid(&stranger.to_string(), "k") });
        if heard(&told).as_deref() == Some("111") {
            break;
        }
        world.ends(Ok(Answered::Published));
        stranger += 1;
        assert!(world.bytes() <= MAX_OF_ANONYMOUS);
    }
    let _user = world.tries(bid("ann", "k"));
    assert_eq!(world.begun.len(), 1);
    world.after(KEPT);
    assert!(world.ledger.anonymous.is_empty());
}
