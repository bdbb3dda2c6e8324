//! The log: records of bytes on disk before anybody is told that they were taken.
//!
//! A log is a directory of segments, `00000001.wal`, `00000002.wal` …; a segment is a header and records, each with a
//! checksum bound to its place. Writers append under one lock and then wait for the disk together: whoever finds
//! nobody syncing syncs for all that was written so far (group commit).
//!
//! Life: [`read_segments`] after a start, then [`Log::open`], which begins a new segment and never touches an old one; later
//! [`Log::remove_before`] drops the segments whose content lies elsewhere.
//!
//! Invariants: a record is readable in full or not at all; records of a segment are in the order of their appends; a
//! record is never written behind a torn one. The log knows nothing of what is in its records.

mod log;
mod read;
mod record;
mod segment;

pub use log::{Log, LogError, LogOptions, Lsn};
pub use read::{Damage, DamageKind, Records, Segment, cut_torn, read_segments};
pub use record::RecordBuf;
pub use segment::SegmentId;
