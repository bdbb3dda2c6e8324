//! A running sum of histograms that carries what rounding lost (Kahan's summation in Neumaier's form), bucket by
//! bucket. Many histograms, or ones of very different size, sum to what exact arithmetic would give.

use super::arithmetic::{Combined, IncompatibleSchemas, merge, shared_bounds};
use super::layout::{Cell, cells, coarser, from_cells};
use super::{FloatHistogram, Span};

/// A sum with its compensation. The compensation's buckets lie as those of the sum.
#[derive(Clone, Debug)]
pub struct KahanHistogram {
    sum: FloatHistogram,
    zero_c: f64,
    count_c: f64,
    sum_c: f64,
    positive_c: Vec<f64>,
    negative_c: Vec<f64>,
}

/// Adds to a compensated sum.
#[inline(always)]
fn inc(inc: f64, sum: f64, c: f64) -> (f64, f64) {
    let t = sum + inc;
    // The smaller of the two lost digits. Choices instead of jumps make vector instructions of a loop.
    let lost = if sum.abs() >= inc.abs() { (sum - t) + inc } else { (inc - t) + sum };
    (t, if t.is_infinite() { 0.0 } else { c + lost })
}

#[inline(always)]
fn inc_at(value: f64, sum: &mut f64, c: &mut f64) {
    (*sum, *c) = inc(value, *sum, *c);
}

impl KahanHistogram {
    pub fn new(first: FloatHistogram) -> KahanHistogram {
        KahanHistogram {
            zero_c: 0.0,
            count_c: 0.0,
            sum_c: 0.0,
            positive_c: vec![0.0; first.positive_buckets.len()],
            negative_c: vec![0.0; first.negative_buckets.len()],
            sum: first,
        }
    }

    /// The sum so far, without the compensation.
    pub fn sum(&self) -> &FloatHistogram {
        &self.sum
    }

    /// The compensated sum.
    pub fn into_total(mut self) -> FloatHistogram {
        self.sum.zero_count += self.zero_c;
        self.sum.count += self.count_c;
        self.sum.sum += self.sum_c;
        for (b, c) in self.sum.positive_buckets.iter_mut().zip(&self.positive_c) {
            *b += c;
        }
        for (b, c) in self.sum.negative_buckets.iter_mut().zip(&self.negative_c) {
            *b += c;
        }
        self.sum
    }

    pub fn div(&mut self, divisor: f64) {
        self.sum.div(divisor);
        self.scale_compensation(|v| v / divisor);
    }

    pub fn mul(&mut self, factor: f64) {
        self.sum.mul(factor);
        self.scale_compensation(|v| v * factor);
    }

    fn scale_compensation(&mut self, f: impl Fn(f64) -> f64) {
        self.zero_c = f(self.zero_c);
        self.count_c = f(self.count_c);
        self.sum_c = f(self.sum_c);
        for c in self.positive_c.iter_mut().chain(&mut self.negative_c) {
            *c = f(*c);
        }
    }

    /// Adds a histogram. On an error the sum is as before.
    pub fn add(&mut self, other: &FloatHistogram) -> Result<Combined, IncompatibleSchemas> {
        let mut combined = self.sum.meet(other)?;
        let custom = self.sum.uses_custom_buckets();
        let zero = if custom { 0.0 } else { self.reconcile_zero(other) };
        inc_at(zero, &mut self.sum.zero_count, &mut self.zero_c);
        inc_at(other.count, &mut self.sum.count, &mut self.count_c);
        inc_at(other.sum, &mut self.sum.sum, &mut self.sum_c);
        if custom && self.sum.custom_values != other.custom_values {
            combined.bounds_reconciled = true;
            self.add_reconciled(other);
            return Ok(combined);
        }
        if !custom {
            self.reduce_resolution(other.schema);
        }
        for positive in [true, false] {
            self.add_side(other, positive);
        }
        Ok(combined)
    }

