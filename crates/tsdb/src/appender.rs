//! One batch on its way into the store: each sample is judged when it is appended, nothing is seen before the commit.

use crate::batch::{Batch, ExemplarEntry, FloatEntry, HistogramEntry, LABELS_BYTES_MAX};
use crate::error::{AppendError, CommitError};
use crate::exemplars;
use crate::head::Pages;
use crate::head::page::{Page, locate};
use crate::histogram::same_histogram;
use crate::metadata;
use crate::store::Store;
use model::{Exemplar, FloatHistogram, Histogram, Labels, Metadata};
use std::sync::Arc;

/// Exemplars of one series come together in a batch: so many of the last are looked at.
const NEIGHBOURS: usize = 64;

/// A series of the head. Goes stale when the series leaves the head: then every use of it says
/// [`AppendError::UnknownSeries`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesRef(u64);

impl SeriesRef {
    pub(crate) fn new(slot: u32, generation: u32) -> SeriesRef {
        SeriesRef((generation as u64) << 32 | slot as u64)
    }

    fn slot(self) -> u32 {
        self.0 as u32
    }

    fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// When a commit returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The batch is on disk: it survives the loss of power.
    Synced,
    /// The batch is with the kernel: it survives the end of this process.
    Buffered,
}

/// What a commit took.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    pub samples: u64,
    pub exemplars: u64,
    /// Samples accepted when they were appended that then met another of this batch, or of one that was committed
    /// meanwhile.
    pub rejected: Vec<Rejected>,
}

/// A sample that was not taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    pub series: SeriesRef,
    pub timestamp: i64,
    pub error: AppendError,
}

/// One batch, one writer. Samples are seen by readers after [`Appender::commit`]; dropping it discards them.
pub struct Appender {
    store: Arc<Store>,
    pages: Pages,
    batch: Batch,
    bounds: Bounds,
    /// What [`crate::head::Head::leave`] is told.
    round: u8,
    /// Of the series that were asked for by their labels.
    labels_bytes: usize,
}

/// What the head takes now.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Samples before this do not come in order, even if their series has none.
    in_order_min: i64,
    /// Samples before this do not come out of order; `None` when none do.
    late_min: Option<i64>,
}

impl Bounds {
    fn of(store: &Store) -> Bounds {
        let newest = store.newest_ms();
        let options = &store.options;
        // Half a block, as Prometheus's head has it.
        let in_order_min = match newest {
            Some(newest) if !options.accept_any_time => newest.saturating_sub(options.block_range_ms / 2),
            _ => i64::MIN,
        };
        let window = options.out_of_order_window_ms;
        let late_min = (window > 0).then(|| newest.map_or(i64::MIN, |n| n.saturating_sub(window)));
        Bounds { in_order_min, late_min }
    }
}

impl Appender {
    pub(crate) fn new(store: Arc<Store>) -> Appender {
        Appender {
            round: store.head.enter(),
            pages: store.head.pages(),
            batch: store.spare_batch(),
            bounds: Bounds::of(&store),
            labels_bytes: 0,
            store,
        }
    }

    /// The series last created or found under this key: a hash, made by the caller, of whatever identifies the
    /// series on its wire.
    #[inline]
    pub fn lookup(&mut self, key: u128) -> Option<SeriesRef> {
        let (slot, generation) = self.store.head.keys().get(key)?;
        Some(SeriesRef::new(slot, generation))
    }

    /// Finds a series by its labels, or creates it, and remembers it under the key.
    pub fn series(&mut self, key: Option<u128>, labels: &Labels) -> Result<SeriesRef, AppendError> {
        let labels_bytes = self.labels_bytes + labels.as_bytes().len();
        if labels_bytes > LABELS_BYTES_MAX {
            return Err(AppendError::BatchLabels { limit_bytes: LABELS_BYTES_MAX as u64 });
        }
        let (slot, generation) = self.store.head.series(labels, || self.store.admit_series())?;
        self.labels_bytes = labels_bytes;
        if let Some(key) = key {
            self.store.head.keys().set(key, slot, generation);
        }
        Ok(SeriesRef::new(slot, generation))
    }

