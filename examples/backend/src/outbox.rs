//! What is still to be published: kept in the same transaction as what it tells of, and sent in that order.

use deadpool_sqlite::rusqlite::Connection;
use serde::Serialize;

use crate::{database::DatabaseError, request::Failure};

/// So many wait for a gateway that is away, some 30 MB. Then requests are not carried out until it is back: what nobody
/// would hear of does not happen.
const MAX_WAITING: i64 = 100_000;

/// So many of what the gateway refused are kept, the latest, for whoever looks into that.
const MAX_REFUSED: i64 = 100;

/// A publication on its way to the gateway.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) id: i64,
    /// Sent with each try: the gateway publishes a key once.
    pub(crate) key: String,
    pub(crate) channel: String,
    /// JSON.
    pub(crate) data: String,
}

/// How things stand.
#[derive(Debug, Serialize)]
pub(crate) struct Backlog {
    /// What waits for the gateway.
    pub(crate) waiting: i64,
    /// What the gateway will never take.
    pub(crate) refused: i64,
}

/// Adds one at the end.
pub(crate) fn put(connection: &Connection, channel: &str, data: &impl Serialize) -> Result<(), Failure> {
    let data = serde_json::to_string(data).expect("what is published is JSON");
    let sql = "INSERT INTO outbox (channel, data) VALUES (?, ?)";
    connection.prepare_cached(sql)?.execute((channel, data))?;
    // They leave in order, so the oldest tells how many there are at most; counting them would take longer each time.
    let sql = "SELECT min(id) FROM outbox WHERE refusal IS NULL";
    let oldest: i64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    if connection.last_insert_rowid() - oldest >= MAX_WAITING { Err(Failure::TooMany) } else { Ok(()) }
}

/// The `count` oldest.
pub(crate) fn oldest(connection: &Connection, count: u32) -> Result<Vec<Waiting>, DatabaseError> {
    let sql = "SELECT id, key, channel, data FROM outbox WHERE refusal IS NULL ORDER BY id LIMIT ?";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([count], |row| {
        Ok(Waiting { id: row.get(0)?, key: row.get(1)?, channel: row.get(2)?, data: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The gateway has what waited until then, this one included.
pub(crate) fn forget(connection: &Connection, id: i64) -> Result<(), DatabaseError> {
    connection.prepare_cached("DELETE FROM outbox WHERE id <= ? AND refusal IS NULL")?.execute([id])?;
    Ok(())
}

/// The gateway will never take it; it is kept for whoever looks into that, and holds up nothing.
pub(crate) fn set_aside(connection: &Connection, id: i64, why: &str) -> Result<(), DatabaseError> {
    connection.execute("UPDATE outbox SET refusal = ? WHERE id = ?", (why, id))?;
    let sql = "DELETE FROM outbox WHERE refusal IS NOT NULL AND id <=
        (SELECT id FROM outbox WHERE refusal IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?)";
    connection.execute(sql, [MAX_REFUSED])?;
    Ok(())
}

/// How much there is.
pub(crate) fn backlog(connection: &Connection) -> Result<Backlog, DatabaseError> {
    let sql = "SELECT count(*) - count(refusal), count(refusal) FROM outbox";
    Ok(connection.query_row(sql, [], |row| Ok(Backlog { waiting: row.get(0)?, refused: row.get(1)? }))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::in_memory;

    /// Writes down `count` publications.
    fn fill(database: &Connection, count: i64) {
        let sql = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
            INSERT INTO outbox (channel, data) SELECT 'orders', '{}' FROM numbers";
        database.execute(sql, [count]).unwrap();
    }

    fn counts(database: &Connection) -> (i64, i64) {
        let Backlog { waiting, refused } = backlog(database).unwrap();
        (waiting, refused)
    }

    #[test]
    fn while_the_gateway_is_away_so_much_waits_and_no_more() {
        let database = in_memory();
        fill(&database, MAX_WAITING - 1);
        put(&database, "orders", &"the last one").unwrap();
        assert!(matches!(put(&database, "orders", &"one too many"), Err(Failure::TooMany)));
        forget(&database, 2).unwrap();
        put(&database, "orders", &"there is room again").unwrap();
    }

    #[test]
    fn what_the_gateway_has_is_forgotten_at_once_and_what_it_refused_is_kept() {
        let database = in_memory();
        fill(&database, 5);
        set_aside(&database, 2, "unknown channel").unwrap();
        forget(&database, 4).unwrap();
        assert_eq!(counts(&database), (1, 1));
        assert_eq!(oldest(&database, 9).unwrap()[0].id, 5);
    }

    #[test]
    fn of_what_the_gateway_refused_the_latest_are_kept() {
        let database = in_memory();
        let count = MAX_REFUSED + 5;
        fill(&database, count);
        for id in 1..=count {
            set_aside(&database, id, "unknown channel").unwrap();
        }
        assert_eq!(counts(&database), (0, MAX_REFUSED));
        let oldest: i64 = database.query_row("SELECT min(id) FROM outbox", [], |row| row.get(0)).unwrap();
        assert_eq!(oldest, 6);
    }
}
