//! One batch on its way into the store.

use crate::db::Db;
use crate::error::{AppendError, CommitError};
use model::{Exemplar, FloatHistogram, Histogram, HistogramSample, Labels, Metadata};
use std::sync::Arc;

/// A series of the head. Goes stale when the series leaves the head: then every use of it says
/// [`AppendError::UnknownSeries`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesRef(pub(crate) u64);

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
    /// Samples accepted when they were appended that lost to one of another batch meanwhile.
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
    db: Db,
    floats: Vec<(SeriesRef, i64, i64, f64)>,
    histograms: Vec<(SeriesRef, HistogramSample)>,
    exemplars: Vec<(SeriesRef, Exemplar)>,
    metadata: Vec<(String, Metadata)>,
}

impl Appender {
    pub(crate) fn new(db: Db) -> Appender {
        Appender {
            db,
            floats: Vec::new(),
            histograms: Vec::new(),
            exemplars: Vec::new(),
            metadata: Vec::new(),
        }
    }

    /// The series last created or found under this key: a hash, made by the caller, of whatever identifies the
    /// series on its wire.
    pub fn lookup(&mut self, key: u128) -> Option<SeriesRef> {
        self.db.naive().keys.get(&key).copied()
    }

    /// Finds a series by its labels, or creates it, and remembers it under the key.
    pub fn series(&mut self, key: Option<u128>, labels: &Labels) -> Result<SeriesRef, AppendError> {
        if labels.is_empty() {
            return Err(AppendError::NoLabels);
        }
        let mut naive = self.db.naive();
        let next = SeriesRef(naive.series.len() as u64);
        let found = *naive.by_labels.entry(labels.clone()).or_insert(next);
        if found == next {
            naive.series.push((labels.clone(), Default::default()));
        }
        if let Some(key) = key {
            naive.keys.insert(key, found);
        }
        Ok(found)
    }

    pub fn float(&mut self, series: SeriesRef, t: i64, v: f64) -> Result<(), AppendError> {
        self.float_with_start(series, t, 0, v)
    }

    /// `start` is the start of the cumulative count (created timestamp), Unix milliseconds, 0 when unknown.
    pub fn float_with_start(
        &mut self,
        series: SeriesRef,
        t: i64,
        start: i64,
        v: f64,
    ) -> Result<(), AppendError> {
        let naive = self.db.naive();
        let (_, data) = naive.series.get(series.0 as usize).ok_or(AppendError::UnknownSeries)?;
        if let Some((newest, (_, existing))) = data.floats.last_key_value() {
            if *newest > t {
                return Err(AppendError::OutOfOrder { timestamp: t, newest: *newest });
            }
            if *newest == t && existing.to_bits() != v.to_bits() {
                let (existing, new) = (existing.to_string(), v.to_string());
                return Err(AppendError::DuplicateTimestamp { timestamp: t, existing, new });
            }
        }
        drop(naive);
        self.floats.push((series, t, start, v));
        Ok(())
    }

    pub fn histogram(
        &mut self,
        series: SeriesRef,
        t: i64,
        start: i64,
        h: &Histogram,
    ) -> Result<(), AppendError> {
        self.float_histogram(series, t, start, &h.to_float())
    }

    pub fn float_histogram(
        &mut self,
        series: SeriesRef,
        t: i64,
        start: i64,
        h: &FloatHistogram,
    ) -> Result<(), AppendError> {
        let histogram = Arc::new(h.clone());
        self.histograms.push((series, HistogramSample { timestamp: t, start_timestamp: start, histogram }));
        Ok(())
    }

    pub fn exemplar(&mut self, series: SeriesRef, exemplar: &Exemplar) -> Result<(), AppendError> {
        self.exemplars.push((series, exemplar.clone()));
        Ok(())
    }

    /// Type, help and unit of a metric family; the last one told counts.
    pub fn metadata(&mut self, family: &str, metadata: &Metadata) {
        self.metadata.push((family.to_owned(), metadata.clone()));
    }

    /// Samples waiting for the commit.
    pub fn len(&self) -> usize {
        self.floats.len() + self.histograms.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Logs the batch, then shows it to readers. Blocks: call it where blocking is allowed.
    pub fn commit(self, durability: Durability) -> Result<Committed, CommitError> {
        let _ = durability;
        let mut naive = self.db.naive();
        let mut done = Committed { exemplars: self.exemplars.len() as u64, ..Committed::default() };
        for (series, t, start, v) in self.floats {
            naive.series[series.0 as usize].1.floats.insert(t, (start, v));
            done.samples += 1;
        }
        for (series, h) in self.histograms {
            naive.series[series.0 as usize].1.histograms.insert(h.timestamp, h);
            done.samples += 1;
        }
        for (series, exemplar) in self.exemplars {
            naive.series[series.0 as usize].1.exemplars.push(exemplar);
        }
        naive.metadata.extend(self.metadata);
        Ok(done)
    }
}
