//! The same seed is the same world, to the letter.

use std::{env, process::Command, sync::Arc, time::Duration};

use suona_server::session::Rules;
use suona_world::{World, server, trace::Trace};

#[test]
fn a_seed_replays_exactly() {
    let rules = server::rules();
    for seed in 0..40 {
        let [first, second] = [(); 2].map(|()| World::live(seed, &rules, Trace::digested()).0.trace.digest());
        assert_eq!(first, second, "seed {seed} gave two worlds");
        assert!(first.0 > 100, "{first:?}");
    }
}

/// The seed of which a process of its own is asked.
const ALONE: &str = "SUONA_WORLD_ALONE";

#[test]
fn a_seed_that_fails_does_so_in_a_process_of_its_own_too() {
    let rules = broken_rules();
    if let Ok(seed) = env::var(ALONE) {
        return tell(&outcome(seed.parse().unwrap(), &rules));
    }
    let lived = (0..200).map(|seed| (seed, outcome(seed, &rules)));
    let failed: Vec<_> = lived.filter(|(_, outcome)| !outcome.ends_with(HOLDS)).take(3).collect();
    assert_eq!(failed.len(), 3, "too few fail: {failed:?}");
    for (seed, outcome) in failed {
        let mut alone = Command::new(env::current_exe().unwrap());
        alone.args(["--exact", "a_seed_that_fails_does_so_in_a_process_of_its_own_too", "--nocapture"]);
        let told = alone.env(ALONE, seed.to_string()).output().unwrap().stdout;
        let told = String::from_utf8(told).unwrap();
        assert!(told.lines().any(|line| line == outcome), "{outcome}, and alone:\n{told}");
    }
}

const HOLDS: &str = "it holds";

/// A gateway that promises a ping once in an hour: whoever has a dead socket does not notice in time.
fn broken_rules() -> Arc<Rules> {
    let mut rules = Rules::clone(&server::rules());
    rules.config.client.ping_interval = Duration::from_secs(3600);
    Arc::new(rules)
}

/// What happened in the world of a seed, and how it ended, in one line.
fn outcome(seed: u64, rules: &Arc<Rules>) -> String {
    let (world, verdict) = World::live(seed, rules, Trace::digested());
    let end = verdict.map_or_else(|failure| failure.to_string(), |()| HOLDS.to_owned());
    format!("{:?}: {end}", world.trace.digest())
}

/// On a line of its own, whatever the harness says before.
#[allow(clippy::print_stdout, reason = "another process reads it")]
fn tell(outcome: &str) {
    println!("\n{outcome}");
}
