//! Whether a histogram that came from outside is one.

use super::{CUSTOM_BUCKETS_SCHEMA, EXPONENTIAL_SCHEMA_MAX, EXPONENTIAL_SCHEMA_MIN};
use super::{FloatHistogram, Histogram, Span};
use std::fmt;

/// What is wrong with a histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramError(pub String);

impl fmt::Display for HistogramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for HistogramError {}

fn fail<T>(reason: impl Into<String>) -> Result<T, HistogramError> {
    Err(HistogramError(reason.into()))
}

impl Histogram {
    /// Checks layout and counts. A count below that of the buckets is wrong; one above is too, unless the sum is
    /// NaN (observations of NaN lie in no bucket).
    pub fn validate(&self) -> Result<(), HistogramError> {
        let shape = Shape {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            custom_values: &self.custom_values,
            positive: (&self.positive_spans, self.positive_deltas.len()),
            negative: (&self.negative_spans, self.negative_deltas.len()),
            has_zero_count: self.zero_count != 0,
        };
        shape.check()?;
        let positive = total(&self.positive_deltas)?;
        let negative = total(&self.negative_deltas)?;
        let all = positive.checked_add(negative).and_then(|n| n.checked_add(self.zero_count));
        match all {
            None => fail("the counts of the buckets overflow"),
            Some(n) if n > self.count => {
                fail(format!("{n} observations found in buckets, but the Count field is {}", self.count))
            }
            Some(n) if n < self.count && !self.sum.is_nan() => {
                fail(format!("{n} observations found in buckets, but the Count field is {}", self.count))
            }
            Some(_) => Ok(()),
        }
    }
}

impl FloatHistogram {
    /// Checks layout and signs. Counts of floats need not add up: rounding would break it.
    pub fn validate(&self) -> Result<(), HistogramError> {
        let shape = Shape {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            custom_values: &self.custom_values,
            positive: (&self.positive_spans, self.positive_buckets.len()),
            negative: (&self.negative_spans, self.negative_buckets.len()),
            has_zero_count: self.zero_count != 0.0,
        };
        shape.check()?;
        if self.zero_count < 0.0 {
            return fail(format!("zero bucket has observation count of {}", self.zero_count));
        }
        if self.count < 0.0 {
            return fail(format!("observation count is {}", self.count));
        }
        for (side, buckets) in [("positive", &self.positive_buckets), ("negative", &self.negative_buckets)] {
            if let Some((i, b)) = buckets.iter().enumerate().find(|(_, b)| **b < 0.0) {
                return fail(format!("{side} side: bucket number {} has observation count of {b}", i + 1));
            }
        }
        Ok(())
    }
}

struct Shape<'a> {
    schema: i32,
    zero_threshold: f64,
    custom_values: &'a [f64],
    positive: (&'a [Span], usize),
    negative: (&'a [Span], usize),
    has_zero_count: bool,
}

impl Shape<'_> {
    fn check(&self) -> Result<(), HistogramError> {
        check_spans("positive", self.positive)?;
        check_spans("negative", self.negative)?;
        if self.schema == CUSTOM_BUCKETS_SCHEMA {
            return self.check_custom();
        }
        if !(EXPONENTIAL_SCHEMA_MIN..=EXPONENTIAL_SCHEMA_MAX).contains(&self.schema) {
            return fail(format!(
                "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema {}",
                self.schema
            ));
        }
        if !self.custom_values.is_empty() {
            return fail("histogram with exponential schema must not have custom bounds");
        }
        Ok(())
    }

    fn check_custom(&self) -> Result<(), HistogramError> {
        let ascending = self.custom_values.windows(2).all(|w| w[0] < w[1]);
        let finite = self.custom_values.iter().all(|v| v.is_finite());
        let end: i64 = self.positive.0.iter().map(|s| s.offset as i64 + s.length as i64).sum();
        if !ascending || !finite {
            return fail("histogram custom bounds must be in strictly increasing order and finite");
        }
        if self.positive.0.first().is_some_and(|s| s.offset < 0) {
            return fail("histogram has a span whose offset is negative");
        }
        if end > self.custom_values.len() as i64 + 1 {
            return fail(format!(
                "only {} custom bounds defined, insufficient for {end} buckets",
                self.custom_values.len()
            ));
        }
        if self.has_zero_count || self.zero_threshold != 0.0 {
            return fail("custom buckets: must have zero count and threshold of 0");
        }
        if !self.negative.0.is_empty() || self.negative.1 > 0 {
            return fail("custom buckets: must not have negative spans or buckets");
        }
        Ok(())
    }
}

fn check_spans(side: &str, (spans, buckets): (&[Span], usize)) -> Result<(), HistogramError> {
    if let Some(i) = spans.iter().skip(1).position(|s| s.offset < 0) {
        return fail(format!("{side} side: span number {} with negative offset", i + 2));
    }
    let laid_out: u64 = spans.iter().map(|s| s.length as u64).sum();
    if laid_out != buckets as u64 {
        return fail(format!("{side} side: spans need {laid_out} buckets, have {buckets} buckets"));
    }
    Ok(())
}

fn total(deltas: &[i64]) -> Result<u64, HistogramError> {
    let (mut sum, mut count) = (0u64, 0i64);
    for (i, delta) in deltas.iter().enumerate() {
        count = count.wrapping_add(*delta);
        let Ok(n) = u64::try_from(count) else {
            return fail(format!("bucket number {} has observation count of {count}", i + 1));
        };
        sum = match sum.checked_add(n) {
            Some(sum) => sum,
            None => return fail("the counts of the buckets overflow"),
        };
    }
    Ok(sum)
}
