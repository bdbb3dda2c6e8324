//! Zipkin v2: lists of spans as JSON and as protobuf, into a batch.
//!
//! Sources: <https://zipkin.io/zipkin-api/> and `zipkin.proto` of openzipkin/zipkin-api. The mapping is that of
//! OpenTelemetry ("Zipkin" in the specification's SDK exporters, read the other way round):
//!
//! | Zipkin | here |
//! |---|---|
//! | `localEndpoint.serviceName` | the resource, one a name |
//! | `localEndpoint.ipv4` or `.ipv6`, `.port` | `network.local.address`, `network.local.port` |
//! | `remoteEndpoint` | `peer.service`, `network.peer.address`, `network.peer.port` |
//! | `tags` | attributes; `error` makes the status an error, `otel.status_code` says it |
//! | `annotations` | events |
//! | no `kind` | internal |
//! | `shared`, `debug` | `zipkin.shared`, `zipkin.debug` when true |
//!
//! Both halves of a shared span keep the one id that they share: only who sees the whole trace can tell them apart.

mod json;
mod protobuf;

use crate::otlp::decode::Decoder;
use crate::otlp::{ATTRS_MAX, DecodeError, Options, Reason, Report, SOURCE_BYTES_MAX, Warning, begin};
use model::event::{Batch, Kind, SpanEvent, SpanId, SpanKind, SpanRow, Status, TraceId, Value};
use std::collections::HashMap;

const NANOS_A_MICRO: u64 = 1000;

/// Reads a list in JSON. The batch and the report are emptied first; after an error what is in them is nothing to go
/// by.
pub fn decode_json(
    bytes: &[u8],
    options: &Options,
    batch: &mut Batch,
    report: &mut Report,
) -> Result<(), DecodeError> {
    begin(bytes, batch, report)?;
    let mut intake = Intake::new(batch, report, options);
    json::read(bytes, &mut |span| intake.span(&span))
}

/// Reads a list in protobuf (`ListOfSpans`), as [`decode_json`].
pub fn decode_protobuf(
    bytes: &[u8],
    options: &Options,
    batch: &mut Batch,
    report: &mut Report,
) -> Result<(), DecodeError> {
    begin(bytes, batch, report)?;
    let mut intake = Intake::new(batch, report, options);
    protobuf::read(bytes, &mut |span| intake.span(&span))
}

/// A span as Zipkin writes it. Texts as bytes, which may not be UTF-8.
#[derive(Debug, Default)]
struct ZipkinSpan {
    trace_id: Vec<u8>,
    id: Vec<u8>,
    parent_id: Vec<u8>,
    name: Vec<u8>,
    kind: SpanKind,
    timestamp_us: u64,
    duration_us: u64,
    local: Endpoint,
    remote: Endpoint,
    /// When, what.
    annotations: Vec<(u64, Vec<u8>)>,
    tags: Vec<(Vec<u8>, Tag)>,
    debug: bool,
    shared: bool,
}

#[derive(Debug, Default)]
struct Endpoint {
    service: Vec<u8>,
    /// As text; empty when not known.
    address: String,
    port: u16,
}

/// The value of a tag: a text by the specification, other scalars by some senders.
#[derive(Debug)]
enum Tag {
    Text(Vec<u8>),
    Bool(bool),
    Int(i64),
    Double(f64),
}

/// Puts spans into a batch.
struct Intake<'b> {
    decoder: Decoder<'static, 'b>,
    /// Numbers of resources by service.
    services: HashMap<Vec<u8>, u32>,
}

