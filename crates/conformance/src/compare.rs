//! Judges what came out against what must come out. A difference is told as expected and got.

use crate::expect::Kind;
use crate::script::{Eval, Grid, Want};
use model::{FloatHistogram, Labels, is_stale};
use promql::SequenceValue;
use promql::number::format_go_v;
use promql::value::{SampleValue, SeriesResult, Value, VectorSample};

/// Relative error that a float may have.
const TOLERANCE: f64 = 1e-6;

/// A sample of a result, by time.
#[derive(Clone, Debug)]
pub enum Point {
    Float(f64),
    Histogram(FloatHistogram),
}

/// What was expected, and what came instead.
#[derive(Debug, PartialEq)]
pub struct Difference {
    pub expected: String,
    pub got: String,
}

fn differ<T>(expected: impl Into<String>, got: impl Into<String>) -> Result<T, Difference> {
    Err(Difference { expected: expected.into(), got: got.into() })
}

/// Judges the value of a query.
pub fn compare(eval: &Eval, value: &Value) -> Result<(), Difference> {
    match (&eval.want, value) {
        (Want::Scalar(want), Value::Scalar { value, .. }) => compare_scalar(*want, *value),
        (Want::String(want), Value::String { value, .. }) if want == value => Ok(()),
        (Want::String(want), Value::String { value, .. }) => {
            differ(format!("string {want:?}"), format!("string {value:?}"))
        }
        (Want::Series { series, .. }, Value::Vector(got)) => compare_vector(eval, series, got),
        (Want::Series { series, grid: Some(grid) }, Value::Matrix(got)) => compare_matrix(series, grid, got),
        (want, got) => differ(describe_want(want), describe(got)),
    }
}

fn compare_scalar(want: f64, got: f64) -> Result<(), Difference> {
    if almost_equal(want, got) {
        return Ok(());
    }
    differ(format!("scalar {}", format_go_v(want)), format!("scalar {}", format_go_v(got)))
}

fn compare_vector(
    eval: &Eval,
    want: &[(Labels, Vec<SequenceValue>)],
    got: &[VectorSample],
) -> Result<(), Difference> {
    let ordered = eval.expects(Kind::Ordered).next().is_some();
    for (at, sample) in got.iter().enumerate() {
        let shown = format!("{} {}", sample.labels, describe_sample(&sample.value));
        // Of equal labels the last line counts.
        let Some(position) = want.iter().rposition(|(labels, _)| *labels == sample.labels) else {
            return differ("no such series", shown);
        };
        let (labels, values) = &want[position];
        if ordered && position != at {
            return differ(
                format!("{labels} at position {}", position + 1),
                format!("at position {}", at + 1),
            );
        }
        let wanted = values.first().unwrap_or(&SequenceValue::Omitted);
        let point = match &sample.value {
            SampleValue::Float(f) => Point::Float(*f),
            SampleValue::Histogram(h) => Point::Histogram((**h).clone()),
        };
        if !matches_point(wanted, &point) {
            return differ(format!("{labels} {}", describe_value(wanted)), shown);
        }
    }
    match want.iter().find(|(labels, _)| !got.iter().any(|s| s.labels == *labels)) {
        Some((labels, values)) => {
            let wanted = values.first().unwrap_or(&SequenceValue::Omitted);
            differ(format!("{labels} {}", describe_value(wanted)), "no such series")
        }
        None => Ok(()),
    }
}

fn compare_matrix(
    want: &[(Labels, Vec<SequenceValue>)],
    grid: &Grid,
    got: &[SeriesResult],
) -> Result<(), Difference> {
    check_sorted(got)?;
    for series in got {
        let points = points(series);
        let shown = format!("{} {}", series.labels, describe_points(&points));
        let Some((labels, values)) = want.iter().rfind(|(labels, _)| *labels == series.labels) else {
            return differ("no such series", shown);
        };
        let times = (grid.end_ms - grid.start_ms) / grid.step_ms + 1;
        if values.len() as i64 > times {
            return differ(format!("{} points of {labels}", values.len()), format!("time for {times}"));
        }
        let wanted: Vec<(i64, &SequenceValue)> = values
            .iter()
            .enumerate()
            .map(|(i, v)| (grid.start_ms + i as i64 * grid.step_ms, v))
            .filter(|(_, v)| **v != SequenceValue::Omitted)
            .collect();
        let equal = wanted.len() == points.len()
            && wanted.iter().zip(&points).all(|((t, v), (got_t, p))| t == got_t && matches_point(v, p));
        if !equal {
            return differ(format!("{labels} {}", describe_wanted(&wanted)), shown);
        }
    }
    match want.iter().find(|(labels, _)| !got.iter().any(|s| s.labels == *labels)) {
        Some((labels, values)) => {
            let wanted: Vec<String> = values.iter().map(describe_value).collect();
            differ(format!("{labels} {}", wanted.join(" ")), "no such series")
        }
        None => Ok(()),
    }
}

/// Whether the series of a matrix ascend by labels, as they always must.
pub fn check_sorted(matrix: &[SeriesResult]) -> Result<(), Difference> {
    match matrix.windows(2).find(|w| w[0].labels > w[1].labels) {
        Some(pair) => {
            differ(format!("{} before {}", pair[1].labels, pair[0].labels), "a matrix that is not sorted")
        }
        None => Ok(()),
    }
}

/// The points of a series by time, floats before histograms of the same time.
pub fn points(series: &SeriesResult) -> Vec<(i64, Point)> {
    let floats = series.floats.iter().map(|(t, f)| (t, Point::Float(f)));
    let histograms = series.histograms.iter().map(|(t, h)| (*t, Point::Histogram((**h).clone())));
    let mut all: Vec<(i64, Point)> = floats.chain(histograms).collect();
    all.sort_by_key(|(t, _)| *t);
    all
}

