//! Spans and log records of the store as OTLP: `TracesData` and `LogsData`, in protobuf and in JSON.
//!
//! Records are grouped by resource and scope in the order in which each first appears. What a batch keeps as text
//! goes back to what it was: base64 to bytes, JSON to arrays and maps.

use super::answer::json;
use super::json::base64;
use super::schema::{LOGS_REQUEST, TRACES_REQUEST};
use crate::proto::Writer;
use model::event::{
    EventRecord, LinkRecord, LogRecord, OwnedValue, ResourceRecord, ScopeRecord, SpanRecord, tie,
};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::sync::Arc;

/// `TracesData` in protobuf.
pub fn spans_protobuf(spans: &[SpanRecord]) -> Vec<u8> {
    grouped(spans, |span| (&span.resource, &span.scope), span)
}

/// `TracesData` in JSON.
pub fn spans_json(spans: &[SpanRecord]) -> String {
    json(&TRACES_REQUEST, &spans_protobuf(spans))
}

/// `LogsData` in protobuf.
pub fn logs_protobuf(logs: &[LogRecord]) -> Vec<u8> {
    grouped(logs, |log| (&log.resource, &log.scope), log)
}

/// `LogsData` in JSON.
pub fn logs_json(logs: &[LogRecord]) -> String {
    json(&LOGS_REQUEST, &logs_protobuf(logs))
}

/// Records of one source, and under it the same again.
struct Group<'a, S, T> {
    source: &'a Arc<S>,
    members: Vec<T>,
}

/// The group of a source, made when it is new. Most often it is the last one.
fn group<'g, 'a, S: PartialEq, T>(
    groups: &'g mut Vec<Group<'a, S, T>>,
    source: &'a Arc<S>,
) -> &'g mut Vec<T> {
    let at = groups.iter().rposition(|g| Arc::ptr_eq(g.source, source) || g.source == source);
    let at = at.unwrap_or_else(|| {
        groups.push(Group { source, members: Vec::new() });
        groups.len() - 1
    });
    &mut groups[at].members
}

/// Writes records under their resources and scopes: the numbers of these fields are the same for spans and logs.
fn grouped<T>(
    records: &[T],
    sources: impl Fn(&T) -> (&Arc<ResourceRecord>, &Arc<ScopeRecord>),
    write: impl Fn(&mut Writer, &T),
) -> Vec<u8> {
    let mut resources: Vec<Group<'_, ResourceRecord, Group<'_, ScopeRecord, &T>>> = Vec::new();
    for record in records {
        let (resource, scope) = sources(record);
        group(group(&mut resources, resource), scope).push(record);
    }
    let mut out = Writer::new();
    for under in &resources {
        out.message(1, |out| {
            out.message(1, |out| resource(out, under.source));
            for scoped in &under.members {
                out.message(2, |out| {
                    out.message(1, |out| scope(out, scoped.source));
                    scoped.members.iter().for_each(|record| out.message(2, |out| write(out, record)));
                });
            }
            out.bytes_field(3, under.source.schema_url.as_bytes());
        });
    }
    out.out
}

fn resource(out: &mut Writer, resource: &ResourceRecord) {
    let key = tie::SERVICE[0];
    if !resource.service.is_empty() && !resource.attrs.iter().any(|(k, _)| k == key) {
        out.message(1, |out| key_value(out, key, |out| out.bytes(1, resource.service.as_bytes())));
    }
    attrs(out, 1, &resource.attrs);
    out.uint_field(2, resource.dropped_attrs.into());
}

fn scope(out: &mut Writer, scope: &ScopeRecord) {
    out.bytes_field(1, scope.name.as_bytes());
    out.bytes_field(2, scope.version.as_bytes());
    attrs(out, 3, &scope.attrs);
    out.uint_field(4, scope.dropped_attrs.into());
}

fn span(out: &mut Writer, span: &SpanRecord) {
    out.bytes(1, &span.trace_id.0);
    out.bytes(2, &span.span_id.0);
    out.bytes_field(3, span.trace_state.as_bytes());
    if !span.parent_span_id.is_none() {
        out.bytes(4, &span.parent_span_id.0);
    }
    out.bytes_field(5, span.name.as_bytes());
    out.uint_field(6, span.kind as u64);
    out.fixed64_field(7, span.start_ns as u64);
    out.fixed64_field(8, span.end_ns() as u64);
    attrs(out, 9, &span.attrs);
    out.uint_field(10, span.dropped_attrs.into());
    span.events.iter().for_each(|e| out.message(11, |out| event(out, e)));
    out.uint_field(12, span.dropped_events.into());
    span.links.iter().for_each(|l| out.message(13, |out| link(out, l)));
    out.uint_field(14, span.dropped_links.into());
    if span.status != Default::default() || !span.status_message.is_empty() {
        out.message(15, |out| {
            out.bytes_field(2, span.status_message.as_bytes());
            out.uint_field(3, span.status as u64);
        });
    }
    out.fixed32_field(16, span.flags);
}

