//! Tests of rows becoming columns.

use super::*;
use crate::columns::{COLUMNS_MAX, OVERFLOW, Scope as ColumnScope};
use arrow::array::{Array, AsArray};
use arrow::datatypes::TimestampNanosecondType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use model::event::{
    Link, LogRow, Resource, Scope, SpanEvent, SpanId, SpanKind, SpanRow, Status, TraceId, Value, ValueKind,
};

/// The values of a column as text, `-` for null; `None` when it is not there.
fn values(chunk: &Chunk, name: &str) -> Option<Vec<String>> {
    let column = chunk.batch.column_by_name(name)?;
    let options = FormatOptions::default().with_null("-");
    let formatter = ArrayFormatter::try_new(column, &options).unwrap();
    Some((0..column.len()).map(|row| formatter.value(row).to_string()).collect())
}

fn check(chunk: &Chunk, name: &str, want: &[&str]) {
    assert_eq!(values(chunk, name).unwrap_or_else(|| panic!("no column {name}")), want, "{name}");
}

fn logs(rows: &[&[(&str, Value)]]) -> Batch {
    let mut batch = Batch::new(Kind::Log);
    batch.resources.push(Resource::default());
    batch.scopes.push(Scope::default());
    for (at, attrs) in rows.iter().enumerate() {
        let start = batch.attrs.len();
        attrs.iter().for_each(|(key, value)| batch.push_attr(key, *value));
        batch.logs.push(LogRow {
            time_ns: at as i64 + 1,
            attrs: batch.attrs_since(start),
            ..LogRow::default()
        });
    }
    batch
}

#[test]
fn attributes_become_columns_and_conflicts_second_ones() {
    let registry = Registry::new(Kind::Log, &[]);
    let first = logs(&[
        &[("a", Value::Int(1)), ("a", Value::Int(9)), ("b", Value::Bool(true))],
        &[],
        &[("a", Value::Double(2.5))],
    ]);
    let mut second = logs(&[&[("c", Value::Int(3))]]);
    let text = second.push_text("[1]");
    second.attrs[0].value = Value::Json(text);
    let chunk = chunk(&[Arc::new(first), Arc::new(second)], &registry).unwrap();
    assert_eq!((chunk.min_ns, chunk.max_ns, chunk.overflowed), (1, 3, 0));
    check(&chunk, "a", &["1", "-", "-", "-"]);
    check(&chunk, "a:double", &["-", "-", "2.5", "-"]);
    check(&chunk, "b", &["true", "-", "-", "-"]);
    check(&chunk, "c", &["-", "-", "-", "[1]"]);
    check(&chunk, "severity", &["0", "0", "0", "0"]);
    check(&chunk, "service", &["-", "-", "-", "-"]);
    assert_eq!(values(&chunk, "body"), None);
    assert_eq!(values(&chunk, OVERFLOW), None);
}

#[test]
fn resources_and_scopes_are_on_each_row() {
    let registry = Registry::new(Kind::Log, &[]);
    let mut batch = logs(&[&[], &[], &[]]);
    let (shop, cart, eu) = (batch.push_text("shop"), batch.push_text("cart"), batch.push_text("eu"));
    let start = batch.attrs.len();
    batch.push_attr("service.name", Value::Str(shop));
    batch.push_attr("zone", Value::Str(eu));
    batch.push_attr("user.id", Value::Int(42));
    let attrs = batch.attrs_since(start);
    batch.resources[0] = Resource { service: shop, host: eu, release: cart, attrs, ..Resource::default() };
    batch.resources.push(Resource { service: cart, ..Resource::default() });
    let start = batch.attrs.len();
    batch.push_attr("lib", Value::Bool(false));
    batch.scopes.push(Scope { name: cart, version: eu, attrs: batch.attrs_since(start), dropped_attrs: 0 });
    (batch.logs[1].resource, batch.logs[1].scope) = (1, 1);
    let chunk = chunk(&[Arc::new(batch)], &registry).unwrap();
    check(&chunk, "service", &["shop", "cart", "shop"]);
    check(&chunk, "host", &["eu", "-", "eu"]);
    check(&chunk, "release", &["cart", "-", "cart"]);
    check(&chunk, "resource.zone", &["eu", "-", "eu"]);
    check(&chunk, "user", &["42", "-", "42"]);
    check(&chunk, "scope_name", &["-", "cart", "-"]);
    check(&chunk, "scope.lib", &["-", "false", "-"]);
    assert_eq!(values(&chunk, "resource.service.name"), None);
}