    #[inline]
    pub fn float(&mut self, series: SeriesRef, t: i64, v: f64) -> Result<(), AppendError> {
        let (slot, generation) = (series.slot(), series.generation());
        let (page, at) = self.locate(series)?;
        let mut newest = page.last_ms(at);
        if let Some(before) = self.batch.floats.last()
            && before.slot == slot
        {
            newest = newest.max(before.t);
        }
        if t <= newest || t < self.bounds.in_order_min {
            let wanted = self.judge_float(series, t, v)?;
            if !wanted {
                return Ok(());
            }
        }
        self.batch.floats.push(FloatEntry { slot, generation, t, value: v.to_bits() });
        Ok(())
    }

    /// `start` is the start of the cumulative count (created timestamp), Unix milliseconds, 0 when unknown.
    pub fn float_with_start(
        &mut self,
        series: SeriesRef,
        t: i64,
        start: i64,
        v: f64,
    ) -> Result<(), AppendError> {
        let place = self.batch.floats.len();
        self.float(series, t, v)?;
        if start != 0 && self.batch.floats.len() > place {
            self.batch.starts.push((place as u32, start));
        }
        Ok(())
    }

    #[inline]
    fn locate(&mut self, series: SeriesRef) -> Result<(&Page, usize), AppendError> {
        let (page, at) = locate(series.slot());
        if page >= self.pages.len() {
            self.pages = self.store.head.pages();
        }
        let page = self.pages.get(page).ok_or(AppendError::UnknownSeries)?;
        page.touch(at, self.store.head.round());
        if page.state(at).generation != series.generation() {
            return Err(AppendError::UnknownSeries);
        }
        Ok((page, at))
    }

    /// A float that does not come in order: whether it is new (`true`) or there already (`false`).
    #[cold]
    fn judge_float(&mut self, series: SeriesRef, t: i64, v: f64) -> Result<bool, AppendError> {
        let bounds = self.bounds;
        let before = self.batch.floats.last().filter(|f| f.slot == series.slot()).copied();
        let (page, at) = self.locate(series)?;
        let newest = page.last_ms(at).max(before.map_or(i64::MIN, |b| b.t));
        let existing = match before {
            Some(before) if before.t == t => Some(f64::from_bits(before.value)),
            _ => Self::stored_float(page, at, t),
        };
        if let Some(existing) = existing
            && (t == newest || bounds.late_min.is_some_and(|min| t >= min))
        {
            return duplicate(t, existing, v).map(|()| false);
        }
        if t == newest && page.data.lock().last_histogram_at(at, t).is_some() {
            let existing = "is a histogram".to_owned();
            return Err(AppendError::DuplicateTimestamp { timestamp: t, existing, new: v.to_string() });
        }
        self.judge_time(t, newest).map(|()| true)
    }

    /// The float of a series at a time, as far as the head knows.
    fn stored_float(page: &Page, at: usize, t: i64) -> Option<f64> {
        let data = page.data.lock();
        let found = data.float_at(at, t);
        // After a flush only the last value is left to compare with.
        let last = || {
            let is_last = page.last_ms(at) == t && data.last_histogram_at(at, t).is_none();
            is_last.then(|| f64::from_bits(data.last_value(at)))
        };
        found.or_else(last)
    }

    /// Whether a sample that does not come after the newest of its series may come at all.
    fn judge_time(&self, t: i64, newest: i64) -> Result<(), AppendError> {
        let Bounds { in_order_min, late_min } = self.bounds;
        match late_min {
            Some(oldest) if t >= oldest => Ok(()),
            Some(oldest) => {
                self.store.counters.too_old.add(1);
                Err(AppendError::TooOld { timestamp: t, oldest })
            }
            None if t < in_order_min => {
                self.store.counters.out_of_bounds.add(1);
                Err(AppendError::OutOfBounds { timestamp: t, oldest: in_order_min })
            }
            None => {
                self.store.counters.out_of_order_refused.add(1);
                Err(AppendError::OutOfOrder { timestamp: t, newest })
            }
        }
    }

    /// An integer histogram; it is kept with float counts, which are exact up to 2⁵³.
    pub fn histogram(
        &mut self,
        series: SeriesRef,
        t: i64,
        start: i64,
        h: &Histogram,
    ) -> Result<(), AppendError> {
        h.validate().map_err(|e| AppendError::InvalidHistogram(e.0))?;
        self.any_histogram(series, t, start, h.to_float())
    }

    pub fn float_histogram(
        &mut self,
        series: SeriesRef,
        t: i64,
        start: i64,
        h: &FloatHistogram,
    ) -> Result<(), AppendError> {
        h.validate().map_err(|e| AppendError::InvalidHistogram(e.0))?;
        self.any_histogram(series, t, start, h.clone())
    }

