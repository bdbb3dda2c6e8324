//! The buckets of a histogram with their bounds, and the orders to walk them in.

use super::layout::{cells, coarser};
use super::{CUSTOM_BUCKETS_SCHEMA, EXPONENTIAL_SCHEMA_MAX, EXPONENTIAL_SCHEMA_MIN, FloatHistogram};
use std::sync::OnceLock;

/// One bucket: bounds and count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    pub lower: f64,
    pub upper: f64,
    pub lower_inclusive: bool,
    pub upper_inclusive: bool,
    pub count: f64,
}

/// 2^(i/256)/2 for i below 256: the bounds of the finest schema between ½ and 1.
fn fractions() -> &'static [f64; 256] {
    static TABLE: OnceLock<[f64; 256]> = OnceLock::new();
    TABLE.get_or_init(|| std::array::from_fn(|i| 0.5 * (i as f64 / 256.0).exp2()))
}

/// `fraction · 2^exponent`, into the subnormal and the infinite.
fn scale(fraction: f64, exponent: i32) -> f64 {
    // In two steps, as 2^exponent alone may not be representable where the product is.
    let exponent = exponent.clamp(-2200, 2200);
    let half = exponent / 2;
    fraction * 2f64.powi(half) * 2f64.powi(exponent - half)
}

/// The upper bound (in absolute value) of the exponential bucket with an index.
pub(super) fn exponential_bound(index: i32, schema: i32) -> f64 {
    if schema < 0 {
        let exponent =
            index.checked_mul(1 << (-schema).min(30)).unwrap_or(if index < 0 { -4096 } else { 4096 });
        // The last bucket of finite numbers ends at the largest of them, not at 2^1024.
        return if exponent == 1024 { f64::MAX } else { scale(1.0, exponent) };
    }
    let schema = schema.min(EXPONENTIAL_SCHEMA_MAX);
    let within = index & ((1 << schema) - 1);
    let fraction = fractions()[(within as usize) << (EXPONENTIAL_SCHEMA_MAX - schema)];
    let exponent = (index >> schema).saturating_add(1);
    if fraction == 0.5 && exponent == 1025 { f64::MAX } else { scale(fraction, exponent) }
}

fn custom_bound(index: i32, bounds: &[f64]) -> f64 {
    match usize::try_from(index) {
        Err(_) => f64::NEG_INFINITY,
        Ok(i) => bounds.get(i).copied().unwrap_or(f64::INFINITY),
    }
}

/// The upper bound of a bucket on the positive side.
pub(super) fn bound(index: i32, schema: i32, custom: &[f64]) -> f64 {
    if schema == CUSTOM_BUCKETS_SCHEMA {
        custom_bound(index, custom)
    } else {
        exponential_bound(index, schema)
    }
}

impl FloatHistogram {
    fn bucket(&self, index: i32, count: f64, positive: bool) -> Bucket {
        let outer = bound(index, self.schema, &self.custom_values);
        let inner = bound(index.wrapping_sub(1), self.schema, &self.custom_values);
        let (lower, upper) = if positive { (inner, outer) } else { (-outer, -inner) };
        let (lower_inclusive, upper_inclusive) =
            if self.uses_custom_buckets() { (index == 0, true) } else { (lower < 0.0, upper > 0.0) };
        Bucket { lower, upper, lower_inclusive, upper_inclusive, count }
    }

    /// The buckets above zero, ascending; with custom bounds, all of them.
    pub fn positive(&self) -> impl Iterator<Item = Bucket> + '_ {
        cells(&self.positive_spans, &self.positive_buckets).map(|(i, count)| self.bucket(i, count, true))
    }

    /// The buckets below zero, from zero downwards.
    pub fn negative(&self) -> impl Iterator<Item = Bucket> + '_ {
        cells(&self.negative_spans, &self.negative_buckets).map(|(i, count)| self.bucket(i, count, false))
    }

    pub fn zero_bucket(&self) -> Bucket {
        Bucket {
            lower: -self.zero_threshold,
            upper: self.zero_threshold,
            lower_inclusive: true,
            upper_inclusive: true,
            count: self.zero_count,
        }
    }

    /// Every bucket, ascending. A bucket that reaches into the zero bucket ends at the zero threshold.
    pub fn all_buckets(&self) -> Vec<Bucket> {
        let threshold = self.zero_threshold;
        let clipped = |mut b: Bucket| {
            if b.upper < 0.0 && b.upper > -threshold {
                b.upper = -threshold;
            } else if b.lower > 0.0 && b.lower < threshold {
                b.lower = threshold;
            }
            b
        };
        let mut all: Vec<Bucket> = self.negative().map(clipped).collect();
        all.reverse();
        if self.zero_count > 0.0 {
            all.push(self.zero_bucket());
        }
        all.extend(self.positive().map(clipped));
        all
    }

    /// Buckets on one side whose outer bound is beyond `threshold`, merged to a coarser schema. What is within the
    /// threshold is sorted out before the merge: it counts as part of the zero bucket.
    pub(super) fn side_at(&self, positive: bool, threshold: f64, schema: i32) -> Vec<(i32, f64)> {
        let (spans, buckets) = if positive {
            (&self.positive_spans, &self.positive_buckets)
        } else {
            (&self.negative_spans, &self.negative_buckets)
        };
        let exponential = (EXPONENTIAL_SCHEMA_MIN..=EXPONENTIAL_SCHEMA_MAX).contains(&schema);
        if !exponential {
            return cells(spans, buckets).collect();
        }
        let within =
            |cell: &(i32, f64)| threshold > 0.0 && exponential_bound(cell.0, self.schema) <= threshold;
        coarser(cells(spans, buckets).skip_while(within), self.schema, schema)
    }
}
