//! Figures about the store, for `/metrics` and the screen.

use crate::store::Store;
use model::event::Kind;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// One kind of event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindStats {
    /// Events taken since the start.
    pub appended: u64,
    /// Events in no file yet.
    pub memory_rows: u64,
    pub files: u64,
    pub file_rows: u64,
    pub file_bytes: u64,
    /// Times of the first and the last event in files, Unix nanoseconds.
    pub oldest_ns: Option<i64>,
    pub newest_ns: Option<i64>,
    /// Columns of attributes.
    pub columns: u64,
    /// Those who follow the live tail.
    pub tails: u64,
}

/// The store as it is now, and what was counted since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventStats {
    pub spans: KindStats,
    pub logs: KindStats,
    pub errors: KindStats,
    pub batches: u64,
    /// Memory held by events in no file yet.
    pub memory_bytes: u64,
    /// A flush has begun and not ended: it is being written, or is tried again.
    pub flushing: bool,
    pub budget_used_bytes: u64,
    pub budget_limit_bytes: u64,
    /// Batches refused for want of memory.
    pub over_budget: u64,
    /// Writes are refused because the disk is full.
    pub disk_full: bool,
    pub log_bytes: u64,
    pub log_segment: u64,
    pub log_syncs: u64,
    pub log_failures: u64,
    /// Places of the log that opening could not read.
    pub log_damage: u64,
    pub flushes: u64,
    pub flushes_failed: u64,
    pub merges: u64,
    pub merges_failed: u64,
    /// Files that went because they were too old, and because there were too many.
    pub files_too_old: u64,
    pub files_too_many: u64,
    pub objects_deleted: u64,
    /// Attributes that went to the overflow column, and that did not fit there.
    pub attributes_overflowed: u64,
    pub attributes_cut: u64,
    /// Pieces of files that could not be read.
    pub damage: u64,
    /// What they are, `file: what`.
    pub damaged: Vec<String>,
    /// What is kept of footers and indexes.
    pub cache_bytes: u64,
    /// Batches that readers of the live tail missed.
    pub tail_lagged: u64,
    /// Our own mistakes: each is logged.
    pub invariants: u64,
}

impl EventStats {
    pub fn kind(&self, kind: Kind) -> &KindStats {
        match kind {
            Kind::Span => &self.spans,
            Kind::Log => &self.logs,
            Kind::Error => &self.errors,
        }
    }
}

/// What opening found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    pub replayed_events: u64,
    pub replayed_batches: u64,
    pub replayed_bytes: u64,
    pub took_ms: u64,
    /// Places of the log that could not be read: each is logged as well.
    pub damage: Vec<LogDamage>,
}

/// A part of the log that is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDamage {
    pub file: PathBuf,
    /// Where the last good record ends.
    pub offset: u64,
    pub dropped_bytes: u64,
    pub reason: String,
}

#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the parts of the store count.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// By kind.
    pub rows: [Count; 3],
    pub batches: Count,
    pub over_budget: Count,
    pub flushes: Count,
    pub flushes_failed: Count,
    pub merges: Count,
    pub merges_failed: Count,
    pub too_old: Count,
    pub too_many: Count,
    pub objects_deleted: Count,
    pub tail_lagged: Count,
    pub invariants: Count,
}

impl Store {
    /// See [`crate::Events::stats`].
    pub(crate) fn stats(&self) -> EventStats {
        let (c, view) = (&self.counters, self.view());
        let memtables = || view.frozen.iter().chain([&view.active]);
        let memory = &view.active.counters;
        EventStats {
            spans: self.kind_stats(Kind::Span),
            logs: self.kind_stats(Kind::Log),
            errors: self.kind_stats(Kind::Error),
            batches: c.batches.get(),
            memory_bytes: memtables().map(|memtable| memtable.bytes()).sum(),
            flushing: view.frozen.is_some(),
            budget_used_bytes: self.options.budget.used_bytes(),
            budget_limit_bytes: self.options.budget.limit_bytes(),
            over_budget: c.over_budget.get(),
            disk_full: self.disk_full.load(Ordering::Relaxed),
            log_bytes: self.log.bytes(),
            log_segment: self.log.segment().0,
            log_syncs: self.log.syncs(),
            log_failures: self.log.failures(),
            log_damage: self.recovery.damage.len() as u64,
            flushes: c.flushes.get(),
            flushes_failed: c.flushes_failed.get(),
            merges: c.merges.get(),
            merges_failed: c.merges_failed.get(),
            files_too_old: c.too_old.get(),
            files_too_many: c.too_many.get(),
            objects_deleted: c.objects_deleted.get(),
            attributes_overflowed: memory.overflowed.load(Ordering::Relaxed),
            attributes_cut: memory.cut.load(Ordering::Relaxed),
            damage: self.reader.damage().count(),
            damaged: self.reader.damage().messages(),
            cache_bytes: self.reader.cache_bytes(),
            tail_lagged: c.tail_lagged.get(),
            invariants: c.invariants.get(),
        }
    }

    fn kind_stats(&self, kind: Kind) -> KindStats {
        let view = self.view();
        let files = || view.files.iter().map(|file| file.meta()).filter(|meta| meta.kind == kind);
        let columns = self.registry(kind).columns();
        KindStats {
            appended: self.counters.rows[kind as usize].get(),
            memory_rows: view.frozen.iter().chain([&view.active]).map(|memtable| memtable.rows(kind)).sum(),
            files: files().count() as u64,
            file_rows: files().map(|meta| meta.rows).sum(),
            file_bytes: files().map(|meta| meta.bytes).sum(),
            oldest_ns: files().map(|meta| meta.min_time_ns).min(),
            newest_ns: files().map(|meta| meta.max_time_ns).max(),
            columns: (columns.len() - crate::columns::builtins(kind).len()) as u64,
            tails: self.tails[kind as usize].receiver_count() as u64,
        }
    }
}
