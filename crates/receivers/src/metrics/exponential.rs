//! Exponential histograms as native histograms.
//!
//! Both have buckets of growth 2^(2^-scale). OpenTelemetry's bucket `i` is `(base^i, base^(i+1)]`, Prometheus's ends
//! at `base^i`: hence indexes one higher. Scales above 8 are made coarser by merging 2^(scale-8) buckets into one;
//! those below -4 are not known to Prometheus.

use super::classic::spans;
use super::target::Fault;
use crate::Reason;
use model::histogram::{EXPONENTIAL_SCHEMA_MAX, EXPONENTIAL_SCHEMA_MIN};
use model::{FloatHistogram, Span};
use opentelemetry_proto::tonic::metrics::v1::ExponentialHistogramDataPoint;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;

/// The zero bucket of a sender that does not say how wide it is.
const ZERO_THRESHOLD_DEFAULT: f64 = 1e-128;
/// Filled buckets of one side. SDKs hold 160 by default; a hundred times that is a mistake.
const BUCKETS_MAX: usize = 16_384;

fn fault<T>(message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::point(Reason::InvalidHistogram, message))
}

pub(crate) fn translate(point: &ExponentialHistogramDataPoint) -> Result<FloatHistogram, Fault> {
    let scale = point.scale;
    if scale < EXPONENTIAL_SCHEMA_MIN {
        return fault(format!(
            "cannot convert exponential to native histogram. Scale must be >= {EXPONENTIAL_SCHEMA_MIN}, was {scale}"
        ));
    }
    let schema = scale.min(EXPONENTIAL_SCHEMA_MAX);
    // Beyond 63 all indexes are 0 or -1.
    let shift = (scale - schema).min(63) as u32;
    let (positive, in_positive) = side(point.positive.as_ref(), shift)?;
    let (negative, in_negative) = side(point.negative.as_ref(), shift)?;
    let all = in_positive.checked_add(in_negative).and_then(|n| n.checked_add(point.zero_count));
    let sum = point.sum.unwrap_or(0.0);
    match all {
        None => return fault("the counts of the buckets overflow"),
        // Observations of NaN lie in no bucket.
        Some(n) if n > point.count || (n < point.count && !sum.is_nan()) => {
            return fault(format!("{n} observations found in buckets, but the count is {}", point.count));
        }
        Some(_) => {}
    }
    let threshold = point.zero_threshold;
    if threshold.is_nan() || threshold.is_infinite() || threshold < 0.0 {
        return fault(format!("the zero threshold is {threshold}"));
    }
    Ok(FloatHistogram {
        schema,
        zero_threshold: if threshold == 0.0 { ZERO_THRESHOLD_DEFAULT } else { threshold },
        zero_count: point.zero_count as f64,
        count: point.count as f64,
        sum,
        positive_spans: positive.0,
        positive_buckets: positive.1,
        negative_spans: negative.0,
        negative_buckets: negative.1,
        ..FloatHistogram::default()
    })
}

type Side = (Vec<Span>, Vec<f64>);

