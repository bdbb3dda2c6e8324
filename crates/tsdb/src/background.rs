//! What the store does by itself: flush, merge, retention.
//!
//! Two threads, so that a long merge does not hold up a flush. Both also run step by step in [`Store::tick`].

use crate::error::AdminError;
use crate::flush::floor;
use crate::store::Store;
use base::workers;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the head is looked at. A look costs a few loads.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often blocks are looked at.
const COMPACT_EVERY: Duration = Duration::from_secs(5);
/// Retention and rules, once in so many looks at the blocks: a minute.
const RETAIN_EVERY: u32 = 12;
/// After a failed flush, and between flushes for want of memory.
const FLUSH_PAUSE: Duration = Duration::from_secs(10);
/// The log is synced at least so often, for batches that did not ask for it.
const SYNC_EVERY: u32 = 5;
/// The head is flushed when time has gone past its window by this part of the block range: a minute for two hours, so that
/// targets that are late come along.
const WINDOW_GRACE_PART: i64 = 120;
/// … but time must have gone on by this part of it since the last flush: samples that come out of order, or from a sender
/// that is behind, shall not have the head flushed each second.
const WINDOW_PAUSE_PART: i64 = 2;
/// … or when it holds this part of the memory there is.
const MEMORY_NUMERATOR: u64 = 3;
const MEMORY_DENOMINATOR: u64 = 4;

/// Why the head should be flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Window,
    Samples,
    Memory,
}

impl Store {
    fn due(&self) -> Option<Due> {
        if self.view().frozen.is_some() {
            return Some(Due::Window);
        }
        let samples = self.head.samples();
        if samples == 0 {
            // Only series without samples are left to go.
            return self.is_over_budget().then_some(Due::Memory);
        }
        if samples >= self.options.head_samples_max {
            return Some(Due::Samples);
        }
        let range = self.options.block_range_ms;
        let (min, max) = self.head.times()?;
        let past = floor(max.saturating_sub(range / WINDOW_GRACE_PART), range) > floor(min, range);
        if past && max.saturating_sub(self.flushed_to_ms.load(Ordering::Relaxed)) >= range / WINDOW_PAUSE_PART
        {
            return Some(Due::Window);
        }
        let limit = self.options.budget.limit_bytes() / MEMORY_DENOMINATOR * MEMORY_NUMERATOR;
        (self.head.bytes() > limit).then_some(Due::Memory)
    }

    /// See [`crate::Db::tick`].
    pub(crate) fn tick(&self) -> Result<(), AdminError> {
        if self.due().is_some() {
            self.flush()?;
        }
        self.compact()?;
        self.apply_rules()?;
        self.retain()
    }

    fn flush_loop(&self) {
        let stop = self.stopper.shutdown();
        let clock = &self.options.clock;
        let (mut looks, mut not_before) = (0u32, Duration::ZERO);
        while !stop.is_stopping() {
            self.bell.wait(LOOK_EVERY);
            looks += 1;
            if looks.is_multiple_of(SYNC_EVERY)
                && let Err(error) = self.log.sync_all()
            {
                tracing::error!(%error, "the log could not be synced");
            }
            let due = self.due();
            let pressing = matches!(due, Some(Due::Samples));
            if due.is_none() || (!pressing && clock.monotonic() < not_before) {
                continue;
            }
            let failed = self.flush().is_err();
            if failed || due == Some(Due::Memory) {
                not_before = clock.monotonic() + FLUSH_PAUSE;
            }
            if failed {
                stop.wait(LOOK_EVERY);
            }
        }
    }

    fn compact_loop(&self) {
        let stop = self.stopper.shutdown();
        let mut looks = 0u32;
        while !stop.wait(COMPACT_EVERY) {
            // Failures are counted and logged where they happen, and tried again here.
            let _ = self.compact();
            looks += 1;
            if looks.is_multiple_of(RETAIN_EVERY) {
                for result in [self.apply_rules(), self.retain()] {
                    if let Err(error) = result {
                        tracing::error!(%error, "retention failed; it is tried again");
                    }
                }
            }
        }
    }
}

/// Starts both threads.
pub(crate) fn start(store: &Arc<Store>) -> Vec<JoinHandle<()>> {
    let works: [(&str, fn(&Store)); 2] =
        [("tsdb-flush", Store::flush_loop), ("tsdb-compact", Store::compact_loop)];
    workers::start(store, &store.stopper.shutdown(), &works, |thread, trouble| {
        tracing::error!(thread, %trouble, "the store of series");
    })
}
