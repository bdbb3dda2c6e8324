//! The SQLite file: opening it, bringing its schema up to date, and the words for its errors.
//!
//! One connection writes, the others read: SQLite lets one write at a time anyway, and a second one would wait and
//! time out instead of queueing.

use crate::error::StateError;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, SqlSafeStr};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Readers at once: the screen's and those of a start. A connection costs a thread and about 2 MB of page cache.
const READERS_MAX: u32 = 4;
/// How long a statement waits for a lock that another process holds (a backup).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Version, description, statements. A migration that was released is never changed.
const MIGRATIONS: [(i64, &str, &str); 2] = [
    (1, "event files", include_str!("../migrations/0001_event_files.sql")),
    (2, "file tails", include_str!("../migrations/0002_file_tails.sql")),
];

#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    pub writer: SqlitePool,
    pub readers: SqlitePool,
}

impl Database {
    pub async fn open(path: &Path) -> Result<Database, StateError> {
        if let Some(dir) = path.parent() {
            base::disk::create_dir_all(dir)
                .map_err(|error| StateError::Failed { path: dir.to_owned(), detail: error.to_string() })?;
        }
        // FULL: the log is cut off by what a commit says, so a commit must survive the loss of power.
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = |connections: u32| {
            SqlitePoolOptions::new().max_connections(connections).idle_timeout(None).max_lifetime(None)
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(|e| translate(path, e))?;
        migrate(path, &writer).await?;
        let readers = pool(READERS_MAX).connect_lazy_with(options.read_only(true));
        Ok(Database { path: path.to_owned(), writer, readers })
    }

    pub fn error(&self, error: sqlx::Error) -> StateError {
        translate(&self.path, error)
    }

    /// What is stored does not have the form that this program gives it.
    pub fn corrupt(&self, detail: impl Into<String>) -> StateError {
        StateError::Corrupt { path: self.path.clone(), detail: detail.into() }
    }

    /// Waits for what is under way and writes the WAL back into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

async fn migrate(path: &Path, writer: &SqlitePool) -> Result<(), StateError> {
    let migrations = MIGRATIONS.map(|(version, description, sql)| {
        let sql = AssertSqlSafe(sql).into_sql_str();
        Migration::new(version, Cow::Borrowed(description), MigrationType::Simple, sql, false)
    });
    let migrator = Migrator::with_migrations(migrations.to_vec());
    migrator.run(writer).await.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => translate(path, error),
        MigrateError::VersionMissing(_)
        | MigrateError::VersionMismatch(_)
        | MigrateError::VersionTooNew(..) => {
            StateError::TooNew { path: path.to_owned(), detail: error.to_string() }
        }
        other => StateError::Failed { path: path.to_owned(), detail: other.to_string() },
    })
}

/// SQLite's result codes; the extended ones have the primary one in their low byte.
const SQLITE_CORRUPT: i32 = 11;
const SQLITE_FULL: i32 = 13;
const SQLITE_NOTADB: i32 = 26;

fn translate(path: &Path, error: sqlx::Error) -> StateError {
    let detail = error.to_string();
    let code = error.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse::<i32>().ok());
    match code.map(|code| code & 0xff) {
        Some(SQLITE_CORRUPT | SQLITE_NOTADB) => StateError::Corrupt { path: path.to_owned(), detail },
        Some(SQLITE_FULL) => StateError::DiskFull,
        _ => StateError::Failed { path: path.to_owned(), detail },
    }
}
