//! Exceptions become errors: rows of their own, that can be counted, grouped and searched.
//!
//! OpenTelemetry says exceptions in two ways: as an event of a span named `exception`, or as a log record with the
//! attribute `exception.type` (or only `exception.message`). Where it was said stays as it is.
//!
//! An event whose own time is none that is taken happened when its span began: one that is years ahead would keep the file
//! that it is in, and all that is beside it there, for as long.

use super::window::Window;
use model::event::{Attr, Batch, Kind, LogRow, Resource, Run, Scope, SpanRow, Text, Value, severity};

const EVENT: &str = "exception";
const TYPE: &str = "exception.type";
const MESSAGE: &str = "exception.message";
/// The type of an exception that does not say it.
const UNKNOWN_TYPE: &str = "exception";

/// The errors of a batch of spans or log records; `None` when there are none.
pub(crate) fn find(batch: &Batch, window: Window) -> Option<Batch> {
    let mut copy = Copy::new(batch, window);
    match batch.kind {
        Kind::Span => batch.spans.iter().for_each(|span| copy.of_span(span)),
        Kind::Log => {
            // Most batches have no such key at all.
            let has = |key: &str| batch.keys.iter().any(|k| batch.get(*k) == key);
            if has(TYPE) || has(MESSAGE) {
                batch.logs.iter().for_each(|log| copy.of_log(log));
            }
        }
        Kind::Error => {}
    }
    (!copy.to.is_empty()).then_some(copy.to)
}

/// A batch of errors being made of another batch.
struct Copy<'a> {
    from: &'a Batch,
    to: Batch,
    window: Window,
    /// Numbers in `to` of the resources and scopes of `from` that were needed so far.
    resources: Vec<Option<u32>>,
    scopes: Vec<Option<u32>>,
}

impl<'a> Copy<'a> {
    fn new(from: &'a Batch, window: Window) -> Copy<'a> {
        Copy { from, to: Batch::new(Kind::Error), window, resources: Vec::new(), scopes: Vec::new() }
    }

    fn of_span(&mut self, span: &SpanRow) {
        for event in &self.from.span_events[span.events.range()] {
            if self.from.get(event.name) != EVENT {
                continue;
            }
            let row = LogRow {
                time_ns: if self.window.holds(event.time_ns) { event.time_ns } else { span.start_ns },
                severity: severity::ERROR,
                trace_id: span.trace_id,
                span_id: span.span_id,
                dropped_attrs: event.dropped_attrs,
                ..LogRow::default()
            };
            self.push(row, (span.resource, span.scope), event.attrs, Text::EMPTY);
        }
    }

    fn of_log(&mut self, log: &LogRow) {
        let is_exception =
            self.from.attr(log.attrs, TYPE).is_some() || self.from.attr(log.attrs, MESSAGE).is_some();
        if !is_exception {
            return;
        }
        let severity = if log.severity == 0 { severity::ERROR } else { log.severity };
        let row = LogRow {
            severity,
            severity_text: self.text(log.severity_text),
            event_name: Text::EMPTY,
            body: Text::EMPTY,
            body_is_json: false,
            ..*log
        };
        self.push(row, (log.resource, log.scope), log.attrs, log.body);
    }

    /// Adds a row. `body` is the message when the attributes have none.
    fn push(&mut self, mut row: LogRow, (resource, scope): (u32, u32), attrs: Run, body: Text) {
        row.resource = self.resource(resource);
        row.scope = self.scope(scope);
        if row.observed_ns == 0 {
            row.observed_ns = row.time_ns;
        }
        row.event_name = match self.from.attr_str(attrs, TYPE) {
            Some(name) if !name.is_empty() => self.to.push_text(name),
            _ => self.to.push_text(UNKNOWN_TYPE),
        };
        row.body = match self.from.attr_str(attrs, MESSAGE) {
            Some(message) if !message.is_empty() => self.to.push_text(message),
            _ => self.text(body),
        };
        row.attrs = self.attrs(attrs);
        self.to.logs.push(row);
    }

    fn text(&mut self, text: Text) -> Text {
        self.to.push_text(self.from.get(text))
    }

    fn attrs(&mut self, run: Run) -> Run {
        let start = self.to.attrs.len();
        for Attr { key, value } in self.from.attrs(run) {
            let value = match *value {
                Value::Str(t) => Value::Str(self.text(t)),
                Value::Bytes(t) => Value::Bytes(self.text(t)),
                Value::Json(t) => Value::Json(self.text(t)),
                Value::Bool(_) | Value::Int(_) | Value::Double(_) => *value,
            };
            self.to.push_attr(self.from.key(*key), value);
        }
        self.to.attrs_since(start)
    }

    fn resource(&mut self, number: u32) -> u32 {
        self.resources.resize(self.from.resources.len(), None);
        if let Some(known) = self.resources[number as usize] {
            return known;
        }
        let from = self.from.resources[number as usize];
        let copy = Resource {
            service: self.text(from.service),
            environment: self.text(from.environment),
            release: self.text(from.release),
            host: self.text(from.host),
            schema_url: self.text(from.schema_url),
            attrs: self.attrs(from.attrs),
            dropped_attrs: from.dropped_attrs,
        };
        self.to.resources.push(copy);
        let known = self.to.resources.len() as u32 - 1;
        self.resources[number as usize] = Some(known);
        known
    }

    fn scope(&mut self, number: u32) -> u32 {
        self.scopes.resize(self.from.scopes.len(), None);
        if let Some(known) = self.scopes[number as usize] {
            return known;
        }
        let from = self.from.scopes[number as usize];
        let copy = Scope {
            name: self.text(from.name),
            version: self.text(from.version),
            attrs: self.attrs(from.attrs),
            dropped_attrs: from.dropped_attrs,
        };
        self.to.scopes.push(copy);
        let known = self.to.scopes.len() as u32 - 1;
        self.scopes[number as usize] = Some(known);
        known
    }
}
