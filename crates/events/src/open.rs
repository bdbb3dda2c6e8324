//! Opening the store: the catalog, then what of the log is in no file.
//!
//! Records are decoded by several threads, a segment each, and put into the memtable in their order as batches; columns
//! are made of them later, so that the store is ready when the bytes are read. A record that cannot be read is reported
//! and left out; an unfinished one at the end was never acknowledged.

use crate::columns::Registry;
use crate::error::OpenError;
use crate::files::FileEntry;
use crate::memtable::{Held, MemCounters, Memtable};
use crate::options::EventOptions;
use crate::record;
use crate::scan::{Objects, Reader};
use crate::stats::{Counters, LogDamage, Recovery};
use crate::store::{Parts, Store};
use base::disk;
use model::event::{Batch, Kind};
use object_store::ObjectStore;
use state::{Catalog, FileChange};
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use tokio::runtime::Handle;
use wal::{Log, LogError, LogOptions, Segment};

/// Threads that decode; more would wait for memory.
const THREADS_MAX: usize = 4;

pub(crate) async fn open(
    options: EventOptions,
    catalog: Catalog,
    objects: Arc<dyn ObjectStore>,
) -> Result<Store, OpenError> {
    let started = options.clock.monotonic();
    let files = catalog.event_files().await?;
    let columns = catalog.event_columns().await?;
    let flushed_through = catalog.flushed_through().await?;
    let registries = Kind::ALL.map(|kind| Registry::new(kind, &columns));
    let memtable = Memtable::new(Arc::new(MemCounters::default()));
    let opening = Opening { options, memtable, flushed_through, recovery: Recovery::default() };
    let opened = tokio::task::spawn_blocking(move || opening.run()).await;
    let opened = opened.unwrap_or_else(|panicked| {
        Err(OpenError::Io { path: PathBuf::from("wal"), error: io::Error::other(panicked) })
    });
    let Opened { opening, log, lock } = opened?;
    let Opening { options, memtable, mut recovery, .. } = opening;
    // A log that was deleted begins again at 1: an old watermark would have what comes now thrown away.
    if flushed_through.is_some_and(|segment| segment >= log.segment().0) {
        let flushed_through = Some(log.segment().0 - 1);
        catalog.change(&FileChange { flushed_through, ..FileChange::default() }).await?;
        tracing::warn!("the log of events begins anew: its segments were deleted");
    }
    let reader = match &options.objects_dir {
        Some(dir) => Objects::local(dir.clone()),
        None => Objects::remote(Arc::clone(&objects), Handle::current()),
    };
    let reader = Reader::new(reader, options.cache_bytes_max);
    let reaper = mpsc::channel();
    let files = files.into_iter().map(|file| FileEntry::new(file, &reaper.0)).collect();
    recovery.took_ms = (options.clock.monotonic() - started).as_millis() as u64;
    let counters = Counters::default();
    let store = Store::new(Parts {
        options,
        catalog,
        objects,
        log,
        memtable,
        files,
        registries,
        reader,
        recovery,
        counters,
        reaper,
        lock,
    });
    Ok(store)
}

struct Opening {
    options: EventOptions,
    memtable: Memtable,
    /// Segments up to this one are in files.
    flushed_through: Option<u64>,
    recovery: Recovery,
}

struct Opened {
    opening: Opening,
    log: Log,
    lock: File,
}

