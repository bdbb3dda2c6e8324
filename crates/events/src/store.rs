//! The store: its parts, and the handle that the rest of the program has.
//!
//! Locks, in the order in which they are taken: `flushing` or `compacting` → `gate` → `view` → those of a memtable.
//! `gate` is held for reading by who appends, from the log to the memtable, and for writing by a flush for the moment
//! in which it cuts both: so what is in a segment of the log and what is in a memtable are the same events.

use crate::columns::{Columns, Registry};
use crate::error::{AppendError, EventsError, OpenError};
use crate::files::FileEntry;
use crate::memtable::Memtable;
use crate::options::EventOptions;
use crate::scan::{MemorySource, Reader, Snapshot};
use crate::stats::{Counters, EventStats, Recovery};
use crate::view::View;
use base::Stopper;
use base::workers::Bell;
use model::event::{Batch, Kind};
use object_store::ObjectStore;
use parking_lot::{Mutex, RwLock};
use state::{Catalog, FileId, NewEventFile};
use std::collections::BTreeSet;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::thread::JoinHandle;
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use wal::{Log, Lsn, RecordBuf, SegmentId};

/// A handle; clones are of the same store.
#[derive(Clone)]
pub struct Events(pub(crate) Arc<Store>);

/// A batch that was appended and is not acknowledged yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a batch is acknowledged by `sync`"]
pub struct Appended {
    pub(crate) lsn: Lsn,
    pub rows: usize,
}

pub(crate) struct Store {
    pub options: EventOptions,
    pub catalog: Catalog,
    pub objects: Arc<dyn ObjectStore>,
    pub runtime: Handle,
    pub log: Log,
    pub gate: RwLock<()>,
    view: RwLock<Arc<View>>,
    pub registries: [Registry; 3],
    pub reader: Arc<Reader>,
    pub flushing: Mutex<Flushing>,
    pub compacting: Mutex<Compacting>,
    pub tails: [broadcast::Sender<Arc<Batch>>; 3],
    pub records: Mutex<Vec<RecordBuf>>,
    pub counters: Counters,
    pub recovery: Recovery,
    /// Writes are refused for want of room on the disk.
    pub disk_full: AtomicBool,
    /// A batch was refused for want of memory since the last flush.
    pub pressed: AtomicBool,
    pub closed: AtomicBool,
    /// Names of objects that nobody reads any more.
    pub reaper: Sender<String>,
    pub doomed: Mutex<Receiver<String>>,
    /// Random: tells the objects of this run from those of others.
    pub run: u64,
    pub files_made: AtomicU64,
    pub seal_bell: Bell,
    pub flush_bell: Bell,
    pub stopper: Stopper,
    pub threads: Mutex<Vec<JoinHandle<()>>>,
    /// Held while the store is open: another process must not write here.
    pub _lock: File,
}

/// A flush that has begun: from the cut of the log to its removal.
#[derive(Debug, Default)]
pub(crate) struct Flushing {
    /// Where the log was cut: all before it is in the frozen memtable.
    pub cut: Option<SegmentId>,
    /// The files that were written of it, when it is not known whether the catalog has taken them.
    pub written: Option<Vec<NewEventFile>>,
    /// The segments before this one are in files and can go.
    pub release: Option<SegmentId>,
}

#[derive(Debug, Default)]
pub(crate) struct Compacting {
    /// Files that could not be read in full: they are left as they are.
    pub unreadable: BTreeSet<FileId>,
    /// What earlier runs left was looked for.
    pub swept: bool,
}

impl Events {
    /// Opens the store and replays its log. `objects` is where the files are; the catalog says which.
    pub async fn open(
        options: EventOptions,
        catalog: Catalog,
        objects: Arc<dyn ObjectStore>,
    ) -> Result<Events, OpenError> {
        let store = crate::open::open(options, catalog, objects).await?;
        let store = Arc::new(store);
        *store.threads.lock() = crate::background::start(&store);
        Ok(Events(store))
    }

    /// Takes a batch: into the log, and into the memtable, where it can be found. It is not acknowledged before
    /// [`Events::sync`]. Blocks while the kernel takes the bytes.
    pub fn append(&self, batch: Arc<Batch>) -> Result<Appended, AppendError> {
        let mut appended = self.append_all(&[batch])?;
        appended.pop().ok_or(AppendError::Closed)
    }

    /// Takes batches that belong together. When there is no memory for all of them, none is taken.
    pub fn append_all(&self, batches: &[Arc<Batch>]) -> Result<Vec<Appended>, AppendError> {
        self.0.append_all(batches)
    }

    /// Returns when a batch is on disk. Whoever waits at the same time waits for one sync together. After an error the
    /// batch has to be sent again; until the store is closed it may then be found twice.
    pub fn sync(&self, appended: Appended) -> Result<(), AppendError> {
        Ok(self.0.log.sync(appended.lsn)?)
    }

    /// What there is now, the newest batch included. Works on rows that nobody has looked at yet (up to 16,384: 10 ms),
    /// so it is for threads that may block.
    pub fn snapshot(&self, kind: Kind) -> Snapshot {
        self.0.snapshot(kind)
    }

