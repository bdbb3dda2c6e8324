//! Many small files into few large ones.
//!
//! Files of one day (by their newest event) are merged with each other: eight of a level as soon as there are eight, and
//! what is left when the day is over. So a day of ten-minute flushes is merged about three times and ends as one file,
//! or as many as it fills. Files of different days stay apart, which keeps retention and questions about a time cheap.
//!
//! A merge reads its files in order, a batch of each in memory at a time. The merged file replaces the others in the
//! catalog in one transaction and in the view in one exchange; their objects go when nobody reads them any more.

use crate::error::EventsError;
use crate::files::{FileEntry, ROOT, is_of_run, new_file, new_path};
use crate::scan::{ColumnRef, MISSING, Prune, Snapshot, compact, cut_short};
use crate::segment::{SegmentError, SegmentOptions, merge_segments, stretches};
use crate::store::Store;
use crate::upload::Upload;
use crate::view::View;
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use futures::TryStreamExt;
use model::event::Kind;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};
use parquet::arrow::arrow_reader::RowSelection;
use state::{FileChange, NewEventFile};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

const DAY_NS: i64 = 86_400 * 1_000_000_000;
/// Events that come late find their day open so long after its end.
const GRACE_NS: i64 = 3_600 * 1_000_000_000;
/// Files of a level that are merged at once.
const FAN_IN: usize = 8;
/// Files merged at the end of a day at once: 16 batches of 8,192 rows × ~300 B = 40 MB, and where text is long, 16 batches and
/// pages of 4 MB = 128 MB.
const INPUTS_MAX: usize = 16;
/// When a day is over, its largest file is merged again only with others that together have this part of its length: an
/// event that is a week late shall not have a day rewritten.
const WORTH_PART: u64 = 10;
/// What is kept of a kind is in so many files at least: retention by size takes a whole file, and shall not take all.
const KEPT_FILES_MIN: u64 = 8;
/// These files stay: slower, smaller. Bodies of log lines take 8.3 B at level 1, 8.5 at 3, 7.8 at 6 and 7.5 at 9, in 0.2,
/// 0.2, 0.6 and 1.0 µs.
const ZSTD_LEVEL: i32 = 6;

impl Store {
    /// Merges as long as there is something to merge.
    pub(crate) fn compact(&self) -> Result<(), EventsError> {
        let mut compacting = self.compacting.lock();
        loop {
            let readable = |file: &&FileEntry| !compacting.unreadable.contains(&file.id());
            let all: Vec<FileEntry> = self.view().files.iter().filter(readable).cloned().collect();
            let metas: Vec<&NewEventFile> = all.iter().map(FileEntry::meta).collect();
            let now_ns = self.options.clock.now_ns();
            let Some(chosen) = plan(&metas, now_ns, |kind| self.file_bytes_max(kind)) else { return Ok(()) };
            let files: Vec<FileEntry> = chosen.into_iter().map(|at| all[at].clone()).collect();
            // Only those that are merged are held: the others may go meanwhile.
            drop(all);
            match self.merge(&files) {
                Ok(()) => self.counters.merges.add(1),
                Err(Trouble::Unreadable(error)) => {
                    // Whichever it is: they are served as they are, and named by the reader.
                    compacting.unreadable.extend(files.iter().map(FileEntry::id));
                    self.counters.merges_failed.add(1);
                    tracing::warn!(%error, files = files.len(), "files of events are not merged");
                }
                Err(Trouble::Failed(error)) => {
                    self.counters.merges_failed.add(1);
                    tracing::error!(%error, "files of events could not be merged; it is tried again");
                    return Err(error);
                }
            }
            if self.stopper.shutdown().is_stopping() {
                return Ok(());
            }
        }
    }

    fn file_bytes_max(&self, kind: Kind) -> u64 {
        let kept = self.options.keep(kind).bytes.unwrap_or(u64::MAX);
        self.options.file_bytes_max.min(kept / KEPT_FILES_MIN)
    }

    fn merge(&self, files: &[FileEntry]) -> Result<(), Trouble> {
        let kind = files[0].meta().kind;
        let fields = self.fields(kind, files)?;
        let asked: Vec<ColumnRef> = fields.iter().map(asked_as).collect();
        let rows: u64 = files.iter().map(|file| file.meta().rows).sum();
        let now_ms = self.options.clock.now_ms();
        let number = self.files_made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = new_path(kind, now_ms, self.run, number);
        // One snapshot a file: its warnings are of that file alone.
        let snapshots: Vec<Snapshot> = files.iter().map(|file| self.snapshot_of(file)).collect();
        let inputs = snapshots.iter().map(|snapshot| sorted(snapshot, &asked)).collect();
        let upload = Upload::begin(&*self.objects, &path, &self.runtime)?;
        let options = SegmentOptions { zstd_level: ZSTD_LEVEL, ..SegmentOptions::default() };
        let sample = sample(&snapshots, &asked)?;
        let merged = merge_segments(kind, &Schema::new(fields), sample, inputs, &options, upload);
        let warnings: Vec<String> = snapshots.iter().flat_map(Snapshot::warnings).collect();
        if let Some(warning) = warnings.into_iter().next() {
            return Err(Trouble::Unreadable(warning));
        }
        let written = match merged {
            Err(SegmentError::Input(what)) => return Err(Trouble::Unreadable(what)),
            merged => merged.map_err(EventsError::from)?,
        };
        if written.meta.rows != rows {
            return Err(Trouble::Unreadable(format!(
                "{} rows where there should be {rows}",
                written.meta.rows
            )));
        }
        written.sink.finish()?;
        let level = files.iter().map(|file| file.meta().level).max().unwrap_or(0) + 1;
        let file = new_file(&path, written.meta, now_ms, level);
        drop(snapshots);
        Ok(self.replace(files, Some(file.clone())).inspect_err(|_| self.abandon_unknown(file))?)
    }

