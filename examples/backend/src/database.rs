//! The SQLite file: one connection that writes, a few that read, and nobody who waits for either without end.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use deadpool_sqlite::{
    Config, Connection, Hook, HookError, Pool, PoolError, Runtime, TimeoutType,
    rusqlite::{self, Transaction, TransactionBehavior},
};
use tokio::sync::Notify;

/// All versions of the schema, oldest first; `user_version` of the file says how many it has seen.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// As many requests read at a time. More would wait for the disk instead.
const READERS: usize = 4;

/// How long a request waits for a connection: below the three seconds that the gateway waits for the answer, so
/// that it hears of it.
pub(crate) const WAIT: Duration = Duration::from_secs(2);

/// What keeps the database from doing its work. None of it is the client's fault.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// All connections were in use, for too long.
    #[error("no connection to the database became free in time; look for what holds them, or ask for less")]
    Exhausted,
    /// The file comes from a later version.
    #[error("the database has schema version {0}, which this version does not know; run the later one")]
    TooNew(u32),
    /// A connection could not be opened, or a piece of work panicked.
    #[error("the database cannot be used: {0}")]
    Unusable(String),
    /// SQLite said no.
    #[error("the database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// A file that many may use at once.
#[derive(Clone)]
pub(crate) struct Database {
    readers: Pool,
    writer: Pool,
    exhausted: Arc<AtomicU64>,
    changed: Arc<Notify>,
}

impl Database {
    /// Opens the file, or makes it, and brings it up to date.
    pub(crate) async fn open(path: &Path, wait: Duration) -> Result<Self, DatabaseError> {
        let database = Self {
            writer: pool(path, 1, wait, "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON")?,
            readers: pool(path, READERS, wait, "PRAGMA query_only = ON")?,
            exhausted: Arc::default(),
            changed: Arc::default(),
        };
        database.write(migrate).await?;
        Ok(database)
    }

    /// Looks something up, in one state of the database.
    pub(crate) async fn read<T, E>(&self, work: impl Transacted<T, E>) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + From<rusqlite::Error> + Send + 'static,
    {
        self.run(&self.readers, TransactionBehavior::Deferred, work).await
    }

    /// Carries something out: all of it is kept, or after an error nothing.
    pub(crate) async fn write<T, E>(&self, work: impl Transacted<T, E>) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + From<rusqlite::Error> + Send + 'static,
    {
        self.run(&self.writer, TransactionBehavior::Immediate, work).await
    }

    /// Waits until something was written since the last time, also if who asked for it has gone. For one who waits.
    pub(crate) async fn written(&self) {
        self.changed.notified().await;
    }

    /// How often somebody waited for a connection in vain.
    pub(crate) fn exhausted(&self) -> u64 {
        self.exhausted.load(Ordering::Relaxed)
    }

    async fn run<T, E>(
        &self,
        pool: &Pool,
        behavior: TransactionBehavior,
        work: impl Transacted<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DatabaseError> + From<rusqlite::Error> + Send + 'static,
    {
        let connection = self.connection(pool).await?;
        // A task of its own keeps the connection until the work is done, even if nobody waits for it any longer.
        // Otherwise it would go back to the pool in the middle of the work, and the next would wait for it unseen.
        let changed = self.changed.clone();
        let done = tokio::spawn(async move {
            connection
                .interact(move |connection| {
                    let transaction = connection.transaction_with_behavior(behavior)?;
                    let result = work(&transaction)?;
                    transaction.commit()?;
                    if matches!(behavior, TransactionBehavior::Immediate) {
                        changed.notify_one();
                    }
                    Ok(result)
                })
                .await
        });
        match done.await {
            Ok(Ok(result)) => result,
            Ok(Err(failure)) => Err(DatabaseError::Unusable(failure.to_string()).into()),
            Err(failure) => Err(DatabaseError::Unusable(failure.to_string()).into()),
        }
    }

    async fn connection(&self, pool: &Pool) -> Result<Connection, DatabaseError> {
        pool.get().await.map_err(|error| match error {
            PoolError::Timeout(TimeoutType::Wait) => {
                let count = self.exhausted.fetch_add(1, Ordering::Relaxed) + 1;
                let size = pool.status().max_size;
                tracing::warn!(size, count, "no connection to the database became free");
                DatabaseError::Exhausted
            }
            other => DatabaseError::Unusable(other.to_string()),
        })
    }
}

/// Something to do in one transaction.
pub(crate) trait Transacted<T, E>: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static {}

impl<T, E, F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static> Transacted<T, E> for F {}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn pool(path: &Path, size: usize, wait: Duration, pragmas: &'static str) -> Result<Pool, DatabaseError> {
    let unusable = |error: &dyn std::fmt::Display| DatabaseError::Unusable(error.to_string());
    let prepare = Hook::async_fn(move |connection, _| {
        Box::pin(async move {
            let prepared = connection.interact(move |connection| connection.execute_batch(pragmas)).await;
            prepared.map_err(|error| HookError::message(error.to_string()))?.map_err(HookError::Backend)
        })
    });
    let builder = Config::new(path).builder(Runtime::Tokio1).map_err(|error| unusable(&error))?;
    builder
        .max_size(size)
        .wait_timeout(Some(wait))
        .post_create(prepare)
        .build()
        .map_err(|error| unusable(&error))
}

fn migrate(transaction: &Transaction<'_>) -> Result<(), DatabaseError> {
    let seen: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let unseen = MIGRATIONS.get(seen as usize..).ok_or(DatabaseError::TooNew(seen))?;
    for migration in unseen {
        transaction.execute_batch(migration)?;
    }
    let now = u32::try_from(MIGRATIONS.len()).expect("there are few");
    Ok(transaction.pragma_update(None, "user_version", now)?)
}

/// A database that one test has for itself, as every file begins.
#[cfg(test)]
pub(crate) fn in_memory() -> rusqlite::Connection {
    let mut connection = rusqlite::Connection::open_in_memory().unwrap();
    let transaction = connection.transaction().unwrap();
    migrate(&transaction).unwrap();
    transaction.commit().unwrap();
    connection
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, sync::mpsc};

