//! Native histograms of one series: layouts shared, bucket counts as differences to the sample before.
//!
//! Sums, timestamps and start times are columns of the page like those of floats. What is left is here, a sample
//! after the other: a control byte; the layout (schema, zero threshold, spans, custom bounds) when it differs from
//! the sample before; then zero count, count and buckets, each as the difference to the count of the same bucket
//! before, where all are whole numbers, else as bits. The page compresses the result.

use crate::block::bytes::{Input, Malformed, put_signed, put_varint};
use model::{CounterResetHint, FloatHistogram, HistogramSample, Span};

/// Bits of the control byte; the two above are the reset hint.
const NEW_LAYOUT: u8 = 1;
const RAW_COUNTS: u8 = 2;
const HINT_SHIFT: u32 = 2;
/// Whole numbers up to here are exact as floats: 2⁵³.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Appends all samples but their times and sums.
pub(crate) fn encode(samples: &[HistogramSample], out: &mut Vec<u8>) {
    let mut before = FloatHistogram::default();
    let mut counts_before: Vec<u64> = vec![0, 0];
    for sample in samples {
        let h = &*sample.histogram;
        let new_layout = !same_layout(&before, h);
        let counts = whole_counts(h);
        let control = (new_layout as u8 * NEW_LAYOUT)
            | (counts.is_none() as u8 * RAW_COUNTS)
            | (hint_code(h.reset_hint) << HINT_SHIFT);
        out.push(control);
        if new_layout {
            put_layout(h, out);
            counts_before = carry_over(&before, &counts_before, h);
        }
        match counts {
            Some(counts) => {
                for (c, b) in counts.iter().zip(&counts_before) {
                    put_signed(out, c.wrapping_sub(*b) as i64);
                }
                counts_before = counts;
            }
            None => raw_counts(h).for_each(|c| out.extend_from_slice(&c.to_le_bytes())),
        }
        before = h.clone();
    }
}

/// Reads `n` samples, handing each to `visit` with a sum of 0.
pub(crate) fn decode(
    input: &mut Input<'_>,
    n: usize,
    mut visit: impl FnMut(FloatHistogram),
) -> Result<(), Malformed> {
    let mut layout = FloatHistogram::default();
    let mut counts: Vec<u64> = vec![0, 0];
    for _ in 0..n {
        let control = input.byte()?;
        if control & NEW_LAYOUT != 0 {
            let next = take_layout(input)?;
            counts = carry_over(&layout, &counts, &next);
            layout = next;
        }
        let mut h = layout.clone();
        h.reset_hint = hint_of(control >> HINT_SHIFT)?;
        if control & RAW_COUNTS != 0 {
            each_count(&mut h, |_| Ok(f64::from_bits(input.fixed_u64()?)))?;
        } else {
            for c in &mut counts {
                *c = c.wrapping_add(input.signed()? as u64);
            }
            each_count(&mut h, |i| Ok(counts[i] as f64))?;
        }
        visit(h);
    }
    Ok(())
}

fn hint_code(hint: CounterResetHint) -> u8 {
    match hint {
        CounterResetHint::Unknown => 0,
        CounterResetHint::Reset => 1,
        CounterResetHint::NotReset => 2,
        CounterResetHint::Gauge => 3,
    }
}

fn hint_of(code: u8) -> Result<CounterResetHint, Malformed> {
    Ok(match code {
        0 => CounterResetHint::Unknown,
        1 => CounterResetHint::Reset,
        2 => CounterResetHint::NotReset,
        3 => CounterResetHint::Gauge,
        _ => return Err(Malformed("unknown control byte of a histogram")),
    })
}

