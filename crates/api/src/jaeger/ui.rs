//! `/api/…`: what Jaeger's screen and Grafana's data source call. No match is success with nothing in it.

use super::ask::{Found, RANGE_NS, TRACES, Wanted, by_id, by_ids, parse_duration};
use super::convert;
use super::fail::{Fault, UiError};
use crate::App;
use crate::json::{Out, array, strings};
use crate::params::Params;
use crate::pharos::events::json::Fields;
use crate::reply::json_response;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::event::{Batch, Kind, SpanKind, TraceId};
use search::answer::Dependencies;
use search::ask::TimeRange;
use std::sync::Arc;
use wire::otlp::{Options, Report};

type Answer = Result<Response, UiError>;

const NS_PER_US: i64 = 1_000;
const NS_PER_MS: i64 = 1_000_000;

/// `{"data":…,"total":n,"limit":0,"offset":0,"errors":null}`
fn envelope(total: usize, write: impl FnOnce(&mut Out)) -> Answer {
    envelope_with(total, &[], write)
}

/// Warnings are a field of ours, there only when there are any.
fn envelope_with(total: usize, warnings: &[String], write: impl FnOnce(&mut Out)) -> Answer {
    let mut out = Out::with_capacity(4096);
    let mut f = Fields::new(&mut out);
    write(f.field("data"));
    f.int("total", total as i64);
    f.int("limit", 0);
    f.int("offset", 0);
    f.field("errors").extend_from_slice(b"null");
    if !warnings.is_empty() {
        strings(f.field("warnings"), warnings);
    }
    f.end();
    Ok(json_response(StatusCode::OK, Body::from(out)))
}

pub async fn services(State(app): State<Arc<App>>) -> Answer {
    let services = app.events.services().await?;
    envelope(services.len(), |out| strings(out, &services))
}

pub async fn operations_of(State(app): State<Arc<App>>, Path(service): Path<String>) -> Answer {
    let mut names: Vec<String> =
        app.events.operations(service, None).await?.into_iter().map(|operation| operation.name).collect();
    names.dedup();
    envelope(names.len(), |out| strings(out, &names))
}

pub async fn operations(State(app): State<Arc<App>>, params: Params) -> Answer {
    let service = params.get("service").ok_or_else(|| Fault::bad("parameter 'service' is required"))?;
    let kind = params.get("spanKind").map(|name| {
        SpanKind::parse(name)
            .ok_or_else(|| Fault::bad(format!("parameter 'spanKind': {name:?} is not a span kind")))
    });
    let found = app.events.operations(service.to_owned(), kind.transpose()?).await?;
    envelope(found.len(), |out| {
        array(out, &found, |out, operation| {
            let mut f = Fields::new(out);
            f.text("name", &operation.name);
            f.text(
                "spanKind",
                match operation.kind {
                    SpanKind::Unspecified => "",
                    kind => kind.name(),
                },
            );
            f.end();
        });
    })
}

pub async fn traces(State(app): State<Arc<App>>, params: Params) -> Answer {
    let ids: Vec<&str> = params.all("traceID").filter(|id| !id.is_empty()).collect();
    let found = if ids.is_empty() {
        wanted(&params, app.clock.now_ns())?.find(&app).await?
    } else {
        let ids = ids.into_iter().map(read_id).collect::<Result<Vec<_>, _>>()?;
        by_ids(&app, ids, TimeRange::ALL).await?
    };
    answer(&found)
}

fn wanted(params: &Params, now_ns: i64) -> Result<Wanted, Fault> {
    let micros = |name: &str| match params.get(name) {
        None => Ok(None),
        Some(text) => text.parse::<i64>().map(|us| Some(us.saturating_mul(NS_PER_US))).map_err(|_| {
            Fault::bad(format!("unable to parse param '{name}': {text:?} is not microseconds since 1970"))
        }),
    };
    let duration = |name: &str| match params.get(name) {
        None => Ok(None),
        Some(text) => parse_duration(text).map(Some).ok_or_else(|| {
            Fault::bad(format!(
                "unable to parse param '{name}': {text:?} is not a duration such as 1.5s or 300ms"
            ))
        }),
    };
    let end_ns = micros("end")?.unwrap_or(now_ns);
    let start_ns = micros("start")?.unwrap_or(end_ns.saturating_sub(RANGE_NS));
    let limit = match params.get("limit") {
        None => TRACES,
        Some(text) => {
            text.parse().map_err(|_| Fault::bad(format!("unable to parse param 'limit': {text:?}")))?
        }
    };
    let (min_ns, max_ns) = (duration("minDuration")?, duration("maxDuration")?);
    if let (Some(min), Some(max)) = (min_ns, max_ns)
        && max < min
    {
        return Err(Fault::bad("'maxDuration' should be greater than 'minDuration'"));
    }
    Ok(Wanted {
        service: params.get("service").unwrap_or("").to_owned(),
        operation: params.get("operation").unwrap_or("").to_owned(),
        tags: tags(params)?,
        start_ns,
        end_ns: end_ns.saturating_add(1),
        min_ns,
        max_ns,
        limit,
        filter: String::new(),
    })
}

