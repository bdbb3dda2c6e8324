//! Sums, differences and multiples of histograms.
//!
//! Two exponential histograms meet at the coarser schema and the wider zero bucket; two with custom bounds meet
//! at the bounds they share; one of each kind cannot be combined.

use super::layout::{Cell, cells, from_cells};
use super::{CounterResetHint, FloatHistogram};
use std::cmp::Ordering;
use std::fmt;

/// What combining two histograms came across.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Combined {
    /// One hint said reset, the other said none.
    pub hints_collided: bool,
    /// The custom bounds differed; what both have is left.
    pub bounds_reconciled: bool,
}

/// One histogram has exponential buckets, the other custom bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IncompatibleSchemas;

impl fmt::Display for IncompatibleSchemas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot combine a histogram of exponential buckets with one of custom bounds")
    }
}
impl std::error::Error for IncompatibleSchemas {}

impl FloatHistogram {
    /// Adds another histogram. Empty buckets may remain: see [`FloatHistogram::compact`].
    pub fn add(&mut self, other: &FloatHistogram) -> Result<Combined, IncompatibleSchemas> {
        self.combine(other, 1.0)
    }

    /// Subtracts another histogram. The hint is treated as in an addition; that a difference is a gauge is for
    /// the caller to say.
    pub fn sub(&mut self, other: &FloatHistogram) -> Result<Combined, IncompatibleSchemas> {
        self.combine(other, -1.0)
    }

    /// Multiplies every count and the sum. A negative factor makes a gauge.
    pub fn mul(&mut self, factor: f64) {
        self.scale(|v| v * factor);
        if factor < 0.0 {
            self.reset_hint = CounterResetHint::Gauge;
        }
    }

    /// Divides every count and the sum. A division by zero leaves no buckets, a negative divisor makes a gauge.
    pub fn div(&mut self, divisor: f64) {
        if divisor == 0.0 {
            self.positive_buckets.clear();
            self.negative_buckets.clear();
            self.positive_spans.clear();
            self.negative_spans.clear();
        }
        self.scale(|v| v / divisor);
        if divisor < 0.0 {
            self.reset_hint = CounterResetHint::Gauge;
        }
    }

    fn scale(&mut self, f: impl Fn(f64) -> f64) {
        self.zero_count = f(self.zero_count);
        self.count = f(self.count);
        self.sum = f(self.sum);
        for b in self.positive_buckets.iter_mut().chain(&mut self.negative_buckets) {
            *b = f(*b);
        }
    }

    /// Whether any count or the sum is infinite.
    pub fn has_overflow(&self) -> bool {
        self.zero_count.is_infinite()
            || self.count.is_infinite()
            || self.sum.is_infinite()
            || self.positive_buckets.iter().chain(&self.negative_buckets).any(|b| b.is_infinite())
    }

    fn combine(&mut self, other: &FloatHistogram, sign: f64) -> Result<Combined, IncompatibleSchemas> {
        let mut combined = self.meet(other)?;
        if self.uses_custom_buckets() {
            self.count += sign * other.count;
            self.sum += sign * other.sum;
            if self.custom_values == other.custom_values {
                let (spans, buckets) = (&other.positive_spans, &other.positive_buckets);
                add_side(&mut self.positive_spans, &mut self.positive_buckets, spans, buckets, sign);
            } else {
                combined.bounds_reconciled = true;
                self.add_reconciled(other, sign);
            }
            return Ok(combined);
        }
        self.zero_count += sign * self.reconcile_zero(other);
        self.count += sign * other.count;
        self.sum += sign * other.sum;
        self.reduce_resolution(other.schema);
        for positive in [true, false] {
            self.add_exponential_side(other, positive, sign);
        }
        Ok(combined)
    }

    /// What both kinds of combination begin with: kinds and hints.
    pub(super) fn meet(&mut self, other: &FloatHistogram) -> Result<Combined, IncompatibleSchemas> {
        if self.uses_custom_buckets() != other.uses_custom_buckets() {
            return Err(IncompatibleSchemas);
        }
        Ok(Combined { hints_collided: self.join_hint(other.reset_hint), bounds_reconciled: false })
    }

    /// The hint of a combination; `true` when the two contradict each other.
    fn join_hint(&mut self, other: CounterResetHint) -> bool {
        use CounterResetHint::*;
        let (hint, collided) = match (self.reset_hint, other) {
            (a, b) if a == b => (a, false),
            (Gauge, _) | (_, Gauge) => (Gauge, false),
            (Unknown, _) | (_, Unknown) => (Unknown, false),
            _ => (Unknown, true),
        };
        self.reset_hint = hint;
        collided
    }

