//! What `tail` prints: lines for people, or JSON for programs.

use std::{
    io::{self, Write as _},
    time::{SystemTime, UNIX_EPOCH},
};

use suona_protocol::{ClientInfo, heard::Publication, json};

use crate::colour::Colour;

/// When something was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Just now.
    Now,
    /// Before we heard of it; nobody says when.
    Earlier,
}

/// Prints, and counts publications.
pub(super) struct Show {
    json: bool,
    /// How many publications are still to be shown, if that is limited.
    left: Option<u64>,
    colour: Colour,
}

impl Show {
    /// Shows `count` publications, or any number.
    pub(super) fn new(json: bool, count: Option<u64>) -> Self {
        Self { json, left: count, colour: Colour::for_stdout() }
    }

    /// Whether as many publications were shown as were asked for.
    pub(super) fn is_done(&self) -> bool {
        self.left == Some(0)
    }

    /// Shows a publication, unless enough were shown.
    pub(super) fn publication(
        &mut self,
        channel: &str,
        publication: &Publication,
        when: When,
    ) -> io::Result<()> {
        if self.is_done() {
            return Ok(());
        }
        self.left = self.left.map(|left| left - 1);
        if self.json {
            let publication = text(|out| json::encode_publication(publication, out));
            return print(&json_line(channel, "pub", &publication));
        }
        let offset = match publication.offset {
            0 => String::new(),
            offset => self.colour.yellow(&format!(" #{offset}")),
        };
        let data = String::from_utf8_lossy(&publication.data);
        print(&format!("{}{offset} {data}", self.head(channel, when)))
    }

    /// Shows who came or went: what kind of push it is, and what to call it.
    pub(super) fn company(&self, channel: &str, kind: &str, verb: &str, info: &ClientInfo) -> io::Result<()> {
        if self.is_done() {
            return Ok(());
        }
        let info = text(|out| json::encode_client_info(info, out));
        print(&if self.json {
            json_line(channel, kind, &format!("{{\"info\":{info}}}"))
        } else {
            format!("{} {} {info}", self.head(channel, When::Now), self.colour.green(verb))
        })
    }

    /// Tells that more was missed than the history holds. In JSON it is told on standard error.
    pub(super) fn gap(&self, channel: &str) -> io::Result<()> {
        let said = "some publications were missed: the history does not reach back that far";
        if self.json {
            return writeln!(io::stderr(), "{channel}: {said}");
        }
        print(&format!("{} {}", self.head(channel, When::Now), self.colour.red(said)))
    }

    fn head(&self, channel: &str, when: When) -> String {
        let time = match when {
            When::Now => clock(SystemTime::now()),
            When::Earlier => "--:--:--Z".to_owned(),
        };
        format!("{time} {}", self.colour.blue(channel))
    }
}

fn json_line(channel: &str, kind: &str, value: &str) -> String {
    format!("{{\"channel\":{},\"{kind}\":{value}}}", serde_json::Value::from(channel))
}

/// What `write` writes.
fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The time of the day, UTC.
fn clock(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % 86_400;
    format!("{:02}:{:02}:{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Prints a line, and makes sure that it is seen at once, by a pipe too.
fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_clock_shows_the_time_of_the_day() {
        assert_eq!(clock(UNIX_EPOCH + Duration::from_secs(86_400 * 9 + 3_661)), "01:01:01Z");
    }

    #[test]
    fn a_json_line_carries_the_push_as_it_came() {
        let line = json_line("a\"b", "pub", r#"{"data":{"a": 1.0}}"#);
        assert_eq!(line, r#"{"channel":"a\"b","pub":{"data":{"a": 1.0}}}"#);
    }
}
