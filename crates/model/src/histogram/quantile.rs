//! Quantiles and fractions of a histogram, interpolated within buckets: exponentially in exponential ones, linearly
//! in custom ones and in the zero bucket.

use super::{Bucket, FloatHistogram};

/// What observations of NaN did to a result. They count, but lie in no bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NanObservations {
    None,
    /// The result stands among them: it is NaN.
    Result,
    /// The result is higher than it would be without them.
    Skew,
}

/// A quantile, and what NaN observations did to it.
#[derive(Clone, Copy, Debug)]
pub struct Quantile {
    pub value: f64,
    pub nan: NanObservations,
}

impl FloatHistogram {
    /// The value below which the fraction `q` of the observations lies.
    pub fn quantile(&self, q: f64) -> Quantile {
        let plain = |value| Quantile { value, nan: NanObservations::None };
        if q < 0.0 {
            return plain(f64::NEG_INFINITY);
        }
        if q > 1.0 {
            return plain(f64::INFINITY);
        }
        if self.count == 0.0 || q.is_nan() {
            return plain(f64::NAN);
        }
        // NaN observations make the sum NaN and are as if above everything: then count from below.
        let forward = self.sum.is_nan() || q < 0.5;
        let mut buckets = self.all_buckets();
        if !forward {
            buckets.reverse();
        }
        let mut rank = if forward { q * self.count } else { (1.0 - q) * self.count };
        let mut count = 0.0;
        let mut seen = 0usize;
        for b in &buckets {
            seen += 1;
            count += b.count;
            if b.count != 0.0 && count >= rank {
                break;
            }
        }
        let nothing =
            Bucket { lower: 0.0, upper: 0.0, lower_inclusive: false, upper_inclusive: false, count: 0.0 };
        let mut bucket = seen.checked_sub(1).map_or(nothing, |last| buckets[last]);
        if self.uses_custom_buckets() {
            if bucket.lower == f64::NEG_INFINITY {
                if bucket.upper <= 0.0 {
                    return plain(bucket.upper);
                }
                bucket.lower = 0.0;
            } else if bucket.upper == f64::INFINITY {
                return plain(bucket.lower);
            }
        } else if bucket.lower < 0.0 && bucket.upper > 0.0 {
            self.one_sided(&mut bucket);
        }
        let capped = count.min(self.count);
        if capped < rank {
            let nan = if self.sum.is_nan() { NanObservations::Result } else { NanObservations::None };
            let value = if self.sum.is_nan() { f64::NAN } else { bucket.upper };
            return Quantile { value, nan };
        }
        rank = if forward { rank - (capped - bucket.count) } else { capped - rank };
        let mut nan = NanObservations::None;
        if self.sum.is_nan() && capped + buckets[seen..].iter().map(|b| b.count).sum::<f64>() < self.count {
            nan = NanObservations::Skew;
        }
        Quantile { value: self.interpolate(&bucket, rank / bucket.count), nan }
    }

    /// A zero bucket of a histogram with observations on one side only ends at zero.
    fn one_sided(&self, bucket: &mut Bucket) {
        match (self.negative_buckets.is_empty(), self.positive_buckets.is_empty()) {
            (true, false) => bucket.lower = 0.0,
            (false, true) => bucket.upper = 0.0,
            _ => {}
        }
    }

    /// The value a fraction of the way through a bucket.
    fn interpolate(&self, bucket: &Bucket, fraction: f64) -> f64 {
        if self.uses_custom_buckets() || (bucket.lower <= 0.0 && bucket.upper >= 0.0) {
            return bucket.lower + (bucket.upper - bucket.lower) * fraction;
        }
        let (low, high) = (bucket.lower.abs().log2(), bucket.upper.abs().log2());
        if bucket.lower > 0.0 {
            (low + (high - low) * fraction).exp2()
        } else {
            -(high + (low - high) * (1.0 - fraction)).exp2()
        }
    }

    /// The fraction of the observations between two bounds, and whether some were NaN (those are in no fraction).
    pub fn fraction(&self, lower: f64, upper: f64) -> (f64, bool) {
        if self.count == 0.0 || lower.is_nan() || upper.is_nan() {
            return (f64::NAN, false);
        }
        if lower >= upper {
            return (0.0, false);
        }
        let buckets = self.all_buckets();
        let (mut rank, mut low, mut high) = (0.0, None, None);
        for b in &buckets {
            let mut b = *b;
            let zero = b.lower <= 0.0 && b.upper >= 0.0;
            if zero {
                self.one_sided(&mut b);
            }
            for (rank_at, bound) in [(&mut low, lower), (&mut high, upper)] {
                if rank_at.is_none() && b.lower >= bound {
                    *rank_at = Some(rank);
                }
            }
            for (rank_at, bound) in [(&mut low, lower), (&mut high, upper)] {
                if rank_at.is_none() && b.lower < bound && b.upper > bound {
                    *rank_at = Some(self.rank_within(&b, bound, rank, zero));
                }
            }
            rank += b.count;
            if low.is_some() && high.is_some() {
                break;
            }
        }
        let mut total = self.count;
        let mut nan = false;
        if self.sum.is_nan() {
            total = buckets.iter().map(|b| b.count).sum();
            nan = total < self.count;
        }
        let at = |rank: Option<f64>| rank.filter(|r| *r <= total).unwrap_or(total);
        ((at(high) - at(low)) / self.count, nan)
    }

    /// How many observations lie below a value within a bucket.
    fn rank_within(&self, b: &Bucket, value: f64, rank: f64, zero: bool) -> f64 {
        if self.uses_custom_buckets() || zero {
            // An infinite bucket cannot be divided: all of it counts as below.
            if b.lower == f64::NEG_INFINITY {
                return b.count;
            }
            return rank + b.count * (value - b.lower) / (b.upper - b.lower);
        }
        let (low, high, at) = (b.lower.abs().log2(), b.upper.abs().log2(), value.abs().log2());
        let fraction = if value > 0.0 { (at - low) / (high - low) } else { 1.0 - (at - high) / (low - high) };
        rank + b.count * fraction
    }

    /// The variance of the observations, taking each to lie in the middle of its bucket.
    pub fn variance(&self) -> f64 {
        let mean = self.sum / self.count;
        let (mut sum, mut c) = (0.0f64, 0.0f64);
        for b in self.all_buckets() {
            if b.count == 0.0 {
                continue;
            }
            let middle = if self.uses_custom_buckets() {
                (b.upper + b.lower) / 2.0
            } else if b.lower <= 0.0 && b.upper >= 0.0 {
                0.0
            } else {
                (b.upper * b.lower).sqrt().copysign(b.upper)
            };
            let square = b.count * (middle - mean) * (middle - mean);
            let total = sum + square;
            if total.is_infinite() {
                c = 0.0;
            } else if sum.abs() >= square.abs() {
                c += (sum - total) + square;
            } else {
                c += (square - total) + sum;
            }
            sum = total;
        }
        (sum + c) / self.count
    }
}
