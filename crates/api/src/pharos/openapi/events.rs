//! What questions about events are answered with, as JSON schemas. They say all there is: a black-box test holds the
//! answers of a running program against them.

use serde_json::{Map, Value, json};

/// A reference to a schema of the document.
fn is(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn number() -> Value {
    json!({"type": "number"})
}

fn integer() -> Value {
    json!({"type": "integer"})
}

fn flag() -> Value {
    json!({"type": "boolean"})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time", "description": "RFC 3339 in UTC, with nanoseconds"})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn one_of(words: &[&str]) -> Value {
    json!({"enum": words})
}

fn or_null(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"], "null"]);
    schema
}

type Field = (&'static str, Value);

/// An object of these fields and no others: those that are always there, and those that may be left out.
fn object<const A: usize, const B: usize>(always: [Field; A], sometimes: [Field; B]) -> Value {
    let required: Vec<&str> = always.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        always.into_iter().chain(sometimes).map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

/// Attributes by key; arrays and maps as they were sent.
fn attributes() -> Value {
    json!({"type": "object", "additionalProperties": true})
}

pub fn schemas() -> [(&'static str, Value); 20] {
    [
        ("EventError", error()),
        ("Event", json!({"oneOf": [is("LogEvent"), is("SpanEvent")]})),
        ("LogEvent", log_event()),
        ("SpanEvent", span_event()),
        ("Stats", stats()),
        ("Events", object([("events", list(is("Event"))), ("next", next()), ("stats", is("Stats"))], [])),
        ("Histogram", histogram()),
        ("TopValues", top()),
        ("EventFields", fields()),
        ("Groups", groups()),
        ("Patterns", patterns()),
        (
            "EventContext",
            object(
                [
                    ("before", list(is("Event"))),
                    ("event", is("Event")),
                    ("after", list(is("Event"))),
                    ("stats", is("Stats")),
                ],
                [],
            ),
        ),
        ("Completion", completion()),
        (
            "TraceSummary",
            object(summary(), [("spans", integer()), ("matched", integer()), ("complete", flag())]),
        ),
        (
            "Traces",
            object([("traces", list(is("TraceSummary"))), ("next", next()), ("stats", is("Stats"))], []),
        ),
        ("Trace", trace()),
        ("SqlRows", sql()),
        ("Health", object([("status", one_of(&["ok"]))], [])),
        ("HealthReport", health()),
        ("Receivers", receivers()),
    ]
}

fn error() -> Value {
    let position = object([("line", integer()), ("column", integer())], []);
    object(
        [(
            "error",
            object([("code", text()), ("message", text())], [("position", position), ("hint", text())]),
        )],
        [],
    )
}

/// Where the next page begins; none after the last.
fn next() -> Value {
    or_null(text())
}

fn stats() -> Value {
    object(
        [
            ("scanned_rows", integer()),
            ("files", integer()),
            ("took_ms", number()),
            ("partial", flag()),
            ("warnings", list(text())),
        ],
        [("matched_rows", integer())],
    )
}

fn scope() -> Value {
    object([], [("name", text()), ("version", text()), ("attributes", attributes())])
}

fn log_event() -> Value {
    object(
        [
            ("id", text()),
            ("kind", one_of(&["log", "error"])),
            ("time", time()),
            ("severity", json!({"type": "integer", "minimum": 0, "maximum": 24})),
            ("body", text()),
            ("service", text()),
            ("resource", attributes()),
            ("scope", scope()),
            ("attributes", attributes()),
        ],
        [
            ("observed_time", time()),
            ("severity_text", text()),
            ("body_is_json", flag()),
            ("event_name", text()),
            ("trace_id", text()),
            ("span_id", text()),
            ("environment", text()),
            ("release", text()),
            ("host", text()),
            ("user", text()),
            ("clipped", flag()),
            ("dropped_attributes", integer()),
        ],
    )
}

fn span_event() -> Value {
    let happened = object(
        [("time", time()), ("name", text()), ("attributes", attributes())],
        [("dropped_attributes", integer())],
    );
    let link = object(
        [("trace_id", text()), ("span_id", text()), ("attributes", attributes())],
        [("trace_state", text())],
    );
    object(
        [
            ("id", text()),
            ("kind", one_of(&["span"])),
            ("time", time()),
            ("duration_ns", integer()),
            ("trace_id", text()),
            ("span_id", text()),
            ("name", text()),
            ("span_kind", one_of(&["unspecified", "internal", "server", "client", "producer", "consumer"])),
            ("status", one_of(&["unset", "ok", "error"])),
            ("service", text()),
            ("resource", attributes()),
            ("scope", scope()),
            ("attributes", attributes()),
        ],
        [
            ("parent_span_id", text()),
            ("status_message", text()),
            ("trace_state", text()),
            ("flags", integer()),
            ("environment", text()),
            ("release", text()),
            ("host", text()),
            ("user", text()),
            ("events", list(happened)),
            ("links", list(link)),
            ("dropped_attributes", integer()),
            ("dropped_events", integer()),
            ("dropped_links", integer()),
        ],
    )
}

fn histogram() -> Value {
    let series = object(
        [
            ("key", text()),
            ("sort", one_of(&["all", "value", "missing", "other"])),
            ("counts", list(integer())),
        ],
        [],
    );
    object(
        [
            ("start", time()),
            ("step_ns", integer()),
            ("series", list(series)),
            ("total", integer()),
            ("stats", is("Stats")),
        ],
        [],
    )
}

fn top() -> Value {
    object(
        [
            ("field", text()),
            ("values", list(object([("value", text()), ("count", integer())], []))),
            ("total", integer()),
            ("missing", integer()),
            ("distinct", integer()),
            ("distinct_exact", flag()),
            ("stats", is("Stats")),
        ],
        [],
    )
}

fn fields() -> Value {
    let field = object(
        [
            ("name", text()),
            ("scope", one_of(&["builtin", "attribute", "resource", "scope"])),
            ("type", text()),
            ("count", integer()),
            ("sampled", flag()),
        ],
        [],
    );
    object([("fields", list(field)), ("total", integer()), ("stats", is("Stats"))], [])
}

fn groups() -> Value {
    let column = object(
        [("name", text()), ("type", one_of(&["str", "int", "double"]))],
        [("unit", one_of(&["ns", "ratio", "1/s"]))],
    );
    let cell = json!({"type": ["string", "number", "null"]});
    object(
        [
            ("columns", list(column)),
            ("rows", list(list(cell))),
            ("groups", integer()),
            ("stats", is("Stats")),
        ],
        [],
    )
}

fn patterns() -> Value {
    let pattern = object(
        [
            ("template", text()),
            ("count", integer()),
            ("severity", json!({"type": "object", "additionalProperties": {"type": "integer"}})),
            ("sample", is("Event")),
            ("first", time()),
            ("last", time()),
            ("counts", list(integer())),
        ],
        [],
    );
    object(
        [
            ("patterns", list(pattern)),
            ("start", time()),
            ("step_ns", integer()),
            ("lines", integer()),
            ("sampled", flag()),
            ("stats", is("Stats")),
        ],
        [],
    )
}

fn completion() -> Value {
    let option =
        object([("label", text()), ("kind", one_of(&["field", "value", "operator"]))], [("detail", text())]);
    object([("from", integer()), ("to", integer()), ("options", list(option))], [])
}

fn summary() -> [Field; 6] {
    let root = object([("service", text()), ("name", text())], []);
    let service = object([("name", text()), ("spans", integer()), ("errors", integer())], []);
    [
        ("trace_id", text()),
        ("start", time()),
        ("duration_ns", integer()),
        ("root", or_null(root)),
        ("errors", integer()),
        ("services", list(service)),
    ]
}

fn trace() -> Value {
    object(
        summary(),
        [
            ("spans", list(is("SpanEvent"))),
            ("complete", flag()),
            ("truncated", flag()),
            ("warnings", list(text())),
            ("stats", is("Stats")),
        ],
    )
}

fn sql() -> Value {
    let column = object([("name", text()), ("type", text())], []);
    let cell = json!({"type": ["string", "number", "boolean", "null"]});
    object(
        [("columns", list(column)), ("rows", list(list(cell))), ("truncated", flag())],
        [("warnings", list(text()))],
    )
}

fn health() -> Value {
    json!({
        "type": "object",
        "required": ["status", "version", "checks"],
        "properties": {
            "status": one_of(&["ok", "degraded"]),
            "version": text(),
            "checks": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "required": ["status"],
                    "properties": {"status": one_of(&["ok", "degraded"])},
                },
            },
        },
    })
}

fn receivers() -> Value {
    let refusal =
        object([("reason", text()), ("count", integer()), ("message", text()), ("last", time())], []);
    let receiver = object(
        [
            ("receiver", text()),
            ("signal", one_of(&["traces", "logs", "metrics"])),
            ("requests", integer()),
            ("requests_refused", integer()),
            ("bytes", integer()),
            ("accepted", integer()),
            ("rejected", integer()),
            ("last", time()),
            ("refusals", list(refusal)),
        ],
        [],
    );
    let data = object([("receivers", list(receiver))], []);
    object(
        [("status", one_of(&["success"])), ("data", data)],
        [("warnings", list(text())), ("infos", list(text()))],
    )
}
