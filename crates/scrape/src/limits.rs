//! What a job allows: labels and buckets.

use crate::error::ScrapeError;
use model::{FloatHistogram, Histogram, Labels, Span};
use promconfig::ScrapeConfig;
use wire::histogram::NativeHistogram;

/// The finest and coarsest resolutions of exponential histograms.
const SCHEMA_MAX: i32 = 8;
const SCHEMA_MIN: i32 = -4;
/// Characters of a name or value that an error repeats.
const SHOWN_CHARS_MAX: usize = 50;

/// Limits on the labels of one series; 0 means none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LabelLimits {
    count: u64,
    name_bytes: u64,
    value_bytes: u64,
}

impl LabelLimits {
    pub fn new(config: &ScrapeConfig) -> LabelLimits {
        LabelLimits {
            count: config.label_limit,
            name_bytes: config.label_name_length_limit,
            value_bytes: config.label_value_length_limit,
        }
    }

    pub fn check(&self, labels: &Labels) -> Result<(), ScrapeError> {
        let fail = |text: String| Err(ScrapeError::LabelLimit(text));
        let (metric, limit) = (shown(labels.metric_name()), self.count);
        let count = if limit > 0 { labels.len() as u64 } else { 0 };
        if count > limit {
            return fail(format!(
                "label_limit exceeded (metric: {metric}, number of labels: {count}, limit: {limit})"
            ));
        }
        if self.name_bytes == 0 && self.value_bytes == 0 {
            return Ok(());
        }
        for (name, value) in labels.iter() {
            let (length, limit) = (name.len() as u64, self.name_bytes);
            if limit > 0 && length > limit {
                return fail(format!(
                    "label_name_length_limit exceeded (metric: {metric}, label name: {}, length: {length}, limit: {limit})",
                    shown(name)
                ));
            }
            let (length, limit) = (value.len() as u64, self.value_bytes);
            if limit > 0 && length > limit {
                return fail(format!(
                    "label_value_length_limit exceeded (metric: {metric}, label name: {}, value: {:?}, length: {length}, limit: {limit})",
                    shown(name),
                    shown(value)
                ));
            }
        }
        Ok(())
    }
}

fn shown(text: &str) -> &str {
    text.char_indices().nth(SHOWN_CHARS_MAX).map_or(text, |(at, _)| &text[..at])
}

/// The finest schema whose buckets grow by at least this factor.
pub fn schema_of_factor(factor: f64) -> i32 {
    if factor <= 1.0 {
        return SCHEMA_MAX;
    }
    let schema = -factor.log2().log2();
    (schema.floor() as i32).clamp(SCHEMA_MIN, SCHEMA_MAX)
}

/// Brings a histogram to a schema no finer than `schema_max` and at most `bucket_limit` buckets (0: any number).
/// `false` when no resolution is coarse enough.
pub fn reduce(histogram: &mut NativeHistogram, schema_max: i32, bucket_limit: u64) -> bool {
    let is_exponential = |schema: i32| (SCHEMA_MIN..=SCHEMA_MAX).contains(&schema);
    if is_exponential(schema_of(histogram)) && schema_of(histogram) > schema_max {
        to_schema(histogram, schema_max);
    }
    while bucket_limit > 0 && buckets(histogram) as u64 > bucket_limit {
        let schema = schema_of(histogram);
        if !is_exponential(schema) || schema == SCHEMA_MIN {
            return false;
        }
        to_schema(histogram, schema - 1);
    }
    true
}

fn schema_of(histogram: &NativeHistogram) -> i32 {
    match histogram {
        NativeHistogram::Integer(h) => h.schema,
        NativeHistogram::Float(h) => h.schema,
    }
}

fn buckets(histogram: &NativeHistogram) -> usize {
    match histogram {
        NativeHistogram::Integer(h) => h.positive_deltas.len() + h.negative_deltas.len(),
        NativeHistogram::Float(h) => h.positive_buckets.len() + h.negative_buckets.len(),
    }
}

fn to_schema(histogram: &mut NativeHistogram, schema: i32) {
    match histogram {
        NativeHistogram::Integer(h) => integer_to_schema(h, schema),
        NativeHistogram::Float(h) => FloatHistogram::reduce_resolution(h, schema),
    }
}

fn integer_to_schema(histogram: &mut Histogram, schema: i32) {
    let steps = histogram.schema - schema;
    for (spans, deltas) in [
        (&mut histogram.positive_spans, &mut histogram.positive_deltas),
        (&mut histogram.negative_spans, &mut histogram.negative_deltas),
    ] {
        (*spans, *deltas) = merge_buckets(spans, deltas, steps as u32);
    }
    histogram.schema = schema;
}

