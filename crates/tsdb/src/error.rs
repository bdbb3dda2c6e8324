//! What can go wrong, split by what the caller does about it.

use crate::block::BlockError;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A sample, series or exemplar that is not taken; the rest of the batch is not harmed. The words are
/// Prometheus's, which senders and dashboards look for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AppendError {
    /// Older than the newest sample of its series, and the out-of-order window is closed.
    #[error("out of order sample")]
    OutOfOrder { timestamp: i64, newest: i64 },
    /// Older than the out-of-order window.
    #[error("too old sample")]
    TooOld { timestamp: i64, oldest: i64 },
    /// Another value of the same series at the same time is already stored.
    #[error(
        "duplicate sample for timestamp {timestamp}; overrides not allowed: existing {existing}, new value {new}"
    )]
    DuplicateTimestamp { timestamp: i64, existing: String, new: String },
    /// Older than what the head takes.
    #[error("out of bounds")]
    OutOfBounds { timestamp: i64, oldest: i64 },
    /// The reference is of a series that has left the head: ask for it by labels again.
    #[error("unknown series reference")]
    UnknownSeries,
    #[error("the head holds {limit} series, its limit")]
    SeriesLimit { limit: u64 },
    /// The head is over its memory limit: series that it does not have must wait for a flush.
    #[error("the head is over its memory limit of {limit_bytes} bytes: no new series")]
    OverBudget { limit_bytes: u64 },
    /// The series of one batch have longer labels than a record of the log may define: the rest belongs in another batch.
    #[error("the labels of the series of one batch are over {limit_bytes} bytes")]
    BatchLabels { limit_bytes: u64 },
    #[error("label set without labels")]
    NoLabels,
    #[error("invalid histogram: {0}")]
    InvalidHistogram(String),
    #[error("out of order exemplar")]
    ExemplarOutOfOrder,
    #[error("duplicate exemplar")]
    ExemplarDuplicate,
    #[error("label length for exemplar exceeds maximum of 128 UTF-8 characters")]
    ExemplarTooLong,
}

/// A batch of which nothing was taken: send it again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    #[error("no space left on the device")]
    DiskFull,
    #[error("the head is over its memory limit of {limit_bytes} bytes")]
    OverBudget { limit_bytes: u64, retry_after_ms: u64 },
    #[error("{0}")]
    Io(Arc<io::Error>),
    #[error("the store is closed")]
    Closed,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    /// Another process has the directory open.
    #[error("{}: in use by another process", path.display())]
    Locked { path: PathBuf },
}

/// A read that could not be answered in full.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{0}")]
    Block(#[from] BlockError),
}

/// An administrative action (flush, merge, delete, snapshot) that failed; the store is as it was before.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AdminError {
    #[error("{0}")]
    Block(#[from] BlockError),
    #[error("no space left on the device")]
    DiskFull,
    #[error("{0}")]
    Io(Arc<io::Error>),
}

impl AdminError {
    pub(crate) fn io(error: io::Error) -> AdminError {
        if base::disk::is_full(&error) { AdminError::DiskFull } else { AdminError::Io(Arc::new(error)) }
    }
}
