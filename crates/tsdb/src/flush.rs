//! The head into blocks.
//!
//! Under the gate the log is cut, the samples are taken out of the head and put into the view as *frozen*: three things at
//! one place between two batches. Then, with writers and readers going on, the frozen samples are written as one block for
//! each window of time they touch; then the view gets the blocks for the frozen samples; then the segments before the cut
//! are removed. A crash in between replays what is also in blocks, which reads and merges see through.
//!
//! A flush that fails (disk full) leaves the frozen samples in the view; the next one begins there.

use crate::batch::{put_carried, put_metadata};
use crate::block::{Block, BlockError, SeriesColumns, SeriesStream, WriteOptions};
use crate::columns::Columns;
use crate::error::AdminError;
use crate::head::page::{PAGE_SERIES, locate};
use crate::head::rank::sorted_by_labels;
use crate::head::{Epoch, Frozen};
use crate::store::{Flushing, Store};
use crate::view::View;
use base::disk;
use model::Labels;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use wal::{LogError, Lsn};

/// Windows of old samples are made longer until there are at most this many: a year that is imported at once shall not
/// become 4,380 files.
const OLD_WINDOWS_MAX: i64 = 8;
/// This many of the newest windows keep the length of a block.
const NEW_WINDOWS: i64 = 3;

impl Store {
    /// See [`crate::Db::flush`].
    pub(crate) fn flush(&self) -> Result<(), AdminError> {
        let mut flushing = self.flushing.lock();
        let result = self.flush_locked(&mut flushing);
        self.note_flush(&result);
        result
    }

    fn note_flush(&self, result: &Result<(), AdminError>) {
        match result {
            Ok(()) => self.counters.flushes.add(1),
            Err(error) => {
                self.counters.flushes_failed.add(1);
                tracing::error!(%error, "the head could not be flushed; it is tried again");
            }
        }
    }

    pub(crate) fn flush_locked(&self, flushing: &mut Flushing) -> Result<(), AdminError> {
        if self.view().frozen.is_none() && self.head.samples() > 0 {
            self.freeze(flushing)?;
        }
        let view = self.view();
        if let Some(frozen) = &view.frozen {
            let blocks = self.write_frozen(frozen)?;
            self.change_view(|v| View { frozen: None, ..v.with_blocks(&[], blocks) });
            self.head.thawed(frozen);
            self.flushed_to_ms.store(self.head.max_ms(), Ordering::Relaxed);
        } else if self.is_over_budget() {
            // Series without samples fill the memory. No segment speaks of two series by one slot: what is created
            // after this removal is defined in another one.
            self.log.cut().map_err(admin_error)?;
        } else {
            return self.release_log(flushing);
        }
        drop(view);
        self.release_log(flushing)?;
        let gone = self.head.remove_idle();
        if gone > 0 {
            tracing::debug!(series = gone, "idle series left the head");
        }
        let _ = self.account();
        Ok(())
    }

    /// Removes the segments whose content is in blocks. What of them goes on in a later one must be durable there before.
    fn release_log(&self, flushing: &mut Flushing) -> Result<(), AdminError> {
        let Some(segment) = flushing.log_from else { return Ok(()) };
        if let Some(lsn) = flushing.carried
            && self.log.sync(lsn).is_err()
        {
            // That record is lost; another one may have more luck.
            let nobody_commits = self.gate.write();
            flushing.carried = self.carry_over()?;
            drop(nobody_commits);
            if let Some(lsn) = flushing.carried {
                self.log.sync(lsn).map_err(admin_error)?;
            }
        }
        self.log.remove_before(segment).map_err(AdminError::io)?;
        *flushing = Flushing::default();
        Ok(())
    }

    /// Cuts log and head between two batches.
    fn freeze(&self, flushing: &mut Flushing) -> Result<(), AdminError> {
        let _nobody_commits = self.gate.write();
        let segment = self.log.cut().map_err(admin_error)?;
        let carried = self.carry_over()?;
        let _nobody_looks = self.applying.write();
        let view = self.view();
        let frozen = self.head.freeze(&view.epoch);
        let epoch = Epoch::new(view.epoch.number + 1);
        self.change_view(|v| View { epoch, frozen: Some(frozen), ..v.clone() });
        *flushing = Flushing { log_from: Some(segment), carried };
        Ok(())
    }

    /// Metadata and exemplars are in no block: they go on in the new segment. Returns where, when there are any.
    fn carry_over(&self) -> Result<Option<Lsn>, AdminError> {
        let mut record = self.spare_record();
        let metadata = self.metadata.lock();
        put_metadata(record.body_mut(), metadata.iter().map(|(f, m)| (f.as_str(), m)));
        drop(metadata);
        put_carried(record.body_mut(), self.exemplars.lock().iter());
        let result = if record.body().is_empty() { Ok(None) } else { self.log.append(&mut record).map(Some) };
        self.keep_record(record);
        result.map_err(admin_error)
    }

