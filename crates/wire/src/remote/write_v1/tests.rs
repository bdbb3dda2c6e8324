use crate::histogram::{HistogramPoint, NativeHistogram};
use crate::proto::{ProtoError, Writer};
use crate::remote::{Item, Message, Request, Sample, Scratch, TimeSeries, encode_v1, encode_v2};
use model::{CounterResetHint, Exemplar, FloatHistogram, Histogram, Labels, Metadata, MetricType, Span};
use proptest::prelude::*;

/// Reads a whole request back into what was written.
pub(in crate::remote) fn read_all(
    message: Message,
    bytes: &[u8],
) -> Result<(Vec<TimeSeries>, Vec<(String, Metadata)>), String> {
    let mut scratch = Scratch::default();
    let mut request = Request::new(message, bytes, &mut scratch).map_err(|e| e.to_string())?;
    let (mut all, mut families) = (Vec::new(), Vec::new());
    while let Some(item) = request.next().map_err(|e| e.to_string())? {
        match item {
            Item::Series(series) => all.push(TimeSeries {
                labels: series.labels().map_err(|e| e.to_string())?,
                samples: series.samples.to_vec(),
                histograms: series.histograms().collect::<Result<_, _>>().map_err(|e| e.to_string())?,
                exemplars: series
                    .exemplars()
                    .map(|e| e.unwrap().map_err(|e| e.to_string()))
                    .collect::<Result<_, _>>()?,
                metadata: series.metadata().map_err(|e| e.to_string())?,
            }),
            Item::Metadata(metadata) => families.push((metadata.family.to_owned(), metadata.to_metadata())),
        }
    }
    Ok((all, families))
}

fn arb_labels() -> impl Strategy<Value = Labels> {
    proptest::collection::btree_map("[a-zé]{1,5}", "[a-z é]{1,150}", 0..6).prop_map(|mut pairs| {
        pairs.insert("__name__".to_owned(), "metric".to_owned());
        Labels::from_pairs(pairs)
    })
}

fn arb_spans() -> impl Strategy<Value = Vec<Span>> + Clone {
    proptest::collection::vec((-5i32..5, 0u32..4).prop_map(|(offset, length)| Span { offset, length }), 0..4)
}

fn arb_histogram() -> impl Strategy<Value = HistogramPoint> {
    let float = any::<i32>().prop_map(f64::from);
    let hint = prop_oneof![
        Just(CounterResetHint::Unknown),
        Just(CounterResetHint::Reset),
        Just(CounterResetHint::Gauge)
    ];
    let layout = (
        hint,
        -4i32..9,
        float.clone(),
        arb_spans(),
        arb_spans(),
        proptest::collection::vec(float.clone(), 0..3),
    );
    let integer = (layout.clone(), any::<(u64, u64, Vec<i64>, Vec<i64>)>()).prop_map(|(l, v)| {
        NativeHistogram::Integer(Histogram {
            reset_hint: l.0,
            schema: l.1,
            zero_threshold: l.2,
            zero_count: v.0,
            count: v.1,
            sum: l.2,
            positive_spans: l.3,
            negative_spans: l.4,
            positive_deltas: v.2,
            negative_deltas: v.3,
            custom_values: l.5,
        })
    });
    let counts = proptest::collection::vec(float.clone(), 0..5);
    let float = (layout, float, counts.clone(), counts).prop_map(|(l, count, positive, negative)| {
        NativeHistogram::Float(FloatHistogram {
            reset_hint: l.0,
            schema: l.1,
            zero_threshold: l.2,
            zero_count: count,
            count,
            sum: l.2,
            positive_spans: l.3,
            negative_spans: l.4,
            positive_buckets: positive,
            negative_buckets: negative,
            custom_values: l.5,
        })
    });
    (any::<(i64, i64)>(), prop_oneof![integer, float]).prop_map(
        |((timestamp, start_timestamp), histogram)| HistogramPoint { timestamp, start_timestamp, histogram },
    )
}

