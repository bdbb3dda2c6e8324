//! What people make or edit, and the catalog of event files: relational state.
//!
//! A database of SQLite in WAL mode behind typed repositories; what is behind them is nobody's business above, so that
//! another database can take its place. Today there is one repository, [`Catalog`].
//!
//! Invariants: what a method changes, it changes in one transaction, durable when it returns; the schema has a
//! version, and a database of a later program is refused, not guessed at.

mod catalog;
mod database;
mod error;

pub use catalog::{Catalog, ColumnScope, EventColumn, EventFile, FileChange, FileId, FileTail, NewEventFile};
pub use error::StateError;
