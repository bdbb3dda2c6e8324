//! Remote write and read.

use model::{Exemplar, FloatHistogram, Histogram, Labels, Metadata, MetricType, Span};
use wire::chunk::{decode_xor, encode_xor};
use wire::histogram::{HistogramPoint, NativeHistogram};
use wire::proto::{ProtoError, Writer};
use wire::remote::read::ReadRequest;
use wire::remote::{Item, Message, Request, Sample, Scratch, TimeSeries, encode_v1, encode_v2};

/// What a request may unpack to in these runs.
const UNPACKED_BYTES_MAX: usize = 1 << 18;

/// Snappy blocks.
pub fn snappy(data: &[u8]) {
    let mut buffer = Vec::new();
    if let Ok(unpacked) = wire::snappy::decompress(data, &mut buffer, UNPACKED_BYTES_MAX) {
        assert!(unpacked.len() <= UNPACKED_BYTES_MAX);
        let packed = wire::snappy::compress(unpacked);
        let mut again = Vec::new();
        assert_eq!(
            wire::snappy::decompress(&packed, &mut again, UNPACKED_BYTES_MAX).as_deref(),
            Ok(unpacked)
        );
    }
}

pub fn snappy_seeds() -> Vec<Vec<u8>> {
    [&b"abcabcabcabcabcabcabc"[..], &[0; 3000], b""].map(wire::snappy::compress).to_vec()
}

/// What a request says, as far as each series is acceptable.
fn read_all(message: Message, data: &[u8]) -> Result<(Vec<TimeSeries>, Vec<(String, Metadata)>), ProtoError> {
    let mut scratch = Scratch::default();
    let mut request = Request::new(message, data, &mut scratch)?;
    let (mut all, mut families) = (Vec::new(), Vec::new());
    while let Some(item) = request.next()? {
        match item {
            Item::Series(series) => {
                let described = series.describe();
                let histograms = series.histograms().collect::<Result<_, _>>()?;
                let exemplars: Vec<_> = series.exemplars().collect::<Result<_, _>>()?;
                let metadata = series.metadata()?;
                let Ok(labels) = series.labels() else {
                    assert!(!described.is_empty());
                    continue;
                };
                assert!(series.key.is_some(), "good labels have a key");
                assert!(!labels.metric_name().is_empty());
                let exemplars = exemplars.into_iter().flatten().collect();
                all.push(TimeSeries {
                    labels,
                    samples: series.samples.to_vec(),
                    histograms,
                    exemplars,
                    metadata,
                });
            }
            Item::Metadata(m) => families.push((m.family.to_owned(), m.to_metadata())),
        }
    }
    Ok((all, families))
}

/// Remote write 1.0: what is read and written again reads the same.
pub fn write_v1(data: &[u8]) {
    let Ok((series, families)) = read_all(Message::V1, data) else { return };
    let once = encode_v1(&series, &families);
    let (series, families) = read_all(Message::V1, &once).expect("what we write we read");
    assert_eq!(encode_v1(&series, &families), once);
}

/// Remote write 2.0, as well.
pub fn write_v2(data: &[u8]) {
    let Ok((series, _)) = read_all(Message::V2, data) else { return };
    let once = encode_v2(&series);
    let (series, _) = read_all(Message::V2, &once).expect("what we write we read");
    assert_eq!(encode_v2(&series), once);
}

/// Remote read requests.
pub fn read(data: &[u8]) {
    let _ = ReadRequest::decode(data);
}

/// XOR chunks: what is read and written again reads the same.
pub fn xor_chunk(data: &[u8]) {
    let Some(samples) = decode_xor(data) else { return };
    let (timestamps, values): (Vec<i64>, Vec<f64>) = samples.iter().copied().unzip();
    let mut again = Vec::new();
    encode_xor(&timestamps, &values, |chunk| {
        again.extend(decode_xor(&chunk.data).expect("what we write we read"))
    });
    let bits = |s: &[(i64, f64)]| s.iter().map(|(t, v)| (*t, v.to_bits())).collect::<Vec<_>>();
    assert_eq!(bits(&again), bits(&samples));
}

pub fn xor_chunk_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let times: Vec<i64> = (0..100).map(|i| 1_700_000_000_000 + i * 15_000 + i % 3).collect();
    let values: Vec<f64> = (0..100).map(|i| f64::from(i) * 0.3).collect();
    encode_xor(&times, &values, |chunk| seeds.push(chunk.data));
    encode_xor(&[i64::MIN, 0, i64::MAX], &[f64::NAN, -0.0, 1e308], |chunk| seeds.push(chunk.data));
    seeds
}

fn series() -> Vec<TimeSeries> {
    let layout = vec![Span { offset: -3, length: 2 }, Span { offset: 1, length: 1 }];
    let integer = NativeHistogram::Integer(Histogram {
        schema: 3,
        count: 9,
        zero_threshold: 0.001,
        positive_spans: layout.clone(),
        positive_deltas: vec![1, 2, -1],
        ..Histogram::default()
    });
    let float = NativeHistogram::Float(FloatHistogram {
        schema: -53,
        count: 2.5,
        negative_spans: layout,
        negative_buckets: vec![0.5, 1.0, 1.0],
        custom_values: vec![1.0, 2.5],
        ..FloatHistogram::default()
    });
    let exemplar =
        Exemplar { labels: Labels::from_pairs([("trace_id", "abc")]), value: 0.5, timestamp: Some(5) };
    let empty = TimeSeries {
        labels: Labels::from_pairs([("__name__", "requests_total"), ("code", "200"), ("path", "/\u{e9}")]),
        samples: Vec::new(),
        histograms: Vec::new(),
        exemplars: vec![exemplar],
        metadata: Some(Metadata { metric_type: MetricType::Counter, help: "Help.".into(), unit: "s".into() }),
    };
    let samples = (0..3)
        .map(|i| Sample { timestamp: 1_700_000_000_000 + i, value: i as f64 * 0.1, start_timestamp: i })
        .collect();
    let point = |histogram| HistogramPoint { timestamp: 7, start_timestamp: 1, histogram };
    vec![
        TimeSeries { samples, ..empty.clone() },
        TimeSeries { histograms: vec![point(integer), point(float)], ..empty },
    ]
}

pub fn write_v1_seeds() -> Vec<Vec<u8>> {
    let metadata = Metadata { metric_type: MetricType::Gauge, help: "Help.".into(), unit: "bytes".into() };
    vec![encode_v1(&series(), &[("up".into(), metadata)]), encode_v1(&series()[..1], &[])]
}

pub fn write_v2_seeds() -> Vec<Vec<u8>> {
    vec![encode_v2(&series()), encode_v2(&series()[..1])]
}

pub fn read_seeds() -> Vec<Vec<u8>> {
    let mut out = Writer::new();
    out.message(1, |query| {
        query.int_field(2, 1000);
        for (op, value) in [(0, "up"), (2, "a|b.*"), (3, "")] {
            query.message(3, |matcher| {
                matcher.uint_field(1, op);
                matcher.bytes(2, b"job");
                matcher.bytes(3, value.as_bytes());
            });
        }
        query.message(4, |hints| hints.bytes(2, b"rate"));
    });
    out.packed_uint(2, [1u64, 0].into_iter());
    vec![out.out]
}