    use super::*;

    /// A file that is gone when the test is over.
    struct File(PathBuf);

    impl File {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("suona-database-{}-{name}", std::process::id())))
        }

        async fn open(&self) -> Result<Database, DatabaseError> {
            Database::open(&self.0, Duration::from_millis(20)).await
        }
    }

    impl Drop for File {
        fn drop(&mut self) {
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{suffix}", self.0.display()));
            }
        }
    }

    fn goods(transaction: &Transaction<'_>) -> Result<i64, DatabaseError> {
        Ok(transaction.query_row("SELECT count(*) FROM goods", [], |row| row.get(0))?)
    }

    #[tokio::test]
    async fn who_finds_all_connections_in_use_hears_that_soon() {
        let file = File::new("exhausted");
        let database = file.open().await.unwrap();
        let (entered, mut inside) = tokio::sync::mpsc::unbounded_channel();
        let (go_on, waits) = mpsc::channel::<()>();
        let holder = database.clone();
        let held = tokio::spawn(async move {
            let hold = move |transaction: &Transaction<'_>| {
                entered.send(()).unwrap();
                waits.recv().unwrap();
                goods(transaction)
            };
            holder.write(hold).await
        });
        inside.recv().await.unwrap();
        let refused = database.write(goods).await;
        assert!(matches!(refused, Err(DatabaseError::Exhausted)), "{refused:?}");
        assert_eq!(database.exhausted(), 1);
        // Readers do not wait for the one who writes.
        assert_eq!(database.read(goods).await.unwrap(), 0);
        go_on.send(()).unwrap();
        assert_eq!(held.await.unwrap().unwrap(), 0);
        assert_eq!(database.write(goods).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn what_is_written_is_noticed_though_nobody_waits_for_the_answer() {
        let file = File::new("dropped");
        let database = file.open().await.unwrap();
        // That was the schema.
        database.written().await;
        let (entered, mut inside) = tokio::sync::mpsc::unbounded_channel();
        let (go_on, waits) = mpsc::channel::<()>();
        let writer = database.clone();
        let request = tokio::spawn(async move {
            let hold = move |transaction: &Transaction<'_>| {
                entered.send(()).unwrap();
                waits.recv().unwrap();
                transaction.execute("INSERT INTO goods VALUES ('1', 'water')", [])?;
                Ok::<_, DatabaseError>(())
            };
            writer.write(hold).await
        });
        inside.recv().await.unwrap();
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
        go_on.send(()).unwrap();
        let noticed = tokio::time::timeout(Duration::from_secs(10), database.written());
        noticed.await.expect("it was written");
        assert_eq!(database.read(goods).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn work_that_fails_leaves_nothing_behind() {
        let file = File::new("failed");
        let database = file.open().await.unwrap();
        let add = "INSERT INTO goods VALUES ('1', 'water')";
        let fail = move |transaction: &Transaction<'_>| {
            transaction.execute(add, [])?;
            Err::<(), _>(DatabaseError::TooNew(9))
        };
        assert!(database.write(fail).await.is_err());
        let panics = move |transaction: &Transaction<'_>| -> Result<(), DatabaseError> {
            transaction.execute(add, [])?;
            panic!("on purpose");
        };
        assert!(matches!(database.write(panics).await, Err(DatabaseError::Unusable(_))));
        assert_eq!(database.write(goods).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_reader_changes_nothing() {
        let file = File::new("reader");
        let database = file.open().await.unwrap();
        let write = |transaction: &Transaction<'_>| {
            transaction.execute("INSERT INTO goods VALUES ('1', 'water')", [])?;
            Ok::<_, DatabaseError>(())
        };
        assert!(matches!(database.read(write).await, Err(DatabaseError::Sqlite(_))));
    }

    #[tokio::test]
    async fn a_file_is_opened_again_but_not_one_of_a_later_version() {
        let file = File::new("versions");
        drop(file.open().await.unwrap());
        let database = file.open().await.unwrap();
        let later = |transaction: &Transaction<'_>| {
            transaction.pragma_update(None, "user_version", 9)?;
            Ok::<_, DatabaseError>(())
        };
        database.write(later).await.unwrap();
        assert!(matches!(file.open().await, Err(DatabaseError::TooNew(9))));
    }
}
