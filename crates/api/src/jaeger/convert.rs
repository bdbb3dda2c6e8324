//! Spans as the JSON that Jaeger's screen and Grafana read.
//!
//! Source: `internal/uimodel/json` of Jaeger and the translation of OTLP in the Collector's `translator/jaeger`.

use crate::json::{Out, array, float, integer, string};
use crate::pharos::events::json::Fields;
use model::event::{
    EventRecord, LinkRecord, OwnedAttrs, OwnedValue, SpanId, SpanKind, SpanRecord, Status, TraceId,
};
use std::collections::HashMap;

const NS_PER_US: i64 = 1_000;
/// Whole numbers above it are not exact in JavaScript: they are written as text.
const EXACT_MAX: i64 = (1 << 53) - 1;

/// 16 digits when the upper half is zero, as Jaeger prints 64-bit ids.
pub fn trace_id(id: TraceId) -> String {
    let text = id.to_string();
    match text.strip_prefix("0000000000000000") {
        Some(low) => low.to_owned(),
        None => text,
    }
}

/// One trace: its spans and the processes they ran in.
pub fn trace<'a>(
    out: &mut Out,
    id: TraceId,
    spans: impl IntoIterator<Item = &'a SpanRecord>,
    warnings: &[String],
) {
    let mut processes: Processes<'a> = Processes::default();
    let mut f = Fields::new(out);
    f.text("traceID", &trace_id(id));
    array(f.field("spans"), spans, |out, one| {
        let process = processes.number(one);
        span(out, one, process);
    });
    let mut all = Fields::new(f.field("processes"));
    for (i, span) in processes.list.iter().enumerate() {
        let mut p = Fields::new(all.field(&format!("p{}", i + 1)));
        p.text("serviceName", &span.resource.service);
        let tags = span.resource.attrs.iter().filter(|(key, _)| key != "service.name");
        array(p.field("tags"), tags, |out, (key, value)| tag(out, key, value));
        p.end();
    }
    all.end();
    notes(f.field("warnings"), warnings);
    f.end();
}

fn notes(out: &mut Out, warnings: &[String]) {
    match warnings {
        [] => out.extend_from_slice(b"null"),
        warnings => crate::json::strings(out, warnings),
    }
}

/// Different senders, in the order in which they appear.
#[derive(Default)]
struct Processes<'a> {
    list: Vec<&'a SpanRecord>,
    /// Senders are shared by their spans: the pointer is enough to find one again.
    seen: HashMap<*const model::event::ResourceRecord, usize>,
}

impl<'a> Processes<'a> {
    fn number(&mut self, span: &'a SpanRecord) -> usize {
        let at = std::sync::Arc::as_ptr(&span.resource);
        if let Some(number) = self.seen.get(&at) {
            return *number;
        }
        let same = |one: &&SpanRecord| {
            one.resource.service == span.resource.service && one.resource.attrs == span.resource.attrs
        };
        let number = self.list.iter().position(same).unwrap_or_else(|| {
            self.list.push(span);
            self.list.len() - 1
        }) + 1;
        self.seen.insert(at, number);
        number
    }
}

fn span(out: &mut Out, span: &SpanRecord, process: usize) {
    let mut f = Fields::new(out);
    f.text("traceID", &trace_id(span.trace_id));
    f.text("spanID", &span.span_id.to_string());
    f.text("operationName", &span.name);
    references(f.field("references"), span);
    f.int("startTime", span.start_ns / NS_PER_US);
    f.int("duration", span.duration_ns / NS_PER_US);
    tags(f.field("tags"), span);
    array(f.field("logs"), &span.events, log);
    f.text("processID", &format!("p{process}"));
    f.field("warnings").extend_from_slice(b"null");
    f.end();
}

fn references(out: &mut Out, span: &SpanRecord) {
    let parent = (!span.parent_span_id.is_none()).then_some(("CHILD_OF", span.trace_id, span.parent_span_id));
    let links = span.links.iter().map(|link| (kind_of(link), link.trace_id, link.span_id));
    array(out, parent.into_iter().chain(links), |out, (kind, trace, id): (&str, TraceId, SpanId)| {
        let mut f = Fields::new(out);
        f.text("refType", kind);
        f.text("traceID", &trace_id(trace));
        f.text("spanID", &id.to_string());
        f.end();
    });
}