    fn any_histogram(
        &mut self,
        series: SeriesRef,
        t: i64,
        start: i64,
        h: FloatHistogram,
    ) -> Result<(), AppendError> {
        let (slot, generation) = (series.slot(), series.generation());
        let bounds = self.bounds;
        let before = self.batch.histograms.last().filter(|b| b.slot == slot).cloned();
        let (page, at) = self.locate(series)?;
        let newest = page.last_ms(at).max(before.as_ref().map_or(i64::MIN, |b| b.t));
        if t <= newest || t < bounds.in_order_min {
            let existing = match before {
                Some(before) if before.t == t => Some(before.histogram),
                _ => page.data.lock().last_histogram_at(at, t).cloned(),
            };
            if let Some(existing) = existing.filter(|_| t == newest) {
                if same_histogram(&existing, &h) {
                    return Ok(());
                }
                let (existing, new) = ("is a histogram".to_owned(), "a histogram".to_owned());
                return Err(AppendError::DuplicateTimestamp { timestamp: t, existing, new });
            }
            self.judge_time(t, newest)?;
        }
        let histogram = Arc::new(h);
        self.batch.histograms.push(HistogramEntry { slot, generation, t, start, histogram });
        Ok(())
    }

    /// An exemplar of a series. Without a time of its own it gets that of the sample last appended.
    pub fn exemplar(&mut self, series: SeriesRef, exemplar: &Exemplar) -> Result<(), AppendError> {
        let (slot, generation) = (series.slot(), series.generation());
        self.locate(series)?;
        let mut timed = exemplar.clone();
        if timed.timestamp.is_none() {
            let of_float = self.batch.floats.last().filter(|f| f.slot == slot).map(|f| f.t);
            let of_histogram = self.batch.histograms.last().filter(|h| h.slot == slot).map(|h| h.t);
            let now = || self.store.options.clock.now_ms();
            timed.timestamp = Some(of_float.or(of_histogram).unwrap_or_else(now));
        }
        let had_time = exemplar.timestamp.is_some();
        if let Some(before) = self.batch.exemplars.iter().rev().take(NEIGHBOURS).find(|e| e.slot == slot) {
            exemplars::check(&timed, had_time, Some(&before.exemplar))?;
        } else {
            let labels = self.store.head.index().labels(slot);
            let stored = self.store.exemplars.lock();
            exemplars::check(&timed, had_time, stored.last(&labels))?;
        }
        self.batch.exemplars.push(ExemplarEntry { slot, generation, exemplar: timed });
        Ok(())
    }

    /// Type, help and unit of a metric family; the last one told counts. Long texts are cut, and families over
    /// the limit are not kept.
    pub fn metadata(&mut self, family: &str, metadata: &Metadata) {
        if family.len() > metadata::NAME_BYTES_MAX {
            return;
        }
        let metadata = metadata::shortened(metadata);
        let stored = self.store.metadata.lock();
        let wanted = match stored.get(family) {
            Some(known) => *known != *metadata,
            None => stored.len() < metadata::FAMILIES_MAX,
        };
        drop(stored);
        if wanted {
            self.batch.metadata.push((family.to_owned(), metadata.into_owned()));
        }
    }

    /// Samples waiting for the commit.
    pub fn len(&self) -> usize {
        self.batch.floats.len() + self.batch.histograms.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Logs the batch, then shows it to readers. Blocks: call it where blocking is allowed. On an error nothing was
    /// taken, except on [`CommitError::Io`] from the sync itself: then readers see the batch, and it may be lost
    /// with the machine's power.
    pub fn commit(mut self, durability: Durability) -> Result<Committed, CommitError> {
        let batch = std::mem::take(&mut self.batch);
        let result = self.store.commit(&batch, durability);
        self.store.keep_batch(batch);
        result
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        self.store.head.leave(self.round);
        let batch = std::mem::take(&mut self.batch);
        if batch.floats.capacity() > 0 {
            self.store.keep_batch(batch);
        }
    }
}

/// The same value again is no fault, another one is.
pub(crate) fn duplicate(t: i64, existing: f64, new: f64) -> Result<(), AppendError> {
    if existing.to_bits() == new.to_bits() {
        return Ok(());
    }
    let (existing, new) = (existing.to_string(), new.to_string());
    Err(AppendError::DuplicateTimestamp { timestamp: t, existing, new })
}
