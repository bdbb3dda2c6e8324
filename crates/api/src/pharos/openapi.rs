//! The description of the API, generated from one table: `/api/v1/openapi.yaml` and `/api/pharos/openapi.json`.
//!
//! A black-box test asks every path of the table, so that the table cannot name what is not there.

mod events;

use crate::App;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// A path with what it takes.
pub struct Path {
    pub path: &'static str,
    /// Lower case, as OpenAPI has them.
    pub methods: &'static [&'static str],
    pub summary: &'static str,
    pub params: &'static [Param],
    /// The schemas of the answer (none of what is no JSON), and of the answer that there is none.
    pub answers: [&'static str; 2],
}

/// Name, whether it must be there, and what it is.
pub struct Param(&'static str, bool, Kind);

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Texts,
    Number,
    Flag,
    Time,
    Duration,
}

const QUERY: Param = Param("query", true, Kind::Text);
const START: Param = Param("start", false, Kind::Time);
const END: Param = Param("end", false, Kind::Time);
const LIMIT: Param = Param("limit", false, Kind::Number);
/// No text of a log record is longer, in bytes.
const CLIP: Param = Param("clip", false, Kind::Number);
const MATCH: Param = Param("match[]", false, Kind::Texts);
const KIND: Param = Param("kind", false, Kind::Text);
const Q: Param = Param("q", false, Kind::Text);
const TIMEOUT: Param = Param("timeout", false, Kind::Duration);
const LOOKBACK: Param = Param("lookback_delta", false, Kind::Duration);
const STATS: Param = Param("stats", false, Kind::Text);
const SEARCH: Param = Param("search[]", false, Kind::Texts);
const FUZZ: Param = Param("fuzz_threshold", false, Kind::Number);
const ALGORITHM: Param = Param("fuzz_alg", false, Kind::Text);
const CASE: Param = Param("case_sensitive", false, Kind::Flag);
const SORT: Param = Param("sort_by", false, Kind::Text);
const DIRECTION: Param = Param("sort_dir", false, Kind::Text);
const SCORE: Param = Param("include_score", false, Kind::Flag);
const BATCH: Param = Param("batch_size", false, Kind::Number);

const BOTH: &[&str] = &["get", "post"];
const GET: &[&str] = &["get"];
const CHANGE: &[&str] = &["post", "put"];

const fn path(
    path: &'static str,
    methods: &'static [&'static str],
    summary: &'static str,
    params: &'static [Param],
) -> Path {
    Path { path, methods, summary, params, answers: ["Success", "Error"] }
}

impl Path {
    /// An answer about events has a shape of its own.
    const fn gives(self, schema: &'static str) -> Path {
        Path { answers: [schema, "EventError"], ..self }
    }
}