fn arb_series() -> impl Strategy<Value = TimeSeries> {
    let sample = any::<(i64, i32, i64)>().prop_map(|(timestamp, value, start_timestamp)| Sample {
        timestamp,
        value: f64::from(value),
        start_timestamp,
    });
    let exemplar = (arb_labels(), any::<i32>(), 1i64..1 << 50).prop_map(|(labels, value, timestamp)| {
        Exemplar { labels, value: f64::from(value), timestamp: Some(timestamp) }
    });
    let metadata = "[a-z]{1,10}".prop_map(|help| Metadata {
        metric_type: MetricType::Counter,
        help,
        unit: String::new(),
    });
    (
        arb_labels(),
        proptest::collection::vec(sample, 0..4),
        proptest::collection::vec(arb_histogram(), 0..3),
        proptest::collection::vec(exemplar, 0..3),
        proptest::option::of(metadata),
    )
        .prop_map(|(labels, samples, histograms, exemplars, metadata)| TimeSeries {
            labels,
            samples,
            histograms,
            exemplars,
            metadata,
        })
}

proptest! {
    #[test]
    fn version_2_round_trips(series in proptest::collection::vec(arb_series(), 0..5)) {
        let (read, _) = read_all(Message::V2, &encode_v2(&series)).unwrap();
        prop_assert_eq!(read, series);
    }

    #[test]
    fn version_1_round_trips(mut series in proptest::collection::vec(arb_series(), 0..5)) {
        for series in &mut series {
            series.metadata = None;
            series.samples.iter_mut().for_each(|s| s.start_timestamp = 0);
            series.histograms.iter_mut().for_each(|h| h.start_timestamp = 0);
        }
        let metadata = Metadata { metric_type: MetricType::Gauge, help: "h".to_owned(), unit: "u".to_owned() };
        let families = vec![("metric".to_owned(), metadata)];
        let (read, read_families) = read_all(Message::V1, &encode_v1(&series, &families)).unwrap();
        prop_assert_eq!(read, series);
        prop_assert_eq!(read_families, families);
    }

    #[test]
    fn no_cut_is_accepted_as_the_whole(series in arb_series(), cut in 1usize..40) {
        let bytes = encode_v1(std::slice::from_ref(&series), &[]);
        let cut = cut.min(bytes.len());
        prop_assert!(read_all(Message::V1, &bytes[..bytes.len() - cut]).map_or(true, |(read, _)| read != [series]));
    }
}

fn label(out: &mut Writer, name: &[u8], value: &[u8]) {
    out.message(1, |out| {
        out.bytes_field(1, name);
        out.bytes_field(2, value);
    });
}

/// A request of one series with these labels, its sample in the middle of them when `scattered`.
fn request(pairs: &[(&[u8], &[u8])], scattered: bool) -> Vec<u8> {
    let mut out = Writer::new();
    out.message(1, |out| {
        for (i, (name, value)) in pairs.iter().enumerate() {
            if scattered && i == 1 {
                out.message(2, |out| out.double(1, 1.0));
            }
            label(out, name, value);
        }
        if !scattered {
            out.message(2, |out| out.double(1, 1.0));
        }
    });
    out.out
}

fn key(bytes: &[u8]) -> u128 {
    let mut scratch = Scratch::default();
    let mut request = Request::new(Message::V1, bytes, &mut scratch).unwrap();
    let Some(Item::Series(series)) = request.next().unwrap() else { panic!("no series") };
    assert_eq!(series.samples.len(), 1);
    series.key.unwrap()
}

#[test]
fn keys_are_of_the_labels_alone() {
    let a = request(&[(b"__name__", b"a"), (b"b", b"1")], false);
    assert_eq!(key(&a), key(&request(&[(b"__name__", b"a"), (b"b", b"1")], true)));
    assert_ne!(key(&a), key(&request(&[(b"__name__", b"a"), (b"b", b"2")], false)));
    let mut other_value = Writer::new();
    other_value.out = a.clone();
    let at = other_value.out.len() - 1;
    other_value.out[at] ^= 1;
    assert_eq!(key(&a), key(&other_value.out));
}