    /// The columns there are now.
    pub fn columns(&self, kind: Kind) -> Arc<Columns> {
        self.0.registry(kind).columns()
    }

    /// Each batch from now on, before it is acknowledged. Who is too slow is told how many it missed.
    pub fn subscribe(&self, kind: Kind) -> broadcast::Receiver<Arc<Batch>> {
        self.0.tails[kind as usize].subscribe()
    }

    /// Counts batches that a reader of the live tail missed.
    pub fn note_tail_lag(&self, batches: u64) {
        self.0.counters.tail_lagged.add(batches);
    }

    /// Writes what is in memory to files.
    pub async fn flush(&self) -> Result<(), EventsError> {
        self.blocking(Store::flush).await
    }

    /// One round of all that the threads of the background do.
    pub async fn tick(&self) -> Result<(), EventsError> {
        self.blocking(Store::tick).await
    }

    async fn blocking(&self, work: fn(&Store) -> Result<(), EventsError>) -> Result<(), EventsError> {
        let store = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.unwrap_or_else(|panicked| Err(EventsError::failed(panicked)))
    }

    pub fn stats(&self) -> EventStats {
        self.0.stats()
    }

    /// What opening found and did.
    pub fn recovery(&self) -> &Recovery {
        &self.0.recovery
    }

    /// Refuses batches from now on, writes what is in memory to files, and joins the threads. A flush that fails loses
    /// nothing: the next start replays the log.
    pub async fn close(&self) {
        if self.0.closed.swap(true, Ordering::SeqCst) {
            return;
        }
        self.0.stopper.stop();
        self.0.seal_bell.ring();
        self.0.flush_bell.ring();
        let threads = std::mem::take(&mut *self.0.threads.lock());
        let joined = tokio::task::spawn_blocking(move || {
            threads.into_iter().filter_map(|thread| thread.join().err()).count()
        });
        if joined.await.is_ok_and(|panicked| panicked > 0) {
            tracing::error!("a thread of the event store has panicked");
        }
        // Failures are counted and logged where they happen.
        let _ = self.flush().await;
        let _ = self.blocking(Store::reap).await;
    }
}

impl Store {
    pub fn registry(&self, kind: Kind) -> &Registry {
        &self.registries[kind as usize]
    }

    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read())
    }

    /// Exchanges the view.
    pub fn change_view(&self, change: impl FnOnce(&View) -> View) {
        let mut view = self.view.write();
        *view = Arc::new(change(&view));
    }

    pub fn new_view(active: Memtable, files: Vec<FileEntry>) -> RwLock<Arc<View>> {
        RwLock::new(Arc::new(View { active: Arc::new(active), frozen: None, files: Arc::new(files) }))
    }

    fn snapshot(&self, kind: Kind) -> Snapshot {
        let view = self.view();
        let registry = self.registry(kind);
        let mut memory: Vec<Arc<MemorySource>> = Vec::new();
        for memtable in view.frozen.iter().chain([&view.active]) {
            match memtable.sources(kind, registry, &self.options.budget) {
                Ok(sources) => memory.extend(sources),
                Err(error) => {
                    self.counters.invariants.add(1);
                    tracing::error!(%error, kind = kind.name(), "events in memory cannot be read");
                }
            }
        }
        let files =
            view.files.iter().filter(|f| f.meta().kind == kind).map(|f| Arc::clone(&f.source)).collect();
        // The columns last: making sources may have added some.
        Snapshot::new(kind, registry.columns(), memory, files, Arc::clone(&self.reader))
    }
}

/// What the store is made of when it is opened.
pub(crate) struct Parts {
    pub options: EventOptions,
    pub catalog: Catalog,
    pub objects: Arc<dyn ObjectStore>,
    pub log: Log,
    pub memtable: Memtable,
    pub files: Vec<FileEntry>,
    pub registries: [Registry; 3],
    pub reader: Arc<Reader>,
    pub recovery: Recovery,
    pub counters: Counters,
    pub reaper: (Sender<String>, Receiver<String>),
    pub lock: File,
}

impl Store {
    pub fn new(parts: Parts) -> Store {
        let tail = || broadcast::channel(parts.options.tail_batches_max).0;
        Store {
            tails: [tail(), tail(), tail()],
            catalog: parts.catalog,
            objects: parts.objects,
            runtime: Handle::current(),
            log: parts.log,
            gate: RwLock::new(()),
            view: Store::new_view(parts.memtable, parts.files),
            registries: parts.registries,
            reader: parts.reader,
            flushing: Mutex::default(),
            compacting: Mutex::default(),
            records: Mutex::default(),
            counters: parts.counters,
            recovery: parts.recovery,
            disk_full: AtomicBool::new(false),
            pressed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            reaper: parts.reaper.0,
            doomed: Mutex::new(parts.reaper.1),
            run: base::random::Random::from_entropy().next_u64(),
            files_made: AtomicU64::new(0),
            seal_bell: Bell::default(),
            flush_bell: Bell::default(),
            stopper: Stopper::new(),
            threads: Mutex::default(),
            _lock: parts.lock,
            options: parts.options,
        }
    }
}
