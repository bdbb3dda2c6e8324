//! What the store does by itself: turn batches into columns, flush, merge, and delete what is too old.
//!
//! Three threads, so that a long merge does not hold up a flush, nor a flush the columns. They also run step by step in
//! [`Store::tick`].

use crate::error::EventsError;
use crate::memtable::Rest;
use crate::options::Background;
use crate::store::Store;
use base::workers;
use model::event::Kind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

/// How often is looked whether something is due. A look costs a few loads.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often files are looked at, for retention and for merging. At a hundred thousand events a second some 50 MB of files
/// come meanwhile; that much a disk limit may be exceeded.
const COMPACT_EVERY: Duration = Duration::from_secs(10);
/// After a failed flush.
const RETRY_PAUSE: Duration = Duration::from_secs(5);
/// The log is synced at least so often, for batches whose sender went away before it asked.
const SYNC_EVERY: u32 = 5;

impl Store {
    /// See [`crate::Events::tick`].
    pub(crate) fn tick(&self) -> Result<(), EventsError> {
        self.seal()?;
        if self.flush_due() {
            self.flush()?;
        }
        self.sweep();
        self.compact()?;
        self.retain()?;
        self.reap()
    }

    /// Makes chunks of the batches for which there are rows.
    fn seal(&self) -> Result<(), EventsError> {
        let view = self.view();
        for kind in Kind::ALL {
            let sealed = view.active.seal(kind, self.registry(kind), &self.options.budget, Rest::Stays);
            sealed.map_err(EventsError::failed)?;
        }
        Ok(())
    }

    /// Whether the memtable should be written.
    pub(crate) fn flush_due(&self) -> bool {
        let view = self.view();
        if view.frozen.is_some() {
            return true;
        }
        let Some(since_ms) = view.active.since_ms() else { return false };
        let interval_ms = self.options.flush_interval.as_millis() as i64;
        let waited_ms = self.options.clock.now_ms().saturating_sub(since_ms);
        waited_ms >= interval_ms
            || view.active.bytes() >= self.options.memtable_bytes()
            || self.log.bytes() >= self.options.log_bytes_max
            || self.pressed.load(Ordering::Relaxed)
    }

    fn seal_loop(&self) {
        let stop = self.stopper.shutdown();
        while !stop.is_stopping() {
            self.seal_bell.wait(LOOK_EVERY);
            if let Err(error) = self.seal() {
                self.counters.invariants.add(1);
                tracing::error!(%error, "events in memory cannot be turned into columns");
                stop.wait(RETRY_PAUSE);
            }
        }
    }

    fn flush_loop(&self) {
        let stop = self.stopper.shutdown();
        let mut looks = 0u32;
        while !stop.is_stopping() {
            self.flush_bell.wait(LOOK_EVERY);
            looks += 1;
            if looks.is_multiple_of(SYNC_EVERY)
                && let Err(error) = self.log.sync_all()
            {
                tracing::error!(%error, "the log of events could not be synced");
            }
            // Failures are counted and logged where they happen.
            if self.flush_due() && self.flush().is_err() {
                stop.wait(RETRY_PAUSE);
            }
        }
    }

    fn compact_loop(&self) {
        let stop = self.stopper.shutdown();
        self.sweep();
        while !stop.wait(COMPACT_EVERY) {
            // First: what goes need not be merged.
            if let Err(error) = self.retain() {
                tracing::error!(%error, "retention of events failed; it is tried again");
            }
            let _ = self.compact();
            let _ = self.reap();
        }
    }
}

/// Starts the threads.
pub(crate) fn start(store: &Arc<Store>) -> Vec<JoinHandle<()>> {
    if store.options.background == Background::Manual {
        return Vec::new();
    }
    // The log may have left batches without columns.
    store.seal_bell.ring();
    let works: [(&str, fn(&Store)); 3] = [
        ("events-seal", Store::seal_loop),
        ("events-flush", Store::flush_loop),
        ("events-compact", Store::compact_loop),
    ];
    workers::start(store, &store.stopper.shutdown(), &works, |thread, trouble| {
        tracing::error!(thread, %trouble, "the store of events");
    })
}
