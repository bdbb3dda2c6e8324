use super::*;
use crate::chunk::bits::BitReader;
use model::stale_nan;
use std::sync::Arc;

/// Reads a chunk by the published layout, apart from the encoder.
fn decode(chunk: &Chunk) -> Vec<(i64, FloatHistogram)> {
    let mut r = BitReader::new(&chunk.data);
    let count = r.bits(16).unwrap();
    let flags = r.bits(8).unwrap() as u8;
    let zero_threshold = match r.bits(8).unwrap() {
        0 => 0.0,
        255 => f64::from_bits(r.bits(64).unwrap()),
        e => 0.5 * 2f64.powi(e as i32 - 243),
    };
    let schema = r.varbit_int().unwrap() as i32;
    let mut spans = || -> Vec<Span> {
        let n = r.varbit_uint().unwrap();
        (0..n)
            .map(|_| {
                let length = r.varbit_uint().unwrap() as u32;
                Span { length, offset: r.varbit_int().unwrap() as i32 }
            })
            .collect()
    };
    let (positive_spans, negative_spans) = (spans(), spans());
    let custom = r.varbit_uint().unwrap();
    let custom_values = (0..custom)
        .map(|_| match r.varbit_uint().unwrap() {
            0 => f64::from_bits(r.bits(64).unwrap()),
            thousandths => (thousandths - 1) as f64 / 1000.0,
        })
        .collect::<Vec<f64>>();
    let buckets = |spans: &[Span]| spans.iter().map(|s| s.length as usize).sum::<usize>();
    let (positive, negative) = (buckets(&positive_spans), buckets(&negative_spans));
    let mut time = r.varbit_int().unwrap();
    let mut states: Vec<XorState> =
        (0..3 + positive + negative).map(|_| XorState::new(f64::from_bits(r.bits(64).unwrap()))).collect();
    let (mut delta, mut samples) = (0, Vec::new());
    for i in 0..count {
        if i > 0 {
            delta += r.varbit_int().unwrap();
            time += delta;
            states.iter_mut().for_each(|state| {
                r.xor(state).unwrap();
            });
        }
        let values: Vec<f64> = states.iter().map(XorState::value).collect();
        let reset_hint = match flags {
            GAUGE => CounterResetHint::Gauge,
            COUNTER_RESET if i == 0 => CounterResetHint::Reset,
            _ => CounterResetHint::Unknown,
        };
        let histogram = FloatHistogram {
            reset_hint,
            schema,
            zero_threshold,
            count: values[0],
            zero_count: values[1],
            sum: values[2],
            positive_spans: positive_spans.clone(),
            negative_spans: negative_spans.clone(),
            positive_buckets: values[3..3 + positive].to_vec(),
            negative_buckets: values[3 + positive..].to_vec(),
            custom_values: custom_values.clone(),
        };
        samples.push((time, histogram));
    }
    samples
}

fn encode(histograms: &[FloatHistogram]) -> Vec<Chunk> {
    let samples: Vec<HistogramSample> = (0..)
        .zip(histograms)
        .map(|(i, h)| HistogramSample {
            timestamp: 1_700_000_000_000 + i * 15_000 + i % 3,
            start_timestamp: 0,
            histogram: Arc::new(h.clone()),
        })
        .collect();
    let mut chunks = Vec::new();
    encode_histograms(&samples, |chunk| chunks.push(chunk));
    let read: Vec<(i64, FloatHistogram)> = chunks.iter().flat_map(decode).collect();
    assert_eq!(
        read.iter().map(|(t, _)| *t).collect::<Vec<_>>(),
        samples.iter().map(|s| s.timestamp).collect::<Vec<_>>()
    );
    chunks
}

fn histogram(count: f64) -> FloatHistogram {
    FloatHistogram {
        schema: 3,
        zero_threshold: 2f64.powi(-128),
        zero_count: 1.0,
        count,
        sum: count * 0.3,
        positive_spans: vec![Span { offset: -7, length: 2 }, Span { offset: 40, length: 1 }],
        negative_spans: vec![Span { offset: 0, length: 1 }],
        positive_buckets: vec![count, count / 3.0, 7.0],
        negative_buckets: vec![0.0],
        ..FloatHistogram::default()
    }
}

#[test]
fn one_layout_is_one_chunk() {
    let histograms: Vec<FloatHistogram> = (0..200).map(|i| histogram(10.0 + f64::from(i))).collect();
    let chunks = encode(&histograms);
    assert_eq!(chunks.len(), 2);
    let read: Vec<FloatHistogram> = chunks.iter().flat_map(decode).map(|(_, h)| h).collect();
    assert_eq!(read, histograms);
}

#[test]
fn resets_layouts_and_gauges_end_a_chunk() {
    let wider = FloatHistogram { schema: 2, ..histogram(12.0) };
    let gauge = FloatHistogram { reset_hint: CounterResetHint::Gauge, ..wider.clone() };
    let custom = FloatHistogram {
        schema: -53,
        zero_threshold: 0.3,
        custom_values: vec![0.005, 1.0, 1e9, -2.5],
        ..histogram(12.0)
    };
    let all = [histogram(10.0), histogram(11.0), histogram(5.0), wider, gauge, custom];
    let chunks = encode(&all);
    assert_eq!(chunks.len(), 5);
    let read: Vec<FloatHistogram> = chunks.iter().flat_map(decode).map(|(_, h)| h).collect();
    assert_eq!(read[2].reset_hint, CounterResetHint::Reset);
    assert_eq!(read[3..], all[3..]);
}

#[test]
fn stale_markers_have_no_buckets() {
    let stale = FloatHistogram { sum: stale_nan(), ..histogram(3.0) };
    let chunks = encode(&[histogram(1.0), stale.clone(), stale, histogram(2.0)]);
    assert_eq!(chunks.len(), 3);
    let read = decode(&chunks[1]);
    assert_eq!(read.len(), 2);
    assert!(read.iter().all(|(_, h)| is_stale(h.sum) && h.positive_buckets.is_empty()));
}
