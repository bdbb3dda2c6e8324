//! Figures about the store, for `/api/v1/status/tsdb`, `/metrics` and the screen.

use crate::head::index::{Index, PairId};
use crate::store::{Count, Store};
use std::sync::atomic::Ordering;

/// The head as it is now, and what was counted since the store was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadStats {
    pub series: u64,
    pub label_pairs: u64,
    /// Runs of samples that share a timeline and are being written.
    pub chunks: u64,
    /// Samples held, floats and histograms.
    pub samples: u64,
    /// First and last sample held, Unix milliseconds; `None` when it is empty.
    pub min_ms: Option<i64>,
    pub max_ms: Option<i64>,
    /// Memory held, estimated; of it interned names and values of labels.
    pub bytes: u64,
    pub symbol_bytes: u64,
    /// Length of the log on disk, and the number of the segment being written.
    pub wal_bytes: u64,
    pub wal_segment: u64,
    pub wal_syncs: u64,
    pub wal_failures: u64,
    pub exemplars: u64,
    /// Writes are refused because the disk is full.
    pub disk_full: bool,
    /// Floats and histograms.
    pub samples_appended: u64,
    pub histograms_appended: u64,
    pub exemplars_appended: u64,
    /// Samples stored out of order.
    pub out_of_order_appended: u64,
    /// Samples refused, by reason.
    pub samples_out_of_order: u64,
    pub out_of_bounds: u64,
    pub too_old: u64,
    pub duplicates: u64,
    pub series_created: u64,
    pub series_removed: u64,
    pub flushes: u64,
    pub flushes_failed: u64,
    pub merges: u64,
    pub merges_failed: u64,
    pub time_retentions: u64,
    pub size_retentions: u64,
    pub tombstone_cleanups: u64,
}

/// What the parts of the store count.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub floats: Count,
    pub histograms: Count,
    pub exemplars: Count,
    pub late: Count,
    pub out_of_order_refused: Count,
    pub out_of_bounds: Count,
    pub too_old: Count,
    pub duplicates: Count,
    pub flushes: Count,
    pub flushes_failed: Count,
    pub merges: Count,
    pub merges_failed: Count,
    pub time_retentions: Count,
    pub size_retentions: Count,
    pub tombstone_cleanups: Count,
}

/// The four top lists of the head, each descending by its number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cardinality {
    pub series: u64,
    pub label_pairs: u64,
    pub series_by_metric: Vec<(String, u64)>,
    pub values_by_label: Vec<(String, u64)>,
    pub bytes_by_label: Vec<(String, u64)>,
    /// `name=value`
    pub series_by_pair: Vec<(String, u64)>,
}

/// What opening found and did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovery {
    pub replayed_samples: u64,
    pub replayed_series: u64,
    pub replayed_bytes: u64,
    pub took_ms: u64,
    /// Bytes of the log that could not be read: one entry a place, each logged as well.
    pub damage: Vec<Damage>,
    /// Block files that could not be opened, with the reason; they are left where they are.
    pub bad_blocks: Vec<(std::path::PathBuf, String)>,
}

/// A part of the log that is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub file: std::path::PathBuf,
    /// Where the last good record ends.
    pub offset: u64,
    pub dropped_bytes: u64,
    pub reason: String,
}

impl Store {
    /// See [`crate::Db::head_stats`].
    pub(crate) fn head_stats(&self) -> HeadStats {
        let (c, index) = (&self.counters, self.head.index());
        let (series, label_pairs) = (index.len() as u64, index.pair_count() as u64);
        let symbol_bytes = index.symbol_bytes() as u64;
        drop(index);
        let times = self.head.times();
        let chunks = self.head.pages().iter().map(|p| p.data.lock().chunks_open).sum();
        HeadStats {
            series,
            label_pairs,
            chunks,
            samples: self.head.samples(),
            min_ms: times.map(|(min, _)| min),
            max_ms: times.map(|(_, max)| max),
            bytes: self.head.bytes(),
            symbol_bytes,
            wal_bytes: self.log.bytes(),
            wal_segment: self.log.segment().0,
            wal_syncs: self.log.syncs(),
            wal_failures: self.log.failures(),
            exemplars: self.exemplars.lock().len() as u64,
            disk_full: self.disk_full.load(Ordering::Relaxed),
            samples_appended: c.floats.get() + c.histograms.get(),
            histograms_appended: c.histograms.get(),
            exemplars_appended: c.exemplars.get(),
            out_of_order_appended: c.late.get(),
            samples_out_of_order: c.out_of_order_refused.get(),
            out_of_bounds: c.out_of_bounds.get(),
            too_old: c.too_old.get(),
            duplicates: c.duplicates.get(),
            series_created: self.head.created.load(Ordering::Relaxed),
            series_removed: self.head.removed.load(Ordering::Relaxed),
            flushes: c.flushes.get(),
            flushes_failed: c.flushes_failed.get(),
            merges: c.merges.get(),
            merges_failed: c.merges_failed.get(),
            time_retentions: c.time_retentions.get(),
            size_retentions: c.size_retentions.get(),
            tombstone_cleanups: c.tombstone_cleanups.get(),
        }
    }

    /// See [`crate::Db::cardinality`].
    pub(crate) fn cardinality(&self, limit: usize) -> Cardinality {
        let index = self.head.index();
        let series_of = |p: &PairId| index.pair_at(*p).postings.len();
        let metrics = index.pairs_of(model::METRIC_NAME).iter();
        let metrics = metrics.map(|p| (index.strings(*p).1.to_owned(), series_of(p)));
        let bytes = |pairs: &[PairId]| pairs.iter().map(|p| index.strings(*p).1.len() as u64).sum();
        Cardinality {
            series: index.len() as u64,
            label_pairs: index.pair_count() as u64,
            series_by_metric: largest(metrics, limit),
            values_by_label: largest(index.names().map(|(n, p)| (n.to_owned(), p.len() as u64)), limit),
            bytes_by_label: largest(index.names().map(|(n, p)| (n.to_owned(), bytes(p))), limit),
            series_by_pair: largest_pairs(&index, limit),
        }
    }
}

fn largest(all: impl Iterator<Item = (String, u64)>, limit: usize) -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> = all.collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.truncate(limit);
    all
}

/// Pairs are many: their text is made for the largest only.
fn largest_pairs(index: &Index, limit: usize) -> Vec<(String, u64)> {
    let mut all: Vec<(u64, PairId)> = index.pairs().map(|p| (index.pair_at(p).postings.len(), p)).collect();
    all.sort_unstable_by_key(|(n, p)| (std::cmp::Reverse(*n), index.strings(*p)));
    all.truncate(limit);
    let text = |p: PairId| {
        let (name, value) = index.strings(p);
        format!("{name}={value}")
    };
    all.into_iter().map(|(n, p)| (text(p), n)).collect()
}