fn event(out: &mut Writer, event: &EventRecord) {
    out.fixed64_field(1, event.time_ns as u64);
    out.bytes_field(2, event.name.as_bytes());
    attrs(out, 3, &event.attrs);
    out.uint_field(4, event.dropped_attrs.into());
}

fn link(out: &mut Writer, link: &LinkRecord) {
    out.bytes(1, &link.trace_id.0);
    out.bytes(2, &link.span_id.0);
    out.bytes_field(3, link.trace_state.as_bytes());
    attrs(out, 4, &link.attrs);
    out.uint_field(5, link.dropped_attrs.into());
    out.fixed32_field(6, link.flags);
}

fn log(out: &mut Writer, log: &LogRecord) {
    out.fixed64_field(1, log.time_ns as u64);
    out.uint_field(2, log.severity.into());
    out.bytes_field(3, log.severity_text.as_bytes());
    if log.body_is_json {
        out.message(5, |out| any_json(out, &log.body));
    } else if !log.body.is_empty() {
        out.message(5, |out| out.bytes(1, log.body.as_bytes()));
    }
    attrs(out, 6, &log.attrs);
    out.uint_field(7, log.dropped_attrs.into());
    out.fixed32_field(8, log.flags);
    if !log.trace_id.is_none() {
        out.bytes(9, &log.trace_id.0);
    }
    if !log.span_id.is_none() {
        out.bytes(10, &log.span_id.0);
    }
    out.fixed64_field(11, log.observed_ns as u64);
    out.bytes_field(12, log.event_name.as_bytes());
}

fn attrs(out: &mut Writer, number: u32, attrs: &[(String, OwnedValue)]) {
    for (key, value) in attrs {
        out.message(number, |out| key_value(out, key, |out| any(out, value)));
    }
}

fn key_value(out: &mut Writer, key: &str, value: impl FnOnce(&mut Writer)) {
    out.bytes(1, key.as_bytes());
    out.message(2, value);
}

fn any(out: &mut Writer, value: &OwnedValue) {
    match value {
        OwnedValue::Str(text) => out.bytes(1, text.as_bytes()),
        OwnedValue::Bool(value) => out.uint(2, (*value).into()),
        OwnedValue::Int(value) => out.uint(3, *value as u64),
        OwnedValue::Double(value) => out.double(4, *value),
        OwnedValue::Bytes(text) => match base64(text.as_bytes()) {
            Some(bytes) => out.bytes(7, &bytes),
            None => out.bytes(1, text.as_bytes()),
        },
        OwnedValue::Json(text) => any_json(out, text),
    }
}

/// Writes JSON text as an `AnyValue`; what is not JSON as a string.
fn any_json(out: &mut Writer, text: &str) {
    let before = out.out.len();
    let mut de = serde_json::Deserializer::from_str(text);
    let read = AnySeed { out }.deserialize(&mut de).and_then(|()| de.end());
    if read.is_err() {
        out.out.truncate(before);
        out.bytes(1, text.as_bytes());
    }
}

/// JSON into the members of an `AnyValue`, without a tree.
struct AnySeed<'w> {
    out: &'w mut Writer,
}

impl<'de> DeserializeSeed<'de> for AnySeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<(), D::Error> {
        de.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnySeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.out.uint(2, value.into());
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.out.uint(3, value as u64);
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.out.double(4, value);
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.out.bytes(1, value.as_bytes());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut read = Ok(());
        self.out.message(5, |out| {
            read = loop {
                match seq.next_element_seed(ElementSeed { out }) {
                    Ok(Some(())) => {}
                    Ok(None) => break Ok(()),
                    Err(e) => break Err(e),
                }
            };
        });
        read
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut read = Ok(());
        self.out.message(6, |out| {
            read = loop {
                match map.next_key::<String>() {
                    Ok(Some(key)) => {
                        let mut value = Ok(());
                        out.message(1, |out| {
                            key_value(out, &key, |out| value = map.next_value_seed(AnySeed { out }))
                        });
                        if let Err(e) = value {
                            break Err(e);
                        }
                    }
                    Ok(None) => break Ok(()),
                    Err(e) => break Err(e),
                }
            };
        });
        read
    }
}

/// One of the values of an `ArrayValue`.
struct ElementSeed<'w> {
    out: &'w mut Writer,
}

impl<'de> DeserializeSeed<'de> for ElementSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, de: D) -> Result<(), D::Error> {
        let mut read = Ok(());
        self.out.message(1, |out| read = AnySeed { out }.deserialize(de));
        read
    }
}
