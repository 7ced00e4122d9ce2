//! Plays a transcript, and gives it back with the outputs that came.

use std::time::Duration;

use suona_client::{Clock, Moment};

use crate::{Machine, Malformed, settings::Settings, span, words::Words};

/// Where wall clocks start in transcripts, in Unix milliseconds.
const EPOCH: i64 = 1_000_000_000_000;

/// A transcript that cannot be played, and the line at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {wrong}")]
pub struct Unplayable {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub wrong: Malformed,
}

/// Plays a transcript and gives it back with the outputs that came, in the places where they came.
///
/// Where that differs from the text that was given, the machine behaves otherwise than the transcript says.
pub fn play(text: &str) -> Result<String, Unplayable> {
    let mut player = Player::default();
    for (number, line) in text.split('\n').enumerate() {
        player.line(line).map_err(|wrong| Unplayable { line: number + 1, wrong })?;
    }
    player.written.append(&mut player.ahead);
    Ok(player.written.join("\n"))
}

struct Player {
    settings: Settings,
    written: Vec<String>,
    /// Lines that stay with the input that they stand before.
    ahead: Vec<String>,
    luck: f64,
    stage: Option<Stage>,
}

impl Default for Player {
    fn default() -> Self {
        Self { settings: Settings::default(), written: Vec::new(), ahead: Vec::new(), luck: 0.5, stage: None }
    }
}

impl Player {
    fn line(&mut self, line: &str) -> Result<(), Malformed> {
        let Some((sign, rest)) = line.split_once(' ') else {
            if !line.is_empty() && line != "#" {
                return Err(Malformed(format!("no line of a transcript: {line}")));
            }
            self.ahead.push(line.to_owned());
            return Ok(());
        };
        match sign {
            "<" => return Ok(()),
            ">" => return self.input(line, rest),
            "machine" => self.settings.machine = rest.to_owned(),
            "options" => self.settings.options = Some(rest.to_owned()),
            "habits" => self.settings.habits = Some(rest.to_owned()),
            "luck" => self.luck = Words(rest).number("luck")?,
            "#" => {}
            _ => return Err(Malformed(format!("no line of a transcript: {line}"))),
        }
        self.ahead.push(line.to_owned());
        Ok(())
    }

    fn input(&mut self, line: &str, rest: &str) -> Result<(), Malformed> {
        let mut words = Words(rest);
        let time = span::read_signed(words.word("time")?)?;
        let stage = match &mut self.stage {
            Some(stage) => stage,
            none => none.insert(Stage::new(Machine::new(&self.settings)?)),
        };
        stage.advance(time, &mut self.written)?;
        self.written.append(&mut self.ahead);
        self.written.push(line.to_owned());
        stage.luck = self.luck;
        stage.hear(words.0, &mut self.written)
    }
}

/// Time, and the machine in it. Times are in milliseconds from the beginning.
struct Stage {
    machine: Machine,
    clock: Clock,
    luck: f64,
    time: i64,
    /// By how much the clock of the wall was set.
    shift: i64,
    suspended: bool,
}

impl Stage {
    fn new(machine: Machine) -> Self {
        Self { machine, clock: Clock::default(), luck: 0.5, time: 0, shift: 0, suspended: false }
    }

    /// Lets time pass, and wakes the machine whenever it wants to be woken.
    fn advance(&mut self, to: i64, written: &mut Vec<String>) -> Result<(), Malformed> {
        if to < self.time {
            return Err(Malformed("time runs backwards".to_owned()));
        }
        while let Some(due) = self.due().filter(|due| *due <= to && !self.suspended) {
            self.time = due.max(self.time);
            self.tell("woke", written)?;
        }
        self.time = to;
        Ok(())
    }

    fn hear(&mut self, words: &str, written: &mut Vec<String>) -> Result<(), Malformed> {
        match words.split_once(' ').unwrap_or((words, "")) {
            ("suspended", _) => self.suspended = true,
            ("resumed", _) => {
                self.suspended = false;
                self.advance(self.time, written)?;
            }
            ("clock", by) => self.shift += span::read_signed(by)?,
            _ => self.tell(words, written)?,
        }
        Ok(())
    }

    fn due(&self) -> Option<i64> {
        let lag = self.clock.lag().as_millis() as i64;
        self.machine.deadline().map(|due| due.as_millis() as i64 - lag - self.shift - EPOCH)
    }

    fn tell(&mut self, words: &str, written: &mut Vec<String>) -> Result<(), Malformed> {
        let wall = u64::try_from(EPOCH + self.time + self.shift);
        let wall = wall.map_err(|_| Malformed("the clock was set before 1970".to_owned()))?;
        let now = self.clock.read(Duration::from_millis(wall));
        self.machine.handle(words, Moment { now, luck: self.luck })?;
        let time = span::written(Duration::from_millis(self.time.unsigned_abs()));
        while let Some(output) = self.machine.poll(now) {
            written.push(format!("< {time} {output}"));
        }
        Ok(())
    }
}
