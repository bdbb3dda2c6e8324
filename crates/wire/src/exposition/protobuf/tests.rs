use crate::exposition::text::tests::{read, show};
use crate::exposition::{Entry, Options, Parser, Protocol};
use crate::histogram::NativeHistogram;
use crate::proto::Writer;
use model::{CounterResetHint, Exemplar, FloatHistogram, Histogram, Labels, Span};

/// A delimited family.
fn family(name: &str, kind: u64, unit: &str, metrics: &[&dyn Fn(&mut Writer)]) -> Vec<u8> {
    let mut inner = Writer::new();
    inner.bytes_field(1, name.as_bytes());
    inner.bytes_field(2, b"Help.");
    inner.uint_field(3, kind);
    metrics.iter().for_each(|write| inner.message(4, |w| write(w)));
    inner.bytes_field(5, unit.as_bytes());
    let mut out = Writer::new();
    out.varint(inner.out.len() as u64);
    out.out.extend_from_slice(&inner.out);
    out.out
}

fn pair(w: &mut Writer, name: &str, value: &str) {
    w.message(1, |w| {
        w.bytes_field(1, name.as_bytes());
        w.bytes_field(2, value.as_bytes());
    });
}

fn time(w: &mut Writer, field: u32, seconds: u64, nanos: u64) {
    w.message(field, |w| {
        w.uint_field(1, seconds);
        w.uint_field(2, nanos);
    });
}

fn exemplar(w: &mut Writer, field: u32, id: &str, timed: bool) {
    w.message(field, |w| {
        pair(w, "id", id);
        w.double(2, 0.5);
        if timed {
            time(w, 3, 12, 345_000_000);
        }
    });
}

fn spans(w: &mut Writer, field: u32, spans: &[(i64, u64)]) {
    for (offset, length) in spans {
        w.message(field, |w| {
            w.sint_field(1, *offset);
            w.uint_field(2, *length);
        });
    }
}

fn classic(w: &mut Writer, bounds: &[f64]) {
    w.uint(1, 5);
    w.double(2, 7.5);
    for (i, bound) in bounds.iter().enumerate() {
        w.message(3, |w| {
            w.uint(1, i as u64 + 1);
            w.double(2, *bound);
            exemplar(w, 3, "bucket", i == 0);
        });
    }
}

fn native(w: &mut Writer) {
    w.sint_field(5, 3);
    w.double(6, 0.001);
    w.uint_field(7, 2);
    spans(w, 12, &[(-1, 3), (2, 1)]);
    w.packed_sint(13, &[1, 0, -1, 3]);
}

fn options(keep: bool) -> Options {
    Options { keep_classic_histograms: keep, ..Options::default() }
}

fn proto(body: &[u8], options: Options) -> Result<Vec<String>, String> {
    read(body, Protocol::PrometheusProto, options)
}

#[test]
fn scalars() {
    let counter = |w: &mut Writer| {
        pair(w, "b", "2");
        pair(w, "a", "1");
        w.message(3, |w| {
            w.double(1, 3.5);
            exemplar(w, 2, "x", true);
            time(w, 3, 1, 500_000_000);
        });
        w.int_field(6, 1234);
    };
    let gauge = |w: &mut Writer| w.message(2, |w| w.double(1, -1.0));
    let mut body = family("c_seconds_total", 0, "seconds", &[&counter]);
    body.extend(family("empty", 1, "", &[]));
    body.extend(family("g", 1, "", &[&gauge, &gauge]));
    assert_eq!(
        proto(&body, Options::default()).unwrap(),
        [
            "HELP c_seconds_total Help.",
            "UNIT c_seconds_total seconds",
            "TYPE c_seconds_total counter",
            "c_seconds_total\u{fffd}b\u{fffd}2\u{fffd}a\u{fffd}1 = \
             {__name__=\"c_seconds_total\", a=\"1\", b=\"2\"} 3.5 @1234 from 1500 # {id=\"x\"} 0.5 Some(12345)",
            "HELP g Help.",
            "TYPE g gauge",
            "g = {__name__=\"g\"} -1",
            "g = {__name__=\"g\"} -1",
        ]
    );
}

fn series_of(shown: Vec<String>) -> Vec<String> {
    let series = shown.into_iter().filter(|line| !line.starts_with("HELP") && !line.starts_with("TYPE"));
    series.map(|line| line.split(" = ").nth(1).unwrap_or(&line).to_owned()).collect()
}