/// A link may say that it is a parent (OpenTracing's second one).
fn kind_of(link: &LinkRecord) -> &'static str {
    let child = |(key, value): &(String, OwnedValue)| {
        key == "opentracing.ref_type" && value.as_str() == Some("child_of")
    };
    if link.attrs.iter().any(child) { "CHILD_OF" } else { "FOLLOWS_FROM" }
}

fn tags(out: &mut Out, span: &SpanRecord) {
    let text = |key: &str, value: &str| (key.to_owned(), OwnedValue::Str(value.to_owned()));
    let mut before: OwnedAttrs = Vec::new();
    let mut after: OwnedAttrs = Vec::new();
    for (key, value) in [("otel.scope.name", &span.scope.name), ("otel.scope.version", &span.scope.version)] {
        if !value.is_empty() {
            before.push(text(key, value));
        }
    }
    if span.kind != SpanKind::Unspecified {
        after.push(text("span.kind", span.kind.name()));
    }
    match span.status {
        Status::Unset => {}
        Status::Ok => after.push(text("otel.status_code", "OK")),
        Status::Error => {
            after.push(text("otel.status_code", "ERROR"));
            after.push(("error".to_owned(), OwnedValue::Bool(true)));
        }
    }
    if !span.status_message.is_empty() {
        after.push(text("otel.status_description", &span.status_message));
    }
    if !span.trace_state.is_empty() {
        after.push(text("w3c.tracestate", &span.trace_state));
    }
    array(out, before.iter().chain(&span.attrs).chain(&after), |out, (key, value)| tag(out, key, value));
}

fn log(out: &mut Out, event: &EventRecord) {
    let mut f = Fields::new(out);
    f.int("timestamp", event.time_ns / NS_PER_US);
    let own = event.attrs.iter().any(|(key, _)| key == "event");
    let name =
        (!own && !event.name.is_empty()).then(|| ("event".to_owned(), OwnedValue::Str(event.name.clone())));
    array(f.field("fields"), name.iter().chain(&event.attrs), |out, (key, value)| tag(out, key, value));
    f.end();
}

fn tag(out: &mut Out, key: &str, value: &OwnedValue) {
    let mut f = Fields::new(out);
    f.text("key", key);
    f.text(
        "type",
        match value {
            OwnedValue::Str(_) | OwnedValue::Json(_) => "string",
            OwnedValue::Bool(_) => "bool",
            OwnedValue::Int(_) => "int64",
            OwnedValue::Double(_) => "float64",
            OwnedValue::Bytes(_) => "binary",
        },
    );
    let out = f.field("value");
    match value {
        OwnedValue::Str(text) | OwnedValue::Json(text) | OwnedValue::Bytes(text) => string(out, text),
        OwnedValue::Bool(v) => out.extend_from_slice(if *v { b"true" } else { b"false" }),
        OwnedValue::Int(v) if v.unsigned_abs() <= EXACT_MAX as u64 => integer(out, *v),
        OwnedValue::Int(v) => string(out, &v.to_string()),
        OwnedValue::Double(v) if v.is_finite() => float(out, *v),
        OwnedValue::Double(v) => crate::json::value(out, *v),
    }
    f.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_that_javascript_would_round_are_text() {
        for (number, want) in [
            (EXACT_MAX, "9007199254740991".to_owned()),
            (-EXACT_MAX, "-9007199254740991".to_owned()),
            (EXACT_MAX + 1, format!("\"{}\"", EXACT_MAX + 1)),
            (i64::MIN, format!("\"{}\"", i64::MIN)),
        ] {
            let mut out = Out::new();
            tag(&mut out, "n", &OwnedValue::Int(number));
            let want = format!("{{\"key\":\"n\",\"type\":\"int64\",\"value\":{want}}}");
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
    }
}