    fn reconcile_zero(&mut self, other: &FloatHistogram) -> f64 {
        if self.sum.zero_threshold == other.zero_threshold {
            return other.zero_count;
        }
        let before = (self.sum.positive_spans.clone(), self.sum.negative_spans.clone());
        let counts = (self.sum.positive_buckets.clone(), self.sum.negative_buckets.clone());
        let threshold = self.sum.zero_threshold;
        let zero = self.sum.reconcile_zero(other);
        if self.sum.zero_threshold != threshold {
            // Buckets went into the zero bucket: what their sums had lost goes with them.
            let sides = [
                (before.0, counts.0, &mut self.positive_c, &self.sum.positive_spans),
                (before.1, counts.1, &mut self.negative_c, &self.sum.negative_spans),
            ];
            for (spans, buckets, c, kept) in sides {
                let old: Vec<Cell> = cells(&spans, c).collect();
                let new: Vec<(i32, ())> =
                    super::layout::indexes(kept, buckets.len()).map(|i| (i, ())).collect();
                let mut moved = Vec::with_capacity(new.len());
                merge(&old, &new, |_, c, kept| match kept {
                    Some(()) => moved.push(c.unwrap_or(0.0)),
                    None => self.zero_c += c.unwrap_or(0.0),
                });
                *c = moved;
            }
        }
        zero
    }

    fn reduce_resolution(&mut self, schema: i32) {
        let from = self.sum.schema;
        if schema >= from {
            return;
        }
        let before = (self.sum.positive_spans.clone(), self.sum.negative_spans.clone());
        self.sum.reduce_resolution(schema);
        if self.sum.schema == from {
            return;
        }
        for (spans, c) in [(before.0, &mut self.positive_c), (before.1, &mut self.negative_c)] {
            *c = coarser(cells(&spans, c), from, schema).into_iter().map(|(_, c)| c).collect();
        }
    }

    fn add_side(&mut self, other: &FloatHistogram, positive: bool) {
        let sum = &mut self.sum;
        let plain = other.schema == sum.schema && other.zero_threshold == sum.zero_threshold;
        let (schema, threshold) = (sum.schema, sum.zero_threshold);
        let (spans, buckets, c) = if positive {
            (&mut sum.positive_spans, &mut sum.positive_buckets, &mut self.positive_c)
        } else {
            (&mut sum.negative_spans, &mut sum.negative_buckets, &mut self.negative_c)
        };
        let (their_spans, their_buckets) = if positive {
            (&other.positive_spans, &other.positive_buckets)
        } else {
            (&other.negative_spans, &other.negative_buckets)
        };
        if plain && *spans == *their_spans && buckets.len() == their_buckets.len() {
            for ((b, c), theirs) in buckets.iter_mut().zip(c.iter_mut()).zip(their_buckets) {
                inc_at(*theirs, b, c);
            }
            return;
        }
        merge_side(spans, buckets, c, &other.side_at(positive, threshold, schema));
    }

    fn add_reconciled(&mut self, other: &FloatHistogram) {
        let shared = shared_bounds(&self.sum.custom_values, &other.custom_values);
        let mut target = vec![(0.0, 0.0); shared.len() + 1];
        self.sum.map_to_bounds(&shared, |i, count| target[i].0 += count);
        let mut compensation = self.sum.clone();
        compensation.positive_buckets.clone_from(&self.positive_c);
        compensation.map_to_bounds(&shared, |i, c| target[i].1 += c);
        other.map_to_bounds(&shared, |i, count| {
            let (sum, c) = &mut target[i];
            inc_at(count, sum, c);
        });
        let kept: Vec<(i32, (f64, f64))> =
            (0i32..).zip(target).filter(|(_, (sum, c))| *sum != 0.0 || *c != 0.0).collect();
        let sums: Vec<Cell> = kept.iter().map(|(i, (sum, _))| (*i, *sum)).collect();
        (self.sum.positive_spans, self.sum.positive_buckets) = from_cells(&sums);
        self.positive_c = kept.iter().map(|(_, (_, c))| *c).collect();
        self.sum.custom_values = shared;
    }
}

fn merge_side(spans: &mut Vec<Span>, buckets: &mut Vec<f64>, c: &mut Vec<f64>, theirs: &[Cell]) {
    let ours: Vec<(i32, (f64, f64))> =
        cells(spans, buckets).zip(c.iter()).map(|((i, sum), c)| (i, (sum, *c))).collect();
    let mut sums = Vec::with_capacity(ours.len() + theirs.len());
    let mut compensations = Vec::with_capacity(ours.len() + theirs.len());
    merge(&ours, theirs, |index, a, b| {
        let (mut sum, mut c) = a.unwrap_or((0.0, 0.0));
        if let Some(count) = b {
            inc_at(count, &mut sum, &mut c);
        }
        sums.push((index, sum));
        compensations.push(c);
    });
    (*spans, *buckets) = from_cells(&sums);
    *c = compensations;
}
