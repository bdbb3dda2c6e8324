//! Single events that own what they hold: what a store gives back and an encoder writes, where a [`Batch`] is what
//! comes in. Resources and scopes are shared between the events of one sender.

use super::{
    Batch, Link, LogRow, Resource, Run, Scope, SpanEvent, SpanId, SpanKind, SpanRow, Status, TraceId, Value,
    ValueKind,
};
use std::sync::Arc;

/// The value of an attribute, as [`Value`] but owned.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnedValue {
    Str(String),
    Bool(bool),
    Int(i64),
    Double(f64),
    /// Base64 (standard, padded).
    Bytes(String),
    /// An array or a map, as JSON.
    Json(String),
}

/// Attributes in the order of their arrival.
pub type OwnedAttrs = Vec<(String, OwnedValue)>;

/// Who sent an event. Fields as in [`Resource`]; a store may leave `service.name` out of the attributes when it is
/// `service`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceRecord {
    pub service: String,
    pub environment: String,
    pub release: String,
    pub host: String,
    pub attrs: OwnedAttrs,
    pub schema_url: String,
    pub dropped_attrs: u32,
}

/// The instrumentation that made an event. Fields as in [`Scope`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScopeRecord {
    pub name: String,
    pub version: String,
    pub attrs: OwnedAttrs,
    pub dropped_attrs: u32,
}

/// A span. Fields as in [`SpanRow`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpanRecord {
    pub resource: Arc<ResourceRecord>,
    pub scope: Arc<ScopeRecord>,
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub parent_span_id: SpanId,
    pub trace_state: String,
    pub name: String,
    pub kind: SpanKind,
    pub start_ns: i64,
    pub duration_ns: i64,
    pub status: Status,
    pub status_message: String,
    pub flags: u32,
    pub attrs: OwnedAttrs,
    pub events: Vec<EventRecord>,
    pub links: Vec<LinkRecord>,
    pub dropped_attrs: u32,
    pub dropped_events: u32,
    pub dropped_links: u32,
}

/// Something that happened during a span. Fields as in [`SpanEvent`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventRecord {
    pub time_ns: i64,
    pub name: String,
    pub attrs: OwnedAttrs,
    pub dropped_attrs: u32,
}

/// A reference of a span to another. Fields as in [`Link`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkRecord {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub trace_state: String,
    pub flags: u32,
    pub attrs: OwnedAttrs,
    pub dropped_attrs: u32,
}

/// A log record, or an error. Fields as in [`LogRow`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogRecord {
    pub resource: Arc<ResourceRecord>,
    pub scope: Arc<ScopeRecord>,
    pub time_ns: i64,
    pub observed_ns: i64,
    pub severity: u8,
    pub severity_text: String,
    pub body: String,
    pub body_is_json: bool,
    pub event_name: String,
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub flags: u32,
    pub attrs: OwnedAttrs,
    pub dropped_attrs: u32,
}

/// The value under a key; of a key that is there twice, the first.
pub fn attr<'a>(attrs: &'a [(String, OwnedValue)], key: &str) -> Option<&'a OwnedValue> {
    attrs.iter().find(|(k, _)| k == key).map(|(_, value)| value)
}

impl OwnedValue {
    pub fn kind(&self) -> ValueKind {
        match self {
            OwnedValue::Str(_) => ValueKind::Str,
            OwnedValue::Bool(_) => ValueKind::Bool,
            OwnedValue::Int(_) => ValueKind::Int,
            OwnedValue::Double(_) => ValueKind::Double,
            OwnedValue::Bytes(_) => ValueKind::Bytes,
            OwnedValue::Json(_) => ValueKind::Json,
        }
    }

    /// The text, when it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            OwnedValue::Str(text) => Some(text),
            _ => None,
        }
    }

    fn of(batch: &Batch, value: Value) -> OwnedValue {
        let text = |t| batch.get(t).to_owned();
        match value {
            Value::Str(t) => OwnedValue::Str(text(t)),
            Value::Bool(v) => OwnedValue::Bool(v),
            Value::Int(v) => OwnedValue::Int(v),
            Value::Double(v) => OwnedValue::Double(v),
            Value::Bytes(t) => OwnedValue::Bytes(text(t)),
            Value::Json(t) => OwnedValue::Json(text(t)),
        }
    }
}

impl SpanRecord {
    pub fn end_ns(&self) -> i64 {
        self.start_ns.saturating_add(self.duration_ns)
    }
}

impl Batch {
    /// Its spans, owned. Resources and scopes are shared among them.
    pub fn span_records(&self) -> Vec<SpanRecord> {
        let sources = Sources::of(self);
        self.spans.iter().map(|row| self.span_record(row, &sources)).collect()
    }

    /// Its log records or errors, owned. Resources and scopes are shared among them.
    pub fn log_records(&self) -> Vec<LogRecord> {
        let sources = Sources::of(self);
        self.logs.iter().map(|row| self.log_record(row, &sources)).collect()
    }

    /// The attributes of a run, owned.
    pub fn owned_attrs(&self, run: Run) -> OwnedAttrs {
        self.attrs(run)
            .iter()
            .map(|attr| (self.key(attr.key).to_owned(), OwnedValue::of(self, attr.value)))
            .collect()
    }

