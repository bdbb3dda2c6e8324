//! What readers see at one moment: the memtable that is being filled, the one that is being written, and the files.
//!
//! Invariant: each acknowledged event is in exactly one of the three. So the swaps (active → frozen, frozen → files,
//! files → merged file) are each one exchange of the view.

use crate::files::FileEntry;
use crate::memtable::Memtable;
use state::FileId;
use std::sync::Arc;

#[derive(Clone)]
pub(crate) struct View {
    pub active: Arc<Memtable>,
    pub frozen: Option<Arc<Memtable>>,
    /// By id.
    pub files: Arc<Vec<FileEntry>>,
}

impl View {
    /// The same view with other files.
    pub fn with_files(&self, gone: &[FileId], new: Vec<FileEntry>) -> View {
        let kept = self.files.iter().filter(|file| !gone.contains(&file.id()));
        let files = kept.cloned().chain(new).collect();
        View { files: Arc::new(files), ..self.clone() }
    }
}