impl Opening {
    fn run(mut self) -> Result<Opened, OpenError> {
        let dir = self.options.dir.join("wal");
        disk::create_dir_all(&dir).map_err(|e| io_error(&dir, e))?;
        let lock = lock(&self.options.dir.join("lock"))?;
        let segments = wal::read_segments(&dir).map_err(|e| io_error(&dir, e))?;
        let (flushed, waiting): (Vec<Segment>, Vec<Segment>) = segments
            .into_iter()
            .partition(|s| self.flushed_through.is_some_and(|through| s.id().0 <= through));
        for segment in flushed {
            let path = segment.path().to_owned();
            drop(segment);
            disk::remove_file(&path).map_err(|e| io_error(&path, e))?;
        }
        let torn = self.replay(&waiting);
        drop(waiting);
        for damage in torn {
            wal::cut_torn(&damage).map_err(|e| io_error(&damage.file, e))?;
        }
        let log_options = LogOptions { segment_bytes: self.options.wal_segment_bytes };
        let log = Log::open(&dir, log_options).map_err(|error| match error {
            LogError::Io(error) => io_error(&dir, io::Error::new(error.kind(), error.to_string())),
            other => io_error(&dir, io::Error::other(other.to_string())),
        })?;
        Ok(Opened { opening: self, log, lock })
    }

    /// Puts what the segments hold into the memtable. Returns what is to be cut off.
    fn replay(&mut self, segments: &[Segment]) -> Vec<wal::Damage> {
        let decoded: Vec<OnceLock<Decoded>> = segments.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
        std::thread::scope(|scope| {
            for _ in 0..threads.min(segments.len()) {
                scope.spawn(|| {
                    while let Some(segment) = segments.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let at = segments.iter().position(|s| s.id() == segment.id());
                        let place = at.map(|at| &decoded[at]);
                        let _ = place.map(|place| place.set(Decoded::of(segment)));
                    }
                });
            }
        });
        let mut torn = Vec::new();
        let now_ms = self.options.clock.now_ms();
        for (segment, decoded) in segments.iter().zip(decoded) {
            let Decoded { batches, damage, unknown } = decoded.into_inner().unwrap_or_default();
            self.recovery.replayed_bytes += segment.len();
            for batch in batches {
                self.recovery.replayed_batches += 1;
                if batch.is_empty() {
                    continue;
                }
                self.recovery.replayed_events += batch.len() as u64;
                let bytes = batch.bytes() as u64;
                // Acknowledged is acknowledged: what does not fit is held anyway, and flushed at once.
                let reservation = self.options.budget.reserve(bytes).ok();
                self.memtable.push(Held { batch: Arc::new(batch), _reservation: reservation, bytes }, now_ms);
            }
            for damage in &damage {
                tracing::error!(%damage, "a part of the log of events is lost");
                self.recovery.damage.push(LogDamage {
                    file: damage.file.clone(),
                    offset: damage.offset,
                    dropped_bytes: damage.dropped_bytes,
                    reason: damage.to_string(),
                });
            }
            torn.extend(damage);
            self.recovery.damage.extend(unknown);
        }
        torn
    }
}

/// What a segment holds.
#[derive(Default)]
struct Decoded {
    batches: Vec<Batch>,
    damage: Vec<wal::Damage>,
    /// Records with a right checksum that this program cannot read.
    unknown: Vec<LogDamage>,
}

impl Decoded {
    fn of(segment: &Segment) -> Decoded {
        let mut decoded = Decoded::default();
        for record in segment.records() {
            match record {
                Err(damage) => decoded.damage.push(damage),
                Ok(bytes) => match record::decode(bytes) {
                    Ok(batch) => decoded.batches.push(batch),
                    Err(error) => {
                        let file = segment.path().to_owned();
                        tracing::error!(%error, segment = %file.display(), "a record of the log of events is left out");
                        let (dropped_bytes, reason) = (bytes.len() as u64, error.to_string());
                        decoded.unknown.push(LogDamage { file, offset: 0, dropped_bytes, reason });
                    }
                },
            }
        }
        decoded
    }
}

fn lock(path: &Path) -> Result<File, OpenError> {
    let file = disk::open_append(path).map_err(|e| io_error(path, e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(io_error(path, error)),
    }
}

fn io_error(path: &Path, error: io::Error) -> OpenError {
    OpenError::Io { path: PathBuf::from(path), error }
}
