//! What can go wrong with a block, split by what the caller does about it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Cloning is cheap.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BlockError {
    /// The file is damaged here; what lies in its other sections and pages remains readable.
    #[error("{}: {section}, bytes {start}..{end}: {reason}", path.display())]
    Corrupt { path: Arc<PathBuf>, section: String, start: u64, end: u64, reason: String },
    /// Not a block of ours, or of a version this program does not know.
    #[error("{}: {reason}", path.display())]
    Unreadable { path: Arc<PathBuf>, reason: String },
    /// The disk is full: nothing was written, try again when there is room.
    #[error("{}: no space left on the device", path.display())]
    DiskFull { path: Arc<PathBuf> },
    #[error("{}: {error}", path.display())]
    Io { path: Arc<PathBuf>, error: Arc<io::Error> },
    /// A stream gave what a block cannot hold (series out of order, columns of unequal length): our own bug,
    /// caught before wrong bytes reach the disk.
    #[error("series stream: {0}")]
    BadStream(String),
}

impl BlockError {
    pub(crate) fn io(path: &Path, error: io::Error) -> BlockError {
        let path = Arc::new(path.to_owned());
        if base::disk::is_full(&error) {
            return BlockError::DiskFull { path };
        }
        BlockError::Io { path, error: Arc::new(error) }
    }
}
