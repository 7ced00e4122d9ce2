//! What clients did in a hundred worlds, written down for other cores to reproduce.

use std::{fs, path::Path};

use suona_world::{World, server};

const SEEDS: u64 = 100;

/// The tests of the SDK play what they find there.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/worlds");

#[test]
fn what_clients_did_in_a_hundred_worlds_is_written_down_and_reproduced_to_the_letter() {
    let (rules, folder) = (server::rules(), Path::new(FOLDER));
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
    fs::create_dir_all(folder).unwrap();
    let mut written = 0;
    for seed in 0..SEEDS {
        for (number, transcript) in World::recorded(seed, &rules).into_iter().enumerate() {
            assert_eq!(suona_transcript::play(&transcript).as_deref(), Ok(&*transcript), "seed {seed}");
            fs::write(folder.join(format!("{seed:03}-{number}.txt")), transcript).unwrap();
            written += 1;
        }
    }
    assert!(written >= SEEDS, "only {written}");
}
