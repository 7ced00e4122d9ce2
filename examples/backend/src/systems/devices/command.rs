//! A command to a device, from the queue to its end.

use deadpool_sqlite::rusqlite::{self, Connection, OptionalExtension as _, Row, types::Type};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{refusal::Refusal, request::Failure};

/// How far a command has come.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// It waits for the device.
    Queued,
    /// The device has it.
    Delivered,
    /// The device has carried it out.
    Done,
    /// The device could not.
    Failed,
}

impl Status {
    /// What becomes of a command when the device says `said`; `None` if that is no news. A device that retries may
    /// say things again, and late.
    pub(super) fn follow(self, said: Self) -> Result<Option<Self>, Refusal> {
        match (self, said) {
            (now, said) if now == said => Ok(None),
            (_, Self::Queued) | (Self::Done | Self::Failed, Self::Delivered) => Ok(None),
            (Self::Queued | Self::Delivered, said) => Ok(Some(said)),
            (Self::Done | Self::Failed, _) => Err(Refusal::CommandEnded),
        }
    }

    pub(super) fn is_end(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Turn {
    On,
    Off,
}

impl Turn {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

#[derive(Serialize)]
pub(super) struct Command {
    pub(super) id: String,
    pub(super) turn: Turn,
    pub(super) by: String,
    pub(super) at: i64,
    pub(super) status: Status,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) done: Option<i64>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

impl Command {
    /// One command of a device.
    pub(super) fn find(connection: &Connection, serial: &str, number: i64) -> Result<Self, Failure> {
        let sql = "SELECT * FROM commands WHERE serial = ? AND number = ?";
        let found = connection.prepare_cached(sql)?.query_row((serial, number), Self::read).optional()?;
        Ok(found.ok_or(Refusal::NoSuchCommand)?)
    }

    /// A row of the table.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (serial, number): (String, i64) = (row.get("serial")?, row.get("number")?);
        let status = word(row, "status")?;
        let ended: Option<i64> = row.get("ended")?;
        Ok(Self {
            id: format!("{serial}-{number}"),
            turn: word(row, "turn")?,
            by: row.get("by")?,
            at: row.get("at")?,
            status,
            done: ended.filter(|_| status == Status::Done),
            reason: row.get("reason")?,
        })
    }
}

/// A column that has one of a few words.
fn word<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let word: String = row.get(column)?;
    let unknown = |error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, Box::new(error));
    serde_json::from_value(word.into()).map_err(unknown)
}

#[cfg(test)]
mod tests {
    use super::{Status::*, *};

    #[test]
    fn a_command_goes_forward() {
        for (from, to) in
            [(Queued, Delivered), (Queued, Done), (Queued, Failed), (Delivered, Done), (Delivered, Failed)]
        {
            assert_eq!(from.follow(to), Ok(Some(to)));
        }
    }

    #[test]
    fn what_is_said_again_or_late_changes_nothing() {
        for status in [Queued, Delivered, Done, Failed] {
            assert_eq!(status.follow(status), Ok(None));
            assert_eq!(status.follow(Queued), Ok(None));
        }
        assert_eq!(Done.follow(Delivered), Ok(None));
        assert_eq!(Failed.follow(Delivered), Ok(None));
    }

    #[test]
    fn an_end_is_an_end() {
        assert_eq!(Done.follow(Failed), Err(Refusal::CommandEnded));
        assert_eq!(Failed.follow(Done), Err(Refusal::CommandEnded));
    }

    #[test]
    fn what_is_kept_is_the_word_that_clients_know() {
        for status in [Queued, Delivered, Done, Failed] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for turn in [Turn::On, Turn::Off] {
            assert_eq!(serde_json::to_value(turn).unwrap(), turn.as_str());
        }
    }
}
