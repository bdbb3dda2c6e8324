//! The `Histogram` message, which both versions of remote write share field by field, and the numbers of metric
//! types, which they share too.

use crate::histogram::{HistogramPoint, NativeHistogram};
use crate::proto::{ProtoError, Reader, Value, Writer, zigzag};
use model::{CounterResetHint, FloatHistogram, Histogram, MetricType, Span};

/// Spans and buckets that one histogram may have. Schema 8 over the whole range of doubles has half a million
/// buckets; Prometheus's own limit for a scrape defaults to none, and clients keep below 200.
const ELEMENTS_MAX: usize = 1 << 19;

/// Everything of the message before it is known which kind it is.
#[derive(Default)]
struct Fields {
    is_float: bool,
    count: u64,
    count_float: f64,
    sum: f64,
    schema: i32,
    zero_threshold: f64,
    zero_count: u64,
    zero_count_float: f64,
    negative_spans: Vec<Span>,
    negative_deltas: Vec<i64>,
    negative_counts: Vec<f64>,
    positive_spans: Vec<Span>,
    positive_deltas: Vec<i64>,
    positive_counts: Vec<f64>,
    reset_hint: CounterResetHint,
    custom_values: Vec<f64>,
    timestamp: i64,
    start_timestamp: i64,
}

/// Reads the message. Whether the histogram makes sense is for the store to say.
pub(super) fn read(message: &[u8]) -> Result<HistogramPoint, ProtoError> {
    let mut fields = Fields::default();
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        fields.read(field, value)?;
    }
    let (timestamp, start_timestamp) = (fields.timestamp, fields.start_timestamp);
    Ok(HistogramPoint { timestamp, start_timestamp, histogram: fields.histogram() })
}

impl Fields {
    fn read(&mut self, field: u32, value: Value<'_>) -> Result<(), ProtoError> {
        match field {
            1 => self.count = value.uint(field)?,
            2 => (self.is_float, self.count_float) = (true, value.double(field)?),
            3 => self.sum = value.double(field)?,
            4 => self.schema = value.sint(field)? as i32,
            5 => self.zero_threshold = value.double(field)?,
            6 => self.zero_count = value.uint(field)?,
            7 => self.zero_count_float = value.double(field)?,
            8 => read_span(&mut self.negative_spans, value.bytes(field)?)?,
            9 => value.repeated_varint(field, |v| self.negative_deltas.push(zigzag(v)))?,
            10 => value.repeated_double(field, |v| self.negative_counts.push(v))?,
            11 => read_span(&mut self.positive_spans, value.bytes(field)?)?,
            12 => value.repeated_varint(field, |v| self.positive_deltas.push(zigzag(v)))?,
            13 => value.repeated_double(field, |v| self.positive_counts.push(v))?,
            14 => {
                self.reset_hint = match value.uint(field)? {
                    1 => CounterResetHint::Reset,
                    2 => CounterResetHint::NotReset,
                    3 => CounterResetHint::Gauge,
                    _ => CounterResetHint::Unknown,
                }
            }
            15 => self.timestamp = value.int(field)?,
            16 => value.repeated_double(field, |v| self.custom_values.push(v))?,
            17 => self.start_timestamp = value.int(field)?,
            _ => {}
        }
        let longest = [self.negative_deltas.len(), self.positive_deltas.len(), self.custom_values.len()];
        match longest.iter().any(|n| *n > ELEMENTS_MAX) {
            true => Err(ProtoError::TooMany(ELEMENTS_MAX)),
            false => Ok(()),
        }
    }

