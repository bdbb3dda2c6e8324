//! The answer to a selection: the labels at once, the samples when asked.

use crate::error::ReadError;
use model::{HistogramSample, Labels, Samples};
use std::ops::{ControlFlow, Range};

/// Series that passed the matchers, sorted by labels, each once. Several threads may read at once. What is
/// appended after the selection is not seen.
pub struct Selected {
    pub(crate) series: Vec<SelectedSeries>,
}

pub(crate) struct SelectedSeries {
    pub labels: Labels,
    pub timestamps: Vec<i64>,
    pub values: Vec<f64>,
    pub starts: Vec<i64>,
    pub histograms: Vec<HistogramSample>,
}

impl Selected {
    pub fn len(&self) -> usize {
        self.series.len()
    }

    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    pub fn labels(&self, index: usize) -> &Labels {
        &self.series[index].labels
    }

    /// Reads the samples of a range of series in ascending order, each once; a series without a sample in the
    /// selected time is left out. The visitor may end the reading with `Break`, which is no error.
    pub fn read(
        &self,
        range: Range<usize>,
        visit: &mut dyn FnMut(usize, Samples<'_>) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        for index in range {
            let s = &self.series[index];
            let samples = Samples {
                timestamps: &s.timestamps,
                values: &s.values,
                start_timestamps: &s.starts,
                histograms: &s.histograms,
            };
            if visit(index, samples).is_break() {
                break;
            }
        }
        Ok(())
    }
}
