//! Samples of one series that came out of order, sorted.

use crate::columns::Columns;
use model::{FloatHistogram, HistogramSample, Samples};
use std::sync::Arc;

/// Beside its own bytes a histogram costs its buckets and spans; counted as this much.
const HISTOGRAM_BYTES: usize = 512;

#[derive(Debug, Default)]
pub(crate) struct LateColumn {
    floats: Vec<(i64, i64, f64)>,
    histograms: Vec<HistogramSample>,
}

impl LateColumn {
    /// No float is at `t` yet; a histogram there gives way. Returns the bytes it takes.
    pub fn insert_float(&mut self, t: i64, start: i64, value: f64) -> usize {
        self.histograms.retain(|h| h.timestamp != t);
        let at = self.floats.partition_point(|(other, ..)| *other < t);
        self.floats.insert(at, (t, start, value));
        size_of::<(i64, i64, f64)>()
    }

    /// What is at `t` gives way. Returns the bytes it takes.
    pub fn insert_histogram(&mut self, t: i64, start: i64, h: &Arc<FloatHistogram>) -> usize {
        self.floats.retain(|(other, ..)| *other != t);
        let sample = HistogramSample { timestamp: t, start_timestamp: start, histogram: Arc::clone(h) };
        match self.histograms.binary_search_by_key(&t, |h| h.timestamp) {
            Ok(at) => {
                self.histograms[at] = sample;
                0
            }
            Err(at) => {
                self.histograms.insert(at, sample);
                HISTOGRAM_BYTES
            }
        }
    }

    pub fn merge_into(&self, start_excl: i64, end_incl: i64, out: &mut Columns) {
        let mut columns = Columns::default();
        for (t, start, value) in self.floats.iter().filter(|(t, ..)| start_excl < *t && *t <= end_incl) {
            columns.timestamps.push(*t);
            columns.values.push(*value);
            columns.starts.push(*start);
        }
        if columns.starts.iter().all(|s| *s == 0) {
            columns.starts.clear();
        }
        let from = self.histograms.partition_point(|h| h.timestamp <= start_excl);
        let to = self.histograms.partition_point(|h| h.timestamp <= end_incl).max(from);
        let histograms = &self.histograms[from..to];
        out.merge(Samples { histograms, ..columns.samples() });
    }
}
