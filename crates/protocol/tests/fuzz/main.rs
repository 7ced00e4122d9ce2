//! The fuzz targets on a stable toolchain: every seed as it is, then its mutations for a second or two.

#[path = "../../../../fuzz/src/lib.rs"]
pub mod checks;
mod mutate;
mod round_trip;

use mutate::Mutator;

#[test]
fn frames_survive_mutation() {
    run("frames", checks::frames::check);
}

#[test]
fn json_commands_survive_mutation() {
    run("json_commands", checks::json_commands::check);
}

#[test]
fn protobuf_commands_survive_mutation() {
    run("protobuf_commands", checks::protobuf_commands::check);
}

#[test]
fn what_is_heard_survives_mutation() {
    run("heard", checks::heard::check);
}

#[test]
fn deltas_survive_mutation() {
    run("deltas", checks::deltas::check);
}

#[test]
fn tag_filters_survive_mutation() {
    run("tag_filters", checks::tag_filters::check);
}

/// Iterations that keep a target within about two seconds in a debug build.
const ITERATIONS: usize = 500_000;

fn run(target: &str, check: fn(&[u8])) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<_> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    assert!(seeds.len() >= 20, "only {} seeds for {target}", seeds.len());

    seeds.iter().for_each(|seed| check(seed));
    let mut mutator = Mutator::new(seeds);
    for _ in 0..ITERATIONS {
        let input = mutator.next();
        if std::panic::catch_unwind(|| check(&input)).is_err() {
            panic!("{target} fails on b\"{}\": fix it and put it into the corpus", input.escape_ascii());
        }
    }
}
