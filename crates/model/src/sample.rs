//! Samples and the marker that ends a series.

use crate::FloatHistogram;
use std::sync::Arc;

/// The bits of the NaN that says "this series has ended here". Every other NaN is an ordinary value.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// Whether a value is the staleness marker.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

/// The staleness marker.
pub fn stale_nan() -> f64 {
    f64::from_bits(STALE_NAN_BITS)
}

/// One native-histogram sample as the engines read it.
#[derive(Clone, Debug)]
pub struct HistogramSample {
    /// Unix milliseconds.
    pub timestamp: i64,
    /// Start of the cumulative count, Unix milliseconds; 0 when unknown.
    pub start_timestamp: i64,
    /// A stale marker is a histogram whose `sum` is the stale NaN.
    pub histogram: Arc<FloatHistogram>,
}

/// The samples of one series, ascending in time, as slices that live until the visitor returns.
///
/// Floats and histograms of one series are apart; a timestamp is in at most one of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Samples<'a> {
    pub timestamps: &'a [i64],
    /// As long as `timestamps`. Holds stale markers: the evaluator skips them.
    pub values: &'a [f64],
    /// Empty, or as long as `timestamps`: the start of each sample's cumulative count, 0 when unknown.
    pub start_timestamps: &'a [i64],
    pub histograms: &'a [HistogramSample],
}
