//! Segments: the immutable Parquet files of the event store, and the indexes and checksums inside them.
//!
//! A segment is an ordinary Parquet file of one kind of event, sorted by service and time, which any reader of Parquet
//! understands. Two indexes and checksums lie between its last row group and its footer, found by key-value metadata;
//! others ignore them. `docs/format/segment.md` draws the file.
//!
//! ```text
//! batches ── sort (service, time) ──▶ runs of 8,192 rows ──▶ pages ──▶ row groups ─┐
//!                                       ├─ words ─▶ filter a run ─▶ pharos.tokens ─┤─▶ file ─▶ pharos.sums
//!                                       └─ trace ids ─▶ runs ─────▶ pharos.traces ─┘
//! ```
//!
//! Invariants: rows are sorted by (service, time), a missing service before all others; run `n` begins at row `n ×`
//! [`RUN_ROWS`] of the file; no row group has more than [`GROUP_ROWS`] rows; an index says "perhaps" too often, never "no"
//! wrongly.
//!
//! It must not know of the catalog, of memory chunks, or of who reads.

mod bits;
mod fuse;
mod gather;
mod index;
mod merge;
mod schema;
mod sort;
mod sums;
mod tokens;
mod traces;
mod words;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use index::{Located, Place};
pub use merge::{Sorted, merge_segments};
pub(crate) use sums::{KEY as SUMS_KEY, Sums};
pub(crate) use tokens::{KEY as TOKENS_KEY, TokenDirectory, Words};
pub(crate) use traces::{KEY as TRACES_KEY, TraceDirectory};
pub(crate) use words::hash as token_hash;
pub use words::{free_text, tokens};
pub(crate) use writer::stretches;
pub use writer::{SegmentOptions, Written, write_segment};

use model::event::Kind;
use xxhash_rust::xxh3::xxh3_64;

/// Rows of a run: what a data page holds, and what the indexes point at. A page of 8,192 rows of one column is 8 kB to
/// 1 MB, decoded in 10 µs to 1 ms.
pub const RUN_ROWS: usize = 8_192;

/// Rows of a row group: 16 runs, fewer where text is long. It is what the writer holds encoded in memory, about 131,072 ×
/// 50 B = 6 MB.
pub const GROUP_ROWS: usize = 16 * RUN_ROWS;

/// Services named in a segment's description. More than these are not worth naming: 64 × ~20 B in the catalog.
pub const SERVICES_MAX: usize = 64;

/// What the catalog keeps of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentMeta {
    pub kind: Kind,
    pub rows: u64,
    /// The length of the file.
    pub bytes: u64,
    /// First and last time, both included.
    pub min_time_ns: i64,
    pub max_time_ns: i64,
    /// The services, sorted; `None` when they are more than [`SERVICES_MAX`].
    pub services: Option<Vec<String>>,
    /// The columns, in the order of the file.
    pub columns: Vec<String>,
    /// `None` when nobody has kept it: then the end of the file is not verified.
    pub tail: Option<Tail>,
}

/// The end of a file, which the checksums inside it cannot cover: page index and footer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    pub bytes: u64,
    /// XXH3 of 64 bits.
    pub sum: u64,
}

impl Tail {
    /// Whether these are the bytes that were written.
    pub(crate) fn is_intact(&self, bytes: &[u8]) -> bool {
        bytes.len() as u64 == self.bytes && xxh3_64(bytes) == self.sum
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    #[error("writing a segment: {0}")]
    Io(#[from] std::io::Error),
    #[error("writing a segment: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    #[error("writing a segment: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// A batch lacks what every event has, or a segment to merge could not be read.
    #[error("writing a segment: {0}")]
    Input(String),
}
