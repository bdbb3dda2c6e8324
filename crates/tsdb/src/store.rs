//! The parts of an open store and how they hang together. What is done with them lies in the modules named after
//! the deeds: `commit`, `read`, `flush`, `compact`, `retention`, `admin`.
//!
//! Order of locks: `compacting`, `flushing`, `gate`, `applying`, then `exemplars`, `metadata`, those of the head, `view`.

use crate::batch::Batch;
use crate::block::{Block, BlockId};
use crate::error::{AppendError, CommitError};
use crate::exemplars::Exemplars;
use crate::head::Head;
use crate::labels_cache::LabelsCache;
use crate::observer::Observer;
use crate::options::Options;
use crate::stats::{Counters, Recovery};
use crate::view::View;
use base::random::Random;
use base::{Reservation, Stopper};
use model::Metadata;
use parking_lot::{Mutex, RwLock};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use wal::{Log, RecordBuf};

/// The reservation follows the head in steps of this size, so that a commit rarely touches the budget.
const RESERVE_STEP_BYTES: u64 = 1 << 20;
/// Who finds the head over its budget comes again after this time: a flush of 20 million samples takes seconds.
const RETRY_AFTER_MS: u64 = 5_000;
/// Idle buffers kept for later batches: one a writer that is busy at the same time.
const SPARE_MAX: usize = 8;
/// A buffer that grew over this is not kept: 100,000 samples are 2.4 MB.
const SPARE_BYTES_MAX: usize = 4 << 20;

pub(crate) struct Store {
    pub options: Options,
    pub recovery: Recovery,
    pub head: Head,
    pub log: Log,
    pub view: RwLock<Arc<View>>,
    /// Held to read by a commit from its record in the log to its samples in the head; to write by whoever cuts
    /// both at one place.
    pub gate: RwLock<()>,
    /// Held to read while a batch is put into the head; to write by a reader for the moment it looks how far the
    /// head reaches, so that it sees batches whole.
    pub applying: RwLock<()>,
    pub exemplars: Mutex<Exemplars>,
    pub metadata: Mutex<BTreeMap<String, Metadata>>,
    /// One flush, deletion or snapshot at a time.
    pub flushing: Mutex<Flushing>,
    /// One merge at a time; also held by whatever must not have blocks replaced under it. Holds the blocks that are
    /// damaged: they are served as far as they go and left out of merges.
    pub compacting: Mutex<BTreeSet<BlockId>>,
    /// Blocks that are no more, and whose files are still to be removed.
    pub doomed: Mutex<Vec<Block>>,
    pub labels_cache: LabelsCache,
    pub counters: Counters,
    pub closed: AtomicBool,
    pub stopper: Stopper,
    /// Rung when the head wants to be flushed before its time.
    pub bell: base::workers::Bell,
    reservation: Mutex<Reservation>,
    over_budget: AtomicBool,
    pub disk_full: AtomicBool,
    last_block_ms: AtomicI64,
    /// The newest sample when the head was last flushed.
    pub flushed_to_ms: AtomicI64,
    random: Mutex<Random>,
    spare_batches: Mutex<Vec<Batch>>,
    spare_records: Mutex<Vec<RecordBuf>>,
    /// Told of every batch that was taken.
    pub observer: OnceLock<Arc<dyn Observer>>,
    /// Locked while the store is open: one process a directory.
    pub _lock: File,
}

/// What a flush that failed left for the next.
#[derive(Debug, Default)]
pub(crate) struct Flushing {
    /// Segments before this one hold nothing but what is frozen, or in blocks already.
    pub log_from: Option<wal::SegmentId>,
    /// Where the record ends that carries metadata and exemplars into the segments that stay.
    pub carried: Option<wal::Lsn>,
}

/// What [`Store::new`] puts together.
pub(crate) struct Parts {
    pub options: Options,
    pub recovery: Recovery,
    pub head: Head,
    pub log: Log,
    pub view: View,
    pub exemplars: Exemplars,
    pub metadata: BTreeMap<String, Metadata>,
    pub lock: File,
}