impl<'b> Intake<'b> {
    fn new(batch: &'b mut Batch, report: &'b mut Report, options: &Options) -> Intake<'b> {
        batch.kind = Kind::Span;
        batch.scopes.push(Default::default());
        Intake { decoder: Decoder::new(batch, report, options), services: HashMap::new() }
    }

    fn span(&mut self, span: &ZipkinSpan) {
        let mut row = match self.accept(span) {
            Ok(row) => row,
            Err(reason) => {
                let text =
                    |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(100)]).into_owned();
                self.decoder.report.reject(reason, || {
                    format!(
                        "span {} of trace {} ({:?})",
                        text(&span.id),
                        text(&span.trace_id),
                        text(&span.name)
                    )
                });
                return;
            }
        };
        row.resource = self.resource(&span.local.service);
        row.name = self.decoder.text(&span.name);
        row.kind = if span.kind == SpanKind::Unspecified { SpanKind::Internal } else { span.kind };
        self.status(span, &mut row);
        self.attrs(span, &mut row);
        let events = self.decoder.batch.span_events.len();
        for (time_us, value) in &span.annotations {
            let time_ns = self.decoder.time(time_us.saturating_mul(NANOS_A_MICRO));
            let name = self.decoder.text(value);
            self.decoder.batch.span_events.push(SpanEvent { time_ns, name, ..SpanEvent::default() });
        }
        row.events = self.decoder.batch.span_events_since(events);
        self.decoder.batch.spans.push(row);
    }

    /// Judges a span by its ids and times.
    fn accept(&self, span: &ZipkinSpan) -> Result<SpanRow, Reason> {
        let text = |bytes| std::str::from_utf8(bytes).ok();
        let mut row = SpanRow {
            trace_id: text(&span.trace_id).and_then(TraceId::parse).ok_or(Reason::TraceId)?,
            span_id: text(&span.id).and_then(SpanId::parse).ok_or(Reason::SpanId)?,
            ..SpanRow::default()
        };
        let no_parent = span.parent_id.iter().all(|b| *b == b'0');
        if !no_parent {
            row.parent_span_id = text(&span.parent_id).and_then(SpanId::parse).ok_or(Reason::ParentSpanId)?;
        }
        // The half of a shared span that did not begin it may leave its time out.
        let start_us = match span.timestamp_us {
            0 => span.annotations.iter().map(|(time, _)| *time).min().unwrap_or(0),
            us => us,
        };
        if start_us == 0 {
            return Err(Reason::NoStart);
        }
        let start_ns = start_us.checked_mul(NANOS_A_MICRO).and_then(|ns| i64::try_from(ns).ok());
        row.start_ns = start_ns.ok_or(Reason::TooNew)?;
        let duration_ns = i64::try_from(span.duration_us.saturating_mul(NANOS_A_MICRO)).unwrap_or(i64::MAX);
        row.duration_ns = duration_ns.min(i64::MAX - row.start_ns);
        Ok(row)
    }

    fn resource(&mut self, service: &[u8]) -> u32 {
        if let Some(&number) = self.services.get(service) {
            return number;
        }
        let decoder = &mut self.decoder;
        let start = decoder.batch.attrs.len();
        if !service.is_empty() {
            let text = decoder.text(&service[..service.len().min(SOURCE_BYTES_MAX)]);
            decoder.batch.push_attr(model::event::tie::SERVICE[0], Value::Str(text));
        }
        let run = decoder.batch.attrs_since(start);
        let row = decoder.batch.tied_resource(run);
        let number = decoder.batch.resources.len() as u32;
        decoder.batch.resources.push(row);
        self.services.insert(service.to_vec(), number);
        number
    }

    fn status(&mut self, span: &ZipkinSpan, row: &mut SpanRow) {
        for (key, value) in &span.tags {
            match (&key[..], value) {
                (b"error", Tag::Text(text)) if text.eq_ignore_ascii_case(b"false") => {}
                (b"error", Tag::Bool(false)) => {}
                (b"error", Tag::Text(text)) => {
                    row.status = Status::Error;
                    if !text.eq_ignore_ascii_case(b"true") && row.status_message.is_empty() {
                        row.status_message = self.decoder.text(text);
                    }
                }
                (b"error", _) => row.status = Status::Error,
                (b"otel.status_code", Tag::Text(text)) => {
                    let status = std::str::from_utf8(text).ok().and_then(Status::parse);
                    row.status = status.unwrap_or(row.status);
                }
                (b"otel.status_description", Tag::Text(text)) => row.status_message = self.decoder.text(text),
                _ => {}
            }
        }
    }

    fn attrs(&mut self, span: &ZipkinSpan, row: &mut SpanRow) {
        let start = self.decoder.batch.attrs.len();
        self.endpoint(&span.local, ["", "network.local.address", "network.local.port"]);
        self.endpoint(&span.remote, ["peer.service", "network.peer.address", "network.peer.port"]);
        for (key, set) in [("zipkin.shared", span.shared), ("zipkin.debug", span.debug)] {
            if set {
                self.decoder.batch.push_attr(key, Value::Bool(true));
            }
        }
        for (key, tag) in &span.tags {
            let place = self.decoder.batch.attrs.len() - start;
            if place >= ATTRS_MAX {
                row.dropped_attrs = row.dropped_attrs.saturating_add(1);
                self.decoder.report.warn(Warning::AttrsCut);
                continue;
            }
            let Some(key) = self.decoder.key(place, key) else {
                row.dropped_attrs = row.dropped_attrs.saturating_add(1);
                continue;
            };
            let value = match tag {
                Tag::Text(text) => Value::Str(self.decoder.text(text)),
                Tag::Bool(value) => Value::Bool(*value),
                Tag::Int(value) => Value::Int(*value),
                Tag::Double(value) => Value::Double(*value),
            };
            self.decoder.push_attr(key, value);
        }
        row.attrs = self.decoder.batch.attrs_since(start);
    }

    /// What is known of an endpoint, under keys for its service (none when empty), address and port.
    fn endpoint(&mut self, endpoint: &Endpoint, keys: [&str; 3]) {
        let decoder = &mut self.decoder;
        if !keys[0].is_empty() && !endpoint.service.is_empty() {
            let text = decoder.text(&endpoint.service);
            decoder.batch.push_attr(keys[0], Value::Str(text));
        }
        if !endpoint.address.is_empty() {
            let text = decoder.text(endpoint.address.as_bytes());
            decoder.batch.push_attr(keys[1], Value::Str(text));
        }
        if endpoint.port != 0 {
            decoder.batch.push_attr(keys[2], Value::Int(endpoint.port.into()));
        }
    }
}

#[cfg(test)]
mod tests;
