//! Writing the log.
//!
//! Two locks, never held together by one thread except in the order writer → durable: `writer` orders the appends, `durable` says
//! up to where the disk has them. An append holds `writer` for one `write(2)`; a sync holds neither while the
//! disk works.
//!
//! The kernel reports once that bytes could not be written, and may have forgotten them then. So the first failed sync
//! of a segment is its last ([`SegmentFile`] remembers it), nothing is appended behind it, and all of the segment that was not
//! durable before is *lost*: whoever waits for a place in it is told so, however late he comes.

use crate::record::{FRAME_BYTES, RecordBuf};
use crate::segment::{HEADER_BYTES, SegmentId};
use base::disk;
use parking_lot::{Condvar, Mutex};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A place in the log: everything before it was appended before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lsn {
    pub segment: SegmentId,
    pub offset: u64,
}

#[derive(Clone, Debug)]
pub struct LogOptions {
    /// A segment is closed before the record that would make it longer.
    pub segment_bytes: u64,
}

/// Why something was not logged. Nothing of the record is in the log then, or readers will not see it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogError {
    /// The record was made for a segment that has been closed since.
    #[error("the segment was closed; now writing {current}")]
    SegmentClosed { current: SegmentId },
    /// The log is as it was before; it goes on by itself when there is room.
    #[error("no space left on the device")]
    DiskFull,
    #[error("a record of {0} bytes is too long")]
    TooLong(usize),
    #[error("{0}")]
    Io(Arc<io::Error>),
}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> LogError {
        if disk::is_full(&error) { LogError::DiskFull } else { LogError::Io(Arc::new(error)) }
    }
}

/// Lost ranges that are told apart. Beyond, the two oldest become one, with what was durable between them: who still
/// waits there is told to write again what is written.
const LOST_MAX: usize = 64;

/// A log being written.
pub struct Log {
    dir: PathBuf,
    options: LogOptions,
    writer: Mutex<Writer>,
    /// The segment being written: a copy of what `writer` holds, for those who only want to know.
    segment: AtomicU64,
    /// Bytes of all segments.
    bytes: AtomicU64,
    durable: Mutex<Durable>,
    synced: Condvar,
    syncs: AtomicU64,
    failures: AtomicU64,
}

struct Writer {
    segment: SegmentId,
    /// `None` while there is no room for a first segment.
    file: Option<Arc<SegmentFile>>,
    /// Where the last good record ends.
    length: u64,
    /// Bytes of a failed write may lie behind `length`.
    torn: bool,
    /// A sync of this segment failed: what of it is not durable is in `Durable::lost`, and the next append begins
    /// another.
    spoiled: bool,
    /// Length of each closed segment.
    closed: BTreeMap<SegmentId, u64>,
}

struct Durable {
    synced: Lsn,
    syncing: bool,
    /// The ranges that could not be made durable, ascending.
    lost: VecDeque<Lost>,
}

/// `from < lsn <= to`.
struct Lost {
    from: Lsn,
    to: Lsn,
    error: LogError,
}

impl Durable {
    /// What is to be said to who waits for a place; `None` while nothing is known.
    fn fate(&self, lsn: Lsn) -> Option<Result<(), LogError>> {
        if let Some(lost) = self.lost.iter().find(|l| l.from < lsn && lsn <= l.to) {
            return Some(Err(lost.error.clone()));
        }
        (self.synced >= lsn).then_some(Ok(()))
    }

    fn lose(&mut self, to: Lsn, error: LogError) {
        if to <= self.synced {
            return;
        }
        self.lost.push_back(Lost { from: self.synced, to, error });
        if self.lost.len() > LOST_MAX
            && let Some(oldest) = self.lost.pop_front()
            && let Some(next) = self.lost.front_mut()
        {
            next.from = oldest.from;
        }
    }
}

/// The file of a segment.
struct SegmentFile {
    file: fs::File,
    path: PathBuf,
    /// Held while the disk works: of two syncs at once only one would be told of a failure.
    failed: Mutex<Option<LogError>>,
}

impl SegmentFile {
    /// Once it failed it fails forever.
    fn sync(&self) -> Result<(), LogError> {
        let mut failed = self.failed.lock();
        if let Some(error) = &*failed {
            return Err(error.clone());
        }
        disk::sync_data(&self.file, &self.path).map_err(|error| {
            let error = LogError::from(error);
            *failed = Some(error.clone());
            error
        })
    }
}

