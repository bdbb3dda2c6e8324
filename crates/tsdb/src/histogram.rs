//! Native histograms as bytes, for the log and for the head: exact, and short when the one before is known.

use crate::bytes::{put_f64, put_varint, put_zigzag, take_f64, take_varint, take_zigzag};
use model::{CounterResetHint, FloatHistogram, Span};

/// The counts are whole numbers, written as such.
const WHOLE: u8 = 4;
/// Schema, threshold, spans and bounds are those of the histogram before, counts are differences to it.
const LIKE_BEFORE: u8 = 8;
/// Whole numbers up to here are exact in a float.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
/// A histogram with more buckets is not one: the finest schema has 2²⁵⁶ over all floats, instruments keep 160.
const BUCKETS_MAX: u64 = 1 << 20;

/// Appends a histogram; with the one before it, in its terms.
pub(crate) fn put_histogram(out: &mut Vec<u8>, h: &FloatHistogram, before: Option<&FloatHistogram>) {
    let whole =
        |v: &f64| *v >= 0.0 && *v < EXACT_MAX && v.fract() == 0.0 && v.to_bits() != (-0.0f64).to_bits();
    let all_whole = |h: &FloatHistogram| counts(h).all(|v| whole(&v));
    let is_whole = all_whole(h);
    let before = before.filter(|b| is_whole && same_layout(h, b) && all_whole(b));
    let hint = match h.reset_hint {
        CounterResetHint::Unknown => 0,
        CounterResetHint::Reset => 1,
        CounterResetHint::NotReset => 2,
        CounterResetHint::Gauge => 3,
    };
    out.push(hint | if is_whole { WHOLE } else { 0 } | if before.is_some() { LIKE_BEFORE } else { 0 });
    put_f64(out, h.sum);
    if let Some(before) = before {
        for (now, then) in counts(h).zip(counts(before)) {
            put_zigzag(out, now as i64 - then as i64);
        }
        return;
    }
    put_zigzag(out, h.schema as i64);
    put_f64(out, h.zero_threshold);
    for spans in [&h.positive_spans, &h.negative_spans] {
        put_varint(out, spans.len() as u64);
        for span in spans {
            put_zigzag(out, span.offset as i64);
            put_varint(out, span.length as u64);
        }
    }
    put_varint(out, h.positive_buckets.len() as u64);
    put_varint(out, h.negative_buckets.len() as u64);
    put_varint(out, h.custom_values.len() as u64);
    for bound in &h.custom_values {
        put_f64(out, *bound);
    }
    for count in counts(h) {
        if is_whole { put_varint(out, count as u64) } else { put_f64(out, count) }
    }
}

/// Reads what [`put_histogram`] wrote with the same `before`. `None` when the bytes are not that.
pub(crate) fn take_histogram(rest: &mut &[u8], before: Option<&FloatHistogram>) -> Option<FloatHistogram> {
    let (flags, tail) = rest.split_first()?;
    *rest = tail;
    let reset_hint = match flags & 3 {
        0 => CounterResetHint::Unknown,
        1 => CounterResetHint::Reset,
        2 => CounterResetHint::NotReset,
        _ => CounterResetHint::Gauge,
    };
    let sum = take_f64(rest)?;
    if flags & LIKE_BEFORE != 0 {
        let mut h = FloatHistogram { reset_hint, sum, ..before?.clone() };
        for count in counts_mut(&mut h) {
            *count = (*count as i64 + take_zigzag(rest)?) as f64;
        }
        return Some(h);
    }
    let mut h = FloatHistogram { reset_hint, sum, ..FloatHistogram::default() };
    h.schema = i32::try_from(take_zigzag(rest)?).ok()?;
    h.zero_threshold = take_f64(rest)?;
    for spans in [&mut h.positive_spans, &mut h.negative_spans] {
        for _ in 0..take_len(rest)? {
            let offset = i32::try_from(take_zigzag(rest)?).ok()?;
            let length = u32::try_from(take_varint(rest)?).ok()?;
            spans.push(Span { offset, length });
        }
    }
    let (positive, negative, custom) = (take_len(rest)?, take_len(rest)?, take_len(rest)?);
    for _ in 0..custom {
        h.custom_values.push(take_f64(rest)?);
    }
    h.positive_buckets.resize(positive, 0.0);
    h.negative_buckets.resize(negative, 0.0);
    for count in counts_mut(&mut h) {
        *count = if flags & WHOLE != 0 { take_varint(rest)? as f64 } else { take_f64(rest)? };
    }
    Some(h)
}

