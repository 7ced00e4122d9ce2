//! What the device is told, and what became of it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// So many commands are remembered. The backend lets 20 wait for a device.
const REMEMBERED: usize = 64;

/// What is heard in the channel of the device. What it says itself is heard there too.
#[derive(Deserialize)]
pub(crate) struct News {
    command: Option<Command>,
}

impl News {
    /// A command that is new.
    pub(crate) fn command(self) -> Option<Command> {
        self.command.filter(|command| command.status == "queued")
    }
}

/// What somebody wants the device to do.
#[derive(Debug, Deserialize)]
pub(crate) struct Command {
    pub(crate) id: String,
    pub(crate) turn: Turn,
    pub(crate) by: String,
    status: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Turn {
    On,
    Off,
}

/// How it ended, as the backend is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub(crate) enum Outcome {
    Done,
    Failed { reason: String },
}

/// The last commands that ended: one that comes again is not carried out again.
#[derive(Default)]
pub(crate) struct Outcomes(VecDeque<(String, Outcome)>);

impl Outcomes {
    pub(crate) fn of(&self, id: &str) -> Option<&Outcome> {
        self.0.iter().find(|(known, _)| known == id).map(|(_, outcome)| outcome)
    }

    pub(crate) fn keep(&mut self, id: &str, outcome: Outcome) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((id.to_owned(), outcome));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn heard(news: Value) -> Option<Command> {
        serde_json::from_value::<News>(news).unwrap().command()
    }

    fn command(status: &str) -> Value {
        json!({ "command": { "id": "pump-1-7", "turn": "on", "by": "Ann", "at": 1, "status": status } })
    }

    #[test]
    fn of_all_that_is_heard_only_a_new_command_is_one() {
        assert_eq!(heard(command("queued")).unwrap().turn, Turn::On);
        for status in ["delivered", "done", "failed"] {
            assert!(heard(command(status)).is_none(), "{status}");
        }
        assert!(heard(json!({ "state": { "running": true, "pressure": 2.4 } })).is_none());
    }

    #[test]
    fn the_backend_is_told_the_outcome_and_why() {
        assert_eq!(serde_json::to_value(Outcome::Done).unwrap(), json!({ "status": "done" }));
        let failed = Outcome::Failed { reason: "水压不足".to_owned() };
        assert_eq!(
            serde_json::to_value(failed).unwrap(),
            json!({ "status": "failed", "reason": "水压不足" })
        );
    }

    #[test]
    fn the_last_outcomes_are_remembered_and_no_more() {
        let mut outcomes = Outcomes::default();
        for number in 0..=REMEMBERED {
            outcomes.keep(&number.to_string(), Outcome::Done);
        }
        assert_eq!(outcomes.of("0"), None);
        assert_eq!(outcomes.of("1"), Some(&Outcome::Done));
        assert_eq!(outcomes.0.len(), REMEMBERED);
    }
}