/// `tag=key:value`, repeated, and `tags={"key":"value"}`.
fn tags(params: &Params) -> Result<Vec<(String, String)>, Fault> {
    let mut tags = Vec::new();
    for tag in params.all("tag") {
        let (key, value) = tag.split_once(':').ok_or_else(|| {
            Fault::bad(format!("malformed 'tag' parameter, expecting key:value, received: {tag}"))
        })?;
        tags.push((key.to_owned(), value.to_owned()));
    }
    for text in params.all("tags").filter(|text| !text.is_empty()) {
        let malformed =
            |why: String| Fault::bad(format!("malformed 'tags' parameter, cannot unmarshal JSON: {why}"));
        let object: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text).map_err(|e| malformed(e.to_string()))?;
        for (key, value) in object {
            match value {
                serde_json::Value::String(text) => tags.push((key, text)),
                value @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => {
                    tags.push((key, value.to_string()));
                }
                _ => return Err(malformed(format!("the value of {key:?} is not text"))),
            }
        }
    }
    Ok(tags)
}

pub async fn trace(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let id = read_id(&id)?;
    let found = by_id(&app, id, TimeRange::ALL).await?.ok_or_else(|| Fault::not_found("trace not found"))?;
    answer(&[found])
}

fn read_id(text: &str) -> Result<TraceId, Fault> {
    TraceId::parse(text)
        .or_else(|| from_base64(text))
        .ok_or_else(|| Fault::bad(format!("{text:?} is not the id of a trace: up to 32 hex digits")))
}

/// As protobuf's JSON writes 16 bytes.
pub(super) fn from_base64(text: &str) -> Option<TraceId> {
    use base64::Engine;
    let engine = base64::engine::general_purpose::STANDARD;
    let bytes: [u8; 16] = engine.decode(text).ok()?.try_into().ok()?;
    Some(TraceId(bytes)).filter(|id| !id.is_none())
}

fn answer(found: &[Found]) -> Answer {
    envelope(0, |out| {
        array(out, found, |out, one| {
            let spans = one.spans.iter().filter_map(|event| event.as_span());
            convert::trace(out, one.id, spans, &one.warnings);
        });
    })
}

/// OTLP JSON, as a file that somebody opens, becomes what the screen shows.
pub async fn transform(body: Bytes) -> Answer {
    let (mut batch, mut report) = (Batch::new(Kind::Span), Report::default());
    wire::otlp::traces::decode_json(&body, &Options::at(0), &mut batch, &mut report)
        .map_err(|e| Fault::bad(format!("cannot unmarshal OTLP: {e}")))?;
    if report.rejected() > 0 {
        return Err(Fault::bad(report.text()).into());
    }
    let spans = batch.span_records();
    let mut ids: Vec<TraceId> = Vec::new();
    for span in &spans {
        if !ids.contains(&span.trace_id) {
            ids.push(span.trace_id);
        }
    }
    envelope(0, |out| {
        array(out, ids, |out, id| {
            convert::trace(out, id, spans.iter().filter(|span| span.trace_id == id), &[]);
        });
    })
}

pub async fn dependencies(State(app): State<Arc<App>>, params: Params) -> Answer {
    let millis = |name: &str| match params.get(name) {
        None => Ok(None),
        Some(text) => text
            .parse::<i64>()
            .map(|ms| Some(ms.saturating_mul(NS_PER_MS)))
            .map_err(|_| Fault::bad(format!("unable to parse param '{name}': {text:?} is not milliseconds"))),
    };
    let end_ns = millis("endTs")?.unwrap_or_else(|| app.clock.now_ns());
    let lookback_ns = millis("lookback")?.unwrap_or(86_400 * 1_000 * NS_PER_MS);
    let range = TimeRange { start_ns: end_ns.saturating_sub(lookback_ns), end_ns: end_ns.saturating_add(1) };
    let service = params.get("service");
    let Dependencies { mut edges, stats } = app.events.dependencies(range).await?;
    edges.retain(|edge| service.is_none_or(|name| edge.parent == name || edge.child == name));
    envelope_with(0, &stats.warnings, |out| {
        array(out, &edges, |out, edge| {
            let mut f = Fields::new(out);
            f.text("parent", &edge.parent);
            f.text("child", &edge.child);
            f.int("callCount", edge.calls as i64);
            f.end();
        });
    })
}
