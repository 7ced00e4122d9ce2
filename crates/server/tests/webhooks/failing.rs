//! A backend that fails in every way, and a bystander whom that does not concern.

use std::{thread::JoinHandle, time::Instant};

use super::*;

impl Client {
    fn rpc(&mut self, method: &str) -> Value {
        self.asks(&json!({ "rpc": { "method": method } }))
    }

    /// What the backend does well.
    fn asks_quickly(&mut self, method: &str) {
        let reply = self.rpc(method);
        assert_eq!(reply["rpc"]["data"], "ann", "{reply}");
    }

    /// The error of a request, which is always temporary here.
    fn error(&mut self, method: &str) -> u64 {
        error_of(&self.rpc(method))
    }

    /// Answers pings and hears nothing else, until `done` and two pings have come.
    fn waits_in_vain<T>(&mut self, done: &JoinHandle<T>) {
        let pings = self.pings;
        while !done.is_finished() || self.pings < pings + 2 {
            assert_eq!(self.hears(), Vec::<Value>::new(), "nothing has come of its request yet");
        }
    }
}

fn error_of(reply: &Value) -> u64 {
    assert_eq!(reply["error"]["temporary"], true, "{reply}");
    reply["error"]["code"].as_u64().unwrap()
}

/// Somebody asks so often for what the backend does well, and is answered; tells how long the slowest took.
fn bystander(world: &World, requests: usize, method: &'static str) -> JoinHandle<Duration> {
    let mut client = world.client();
    std::thread::spawn(move || {
        let asks = |_| {
            let begun = Instant::now();
            client.asks_quickly(method);
            begun.elapsed()
        };
        (0..requests).map(asks).max().unwrap_or_default()
    })
}

#[test]
fn whatever_the_backend_does_with_a_request_others_are_answered_before_it_is() {
    let mut world = World::new();
    let mut unlucky = world.client();
    for (case, method, expected) in [
        ("is slow", "slow", None),
        ("answers 500", "broken", Some(100)),
        ("answers rubbish", "rubbish", Some(100)),
        ("closes mid-body", "torn", Some(100)),
        ("dies", "dead:list", Some(100)),
    ] {
        unlucky.sends(&json!({ "rpc": { "method": method } }));
        let pings = unlucky.pings;
        let bystander = bystander(&world, 200, "quick");
        unlucky.waits_in_vain(&bystander);
        let slowest = bystander.join().expect("a bystander was disturbed");
        world.let_go(method);
        let reply = unlucky.reply();
        assert_eq!(expected, reply.get("error").map(|_| error_of(&reply)), "{case}: {reply}");
        let pings = unlucky.pings - pings;
        figure!(
            "a backend that {case}: {pings} pings while it was waited for, and 200 requests of another client \
             answered, the slowest in {slowest:?}"
        );
    }
}

#[test]
fn who_is_not_answered_in_time_hears_an_error_and_pings_before_it() {
    let world = World::new();
    let mut unlucky = world.client();
    let begun = Instant::now();
    assert_eq!(unlucky.error("hasty:slow"), 100);
    let (took, pings) = (begun.elapsed(), unlucky.pings);
    assert!(pings >= 2, "{pings} pings while it waited");
    figure!("a backend that does not answer: error 100 after {took:?}, {pings} pings meanwhile");
}

#[test]
fn a_backend_that_stays_dead_is_an_error_at_once_and_no_trouble_of_other_webhooks() {
    let mut world = World::new();
    world.let_go("dead:list");
    let mut unlucky = world.client();
    assert_eq!(world.ready(), 200);
    for _ in 0..8 {
        assert_eq!(unlucky.error("dead:list"), 100);
    }
    let begun = Instant::now();
    assert_eq!((unlucky.error("dead:list"), world.ready()), (100, 503));
    figure!("a backend that stays dead: error 100 after {:?}", begun.elapsed());
    let mut bystander = world.client();
    for _ in 0..100 {
        assert_eq!(unlucky.error("dead:list"), 100);
        bystander.asks_quickly("quick");
    }
}

#[test]
fn a_method_that_hangs_for_many_disturbs_no_other_method_of_its_webhook() {
    let world = World::new();
    // The first asks for as much as one connection may; together they leave places for others.
    let times = [16, 4, 4, 4, 4, 4, 4, 4, 4, 4];
    let clients = times.iter().enumerate().map(|(user, times)| (world.client_of(&user.to_string()), *times));
    let unlucky = |(mut client, times): (Client, usize)| {
        (0..times).for_each(|_| client.sends(&json!({ "rpc": { "method": "hasty:slow" } })));
        std::thread::spawn(move || assert_eq!(error_of(&client.reply()), 100))
    };
    let mut quick = world.client();
    let waiting: Vec<_> = clients.map(unlucky).collect();
    let mut answered = 0;
    while !waiting.iter().all(JoinHandle::is_finished) {
        quick.asks_quickly("hasty:quick");
        answered += 1;
    }
    waiting.into_iter().for_each(|one| one.join().expect("it hears the error"));
    (0..20).for_each(|_| quick.asks_quickly("hasty:quick"));
    assert_eq!(world.ready(), 200);
    figure!(
        "52 requests of a method that hangs: {answered} of another one of that webhook answered meanwhile"
    );
}
