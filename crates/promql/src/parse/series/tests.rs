use super::*;
use SequenceValue::{Float, Omitted};

fn floats(line: &str) -> Vec<Option<f64>> {
    let (_, values) = parse_series(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    values
        .into_iter()
        .map(|v| match v {
            Float(f) => Some(f),
            Omitted => None,
            SequenceValue::Histogram { .. } => panic!("{line}: a histogram"),
        })
        .collect()
}

fn histograms(line: &str) -> Vec<(FloatHistogram, bool)> {
    let (_, values) = parse_series(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    values
        .into_iter()
        .map(|v| match v {
            SequenceValue::Histogram { histogram, hint_set } => (*histogram, hint_set),
            other => panic!("{line}: {other:?}"),
        })
        .collect()
}

#[test]
fn labels_read() {
    let check = |line: &str, labels: &str| {
        assert_eq!(parse_series(line).unwrap().0.to_string(), labels, "{line}");
    };
    check("foo 1", "foo");
    check("foo{} 1", "foo");
    check("{} 1", "{}");
    check("sum{by=\"} \\\"x\", b='c'} 1", r#"sum{b="c", by="} \"x"}"#);
    check("foo {a=\"b\"} 1", r#"foo{a="b"}"#);
    check(r#"{"a.b", "c.d"="e"} 1"#, r#"{"a.b", "c.d"="e"}"#);
    check("foo {{}} 1", "foo");
    check("foo", "foo");
}

#[test]
fn floats_expand() {
    let some = |values: &[f64]| values.iter().map(|v| Some(*v)).collect::<Vec<_>>();
    assert_eq!(floats("a 1 -2.5 +3e2"), some(&[1.0, -2.5, 300.0]));
    assert_eq!(floats("a 1x2"), some(&[1.0, 1.0, 1.0]));
    assert_eq!(floats("a 1+2x2 5-2x1"), some(&[1.0, 3.0, 5.0, 5.0, 3.0]));
    assert_eq!(floats("a -1-1x1"), some(&[-1.0, -2.0]));
    assert_eq!(floats("a _ 1 _x2 1x0"), [None, Some(1.0), None, None, Some(1.0)]);
    assert_eq!(floats("a  Inf\t-inf "), some(&[f64::INFINITY, f64::NEG_INFINITY]));
    assert!(floats("a NaN")[0].unwrap().is_nan());
    assert!(model::is_stale(floats("a stale")[0].unwrap()));
    assert_eq!(floats("a"), []);
}

#[test]
fn histograms_read() {
    let line = "a {{schema:-1 sum:-2.5 count:4 z_bucket:1 z_bucket_w:0.01 offset:-2 buckets:[1 2.5] n_buckets:[1] \
        n_offset:3 counter_reset_hint:gauge}}";
    let (h, hint_set) = histograms(line).remove(0);
    assert!(hint_set);
    assert_eq!((h.schema, h.sum, h.count, h.zero_count, h.zero_threshold), (-1, -2.5, 4.0, 1.0, 0.01));
    assert_eq!(h.positive_spans, [Span { offset: -2, length: 2 }]);
    assert_eq!((h.positive_buckets, h.negative_buckets), (vec![1.0, 2.5], vec![1.0]));
    assert_eq!(h.negative_spans, [Span { offset: 3, length: 1 }]);
    assert_eq!(h.reset_hint, CounterResetHint::Gauge);
    assert_eq!(histograms("a {{ }} {{}}"), vec![(FloatHistogram::default(), false); 2]);
    let (h, _) = histograms("a {{schema:-53 custom_values:[5 10] count:-Inf sum:NaN}}").remove(0);
    assert_eq!((h.custom_values, h.count), (vec![5.0, 10.0], f64::NEG_INFINITY));
}

#[test]
fn histograms_expand() {
    let counts = |line: &str| histograms(line).iter().map(|(h, _)| h.count).collect::<Vec<_>>();
    assert_eq!(counts("a {{count:1}}x2"), [1.0, 1.0, 1.0]);
    assert_eq!(counts("a {{count:1}}+{{count:2}}x2 {{count:9}}"), [1.0, 3.0, 5.0, 9.0]);
    assert_eq!(counts("a {{count:5}}-{{count:2}}x1"), [5.0, 3.0]);
}

#[test]
fn what_is_wrong_is_named() {
    let check = |line: &str, message: &str| {
        assert_eq!(parse_series(line).unwrap_err().to_string(), message, "{line}");
    };
    check("a x", "1:3: parse error: unexpected 'x' in series values, expected number or \"stale\"");
    check("a stalex3", "1:3: parse error: unexpected 's' in series values, expected number or \"stale\"");
    check("a 1+2", "1:6: parse error: unexpected end of input in series values, expected \"x\"");
    check("a 1y", "1:4: parse error: unexpected 'y' in series values, expected space");
    check("a{b} 1", r#"1:4: parse error: unexpected "}" in label set, expected "=""#);
    check("a{b=c} 1", r#"1:5: parse error: unexpected identifier "c" in label set, expected string"#);
    check("a{1} 1", "1:3: parse error: unexpected character inside braces: '1'");
    check("a {{foo:1}}", r#"1:8: parse error: bad histogram descriptor found: "foo""#);
    check("a {{sum}}", "1:8: parse error: missing `:` for histogram descriptor");
    check("a {{sum:1 sum:2}}", r#"1:16: parse error: duplicate key "sum" in histogram"#);
    check(
        "a {{sum:1",
        "1:10: parse error: unexpected end of input in series values, expected space or \"}}\"",
    );
    check(
        "a {{schema:1}}+{{schema:0}}x1",
        "1:30: parse error: error combining histograms: cannot merge from schema 0 to 1",
    );
    check("a 1x99999999", "1:13: parse error: a series has at most 1048576 values");
}
