//! The same seed is the same world, to the letter.

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