    fn add_exponential_side(&mut self, other: &FloatHistogram, positive: bool, sign: f64) {
        let threshold = self.zero_threshold;
        let plain = other.schema == self.schema && other.zero_threshold == threshold;
        let (their_spans, their_buckets) = if positive {
            (&other.positive_spans, &other.positive_buckets)
        } else {
            (&other.negative_spans, &other.negative_buckets)
        };
        let (spans, buckets) = if positive {
            (&mut self.positive_spans, &mut self.positive_buckets)
        } else {
            (&mut self.negative_spans, &mut self.negative_buckets)
        };
        if plain && *spans == *their_spans && buckets.len() == their_buckets.len() {
            return add_buckets(buckets, their_buckets, sign);
        }
        let theirs = other.side_at(positive, threshold, self.schema);
        merge_into(spans, buckets, &theirs, sign);
    }

    /// Adds a histogram with other custom bounds: both are mapped to the bounds they share.
    fn add_reconciled(&mut self, other: &FloatHistogram, sign: f64) {
        let shared = shared_bounds(&self.custom_values, &other.custom_values);
        let mut target = vec![0.0; shared.len() + 1];
        self.map_to_bounds(&shared, |i, count| target[i] += count);
        other.map_to_bounds(&shared, |i, count| target[i] += sign * count);
        let cells: Vec<Cell> = (0i32..).zip(target).filter(|(_, count)| *count != 0.0).collect();
        (self.positive_spans, self.positive_buckets) = from_cells(&cells);
        self.custom_values = shared;
    }

    /// Gives every bucket to the bucket of coarser bounds that contains it.
    pub(super) fn map_to_bounds(&self, shared: &[f64], mut add: impl FnMut(usize, f64)) {
        let mut at = 0;
        for (index, count) in cells(&self.positive_spans, &self.positive_buckets) {
            let target = match usize::try_from(index).ok().and_then(|i| self.custom_values.get(i)) {
                Some(bound) => {
                    while at < shared.len() && shared[at] < *bound {
                        at += 1;
                    }
                    at
                }
                None => shared.len(),
            };
            add(target, count);
        }
    }
}

/// The bounds that two ascending lists have in common.
pub(super) fn shared_bounds(a: &[f64], b: &[f64]) -> Vec<f64> {
    let (mut i, mut j) = (0, 0);
    let mut shared = Vec::new();
    while i < a.len() && j < b.len() {
        match a[i].total_cmp(&b[j]) {
            Ordering::Equal => {
                shared.push(a[i]);
                (i, j) = (i + 1, j + 1);
            }
            Ordering::Less => i += 1,
            Ordering::Greater => j += 1,
        }
    }
    shared
}

fn add_buckets(buckets: &mut [f64], theirs: &[f64], sign: f64) {
    for (ours, theirs) in buckets.iter_mut().zip(theirs) {
        *ours += sign * theirs;
    }
}

fn add_side(
    spans: &mut Vec<super::Span>,
    buckets: &mut Vec<f64>,
    their_spans: &[super::Span],
    their_buckets: &[f64],
    sign: f64,
) {
    if *spans == *their_spans && buckets.len() == their_buckets.len() {
        return add_buckets(buckets, their_buckets, sign);
    }
    let theirs: Vec<Cell> = cells(their_spans, their_buckets).collect();
    merge_into(spans, buckets, &theirs, sign);
}

fn merge_into(spans: &mut Vec<super::Span>, buckets: &mut Vec<f64>, theirs: &[Cell], sign: f64) {
    let ours: Vec<Cell> = cells(spans, buckets).collect();
    let mut merged = Vec::with_capacity(ours.len() + theirs.len());
    merge(&ours, theirs, |index, a, b| {
        merged.push((index, a.unwrap_or(0.0) + sign * b.unwrap_or(0.0)));
    });
    (*spans, *buckets) = from_cells(&merged);
}

/// Walks two ascending lists in step.
pub(super) fn merge<A: Copy, B: Copy>(
    a: &[(i32, A)],
    b: &[(i32, B)],
    mut visit: impl FnMut(i32, Option<A>, Option<B>),
) {
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let order = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.0.cmp(&y.0),
            (Some(_), None) => Ordering::Less,
            _ => Ordering::Greater,
        };
        match order {
            Ordering::Less => visit(a[i].0, Some(a[i].1), None),
            Ordering::Greater => visit(b[j].0, None, Some(b[j].1)),
            Ordering::Equal => visit(a[i].0, Some(a[i].1), Some(b[j].1)),
        }
        i += usize::from(order != Ordering::Greater);
        j += usize::from(order != Ordering::Less);
    }
}
