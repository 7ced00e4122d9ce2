//! What is still to be published: kept in the same transaction as what it tells of, and sent in that order.

use deadpool_sqlite::rusqlite::Connection;
use serde::Serialize;

use crate::database::DatabaseError;

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
pub(crate) fn put(
    connection: &Connection,
    channel: &str,
    data: &impl Serialize,
) -> Result<(), DatabaseError> {
    let data = serde_json::to_string(data).expect("what is published is JSON");
    let sql = "INSERT INTO outbox (channel, data) VALUES (?, ?)";
    connection.prepare_cached(sql)?.execute((channel, data))?;
    Ok(())
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

/// The gateway has it.
pub(crate) fn forget(connection: &Connection, id: i64) -> Result<(), DatabaseError> {
    connection.prepare_cached("DELETE FROM outbox WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// The gateway will never take it; it is kept for whoever looks into that, and holds up nothing.
pub(crate) fn set_aside(connection: &Connection, id: i64, why: &str) -> Result<(), DatabaseError> {
    connection.execute("UPDATE outbox SET refusal = ? WHERE id = ?", (why, id))?;
    Ok(())
}

/// How much there is.
pub(crate) fn backlog(connection: &Connection) -> Result<Backlog, DatabaseError> {
    let sql = "SELECT count(*) - count(refusal), count(refusal) FROM outbox";
    Ok(connection.query_row(sql, [], |row| Ok(Backlog { waiting: row.get(0)?, refused: row.get(1)? }))?)
}
