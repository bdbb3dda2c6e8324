//! `/api/v3/…`: OTLP JSON. No match is 404.

use super::ask::{Found, TRACES, Wanted, by_id, parse_duration};
use super::fail::{Fault, V3Error};
use super::filter::Call;
use super::ui::from_base64;
use crate::App;
use crate::json::{Out, array, strings};
use crate::params::Params;
use crate::pharos::events::json::Fields;
use crate::pharos::events::parse_ns;
use crate::reply::json_response;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::event::{SpanKind, SpanRecord, TraceId};
use search::answer::{ServiceCount, TraceSummary};
use search::ask::TimeRange;
use serde_json::Value;
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
            f.text("spanKind", kind_of(operation.kind));
            f.end();
        });
    })
}

/// What nobody said is internal, as OpenTelemetry has it.
pub(super) fn kind_of(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => SpanKind::Internal.name(),
        kind => kind.name(),
    }
}

/// One of two spellings.
fn either<'a>(params: &'a Params, one: &str, other: &str) -> Option<&'a str> {
    params.get(one).or_else(|| params.get(other))
}

pub async fn traces(State(app): State<Arc<App>>, params: Params) -> Answer {
    answer(&wanted(&from_params(&params))?.find(&app).await?)
}

/// The same with the question in the body: `{"query":{"serviceName":…}}`.
pub async fn traces_posted(State(app): State<Arc<App>>, body: Bytes) -> Answer {
    answer(&wanted(&from_body(&body)?)?.find(&app).await?)
}

pub async fn summaries(State(app): State<Arc<App>>, params: Params) -> Answer {
    summarized(&wanted(&from_params(&params))?.summaries(&app).await?)
}

pub async fn summaries_posted(State(app): State<Arc<App>>, body: Bytes) -> Answer {
    summarized(&wanted(&from_body(&body)?)?.summaries(&app).await?)
}

/// What a field of the query says, by either of its spellings.
type Said<'a> = Box<dyn Fn(&str, &str) -> Option<String> + Send + Sync + 'a>;

fn from_params(params: &Params) -> Said<'_> {
    Box::new(move |snake, camel| {
        either(params, &format!("query.{snake}"), &format!("query.{camel}")).map(str::to_owned)
    })
}

fn from_body(body: &[u8]) -> Result<Said<'static>, Fault> {
    let mut body: Value = serde_json::from_slice(body)
        .map_err(|e| Fault::bad(format!("the body is not a question as JSON: {e}")))?;
    let query = body["query"].take();
    if !query.is_object() {
        return Err(Fault::bad("missing query"));
    }
    Ok(Box::new(move |snake, camel| match query.get(snake).or_else(|| query.get(camel))? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }))
}

fn wanted(said: &Said<'_>) -> Result<Wanted, Fault> {
    let malformed = |name: &str, why: &str| Fault::bad(format!("malformed parameter query.{name}: {why}"));
    let time = |snake: &str, camel: &str| match said(snake, camel) {
        None => Err(malformed(snake, "a time is required, RFC 3339 with nanoseconds")),
        // A plus sign that was not encoded arrives as a space.
        Some(text) => parse_ns(&text.replace(' ', "+"))
            .ok_or_else(|| malformed(snake, &format!("{text:?} is not a time in RFC 3339"))),
    };
    let duration = |snake: &str, camel: &str| match said(snake, camel) {
        None => Ok(None),
        Some(text) => parse_duration(&text)
            .map(Some)
            .ok_or_else(|| malformed(snake, &format!("{text:?} is not a duration such as 1.5s"))),
    };
    let limit = match said("search_depth", "searchDepth").or_else(|| said("num_traces", "numTraces")) {
        None => TRACES,
        Some(text) => {
            text.parse().map_err(|_| malformed("search_depth", &format!("{text:?} is not a number")))?
        }
    };
    let (start_ns, end_ns) =
        (time("start_time_min", "startTimeMin")?, time("start_time_max", "startTimeMax")?);
    if start_ns > end_ns {
        return Err(malformed("start_time_min", "it must be before query.start_time_max"));
    }
    let mut wanted = Wanted {
        service: said("service_name", "serviceName").unwrap_or_default(),
        operation: said("operation_name", "operationName").unwrap_or_default(),
        tags: attributes(said("attributes", "attributes").as_deref())
            .map_err(|why| malformed("attributes", &why))?,
        // Our own language, for those who know it.
        filter: said("q", "q").unwrap_or_default(),
        start_ns,
        end_ns: end_ns.saturating_add(1),
        min_ns: duration("duration_min", "durationMin")?,
        max_ns: duration("duration_max", "durationMax")?,
        limit,
    };
    if let Some(filter) = said("filter", "filter") {
        let json = serde_json::from_str(&filter).map_err(|e| malformed("filter", &e.to_string()))?;
        wanted.narrow(&Call::from_json(&json)?)?;
    }
    Ok(wanted)
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

/// What is 0 is left out, as protobuf's JSON leaves it out.
fn summarized(found: &[TraceSummary]) -> Answer {
    object(|f| {
        array(f.field("summaries"), found, |out, trace| {
            let mut f = Fields::new(out);
            f.text("traceId", &trace.trace_id.to_string());
            if let Some(root) = &trace.root {
                f.some("rootServiceName", &root.service);
                f.some("rootOperationName", &root.name);
            }
            f.text("minStartTimeUnixNano", &trace.start_ns.to_string());
            f.text("maxEndTimeUnixNano", &trace.start_ns.saturating_add(trace.duration_ns).to_string());
            counted(&mut f, "spanCount", trace.spans);
            counted(&mut f, "errorSpanCount", trace.errors);
            counted(&mut f, "orphanSpanCount", trace.orphans);
            array(f.field("services"), by_name(trace), |out, service| {
                let mut f = Fields::new(out);
                f.text("name", &service.name);
                counted(&mut f, "spanCount", service.spans);
                counted(&mut f, "errorSpanCount", service.errors);
                f.end();
            });
            f.end();
        });
    })
}

fn counted(f: &mut Fields<'_>, name: &str, count: u64) {
    if count > 0 {
        f.int(name, count as i64);
    }
}

/// The services of a trace in the order in which Jaeger gives them.
pub(super) fn by_name(trace: &TraceSummary) -> Vec<&ServiceCount> {
    let mut services: Vec<&ServiceCount> = trace.services.iter().collect();
    services.sort_by(|a, b| a.name.cmp(&b.name));
    services
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
        if !found.stats.warnings.is_empty() {
            strings(f.field("warnings"), &found.stats.warnings);
        }
    })
}
