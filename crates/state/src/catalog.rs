//! The catalog of the event store: its files, the names of their columns, and how far the log is in them.
//!
//! A file is in the catalog or it does not exist: an object nobody knows here is what a crash left. Files come and go
//! and the watermark of the log moves in one transaction, so that each event is in the log or in a file, never in both
//! and never in none.

use crate::database::Database;
use crate::error::StateError;
use model::event::{Kind, ValueKind};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::path::Path;
use std::sync::Arc;

/// The number of a file; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub i64);

/// A file to be added: what is known of it without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEventFile {
    pub kind: Kind,
    /// Below the root of the object store; never used twice.
    pub path: String,
    pub rows: u64,
    pub bytes: u64,
    /// Unix nanoseconds, both inclusive.
    pub min_time_ns: i64,
    pub max_time_ns: i64,
    /// The services in it, sorted; `None` when they are too many to name.
    pub services: Option<Vec<String>>,
    /// Names of the columns it has.
    pub columns: Vec<String>,
    pub created_ms: i64,
    /// 0 for what a flush wrote, one more with each merge.
    pub level: u32,
    /// Files that an earlier program wrote have none.
    pub tail: Option<FileTail>,
}

/// The end of a file, which the checksums inside it do not cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileTail {
    pub bytes: u64,
    pub sum: u64,
}

/// A file of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFile {
    pub id: FileId,
    pub meta: NewEventFile,
}

/// Where a column's attribute comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnScope {
    Record,
    Resource,
    Scope,
}

impl ColumnScope {
    pub const ALL: [ColumnScope; 3] = [ColumnScope::Record, ColumnScope::Resource, ColumnScope::Scope];

    pub fn name(self) -> &'static str {
        match self {
            ColumnScope::Record => "record",
            ColumnScope::Resource => "resource",
            ColumnScope::Scope => "scope",
        }
    }

    pub fn parse(name: &str) -> Option<ColumnScope> {
        ColumnScope::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// The column that the values of one kind of an attribute lie in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventColumn {
    pub kind: Kind,
    pub scope: ColumnScope,
    pub key: String,
    pub value_kind: ValueKind,
    pub name: String,
}

/// What happens to the catalog in one transaction.
#[derive(Clone, Debug, Default)]
pub struct FileChange {
    /// Columns that the added files use and the catalog does not know yet, in the order they came. Known ones are left
    /// as they are.
    pub columns: Vec<EventColumn>,
    pub add: Vec<NewEventFile>,
    pub remove: Vec<FileId>,
    /// All segments of the log up to this one lie in files.
    pub flushed_through: Option<u64>,
}

/// The name of the event store among those with a log.
const EVENTS: &str = "events";

/// A handle; clones share the database.
#[derive(Clone, Debug)]
pub struct Catalog(Arc<Database>);

impl Catalog {
    /// Opens the database, or makes it. Its schema is brought up to date first.
    pub async fn open(path: &Path) -> Result<Catalog, StateError> {
        Ok(Catalog(Arc::new(Database::open(path).await?)))
    }

    /// All files, oldest id first.
    pub async fn event_files(&self) -> Result<Vec<EventFile>, StateError> {
        let rows = sqlx::query("SELECT * FROM event_files ORDER BY id").fetch_all(&self.0.readers).await;
        let rows = rows.map_err(|e| self.0.error(e))?;
        rows.iter().map(|row| self.file(row)).collect()
    }

    /// All columns, for each kind in the order they came.
    pub async fn event_columns(&self) -> Result<Vec<EventColumn>, StateError> {
        let rows = sqlx::query("SELECT * FROM event_columns ORDER BY kind, position");
        let rows = rows.fetch_all(&self.0.readers).await.map_err(|e| self.0.error(e))?;
        rows.iter().map(|row| self.column(row)).collect()
    }

    /// All segments of the log up to this one lie in files.
    pub async fn flushed_through(&self) -> Result<Option<u64>, StateError> {
        let row = sqlx::query("SELECT segment FROM log_watermarks WHERE store = ?").bind(EVENTS);
        let row = row.fetch_optional(&self.0.readers).await.map_err(|e| self.0.error(e))?;
        row.map(|row| row.try_get::<i64, _>(0).map(|n| n as u64).map_err(|e| self.0.error(e))).transpose()
    }

    /// Changes files, columns and watermark together. Returns the added files with their ids, in order. Fails when
    /// a file that others shall replace is not there any more.
    pub async fn change(&self, change: &FileChange) -> Result<Vec<EventFile>, StateError> {
        self.try_change(change).await.map_err(|e| self.0.error(e))
    }