/// Prometheus's API, below `/api/v1`.
pub static V1: &[Path] = &[
    path(
        "/query",
        BOTH,
        "Evaluate at one time",
        &[QUERY, Param("time", false, Kind::Time), TIMEOUT, LOOKBACK, LIMIT, STATS],
    ),
    path(
        "/query_range",
        BOTH,
        "Evaluate over a time",
        &[
            QUERY,
            Param("start", true, Kind::Time),
            Param("end", true, Kind::Time),
            Param("step", true, Kind::Duration),
            TIMEOUT,
            LOOKBACK,
            LIMIT,
            STATS,
        ],
    ),
    path("/query_exemplars", BOTH, "Exemplars of the selectors in a query", &[QUERY, START, END]),
    path("/format_query", BOTH, "Format a query", &[QUERY]),
    path("/parse_query", BOTH, "The syntax tree of a query", &[QUERY]),
    path("/labels", BOTH, "Names of labels", &[MATCH, START, END, LIMIT]),
    path("/label/{name}/values", GET, "Values of a label", &[MATCH, START, END, LIMIT]),
    path("/series", BOTH, "Series that match", &[Param("match[]", true, Kind::Texts), START, END, LIMIT]),
    path(
        "/metadata",
        GET,
        "Type, help and unit of metrics",
        &[LIMIT, Param("limit_per_metric", false, Kind::Number), Param("metric", false, Kind::Text)],
    ),
    path(
        "/search/metric_names",
        BOTH,
        "Search names of metrics",
        &[
            MATCH,
            SEARCH,
            FUZZ,
            ALGORITHM,
            CASE,
            SORT,
            DIRECTION,
            SCORE,
            Param("include_metadata", false, Kind::Flag),
            START,
            END,
            LIMIT,
            BATCH,
        ],
    ),
    path(
        "/search/label_names",
        BOTH,
        "Search names of labels",
        &[MATCH, SEARCH, FUZZ, ALGORITHM, CASE, SORT, DIRECTION, SCORE, START, END, LIMIT, BATCH],
    ),
    path(
        "/search/label_values",
        BOTH,
        "Search values of a label",
        &[
            Param("label", true, Kind::Text),
            MATCH,
            SEARCH,
            FUZZ,
            ALGORITHM,
            CASE,
            SORT,
            DIRECTION,
            SCORE,
            START,
            END,
            LIMIT,
            BATCH,
        ],
    ),
    path("/scrape_pools", GET, "Names of scrape pools", &[]),
    path(
        "/scrape_pools/config",
        GET,
        "Configuration of a scrape pool",
        &[Param("scrapePool", true, Kind::Text)],
    ),
    path(
        "/targets",
        GET,
        "Targets",
        &[Param("scrapePool", false, Kind::Text), Param("state", false, Kind::Text)],
    ),
    path(
        "/targets/metadata",
        GET,
        "Metadata by target",
        &[Param("match_target", false, Kind::Text), Param("metric", false, Kind::Text), LIMIT],
    ),
    path(
        "/targets/relabel_steps",
        GET,
        "What each relabeling rule does to labels",
        &[Param("scrapePool", true, Kind::Text), Param("labels", true, Kind::Text)],
    ),
    path("/rules", GET, "Rules", &[Param("type", false, Kind::Text)]),
    path("/alerts", GET, "Active alerts", &[]),
    path("/alertmanagers", GET, "Alertmanagers", &[]),
    path("/status/config", GET, "Configuration in force", &[]),
    path("/status/flags", GET, "Flags in force", &[]),
    path("/status/runtimeinfo", GET, "The process", &[]),
    path("/status/buildinfo", GET, "The program", &[]),
    path("/status/tsdb", GET, "Cardinality of the head", &[LIMIT]),
    path("/status/tsdb/blocks", GET, "Blocks", &[]),
    path("/status/walreplay", GET, "Replay of the log", &[]),
    path(
        "/status/self_metrics",
        GET,
        "Own metrics as JSON",
        &[Param("metric_name_pattern", false, Kind::Text)],
    ),
    path("/features", GET, "What is switched on", &[]),
    path("/notifications", GET, "What the operator should know", &[]),
    path(
        "/admin/tsdb/delete_series",
        CHANGE,
        "Delete samples",
        &[Param("match[]", true, Kind::Texts), START, END],
    ),
    path("/admin/tsdb/clean_tombstones", CHANGE, "Free the space of deleted samples", &[]),
    path("/admin/tsdb/snapshot", CHANGE, "Make a snapshot", &[Param("skip_head", false, Kind::Flag)]),
    path("/read", &["post"], "Remote read", &[]),
    path("/write", &["post"], "Remote write 1.0 and 2.0", &[]),
];

/// Our own API.
pub static PHAROS: &[Path] = &[
    path(
        "/api/pharos/explain",
        GET,
        "Run a query and say what each part of it cost",
        &[QUERY, START, END, Param("step", false, Kind::Duration), Param("time", false, Kind::Time)],
    ),
    path(
        "/api/pharos/targets",
        GET,
        "Targets, with what to do about those that fail",
        &[Param("scrapePool", false, Kind::Text), Param("state", false, Kind::Text)],
    ),
    path(
        "/api/pharos/search",
        BOTH,
        "Events that match a query, a page at a time",
        &[
            KIND,
            Q,
            START,
            END,
            LIMIT,
            CLIP,
            Param("cursor", false, Kind::Text),
            Param("order", false, Kind::Text),
        ],
    )
    .gives("Events"),
    path(
        "/api/pharos/search/histogram",
        GET,
        "How many events match, over time and by a field",
        &[KIND, Q, START, END, Param("buckets", false, Kind::Number), Param("by", false, Kind::Text)],
    )
    .gives("Histogram"),
    path(
        "/api/pharos/search/top",
        GET,
        "The most frequent values of a field",
        &[KIND, Q, START, END, LIMIT, Param("field", true, Kind::Text)],
    )
    .gives("TopValues"),
    path("/api/pharos/search/fields", GET, "The fields that matching events have", &[KIND, Q, START, END])
        .gives("EventFields"),
    path(
        "/api/pharos/search/group",
        GET,
        "Aggregates of matching events, by fields",
        &[
            KIND,
            Q,
            START,
            END,
            LIMIT,
            Param("by", false, Kind::Text),
            Param("agg", false, Kind::Text),
            Param("order", false, Kind::Text),
        ],
    )
    .gives("Groups"),
    path(
        "/api/pharos/search/patterns",
        GET,
        "Templates of matching log lines, with counts",
        &[KIND, Q, START, END, LIMIT, Param("buckets", false, Kind::Number)],
    )
    .gives("Patterns"),
    path(
        "/api/pharos/search/context",
        GET,
        "What the same service said around an event",
        &[
            Param("id", true, Kind::Text),
            Param("before", false, Kind::Number),
            Param("after", false, Kind::Number),
            CLIP,
        ],
    )
    .gives("EventContext"),
    path(
        "/api/pharos/search/tail",
        GET,
        "Matching events as they come in, as server-sent events",
        &[KIND, Q, CLIP],
    )
    .gives(""),
    path(
        "/api/pharos/search/complete",
        GET,
        "What may stand at a place in a query",
        &[KIND, Q, START, END, Param("cursor", false, Kind::Number)],
    )
    .gives("Completion"),
    path(
        "/api/pharos/traces",
        GET,
        "Traces with a span that matches",
        &[
            Q,
            START,
            END,
            LIMIT,
            Param("min_duration", false, Kind::Duration),
            Param("max_duration", false, Kind::Duration),
            Param("order", false, Kind::Text),
            Param("cursor", false, Kind::Text),
        ],
    )
    .gives("Traces"),
    path("/api/pharos/traces/{id}", GET, "A trace with all its spans", &[START, END]).gives("Trace"),
    path(
        "/api/pharos/sql",
        BOTH,
        "Answer an SQL statement over events and metrics, as JSON, CSV or Arrow",
        &[QUERY, LIMIT, Param("format", false, Kind::Text)],
    )
    .gives("SqlRows"),
    path("/api/pharos/events", GET, "How many events of each kind are kept, and in what", &[]),
    path("/api/pharos/receivers", GET, "What came by which door, and what was turned away and why", &[])
        .gives("Receivers"),
    path("/health", GET, "Whether the program answers", &[]).gives("Health"),
    path("/health/detailed", GET, "Whether each part of it works", &[]).gives("HealthReport"),
];

