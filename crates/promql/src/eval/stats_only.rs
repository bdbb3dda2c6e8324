//! Histograms of which a query wants nothing but count and sum, as below `histogram_count()`: their buckets are left
//! out on the way from the source, so that adding up thousands of them costs two additions each.
//!
//! Buckets tell of counter resets, so these are looked for before they go, and hints say what was found.

use crate::source::{SeriesSet, SourceError};
use model::{CounterResetHint, FloatHistogram, HistogramSample, Labels, Samples, is_stale};
use std::ops::Range;
use std::sync::Arc;

/// A set whose histograms come without buckets.
pub(super) struct StatsOnly(pub Box<dyn SeriesSet>);

impl SeriesSet for StatsOnly {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn labels(&self, index: usize) -> &Labels {
        self.0.labels(index)
    }

    fn read(
        &self,
        range: Range<usize>,
        visit: &mut dyn FnMut(usize, Samples<'_>) -> Result<(), SourceError>,
    ) -> Result<(), SourceError> {
        let mut lean = Vec::new();
        self.0.read(range, &mut |index, samples| {
            lean.clear();
            let mut previous = None;
            for h in samples.histograms {
                lean.push(strip(h, previous));
                if !is_stale(h.histogram.sum) {
                    previous = Some(&*h.histogram);
                }
            }
            visit(index, Samples { histograms: &lean, ..samples })
        })
    }
}

fn strip(sample: &HistogramSample, previous: Option<&FloatHistogram>) -> HistogramSample {
    let h = &*sample.histogram;
    let reset_hint = match (h.reset_hint, previous) {
        _ if is_stale(h.sum) => CounterResetHint::Unknown,
        (CounterResetHint::Unknown, Some(previous)) if h.detect_reset(previous) => CounterResetHint::Reset,
        (CounterResetHint::Unknown, Some(_)) => CounterResetHint::NotReset,
        (hint, _) => hint,
    };
    // The schema stays: exponential and custom buckets must not meet, be they seen or not.
    let (schema, count, sum) = (h.schema, h.count, h.sum);
    let lean = FloatHistogram { reset_hint, schema, count, sum, ..FloatHistogram::default() };
    HistogramSample { histogram: Arc::new(lean), ..*sample }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CounterResetHint::{Gauge, NotReset, Reset, Unknown};

    #[test]
    fn buckets_go_and_what_they_tell_stays() {
        let h = |hint, bucket: f64| FloatHistogram {
            reset_hint: hint,
            count: 9.0,
            sum: 4.0,
            positive_spans: vec![model::Span { offset: 0, length: 2 }],
            positive_buckets: vec![bucket, 9.0 - bucket],
            ..FloatHistogram::default()
        };
        let sample = |h| HistogramSample { timestamp: 5, start_timestamp: 3, histogram: Arc::new(h) };
        let hint = |next, previous: Option<&FloatHistogram>| {
            let lean = strip(&sample(next), previous);
            assert_eq!((lean.timestamp, lean.start_timestamp), (5, 3));
            assert_eq!((lean.histogram.count, lean.histogram.sum), (9.0, 4.0));
            assert!(lean.histogram.positive_buckets.is_empty());
            lean.histogram.reset_hint
        };
        let before = h(Unknown, 4.0);
        assert_eq!(hint(h(Unknown, 4.0), None), Unknown);
        assert_eq!(hint(h(Unknown, 4.0), Some(&before)), NotReset);
        assert_eq!(hint(h(Unknown, 5.0), Some(&before)), Reset);
        assert_eq!(hint(h(Gauge, 5.0), Some(&before)), Gauge);
        assert_eq!(hint(h(NotReset, 5.0), Some(&before)), NotReset);
    }
}
