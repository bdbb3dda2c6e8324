//! Histograms with explicit bounds.

use super::target::Fault;
use crate::Reason;
use model::{FloatHistogram, Span, histogram::CUSTOM_BUCKETS_SCHEMA};
use opentelemetry_proto::tonic::metrics::v1::HistogramDataPoint;

/// A point that makes sense. The bucket beyond the last bound is the last of `counts`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Classic {
    /// Finite, strictly ascending.
    pub bounds: Vec<f64>,
    /// Each bucket's own; one more than `bounds`. They add up to `count`.
    pub counts: Vec<u64>,
    pub count: u64,
    pub sum: Option<f64>,
}

fn fault<T>(message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::point(Reason::InvalidHistogram, message))
}

impl Classic {
    pub fn read(point: &HistogramDataPoint) -> Result<Classic, Fault> {
        let (mut bounds, mut counts) = (point.explicit_bounds.clone(), point.bucket_counts.clone());
        if counts.is_empty() {
            // Only a count and a sum were taken.
            bounds.clear();
            counts.push(point.count);
        }
        if counts.len() != bounds.len() + 1 {
            let (bounds, counts) = (bounds.len(), counts.len());
            return fault(format!("{bounds} bounds need {} buckets, have {counts}", bounds + 1));
        }
        if bounds.last() == Some(&f64::INFINITY) {
            bounds.pop();
            let beyond = counts.pop().unwrap_or(0);
            let last = counts.len() - 1;
            counts[last] = counts[last].saturating_add(beyond);
        }
        if !bounds.iter().all(|b| b.is_finite()) || !bounds.windows(2).all(|w| w[0] < w[1]) {
            return fault("bounds must be finite and strictly ascending");
        }
        let in_buckets = counts.iter().try_fold(0u64, |sum, n| sum.checked_add(*n));
        match in_buckets {
            None => fault("the counts of the buckets overflow"),
            Some(n) if n > point.count => {
                fault(format!("{n} observations found in buckets, but the count is {}", point.count))
            }
            Some(n) => {
                // What is in no bucket is larger than any bound, as far as can be told.
                if let Some(last) = counts.last_mut() {
                    *last += point.count - n;
                }
                Ok(Classic { bounds, counts, count: point.count, sum: point.sum })
            }
        }
    }

    /// Adds what came after it. `false` when the bounds are others.
    pub fn add(&mut self, delta: &Classic) -> bool {
        if self.bounds != delta.bounds {
            return false;
        }
        for (total, n) in self.counts.iter_mut().zip(&delta.counts) {
            *total = total.saturating_add(*n);
        }
        self.count = self.count.saturating_add(delta.count);
        self.sum = self.sum.zip(delta.sum).map(|(a, b)| a + b);
        true
    }

    /// `(bound, observations up to it)` of each bucket, the last with +Inf.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let mut total = 0u64;
        self.bounds.iter().copied().chain([f64::INFINITY]).zip(&self.counts).map(move |(bound, n)| {
            total = total.saturating_add(*n);
            (bound, total)
        })
    }

    /// The same as a native histogram with custom bounds.
    pub fn to_native(&self) -> FloatHistogram {
        let filled = self.counts.iter().enumerate().filter(|(_, n)| **n > 0);
        let (spans, buckets) = spans(filled.map(|(i, n)| (i as i64, *n)));
        FloatHistogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count: self.count as f64,
            sum: self.sum.unwrap_or(0.0),
            positive_spans: spans,
            positive_buckets: buckets,
            custom_values: self.bounds.clone(),
            ..FloatHistogram::default()
        }
    }
}

/// Spans and counts of buckets that ascend by index. The indexes and their distances fit 32 bits.
pub(crate) fn spans(cells: impl Iterator<Item = (i64, u64)>) -> (Vec<Span>, Vec<f64>) {
    let (mut spans, mut buckets): (Vec<Span>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut next = 0i64;
    for (index, count) in cells {
        match spans.last_mut() {
            Some(last) if index == next => last.length += 1,
            _ => spans.push(Span { offset: (index - next) as i32, length: 1 }),
        }
        buckets.push(count as f64);
        next = index + 1;
    }
    (spans, buckets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn point(bounds: &[f64], counts: &[u64], count: u64) -> HistogramDataPoint {
        HistogramDataPoint {
            explicit_bounds: bounds.to_vec(),
            bucket_counts: counts.to_vec(),
            count,
            sum: Some(1.5),
            ..HistogramDataPoint::default()
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let inf = f64::INFINITY;
        let cases: [(&[f64], &[u64], u64, &str); 7] = [
            (&[1.0], &[1], 1, "1 bounds need 2 buckets, have 1"),
            (&[], &[1, 2], 3, "0 bounds need 1 buckets, have 2"),
            (&[2.0, 1.0], &[1, 1, 1], 3, "strictly ascending"),
            (&[1.0, 1.0], &[1, 1, 1], 3, "strictly ascending"),
            (&[f64::NAN], &[1, 1], 2, "finite"),
            (&[-inf, 1.0], &[1, 1, 1], 3, "finite"),
            (&[1.0], &[2, 2], 3, "4 observations found in buckets, but the count is 3"),
        ];
        for (bounds, counts, count, want) in cases {
            match Classic::read(&point(bounds, counts, count)) {
                Err(Fault::Point(Reason::InvalidHistogram, message)) => {
                    assert!(message.contains(want), "{message}");
                }
                other => panic!("{bounds:?} {counts:?}: {other:?}"),
            }
        }
        let overflow = Classic::read(&point(&[1.0], &[u64::MAX, 1], u64::MAX));
        assert!(matches!(overflow, Err(Fault::Point(_, message)) if message.contains("overflow")));
    }

    #[test]
    fn loose_forms_are_understood() {
        let inf = f64::INFINITY;
        let only_count = Classic::read(&point(&[], &[], 7)).unwrap();
        assert_eq!((only_count.bounds.len(), only_count.counts), (0, vec![7]));
        let said = Classic::read(&point(&[1.0, inf], &[1, 2, 3], 6)).unwrap();
        assert_eq!((said.bounds, said.counts), (vec![1.0], vec![1, 5]));
        let more = Classic::read(&point(&[1.0], &[1, 2], 10)).unwrap();
        assert_eq!(more.cumulative().collect::<Vec<_>>(), [(1.0, 1), (inf, 10)]);
    }

    proptest! {
        #[test]
        fn the_native_form_is_valid_and_has_the_same_counts(counts in prop::collection::vec(0u64..1000, 1..20)) {
            let bounds: Vec<f64> = (1..counts.len()).map(|i| i as f64).collect();
            let classic = Classic::read(&point(&bounds, &counts, counts.iter().sum())).unwrap();
            let native = classic.to_native();
            prop_assert!(native.validate().is_ok(), "{native:?}");
            prop_assert_eq!(native.count, native.positive_buckets.iter().sum::<f64>());
            let filled = counts.iter().filter(|n| **n > 0).count();
            prop_assert_eq!(native.positive_buckets.len(), filled);
            prop_assert_eq!(classic.cumulative().last().unwrap().1, classic.count);
        }

        #[test]
        fn deltas_add_up(a in prop::collection::vec(0u64..1000, 3), b in prop::collection::vec(0u64..1000, 3)) {
            let of = |counts: &[u64]| Classic::read(&point(&[1.0, 2.0], counts, counts.iter().sum())).unwrap();
            let mut sum = of(&a);
            prop_assert!(sum.add(&of(&b)));
            let both: Vec<u64> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
            prop_assert_eq!(sum, Classic { sum: Some(3.0), ..of(&both) });
        }
    }
}
