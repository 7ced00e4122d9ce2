//! Every transcript of `scenarios/` is reproduced to the letter.

use std::{fs, path::Path};

use suona_transcript::play;

#[test]
fn every_transcript_of_the_link_is_reproduced_to_the_letter() {
    replay("link");
}

#[test]
fn every_transcript_of_the_client_is_reproduced_to_the_letter() {
    replay("client");
}

fn replay(folder: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 8, "only {files:?}");
    let differ: Vec<_> = files.iter().filter_map(|file| difference(file)).collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// The first line in which what came is not what was said.
fn difference(file: &Path) -> Option<String> {
    let said = fs::read_to_string(file).unwrap();
    assert!(said.contains("\n< "), "{} has no outputs", file.display());
    let came = play(&said).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (mut said_lines, mut came_lines) = (said.lines(), came.lines());
    for number in 1.. {
        let (said, came) = (said_lines.next(), came_lines.next());
        if said != came {
            let show = |line: Option<&str>| line.unwrap_or("nothing").to_owned();
            let place = format!("{}:{number}", file.display());
            return Some(format!("{place}\n  said {}\n  came {}", show(said), show(came)));
        }
        said?;
    }
    None
}
