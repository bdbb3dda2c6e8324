use super::*;
use model::{Exemplar, Histogram, MatchOp, Matcher, Span};
use std::ops::ControlFlow;
use tempfile::TempDir;
use tsdb::{Background, Options};
use wire::remote::{TimeSeries, encode_v1, encode_v2};

const NOW: i64 = 1_700_000_000_000;

struct Setup {
    // Dropped after the store.
    receiver: Receiver,
    db: Db,
    registry: Registry,
    dir: TempDir,
}

fn open(dir: &TempDir) -> Db {
    let options =
        Options { clock: Clock::manual(NOW), background: Background::Manual, ..Options::new(dir.path()) };
    Db::open(options).unwrap()
}

fn setup() -> Setup {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir);
    let registry = Registry::new();
    let receiver = Receiver::new(db.clone(), ReceiveLimits::default(), &registry);
    Setup { receiver, db, registry, dir }
}

impl Setup {
    fn send(&self, message: Message, series: &[TimeSeries]) -> Result<Received, ReceiveError> {
        let bytes = match message {
            Message::V1 => encode_v1(series, &[]),
            Message::V2 => encode_v2(series),
        };
        self.receiver.receive(message, &snappy::compress(&bytes))
    }
}

fn samples(db: &Db, name: &str) -> Vec<(String, Vec<(i64, f64)>)> {
    let matcher = Matcher::new("__name__", MatchOp::Equal, name).unwrap();
    let selected = db.select(&[matcher], i64::MIN, i64::MAX).unwrap();
    let mut found = Vec::new();
    selected
        .read(0..selected.len(), &mut |i, samples| {
            let pairs = samples.timestamps.iter().copied().zip(samples.values.iter().copied()).collect();
            found.push((selected.labels(i).to_string(), pairs));
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

fn series(pairs: &[(&str, &str)], points: &[(i64, f64)]) -> TimeSeries {
    let sample = |(t, value): &(i64, f64)| Sample { timestamp: NOW + t, value: *value, start_timestamp: 0 };
    TimeSeries {
        labels: Labels::from_pairs(pairs.iter().copied()),
        samples: points.iter().map(sample).collect(),
        histograms: Vec::new(),
        exemplars: Vec::new(),
        metadata: None,
    }
}

fn up(job: &str, points: &[(i64, f64)]) -> TimeSeries {
    series(&[("__name__", "up"), ("job", job)], points)
}

#[test]
fn both_versions_are_stored() {
    for message in [Message::V1, Message::V2] {
        let setup = setup();
        let first = setup.send(message, &[up("a", &[(0, 1.0), (10, 2.0)]), up("b", &[(0, 3.0)])]).unwrap();
        // Known series take the short way.
        let second = setup.send(message, &[up("b", &[(10, 4.0)]), up("a", &[(20, 5.0)])]).unwrap();
        assert!(first.is_complete() && second.is_complete());
        assert_eq!((first.samples, second.samples), (3, 2));
        let want = [
            ("up{job=\"a\"}".to_owned(), vec![(NOW, 1.0), (NOW + 10, 2.0), (NOW + 20, 5.0)]),
            ("up{job=\"b\"}".to_owned(), vec![(NOW, 3.0), (NOW + 10, 4.0)]),
        ];
        assert_eq!(samples(&setup.db, "up"), want, "{message:?}");
    }
}

#[test]
fn what_was_answered_survives() {
    let setup = setup();
    setup.send(Message::V1, &[up("a", &[(0, 1.0)])]).unwrap();
    let Setup { receiver, db, dir, .. } = setup;
    // Not closed: what is not in the log is gone.
    drop((receiver, db));
    assert_eq!(samples(&open(&dir), "up"), [("up{job=\"a\"}".to_owned(), vec![(NOW, 1.0)])]);
}

#[test]
fn good_samples_are_taken_beside_bad_ones() {
    for message in [Message::V1, Message::V2] {
        let setup = setup();
        setup.send(message, &[up("a", &[(100, 1.0)])]).unwrap();
        let far = up("c", &[(AHEAD_MAX_MS + 1, 9.0)]);
        let received = setup
            .send(message, &[up("a", &[(100, 2.0), (50, 3.0), (200, 4.0)]), up("b", &[(1, 5.0)]), far])
            .unwrap();
        assert_eq!((received.samples, received.rejected), (2, 3));
        let text = received.text();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("duplicate sample for timestamp"), "{text}");
        assert!(lines[0].ends_with("for series {__name__=\"up\", job=\"a\"}"), "{text}");
        assert_eq!(lines[1], "out of order sample for series {__name__=\"up\", job=\"a\"}");
        assert_eq!(
            lines[2],
            "out of bounds: timestamp is too far in the future for series {__name__=\"up\", job=\"c\"}"
        );
        let want = [
            ("up{job=\"a\"}".to_owned(), vec![(NOW + 100, 1.0), (NOW + 200, 4.0)]),
            ("up{job=\"b\"}".to_owned(), vec![(NOW + 1, 5.0)]),
        ];
        assert_eq!(
            samples(&setup.db, "up").iter().filter(|(_, s)| !s.is_empty()).collect::<Vec<_>>(),
            want.iter().collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_same_sample_again_is_no_fault() {
    let setup = setup();
    for _ in 0..2 {
        assert!(setup.send(Message::V2, &[up("a", &[(0, 1.0)])]).unwrap().is_complete());
    }
}

#[test]
fn a_series_twice_in_a_request() {
    let setup = setup();
    let received =
        setup.send(Message::V1, &[up("a", &[(0, 1.0)]), up("b", &[(0, 1.0)]), up("a", &[(0, 2.0)])]).unwrap();
    assert_eq!((received.samples, received.rejected, received.reasons.len()), (2, 1, 1));
    assert!(received.text().contains("job=\"a\""), "{}", received.text());
}

#[test]
fn invalid_labels_are_refused_by_name() {
    for message in [Message::V1, Message::V2] {
        let setup = setup();
        let nameless = series(&[("job", "x")], &[(0, 1.0), (1, 2.0)]);
        let received = setup.send(message, &[nameless, up("a", &[(0, 1.0)])]).unwrap();
        assert_eq!((received.samples, received.rejected, received.invalid_labels), (1, 2, 2));
        assert_eq!(received.text(), "invalid metric name or labels, got {job=\"x\"}");
        assert_eq!(setup.registry.counter(&names::INVALID_LABELS).get(), 2.0);
    }
}

#[test]
fn version_2_wants_one_kind_of_sample() {
    let setup = setup();
    let received = setup.send(Message::V2, &[up("a", &[]), up("b", &[(0, 1.0)])]).unwrap();
    assert_eq!(
        received.text(),
        "TimeSeries must contain at least one sample or histogram for series {__name__=\"up\", job=\"a\"}"
    );
    let mut both = up("c", &[(0, 1.0)]);
    both.histograms.push(histogram(1, 3));
    let received = setup.send(Message::V2, &[both]).unwrap();
    assert_eq!((received.samples, received.histograms, received.rejected), (0, 0, 2));
    assert!(received.text().contains("not both"));
}

#[test]
fn unreadable_requests_leave_nothing() {
    let setup = setup();
    let good = encode_v1(&[up("a", &[(0, 1.0)])], &[]);
    let mut cut = good.clone();
    cut.extend_from_slice(&good[..good.len() - 1]);
    let error = setup.receiver.receive(Message::V1, &snappy::compress(&cut)).unwrap_err();
    assert!(matches!(&error, ReceiveError::Malformed(words) if words == "unexpected EOF"), "{error}");
    let error = setup.receiver.receive(Message::V1, &good).unwrap_err();
    assert!(matches!(&error, ReceiveError::Malformed(words) if words == "snappy: corrupt input"), "{error}");
    let bomb = [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
    assert!(matches!(setup.receiver.receive(Message::V1, &bomb), Err(ReceiveError::TooLarge(_))));
    assert!(samples(&setup.db, "up").is_empty());
    let refused = setup.registry.counters(&names::REFUSED_REQUESTS);
    assert_eq!((refused.with(&["malformed"]).get(), refused.with(&["too_large"]).get()), (2.0, 1.0));
}

fn histogram(t: i64, count: u64) -> HistogramPoint {
    let histogram = Histogram {
        schema: 1,
        count,
        sum: 1.5,
        positive_spans: vec![Span { offset: 0, length: 1 }],
        positive_deltas: vec![count as i64],
        ..Histogram::default()
    };
    HistogramPoint { timestamp: NOW + t, start_timestamp: 0, histogram: NativeHistogram::Integer(histogram) }
}

#[test]
fn histograms_exemplars_and_metadata_are_kept() {
    let setup = setup();
    let mut latency = series(&[("__name__", "latency")], &[]);
    latency.histograms.push(histogram(0, 3));
    let labels = Labels::from_pairs([("trace_id", "abc")]);
    latency.exemplars.push(Exemplar { labels, value: 0.5, timestamp: Some(NOW) });
    latency.metadata = Some(Metadata {
        metric_type: MetricType::Histogram,
        help: "Latency.".to_owned(),
        unit: String::new(),
    });
    let mut broken = series(&[("__name__", "broken")], &[]);
    let mut point = histogram(0, 3);
    if let NativeHistogram::Integer(h) = &mut point.histogram {
        h.positive_deltas.push(1);
    }
    broken.histograms.push(point);
    let received = setup.send(Message::V2, &[latency.clone(), broken]).unwrap();
    assert_eq!((received.histograms, received.exemplars, received.rejected), (1, 1, 1));
    assert!(received.text().ends_with("for series {__name__=\"broken\"}"), "{}", received.text());
    assert_eq!(setup.db.metadata(), [("latency".to_owned(), latency.metadata.unwrap())]);
    let matcher = Matcher::new("__name__", MatchOp::Equal, "latency").unwrap();
    let exemplars = setup.db.exemplars(&[vec![matcher]], NOW - 1, NOW + 1);
    assert_eq!(exemplars[0].1, latency.exemplars);
}

#[test]
fn reasons_are_bounded() {
    let setup = setup();
    let nameless: Vec<TimeSeries> =
        (0..REASONS_MAX + 7).map(|i| series(&[("job", &i.to_string())], &[(0, 1.0)])).collect();
    let received = setup.send(Message::V1, &nameless).unwrap();
    assert_eq!(received.rejected as usize, nameless.len());
    assert_eq!(received.text().lines().last(), Some("and 7 more"));
}

#[test]
fn a_request_that_repeats_a_long_symbol_takes_no_memory() {
    use wire::proto::Writer;
    let setup = setup();
    let mut out = Writer::new();
    for symbol in ["".to_owned(), "__name__".to_owned(), "up".to_owned(), "a".to_owned(), "x".repeat(1 << 20)]
    {
        out.bytes(4, symbol.as_bytes());
    }
    for _ in 0..10_000 {
        out.message(5, |out| {
            out.packed_uint(1, [1u64, 2, 3, 4].into_iter());
            out.message(2, |out| out.int_field(2, NOW));
        });
    }
    let received = setup.receiver.receive(Message::V2, &snappy::compress(&out.out)).unwrap();
    assert_eq!((received.samples, received.rejected, received.invalid_labels), (0, 10_000, 10_000));
    assert_eq!(
        (received.reasons.len(), received.reasons_omitted),
        (REASONS_MAX, 10_000 - REASONS_MAX as u64)
    );
    assert!(received.reasons[0].contains("bytes in a label value"), "{}", &received.reasons[0][..100]);
    assert!(received.text().len() < 50 * 5_000);
    assert_eq!(samples(&setup.db, "up"), []);
}
