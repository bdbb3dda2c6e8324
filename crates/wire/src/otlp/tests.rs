//! Requests built from the generated types of `opentelemetry-proto`, which are the oracle: [`agree`] has properties,
//! [`bad`] the inputs that a receiver must survive, [`rules`] what is decided where OTLP leaves a choice.

mod agree;
mod bad;
mod points;
mod rules;

use super::*;
use model::event::{Kind, LogRecord, SpanRecord};
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest,
};
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value,
};
use opentelemetry_proto::tonic::{logs::v1 as pl, resource::v1::Resource, trace::v1 as pt};
use prost::Message as _;

/// The clock of these tests.
const NOW_NS: i64 = 1_800_000_000_000_000_000;

fn holding(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn text(value: &str) -> Value {
    Value::StringValue(value.to_owned())
}

fn attr(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(holding(value)), ..KeyValue::default() }
}

fn array(values: Vec<Value>) -> Value {
    Value::ArrayValue(ArrayValue { values: values.into_iter().map(holding).collect() })
}

fn map(values: Vec<KeyValue>) -> Value {
    Value::KvlistValue(KeyValueList { values })
}

/// A span of which nothing can be left away.
fn span() -> pt::Span {
    pt::Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "work".to_owned(),
        start_time_unix_nano: 1_000,
        end_time_unix_nano: 3_000,
        ..pt::Span::default()
    }
}

fn log() -> pl::LogRecord {
    pl::LogRecord { time_unix_nano: 1_000, body: Some(holding(text("hello"))), ..pl::LogRecord::default() }
}

fn traces_of(spans: Vec<pt::Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![pt::ScopeSpans { spans, ..pt::ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![pt::ResourceSpans { scope_spans, ..pt::ResourceSpans::default() }],
    }
}

fn logs_of(log_records: Vec<pl::LogRecord>) -> ExportLogsServiceRequest {
    let scope_logs = vec![pl::ScopeLogs { log_records, ..pl::ScopeLogs::default() }];
    ExportLogsServiceRequest {
        resource_logs: vec![pl::ResourceLogs { scope_logs, ..pl::ResourceLogs::default() }],
    }
}

type Decode = fn(&[u8], &Options, &mut Batch, &mut Report) -> Result<(), DecodeError>;

/// Reads into a batch that held something else, and checks that the batch holds together.
fn decode(how: Decode, bytes: &[u8]) -> Result<(Batch, Report), DecodeError> {
    let mut batch = Batch::new(Kind::Error);
    batch.push_attr("left over", model::event::Value::Int(1));
    batch.spans.push(Default::default());
    let mut report = Report::default();
    report.reject(Reason::TooNew, || "left over".to_owned());
    how(bytes, &Options::at(NOW_NS), &mut batch, &mut report)?;
    batch.check().expect("the batch holds together");
    Ok((batch, report))
}

fn spans(request: &ExportTraceServiceRequest) -> (Vec<SpanRecord>, Report) {
    let (batch, report) = decode(traces::decode_protobuf, &request.encode_to_vec()).expect("well formed");
    assert_eq!(batch.kind, Kind::Span);
    (batch.span_records(), report)
}

fn spans_json(json: &str) -> (Vec<SpanRecord>, Report) {
    let (batch, report) = decode(traces::decode_json, json.as_bytes()).expect(json);
    (batch.span_records(), report)
}

fn logs(request: &ExportLogsServiceRequest) -> (Vec<LogRecord>, Report) {
    let (batch, report) = decode(logs::decode_protobuf, &request.encode_to_vec()).expect("well formed");
    assert_eq!(batch.kind, Kind::Log);
    (batch.log_records(), report)
}

fn logs_json(json: &str) -> (Vec<LogRecord>, Report) {
    let (batch, report) = decode(logs::decode_json, json.as_bytes()).expect(json);
    (batch.log_records(), report)
}

/// JSON of a request with one span of these fields.
fn span_json(fields: &str) -> String {
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{}","spanId":"{}","startTimeUnixNano":"5"{fields}}}]}}]}}]}}"#,
        "01".repeat(16),
        "02".repeat(8)
    )
}

/// JSON of a request with one log record of these fields.
fn log_json(fields: &str) -> String {
    format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{{fields}}}]}}]}}]}}"#)
}