#[test]
fn labels_are_checked() {
    let check = |pairs: &[(&[u8], &[u8])], want: Result<&str, &str>| {
        let read = read_all(Message::V1, &request(pairs, false)).map(|(s, _)| s[0].labels.to_string());
        assert_eq!(read.as_deref().map_err(String::as_str), want);
    };
    check(&[(b"b", b"1"), (b"__name__", b"a")], Ok("a{b=\"1\"}"));
    check(&[(b"__name__", b"a"), (b"b", b"")], Ok("a"));
    check(&[(b"b", b"1")], Err("invalid metric name or labels, got {b=\"1\"}"));
    check(&[(b"__name__", b"")], Err("invalid metric name or labels, got {__name__=\"\"}"));
    check(
        &[(b"__name__", b"a"), (b"", b"x")],
        Err("invalid metric name or labels, got {=\"x\", __name__=\"a\"}"),
    );
    check(
        &[(b"__name__", b"a"), (b"b", b"\xff")],
        Err("invalid metric name or labels, got {__name__=\"a\", b=\"\u{fffd}\"}"),
    );
    check(
        &[(b"__name__", b"a"), (b"b", b"1"), (b"b", b"2")],
        Err("invalid labels for series, labels {__name__=\"a\", b=\"1\", b=\"2\"}, duplicated label b"),
    );
    let long = vec![b'x'; (1 << 20) + 1];
    let error = read_all(Message::V1, &request(&[(b"__name__", b"a"), (b"b", &long)], false)).unwrap_err();
    assert!(
        error.starts_with("1048577 bytes in a label value (the limit is 65536) for series {__name__"),
        "{error}"
    );
    assert!(error.len() < 8192);
    let names: Vec<String> = (0..1100).map(|i| format!("l{i:04}")).collect();
    let mut pairs: Vec<(&[u8], &[u8])> = vec![(b"__name__", b"a")];
    pairs.extend(names.iter().map(|n| (n.as_bytes(), &b"v"[..])));
    let error = read_all(Message::V1, &request(&pairs, false)).unwrap_err();
    assert!(error.starts_with("1101 labels (the limit is 1024) for series"), "{error}");
}

#[test]
fn malformed_requests_are_refused() {
    let check =
        |bytes: &[u8], want: ProtoError| assert_eq!(read_all(Message::V1, bytes), Err(want.to_string()));
    check(&[0x0a, 9, 1], ProtoError::Truncated);
    check(&[0x0a, 2, 0x0a, 9], ProtoError::Truncated);
    check(&[0x0a, 2, 0x0a, 0x80], ProtoError::Truncated);
    check(&[0x08, 1], ProtoError::WrongWireType { field: 1, wire_type: 0 });
    check(&[0x0a, 3, 0x12, 1, 0x0f], ProtoError::WireType(7));
    check(&[0x0a, 4, 0x12, 2, 0x08, 1], ProtoError::WrongWireType { field: 1, wire_type: 0 });
    // A version 2 request read as version 1 says nothing, which the specification wants.
    let v2 = encode_v2(&[]);
    assert_eq!(read_all(Message::V1, &v2), Ok((vec![], vec![])));
}

#[test]
fn content_types_choose_the_message() {
    let check = |header: &str, want: Option<Message>| {
        assert_eq!(Message::from_content_type(header).ok(), want, "{header}");
    };
    check("", Some(Message::V1));
    check("application/x-protobuf", Some(Message::V1));
    check("application/x-protobuf;proto=prometheus.WriteRequest", Some(Message::V1));
    check("application/x-protobuf; proto=io.prometheus.write.v2.Request", Some(Message::V2));
    check("application/x-protobuf;charset=utf-8", Some(Message::V1));
    check("application/json", None);
    check("application/x-protobuf;proto", None);
    check("application/x-protobuf;proto=other.Request", None);
}
