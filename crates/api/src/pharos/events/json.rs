//! Events as JSON. Written by hand: a trace has 50,000 spans of forty fields.

use crate::json::{Out, array, float, integer, string};
use model::event::record::{OwnedAttrs, OwnedValue, ResourceRecord, ScopeRecord};
use model::event::{EventRecord, LinkRecord, LogRecord, SpanRecord, TraceId};
use search::answer::{Event, Record, Stats};

/// Fields of an object, with commas where they belong.
pub struct Fields<'a> {
    out: &'a mut Out,
    any: bool,
}

impl<'a> Fields<'a> {
    pub fn new(out: &'a mut Out) -> Fields<'a> {
        out.push(b'{');
        Fields { out, any: false }
    }

    pub fn field(&mut self, name: &str) -> &mut Out {
        if self.any {
            self.out.push(b',');
        }
        self.any = true;
        string(self.out, name);
        self.out.push(b':');
        self.out
    }

    pub fn text(&mut self, name: &str, text: &str) {
        string(self.field(name), text);
    }

    /// Left out when it is empty.
    pub fn some(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.text(name, text);
        }
    }

    pub fn int(&mut self, name: &str, value: i64) {
        integer(self.field(name), value);
    }

    /// Left out when it is 0.
    fn count(&mut self, name: &str, value: u32) {
        if value > 0 {
            self.int(name, i64::from(value));
        }
    }

    pub fn bool(&mut self, name: &str, value: bool) {
        self.field(name).extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub fn time(&mut self, name: &str, ns: i64) {
        time(self.field(name), ns);
    }

    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// RFC 3339 in UTC with nine decimals, in quotes.
pub fn time(out: &mut Out, ns: i64) {
    let text = jiff::Timestamp::from_nanosecond(i128::from(ns))
        .map_or_else(|_| String::new(), |t| format!("{t:.9}"));
    string(out, &text);
}

/// How much of a long text a list shows, in bytes. What is cut carries `clipped`; its whole is asked for by its id.
#[derive(Clone, Copy, Debug)]
pub struct Clip {
    bytes_max: usize,
    any: bool,
}

impl Clip {
    pub fn at(bytes_max: usize) -> Clip {
        Clip { bytes_max, any: false }
    }

    fn cut<'a>(&mut self, text: &'a str) -> &'a str {
        if text.len() <= self.bytes_max {
            return text;
        }
        self.any = true;
        &text[..text.floor_char_boundary(self.bytes_max)]
    }
}

pub fn event(out: &mut Out, event: &Event) {
    clipped_event(out, event, Clip::at(usize::MAX));
}

pub fn clipped_events<'a>(out: &mut Out, all: impl IntoIterator<Item = &'a Event>, clip: Clip) {
    array(out, all, |out, event| clipped_event(out, event, clip));
}

/// Spans are short: their texts stay whole.
fn clipped_event(out: &mut Out, event: &Event, mut clip: Clip) {
    let mut f = Fields::new(out);
    f.text("id", &event.id.to_string());
    f.text("kind", event.id.kind.name());
    match &event.record {
        Record::Span(span) => span_fields(&mut f, span),
        Record::Log(log) => log_fields(&mut f, log, &mut clip),
    }
    f.some("user", &event.user);
    if clip.any {
        f.bool("clipped", true);
    }
    f.end();
}

pub fn events<'a>(out: &mut Out, all: impl IntoIterator<Item = &'a Event>) {
    array(out, all, event);
}

fn span_fields(f: &mut Fields<'_>, span: &SpanRecord) {
    f.time("time", span.start_ns);
    f.int("duration_ns", span.duration_ns);
    f.text("trace_id", &span.trace_id.to_string());
    f.text("span_id", &span.span_id.to_string());
    if !span.parent_span_id.is_none() {
        f.text("parent_span_id", &span.parent_span_id.to_string());
    }
    f.text("name", &span.name);
    f.text("span_kind", span.kind.name());
    f.text("status", span.status.name());
    f.some("status_message", &span.status_message);
    f.some("trace_state", &span.trace_state);
    f.count("flags", span.flags);
    sender(f, &span.resource, &span.scope);
    attributes(f.field("attributes"), &span.attrs);
    if !span.events.is_empty() {
        array(f.field("events"), &span.events, span_event);
    }
    if !span.links.is_empty() {
        array(f.field("links"), &span.links, link);
    }
    f.count("dropped_attributes", span.dropped_attrs);
    f.count("dropped_events", span.dropped_events);
    f.count("dropped_links", span.dropped_links);
}

fn span_event(out: &mut Out, event: &EventRecord) {
    let mut f = Fields::new(out);
    f.time("time", event.time_ns);
    f.text("name", &event.name);
    attributes(f.field("attributes"), &event.attrs);
    f.count("dropped_attributes", event.dropped_attrs);
    f.end();
}

