//! Reading the event store: a [`Snapshot`] is what there was at one moment, its [`Part`]s are memory chunks and files,
//! and a part is read as Arrow batches of the columns asked for.
//!
//! ```text
//! Snapshot ── parts(&Prune) ──▶ [Part]                 memory first, then files, the newest first
//! Part ── read(columns, prune, rows, predicate) ──▶ PartRows: Iterator<Item = Result<PartBatch, ScanError>>
//! Part ── fetch_rows(rows, columns) ──▶ RecordBatch     for the winners of a top-N
//! Snapshot ── trace(id, columns) ──▶ [RecordBatch]
//! ```
//!
//! What can be left out is left out in this order, the cheap first: parts by the times and services the catalog knows;
//! runs of 8,192 rows by the page index of time and service; by the trace index; by the token filters; then a predicate
//! reads only its own columns, and the other columns are read for the rows that passed.
//!
//! All of this is synchronous work for threads that may block; between batches it looks whether it shall stop.
//!
//! Invariants: a part gives every row that `prune` and the predicate do not leave out, once, in the order of the part.
//! What cannot be read (a file that is gone, torn, or damaged) is counted and named in [`Snapshot::warnings`], and the
//! rest is served.
//!
//! It must not know of the search language, of SQL, or of how the memory is filled.

mod cache;
mod convert;
mod damage;
mod file;
mod footer;
mod groups;
mod objects;
mod part;
mod prune;
mod request;
mod snapshot;

#[cfg(test)]
mod tests;

pub use convert::compact;
pub use damage::Damage;
pub use objects::Objects;
pub(crate) use objects::{MISSING, cut_short};
pub use part::{Part, PartBatch, PartRows, RowIds};
pub use request::{Cancel, ColumnRef, Prune, RowPredicate, Test, dictionary_type, schema_of, time_type};
pub use snapshot::{FileSource, MemorySource, Reader, Snapshot};

/// Rows a batch at most. One data page of a file: a page is decoded once, and a batch of 20 columns stays in the cache of
/// a core.
pub const BATCH_ROWS: usize = 8_192;

#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error("the query was cancelled")]
    Cancelled,
    /// A conversion or a predicate failed: the question does not fit the data.
    #[error(transparent)]
    Arrow(#[from] arrow::error::ArrowError),
}
