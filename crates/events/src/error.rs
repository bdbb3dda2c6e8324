//! What can go wrong, split by what the caller does about it.

use crate::segment::SegmentError;
use state::StateError;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use wal::LogError;

/// A batch of which nothing was taken: send it again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// The memtables are full and are being written.
    #[error("events wait for memory: the {pool} limit of {limit_bytes} bytes is reached")]
    OverBudget { pool: &'static str, limit_bytes: u64, retry_after: Duration },
    /// Files are written slower than events come.
    #[error("events wait for those before them: {log_bytes} bytes of the log are not in files yet")]
    Behind { log_bytes: u64, retry_after: Duration },
    #[error("no space left on the device")]
    DiskFull,
    /// The batch can never be taken.
    #[error("a batch of {bytes} bytes is too long")]
    TooLong { bytes: usize },
    #[error("{0}")]
    Io(Arc<io::Error>),
    #[error("the event store is closed")]
    Closed,
}

impl From<LogError> for AppendError {
    fn from(error: LogError) -> AppendError {
        match error {
            LogError::DiskFull => AppendError::DiskFull,
            LogError::TooLong(bytes) => AppendError::TooLong { bytes },
            LogError::Io(error) => AppendError::Io(error),
            other => AppendError::Io(Arc::new(io::Error::other(other.to_string()))),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    /// Another process has the directory open.
    #[error("{}: in use by another process", path.display())]
    Locked { path: PathBuf },
    #[error(transparent)]
    Catalog(#[from] StateError),
}

/// A flush, a merge or a removal that failed; the store is as it was before, and it is tried again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EventsError {
    #[error("no space left on the device")]
    DiskFull,
    #[error("{0}")]
    Failed(Arc<str>),
    #[error("the event store is closed")]
    Closed,
}

impl EventsError {
    pub(crate) fn failed(error: impl std::fmt::Display) -> EventsError {
        EventsError::Failed(Arc::from(error.to_string()))
    }

    pub(crate) fn io(error: io::Error) -> EventsError {
        if base::disk::is_full(&error) { EventsError::DiskFull } else { EventsError::failed(error) }
    }

    /// Looks for a full disk among the causes: it comes wrapped by those who write files.
    fn caused(error: &(dyn std::error::Error + 'static)) -> EventsError {
        let mut cause = Some(error);
        while let Some(this) = cause {
            if this.downcast_ref::<io::Error>().is_some_and(base::disk::is_full) {
                return EventsError::DiskFull;
            }
            cause = this.source();
        }
        EventsError::failed(error)
    }
}

impl From<StateError> for EventsError {
    fn from(error: StateError) -> EventsError {
        match error {
            StateError::DiskFull => EventsError::DiskFull,
            other => EventsError::failed(other),
        }
    }
}

impl From<LogError> for EventsError {
    fn from(error: LogError) -> EventsError {
        match error {
            LogError::DiskFull => EventsError::DiskFull,
            other => EventsError::failed(other),
        }
    }
}

impl From<object_store::Error> for EventsError {
    fn from(error: object_store::Error) -> EventsError {
        EventsError::caused(&error)
    }
}

impl From<SegmentError> for EventsError {
    fn from(error: SegmentError) -> EventsError {
        EventsError::caused(&error)
    }
}
