//! A backend that fails in every way, and a bystander whom that does not concern.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Instant,
};

use super::*;

impl Client {
    fn rpc(&mut self, method: &str) -> (Value, Duration) {
        let begun = Instant::now();
        (self.asks(&json!({ "rpc": { "method": method } })), begun.elapsed())
    }

    /// The error of a request, which is always temporary here, and how long it took.
    fn error(&mut self, method: &str) -> (u64, Duration) {
        let (reply, took) = self.rpc(method);
        assert_eq!(reply["error"]["temporary"], true, "{reply}");
        (reply["error"]["code"].as_u64().unwrap(), took)
    }
}

/// Somebody who asks the backend for what it does well, all the time.
struct Bystander {
    enough: Arc<AtomicBool>,
    asking: JoinHandle<(usize, Duration)>,
}

impl Bystander {
    fn of(world: &World) -> Self {
        let mut client = world.client();
        let enough = Arc::new(AtomicBool::new(false));
        let told = enough.clone();
        let asking = std::thread::spawn(move || {
            let (mut count, mut slowest) = (0, Duration::ZERO);
            while !told.load(Ordering::Relaxed) || count < 20 {
                let (reply, took) = client.rpc("quick");
                assert_eq!(reply["rpc"]["data"], "ann", "{reply}");
                (count, slowest) = (count + 1, slowest.max(took));
            }
            (count, slowest)
        });
        Self { enough, asking }
    }

    /// How many of its requests were answered meanwhile, and how long the slowest took.
    fn leaves(self) -> (usize, Duration) {
        self.enough.store(true, Ordering::Relaxed);
        self.asking.join().expect("a bystander was disturbed")
    }
}

#[test]
fn whatever_the_backend_does_clients_hear_the_documented_error_and_others_nothing_of_it() {
    let world = World::new();
    let mut unlucky = world.client();
    for (case, method) in [
        ("is slow", "slow"),
        ("answers 500", "broken"),
        ("answers rubbish", "rubbish"),
        ("closes mid-body", "torn"),
        ("is dead", "dead:list"),
    ] {
        let bystander = Bystander::of(&world);
        let pings = unlucky.pings;
        let (code, took) = unlucky.error(method);
        assert_eq!(code, 100, "{case}");
        let pings = unlucky.pings - pings;
        assert!(method != "slow" || pings >= 2, "{pings} pings while it waited");
        let (count, slowest) = bystander.leaves();
        figure!(
            "a backend that {case}: error {code} after {took:?}, {pings} pings meanwhile; \
             another client: {count} requests answered, the slowest in {slowest:?}"
        );
    }
}

#[test]
fn a_backend_that_stays_dead_is_an_error_at_once_and_no_trouble_of_other_webhooks() {
    let world = World::new();
    let mut unlucky = world.client();
    assert_eq!(world.ready(), 200);
    for _ in 0..8 {
        assert_eq!(unlucky.error("dead:list").0, 100);
    }
    let bystander = Bystander::of(&world);
    let (code, took) = unlucky.error("dead:list");
    assert_eq!((code, world.ready()), (100, 503));
    let (count, slowest) = bystander.leaves();
    figure!(
        "a backend that stays dead: error {code} after {took:?}; \
         another client: {count} requests answered, the slowest in {slowest:?}"
    );
    assert_eq!(world.client().rpc("quick").0["rpc"]["data"], "ann", "the webhooks that are well go on");
}
