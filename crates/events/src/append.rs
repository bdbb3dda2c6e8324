//! A batch into the log and into the memtable.
//!
//! The record is made outside of all locks; what is held while it is written is `gate`, for reading, so that those who
//! append wait for each other only in the log.

use crate::error::AppendError;
use crate::memtable::{BATCH_TEXT_MAX, Held};
use crate::record;
use crate::store::{Appended, Store};
use model::event::Batch;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wal::{LogError, RecordBuf};

/// When a batch that found no memory should be sent again: a flush of 128 MB takes a few seconds.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// A flush begins when the log is `log_bytes_max` long. When it is so many times as long, events come faster than they are
/// written, and wait: the log counts as what is kept on disk, and what is flushed together goes into one file.
const LOG_BEHIND: u64 = 4;
/// Record buffers kept for the next batches, one for each that is being appended at once, up to so many …
const SPARES_MAX: usize = 8;
/// … that are not longer than this: 8 × 4 MB = 32 MB at worst.
const SPARE_BYTES_MAX: usize = 4 << 20;

impl Store {
    /// See [`crate::Events::append_all`].
    pub(crate) fn append_all(&self, batches: &[Arc<Batch>]) -> Result<Vec<Appended>, AppendError> {
        let result = self.try_append_all(batches);
        match &result {
            Ok(_) => self.disk_full.store(false, Ordering::Relaxed),
            Err(AppendError::DiskFull) => self.note_disk_full(),
            Err(_) => {}
        }
        result
    }

    fn try_append_all(&self, batches: &[Arc<Batch>]) -> Result<Vec<Appended>, AppendError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(AppendError::Closed);
        }
        self.keep_up()?;
        // There is room for all of them before the first is written: it would be there twice when all are sent again.
        let held = batches.iter().map(|batch| self.hold(batch)).collect::<Result<Vec<_>, _>>()?;
        held.into_iter().map(|held| self.put(held)).collect()
    }

    /// Wakes the flush when it is due by the log, and lets senders wait when it is far behind.
    fn keep_up(&self) -> Result<(), AppendError> {
        let log_bytes = self.log.bytes();
        if log_bytes < self.options.log_bytes_max {
            return Ok(());
        }
        self.flush_bell.ring();
        match log_bytes < self.options.log_bytes_max.saturating_mul(LOG_BEHIND) {
            true => Ok(()),
            false => Err(AppendError::Behind { log_bytes, retry_after: RETRY_AFTER }),
        }
    }

    fn hold(&self, batch: &Arc<Batch>) -> Result<Held, AppendError> {
        if batch.text.len() > BATCH_TEXT_MAX {
            return Err(AppendError::TooLong { bytes: batch.text.len() });
        }
        let bytes = batch.bytes() as u64;
        let reservation = self.options.budget.reserve(bytes).map_err(|over| {
            self.counters.over_budget.add(1);
            self.pressed.store(true, Ordering::Relaxed);
            self.flush_bell.ring();
            let (pool, limit_bytes) = (over.pool, over.limit_bytes);
            AppendError::OverBudget { pool, limit_bytes, retry_after: RETRY_AFTER }
        })?;
        Ok(Held { batch: Arc::clone(batch), _reservation: Some(reservation), bytes })
    }

    fn put(&self, held: Held) -> Result<Appended, AppendError> {
        let batch = Arc::clone(&held.batch);
        let rows = batch.len();
        let mut buffer = self.records.lock().pop().unwrap_or_default();
        buffer.clear();
        record::encode(&batch, buffer.body_mut());
        let logged = self.log_and_push(&mut buffer, held);
        self.keep_record(buffer);
        let (lsn, full) = logged?;
        self.counters.rows[batch.kind as usize].add(rows as u64);
        self.counters.batches.add(1);
        if full {
            self.seal_bell.ring();
        }
        let tail = &self.tails[batch.kind as usize];
        if tail.receiver_count() > 0 {
            // The last receiver may have gone meanwhile.
            let _ = tail.send(batch);
        }
        Ok(Appended { lsn, rows })
    }

    fn log_and_push(&self, buffer: &mut RecordBuf, held: Held) -> Result<(wal::Lsn, bool), LogError> {
        let now_ms = self.options.clock.now_ms();
        let _no_cut = self.gate.read();
        let lsn = self.log.append(buffer)?;
        // A file is made of rows: a memtable without any would make an empty one.
        let full = !held.batch.is_empty() && self.view().active.push(held, now_ms);
        Ok((lsn, full))
    }

    fn keep_record(&self, buffer: RecordBuf) {
        if buffer.body().len() <= SPARE_BYTES_MAX {
            let mut records = self.records.lock();
            if records.len() < SPARES_MAX {
                records.push(buffer);
            }
        }
    }

    pub(crate) fn note_disk_full(&self) {
        if !self.disk_full.swap(true, Ordering::Relaxed) {
            let dir = self.options.dir.display();
            tracing::error!(%dir, "the disk is full: events are refused until there is room");
        }
    }
}