    async fn try_change(&self, change: &FileChange) -> Result<Vec<EventFile>, sqlx::Error> {
        let mut tx = self.0.writer.begin().await?;
        for column in &change.columns {
            sqlx::query(
                "INSERT INTO event_columns (kind, scope, key, value_kind, name, position) \
                 VALUES (?1, ?2, ?3, ?4, ?5, (SELECT COUNT(*) FROM event_columns WHERE kind = ?1)) \
                 ON CONFLICT (kind, scope, key, value_kind) DO NOTHING",
            )
            .bind(column.kind.table())
            .bind(column.scope.name())
            .bind(&column.key)
            .bind(column.value_kind.name())
            .bind(&column.name)
            .execute(&mut *tx)
            .await?;
        }
        for id in &change.remove {
            let done =
                sqlx::query("DELETE FROM event_files WHERE id = ?").bind(id.0).execute(&mut *tx).await?;
            if done.rows_affected() == 0 && !change.add.is_empty() {
                // What is added replaces what is removed: its events would be there twice.
                return Err(sqlx::Error::RowNotFound);
            }
        }
        let mut added = Vec::with_capacity(change.add.len());
        for file in &change.add {
            let done = insert(file).execute(&mut *tx).await?;
            added.push(EventFile { id: FileId(done.last_insert_rowid()), meta: file.clone() });
        }
        if let Some(segment) = change.flushed_through {
            sqlx::query(
                "INSERT INTO log_watermarks (store, segment) VALUES (?, ?) \
                 ON CONFLICT (store) DO UPDATE SET segment = excluded.segment",
            )
            .bind(EVENTS)
            .bind(segment as i64)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(added)
    }

    /// Waits for what is under way. Nothing may be asked of it any more.
    pub async fn close(&self) {
        self.0.close().await;
    }

    fn file(&self, row: &SqliteRow) -> Result<EventFile, StateError> {
        let kind: String = self.get(row, "kind")?;
        let kind = Kind::parse(&kind).ok_or_else(|| self.0.corrupt(format!("a file of kind {kind:?}")))?;
        let columns: String = self.get(row, "columns")?;
        let services: Option<String> = self.get(row, "services")?;
        let count = |name: &str| self.get::<i64>(row, name).map(|n| n.max(0) as u64);
        let meta = NewEventFile {
            kind,
            path: self.get(row, "path")?,
            rows: count("rows")?,
            bytes: count("bytes")?,
            min_time_ns: self.get(row, "min_time_ns")?,
            max_time_ns: self.get(row, "max_time_ns")?,
            services: services.map(|text| self.names(&text)).transpose()?,
            columns: self.names(&columns)?,
            created_ms: self.get(row, "created_ms")?,
            level: count("level")? as u32,
            tail: self.tail(row)?,
        };
        Ok(EventFile { id: FileId(self.get(row, "id")?), meta })
    }

    fn tail(&self, row: &SqliteRow) -> Result<Option<FileTail>, StateError> {
        let number = |name: &str| self.get::<Option<i64>>(row, name).map(|n| n.map(|n| n as u64));
        let (bytes, sum) = (number("tail_bytes")?, number("tail_sum")?);
        Ok(bytes.zip(sum).map(|(bytes, sum)| FileTail { bytes, sum }))
    }

    fn column(&self, row: &SqliteRow) -> Result<EventColumn, StateError> {
        let word = |name: &str| self.get::<String>(row, name);
        let (kind, scope, value_kind) = (word("kind")?, word("scope")?, word("value_kind")?);
        let unknown = |what: &str| self.0.corrupt(format!("a column of {what:?}"));
        Ok(EventColumn {
            kind: Kind::parse(&kind).ok_or_else(|| unknown(&kind))?,
            scope: ColumnScope::parse(&scope).ok_or_else(|| unknown(&scope))?,
            key: word("key")?,
            value_kind: ValueKind::parse(&value_kind).ok_or_else(|| unknown(&value_kind))?,
            name: word("name")?,
        })
    }

    fn names(&self, json: &str) -> Result<Vec<String>, StateError> {
        serde_json::from_str(json).map_err(|_| self.0.corrupt("a file whose lists of names cannot be read"))
    }

    fn get<'r, T>(&self, row: &'r SqliteRow, name: &str) -> Result<T, StateError>
    where
        T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        row.try_get(name).map_err(|e| self.0.error(e))
    }
}

fn insert(file: &NewEventFile) -> sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
    let json = |names: &Vec<String>| serde_json::Value::from(names.as_slice()).to_string();
    sqlx::query(
        "INSERT INTO event_files (kind, path, rows, bytes, min_time_ns, max_time_ns, services, \
         columns, created_ms, level, tail_bytes, tail_sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(file.kind.table())
    .bind(&file.path)
    .bind(file.rows as i64)
    .bind(file.bytes as i64)
    .bind(file.min_time_ns)
    .bind(file.max_time_ns)
    .bind(file.services.as_ref().map(json))
    .bind(json(&file.columns))
    .bind(file.created_ms)
    .bind(file.level as i64)
    .bind(file.tail.map(|tail| tail.bytes as i64))
    .bind(file.tail.map(|tail| tail.sum as i64))
}

#[cfg(test)]
mod tests;