    /// Deletes the object of a file that did not come into the catalog: a merge that is tried again and again shall not fill
    /// the disk. Where it is not known whether it came, it stays; the next start knows.
    fn abandon_unknown(&self, file: NewEventFile) {
        if let Ok(known) = self.runtime.block_on(self.catalog.event_files())
            && known.iter().all(|other| other.meta.path != file.path)
        {
            self.abandon(&[file]);
        }
    }

    fn snapshot_of(&self, file: &FileEntry) -> Snapshot {
        let kind = file.meta().kind;
        let files = vec![Arc::clone(&file.source)];
        Snapshot::new(kind, self.registry(kind).columns(), Vec::new(), files, Arc::clone(&self.reader))
    }

    /// The columns that one of the files has at least.
    fn fields(&self, kind: Kind, files: &[FileEntry]) -> Result<Vec<Field>, Trouble> {
        let names: BTreeSet<&str> =
            files.iter().flat_map(|f| f.meta().columns.iter().map(String::as_str)).collect();
        let columns = self.registry(kind).columns();
        let fields: Vec<Field> = columns
            .iter()
            .filter(|column| names.contains(&*column.name))
            .map(|column| column.field())
            .collect();
        if fields.len() < names.len() {
            return Err(Trouble::Unreadable("a file has columns that the catalog does not know".to_owned()));
        }
        Ok(fields)
    }

    /// Takes files out of catalog and view, and puts another one in their place.
    pub(crate) fn replace(&self, gone: &[FileEntry], new: Option<NewEventFile>) -> Result<(), EventsError> {
        let remove: Vec<_> = gone.iter().map(FileEntry::id).collect();
        let change =
            FileChange { add: new.into_iter().collect(), remove: remove.clone(), ..FileChange::default() };
        let added = self.runtime.block_on(self.catalog.change(&change))?;
        let added = added.into_iter().map(|file| FileEntry::new(file, &self.reaper)).collect();
        gone.iter().for_each(FileEntry::doom);
        self.change_view(|view| view.with_files(&remove, added));
        Ok(())
    }

    /// Deletes the objects that nobody reads any more.
    pub(crate) fn reap(&self) -> Result<(), EventsError> {
        let doomed = self.doomed.lock();
        while let Ok(path) = doomed.try_recv() {
            self.reader.forget(&path);
            match self.runtime.block_on(self.objects.delete(&Path::from(path.as_str()))) {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => self.counters.objects_deleted.add(1),
                Err(error) => {
                    tracing::warn!(%error, path, "a file of events could not be deleted; the next start does it");
                }
            }
        }
        Ok(())
    }

    /// Deletes, once, the objects that an earlier run left and the catalog does not know; says which of those it knows
    /// are not there, or not whole.
    pub(crate) fn sweep(&self) {
        let mut compacting = self.compacting.lock();
        if std::mem::replace(&mut compacting.swept, true) {
            return;
        }
        let root = Path::from(ROOT);
        let found: Result<Vec<_>, _> = self.runtime.block_on(self.objects.list(Some(&root)).try_collect());
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the files of events could not be listed");
                return;
            }
        };
        let view = self.view();
        let known: BTreeSet<&str> = view.files.iter().map(|file| file.meta().path.as_str()).collect();
        self.miss(&view, &found);
        for object in found {
            let path = object.location.to_string();
            if path.ends_with(".parquet") && !known.contains(path.as_str()) && !is_of_run(&path, self.run) {
                tracing::info!(path, "a file of events that a crash left is deleted");
                let _ = self.reaper.send(path);
            }
        }
        drop(view);
        drop(compacting);
        let _ = self.reap();
    }
}

impl Store {
    /// Names the files of a view that are not among the objects as they were written: whoever runs the store shall not
    /// learn it from the first question that needs them.
    fn miss(&self, view: &View, found: &[ObjectMeta]) {
        let lengths: HashMap<String, u64> = found.iter().map(|o| (o.location.to_string(), o.size)).collect();
        for meta in view.files.iter().map(FileEntry::meta) {
            match lengths.get(&meta.path) {
                Some(bytes) if *bytes == meta.bytes => {}
                Some(bytes) => {
                    self.reader.damage().note(&meta.path, &cut_short(*bytes, meta.bytes));
                }
                None => {
                    self.reader.damage().note(&meta.path, MISSING);
                }
            }
        }
    }
}

