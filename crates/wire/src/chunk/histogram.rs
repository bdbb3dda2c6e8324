//! Float-histogram chunks: one layout of buckets a chunk, every number XORed with its predecessor.
//!
//! A chunk ends where the layout changes, where counts fall (a reset), where a gauge meets a counter, and around a
//! stale marker. Prometheus sometimes widens a chunk instead of ending it; readers cannot tell.

use super::bits::{BitWriter, XorState};
use super::{Chunk, Encoding, SAMPLES_MAX};
use model::{CounterResetHint, FloatHistogram, HistogramSample, Span, is_stale};

/// Flags in the third byte of a chunk.
const COUNTER_RESET: u8 = 0b1000_0000;
const NOT_COUNTER_RESET: u8 = 0b0100_0000;
const GAUGE: u8 = 0b1100_0000;

/// Custom bounds up to here, in thousandths, are stored as whole numbers: four bytes of varbit hold 33,554,431.
const CUSTOM_VALUE_MAX: f64 = 33_554_430.0;

/// Encodes histograms, ascending in time.
pub fn encode_histograms(samples: &[HistogramSample], mut each: impl FnMut(Chunk)) {
    let mut from = 0;
    while from < samples.len() {
        let mut to = from + 1;
        while to < samples.len()
            && to - from < SAMPLES_MAX
            && continues(&samples[to - 1].histogram, &samples[to].histogram)
        {
            to += 1;
        }
        let before = from.checked_sub(1).map(|i| &*samples[i].histogram);
        each(Chunk {
            encoding: Encoding::FloatHistogram,
            min_time_ms: samples[from].timestamp,
            max_time_ms: samples[to - 1].timestamp,
            data: encode_one(&samples[from..to], before),
        });
        from = to;
    }
}

/// Whether a histogram may stand in the chunk of the one before it.
fn continues(previous: &FloatHistogram, next: &FloatHistogram) -> bool {
    let gauge = |h: &FloatHistogram| h.reset_hint == CounterResetHint::Gauge;
    let stale = |h: &FloatHistogram| is_stale(h.sum);
    if stale(previous) || stale(next) {
        return stale(previous) && stale(next);
    }
    let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
    previous.schema == next.schema
        && previous.zero_threshold.to_bits() == next.zero_threshold.to_bits()
        && previous.positive_spans == next.positive_spans
        && previous.negative_spans == next.negative_spans
        && bits(&previous.custom_values) == bits(&next.custom_values)
        && gauge(previous) == gauge(next)
        && (gauge(next) || !falls(previous, next))
}

/// Whether a counter was reset between two histograms of one layout.
fn falls(previous: &FloatHistogram, next: &FloatHistogram) -> bool {
    let any = |a: &[f64], b: &[f64]| a.iter().zip(b).any(|(a, b)| b < a);
    next.reset_hint == CounterResetHint::Reset
        || next.count < previous.count
        || next.zero_count < previous.zero_count
        || any(&previous.positive_buckets, &next.positive_buckets)
        || any(&previous.negative_buckets, &next.negative_buckets)
}

fn encode_one(samples: &[HistogramSample], before: Option<&FloatHistogram>) -> Vec<u8> {
    let first = &*samples[0].histogram;
    let mut out = BitWriter::default();
    out.bits(samples.len() as u64, 16);
    out.byte(match (first.reset_hint, before) {
        (CounterResetHint::Gauge, _) => GAUGE,
        (CounterResetHint::Reset, _) => COUNTER_RESET,
        (CounterResetHint::NotReset, _) => NOT_COUNTER_RESET,
        (CounterResetHint::Unknown, Some(before)) if same_buckets(before, first) && falls(before, first) => {
            COUNTER_RESET
        }
        (CounterResetHint::Unknown, _) => 0,
    });
    let empty = FloatHistogram { sum: first.sum, ..FloatHistogram::default() };
    // A stale marker has no buckets, whatever the histogram around it says.
    let layout = if is_stale(first.sum) { &empty } else { first };
    write_layout(&mut out, layout);
    out.varbit_int(samples[0].timestamp);
    let mut states: Vec<XorState> = Vec::new();
    numbers(layout, |value| {
        out.bits(value.to_bits(), 64);
        states.push(XorState::new(value));
    });
    let mut delta = 0i64;
    for pair in samples.windows(2) {
        let next = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        out.varbit_int(next.wrapping_sub(delta));
        delta = next;
        let histogram = if is_stale(first.sum) { &empty } else { &*pair[1].histogram };
        let mut states = states.iter_mut();
        numbers(histogram, |value| {
            if let Some(state) = states.next() {
                out.xor(state, value);
            }
        });
    }
    out.out
}

fn same_buckets(a: &FloatHistogram, b: &FloatHistogram) -> bool {
    a.schema == b.schema && a.positive_spans == b.positive_spans && a.negative_spans == b.negative_spans
}

/// The numbers of a histogram in the order of the encoding.
fn numbers(histogram: &FloatHistogram, mut each: impl FnMut(f64)) {
    [histogram.count, histogram.zero_count, histogram.sum].into_iter().for_each(&mut each);
    histogram.positive_buckets.iter().chain(&histogram.negative_buckets).copied().for_each(each);
}

fn write_layout(out: &mut BitWriter, histogram: &FloatHistogram) {
    write_zero_threshold(out, histogram.zero_threshold);
    out.varbit_int(i64::from(histogram.schema));
    write_spans(out, &histogram.positive_spans);
    write_spans(out, &histogram.negative_spans);
    out.varbit_uint(histogram.custom_values.len() as u64);
    for value in &histogram.custom_values {
        let thousandths = value * 1000.0;
        if (0.0..=CUSTOM_VALUE_MAX).contains(&thousandths) && thousandths.fract() == 0.0 {
            out.varbit_uint(thousandths as u64 + 1);
        } else {
            out.bits(0, 1);
            out.bits(value.to_bits(), 64);
        }
    }
}

fn write_spans(out: &mut BitWriter, spans: &[Span]) {
    out.varbit_uint(spans.len() as u64);
    for span in spans {
        out.varbit_uint(u64::from(span.length));
        out.varbit_int(i64::from(span.offset));
    }
}

/// One byte for 0 and for powers of two from 2^-243 to 2^10, else nine.
fn write_zero_threshold(out: &mut BitWriter, threshold: f64) {
    if threshold == 0.0 {
        return out.byte(0);
    }
    let bits = threshold.to_bits();
    let (exponent, fraction) = ((bits >> 52) as i64 & 0x7ff, bits & ((1 << 52) - 1));
    // In [0.5, 1) × 2^e form, as Go's Frexp has it.
    let e = exponent - 1022;
    if fraction == 0 && threshold > 0.0 && exponent != 0 && (-242..=11).contains(&e) {
        return out.byte((e + 243) as u8);
    }
    out.byte(255);
    out.bits(bits, 64);
}

#[cfg(test)]
mod tests;
