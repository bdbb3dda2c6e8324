//! One `Metric` message: its labels, its value, and the series it is taken apart into.
//!
//! Buffers are kept from metric to metric, so that a counter costs no allocation.

use super::Part;
use crate::exposition::entry::ParseError;
use crate::histogram::{NativeHistogram, compact_float, compact_integer};
use crate::number::{normal_nan, write_openmetrics_float};
use crate::proto::{ProtoError, Reader, zigzag};
use model::{
    CounterResetHint, Exemplar, FloatHistogram, Histogram, LabelsBuilder, METRIC_NAME, MetricType, Span,
};

/// Between the parts of a key; in no UTF-8 text.
const SEPARATOR: u8 = 0xff;

/// The metric that the parser stands at.
#[derive(Debug, Default)]
pub struct Metric<'a> {
    family: &'a str,
    labels: Vec<(&'a str, &'a str)>,
    timestamp: i64,
    start_timestamp: i64,
    /// Of a counter, gauge or untyped metric.
    value: f64,
    exemplar: Option<&'a [u8]>,
    /// Of a histogram or summary.
    count: f64,
    sum: f64,
    bounds: Vec<Bound<'a>>,
    native: Option<NativeHistogram>,
    native_exemplars: Vec<&'a [u8]>,
    /// Of the current series.
    current: Current,
}

/// What makes the current series different from the others of its metric.
#[derive(Debug, Default)]
struct Current {
    suffix: &'static str,
    /// `le` or `quantile`, or empty.
    bound_name: &'static str,
    bound: String,
    part: Option<Part>,
}

/// A bucket or a quantile.
#[derive(Clone, Copy, Debug, Default)]
struct Bound<'a> {
    at: f64,
    value: f64,
    exemplar: Option<&'a [u8]>,
}

/// The fields of a histogram message that only native histograms have.
#[derive(Default)]
struct NativeFields {
    count: u64,
    count_float: f64,
    schema: i32,
    zero_threshold: f64,
    zero_count: u64,
    zero_count_float: f64,
    positive_spans: Vec<Span>,
    negative_spans: Vec<Span>,
    positive_deltas: Vec<i64>,
    negative_deltas: Vec<i64>,
    positive_counts: Vec<f64>,
    negative_counts: Vec<f64>,
}

impl<'a> Metric<'a> {
    pub(super) fn clear(&mut self) {
        self.labels.clear();
        self.bounds.clear();
        self.native_exemplars.clear();
        (self.native, self.exemplar) = (None, None);
        (self.timestamp, self.start_timestamp) = (0, 0);
        (self.value, self.count, self.sum) = (0.0, 0.0, 0.0);
    }

    pub(super) fn read(&mut self, message: &'a [u8], metric_type: MetricType) -> Result<(), String> {
        self.clear();
        self.read_fields(message, metric_type).map_err(|e| e.to_string())
    }

