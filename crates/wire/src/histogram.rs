//! Native histograms as they cross the wire: either kind, at a time; and their buckets in the shortest spans.

use model::{FloatHistogram, Histogram, Span};

/// More buckets than any schema can use: what a peer's spans may claim before they are left as they are.
const BUCKETS_MAX: u64 = 1 << 20;

/// Either of the two kinds of native histogram.
#[derive(Clone, Debug, PartialEq)]
pub enum NativeHistogram {
    Integer(Histogram),
    Float(FloatHistogram),
}

/// A native histogram sample.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramPoint {
    /// Unix milliseconds.
    pub timestamp: i64,
    /// Unix milliseconds, 0 when unknown.
    pub start_timestamp: i64,
    pub histogram: NativeHistogram,
}

impl NativeHistogram {
    /// The float form: what is stored for reading.
    pub fn to_float(&self) -> FloatHistogram {
        match self {
            NativeHistogram::Integer(histogram) => histogram.to_float(),
            NativeHistogram::Float(histogram) => histogram.clone(),
        }
    }
}

/// Drops runs of empty buckets that are longer than `empty_max`, and those at either end. A histogram whose
/// spans and buckets do not fit together is left alone: the store names what is wrong with it.
pub fn compact_integer(histogram: &mut Histogram, empty_max: usize) {
    for (spans, deltas) in [
        (&mut histogram.positive_spans, &mut histogram.positive_deltas),
        (&mut histogram.negative_spans, &mut histogram.negative_deltas),
    ] {
        let mut sum = 0i64;
        let counts: Vec<i64> = deltas
            .iter()
            .map(|d| {
                sum = sum.wrapping_add(*d);
                sum
            })
            .collect();
        let Some((new_spans, counts)) = compact(spans, &counts, |c| *c == 0, empty_max) else { continue };
        let mut previous = 0i64;
        deltas.clear();
        deltas.extend(counts.iter().map(|c| {
            let delta = c.wrapping_sub(previous);
            previous = *c;
            delta
        }));
        *spans = new_spans;
    }
}

/// As [`compact_integer`].
pub fn compact_float(histogram: &mut FloatHistogram, empty_max: usize) {
    for (spans, counts) in [
        (&mut histogram.positive_spans, &mut histogram.positive_buckets),
        (&mut histogram.negative_spans, &mut histogram.negative_buckets),
    ] {
        if let Some((new_spans, new_counts)) = compact(spans, counts, |c| *c == 0.0, empty_max) {
            (*spans, *counts) = (new_spans, new_counts);
        }
    }
}

fn compact<T: Copy + Default>(
    spans: &[Span],
    counts: &[T],
    is_empty: impl Fn(&T) -> bool,
    empty_max: usize,
) -> Option<(Vec<Span>, Vec<T>)> {
    let filled: u64 = spans.iter().map(|s| u64::from(s.length)).sum();
    if filled != counts.len() as u64 || filled > BUCKETS_MAX {
        return None;
    }
    let (mut new_spans, mut new_counts) = (Vec::<Span>::new(), Vec::with_capacity(counts.len()));
    let (mut index, mut at, mut next) = (0i64, 0, None::<i64>);
    for span in spans {
        index += i64::from(span.offset);
        for _ in 0..span.length {
            let count = counts[at];
            at += 1;
            if !is_empty(&count) {
                let gap = next.map_or(index, |n| index - n);
                match new_spans.last_mut() {
                    Some(last) if (0..=empty_max as i64).contains(&gap) => {
                        last.length += gap as u32 + 1;
                        new_counts.resize(new_counts.len() + gap as usize, T::default());
                    }
                    _ => new_spans.push(Span { offset: i32::try_from(gap).ok()?, length: 1 }),
                }
                new_counts.push(count);
                next = Some(index + 1);
            }
            index += 1;
        }
    }
    Some((new_spans, new_counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(spans: &[(i32, u32)], counts: &[i64], max: usize, want_spans: &[(i32, u32)], want: &[i64]) {
        let to_spans = |s: &[(i32, u32)]| -> Vec<Span> {
            s.iter().map(|(offset, length)| Span { offset: *offset, length: *length }).collect()
        };
        let mut float = FloatHistogram {
            positive_spans: to_spans(spans),
            positive_buckets: counts.iter().map(|c| *c as f64).collect(),
            ..FloatHistogram::default()
        };
        let deltas = |c: &[i64]| {
            let mut previous = 0;
            c.iter().map(|c| c - std::mem::replace(&mut previous, *c)).collect::<Vec<i64>>()
        };
        let mut integer = Histogram {
            negative_spans: to_spans(spans),
            negative_deltas: deltas(counts),
            ..Histogram::default()
        };
        compact_float(&mut float, max);
        compact_integer(&mut integer, max);
        assert_eq!(float.positive_spans, to_spans(want_spans));
        assert_eq!(float.positive_buckets, want.iter().map(|c| *c as f64).collect::<Vec<_>>());
        assert_eq!((integer.negative_spans, integer.negative_deltas), (to_spans(want_spans), deltas(want)));
    }

    #[test]
    fn compacts() {
        check(&[], &[], 0, &[], &[]);
        check(&[(0, 0)], &[], 0, &[], &[]);
        check(&[(-2, 1), (2, 3)], &[1, 2, 3, 4], 0, &[(-2, 1), (2, 3)], &[1, 2, 3, 4]);
        check(&[(0, 3)], &[0, 5, 0], 0, &[(1, 1)], &[5]);
        check(&[(0, 4)], &[1, 0, 0, 2], 0, &[(0, 1), (2, 1)], &[1, 2]);
        check(&[(0, 4)], &[1, 0, 0, 2], 2, &[(0, 4)], &[1, 0, 0, 2]);
        check(&[(0, 2), (0, 2)], &[1, 2, 3, 4], 0, &[(0, 4)], &[1, 2, 3, 4]);
        check(&[(3, 1), (0, 0), (1, 1)], &[7, 8], 0, &[(3, 1), (1, 1)], &[7, 8]);
    }

    #[test]
    fn leaves_what_does_not_fit_together() {
        let mut histogram =
            Histogram { positive_spans: vec![Span { offset: 0, length: u32::MAX }], ..Histogram::default() };
        let before = histogram.clone();
        compact_integer(&mut histogram, 0);
        assert_eq!(histogram, before);
    }
}
