//! What `scenarios/README.md` writes down is what the player reads, and what the transcripts have.

use std::{collections::BTreeSet, fs, path::Path};

const GRAMMAR: &str = include_str!("../../../scenarios/README.md");

/// What stands for something in the examples, and something that it may stand for.
const EXAMPLES: [(&str, &str); 6] = [
    ("{command}", r#"{"rpc":{"method":"bid"}}"#),
    ("{options}", r#"{"keep":true,"since":{"offset":1,"epoch":"e"}}"#),
    ("[code]", "[1006]"),
    ("[wait]", "[1s]"),
    ("[ttl]", "[1.5s]"),
    ("online|offline", "online"),
];

/// The examples in a machine's table of `input`s or `output`s.
fn documented(machine: &str, table: &str) -> Vec<String> {
    let section = GRAMMAR.split("\n## ").find(|section| section.starts_with(machine)).unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with(&format!("| {table} |"))).skip(2);
    let first_cells = rows.take_while(|row| row.starts_with('|')).map(|row| row.split(" | ").next().unwrap());
    let spans = first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let examples: Vec<_> = spans.map(|span| span.replace("\\|", "|")).collect();
    assert!(examples.len() > 2, "{machine}, {table}: {examples:?}");
    examples
}

/// An example as it can be played, with all that is optional and without any of it.
fn lines(example: &str) -> [String; 2] {
    let mut line = example.to_owned();
    for (name, something) in EXAMPLES {
        line = line.replace(name, something);
    }
    let mut parts = line.split(" [");
    let needed = parts.next().unwrap().to_owned();
    let without = parts.fold(needed, |line, part| line + part.split_once(']').unwrap().1);
    [line.replace(['[', ']'], ""), without]
}

fn plays(machine: &str, line: &str) -> Result<String, suona_transcript::Unplayable> {
    suona_transcript::play(&format!("machine {machine}\n\n> 0ms start\n> 0ms {line}\n"))
}

fn first(line: &str) -> String {
    line.split(' ').next().unwrap().to_owned()
}

#[test]
fn every_input_is_read_that_is_written_down() {
    let (of_link, of_client) = (documented("The link", "input"), documented("The client", "input"));
    let of_both = of_link.iter().filter(|example| !example.starts_with("received"));
    let all = of_link.iter().map(|example| ("link", example));
    for (machine, example) in all.chain(of_both.chain(&of_client).map(|example| ("client", example))) {
        for line in lines(example) {
            assert_eq!(plays(machine, &line).err(), None, "{machine}: {line}");
        }
    }
}

#[test]
fn nothing_else_is_read() {
    let of_both =
        ["alive 1", "pause", "start now", "opened", "lost 1 1006 full stop", "network maybe", "settled 30"];
    for line in of_both {
        assert!(plays("link", line).is_err() && plays("client", line).is_err(), "{line}");
    }
    let of_client = [
        r#"command 1 {"shout":{}}"#,
        r#"command 1 {"rpc":{"method":"bid","loud":true}}"#,
        r#"subscribe news {"loud":true}"#,
        "unsubscribe news now",
        r#"token 1 news "token" twice"#,
        "token 1",
    ];
    for line in of_client {
        assert!(plays("client", line).is_err(), "{line}");
    }
}

/// The first words of the lines of all transcripts of a machine that begin with `sign`.
fn occurring(machine: &str, sign: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(machine);
    let mut words = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix(sign)?.split_once(' '));
        words.extend(lines.map(|(_, line)| first(line)));
    }
    words
}

#[test]
fn every_word_that_is_written_down_occurs_and_no_other() {
    let words = |machine, table| -> BTreeSet<_> {
        documented(machine, table).iter().map(|line| first(line)).collect()
    };
    let mut of_link = words("The link", "input");
    for word in ["suspended", "resumed", "clock"] {
        assert!(GRAMMAR.contains(&format!("`{word}")), "{word} is for the player");
        of_link.insert(word.to_owned());
    }
    assert_eq!(occurring("link", "> "), of_link);
    let (of_client, has) = (words("The client", "input"), occurring("client", "> "));
    assert!(has.is_superset(&of_client), "{has:?}");
    assert!(has.is_subset(&of_link.union(&of_client).cloned().collect()), "{has:?}");

    assert_eq!(occurring("link", "< "), words("The link", "output"));
    assert_eq!(occurring("client", "< "), words("The client", "output"));
}