fn take_len(rest: &mut &[u8]) -> Option<usize> {
    take_varint(rest).filter(|n| *n <= BUCKETS_MAX).map(|n| n as usize)
}

fn counts(h: &FloatHistogram) -> impl Iterator<Item = f64> {
    [h.zero_count, h.count]
        .into_iter()
        .chain(h.positive_buckets.iter().copied())
        .chain(h.negative_buckets.iter().copied())
}

fn counts_mut(h: &mut FloatHistogram) -> impl Iterator<Item = &mut f64> {
    [&mut h.zero_count, &mut h.count]
        .into_iter()
        .chain(&mut h.positive_buckets)
        .chain(&mut h.negative_buckets)
}

fn same_layout(a: &FloatHistogram, b: &FloatHistogram) -> bool {
    a.schema == b.schema
        && a.zero_threshold.to_bits() == b.zero_threshold.to_bits()
        && a.positive_spans == b.positive_spans
        && a.negative_spans == b.negative_spans
        && a.custom_values.len() == b.custom_values.len()
        && a.custom_values.iter().zip(&b.custom_values).all(|(x, y)| x.to_bits() == y.to_bits())
        && a.positive_buckets.len() == b.positive_buckets.len()
        && a.negative_buckets.len() == b.negative_buckets.len()
}

/// Whether two histograms are the same to the last bit.
pub(crate) fn same_histogram(a: &FloatHistogram, b: &FloatHistogram) -> bool {
    same_layout(a, b)
        && a.reset_hint == b.reset_hint
        && a.sum.to_bits() == b.sum.to_bits()
        && counts(a).map(f64::to_bits).eq(counts(b).map(f64::to_bits))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts_of(n: usize) -> impl Strategy<Value = Vec<f64>> {
        prop_oneof![
            prop::collection::vec((0u64..1000).prop_map(|n| n as f64), n),
            prop::collection::vec(0.0f64..1e9, n),
        ]
    }

    pub(crate) fn any_histogram() -> impl Strategy<Value = FloatHistogram> {
        (0usize..6, 0usize..4, -4i32..=8, any::<f64>(), 0u8..4).prop_flat_map(|(p, n, schema, sum, hint)| {
            (counts_of(p), counts_of(n)).prop_map(move |(positive_buckets, negative_buckets)| {
                let span =
                    |n: usize| if n == 0 { vec![] } else { vec![Span { offset: -3, length: n as u32 }] };
                let count = positive_buckets.iter().chain(&negative_buckets).sum::<f64>() + 2.0;
                FloatHistogram {
                    reset_hint: [
                        CounterResetHint::Unknown,
                        CounterResetHint::Reset,
                        CounterResetHint::NotReset,
                        CounterResetHint::Gauge,
                    ][hint as usize],
                    schema,
                    zero_threshold: 1e-128,
                    zero_count: 2.0,
                    count,
                    sum,
                    positive_spans: span(p),
                    negative_spans: span(n),
                    positive_buckets,
                    negative_buckets,
                    custom_values: vec![],
                }
            })
        })
    }

    proptest! {
        #[test]
        fn comes_back(before in any_histogram(), h in any_histogram(), with in any::<bool>()) {
            let before = with.then_some(&before);
            let mut bytes = Vec::new();
            put_histogram(&mut bytes, &h, before);
            let mut rest = &bytes[..];
            let back = take_histogram(&mut rest, before).unwrap();
            prop_assert!(rest.is_empty() && same_histogram(&h, &back), "{:?} {:?}", h, back);
            for cut in 0..bytes.len() {
                prop_assert!(take_histogram(&mut &bytes[..cut], before).is_none());
            }
        }
    }
}