    fn span_record(&self, row: &SpanRow, sources: &Sources) -> SpanRecord {
        let text = |t| self.get(t).to_owned();
        SpanRecord {
            resource: sources.resources[row.resource as usize].clone(),
            scope: sources.scopes[row.scope as usize].clone(),
            trace_id: row.trace_id,
            span_id: row.span_id,
            parent_span_id: row.parent_span_id,
            trace_state: text(row.trace_state),
            name: text(row.name),
            kind: row.kind,
            start_ns: row.start_ns,
            duration_ns: row.duration_ns,
            status: row.status,
            status_message: text(row.status_message),
            flags: row.flags,
            attrs: self.owned_attrs(row.attrs),
            events: self.span_events[row.events.range()].iter().map(|e| self.event_record(e)).collect(),
            links: self.links[row.links.range()].iter().map(|l| self.link_record(l)).collect(),
            dropped_attrs: row.dropped_attrs,
            dropped_events: row.dropped_events,
            dropped_links: row.dropped_links,
        }
    }

    fn event_record(&self, row: &SpanEvent) -> EventRecord {
        EventRecord {
            time_ns: row.time_ns,
            name: self.get(row.name).to_owned(),
            attrs: self.owned_attrs(row.attrs),
            dropped_attrs: row.dropped_attrs,
        }
    }

    fn link_record(&self, row: &Link) -> LinkRecord {
        LinkRecord {
            trace_id: row.trace_id,
            span_id: row.span_id,
            trace_state: self.get(row.trace_state).to_owned(),
            flags: row.flags,
            attrs: self.owned_attrs(row.attrs),
            dropped_attrs: row.dropped_attrs,
        }
    }

    fn log_record(&self, row: &LogRow, sources: &Sources) -> LogRecord {
        let text = |t| self.get(t).to_owned();
        LogRecord {
            resource: sources.resources[row.resource as usize].clone(),
            scope: sources.scopes[row.scope as usize].clone(),
            time_ns: row.time_ns,
            observed_ns: row.observed_ns,
            severity: row.severity,
            severity_text: text(row.severity_text),
            body: text(row.body),
            body_is_json: row.body_is_json,
            event_name: text(row.event_name),
            trace_id: row.trace_id,
            span_id: row.span_id,
            flags: row.flags,
            attrs: self.owned_attrs(row.attrs),
            dropped_attrs: row.dropped_attrs,
        }
    }

    fn resource_record(&self, row: &Resource) -> ResourceRecord {
        let text = |t| self.get(t).to_owned();
        ResourceRecord {
            service: text(row.service),
            environment: text(row.environment),
            release: text(row.release),
            host: text(row.host),
            attrs: self.owned_attrs(row.attrs),
            schema_url: text(row.schema_url),
            dropped_attrs: row.dropped_attrs,
        }
    }

    fn scope_record(&self, row: &Scope) -> ScopeRecord {
        ScopeRecord {
            name: self.get(row.name).to_owned(),
            version: self.get(row.version).to_owned(),
            attrs: self.owned_attrs(row.attrs),
            dropped_attrs: row.dropped_attrs,
        }
    }
}

/// Resources and scopes of a batch, by their numbers.
struct Sources {
    resources: Vec<Arc<ResourceRecord>>,
    scopes: Vec<Arc<ScopeRecord>>,
}

impl Sources {
    fn of(batch: &Batch) -> Sources {
        Sources {
            resources: batch.resources.iter().map(|r| Arc::new(batch.resource_record(r))).collect(),
            scopes: batch.scopes.iter().map(|s| Arc::new(batch.scope_record(s))).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;

    #[test]
    fn records_own_what_rows_refer_to() {
        let mut batch = Batch::new(Kind::Span);
        let (name, state) = (batch.push_text("GET /"), batch.push_text("a=b"));
        batch.push_attr("service.name", Value::Str(name));
        batch.resources.push(Resource { service: name, attrs: batch.attrs_since(0), ..Resource::default() });
        batch.scopes.push(Scope { name, ..Scope::default() });
        batch.push_attr("n", Value::Int(1));
        let attrs = batch.attrs_since(1);
        batch.span_events.push(SpanEvent { time_ns: 3, name, attrs, dropped_attrs: 1 });
        batch.links.push(Link { trace_state: state, attrs, ..Link::default() });
        let (events, links) = (batch.span_events_since(0), batch.links_since(0));
        let row = SpanRow { name, attrs, events, links, start_ns: 5, duration_ns: 2, ..SpanRow::default() };
        batch.spans.extend([row, row]);

        let records = batch.span_records();
        let attrs = vec![("n".to_owned(), OwnedValue::Int(1))];
        assert!(Arc::ptr_eq(&records[0].resource, &records[1].resource));
        assert_eq!(records[0].resource.service, "GET /");
        assert_eq!(attr(&records[0].resource.attrs, "service.name").unwrap().as_str(), Some("GET /"));
        assert_eq!(records[0].name, "GET /");
        assert_eq!(records[0].end_ns(), 7);
        assert_eq!(records[0].attrs, attrs);
        assert_eq!(records[0].events[0].attrs, attrs);
        assert_eq!(records[0].links[0].trace_state, "a=b");
    }
}
