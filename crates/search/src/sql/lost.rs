//! What a statement could not read: pieces of files that are gone or damaged.
//!
//! Scans of a session that carries a [`Lost`] note it there and go on with the rest, and whoever gives out the answer
//! says so. Without one (a protocol that has no place for it) a scan that met damage fails: an answer that lacks rows must
//! not look like a whole one.

use parking_lot::Mutex;
use std::collections::BTreeSet;

/// Gathered by all scans of one statement.
#[derive(Debug, Default)]
pub struct Lost(Mutex<BTreeSet<String>>);

impl Lost {
    pub(super) fn note(&self, warnings: Vec<String>) {
        self.0.lock().extend(warnings);
    }

    /// Each piece, `file: what`.
    pub fn warnings(&self) -> Vec<String> {
        self.0.lock().iter().cloned().collect()
    }
}

/// An answer without the rows of these pieces is none.
#[derive(Debug, thiserror::Error)]
#[error("rows are missing, because a file of events cannot be read: {}", .0.join("; "))]
pub struct RowsMissing(pub Vec<String>);
