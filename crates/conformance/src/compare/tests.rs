use super::*;
use crate::script::{Action, parse};
use promql::value::Points;
use std::sync::Arc;

fn eval(script: &str) -> Eval {
    match parse(script).remove(0).action {
        Action::Eval(eval) => *eval,
        other => panic!("{other:?}"),
    }
}

fn sample(name: &str, value: f64) -> VectorSample {
    VectorSample {
        labels: Labels::from_pairs([("__name__", name)]),
        t_ms: 0,
        value: SampleValue::Float(value),
    }
}

fn series(name: &str, points: &[(i64, f64)]) -> SeriesResult {
    SeriesResult {
        labels: Labels::from_pairs([("__name__", name)]),
        floats: Points::At(points.to_vec()),
        histograms: Vec::new(),
    }
}

#[test]
fn floats_are_equal_within_the_tolerance() {
    for (a, b) in
        [(1.0, 1.000_001), (0.0, -0.0), (f64::NAN, -f64::NAN), (f64::INFINITY, f64::INFINITY), (1e308, 1e308)]
    {
        assert!(almost_equal(a, b), "{a} {b}");
    }
    for (a, b) in [
        (1.0, 1.000_01),
        (0.0, 1e-30),
        (1.0, f64::NAN),
        (f64::INFINITY, f64::NEG_INFINITY),
        (f64::INFINITY, 1.0),
        (f64::NAN, model::stale_nan()),
    ] {
        assert!(!almost_equal(a, b), "{a} {b}");
    }
}

#[test]
fn scalars_and_strings() {
    let scalar = |value| Value::Scalar { t_ms: 0, value };
    assert!(compare(&eval("eval instant at 0 1\n 5"), &scalar(5.0)).is_ok());
    let difference = compare(&eval("eval instant at 0 1\n 5"), &scalar(6.0)).unwrap_err();
    assert_eq!(difference, Difference { expected: "scalar 5".into(), got: "scalar 6".into() });
    let string = Value::String { t_ms: 0, value: "a".into() };
    assert!(compare(&eval("eval instant at 0 'a'\n expect string 'a'"), &string).is_ok());
    assert!(compare(&eval("eval instant at 0 'a'\n expect string 'b'"), &string).is_err());
    assert!(compare(&eval("eval instant at 0 'a'\n {} 5"), &string).is_err());
    assert!(compare(&eval("eval instant at 0 'a'\n 5"), &Value::Vector(vec![sample("a", 5.0)])).is_err());
}

#[test]
fn vectors() {
    let check = |script: &str, got: &[VectorSample]| {
        compare(&eval(&format!("eval instant at 0 x\n {script}")), &Value::Vector(got.to_vec()))
    };
    let (a, b) = (sample("a", 1.0), sample("b", 2.0));
    assert!(check("b 2\n a 1", &[a.clone(), b.clone()]).is_ok());
    assert!(check("expect ordered\n a 1\n b 2", &[a.clone(), b.clone()]).is_ok());
    assert_eq!(
        check("expect ordered\n b 2\n a 1", &[a.clone(), b.clone()]).unwrap_err(),
        Difference { expected: "a at position 2".into(), got: "at position 1".into() }
    );
    assert_eq!(check("a 1", &[a.clone(), b.clone()]).unwrap_err().got, "b 2");
    assert_eq!(check("a 1\n b 2", std::slice::from_ref(&a)).unwrap_err().got, "no such series");
    assert_eq!(
        check("a 2", std::slice::from_ref(&a)).unwrap_err(),
        Difference { expected: "a 2".into(), got: "a 1".into() }
    );
    assert!(check("a {{}}", &[a]).is_err());
    assert!(check("", &[]).is_ok());
}

#[test]
fn matrices() {
    let check = |values: &str, got: &[SeriesResult]| {
        let script = format!("eval range from 0 to 2s step 1s x\n {values}");
        compare(&eval(&script), &Value::Matrix(got.to_vec()))
    };
    let (a, b) = (series("a", &[(0, 1.0), (2000, 3.0)]), series("b", &[(1000, 2.0)]));
    assert!(check("a 1 _ 3\n b _ 2", &[a.clone(), b.clone()]).is_ok());
    assert!(check("a 1 3\n b _ 2", &[a.clone(), b.clone()]).is_err());
    assert!(check("a 1 _ 3 4", std::slice::from_ref(&a)).is_err());
    assert!(check("a 1 _ 3", &[a.clone(), b.clone()]).is_err());
    assert!(check("a 1 _ 3\n b _ 2", std::slice::from_ref(&a)).is_err());
    let difference = check("a 1 _ 3\n b _ 2", &[b, a]).unwrap_err();
    assert_eq!(difference.got, "a matrix that is not sorted");
}

#[test]
fn histograms() {
    let check = |want: &str, got: FloatHistogram| {
        let sample =
            VectorSample { labels: Labels::empty(), t_ms: 0, value: SampleValue::Histogram(Arc::new(got)) };
        compare(&eval(&format!("eval instant at 0 x\n {{}} {want}")), &Value::Vector(vec![sample])).is_ok()
    };
    let got = FloatHistogram {
        count: 3.0,
        sum: 4.0,
        positive_spans: vec![model::Span { offset: 0, length: 3 }],
        positive_buckets: vec![0.0, 1.0, 2.0],
        ..FloatHistogram::default()
    };
    assert!(check("{{count:3 sum:4 buckets:[0 1 2]}}", got.clone()));
    assert!(check("{{count:3 sum:4 offset:1 buckets:[1 2.0000001]}}", got.clone()));
    assert!(check("{{count:3 sum:4 offset:1 buckets:[1 2] counter_reset_hint:unknown}}", got.clone()));
    for wrong in [
        "{{count:3 sum:4 buckets:[1 2]}}",
        "{{count:3 sum:5 offset:1 buckets:[1 2]}}",
        "{{count:3 sum:4 schema:1 offset:1 buckets:[1 2]}}",
        "{{count:3 sum:4 z_bucket_w:1 offset:1 buckets:[1 2]}}",
        "{{count:3 sum:4 offset:1 buckets:[1 2] counter_reset_hint:gauge}}",
        "3",
    ] {
        assert!(!check(wrong, got.clone()), "{wrong}");
    }
}
