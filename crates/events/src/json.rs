//! Attributes as JSON text: what has no column of its own.
//!
//! Numbers that JSON does not know (NaN, the infinities) are written as text, as OTLP's JSON does.

use model::event::{Attr, Batch, Link, SpanEvent, Value};
use std::fmt::Write;

/// Writes a string literal.
pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => write_to(out, format_args!("\\u{control:04x}")),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Writing to a `String` does not fail.
fn write_to(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(arguments);
}

pub(crate) fn value(out: &mut String, batch: &Batch, value: Value) {
    match value {
        Value::Str(text) | Value::Bytes(text) => string(out, batch.get(text)),
        Value::Json(text) => out.push_str(batch.get(text)),
        Value::Bool(flag) => out.push_str(if flag { "true" } else { "false" }),
        Value::Int(number) => write_to(out, format_args!("{number}")),
        Value::Double(number) if number.is_nan() => out.push_str("\"NaN\""),
        Value::Double(number) if number.is_infinite() => {
            out.push_str(if number > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
        }
        Value::Double(number) => write_to(out, format_args!("{number:?}")),
    }
}

/// An object of attributes. Of a key that is there twice, the first.
fn attributes(out: &mut String, batch: &Batch, attrs: &[Attr]) {
    out.push('{');
    let mut first = true;
    for (at, attr) in attrs.iter().enumerate() {
        if attrs[..at].iter().any(|before| before.key == attr.key) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        string(out, batch.key(attr.key));
        out.push(':');
        value(out, batch, attr.value);
    }
    out.push('}');
}

/// `[{"time":ns,"name":…,"attributes":{…},"dropped":n}]`
pub(crate) fn events(out: &mut String, batch: &Batch, events: &[SpanEvent]) {
    out.push('[');
    for (at, event) in events.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write_to(out, format_args!("{comma}{{\"time\":{},\"name\":", event.time_ns));
        string(out, batch.get(event.name));
        out.push_str(",\"attributes\":");
        attributes(out, batch, batch.attrs(event.attrs));
        write_to(out, format_args!(",\"dropped\":{}}}", event.dropped_attrs));
    }
    out.push(']');
}

/// `[{"trace_id":…,"span_id":…,"trace_state":…,"flags":n,"attributes":{…},"dropped":n}]`
pub(crate) fn links(out: &mut String, batch: &Batch, links: &[Link]) {
    out.push('[');
    for (at, link) in links.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let (trace_id, span_id) = (link.trace_id, link.span_id);
        write_to(
            out,
            format_args!("{comma}{{\"trace_id\":\"{trace_id}\",\"span_id\":\"{span_id}\",\"trace_state\":"),
        );
        string(out, batch.get(link.trace_state));
        write_to(out, format_args!(",\"flags\":{},\"attributes\":", link.flags));
        attributes(out, batch, batch.attrs(link.attrs));
        write_to(out, format_args!(",\"dropped\":{}}}", link.dropped_attrs));
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::event::{Kind, Run, SpanId, TraceId};

    #[test]
    fn strings_are_escaped() {
        let mut out = String::new();
        string(&mut out, "a\"b\\c\nd\u{1}é\t");
        assert_eq!(out, r#""a\"b\\c\nd\u0001é\t""#);
    }

    #[test]
    fn events_and_links_are_arrays_of_objects() {
        let mut batch = Batch::new(Kind::Span);
        let name = batch.push_text("exception");
        batch.push_attr("n", Value::Double(f64::NAN));
        batch.push_attr("n", Value::Int(2));
        batch.push_attr("x", Value::Double(1.0));
        let json = batch.push_text("[1,{}]");
        batch.push_attr("j", Value::Json(json));
        let event = SpanEvent { time_ns: 5, name, attrs: batch.attrs_since(0), dropped_attrs: 1 };
        let mut out = String::new();
        events(&mut out, &batch, &[event, SpanEvent { attrs: Run::EMPTY, ..event }]);
        assert_eq!(
            out,
            r#"[{"time":5,"name":"exception","attributes":{"n":"NaN","x":1.0,"j":[1,{}]},"dropped":1},{"time":5,"name":"exception","attributes":{},"dropped":1}]"#
        );
        out.clear();
        let link = Link { trace_id: TraceId([1; 16]), span_id: SpanId([2; 8]), ..Link::default() };
        links(&mut out, &batch, &[link]);
        assert_eq!(
            out,
            r#"[{"trace_id":"01010101010101010101010101010101","span_id":"0202020202020202","trace_state":"","flags":0,"attributes":{},"dropped":0}]"#
        );
    }
}