    fn read_fields(&mut self, message: &'a [u8], metric_type: MetricType) -> Result<(), ProtoError> {
        let mut reader = Reader::new(message);
        while let Some((field, value)) = reader.field()? {
            // A metric may carry other kinds than its family says: only that kind counts.
            match (field, metric_type) {
                (1, _) => self.labels.push(read_pair(value.bytes(field)?)?),
                (2, MetricType::Gauge) | (5, MetricType::Unknown) | (3, MetricType::Counter) => {
                    self.read_scalar(value.bytes(field)?)?;
                }
                (4, MetricType::Summary) => self.read_summary(value.bytes(field)?)?,
                (7, MetricType::Histogram | MetricType::GaugeHistogram) => {
                    self.read_histogram(value.bytes(field)?, metric_type)?;
                }
                (6, _) => self.timestamp = value.int(field)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_scalar(&mut self, message: &'a [u8]) -> Result<(), ProtoError> {
        let mut reader = Reader::new(message);
        while let Some((field, value)) = reader.field()? {
            match field {
                1 => self.value = value.double(field)?,
                2 => self.exemplar = Some(value.bytes(field)?),
                3 => self.start_timestamp = read_time(value.bytes(field)?)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_summary(&mut self, message: &'a [u8]) -> Result<(), ProtoError> {
        let mut reader = Reader::new(message);
        while let Some((field, value)) = reader.field()? {
            match field {
                1 => self.count = value.uint(field)? as f64,
                2 => self.sum = value.double(field)?,
                3 => {
                    let mut bound = Bound::default();
                    let mut reader = Reader::new(value.bytes(field)?);
                    while let Some((field, value)) = reader.field()? {
                        match field {
                            1 => bound.at = value.double(field)?,
                            2 => bound.value = value.double(field)?,
                            _ => {}
                        }
                    }
                    self.bounds.push(bound);
                }
                4 => self.start_timestamp = read_time(value.bytes(field)?)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn read_histogram(&mut self, message: &'a [u8], metric_type: MetricType) -> Result<(), ProtoError> {
        let mut native = NativeFields::default();
        let mut reader = Reader::new(message);
        while let Some((field, value)) = reader.field()? {
            match field {
                1 => native.count = value.uint(field)?,
                2 => self.sum = value.double(field)?,
                3 => self.bounds.push(read_bucket(value.bytes(field)?)?),
                4 => native.count_float = value.double(field)?,
                5 => native.schema = value.sint(field)? as i32,
                6 => native.zero_threshold = value.double(field)?,
                7 => native.zero_count = value.uint(field)?,
                8 => native.zero_count_float = value.double(field)?,
                9 => native.negative_spans.push(read_span(value.bytes(field)?)?),
                10 => value.repeated_varint(field, |v| native.negative_deltas.push(zigzag(v)))?,
                11 => value.repeated_double(field, |v| native.negative_counts.push(v))?,
                12 => native.positive_spans.push(read_span(value.bytes(field)?)?),
                13 => value.repeated_varint(field, |v| native.positive_deltas.push(zigzag(v)))?,
                14 => value.repeated_double(field, |v| native.positive_counts.push(v))?,
                15 => self.start_timestamp = read_time(value.bytes(field)?)?,
                16 => self.native_exemplars.push(value.bytes(field)?),
                _ => {}
            }
        }
        self.count = if native.count_float > 0.0 { native.count_float } else { native.count as f64 };
        self.native = native.histogram(self.sum, metric_type);
        Ok(())
    }

    pub(super) fn is_native(&self) -> bool {
        self.native.is_some()
    }

    pub(super) fn take_native(&mut self) -> Option<NativeHistogram> {
        self.native.take()
    }

    pub(super) fn bounds(&self) -> usize {
        self.bounds.len()
    }

    /// Whether no `+Inf` bucket must be added behind this one.
    pub(super) fn is_last_bucket(&self, i: usize) -> bool {
        self.bounds.get(i).is_none_or(|b| b.at == f64::INFINITY)
    }

    /// Unix milliseconds. The format cannot tell "none" from 1970.
    pub(super) fn timestamp(&self) -> Option<i64> {
        (self.timestamp != 0).then_some(self.timestamp)
    }

    pub(super) fn start_timestamp(&self) -> i64 {
        self.start_timestamp
    }

    pub(super) fn value_of(&self, part: Part) -> f64 {
        match part {
            Part::Single | Part::Native => self.value,
            Part::Count => self.count,
            Part::Sum => self.sum,
            Part::Bound(i) => self.bounds.get(i).map_or(self.count, |b| b.value),
        }
    }

    /// Makes a part of the metric the current series.
    pub(super) fn begin(&mut self, part: Part, family: &'a str, metric_type: MetricType) {
        self.family = family;
        let is_summary = metric_type == MetricType::Summary;
        self.current.bound.clear();
        self.current.part = Some(part);
        (self.current.suffix, self.current.bound_name) = match part {
            Part::Single | Part::Native => ("", ""),
            Part::Count => ("_count", ""),
            Part::Sum => ("_sum", ""),
            Part::Bound(_) if is_summary => ("", "quantile"),
            Part::Bound(_) => ("_bucket", "le"),
        };
        if let Part::Bound(i) = part {
            let at = self.bounds.get(i).map_or(f64::INFINITY, |b| b.at);
            write_openmetrics_float(&mut self.current.bound, at);
        }
    }

    pub(super) fn key_into(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(self.family.as_bytes());
        key.extend_from_slice(self.current.suffix.as_bytes());
        let bound = (!self.current.bound_name.is_empty())
            .then_some((self.current.bound_name, self.current.bound.as_str()));
        for (name, value) in self.labels.iter().copied().chain(bound) {
            key.push(SEPARATOR);
            key.extend_from_slice(name.as_bytes());
            key.push(SEPARATOR);
            key.extend_from_slice(value.as_bytes());
        }
    }

    pub(crate) fn labels_into(&self, builder: &mut LabelsBuilder) -> Result<(), ParseError> {
        let error = |reason| ParseError { line: 0, offset: 0, series: self.describe(self.family), reason };
        builder.set(METRIC_NAME, &format!("{}{}", self.family, self.current.suffix));
        if !self.current.bound_name.is_empty() {
            builder.set(self.current.bound_name, &self.current.bound);
        }
        for (name, value) in &self.labels {
            if name.is_empty() {
                return Err(error(format!("invalid metric name or label names: {name:?}={value:?}")));
            }
            if builder.get(name).is_some() {
                return Err(error(format!("label name {name:?} is not unique: invalid sample")));
            }
            builder.set(name, value);
        }
        Ok(())
    }

    /// `family{name="value", …}` for errors.
    pub(super) fn describe(&self, family: &str) -> String {
        let mut text = String::from(family);
        for (i, (name, value)) in self.labels.iter().enumerate() {
            text.push_str(if i == 0 { "{" } else { ", " });
            text.push_str(&format!("{name}={value:?}"));
        }
        if !self.labels.is_empty() {
            text.push('}');
        }
        text
    }

    pub(crate) fn has_exemplars(&self) -> bool {
        match self.current.part {
            Some(Part::Single) => self.exemplar.is_some(),
            Some(Part::Bound(i)) => self.bounds.get(i).is_some_and(|b| b.exemplar.is_some()),
            Some(Part::Native) => {
                !self.native_exemplars.is_empty() || self.bounds.iter().any(|b| b.exemplar.is_some())
            }
            _ => false,
        }
    }

    /// Malformed exemplars are left out. Those of a native histogram need a timestamp: without one they could
    /// not be told apart.
    pub(crate) fn exemplars_into(&self, out: &mut Vec<Exemplar>) {
        match self.current.part {
            Some(Part::Single) => out.extend(self.exemplar.and_then(read_exemplar)),
            Some(Part::Bound(i)) => {
                out.extend(self.bounds.get(i).and_then(|b| b.exemplar).and_then(read_exemplar));
            }
            Some(Part::Native) => {
                let timed = |e: &Exemplar| e.timestamp.is_some();
                if self.native_exemplars.is_empty() {
                    let buckets = self.bounds.iter().filter_map(|b| b.exemplar);
                    out.extend(buckets.filter_map(read_exemplar).filter(timed));
                } else {
                    out.extend(self.native_exemplars.iter().copied().filter_map(read_exemplar).filter(timed));
                }
            }
            _ => {}
        }
    }
}

impl NativeFields {
    /// A histogram without spans, zero threshold and zero count is a classic one. An empty native histogram
    /// with a zero threshold of 0 carries a span of length 0 to say what it is.
    fn histogram(self, sum: f64, metric_type: MetricType) -> Option<NativeHistogram> {
        let native = !self.positive_spans.is_empty()
            || !self.negative_spans.is_empty()
            || self.zero_threshold > 0.0
            || self.zero_count > 0
            || self.zero_count_float > 0.0;
        if !native {
            return None;
        }
        let gauge = metric_type == MetricType::GaugeHistogram;
        let reset_hint = if gauge { CounterResetHint::Gauge } else { CounterResetHint::Unknown };
        if self.count_float > 0.0 || self.zero_count_float > 0.0 {
            let mut histogram = FloatHistogram {
                reset_hint,
                schema: self.schema,
                zero_threshold: self.zero_threshold,
                zero_count: self.zero_count_float,
                count: self.count_float,
                sum,
                positive_spans: self.positive_spans,
                negative_spans: self.negative_spans,
                positive_buckets: self.positive_counts,
                negative_buckets: self.negative_counts,
                custom_values: Vec::new(),
            };
            compact_float(&mut histogram, 0);
            return Some(NativeHistogram::Float(histogram));
        }
        let mut histogram = Histogram {
            reset_hint,
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count,
            count: self.count,
            sum,
            positive_spans: self.positive_spans,
            negative_spans: self.negative_spans,
            positive_deltas: self.positive_deltas,
            negative_deltas: self.negative_deltas,
            custom_values: Vec::new(),
        };
        compact_integer(&mut histogram, 0);
        Some(NativeHistogram::Integer(histogram))
    }
}

fn read_pair(message: &[u8]) -> Result<(&str, &str), ProtoError> {
    let (mut name, mut text) = ("", "");
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => name = utf8(value.bytes(field)?, "label name")?,
            2 => text = utf8(value.bytes(field)?, "label value")?,
            _ => {}
        }
    }
    Ok((name, text))
}

fn utf8<'a>(bytes: &'a [u8], field: &'static str) -> Result<&'a str, ProtoError> {
    std::str::from_utf8(bytes).map_err(|_| ProtoError::Utf8 { field })
}

fn read_bucket(message: &[u8]) -> Result<Bound<'_>, ProtoError> {
    let (mut bound, mut float) = (Bound::default(), 0.0);
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => bound.value = value.uint(field)? as f64,
            2 => bound.at = value.double(field)?,
            3 => bound.exemplar = Some(value.bytes(field)?),
            4 => float = value.double(field)?,
            _ => {}
        }
    }
    if float > 0.0 {
        bound.value = float;
    }
    Ok(bound)
}

fn read_span(message: &[u8]) -> Result<Span, ProtoError> {
    let mut span = Span { offset: 0, length: 0 };
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => span.offset = value.sint(field)? as i32,
            2 => span.length = value.uint(field)? as u32,
            _ => {}
        }
    }
    Ok(span)
}

/// A `google.protobuf.Timestamp` in Unix milliseconds.
fn read_time(message: &[u8]) -> Result<i64, ProtoError> {
    let (mut seconds, mut nanos) = (0i64, 0i64);
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => seconds = value.int(field)?,
            2 => nanos = value.int(field)?,
            _ => {}
        }
    }
    Ok(seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000))
}

fn read_exemplar(message: &[u8]) -> Option<Exemplar> {
    let mut labels = LabelsBuilder::new();
    let (mut number, mut timestamp) = (0.0, None);
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field().ok()? {
        match field {
            1 => {
                let (name, text) = read_pair(value.bytes(field).ok()?).ok()?;
                labels.set(name, text);
            }
            2 => number = normal_nan(value.double(field).ok()?),
            3 => timestamp = Some(read_time(value.bytes(field).ok()?).ok()?),
            _ => {}
        }
    }
    Some(Exemplar { labels: labels.build(), value: number, timestamp })
}
