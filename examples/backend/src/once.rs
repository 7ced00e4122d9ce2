//! Requests that come twice take effect once: what came of each is kept with its key, in the same transaction.

use deadpool_sqlite::rusqlite::{Connection, OptionalExtension as _};
use sha2::{Digest as _, Sha256};

use crate::{database::DatabaseError, refusal::Refusal, request::Failure};

/// How long a phone may take to try again; the gateway itself remembers for five minutes.
const KEPT: i64 = 24 * 3600 * 1000;

/// What is kept of one user, some 2 MB. Nothing is forgotten early: beyond this a new request has to wait.
const MAX_OF_USER: i64 = 5000;

/// By what a request is known when it comes again.
pub(crate) struct Key<'a> {
    pub(crate) user: &'a str,
    pub(crate) method: &'a str,
    pub(crate) key: &'a str,
    /// What is asked.
    pub(crate) data: &'a str,
}

impl Key<'_> {
    /// What was answered the first time, if this is not the first time.
    pub(crate) fn recall(&self, connection: &Connection) -> Result<Option<String>, Failure> {
        let sql = "SELECT request, answer FROM outcomes WHERE user = ? AND method = ? AND key = ?";
        let known = connection.prepare_cached(sql)?.query_row((self.user, self.method, self.key), |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?))
        });
        match known.optional()? {
            Some((request, _)) if request != self.request() => Err(Refusal::KeyUsed.into()),
            Some((_, answer)) => Ok(Some(answer)),
            None => Ok(None),
        }
    }

    /// Keeps the answer for the next time.
    pub(crate) fn keep(&self, connection: &Connection, answer: &str, now: i64) -> Result<(), Failure> {
        let sql = "SELECT count(*) FROM outcomes WHERE user = ?";
        if connection.prepare_cached(sql)?.query_row([self.user], |row| row.get::<_, i64>(0))? >= MAX_OF_USER
        {
            return Err(Failure::TooMany);
        }
        let sql = "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?)";
        let values = (self.user, self.method, self.key, self.request(), answer, now);
        connection.prepare_cached(sql)?.execute(values)?;
        Ok(())
    }

    fn request(&self) -> Vec<u8> {
        Sha256::digest(self.data).to_vec()
    }
}

/// Forgets what is old.
pub(crate) fn sweep(connection: &Connection, now: i64) -> Result<(), DatabaseError> {
    connection.execute("DELETE FROM outcomes WHERE at < ?", [now - KEPT])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::in_memory;

    fn key<'a>(user: &'a str, key: &'a str) -> Key<'a> {
        Key { user, method: "bid", key, data: "{}" }
    }

    #[test]
    fn an_answer_is_known_for_a_day() {
        let database = in_memory();
        key("ann", "k1").keep(&database, "first", 0).unwrap();
        key("ann", "k2").keep(&database, "second", 1).unwrap();
        assert_eq!(key("ann", "k1").recall(&database).unwrap().as_deref(), Some("first"));
        sweep(&database, KEPT + 1).unwrap();
        assert_eq!(key("ann", "k1").recall(&database).unwrap(), None);
        assert_eq!(key("ann", "k2").recall(&database).unwrap().as_deref(), Some("second"));
    }

    #[test]
    fn one_user_cannot_fill_the_disk_with_keys() {
        let database = in_memory();
        for number in 0..MAX_OF_USER {
            key("ann", &number.to_string()).keep(&database, "answer", 0).unwrap();
        }
        assert!(matches!(key("ann", "one more").keep(&database, "answer", 0), Err(Failure::TooMany)));
        key("bob", "first").keep(&database, "answer", 0).unwrap();
        assert!(key("ann", "0").recall(&database).unwrap().is_some());
    }
}
