//! The memtable into files.
//!
//! ```text
//! cut the log, freeze the memtable      one moment between two batches
//! write a file for each kind            to the object store, durable
//! commit the catalog                    files in, columns in, watermark up: one transaction
//! swap the view                         the files for the frozen memtable: one exchange
//! remove the log before the cut
//! ```
//!
//! A crash before the commit replays the log, and the files are objects that the catalog does not know, which the next
//! start deletes; a crash after it finds the watermark, and removes the log without replaying. A flush that fails leaves
//! the memtable frozen, and the next one goes on from there.

use crate::error::EventsError;
use crate::files::{FileEntry, new_file, new_path};
use crate::memtable::{Memtable, Rest};
use crate::segment::{SegmentOptions, write_segment};
use crate::store::{Flushing, Store};
use crate::upload::Upload;
use crate::view::View;
use arrow::array::RecordBatch;
use model::event::Kind;
use state::{FileChange, NewEventFile};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use wal::SegmentId;

/// Small and fast: these files are merged soon.
const ZSTD_LEVEL: i32 = 1;

/// Where a flush is; tests look what a crash leaves there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Frozen,
    Written,
    Committed,
    Swapped,
    Released,
}

impl Store {
    /// See [`crate::Events::flush`].
    pub(crate) fn flush(&self) -> Result<(), EventsError> {
        self.flush_watched(&mut |_| {})
    }

    pub(crate) fn flush_watched(&self, watch: &mut dyn FnMut(Step)) -> Result<(), EventsError> {
        let mut flushing = self.flushing.lock();
        let result = self.flush_locked(&mut flushing, watch);
        match &result {
            Ok(true) => self.counters.flushes.add(1),
            Ok(false) => {}
            Err(error) => {
                self.counters.flushes_failed.add(1);
                if matches!(error, EventsError::DiskFull) {
                    self.note_disk_full();
                }
                tracing::error!(%error, "events could not be flushed; it is tried again");
            }
        }
        result.map(|_| ())
    }

    /// Says whether there was something to write.
    fn flush_locked(
        &self,
        flushing: &mut Flushing,
        watch: &mut dyn FnMut(Step),
    ) -> Result<bool, EventsError> {
        self.release(flushing)?;
        let view = self.view();
        let frozen = match &view.frozen {
            Some(frozen) => Arc::clone(frozen),
            None if view.active.is_empty() => {
                // Segments of an earlier run that held nothing.
                self.pressed.store(false, Ordering::Relaxed);
                return Ok(false);
            }
            None => self.freeze(flushing)?,
        };
        drop(view);
        watch(Step::Frozen);
        let cut = flushing
            .cut
            .ok_or_else(|| EventsError::failed("a frozen memtable without its place in the log"))?;
        let files = match flushing.written.take() {
            Some(files) => files,
            None => self.write(&frozen)?,
        };
        watch(Step::Written);
        let added = self.commit(&files, cut).inspect_err(|_| flushing.written = Some(files))?;
        watch(Step::Committed);
        self.change_view(|view| View { frozen: None, ..view.with_files(&[], added) });
        self.pressed.store(false, Ordering::Relaxed);
        *flushing = Flushing { release: Some(cut), ..Flushing::default() };
        drop(frozen);
        watch(Step::Swapped);
        self.release(flushing)?;
        watch(Step::Released);
        Ok(true)
    }

    /// Cuts log and memtable between two batches.
    fn freeze(&self, flushing: &mut Flushing) -> Result<Arc<Memtable>, EventsError> {
        let _nobody_appends = self.gate.write();
        let cut = self.log.cut()?;
        let frozen = self.view().active.clone();
        let active = Arc::new(Memtable::new(Arc::clone(&frozen.counters)));
        let freeze = Some(Arc::clone(&frozen));
        self.change_view(|view| View { active, frozen: freeze, files: Arc::clone(&view.files) });
        flushing.cut = Some(cut);
        Ok(frozen)
    }

    /// Writes a file for each kind there is.
    fn write(&self, frozen: &Memtable) -> Result<Vec<NewEventFile>, EventsError> {
        let mut files = Vec::new();
        for kind in Kind::ALL {
            let sealed = frozen.seal(kind, self.registry(kind), &self.options.budget, Rest::Goes);
            sealed.map_err(EventsError::failed)?;
            let chunks = frozen.chunks(kind);
            if chunks.is_empty() {
                continue;
            }
            match self.write_file(kind, chunks.iter().map(|chunk| chunk.batch.clone()).collect()) {
                Ok(file) => files.push(file),
                Err(error) => {
                    self.abandon(&files);
                    return Err(error);
                }
            }
        }
        Ok(files)
    }

    fn write_file(&self, kind: Kind, batches: Vec<RecordBatch>) -> Result<NewEventFile, EventsError> {
        let rows: u64 = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        let now_ms = self.options.clock.now_ms();
        let path = new_path(kind, now_ms, self.run, self.files_made.fetch_add(1, Ordering::Relaxed));
        let upload = Upload::begin(&*self.objects, &path, &self.runtime)?;
        let written = write_segment(
            kind,
            &batches,
            &SegmentOptions { zstd_level: ZSTD_LEVEL, ..SegmentOptions::default() },
            upload,
        )?;
        assert_eq!(written.meta.rows, rows, "a file has as many rows as what it was made of");
        written.sink.finish()?;
        Ok(new_file(&path, written.meta, now_ms, 0))
    }

    /// Deletes objects that will not be in the catalog. What cannot be deleted now is found by the next start.
    pub(crate) fn abandon(&self, files: &[NewEventFile]) {
        for file in files {
            let _ = self.reaper.send(file.path.clone());
        }
        let _ = self.reap();
    }

    /// Takes the files into the catalog. After an error it is not known whether it happened: who tries again with the same
    /// files finds out.
    fn commit(&self, files: &[NewEventFile], cut: SegmentId) -> Result<Vec<FileEntry>, EventsError> {
        let known = self.runtime.block_on(self.catalog.event_files())?;
        let mut added: Vec<_> =
            known.into_iter().filter(|k| files.iter().any(|f| f.path == k.meta.path)).collect();
        if added.len() != files.len() {
            let unstored = Kind::ALL.map(|kind| self.registry(kind).unstored());
            let columns = unstored.iter().flat_map(|(columns, _)| columns.iter().cloned()).collect();
            let flushed_through = Some(cut.0 - 1);
            let change = FileChange { columns, add: files.to_vec(), remove: Vec::new(), flushed_through };
            added = self.runtime.block_on(self.catalog.change(&change))?;
            for (kind, (_, count)) in Kind::ALL.into_iter().zip(unstored) {
                self.registry(kind).mark_stored(count);
            }
        }
        Ok(added.into_iter().map(|file| FileEntry::new(file, &self.reaper)).collect())
    }

    /// Removes the segments whose events are in files.
    fn release(&self, flushing: &mut Flushing) -> Result<(), EventsError> {
        if let Some(segment) = flushing.release {
            self.log.remove_before(segment).map_err(EventsError::io)?;
            flushing.release = None;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