    fn write_frozen(&self, frozen: &Arc<Frozen>) -> Result<Vec<Block>, AdminError> {
        let order = Arc::new(self.order(frozen));
        let mut blocks = Vec::new();
        for (start_excl, end_incl) in windows(frozen.min_ms, frozen.max_ms, self.options.block_range_ms) {
            match self.write_window(frozen, &order, start_excl, end_incl) {
                Ok(block) => blocks.extend(block),
                Err(error) => {
                    for block in &blocks {
                        let _ = disk::remove_file(block.path());
                    }
                    return Err(error.into());
                }
            }
        }
        Ok(blocks)
    }

    /// The slots that have frozen samples, ascending by labels.
    fn order(&self, frozen: &Frozen) -> Vec<u32> {
        let mut slots = Vec::new();
        for (number, page) in frozen.pages.iter().enumerate() {
            let base = number * PAGE_SERIES;
            slots.extend((0..PAGE_SERIES).filter(|at| page.holds(*at)).map(|at| (base + at) as u32));
        }
        sorted_by_labels(&self.head.index(), slots)
    }

    fn write_window(
        &self,
        frozen: &Arc<Frozen>,
        order: &Arc<Vec<u32>>,
        start_excl: i64,
        end_incl: i64,
    ) -> Result<Option<Block>, BlockError> {
        let mut stream = FrozenStream {
            store: self,
            frozen: Arc::clone(frozen),
            order: Arc::clone(order),
            next: 0,
            start_excl,
            end_incl,
            labels: Labels::empty(),
            columns: Columns::default(),
        };
        let options = WriteOptions { level: 0, sources: Vec::new() };
        Block::write(&self.blocks_dir(), self.new_block_id(), options, &mut stream)
    }
}

/// The frozen samples of a window as a block is written from them.
struct FrozenStream<'a> {
    store: &'a Store,
    frozen: Arc<Frozen>,
    order: Arc<Vec<u32>>,
    next: usize,
    start_excl: i64,
    end_incl: i64,
    labels: Labels,
    columns: Columns,
}

impl SeriesStream for FrozenStream<'_> {
    fn next(&mut self) -> Result<Option<SeriesColumns<'_>>, BlockError> {
        while let Some(slot) = self.order.get(self.next).copied() {
            self.next += 1;
            let (number, at) = locate(slot);
            self.columns.clear();
            self.frozen.pages[number].read(at, self.start_excl, self.end_incl, None, &mut self.columns);
            if !self.columns.is_empty() {
                self.labels = self.store.head.index().labels(slot);
                return Ok(Some(SeriesColumns { labels: &self.labels, samples: self.columns.samples() }));
            }
        }
        Ok(None)
    }
}

/// The windows, start exclusive and end inclusive, that hold samples from `min_ms` to `max_ms`: aligned to multiples of
/// the block range, oldest first.
fn windows(min_ms: i64, max_ms: i64, range_ms: i64) -> Vec<(i64, i64)> {
    let new_from = floor(max_ms, range_ms).saturating_sub((NEW_WINDOWS - 1) * range_ms);
    let mut old_range = range_ms;
    while new_from.saturating_sub(min_ms) / old_range > OLD_WINDOWS_MAX {
        old_range = old_range.saturating_mul(3);
    }
    let mut windows = Vec::new();
    let mut from = floor(min_ms, if min_ms < new_from { old_range } else { range_ms });
    while from <= max_ms {
        let to = if from < new_from {
            from.saturating_add(old_range).min(new_from)
        } else {
            from.saturating_add(range_ms)
        };
        windows.push((from.saturating_sub(1), to.saturating_sub(1).max(from)));
        if to == i64::MAX {
            break;
        }
        from = to;
    }
    windows
}

/// The multiple of `range` at or before `t`.
pub(crate) fn floor(t: i64, range: i64) -> i64 {
    t.saturating_sub(t.rem_euclid(range))
}

pub(crate) fn admin_error(error: LogError) -> AdminError {
    match error {
        LogError::DiskFull => AdminError::DiskFull,
        LogError::Io(error) => AdminError::Io(error),
        other => AdminError::Io(Arc::new(std::io::Error::other(other.to_string()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn windows_cover_all_time_once(min in -1_000_000i64..1_000_000, span in 0i64..100_000_000, range in 1i64..100_000) {
            let max = min + span;
            let windows = windows(min, max, range);
            prop_assert!(windows[0].0 < min && windows.last().unwrap().1 >= max);
            prop_assert!(windows.windows(2).all(|w| w[0].1 == w[1].0));
            prop_assert!(windows.len() as i64 <= OLD_WINDOWS_MAX + NEW_WINDOWS + 2, "{}", windows.len());
            for (start, _) in &windows {
                prop_assert_eq!((start + 1).rem_euclid(range), 0);
            }
        }
    }

    #[test]
    fn windows_at_the_ends_of_time() {
        for (min, max) in [(i64::MIN, i64::MAX), (i64::MIN, i64::MIN), (i64::MAX, i64::MAX)] {
            let windows = windows(min, max, 7_200_000);
            assert!(windows.len() < 20 && windows.last().unwrap().1 >= max.saturating_sub(1));
        }
    }
}
