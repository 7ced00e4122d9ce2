//! What clients did in a hundred worlds, written down for other cores to reproduce.

use std::{fs, path::Path};

use suona_world::{World, server};

const SEEDS: usize = 100;

/// The tests of the SDK play what they find there.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/worlds");

#[test]
fn what_clients_did_in_a_hundred_worlds_is_written_down_and_reproduced_to_the_letter() {
    let (rules, folder) = (server::rules(), Path::new(FOLDER));
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
    fs::create_dir_all(folder).unwrap();
    // Where nobody speaks JSON, nothing can be written down.
    let lives = (0..).map(|seed| (seed, World::recorded(seed, &rules)));
    for (seed, transcripts) in lives.filter(|(_, transcripts)| !transcripts.is_empty()).take(SEEDS) {
        for (number, transcript) in transcripts.into_iter().enumerate() {
            assert_eq!(suona_transcript::play(&transcript).as_deref(), Ok(&*transcript), "seed {seed}");
            fs::write(folder.join(format!("{seed:03}-{number}.txt")), transcript).unwrap();
        }
    }
}