/// One side, and how many observations it has.
fn side(buckets: Option<&Buckets>, shift: u32) -> Result<(Side, u64), Fault> {
    let Some(buckets) = buckets else { return Ok((Side::default(), 0)) };
    let mut cells: Vec<(i64, u64)> = Vec::new();
    let mut total = 0u64;
    for (i, count) in buckets.bucket_counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let Some(sum) = total.checked_add(*count) else {
            return fault("the counts of the buckets overflow");
        };
        total = sum;
        let index = ((buckets.offset as i64 + i as i64) >> shift) + 1;
        let is_full = cells.len() == BUCKETS_MAX;
        match cells.last_mut() {
            Some(last) if last.0 == index => last.1 += count,
            _ if is_full => {
                return fault(format!("more than {BUCKETS_MAX} filled buckets"));
            }
            _ => cells.push((index, *count)),
        }
    }
    // The distance of the outermost fits, or that of none does.
    let limit = i64::from(i32::MAX) / 2;
    if cells.iter().any(|(index, _)| index.abs() > limit) {
        return fault("the index of a bucket is out of range");
    }
    Ok((spans(cells.into_iter()), total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn buckets(offset: i32, counts: &[u64]) -> Option<Buckets> {
        Some(Buckets { offset, bucket_counts: counts.to_vec() })
    }

    fn point(scale: i32, offset: i32, counts: &[u64]) -> ExponentialHistogramDataPoint {
        ExponentialHistogramDataPoint {
            scale,
            count: counts.iter().sum(),
            sum: Some(10.0),
            positive: buckets(offset, counts),
            ..ExponentialHistogramDataPoint::default()
        }
    }

    #[test]
    fn indexes_are_one_higher_and_gaps_become_spans() {
        let mut p = point(1, 1, &[1, 0, 0, 4, 2]);
        p.negative = buckets(-1, &[3]);
        p.zero_count = 5;
        p.count += 8;
        let h = translate(&p).unwrap();
        assert_eq!(h.positive_spans, [Span { offset: 2, length: 1 }, Span { offset: 2, length: 2 }]);
        assert_eq!(h.positive_buckets, [1.0, 4.0, 2.0]);
        assert_eq!(h.negative_spans, [Span { offset: 0, length: 1 }]);
        assert_eq!((h.schema, h.count, h.zero_count), (1, 15.0, 5.0));
        assert_eq!(h.zero_threshold, 1e-128);
        p.zero_threshold = 0.5;
        assert_eq!(translate(&p).unwrap().zero_threshold, 0.5);
    }

    #[test]
    fn fine_scales_are_made_coarser() {
        // Scale 10, two bits too fine: four buckets become one. Index 0 … 3 → 1, 4 → 2; -1 → 0.
        let h = translate(&point(10, -1, &[1, 1, 1, 1, 1, 1])).unwrap();
        assert_eq!(h.schema, 8);
        assert_eq!(h.positive_spans, [Span { offset: 0, length: 3 }]);
        assert_eq!(h.positive_buckets, [1.0, 4.0, 1.0]);
        let finest = translate(&point(i32::MAX, -1, &[1, 2])).unwrap();
        assert_eq!(finest.positive_buckets, [1.0, 2.0]);
    }

    #[test]
    fn hostile_points_are_refused() {
        let mut few = point(0, 0, &[5]);
        few.count = 4;
        let mut many = point(0, 0, &[5]);
        many.count = 6;
        let mut overflow = point(0, 0, &[0]);
        overflow.positive = buckets(0, &[u64::MAX, 1]);
        let mut threshold = point(0, 0, &[1]);
        threshold.zero_threshold = f64::NAN;
        let cases = [
            (point(-5, 0, &[1]), "Scale must be >= -4, was -5"),
            (few, "5 observations found in buckets, but the count is 4"),
            (many, "5 observations found in buckets, but the count is 6"),
            (overflow, "overflow"),
            (threshold, "zero threshold"),
            (point(0, i32::MAX, &[1, 1]), "out of range"),
            (point(0, 0, &vec![1; BUCKETS_MAX + 1]), "filled buckets"),
        ];
        for (point, want) in cases {
            match translate(&point) {
                Err(Fault::Point(_, message)) => assert!(message.contains(want), "{message}"),
                other => panic!("{want}: {other:?}"),
            }
        }
        let mut nan = point(0, 0, &[5]);
        (nan.count, nan.sum) = (6, Some(f64::NAN));
        assert!(translate(&nan).is_ok());
        // Empty buckets cost nothing, however many.
        assert!(translate(&point(0, -1_000, &vec![0; 100_000])).unwrap().positive_spans.is_empty());
    }

    proptest! {
        #[test]
        fn what_comes_out_is_valid(
            scale in -4i32..=20,
            offset in -5_000i32..5_000,
            counts in prop::collection::vec(0u64..50, 0..200),
        ) {
            let h = translate(&point(scale, offset, &counts)).unwrap();
            prop_assert!(h.validate().is_ok(), "{h:?}");
            prop_assert_eq!(h.positive_buckets.iter().sum::<f64>(), h.count);
            prop_assert!(h.positive_buckets.iter().all(|b| *b > 0.0));
        }

        #[test]
        fn merging_agrees_with_the_model(offset in -500i32..500, counts in prop::collection::vec(0u64..9, 1..80)) {
            // Scale 9 merges pairs; the model merges pairs from schema 8 to 7 by the same rule.
            let merged = translate(&point(9, offset, &counts)).unwrap();
            let mut model = translate(&point(8, offset, &counts)).unwrap();
            model.reduce_resolution(7);
            prop_assert_eq!(merged.positive_spans, model.positive_spans);
            prop_assert_eq!(merged.positive_buckets, model.positive_buckets);
        }
    }
}
