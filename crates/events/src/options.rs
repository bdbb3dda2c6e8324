//! What the event store is opened with.

use base::{Budget, Clock};
use model::event::Kind;
use std::path::PathBuf;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// How long the files of a kind are kept. Whichever limit is met first counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Files whose newest event is older go.
    pub age: Option<Duration>,
    /// The oldest files go while all together are longer.
    pub bytes: Option<u64>,
}

/// Who flushes, merges and deletes what is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// Threads of the store's own, until [`crate::Events::close`].
    Threads,
    /// Whoever calls [`crate::Events::tick`]: for tests and tools.
    Manual,
}

/// See the fields; [`EventOptions::new`] has the defaults.
#[derive(Clone, Debug)]
pub struct EventOptions {
    /// The log lies under it, in `wal/`. Files lie in the object store.
    pub dir: PathBuf,
    /// The folder of the object store when it is a local one: scans then read its files without a detour.
    pub objects_dir: Option<PathBuf>,
    pub clock: Clock,
    /// What memtables and caches may hold.
    pub budget: Budget,
    /// By [`EventOptions::keep`].
    pub keep_spans: Keep,
    pub keep_logs: Keep,
    pub keep_errors: Keep,
    /// The memtables are flushed when they hold this much together, and never later than at a quarter of the budget,
    /// because one is filled while another is written. 128 MB are about 400,000 spans of 12 attributes.
    pub memtable_bytes_max: u64,
    /// … or when the log is this long, which is what a start has to replay: 128 MB took 0.3 s on two busy cores.
    pub log_bytes_max: u64,
    /// … or when their oldest event has been waiting so long.
    pub flush_interval: Duration,
    /// Length at which a segment of the log is closed.
    pub wal_segment_bytes: u64,
    /// Of footers and indexes of files.
    pub cache_bytes_max: u64,
    /// Batches that a slow reader of the live tail may be behind, before it is told that it missed some. With batches
    /// of 100 kB, which the memtable holds anyway: 25 MB at worst.
    pub tail_batches_max: usize,
    /// Files are merged until they are this long.
    pub file_bytes_max: u64,
    pub background: Background,
}

impl EventOptions {
    pub fn new(dir: impl Into<PathBuf>) -> EventOptions {
        let keep = |days: u32| Keep { age: Some(DAY * days), bytes: None };
        EventOptions {
            dir: dir.into(),
            objects_dir: None,
            clock: Clock::system(),
            budget: Budget::new("events", 1 << 30),
            keep_spans: keep(14),
            keep_logs: keep(30),
            keep_errors: keep(90),
            memtable_bytes_max: 128 << 20,
            log_bytes_max: 128 << 20,
            flush_interval: Duration::from_secs(600),
            wal_segment_bytes: 64 << 20,
            cache_bytes_max: 64 << 20,
            tail_batches_max: 256,
            file_bytes_max: 512 << 20,
            background: Background::Threads,
        }
    }

    pub fn keep(&self, kind: Kind) -> Keep {
        match kind {
            Kind::Span => self.keep_spans,
            Kind::Log => self.keep_logs,
            Kind::Error => self.keep_errors,
        }
    }

    /// See [`EventOptions::memtable_bytes_max`].
    pub(crate) fn memtable_bytes(&self) -> u64 {
        self.memtable_bytes_max.min(self.budget.limit_bytes() / 4)
    }
}
