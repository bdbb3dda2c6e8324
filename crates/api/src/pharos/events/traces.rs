//! Traces: those that match, and one by its id.

use super::json::{self, Fields};
use super::search::{Answer, answer, next_and_stats};
use super::{EventError, count, range, which};
use crate::App;
use crate::json::{Out, array, strings};
use crate::params::Params;
use axum::extract::{Path, State};
use model::event::{Kind, TraceId};
use search::answer::{ServiceCount, TraceSummary};
use search::ask::{TimeRange, TraceOrder, TracesAsk};
use std::sync::Arc;

const TRACES: usize = 20;

pub async fn search(State(app): State<Arc<App>>, params: Params) -> Answer {
    let which = which(&params, app.clock.now_ns(), Kind::Span)?;
    if which.kind != Kind::Span {
        return Err(EventError::parameter("kind", "traces are made of spans"));
    }
    let order = match params.get("order") {
        None | Some("recent") => TraceOrder::Recent,
        Some("slowest") => TraceOrder::Slowest,
        Some(_) => return Err(EventError::parameter("order", "must be recent or slowest")),
    };
    let ask = TracesAsk {
        which,
        limit: count(&params, "limit", TRACES, TracesAsk::LIMIT_MAX)?,
        min_duration_ns: duration(&params, "min_duration")?,
        max_duration_ns: duration(&params, "max_duration")?,
        order,
        cursor: params.get("cursor").map(str::to_owned),
    };
    let page = app.events.traces(ask).await?;
    answer(|f| {
        array(f.field("traces"), &page.traces, |out, trace| {
            let mut f = Fields::new(out);
            summary(&mut f, trace);
            f.int("spans", trace.spans as i64);
            f.int("matched", trace.matched as i64);
            f.bool("complete", trace.complete);
            f.end();
        });
        next_and_stats(f, page.next.as_deref(), &page.stats);
    })
}

/// `500ms`, `1.5s`, or seconds.
fn duration(params: &Params, name: &'static str) -> Result<Option<i64>, EventError> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let seconds = || text.parse::<f64>().ok().filter(|s| s.abs() < 9.2e9).map(|s| (s * 1e9) as i64);
    match crate::jaeger::parse_duration(text).or_else(seconds) {
        Some(ns) => Ok(Some(ns)),
        None => Err(EventError::parameter(name, format!("{text:?} is not a duration such as 500ms or 1.5s"))),
    }
}

pub async fn by_id(State(app): State<Arc<App>>, Path(id): Path<String>, params: Params) -> Answer {
    let id = TraceId::parse(&id).ok_or_else(|| EventError::parameter("id", "is not the id of a trace"))?;
    // An id says which trace it is; a time only makes the search shorter.
    let within = match params.get("start").or(params.get("end")) {
        Some(_) => range(&params, app.clock.now_ns())?,
        None => TimeRange::ALL,
    };
    let trace = app.events.trace(id, within).await?;
    answer(|f| {
        summary(f, &trace.summary);
        json::events(f.field("spans"), &trace.spans);
        f.bool("complete", trace.summary.complete);
        f.bool("truncated", trace.truncated);
        strings(f.field("warnings"), &trace.stats.warnings);
        json::stats(f.field("stats"), &trace.stats);
    })
}

fn summary(f: &mut Fields<'_>, trace: &TraceSummary) {
    f.text("trace_id", &trace.trace_id.to_string());
    f.time("start", trace.start_ns);
    f.int("duration_ns", trace.duration_ns);
    match &trace.root {
        Some(root) => {
            let mut r = Fields::new(f.field("root"));
            r.text("service", &root.service);
            r.text("name", &root.name);
            r.end();
        }
        None => f.field("root").extend_from_slice(b"null"),
    }
    f.int("errors", trace.errors as i64);
    array(f.field("services"), &trace.services, service);
}

fn service(out: &mut Out, service: &ServiceCount) {
    let mut f = Fields::new(out);
    f.text("name", &service.name);
    f.int("spans", service.spans as i64);
    f.int("errors", service.errors as i64);
    f.end();
}
