//! A line and a span as `tracing` gives them, and batches of them.

use model::event::{
    Batch, Kind, LogRow, Resource, Run, Scope, SpanId, SpanKind, SpanRow, Status, Text, TraceId, Value,
};
use std::fmt;
use tracing::field::{Field, Visit};

/// The service under which it is found.
pub const SERVICE: &str = "pharos";
const SCOPE: &str = "pharos";

#[derive(Clone, Debug, PartialEq)]
pub enum OwnValue {
    Str(String),
    Int(i64),
    Double(f64),
    Bool(bool),
}

/// The fields of a line or a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OwnFields {
    /// The field `message`.
    pub message: String,
    pub attrs: Vec<(&'static str, OwnValue)>,
}

impl OwnFields {
    fn put(&mut self, field: &Field, value: OwnValue) {
        match self.attrs.iter_mut().find(|(name, _)| *name == field.name()) {
            Some((_, old)) => *old = value,
            None => self.attrs.push((field.name(), value)),
        }
    }
}

impl Visit for OwnFields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, OwnValue::Double(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, OwnValue::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.put(field, OwnValue::Int(value)),
            Err(_) => self.put(field, OwnValue::Double(value as f64)),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, OwnValue::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message = value.to_owned(),
            _ => self.put(field, OwnValue::Str(value.to_owned())),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct OwnLog {
    pub time_ns: i64,
    pub severity: u8,
    pub severity_text: &'static str,
    pub target: &'static str,
    pub fields: OwnFields,
    pub trace_id: TraceId,
    pub span_id: SpanId,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OwnSpan {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub parent_span_id: SpanId,
    pub name: &'static str,
    pub start_ns: i64,
    pub end_ns: i64,
    pub fields: OwnFields,
}

/// Who we are, for every batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    pub version: &'static str,
    pub host: String,
}

fn begin(kind: Kind, identity: &Identity) -> Batch {
    let mut batch = Batch::new(kind);
    let [service, release, host] =
        [SERVICE, identity.version, &identity.host].map(|text| batch.push_text(text));
    batch.push_attr("service.name", Value::Str(service));
    batch.push_attr("service.version", Value::Str(release));
    if !host.is_empty() {
        batch.push_attr("host.name", Value::Str(host));
    }
    let attrs = batch.attrs_since(0);
    batch.resources.push(Resource { service, release, host, attrs, ..Resource::default() });
    let name = batch.push_text(SCOPE);
    batch.scopes.push(Scope { name, ..Scope::default() });
    batch
}

fn push_attrs(batch: &mut Batch, attrs: &[(&'static str, OwnValue)]) -> Run {
    let start = batch.attrs.len();
    for (name, value) in attrs {
        let value = match value {
            OwnValue::Str(text) => Value::Str(batch.push_text(text)),
            OwnValue::Int(n) => Value::Int(*n),
            OwnValue::Double(x) => Value::Double(*x),
            OwnValue::Bool(b) => Value::Bool(*b),
        };
        batch.push_attr(name, value);
    }
    batch.attrs_since(start)
}

pub fn logs(identity: &Identity, logs: &[OwnLog]) -> Batch {
    let mut batch = begin(Kind::Log, identity);
    for log in logs {
        let mut attrs = log.fields.attrs.clone();
        attrs.push(("code.namespace", OwnValue::Str(log.target.to_owned())));
        let row = LogRow {
            time_ns: log.time_ns,
            observed_ns: log.time_ns,
            severity: log.severity,
            severity_text: batch.push_text(log.severity_text),
            body: batch.push_text(&log.fields.message),
            trace_id: log.trace_id,
            span_id: log.span_id,
            attrs: push_attrs(&mut batch, &attrs),
            ..LogRow::default()
        };
        batch.logs.push(row);
    }
    batch
}

/// The fields `otel.name`, `otel.kind`, `otel.status_code` say what they say, and are no attributes.
pub fn spans(identity: &Identity, spans: &[OwnSpan]) -> Batch {
    let mut batch = begin(Kind::Span, identity);
    for span in spans {
        let (special, attrs): (Vec<_>, Vec<_>) =
            span.fields.attrs.iter().cloned().partition(|(name, _)| name.starts_with("otel."));
        let said = |wanted: &str| {
            special.iter().find_map(|(name, value)| match value {
                OwnValue::Str(text) if *name == wanted => Some(text.as_str()),
                _ => None,
            })
        };
        let row = SpanRow {
            trace_id: span.trace_id,
            span_id: span.span_id,
            parent_span_id: span.parent_span_id,
            name: batch.push_text(said("otel.name").unwrap_or(span.name)),
            kind: said("otel.kind").and_then(SpanKind::parse).unwrap_or(SpanKind::Internal),
            status: said("otel.status_code").and_then(Status::parse).unwrap_or_default(),
            start_ns: span.start_ns,
            duration_ns: (span.end_ns - span.start_ns).max(0),
            status_message: Text::EMPTY,
            attrs: push_attrs(&mut batch, &attrs),
            ..SpanRow::default()
        };
        batch.spans.push(row);
    }
    batch
}