    fn histogram(self) -> NativeHistogram {
        if self.is_float {
            return NativeHistogram::Float(FloatHistogram {
                reset_hint: self.reset_hint,
                schema: self.schema,
                zero_threshold: self.zero_threshold,
                zero_count: self.zero_count_float,
                count: self.count_float,
                sum: self.sum,
                positive_spans: self.positive_spans,
                negative_spans: self.negative_spans,
                positive_buckets: self.positive_counts,
                negative_buckets: self.negative_counts,
                custom_values: self.custom_values,
            });
        }
        NativeHistogram::Integer(Histogram {
            reset_hint: self.reset_hint,
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            zero_count: self.zero_count,
            count: self.count,
            sum: self.sum,
            positive_spans: self.positive_spans,
            negative_spans: self.negative_spans,
            positive_deltas: self.positive_deltas,
            negative_deltas: self.negative_deltas,
            custom_values: self.custom_values,
        })
    }
}

fn read_span(spans: &mut Vec<Span>, message: &[u8]) -> Result<(), ProtoError> {
    if spans.len() >= ELEMENTS_MAX {
        return Err(ProtoError::TooMany(ELEMENTS_MAX));
    }
    let mut span = Span { offset: 0, length: 0 };
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => span.offset = value.sint(field)? as i32,
            2 => span.length = value.uint(field)? as u32,
            _ => {}
        }
    }
    spans.push(span);
    Ok(())
}

/// Writes the fields of the message.
pub(super) fn write(out: &mut Writer, point: &HistogramPoint) {
    match &point.histogram {
        NativeHistogram::Integer(h) => {
            out.uint(1, h.count);
            out.double_field(3, h.sum);
            write_layout(out, h.schema, h.zero_threshold);
            out.uint(6, h.zero_count);
            write_spans(out, 8, &h.negative_spans);
            out.packed_sint(9, &h.negative_deltas);
            write_spans(out, 11, &h.positive_spans);
            out.packed_sint(12, &h.positive_deltas);
            write_end(out, h.reset_hint, &h.custom_values, point);
        }
        NativeHistogram::Float(h) => {
            out.double(2, h.count);
            out.double_field(3, h.sum);
            write_layout(out, h.schema, h.zero_threshold);
            out.double(7, h.zero_count);
            write_spans(out, 8, &h.negative_spans);
            out.packed_double(10, &h.negative_buckets);
            write_spans(out, 11, &h.positive_spans);
            out.packed_double(13, &h.positive_buckets);
            write_end(out, h.reset_hint, &h.custom_values, point);
        }
    }
}

fn write_layout(out: &mut Writer, schema: i32, zero_threshold: f64) {
    out.sint_field(4, i64::from(schema));
    out.double_field(5, zero_threshold);
}

fn write_spans(out: &mut Writer, field: u32, spans: &[Span]) {
    for span in spans {
        out.message(field, |out| {
            out.sint_field(1, i64::from(span.offset));
            out.uint_field(2, u64::from(span.length));
        });
    }
}

fn write_end(out: &mut Writer, reset_hint: CounterResetHint, custom_values: &[f64], point: &HistogramPoint) {
    let hint = match reset_hint {
        CounterResetHint::Unknown => 0,
        CounterResetHint::Reset => 1,
        CounterResetHint::NotReset => 2,
        CounterResetHint::Gauge => 3,
    };
    out.uint_field(14, hint);
    out.int_field(15, point.timestamp);
    out.packed_double(16, custom_values);
    out.int_field(17, point.start_timestamp);
}

/// The type of a number in either version; one that is not known is [`MetricType::Unknown`].
pub(super) fn metric_type(number: u64) -> MetricType {
    match number {
        1 => MetricType::Counter,
        2 => MetricType::Gauge,
        3 => MetricType::Histogram,
        4 => MetricType::GaugeHistogram,
        5 => MetricType::Summary,
        6 => MetricType::Info,
        7 => MetricType::StateSet,
        _ => MetricType::Unknown,
    }
}

pub(super) fn metric_type_number(metric_type: MetricType) -> u64 {
    match metric_type {
        MetricType::Unknown => 0,
        MetricType::Counter => 1,
        MetricType::Gauge => 2,
        MetricType::Histogram => 3,
        MetricType::GaugeHistogram => 4,
        MetricType::Summary => 5,
        MetricType::Info => 6,
        MetricType::StateSet => 7,
    }
}
