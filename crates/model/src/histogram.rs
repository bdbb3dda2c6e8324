//! Native histograms: sparse exponential buckets, or custom bounds (schema −53).
//!
//! [`Histogram`] is what instruments expose and what is stored: integer counts, delta-encoded. [`FloatHistogram`]
//! is what PromQL computes with: absolute counts as floats. Layout and rules are those of Prometheus's native
//! histogram specification, <https://prometheus.io/docs/specs/native_histograms/>.
//!
//! The maths, a file each: `layout` (spans, compaction, schemas), `buckets` (bounds and walks), `zero` (the zero
//! bucket), `arithmetic` (add, subtract, scale), `kahan` (compensated sums), `reset` (counter resets), `trim`,
//! `quantile`, `print`.
//!
//! A histogram may come from anywhere: nothing here panics on spans that do not fit their buckets. Buckets that
//! spans do not cover are ignored, spans that lack buckets end early.

mod arithmetic;
mod buckets;
mod kahan;
mod layout;
mod print;
mod quantile;
mod reset;
mod trim;
mod validate;
mod zero;

pub use arithmetic::{Combined, IncompatibleSchemas};
pub use buckets::Bucket;
pub use kahan::KahanHistogram;
pub use quantile::{NanObservations, Quantile};
pub use validate::HistogramError;

/// The schema number of histograms with custom bounds.
pub const CUSTOM_BUCKETS_SCHEMA: i32 = -53;

/// The coarsest and the finest exponential schema.
pub const EXPONENTIAL_SCHEMA_MIN: i32 = -4;
pub const EXPONENTIAL_SCHEMA_MAX: i32 = 8;

/// A run of consecutive buckets: `offset` empty ones after the last span (or from index 0), then `length` filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    pub offset: i32,
    pub length: u32,
}

/// What is known of a counter reset between a histogram and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum CounterResetHint {
    #[default]
    Unknown,
    Reset,
    NotReset,
    Gauge,
}

/// An integer histogram: bucket counts are deltas to the bucket before.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Histogram {
    pub reset_hint: CounterResetHint,
    /// −4 … 8 exponential, or [`CUSTOM_BUCKETS_SCHEMA`].
    pub schema: i32,
    pub zero_threshold: f64,
    pub zero_count: u64,
    pub count: u64,
    pub sum: f64,
    pub positive_spans: Vec<Span>,
    pub negative_spans: Vec<Span>,
    pub positive_deltas: Vec<i64>,
    pub negative_deltas: Vec<i64>,
    /// Upper bounds, ascending, without +Inf; only with [`CUSTOM_BUCKETS_SCHEMA`].
    pub custom_values: Vec<f64>,
}

/// A float histogram: bucket counts are absolute.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FloatHistogram {
    pub reset_hint: CounterResetHint,
    pub schema: i32,
    pub zero_threshold: f64,
    pub zero_count: f64,
    pub count: f64,
    pub sum: f64,
    pub positive_spans: Vec<Span>,
    pub negative_spans: Vec<Span>,
    pub positive_buckets: Vec<f64>,
    pub negative_buckets: Vec<f64>,
    pub custom_values: Vec<f64>,
}

impl Histogram {
    /// The same histogram with absolute float counts.
    pub fn to_float(&self) -> FloatHistogram {
        FloatHistogram {
            reset_hint: self.reset_hint,
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count as f64,
            count: self.count as f64,
            sum: self.sum,
            positive_spans: self.positive_spans.clone(),
            negative_spans: self.negative_spans.clone(),
            positive_buckets: absolute(&self.positive_deltas),
            negative_buckets: absolute(&self.negative_deltas),
            custom_values: self.custom_values.clone(),
        }
    }
}

impl FloatHistogram {
    pub fn uses_custom_buckets(&self) -> bool {
        self.schema == CUSTOM_BUCKETS_SCHEMA
    }

    /// What the histogram weighs in Prometheus's accounting: its bytes there, 168 for the structure and 8 for
    /// every span, bucket and bound.
    pub fn size_bytes(&self) -> usize {
        let slots = self.positive_spans.len()
            + self.negative_spans.len()
            + self.positive_buckets.len()
            + self.negative_buckets.len()
            + self.custom_values.len();
        168 + 8 * slots
    }

    /// Whether two histograms hold the same data: layout by layout, number by number in bits. The hints of
    /// resets are not data.
    pub fn equals(&self, other: &FloatHistogram) -> bool {
        let bits = |a: f64, b: f64| a.to_bits() == b.to_bits();
        let all = |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| bits(*a, *b));
        self.schema == other.schema
            && bits(self.count, other.count)
            && bits(self.sum, other.sum)
            && (!self.uses_custom_buckets() || self.custom_values == other.custom_values)
            && self.zero_threshold == other.zero_threshold
            && bits(self.zero_count, other.zero_count)
            && layout::same_layout(&self.positive_spans, &other.positive_spans)
            && layout::same_layout(&self.negative_spans, &other.negative_spans)
            && all(&self.positive_buckets, &other.positive_buckets)
            && all(&self.negative_buckets, &other.negative_buckets)
    }
}

fn absolute(deltas: &[i64]) -> Vec<f64> {
    let mut sum = 0i64;
    deltas
        .iter()
        .map(|d| {
            sum = sum.wrapping_add(*d);
            sum as f64
        })
        .collect()
}

#[cfg(test)]
mod tests;