#[test]
fn summaries_and_classic_histograms_are_taken_apart() {
    let summary = |w: &mut Writer| {
        w.message(4, |w| {
            w.uint(1, 2);
            w.double(2, 3.0);
            w.message(3, |w| {
                w.double(1, 0.5);
                w.double(2, 1.5);
            });
        });
    };
    let histogram = |w: &mut Writer| w.message(7, |w| classic(w, &[1.0]));
    let mut body = family("s", 2, "", &[&summary]);
    body.extend(family("h", 4, "", &[&histogram]));
    assert_eq!(
        series_of(proto(&body, Options::default()).unwrap()),
        [
            "{__name__=\"s_count\"} 2",
            "{__name__=\"s_sum\"} 3",
            "{__name__=\"s\", quantile=\"0.5\"} 1.5",
            "{__name__=\"h_count\"} 5",
            "{__name__=\"h_sum\"} 7.5",
            "{__name__=\"h_bucket\", le=\"1.0\"} 1 # {id=\"bucket\"} 0.5 Some(12345)",
            "{__name__=\"h_bucket\", le=\"+Inf\"} 5",
        ]
    );
}

#[test]
fn native_histograms() {
    let integer = |w: &mut Writer| {
        w.message(7, |w| {
            classic(w, &[1.0, f64::INFINITY]);
            native(w);
        });
    };
    let body = family("h", 5, "", &[&integer]);
    let mut parser = Parser::new(&body, Protocol::PrometheusProto, options(true));
    let mut shown = Vec::new();
    while let Some(entry) = parser.next().unwrap() {
        if let Entry::Histogram(series) = entry {
            let want = Histogram {
                reset_hint: CounterResetHint::Gauge,
                schema: 3,
                zero_threshold: 0.001,
                zero_count: 2,
                count: 5,
                sum: 7.5,
                // The empty bucket is gone: its neighbours have 1 and 1, and 3.
                positive_spans: vec![Span { offset: -1, length: 2 }, Span { offset: 3, length: 1 }],
                positive_deltas: vec![1, 0, 2],
                ..Histogram::default()
            };
            assert_eq!(series.histogram, NativeHistogram::Integer(want));
            let mut exemplars = Vec::new();
            series.exemplars_into(&mut exemplars);
            let labels = Labels::from_pairs([("id", "bucket")]);
            assert_eq!(exemplars, [Exemplar { labels, value: 0.5, timestamp: Some(12345) }]);
        } else {
            shown.push(show(entry).unwrap());
        }
    }
    assert_eq!(shown.len(), 2 + 4, "{shown:?}");
    assert_eq!(proto(&body, options(false)).unwrap().len(), 3);
    let ignoring = Options { ignore_native_histograms: true, ..Options::default() };
    assert_eq!(proto(&body, ignoring).unwrap().len(), 2 + 4);
}

#[test]
fn native_float_histograms_and_their_exemplars() {
    let float = |w: &mut Writer| {
        w.message(7, |w| {
            w.double(4, 2.5);
            w.double(8, 0.5);
            spans(w, 9, &[(0, 2)]);
            w.packed_double(11, &[1.25, 0.75]);
            exemplar(w, 16, "untimed", false);
            exemplar(w, 16, "timed", true);
        });
    };
    let body = family("h", 4, "", &[&float]);
    let mut parser = Parser::new(&body, Protocol::PrometheusProto, Options::default());
    let entry = loop {
        if let Entry::Histogram(series) = parser.next().unwrap().unwrap() {
            let mut exemplars = Vec::new();
            series.exemplars_into(&mut exemplars);
            assert_eq!(exemplars.len(), 1);
            break series.histogram;
        }
    };
    let want = FloatHistogram {
        count: 2.5,
        zero_count: 0.5,
        negative_spans: vec![Span { offset: 0, length: 2 }],
        negative_buckets: vec![1.25, 0.75],
        ..FloatHistogram::default()
    };
    assert_eq!(entry, NativeHistogram::Float(want));
}

#[test]
fn what_is_wrong_is_said() {
    let gauge = |w: &mut Writer| w.message(2, |w| w.double(1, 1.0));
    let twice = |w: &mut Writer| {
        pair(w, "a", "1");
        pair(w, "a", "2");
    };
    let good = family("g", 1, "", &[&gauge]);
    let check = |body: &[u8], want: &str| assert_eq!(proto(body, Options::default()).unwrap_err(), want);
    check(&good[..good.len() - 1], "unexpected EOF");
    check(&family("g", 9, "", &[&gauge]), "unknown metric type for metric \"g\": 9");
    check(&family("", 1, "", &[&gauge]), "invalid metric name: ");
    check(
        &family("g_total", 0, "seconds", &[&gauge]),
        "unit \"seconds\" not a suffix of counter \"g_total\"",
    );
    check(&family("g", 1, "seconds", &[&gauge]), "unit \"seconds\" not a suffix of metric \"g\"");
    check(&family("g", 1, "", &[&twice]), "label name \"a\" is not unique: invalid sample");
    check(b"\x03\x0a\x01\xff", "invalid metric name: \u{fffd}");
}