/// JSON is YAML, so one writer serves both.
pub async fn prometheus(State(_): State<Arc<App>>) -> Response {
    let document = document("Prometheus HTTP API, as Pharos answers it", "/api/v1", V1);
    typed(document, "application/yaml")
}

pub async fn pharos(State(_): State<Arc<App>>) -> Response {
    typed(document("Pharos", "/", PHAROS), "application/json")
}

fn typed(document: Value, content_type: &'static str) -> Response {
    let mut response = Response::new(Body::from(format!("{document:#}\n")));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The whole OpenAPI 3.1 document.
pub fn document(title: &str, server: &str, paths: &[Path]) -> Value {
    let has_events = paths.iter().any(|p| p.answers[0] != "Success");
    let paths: Map<String, Value> = paths.iter().map(|p| (p.path.to_owned(), operations(p))).collect();
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": title, "version": env!("CARGO_PKG_VERSION"), "license": {"name": "Apache-2.0"}},
        "servers": [{"url": server}],
        "paths": paths,
        "components": {"schemas": {
            "Success": {
                "type": "object",
                "required": ["status", "data"],
                "properties": {
                    "status": {"const": "success"},
                    "data": {},
                    "warnings": {"type": "array", "items": {"type": "string"}},
                    "infos": {"type": "array", "items": {"type": "string"}},
                },
            },
            "Error": {
                "type": "object",
                "required": ["status", "errorType", "error"],
                "properties": {
                    "status": {"const": "error"},
                    "errorType": {"type": "string"},
                    "error": {"type": "string"},
                },
            },
        }},
    });
    if has_events {
        for (name, schema) in events::schemas() {
            document["components"]["schemas"][name] = schema;
        }
    }
    document
}

fn operations(p: &Path) -> Value {
    let mut parameters: Vec<Value> = p.params.iter().map(parameter).collect();
    let inside = p.path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    parameters.extend(
        inside
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})),
    );
    let answer = |schema: &str| json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}});
    let [schema, failed] = p.answers;
    let mut done = json!({"description": "Done"});
    if !schema.is_empty() {
        done["content"] = answer(schema);
    }
    let operation = json!({
        "summary": p.summary,
        "parameters": parameters,
        "responses": {
            "200": done,
            "default": {"description": "Why not", "content": answer(failed)},
        },
    });
    p.methods.iter().map(|m| ((*m).to_owned(), operation.clone())).collect::<Map<String, Value>>().into()
}

fn parameter(Param(name, required, kind): &Param) -> Value {
    let schema = match kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Number => json!({"type": "integer", "minimum": 0}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Time => json!({"type": "string", "description": "Unix seconds or RFC 3339"}),
        Kind::Duration => json!({"type": "string", "description": "Seconds, or such as 1h30m"}),
    };
    json!({"name": name, "in": "query", "required": required, "schema": schema})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_path() {
        let document = document("t", "/api/v1", V1);
        assert_eq!(document["paths"].as_object().unwrap().len(), V1.len());
        let range = &document["paths"]["/query_range"]["get"]["parameters"];
        assert_eq!(range.as_array().unwrap().len(), 8);
        assert_eq!(document["paths"]["/label/{name}/values"]["get"]["parameters"][4]["in"], "path");
    }

    #[test]
    fn what_is_referred_to_is_there() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(object) => {
                    found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    object.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                _ => {}
            }
        }
        for paths in [V1, PHAROS] {
            let document = document("t", "/", paths);
            let mut found = Vec::new();
            references(&document, &mut found);
            assert!(found.len() > paths.len());
            for reference in found {
                let place = reference.strip_prefix('#').expect("a place in the document");
                assert!(document.pointer(place).is_some(), "{reference}");
            }
        }
    }
}