fn same_bits(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

fn same_layout(a: &FloatHistogram, b: &FloatHistogram) -> bool {
    a.schema == b.schema
        && a.zero_threshold.to_bits() == b.zero_threshold.to_bits()
        && a.positive_spans == b.positive_spans
        && a.negative_spans == b.negative_spans
        && a.positive_buckets.len() == b.positive_buckets.len()
        && a.negative_buckets.len() == b.negative_buckets.len()
        && same_bits(&a.custom_values, &b.custom_values)
}

fn put_layout(h: &FloatHistogram, out: &mut Vec<u8>) {
    put_signed(out, h.schema.into());
    out.extend_from_slice(&h.zero_threshold.to_bits().to_le_bytes());
    for (spans, buckets) in
        [(&h.positive_spans, h.positive_buckets.len()), (&h.negative_spans, h.negative_buckets.len())]
    {
        put_varint(out, spans.len() as u64);
        for span in spans {
            put_signed(out, span.offset.into());
            put_varint(out, span.length.into());
        }
        put_varint(out, buckets as u64);
    }
    put_varint(out, h.custom_values.len() as u64);
    h.custom_values.iter().for_each(|v| out.extend_from_slice(&v.to_bits().to_le_bytes()));
}

fn take_layout(input: &mut Input<'_>) -> Result<FloatHistogram, Malformed> {
    let mut h = FloatHistogram {
        schema: i32::try_from(input.signed()?).map_err(|_| Malformed("schema over 32 bits"))?,
        zero_threshold: f64::from_bits(input.fixed_u64()?),
        ..FloatHistogram::default()
    };
    for negative in [false, true] {
        let n = input.count()?;
        let mut spans = Vec::with_capacity(n);
        for _ in 0..n {
            let offset = i32::try_from(input.signed()?).map_err(|_| Malformed("offset over 32 bits"))?;
            spans.push(Span { offset, length: input.u32()? });
        }
        // Each count takes at least a byte of what follows.
        let buckets = vec![0.0; input.count()?];
        if negative {
            (h.negative_spans, h.negative_buckets) = (spans, buckets);
        } else {
            (h.positive_spans, h.positive_buckets) = (spans, buckets);
        }
    }
    for _ in 0..input.count()? {
        h.custom_values.push(f64::from_bits(input.fixed_u64()?));
    }
    Ok(h)
}

/// Zero count, count, positive and negative buckets, when all are whole.
fn whole_counts(h: &FloatHistogram) -> Option<Vec<u64>> {
    let whole = |v: &f64| {
        (*v >= 0.0 && *v <= WHOLE_MAX && v.to_bits() == (*v as u64 as f64).to_bits()).then_some(*v as u64)
    };
    [h.zero_count, h.count].iter().chain(&h.positive_buckets).chain(&h.negative_buckets).map(whole).collect()
}

fn raw_counts(h: &FloatHistogram) -> impl Iterator<Item = u64> {
    let counts = [h.zero_count, h.count];
    counts
        .into_iter()
        .chain(h.positive_buckets.iter().copied())
        .chain(h.negative_buckets.iter().copied())
        .map(f64::to_bits)
}

/// Fills zero count, count and buckets in the order of [`whole_counts`].
fn each_count(
    h: &mut FloatHistogram,
    mut next: impl FnMut(usize) -> Result<f64, Malformed>,
) -> Result<(), Malformed> {
    h.zero_count = next(0)?;
    h.count = next(1)?;
    let buckets = h.positive_buckets.iter_mut().chain(h.negative_buckets.iter_mut());
    for (i, bucket) in buckets.enumerate() {
        *bucket = next(i + 2)?;
    }
    Ok(())
}

/// The counts of an old layout, by bucket, as those of a new one: what the differences of the next sample are to.
fn carry_over(old: &FloatHistogram, counts: &[u64], new: &FloatHistogram) -> Vec<u64> {
    let mut carried = vec![0; 2 + new.positive_buckets.len() + new.negative_buckets.len()];
    if old.schema != new.schema {
        return carried;
    }
    carried[..2].copy_from_slice(&counts[..2]);
    let (old_positive, old_negative) = counts[2..].split_at(old.positive_buckets.len());
    let (positive, negative) = carried[2..].split_at_mut(new.positive_buckets.len());
    carry_side(&old.positive_spans, old_positive, &new.positive_spans, positive);
    carry_side(&old.negative_spans, old_negative, &new.negative_spans, negative);
    carried
}

fn carry_side(old_spans: &[Span], old: &[u64], new_spans: &[Span], new: &mut [u64]) {
    let mut old_at = indexes(old_spans).zip(old).peekable();
    for (index, slot) in indexes(new_spans).zip(new) {
        while old_at.next_if(|(i, _)| *i < index).is_some() {}
        if let Some((_, count)) = old_at.next_if(|(i, _)| *i == index) {
            *slot = *count;
        }
    }
}

/// The bucket indexes of spans. Callers zip it with buckets, which bounds spans of absurd length.
fn indexes(spans: &[Span]) -> impl Iterator<Item = i64> + '_ {
    let mut next = 0i64;
    spans.iter().flat_map(move |span| {
        let start = next + i64::from(span.offset);
        next = start + i64::from(span.length);
        start..next
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn any_bits() -> impl Strategy<Value = f64> {
        any::<u64>().prop_map(f64::from_bits)
    }

    prop_compose! {
        fn side()(spans in proptest::collection::vec((-5i32..9, 0u32..4), 0..4),
                  fill in prop_oneof![Just(true), Just(false)])
                 (buckets in proptest::collection::vec(
                    if fill { (0u64..1 << 40).prop_map(|v| v as f64).boxed() } else { any_bits().boxed() },
                    spans.iter().map(|s| s.1 as usize).sum::<usize>()), spans in Just(spans))
                 -> (Vec<Span>, Vec<f64>) {
            (spans.iter().map(|(offset, length)| Span { offset: *offset, length: *length }).collect(), buckets)
        }
    }

    prop_compose! {
        pub(crate) fn histogram()(
            hint in 0u8..4, schema in -53i32..9, zero_threshold in any_bits(), zero_count in 0u64..100, count in any::<u32>(),
            (positive_spans, positive_buckets) in side(), (negative_spans, negative_buckets) in side(),
            custom_values in proptest::collection::vec(any_bits(), 0..3),
        ) -> FloatHistogram {
            FloatHistogram { reset_hint: hint_of(hint).unwrap(), schema, zero_threshold, zero_count: zero_count as f64,
                count: count.into(), sum: 0.0, positive_spans, negative_spans, positive_buckets, negative_buckets, custom_values }
        }
    }

    fn bits(h: &FloatHistogram) -> String {
        format!(
            "{:?} {:?} {:x?} {:?} {:?} {:x?} {:?}",
            h.reset_hint,
            h.schema,
            h.zero_threshold.to_bits(),
            h.positive_spans,
            h.negative_spans,
            raw_counts(h).collect::<Vec<_>>(),
            h.custom_values.iter().map(|v| v.to_bits()).collect::<Vec<_>>()
        )
    }

    fn round_trip(histograms: &[FloatHistogram]) -> usize {
        let samples: Vec<HistogramSample> = histograms
            .iter()
            .map(|h| HistogramSample { timestamp: 0, start_timestamp: 0, histogram: Arc::new(h.clone()) })
            .collect();
        let mut out = Vec::new();
        encode(&samples, &mut out);
        let mut back = Vec::new();
        let mut input = Input(&out);
        decode(&mut input, samples.len(), |h| back.push(bits(&h))).unwrap();
        assert!(input.is_empty());
        assert_eq!(back, histograms.iter().map(bits).collect::<Vec<_>>());
        out.len()
    }

    proptest! {
        #[test]
        fn histograms_round_trip(histograms in proptest::collection::vec(histogram(), 0..6)) {
            round_trip(&histograms);
        }

        #[test]
        fn garbage_never_panics(bytes in any::<Vec<u8>>(), n in 0usize..5) {
            let _ = decode(&mut Input(&bytes), n, |_| ());
        }
    }

    #[test]
    fn a_new_bucket_keeps_the_differences_of_the_others() {
        let span = |offset, length| Span { offset, length };
        let before = FloatHistogram {
            positive_spans: vec![span(3, 1), span(2, 2)],
            positive_buckets: vec![1e9, 2e9, 3e9],
            count: 6e9,
            ..FloatHistogram::default()
        };
        let mut after = before.clone();
        after.positive_spans = vec![span(3, 2), span(1, 2)];
        after.positive_buckets = vec![1e9, 1.0, 2e9, 3e9];
        let alone = round_trip(std::slice::from_ref(&before));
        // Control, layout (1 + 8 + 1 + 2 × 2 + 1 + 1 + 1 + 1), and six differences of a byte each.
        assert_eq!(round_trip(&[before, after]) - alone, 1 + 18 + 6);
    }
}
