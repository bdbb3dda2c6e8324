//! `/api/v3/…`: OTLP JSON. No match is 404.

use super::ask::{Found, TRACES, Wanted, by_id, parse_duration};
use super::fail::{Fault, V3Error};
use super::ui::from_base64;
use crate::App;
use crate::json::{Out, array, strings};
use crate::params::Params;
use crate::pharos::events::json::Fields;
use crate::pharos::events::parse_ns;
use crate::reply::json_response;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::event::{SpanKind, SpanRecord, TraceId};
use search::ask::TimeRange;
use std::sync::Arc;

type Answer = Result<Response, V3Error>;

fn object(write: impl FnOnce(&mut Fields<'_>)) -> Answer {
    let mut out = Out::with_capacity(4096);
    let mut f = Fields::new(&mut out);
    write(&mut f);
    f.end();
    Ok(json_response(StatusCode::OK, Body::from(out)))
}

pub async fn services(State(app): State<Arc<App>>) -> Answer {
    let services = app.events.services().await?;
    object(|f| strings(f.field("services"), &services))
}

pub async fn operations(State(app): State<Arc<App>>, params: Params) -> Answer {
    let service =
        params.get("service").ok_or_else(|| Fault::bad("malformed parameter service: is missing"))?;
    let kind = either(&params, "span_kind", "spanKind").map(|name| {
        SpanKind::parse(name).ok_or_else(|| Fault::bad(format!("malformed parameter span_kind: {name:?}")))
    });
    let found = app.events.operations(service.to_owned(), kind.transpose()?).await?;
    object(|f| {
        array(f.field("operations"), &found, |out, operation| {
            let mut f = Fields::new(out);
            f.text("name", &operation.name);
            if operation.kind != SpanKind::Unspecified {
                f.text("spanKind", operation.kind.name());
            }
            f.end();
        });
    })
}

/// One of two spellings.
fn either<'a>(params: &'a Params, one: &str, other: &str) -> Option<&'a str> {
    params.get(one).or_else(|| params.get(other))
}

pub async fn traces(State(app): State<Arc<App>>, params: Params) -> Answer {
    answer(&wanted(&params)?.find(&app).await?)
}

fn wanted(params: &Params) -> Result<Wanted, Fault> {
    let get = |snake: &str, camel: &str| {
        let (snake, camel) = (format!("query.{snake}"), format!("query.{camel}"));
        params.get(&snake).or_else(|| params.get(&camel)).map(str::to_owned)
    };
    let malformed = |name: &str, why: &str| Fault::bad(format!("malformed parameter query.{name}: {why}"));
    let time = |snake: &str, camel: &str| match get(snake, camel) {
        None => Err(malformed(snake, "a time is required, RFC 3339 with nanoseconds")),
        // A plus sign that was not encoded arrives as a space.
        Some(text) => parse_ns(&text.replace(' ', "+"))
            .ok_or_else(|| malformed(snake, &format!("{text:?} is not a time in RFC 3339"))),
    };
    let duration = |snake: &str, camel: &str| match get(snake, camel) {
        None => Ok(None),
        Some(text) => parse_duration(&text)
            .map(Some)
            .ok_or_else(|| malformed(snake, &format!("{text:?} is not a duration such as 1.5s"))),
    };
    let limit = match get("search_depth", "searchDepth").or_else(|| get("num_traces", "numTraces")) {
        None => TRACES,
        Some(text) => {
            text.parse().map_err(|_| malformed("search_depth", &format!("{text:?} is not a number")))?
        }
    };
    Ok(Wanted {
        service: get("service_name", "serviceName").unwrap_or_default(),
        operation: get("operation_name", "operationName").unwrap_or_default(),
        tags: attributes(get("attributes", "attributes").as_deref())
            .map_err(|why| malformed("attributes", &why))?,
        // Our own language, for those who know it.
        filter: get("q", "q").unwrap_or_default(),
        start_ns: time("start_time_min", "startTimeMin")?,
        end_ns: time("start_time_max", "startTimeMax")?.saturating_add(1),
        min_ns: duration("duration_min", "durationMin")?,
        max_ns: duration("duration_max", "durationMax")?,
        limit,
    })
}

/// `{"key":"value"}`
pub(super) fn attributes(json: Option<&str>) -> Result<Vec<(String, String)>, String> {
    let Some(json) = json else { return Ok(Vec::new()) };
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(json).map_err(|e| e.to_string())?;
    object
        .into_iter()
        .map(|(key, value)| match value {
            serde_json::Value::String(text) => Ok((key, text)),
            value @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => {
                Ok((key, value.to_string()))
            }
            _ => Err(format!("the value of {key:?} is not text")),
        })
        .collect()
}

pub async fn trace(State(app): State<Arc<App>>, Path(id): Path<String>, params: Params) -> Answer {
    let id = TraceId::parse(&id).or_else(|| from_base64(&id)).ok_or_else(|| {
        Fault::bad(format!("malformed parameter trace_id: {id:?} is not up to 32 hex digits"))
    })?;
    let time = |snake: &str, camel: &str| match either(&params, snake, camel) {
        None => Ok(None),
        Some(text) => parse_ns(&text.replace(' ', "+")).map(Some).ok_or_else(|| {
            Fault::bad(format!("malformed parameter {snake}: {text:?} is not a time in RFC 3339"))
        }),
    };
    let within = TimeRange {
        start_ns: time("start_time", "startTime")?.unwrap_or(i64::MIN),
        end_ns: time("end_time", "endTime")?.unwrap_or(i64::MAX),
    };
    let found = by_id(&app, id, within).await?;
    answer(found.as_slice())
}

fn answer(found: &[Found]) -> Answer {
    let spans: Vec<SpanRecord> =
        found.iter().flat_map(|one| &one.spans).filter_map(|event| event.as_span().cloned()).collect();
    if spans.is_empty() {
        return Err(Fault::not_found("No traces found").into());
    }
    object(|f| f.field("result").extend_from_slice(wire::otlp::encode::spans_json(&spans).as_bytes()))
}

pub async fn dependencies(State(app): State<Arc<App>>, params: Params) -> Answer {
    let time = |snake: &str, camel: &str| {
        let text = either(&params, snake, camel)
            .ok_or_else(|| Fault::bad(format!("malformed parameter {snake}: a time is required")))?;
        parse_ns(&text.replace(' ', "+")).ok_or_else(|| {
            Fault::bad(format!("malformed parameter {snake}: {text:?} is not a time in RFC 3339"))
        })
    };
    let range = TimeRange {
        start_ns: time("start_time", "startTime")?,
        end_ns: time("end_time", "endTime")?.saturating_add(1),
    };
    let found = app.events.dependencies(range).await?;
    object(|f| {
        array(f.field("dependencies"), &found.edges, |out, edge| {
            let mut f = Fields::new(out);
            f.text("parent", &edge.parent);
            f.text("child", &edge.child);
            f.text("callCount", &edge.calls.to_string());
            f.end();
        });
    })
}
