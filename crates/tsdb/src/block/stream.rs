//! Streams of series in the order of their labels: what a writer consumes, what blocks and merges give.

use crate::block::BlockError;
use model::{HistogramSample, Labels, Samples};

/// One series of a stream. Timestamps ascend strictly within `samples.timestamps` and within
/// `samples.histograms`, and no timestamp is in both.
#[derive(Clone, Copy, Debug)]
pub struct SeriesColumns<'a> {
    pub labels: &'a Labels,
    pub samples: Samples<'a>,
}

/// Series with strictly ascending labels. What is lent lives until the next call.
pub trait SeriesStream {
    fn next(&mut self) -> Result<Option<SeriesColumns<'_>>, BlockError>;
}

impl<S: SeriesStream + ?Sized> SeriesStream for Box<S> {
    fn next(&mut self) -> Result<Option<SeriesColumns<'_>>, BlockError> {
        (**self).next()
    }
}

/// One series held in memory.
#[derive(Clone, Debug, Default)]
pub struct VecSeries {
    pub labels: Labels,
    pub timestamps: Vec<i64>,
    pub values: Vec<f64>,
    /// Empty, or as long as `timestamps`.
    pub start_timestamps: Vec<i64>,
    pub histograms: Vec<HistogramSample>,
}

impl VecSeries {
    pub fn samples(&self) -> Samples<'_> {
        Samples {
            timestamps: &self.timestamps,
            values: &self.values,
            start_timestamps: &self.start_timestamps,
            histograms: &self.histograms,
        }
    }
}

/// A stream over series held in memory: for tests, and for small side buffers that join a merge.
#[derive(Debug)]
pub struct VecStream {
    series: Vec<VecSeries>,
    next: usize,
}

impl VecStream {
    /// From series in any order, each label set once.
    pub fn new(mut series: Vec<VecSeries>) -> VecStream {
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        VecStream { series, next: 0 }
    }
}

impl SeriesStream for VecStream {
    fn next(&mut self) -> Result<Option<SeriesColumns<'_>>, BlockError> {
        let Some(series) = self.series.get(self.next) else { return Ok(None) };
        self.next += 1;
        Ok(Some(SeriesColumns { labels: &series.labels, samples: series.samples() }))
    }
}
