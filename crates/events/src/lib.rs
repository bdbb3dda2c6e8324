//! Wide events: spans, logs and errors, in memory, in the log, and in Parquet files.
//!
//! ```text
//!  append(batch) ──▶ record ──▶ wal ──▶ sync: acknowledged
//!                │
//!                └─▶ memtable: batches as they came ──▶ Arrow chunks ─┐
//!                                                                     ├─▶ Snapshot ──▶ parts ──▶ read
//!       flush: chunks ──▶ Parquet file ──▶ object store ──▶ catalog ──┘
//!       compact: files ──▶ fewer files        retain: files that are too old, or too many, go
//! ```
//!
//! An event is in the log until a file that holds it is in the catalog; the catalog moves the watermark of the log and
//! takes the files in in one transaction. So a crash at any point loses nothing and shows nothing twice.
//!
//! Modules in the order of that way. It must not know of queries, of the search language, or of who sends events.

mod append;
mod background;
pub mod columns;
mod compact;
mod error;
mod files;
mod flush;
mod json;
mod memtable;
mod objects;
mod open;
mod options;
mod record;
mod retention;
mod rows;
pub mod scan;
pub mod segment;
mod stats;
mod store;
#[cfg(test)]
mod testing;
mod upload;
mod view;

pub use error::{AppendError, EventsError, OpenError};
pub use objects::LocalObjects;
pub use options::{Background, EventOptions, Keep};
pub use rows::table;
pub use scan::{Part, PartBatch, Prune, Snapshot};
pub use segment::tokens;
pub use stats::{EventStats, KindStats, LogDamage, Recovery};
pub use store::{Appended, Events};
