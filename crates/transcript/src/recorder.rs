//! Writes down what a client was told, and what it did.

use std::time::Duration;

use suona_client::{
    Moment,
    client::{Input, Options, Output},
};

use crate::{client, settings, span};

/// A transcript of a client under way.
///
/// Every `woke` is written down, so that each may have its own luck; players are told not to wake the client.
#[derive(Debug)]
pub struct Recorder {
    /// [`Moment::now`] at the beginning.
    began: Duration,
    now: Duration,
    luck: f64,
    lines: Vec<String>,
}

impl Recorder {
    /// Begins a transcript at a time of [`Moment::now`].
    pub fn new(options: &Options, now: Duration) -> Self {
        let mut lines = settings::written(options);
        lines.push("> 0ms suspended".to_owned());
        Self { began: now, now, luck: 0.5, lines }
    }

    /// A remark for the reader.
    pub fn remark(&mut self, text: &str) {
        self.lines.extend(text.lines().map(|line| format!("# {line}")));
    }

    /// The client was told this.
    pub fn told(&mut self, input: &Input, moment: Moment) {
        if moment.luck != self.luck {
            self.luck = moment.luck;
            self.lines.push(format!("luck {}", moment.luck));
        }
        self.now = moment.now;
        self.lines.push(match client::written_input(input) {
            Some(words) => format!("> {} {words}", self.time()),
            None => format!("# {} something for which there is no word", self.time()),
        });
    }

    /// It did this upon it.
    pub fn did(&mut self, output: &Output) {
        self.lines.push(format!("< {} {}", self.time(), client::output(output, self.now)));
    }

    /// The transcript.
    pub fn finish(self) -> String {
        self.lines.join("\n") + "\n"
    }

    fn time(&self) -> String {
        span::written(self.now.saturating_sub(self.began))
    }
}