enum Trouble {
    /// One of the files cannot be read in full.
    Unreadable(String),
    Failed(EventsError),
}

impl<E: Into<EventsError>> From<E> for Trouble {
    fn from(error: E) -> Trouble {
        Trouble::Failed(error.into())
    }
}

/// Text as it can be copied fastest.
fn asked_as(field: &Field) -> ColumnRef {
    let data_type = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        other => other.clone(),
    };
    ColumnRef::new(field.name(), data_type)
}

/// All rows of the one file of a snapshot.
fn sorted<'a>(
    snapshot: &Snapshot,
    columns: &[ColumnRef],
) -> Box<dyn Iterator<Item = Result<RecordBatch, SegmentError>> + 'a> {
    let columns = columns.to_vec();
    let parts = snapshot.parts(&Prune::none());
    let rows = parts.into_iter().flat_map(move |part| part.read(&columns, &Prune::none(), None, None));
    Box::new(rows.map(|batch| batch.map(|b| b.batch).map_err(|error| SegmentError::Input(error.to_string()))))
}

/// Rows from all over the files: services stand one after the other in a file, and differ.
fn sample(snapshots: &[Snapshot], columns: &[ColumnRef]) -> Result<Vec<RecordBatch>, Trouble> {
    let mut found = Vec::new();
    for part in snapshots.iter().flat_map(|snapshot| snapshot.parts(&Prune::none())) {
        let ranges = stretches(part.rows(), snapshots.len(), part.batch_rows(columns));
        let rows = RowSelection::from_consecutive_ranges(ranges.into_iter(), part.rows() as usize);
        for batch in part.read(columns, &Prune::none(), Some(&rows), None) {
            let batch = batch.map_err(|error| Trouble::Unreadable(error.to_string()))?.batch;
            found.push(compact(&batch).map_err(|error| Trouble::Unreadable(error.to_string()))?);
        }
    }
    Ok(found)
}

/// Which files to merge next, by their numbers.
fn plan(files: &[&NewEventFile], now_ns: i64, bytes_max: impl Fn(Kind) -> u64) -> Option<Vec<usize>> {
    let mut days: BTreeMap<(Kind, i64), Vec<(usize, &NewEventFile)>> = BTreeMap::new();
    for (at, file) in files.iter().enumerate() {
        // Two files of half the length make one of the whole.
        if file.bytes < bytes_max(file.kind) / 2 {
            days.entry((file.kind, file.max_time_ns.div_euclid(DAY_NS))).or_default().push((at, *file));
        }
    }
    days.into_iter().find_map(|((kind, day), mut files)| {
        let bytes_max = bytes_max(kind);
        files.sort_by_key(|(_, file)| (file.min_time_ns, file.max_time_ns));
        let over = now_ns > day.saturating_add(1).saturating_mul(DAY_NS).saturating_add(GRACE_NS);
        level_of(&files, bytes_max).or_else(|| if over { rest_of(&files, bytes_max) } else { None })
    })
}

/// The oldest files of the lowest level that is full.
fn level_of(files: &[(usize, &NewEventFile)], bytes_max: u64) -> Option<Vec<usize>> {
    let levels: BTreeSet<u32> = files.iter().map(|(_, file)| file.level).collect();
    levels.into_iter().find_map(|level| {
        let of_level: Vec<_> = files.iter().filter(|(_, file)| file.level == level).copied().collect();
        let chosen = (of_level.len() >= FAN_IN).then(|| fitting(&of_level, FAN_IN, bytes_max))?;
        (chosen.len() > 1).then_some(chosen)
    })
}

/// What a day that is over has left.
fn rest_of(files: &[(usize, &NewEventFile)], bytes_max: u64) -> Option<Vec<usize>> {
    let chosen = fitting(files, INPUTS_MAX, bytes_max);
    let lengths = || files.iter().filter(|(at, _)| chosen.contains(at)).map(|(_, file)| file.bytes);
    let largest = lengths().max().unwrap_or(0);
    let others = lengths().sum::<u64>() - largest;
    let worth = chosen.len() >= FAN_IN || others >= largest / WORTH_PART;
    (chosen.len() > 1 && worth).then_some(chosen)
}

/// The first of the files that together are not too long.
fn fitting(files: &[(usize, &NewEventFile)], count_max: usize, bytes_max: u64) -> Vec<usize> {
    let mut bytes = 0;
    let fits = |(_, file): &&(usize, &NewEventFile)| {
        bytes += file.bytes;
        bytes <= bytes_max
    };
    files.iter().take(count_max).take_while(fits).map(|(at, _)| *at).collect()
}

#[cfg(test)]
mod tests;
