//! Quantiles with a bounded relative error.
//!
//! A logarithmic histogram: a value falls into the bucket that its exponent and the first bits of its mantissa name, so
//! finding the bucket takes a shift. With [`BITS`] = 7 a power of two has 128 buckets, and the middle of a bucket is
//! within 0.4 % of each value in it. Buckets are counted in an array from the lowest to the highest that was met:
//! latencies span some ten powers of two, 1,300 counters of 4 B.
//!
//! Sketches of disjoint values join into the sketch of all, without further error.

/// Bits of the mantissa that tell buckets apart.
const BITS: u32 = 7;
/// The largest error of a quantile, as a share of it: half a bucket, 2^-8.
#[cfg(test)]
const RELATIVE_ERROR: f64 = 1.0 / 256.0;

#[derive(Clone, Debug, Default)]
pub(crate) struct Sketch {
    /// Counts of positive values; `counts[0]` is of the bucket `first`.
    counts: Vec<u32>,
    first: u32,
    /// Of negative values, by their size.
    negative: Option<Box<Sketch>>,
    zeros: u64,
    total: u64,
}

impl Sketch {
    /// Values that are no numbers do not count.
    pub fn add(&mut self, value: f64) {
        if value > 0.0 {
            self.total += 1;
            self.count(bucket(value), 1);
        } else if value == 0.0 {
            self.total += 1;
            self.zeros += 1;
        } else if value < 0.0 {
            self.total += 1;
            self.negative.get_or_insert_default().add(-value);
        }
    }

    fn count(&mut self, bucket: u32, by: u32) {
        if self.counts.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            let more = (self.first - bucket) as usize;
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first = bucket;
        }
        let at = (bucket - self.first) as usize;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        self.counts[at] = self.counts[at].saturating_add(by);
    }

    pub fn merge(&mut self, other: &Sketch) {
        for (at, count) in other.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.count(other.first + at as u32, *count);
        }
        if let Some(negative) = &other.negative {
            self.negative.get_or_insert_default().merge(negative);
        }
        self.zeros += other.zeros;
        self.total += other.total;
    }

    /// The value below which a share `q` of all lies; none without values.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if self.total == 0 {
            return None;
        }
        let rank = (q.clamp(0.0, 1.0) * (self.total - 1) as f64).round() as u64;
        let negatives = self.negative.as_ref().map_or(0, |negative| negative.total);
        if rank < negatives {
            return self.negative.as_ref().and_then(|n| n.at(negatives - 1 - rank)).map(|value| -value);
        }
        if rank < negatives + self.zeros {
            return Some(0.0);
        }
        self.at(rank - negatives - self.zeros)
    }

    /// The positive value at a place in their order.
    fn at(&self, rank: u64) -> Option<f64> {
        let mut seen = 0;
        for (at, count) in self.counts.iter().enumerate() {
            seen += u64::from(*count);
            if seen > rank {
                return Some(middle(self.first + at as u32));
            }
        }
        None
    }

    pub fn bytes(&self) -> usize {
        self.counts.capacity() * size_of::<u32>() + self.negative.as_ref().map_or(0, |n| n.bytes())
    }
}

fn bucket(value: f64) -> u32 {
    (value.to_bits() >> (52 - BITS)) as u32
}

fn middle(bucket: u32) -> f64 {
    let low = f64::from_bits(u64::from(bucket) << (52 - BITS));
    let high = f64::from_bits((u64::from(bucket) + 1) << (52 - BITS));
    if high.is_finite() { (low + high) / 2.0 } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quantiles_are_near_the_true_ones(
            values in proptest::collection::vec(prop_oneof![-1e12..1e12f64, Just(0.0), 1e-6..1.0f64], 1..300),
            q in 0.0..=1.0f64,
            cut in 0..300usize,
        ) {
            let (mut left, mut right) = (Sketch::default(), Sketch::default());
            for (i, value) in values.iter().enumerate() {
                if i < cut { left.add(*value) } else { right.add(*value) }
            }
            left.merge(&right);
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let exact = sorted[(q * (values.len() - 1) as f64).round() as usize];
            let near = left.quantile(q).unwrap();
            prop_assert!((near - exact).abs() <= exact.abs() * RELATIVE_ERROR, "{near} {exact}");
        }
    }

    #[test]
    fn nothing_has_no_quantile_and_odd_values_do_no_harm() {
        let mut sketch = Sketch::default();
        sketch.add(f64::NAN);
        assert_eq!(sketch.quantile(0.5), None);
        sketch.add(f64::MAX);
        sketch.add(f64::MIN_POSITIVE / 4.0);
        sketch.add(f64::INFINITY);
        assert!(sketch.quantile(0.5).is_some());
        assert!(sketch.bytes() < 2 << 20);
    }
}