impl Log {
    /// Begins a new segment behind those in `dir`, which is created when it is not there. On a full disk the segment
    /// is begun by the first append that finds room.
    pub fn open(dir: &Path, options: LogOptions) -> Result<Log, LogError> {
        disk::create_dir_all(dir)?;
        let mut closed = BTreeMap::new();
        for path in disk::list(dir)? {
            if let Some(id) = SegmentId::of(&path) {
                closed.insert(id, disk::len(&path)?);
            }
        }
        let id = SegmentId(closed.last_key_value().map_or(0, |(id, _)| id.0) + 1);
        let before: u64 = closed.values().sum();
        let writer = match Writer::begin(dir, id, closed.clone()) {
            Err(LogError::DiskFull) => Writer::waiting(id, closed),
            begun => begun?,
        };
        let start = Lsn { segment: writer.segment, offset: writer.length };
        let id = writer.segment;
        let header = if writer.file.is_some() { HEADER_BYTES as u64 } else { 0 };
        Ok(Log {
            dir: dir.to_owned(),
            options,
            writer: Mutex::new(writer),
            segment: AtomicU64::new(id.0),
            bytes: AtomicU64::new(before + header),
            durable: Mutex::new(Durable { synced: start, syncing: false, lost: VecDeque::new() }),
            synced: Condvar::new(),
            syncs: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        })
    }

    /// The segment being written.
    pub fn segment(&self) -> SegmentId {
        SegmentId(self.segment.load(Ordering::Acquire))
    }

    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How often the disk was asked to sync.
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Writes and syncs that failed.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Appends a record. It is with the kernel when this returns: it survives the end of the process, and the loss of
    /// power once [`Log::sync`] has returned for its place.
    pub fn append(&self, record: &mut RecordBuf) -> Result<Lsn, LogError> {
        self.append_if(None, record)
    }

    /// Appends a record if it comes to lie in this segment.
    pub fn append_in(&self, segment: SegmentId, record: &mut RecordBuf) -> Result<Lsn, LogError> {
        self.append_if(Some(segment), record)
    }