/// Merges buckets that are one bucket in a schema that is coarser by `steps`.
fn merge_buckets(spans: &[Span], deltas: &[i64], steps: u32) -> (Vec<Span>, Vec<i64>) {
    let (mut new_spans, mut counts) = (Vec::<Span>::new(), Vec::<i64>::new());
    let (mut index, mut count, mut next) = (0i64, 0i64, 0i64);
    let mut deltas = deltas.iter();
    for span in spans {
        index += i64::from(span.offset);
        for _ in 0..span.length {
            let Some(delta) = deltas.next() else { break };
            count = count.wrapping_add(*delta);
            // Bucket i ends at base^i: the coarser bucket ends at the next multiple of 2^steps.
            let merged = ((index - 1) >> steps) + 1;
            index += 1;
            match counts.last_mut() {
                Some(last) if merged + 1 == next => {
                    *last = last.wrapping_add(count);
                    continue;
                }
                _ => {}
            }
            let gap = if counts.is_empty() { merged } else { merged - next };
            match new_spans.last_mut() {
                Some(last) if gap == 0 => last.length += 1,
                _ => new_spans.push(Span { offset: gap as i32, length: 1 }),
            }
            counts.push(count);
            next = merged + 1;
        }
    }
    let mut before = 0;
    let deltas = counts.iter().map(|c| c.wrapping_sub(std::mem::replace(&mut before, *c))).collect();
    (new_spans, deltas)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn histogram(schema: i32, spans: &[(i32, u32)], counts: &[i64]) -> Histogram {
        let mut before = 0;
        Histogram {
            schema,
            positive_spans: spans
                .iter()
                .map(|(offset, length)| Span { offset: *offset, length: *length })
                .collect(),
            positive_deltas: counts.iter().map(|c| c - std::mem::replace(&mut before, *c)).collect(),
            count: counts.iter().sum::<i64>() as u64,
            ..Histogram::default()
        }
    }

    #[test]
    fn factors_give_schemas() {
        let check = |factor: f64, want: i32| assert_eq!(schema_of_factor(factor), want, "{factor}");
        check(0.0, 8);
        check(1.0, 8);
        check(1.002, 8);
        check(1.1, 2);
        check(2.0, 0);
        check(3.0, -1);
        check(65536.0, -4);
        check(1e9, -4);
    }

    #[test]
    fn buckets_merge_at_even_bounds() {
        // Bounds 2^1, 2^2, 2^3, 2^4 of schema 0 lie in 4^1 and 4^2 of schema -1.
        let mut h = NativeHistogram::Integer(histogram(0, &[(1, 4)], &[1, 2, 3, 4]));
        assert!(reduce(&mut h, -1, 0));
        assert_eq!(h, NativeHistogram::Integer(histogram(-1, &[(1, 2)], &[3, 7])));
    }

    #[test]
    fn limits_lower_the_resolution_until_it_fits() {
        let many: Vec<i64> = (1..=64).collect();
        let mut h = NativeHistogram::Integer(histogram(3, &[(0, 64)], &many));
        assert!(reduce(&mut h, SCHEMA_MAX, 10));
        assert!(buckets(&h) <= 10);
        let NativeHistogram::Integer(h) = h else { unreachable!() };
        assert_eq!(h.to_float().positive_buckets.iter().sum::<f64>(), (64 * 65 / 2) as f64);
        let mut custom = NativeHistogram::Integer(histogram(
            model::histogram::CUSTOM_BUCKETS_SCHEMA,
            &[(0, 3)],
            &[1, 1, 1],
        ));
        assert!(!reduce(&mut custom, SCHEMA_MAX, 2), "custom buckets cannot be merged");
    }

    proptest! {
        #[test]
        fn integer_and_float_histograms_reduce_alike(
            spans in prop::collection::vec((0i32..9, 1u32..5), 1..6),
            first in -20i32..20,
            schema in -3i32..8,
            steps in 1i32..6,
            seed in prop::collection::vec(0i64..100, 30),
        ) {
            let mut spans = spans;
            spans[0].0 = first;
            let n: u32 = spans.iter().map(|s| s.1).sum();
            // Empty buckets are left out: the float form drops them, the integer form keeps them.
            let counts: Vec<i64> = seed[..n as usize].iter().map(|c| c + 1).collect();
            let integer = histogram(schema, &spans, &counts);
            let target = (schema - steps).max(SCHEMA_MIN);
            let mut reduced = integer.clone();
            integer_to_schema(&mut reduced, target);
            let mut a = reduced.to_float();
            let mut b = integer.to_float().to_schema(target);
            a.compact();
            b.compact();
            prop_assert_eq!(a, b);
        }
    }

    #[test]
    fn label_limits_name_the_label() {
        let limits = |count, name_bytes, value_bytes| LabelLimits { count, name_bytes, value_bytes };
        let labels = Labels::from_pairs([("__name__", "m"), ("name", "value")]);
        let check = |limits: LabelLimits, want: Option<&str>| {
            let got = limits.check(&labels).err().map(|e| e.to_string());
            assert_eq!(got.as_deref(), want);
        };
        check(limits(0, 0, 0), None);
        check(limits(2, 8, 5), None);
        check(limits(1, 0, 0), Some("label_limit exceeded (metric: m, number of labels: 2, limit: 1)"));
        check(
            limits(0, 7, 0),
            Some("label_name_length_limit exceeded (metric: m, label name: __name__, length: 8, limit: 7)"),
        );
        check(
            limits(0, 0, 4),
            Some(
                "label_value_length_limit exceeded (metric: m, label name: name, value: \"value\", length: 5, limit: 4)",
            ),
        );
    }
}