impl Store {
    pub fn new(parts: Parts) -> Store {
        let last_block = parts.view.blocks.iter().map(|b| b.meta().id.created_ms()).max().unwrap_or(0);
        let flushed_to = parts.view.blocks.iter().map(|b| b.meta().max_ms).max().unwrap_or(i64::MIN);
        let reservation = parts.options.budget.reserve(0).expect("nothing always fits");
        Store {
            options: parts.options,
            recovery: parts.recovery,
            head: parts.head,
            log: parts.log,
            view: RwLock::new(Arc::new(parts.view)),
            gate: RwLock::new(()),
            applying: RwLock::new(()),
            exemplars: Mutex::new(parts.exemplars),
            metadata: Mutex::new(parts.metadata),
            flushing: Mutex::default(),
            compacting: Mutex::default(),
            doomed: Mutex::default(),
            labels_cache: LabelsCache::default(),
            counters: Counters::default(),
            closed: AtomicBool::new(false),
            stopper: Stopper::new(),
            bell: base::workers::Bell::default(),
            reservation: Mutex::new(reservation),
            over_budget: AtomicBool::new(false),
            disk_full: AtomicBool::new(false),
            last_block_ms: AtomicI64::new(last_block),
            flushed_to_ms: AtomicI64::new(flushed_to),
            random: Mutex::new(Random::from_entropy()),
            spare_batches: Mutex::default(),
            spare_records: Mutex::default(),
            observer: OnceLock::new(),
            _lock: parts.lock,
        }
    }

    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.view.read())
    }

    pub fn change_view(&self, change: impl FnOnce(&View) -> View) {
        let mut view = self.view.write();
        let new = change(&view);
        *view = Arc::new(new);
    }

    pub fn blocks_dir(&self) -> PathBuf {
        self.options.dir.join("blocks")
    }

    /// A name for a block with what the head holds: later than all there are, whatever the clock says.
    pub fn new_block_id(&self) -> BlockId {
        let now = self.options.clock.now_ms();
        let before = self
            .last_block_ms
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(now.max(last + 1)));
        let ms = now.max(before.unwrap_or(now) + 1);
        BlockId::new(ms, &mut self.random.lock())
    }

    /// A name for what replaces blocks: it comes to lie behind the newest of them, and before whatever was
    /// written since.
    pub fn merged_block_id(&self, sources: &[Block]) -> BlockId {
        let newest = sources.iter().map(|b| b.meta().id.created_ms()).max().unwrap_or(0);
        BlockId::new(newest, &mut self.random.lock())
    }

    /// The newest sample anywhere; `None` in an empty store.
    pub fn newest_ms(&self) -> Option<i64> {
        Some(self.head.max_ms()).filter(|t| *t != crate::head::page::NEVER)
    }

    /// Lets the reservation follow what the head holds.
    pub fn account(&self) -> Result<(), CommitError> {
        let bytes = self.head.bytes();
        let mut reservation = self.reservation.lock();
        let held = reservation.bytes();
        let fits = if bytes > held {
            let step = (bytes - held).next_multiple_of(RESERVE_STEP_BYTES);
            reservation.grow(step).is_ok()
        } else {
            if held - bytes > 2 * RESERVE_STEP_BYTES {
                reservation.shrink(held - bytes - RESERVE_STEP_BYTES);
            }
            true
        };
        drop(reservation);
        self.over_budget.store(!fits, Ordering::Relaxed);
        if fits {
            return Ok(());
        }
        self.bell.ring();
        let limit_bytes = self.options.budget.limit_bytes();
        Err(CommitError::OverBudget { limit_bytes, retry_after_ms: RETRY_AFTER_MS })
    }

    /// Asked by each commit: cheap while all is well.
    pub fn admit(&self) -> Result<(), CommitError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(CommitError::Closed);
        }
        if self.over_budget.load(Ordering::Relaxed) { self.account() } else { Ok(()) }
    }

    /// Asked for each series that would be new: its labels take memory before there is a commit to refuse.
    pub fn admit_series(&self) -> Result<(), AppendError> {
        if !self.is_over_budget() && !self.wants_account() {
            return Ok(());
        }
        let limit_bytes = self.options.budget.limit_bytes();
        self.account().map_err(|_| AppendError::OverBudget { limit_bytes })
    }

    pub fn is_over_budget(&self) -> bool {
        self.over_budget.load(Ordering::Relaxed)
    }

    /// Whether the reservation is far from what the head holds.
    pub fn wants_account(&self) -> bool {
        self.head.bytes().abs_diff(self.reservation.lock().bytes()) > RESERVE_STEP_BYTES
    }

    pub fn spare_batch(&self) -> Batch {
        self.spare_batches.lock().pop().unwrap_or_default()
    }

    pub fn keep_batch(&self, mut batch: Batch) {
        batch.clear();
        let mut spare = self.spare_batches.lock();
        if spare.len() < SPARE_MAX && batch.floats.capacity() * 24 <= SPARE_BYTES_MAX {
            spare.push(batch);
        }
    }

    pub fn spare_record(&self) -> RecordBuf {
        self.spare_records.lock().pop().unwrap_or_default()
    }

    pub fn keep_record(&self, mut record: RecordBuf) {
        record.clear();
        let mut spare = self.spare_records.lock();
        if spare.len() < SPARE_MAX && record.body_mut().capacity() <= SPARE_BYTES_MAX {
            spare.push(record);
        }
    }
}

/// A count that only grows.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub fn add(&self, n: u64) {
        if n > 0 {
            self.0.fetch_add(n, Ordering::Relaxed);
        }
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