fn link(out: &mut Out, link: &LinkRecord) {
    let mut f = Fields::new(out);
    f.text("trace_id", &link.trace_id.to_string());
    f.text("span_id", &link.span_id.to_string());
    f.some("trace_state", &link.trace_state);
    attributes(f.field("attributes"), &link.attrs);
    f.end();
}

fn log_fields(f: &mut Fields<'_>, log: &LogRecord, clip: &mut Clip) {
    f.time("time", log.time_ns);
    if log.observed_ns != 0 {
        f.time("observed_time", log.observed_ns);
    }
    f.int("severity", i64::from(log.severity));
    f.some("severity_text", &log.severity_text);
    f.text("body", clip.cut(&log.body));
    if log.body_is_json {
        f.bool("body_is_json", true);
    }
    f.some("event_name", &log.event_name);
    if log.trace_id != TraceId::NONE {
        f.text("trace_id", &log.trace_id.to_string());
    }
    if !log.span_id.is_none() {
        f.text("span_id", &log.span_id.to_string());
    }
    sender(f, &log.resource, &log.scope);
    let mut attrs = Fields::new(f.field("attributes"));
    for (key, v) in &log.attrs {
        match v {
            OwnedValue::Str(text) | OwnedValue::Bytes(text) => attrs.text(key, clip.cut(text)),
            // Half of a list is none.
            OwnedValue::Json(text) if text.len() > clip.bytes_max => attrs.text(key, clip.cut(text)),
            other => value(attrs.field(key), other),
        }
    }
    attrs.end();
    f.count("dropped_attributes", log.dropped_attrs);
}

fn sender(f: &mut Fields<'_>, resource: &ResourceRecord, scope: &ScopeRecord) {
    f.text("service", &resource.service);
    f.some("environment", &resource.environment);
    f.some("release", &resource.release);
    f.some("host", &resource.host);
    attributes(f.field("resource"), &resource.attrs);
    let mut s = Fields::new(f.field("scope"));
    s.some("name", &scope.name);
    s.some("version", &scope.version);
    if !scope.attrs.is_empty() {
        attributes(s.field("attributes"), &scope.attrs);
    }
    s.end();
}

pub fn attributes(out: &mut Out, attrs: &OwnedAttrs) {
    let mut f = Fields::new(out);
    for (key, v) in attrs {
        value(f.field(key), v);
    }
    f.end();
}

/// JSON knows no infinities: they are strings.
fn value(out: &mut Out, value: &OwnedValue) {
    match value {
        OwnedValue::Str(text) | OwnedValue::Bytes(text) => string(out, text),
        OwnedValue::Bool(v) => out.extend_from_slice(if *v { b"true" } else { b"false" }),
        OwnedValue::Int(v) => integer(out, *v),
        OwnedValue::Double(v) if v.is_finite() => float(out, *v),
        OwnedValue::Double(v) => crate::json::value(out, *v),
        // Checked, because it came from a disk: one bad text must not break the whole answer.
        OwnedValue::Json(text) => match serde_json::from_str::<&serde_json::value::RawValue>(text) {
            Ok(_) => out.extend_from_slice(text.as_bytes()),
            Err(_) => string(out, text),
        },
    }
}

pub fn stats(out: &mut Out, stats: &Stats) {
    let mut f = Fields::new(out);
    f.int("scanned_rows", stats.scanned_rows as i64);
    if let Some(matched) = stats.matched_rows {
        f.int("matched_rows", matched as i64);
    }
    f.int("files", stats.parts as i64);
    float(f.field("took_ms"), stats.took.as_secs_f64() * 1e3);
    f.bool("partial", stats.partial);
    crate::json::strings(f.field("warnings"), &stats.warnings);
    f.end();
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::event::Kind;
    use search::answer::EventId;

    fn line(body: &str, attrs: Vec<(&str, OwnedValue)>, clip: Clip) -> serde_json::Value {
        let attrs = attrs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let record =
            Record::Log(Box::new(LogRecord { body: body.to_owned(), attrs, ..LogRecord::default() }));
        let id = EventId { kind: Kind::Log, time_ns: 0, hash: 0 };
        let mut out = Out::new();
        clipped_events(&mut out, &[Event { id, record, user: String::new() }], clip);
        serde_json::from_slice::<serde_json::Value>(&out).expect("JSON")[0].take()
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_say_so() {
        let attrs = || {
            let list = OwnedValue::Json("[1,2,3]".to_owned());
            vec![("a", OwnedValue::Str("abcdef".to_owned())), ("list", list), ("n", OwnedValue::Int(7))]
        };
        let cut = line("aé日本", attrs(), Clip::at(4));
        assert_eq!(cut["body"], "aé");
        assert_eq!(cut["attributes"], serde_json::json!({"a": "abcd", "list": "[1,2", "n": 7}));
        assert_eq!(cut["clipped"], true);
        let whole = line("aé日本", attrs(), Clip::at(9));
        assert_eq!(whole["body"], "aé日本");
        assert_eq!(whole["attributes"]["list"], serde_json::json!([1, 2, 3]));
        assert!(whole.get("clipped").is_none());
    }
}