#[test]
fn a_service_name_that_is_not_the_service_is_kept() {
    let registry = Registry::new(Kind::Log, &[]);
    let mut batch = logs(&[&[]]);
    let (given, used) = (batch.push_text("given"), batch.push_text("used"));
    let start = batch.attrs.len();
    batch.push_attr("service.name", Value::Str(given));
    batch.resources[0] = Resource { service: used, attrs: batch.attrs_since(start), ..Resource::default() };
    let chunk = chunk(&[Arc::new(batch)], &registry).unwrap();
    check(&chunk, "service", &["used"]);
    check(&chunk, "resource.service.name", &["given"]);
}

#[test]
fn what_has_no_column_is_in_the_overflow() {
    let registry = Registry::new(Kind::Log, &[]);
    for n in 0..COLUMNS_MAX {
        registry.column(ColumnScope::Record, &format!("k{n}"), ValueKind::Int).unwrap();
    }
    let mut batch = logs(&[
        &[("k1", Value::Int(5))],
        &[("new", Value::Int(1)), ("k1", Value::Double(f64::INFINITY))],
        &[],
        &[("body", Value::Bool(true))],
    ]);
    let text = batch.push_text("say \"hi\"");
    let start = batch.attrs.len();
    batch.push_attr("zone", Value::Str(text));
    batch.resources.push(Resource { attrs: batch.attrs_since(start), ..Resource::default() });
    batch.logs[3].resource = 1;
    let chunk = chunk(&[Arc::new(batch)], &registry).unwrap();
    let row3 = r#"{"attr.body":true,"resource.zone":"say \"hi\""}"#;
    check(&chunk, OVERFLOW, &["-", r#"{"new":1,"k1":"Infinity"}"#, "-", row3]);
    check(&chunk, "k1", &["5", "-", "-", "-"]);
    assert_eq!((chunk.overflowed, chunk.cut), (4, 0));
}

#[test]
fn spans_have_all_their_fields() {
    let registry = Registry::new(Kind::Span, &[]);
    let mut batch = Batch::new(Kind::Span);
    batch.resources.push(Resource::default());
    batch.scopes.push(Scope::default());
    let (name, message) = (batch.push_text("GET /"), batch.push_text("broken"));
    batch.span_events.push(SpanEvent { time_ns: 8, name, ..SpanEvent::default() });
    batch.links.push(Link { trace_id: TraceId([3; 16]), span_id: SpanId([4; 8]), ..Link::default() });
    let (events, links) = (batch.span_events_since(0), batch.links_since(0));
    let (trace_id, span_id) = (TraceId([1; 16]), SpanId([2; 8]));
    let plain = SpanRow { trace_id, span_id, start_ns: 7, duration_ns: 3, ..SpanRow::default() };
    batch.spans.push(plain);
    batch.spans.push(SpanRow {
        parent_span_id: SpanId([5; 8]),
        name,
        kind: SpanKind::Server,
        status: Status::Error,
        status_message: message,
        trace_state: name,
        flags: 257,
        events,
        links,
        dropped_attrs: 1,
        dropped_events: 2,
        dropped_links: 3,
        ..plain
    });
    let chunk = chunk(&[Arc::new(batch)], &registry).unwrap();
    check(&chunk, "trace_id", &["01".repeat(16).as_str(), "01".repeat(16).as_str()]);
    check(&chunk, "parent_span_id", &["-", "0505050505050505"]);
    check(&chunk, "duration", &["3", "3"]);
    check(&chunk, "name", &["-", "GET /"]);
    check(&chunk, "kind", &["unspecified", "server"]);
    check(&chunk, "status", &["unset", "error"]);
    check(&chunk, "status_message", &["-", "broken"]);
    check(&chunk, "trace_state", &["-", "GET /"]);
    check(&chunk, "flags", &["0", "257"]);
    check(&chunk, "dropped_attributes", &["0", "1"]);
    check(&chunk, "dropped_events", &["0", "2"]);
    check(&chunk, "dropped_links", &["0", "3"]);
    check(&chunk, "events", &["-", r#"[{"time":8,"name":"GET /","attributes":{},"dropped":0}]"#]);
    assert!(values(&chunk, "links").unwrap()[1].starts_with(r#"[{"trace_id":"0303"#));
    let time = chunk.batch.column_by_name("time").unwrap();
    assert_eq!(time.as_primitive::<TimestampNanosecondType>().values(), &[7, 7]);
}