fn matches_point(want: &SequenceValue, got: &Point) -> bool {
    match (want, got) {
        (SequenceValue::Float(want), Point::Float(got)) => almost_equal(*want, *got),
        (SequenceValue::Histogram { histogram, hint_set }, Point::Histogram(got)) => {
            equal_histograms(histogram, got, *hint_set)
        }
        _ => false,
    }
}

/// Equal within the tolerance; NaN equals NaN, and the stale marker only itself.
pub fn almost_equal(a: f64, b: f64) -> bool {
    if is_stale(a) || is_stale(b) {
        return is_stale(a) && is_stale(b);
    }
    if a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < TOLERANCE
}

fn equal_histograms(want: &FloatHistogram, got: &FloatHistogram, heed_hint: bool) -> bool {
    let (mut want, mut got) = (want.clone(), got.clone());
    want.compact();
    got.compact();
    let buckets =
        |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| almost_equal(*a, *b));
    want.schema == got.schema
        && almost_equal(want.count, got.count)
        && almost_equal(want.sum, got.sum)
        && want.custom_values == got.custom_values
        && want.zero_threshold == got.zero_threshold
        && almost_equal(want.zero_count, got.zero_count)
        && want.negative_spans == got.negative_spans
        && want.positive_spans == got.positive_spans
        && buckets(&want.negative_buckets, &got.negative_buckets)
        && buckets(&want.positive_buckets, &got.positive_buckets)
        && (!heed_hint || want.reset_hint == got.reset_hint)
}

fn describe_want(want: &Want) -> String {
    match want {
        Want::Scalar(value) => format!("scalar {}", format_go_v(*value)),
        Want::String(value) => format!("string {value:?}"),
        Want::Series { series, .. } => {
            let lines: Vec<String> = series
                .iter()
                .map(|(labels, values)| {
                    let values: Vec<String> = values.iter().map(describe_value).collect();
                    format!("{labels} {}", values.join(" "))
                })
                .collect();
            format!("series [{}]", lines.join(", "))
        }
    }
}

/// A result in one line.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Scalar { value, .. } => format!("scalar {}", format_go_v(*value)),
        Value::String { value, .. } => format!("string {value:?}"),
        Value::Vector(samples) => {
            let lines: Vec<String> =
                samples.iter().map(|s| format!("{} {}", s.labels, describe_sample(&s.value))).collect();
            format!("vector [{}]", lines.join(", "))
        }
        Value::Matrix(series) => {
            let lines: Vec<String> =
                series.iter().map(|s| format!("{} {}", s.labels, describe_points(&points(s)))).collect();
            format!("matrix [{}]", lines.join(", "))
        }
    }
}

fn describe_sample(value: &SampleValue) -> String {
    match value {
        SampleValue::Float(f) => format_go_v(*f),
        SampleValue::Histogram(h) => describe_histogram(h),
    }
}

fn describe_value(value: &SequenceValue) -> String {
    match value {
        SequenceValue::Omitted => "_".to_owned(),
        SequenceValue::Float(f) => format_go_v(*f),
        SequenceValue::Histogram { histogram, .. } => describe_histogram(histogram),
    }
}

fn describe_wanted(values: &[(i64, &SequenceValue)]) -> String {
    let all: Vec<String> = values.iter().map(|(t, v)| format!("{}@{t}", describe_value(v))).collect();
    all.join(" ")
}

fn describe_points(points: &[(i64, Point)]) -> String {
    let all: Vec<String> = points
        .iter()
        .map(|(t, p)| match p {
            Point::Float(f) => format!("{}@{t}", format_go_v(*f)),
            Point::Histogram(h) => format!("{}@{t}", describe_histogram(h)),
        })
        .collect();
    all.join(" ")
}

/// A histogram in the notation of scripts, as far as it has one; spans are shown as they are.
fn describe_histogram(h: &FloatHistogram) -> String {
    let mut parts = Vec::new();
    let mut part = |key: &str, value: String, shown: bool| {
        if shown {
            parts.push(format!("{key}:{value}"));
        }
    };
    let floats = |values: &[f64]| {
        let values: Vec<String> = values.iter().map(|v| format_go_v(*v)).collect();
        format!("[{}]", values.join(" "))
    };
    let spans = |spans: &[model::Span]| {
        let spans: Vec<String> = spans.iter().map(|s| format!("{}+{}", s.offset, s.length)).collect();
        format!("({})", spans.join(" "))
    };
    part("schema", h.schema.to_string(), h.schema != 0);
    part("count", format_go_v(h.count), true);
    part("sum", format_go_v(h.sum), true);
    part("z_bucket", format_go_v(h.zero_count), h.zero_count != 0.0);
    part("z_bucket_w", format_go_v(h.zero_threshold), h.zero_threshold != 0.0);
    part("custom_values", floats(&h.custom_values), !h.custom_values.is_empty());
    part("spans", spans(&h.positive_spans), !h.positive_spans.is_empty());
    part("buckets", floats(&h.positive_buckets), !h.positive_buckets.is_empty());
    part("n_spans", spans(&h.negative_spans), !h.negative_spans.is_empty());
    part("n_buckets", floats(&h.negative_buckets), !h.negative_buckets.is_empty());
    part("counter_reset_hint", format!("{:?}", h.reset_hint), true);
    format!("{{{{{}}}}}", parts.join(" "))
}

#[cfg(test)]
mod tests;
