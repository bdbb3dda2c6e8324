//! What can go wrong with the database, split by what the caller does about it.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file is no database, or a broken one: restore it from a backup, or move it away.
    #[error(
        "{}: the database is damaged ({detail}); restore it from a backup, or move it away to begin anew",
        path.display()
    )]
    Corrupt { path: PathBuf, detail: String },
    /// A later version of this program has written it.
    #[error("{}: the database was written by a later version of this program ({detail})", path.display())]
    TooNew { path: PathBuf, detail: String },
    /// Nothing was changed; there may be room later.
    #[error("no space left on the device")]
    DiskFull,
    /// Nothing was changed; it may be tried again.
    #[error("{}: {detail}", path.display())]
    Failed { path: PathBuf, detail: String },
}
