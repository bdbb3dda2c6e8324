//! The files of the catalog as the running store holds them.
//!
//! A file that was merged into another, or is too old, leaves the catalog at once and its object when nobody reads it
//! any more: each reader holds a [`Pin`], and the last one that lets go of a doomed file hands its name to the reaper.
//! A crash in between leaves an object that the catalog does not know; the next start finds and deletes it.

use crate::scan::FileSource;
use crate::segment::{SegmentMeta, Tail};
use model::event::Kind;
use object_store::path::Path;
use state::{EventFile, FileId, FileTail, NewEventFile};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

/// A file of the catalog.
#[derive(Clone)]
pub(crate) struct FileEntry {
    pub file: Arc<EventFile>,
    /// What readers are given.
    pub source: Arc<FileSource>,
    pin: Arc<Pin>,
}

/// Held by whoever may read a file.
struct Pin {
    path: String,
    doomed: AtomicBool,
    reaper: Sender<String>,
}

impl Drop for Pin {
    fn drop(&mut self) {
        if *self.doomed.get_mut() {
            // With the store closed nobody listens; the next start finds the object.
            let _ = self.reaper.send(std::mem::take(&mut self.path));
        }
    }
}

impl FileEntry {
    pub fn new(file: EventFile, reaper: &Sender<String>) -> FileEntry {
        let path = file.meta.path.clone();
        let pin = Arc::new(Pin { path, doomed: AtomicBool::new(false), reaper: reaper.clone() });
        let meta = Arc::new(segment_meta(&file.meta));
        let pinned: Arc<dyn std::any::Any + Send + Sync> = Arc::clone(&pin) as _;
        let source = FileSource { path: Arc::from(file.meta.path.as_str()), meta, pin: Some(pinned) };
        FileEntry { file: Arc::new(file), source: Arc::new(source), pin }
    }

    pub fn id(&self) -> FileId {
        self.file.id
    }

    pub fn meta(&self) -> &NewEventFile {
        &self.file.meta
    }

    /// The file has left the catalog: its object goes with the last reader.
    pub fn doom(&self) {
        self.pin.doomed.store(true, Ordering::Relaxed);
    }
}

fn segment_meta(file: &NewEventFile) -> SegmentMeta {
    SegmentMeta {
        kind: file.kind,
        rows: file.rows,
        bytes: file.bytes,
        min_time_ns: file.min_time_ns,
        max_time_ns: file.max_time_ns,
        services: file.services.clone(),
        columns: file.columns.clone(),
        tail: file.tail.map(|FileTail { bytes, sum }| Tail { bytes, sum }),
    }
}

/// What the catalog is told of a new file.
pub(crate) fn new_file(path: &Path, meta: SegmentMeta, created_ms: i64, level: u32) -> NewEventFile {
    NewEventFile {
        kind: meta.kind,
        path: path.to_string(),
        rows: meta.rows,
        bytes: meta.bytes,
        min_time_ns: meta.min_time_ns,
        max_time_ns: meta.max_time_ns,
        services: meta.services,
        columns: meta.columns,
        created_ms,
        level,
        tail: meta.tail.map(|Tail { bytes, sum }| FileTail { bytes, sum }),
    }
}

/// The folder of all files of the store.
pub(crate) const ROOT: &str = "events";

/// A name that no file ever had: `events/spans/1700000000000-<run>-<number>.parquet`. `run` is random, so that a start
/// can tell what an earlier run left from what this one writes.
pub(crate) fn new_path(kind: Kind, now_ms: i64, run: u64, number: u64) -> Path {
    Path::from(format!("{ROOT}/{}/{now_ms:013}-{run:016x}-{number:06}.parquet", kind.table()))
}

/// Whether a run wrote the object of this name.
pub(crate) fn is_of_run(path: &str, run: u64) -> bool {
    path.contains(&format!("-{run:016x}-"))
}