    fn append_if(&self, wanted: Option<SegmentId>, record: &mut RecordBuf) -> Result<Lsn, LogError> {
        let mut writer = self.writer.lock();
        let result = self.append_locked(&mut writer, wanted, record);
        if matches!(result, Err(LogError::DiskFull | LogError::Io(_))) {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    fn append_locked(
        &self,
        writer: &mut Writer,
        wanted: Option<SegmentId>,
        record: &mut RecordBuf,
    ) -> Result<Lsn, LogError> {
        let room = FRAME_BYTES + record.body().len();
        let full = writer.length + room as u64 > self.options.segment_bytes && writer.holds_records();
        if writer.spoiled || full {
            self.roll(writer)?;
        }
        writer.mend()?;
        if wanted.is_some_and(|w| w != writer.segment) {
            return Err(LogError::SegmentClosed { current: writer.segment });
        }
        let (segment, offset) = (writer.segment, writer.length);
        let bytes = record.seal(segment, offset).ok_or(LogError::TooLong(room))?;
        let file = writer.file.as_ref().expect("a segment was begun");
        if let Err(error) = disk::append_all(&file.file, &file.path, bytes) {
            writer.torn = true;
            let _ = writer.mend();
            return Err(error.into());
        }
        writer.length += bytes.len() as u64;
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(writer.end())
    }

    /// Closes the segment, durably, and begins the next, which is returned: what is appended from now on lies in it
    /// or behind it.
    pub fn cut(&self) -> Result<SegmentId, LogError> {
        let mut writer = self.writer.lock();
        if writer.holds_records() || writer.spoiled {
            self.roll(&mut writer)?;
        }
        Ok(writer.segment)
    }

    fn roll(&self, writer: &mut Writer) -> Result<(), LogError> {
        writer.mend()?;
        if let (false, Some(file)) = (writer.spoiled, writer.file.clone())
            && let Err(error) = self.sync_file(&file)
        {
            self.give_up(writer, error);
        }
        let mut closed = std::mem::take(&mut writer.closed);
        if writer.file.is_some() {
            closed.insert(writer.segment, writer.length);
        }
        let next = SegmentId(writer.segment.0 + 1);
        match Writer::begin(&self.dir, next, closed.clone()) {
            Ok(new) => *writer = new,
            Err(error) => {
                if writer.file.is_some() {
                    closed.remove(&writer.segment);
                }
                writer.closed = closed;
                return Err(error);
            }
        }
        self.segment.store(next.0, Ordering::Release);
        self.bytes.fetch_add(HEADER_BYTES as u64, Ordering::Relaxed);
        let mut durable = self.durable.lock();
        durable.synced = durable.synced.max(Lsn { segment: next, offset: HEADER_BYTES as u64 });
        drop(durable);
        self.synced.notify_all();
        Ok(())
    }

    /// Returns when the record that ends at a place is on disk, or cannot be any more.
    pub fn sync(&self, lsn: Lsn) -> Result<(), LogError> {
        let mut durable = self.durable.lock();
        loop {
            if let Some(fate) = durable.fate(lsn) {
                return fate;
            }
            if durable.syncing {
                self.synced.wait(&mut durable);
                continue;
            }
            durable.syncing = true;
            drop(durable);
            let reached = self.sync_written();
            durable = self.durable.lock();
            durable.syncing = false;
            self.synced.notify_all();
            if reached < lsn {
                let error = io::Error::new(io::ErrorKind::InvalidInput, "nothing was appended there yet");
                return durable.fate(lsn).unwrap_or(Err(error.into()));
            }
        }
    }

    /// Syncs what was written so far, and notes whether that is durable or lost. Returns its end.
    fn sync_written(&self) -> Lsn {
        let (file, target) = {
            let writer = self.writer.lock();
            let file = writer.file.clone().filter(|_| !writer.spoiled);
            (file, writer.end())
        };
        // Of a spoiled segment all that is not durable is known to be lost.
        let Some(file) = file else { return target };
        match self.sync_file(&file) {
            Ok(()) => {
                let mut durable = self.durable.lock();
                durable.synced = durable.synced.max(target);
            }
            Err(error) => {
                let mut writer = self.writer.lock();
                // A closed segment was given up by whoever closed it, who was told the same error.
                if writer.segment == target.segment {
                    self.give_up(&mut writer, error);
                }
            }
        }
        target
    }

    /// Makes everything appended so far durable.
    pub fn sync_all(&self) -> Result<(), LogError> {
        let end = self.writer.lock().end();
        self.sync(end)
    }

    fn sync_file(&self, file: &SegmentFile) -> Result<(), LogError> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        file.sync()
    }

    /// After a failed sync: nothing more comes into the segment, and what of it is not durable is lost. One step for
    /// all who append, because the writer is held, and for all who wait.
    fn give_up(&self, writer: &mut Writer, error: LogError) {
        if std::mem::replace(&mut writer.spoiled, true) {
            return;
        }
        let end = writer.end();
        tracing::error!(%error, segment = end.segment.0, offset = end.offset, "the log could not be synced");
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.durable.lock().lose(end, error);
    }

    /// Removes the segments before this one.
    pub fn remove_before(&self, segment: SegmentId) -> io::Result<()> {
        let gone: Vec<(SegmentId, u64)> = {
            let writer = self.writer.lock();
            writer.closed.range(..segment).map(|(id, n)| (*id, *n)).collect()
        };
        for (id, length) in gone {
            match disk::remove_file(&id.path(&self.dir)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            if self.writer.lock().closed.remove(&id).is_some() {
                self.bytes.fetch_sub(length, Ordering::Relaxed);
            }
        }
        disk::sync_dir(&self.dir)
    }
}

impl Writer {
    fn begin(dir: &Path, id: SegmentId, closed: BTreeMap<SegmentId, u64>) -> Result<Writer, LogError> {
        let path = id.path(dir);
        let make = || -> io::Result<fs::File> {
            // A file of this name can only be what a failed attempt left: no record was ever acknowledged from it.
            disk::create(&path)?;
            let file = disk::open_append(&path)?;
            disk::append_all(&file, &path, &id.header())?;
            disk::sync_data(&file, &path)?;
            disk::sync_dir(dir)?;
            Ok(file)
        };
        match make() {
            Ok(file) => Ok(Writer {
                segment: id,
                file: Some(Arc::new(SegmentFile { file, path, failed: Mutex::new(None) })),
                length: HEADER_BYTES as u64,
                torn: false,
                spoiled: false,
                closed,
            }),
            Err(error) => {
                let _ = disk::remove_file(&path);
                Err(error.into())
            }
        }
    }

    /// Has no segment yet: the next append begins it.
    fn waiting(id: SegmentId, closed: BTreeMap<SegmentId, u64>) -> Writer {
        let (segment, length) = (SegmentId(id.0 - 1), HEADER_BYTES as u64);
        Writer { segment, file: None, length, torn: false, spoiled: true, closed }
    }

    fn end(&self) -> Lsn {
        Lsn { segment: self.segment, offset: self.length }
    }

    fn holds_records(&self) -> bool {
        self.length > HEADER_BYTES as u64
    }

    /// Cuts off what a failed write left.
    fn mend(&mut self) -> Result<(), LogError> {
        if self.torn
            && let Some(file) = &self.file
        {
            file.file.set_len(self.length)?;
            self.torn = false;
        }
        Ok(())
    }
}
