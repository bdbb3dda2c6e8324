//! Questions in the search language.

use super::json::{self, Fields};
use super::{EventError, count, which};
use crate::App;
use crate::json::{Out, array, integer};
use crate::params::Params;
use crate::reply::json_response;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::event::Kind;
use search::answer::{Cell, EventId, FieldStat, HistogramKey, LogPattern, Stats};
use search::ask::{ContextAsk, EventsAsk, FieldsAsk, GroupAsk, HistogramAsk, Order, PatternsAsk, TopAsk};
use std::sync::Arc;

pub type Answer = Result<Response, EventError>;

/// A list shows a screen and a bit more.
const EVENTS: usize = 100;
const BUCKETS: usize = 60;
const TOP: usize = 10;
const TOP_MAX: usize = 1_000;
const GROUPS: usize = 100;
const PATTERNS: usize = 100;
const PATTERNS_MAX: usize = 1_000;
const NEIGHBOURS: usize = 20;
const NEIGHBOURS_MAX: usize = 1_000;

pub(super) fn answer(write: impl FnOnce(&mut Fields<'_>)) -> Answer {
    let mut out = Out::with_capacity(4096);
    let mut fields = Fields::new(&mut out);
    write(&mut fields);
    fields.end();
    Ok(json_response(StatusCode::OK, Body::from(out)))
}

pub(super) fn next_and_stats(f: &mut Fields<'_>, next: Option<&str>, stats: &Stats) {
    match next {
        Some(next) => f.text("next", next),
        None => f.field("next").extend_from_slice(b"null"),
    }
    json::stats(f.field("stats"), stats);
}

/// `clip`: no text of a log record is longer, in bytes; all of it when that is not said.
pub(super) fn clip(params: &Params) -> Result<json::Clip, EventError> {
    Ok(json::Clip::at(count(params, "clip", usize::MAX, usize::MAX)?))
}

pub async fn events(State(app): State<Arc<App>>, params: Params) -> Answer {
    let order = match params.get("order") {
        None | Some("desc") => Order::NewestFirst,
        Some("asc") => Order::OldestFirst,
        Some(_) => return Err(EventError::parameter("order", "must be desc or asc")),
    };
    let ask = EventsAsk {
        which: which(&params, app.clock.now_ns(), Kind::Log)?,
        limit: count(&params, "limit", EVENTS, EventsAsk::LIMIT_MAX)?,
        cursor: params.get("cursor").map(str::to_owned),
        order,
    };
    let clip = clip(&params)?;
    let page = app.events.events(ask).await?;
    answer(|f| {
        json::clipped_events(f.field("events"), &page.events, clip);
        next_and_stats(f, page.next.as_deref(), &page.stats);
    })
}

pub async fn histogram(State(app): State<Arc<App>>, params: Params) -> Answer {
    let ask = HistogramAsk {
        which: which(&params, app.clock.now_ns(), Kind::Log)?,
        buckets: count(&params, "buckets", BUCKETS, HistogramAsk::BUCKETS_MAX)?,
        by: params.get("by").map(str::to_owned),
    };
    let histogram = app.events.histogram(ask).await?;
    answer(|f| {
        f.time("start", histogram.start_ns);
        f.int("step_ns", histogram.step_ns);
        array(f.field("series"), &histogram.series, |out, series| {
            let mut f = Fields::new(out);
            let (key, sort) = match &series.key {
                HistogramKey::All => ("", "all"),
                HistogramKey::Value(value) => (value.as_str(), "value"),
                HistogramKey::Missing => ("", "missing"),
                HistogramKey::Other => ("", "other"),
            };
            f.text("key", key);
            f.text("sort", sort);
            array(f.field("counts"), &series.counts, |out, n| integer(out, *n as i64));
            f.end();
        });
        f.int("total", histogram.total as i64);
        json::stats(f.field("stats"), &histogram.stats);
    })
}

pub async fn top(State(app): State<Arc<App>>, params: Params) -> Answer {
    let field = params.get("field").ok_or_else(|| EventError::parameter("field", "is missing"))?;
    let ask = TopAsk {
        which: which(&params, app.clock.now_ns(), Kind::Log)?,
        field: field.to_owned(),
        limit: count(&params, "limit", TOP, TOP_MAX)?,
    };
    let top = app.events.top(ask).await?;
    answer(|f| {
        f.text("field", &top.field);
        array(f.field("values"), &top.values, |out, value| {
            let mut f = Fields::new(out);
            f.text("value", &value.value);
            f.int("count", value.count as i64);
            f.end();
        });
        f.int("total", top.total as i64);
        f.int("missing", top.missing as i64);
        f.int("distinct", top.distinct as i64);
        f.bool("distinct_exact", top.distinct_exact);
        json::stats(f.field("stats"), &top.stats);
    })
}

pub async fn fields(State(app): State<Arc<App>>, params: Params) -> Answer {
    let ask = FieldsAsk { which: which(&params, app.clock.now_ns(), Kind::Log)? };
    let found = app.events.fields(ask).await?;
    answer(|f| {
        array(f.field("fields"), &found.fields, field_stat);
        f.int("total", found.total as i64);
        json::stats(f.field("stats"), &found.stats);
    })
}

fn field_stat(out: &mut Out, field: &FieldStat) {
    let mut f = Fields::new(out);
    f.text("name", &field.name);
    f.text("scope", field.scope.name());
    f.text("type", &field.value_type);
    f.int("count", field.count as i64);
    f.bool("sampled", field.sampled);
    f.end();
}

pub async fn group(State(app): State<Arc<App>>, params: Params) -> Answer {
    let list = |name: &'static str| -> Vec<String> {
        let whole = params.get(name).unwrap_or("");
        whole.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    };
    let ask = GroupAsk {
        which: which(&params, app.clock.now_ns(), Kind::Log)?,
        by: list("by"),
        aggregates: list("agg"),
        limit: count(&params, "limit", GROUPS, GroupAsk::LIMIT_MAX)?,
        order: params.get("order").map(str::to_owned),
    };
    let groups = app.events.group(ask).await?;
    answer(|f| {
        array(f.field("columns"), &groups.columns, |out, column| {
            let mut f = Fields::new(out);
            f.text("name", &column.name);
            f.text("type", column.value_type.name());
            if let Some(unit) = column.unit {
                f.text("unit", unit.name());
            }
            f.end();
        });
        array(f.field("rows"), &groups.rows, |out, row| array(out, row, cell));
        f.int("groups", groups.groups as i64);
        json::stats(f.field("stats"), &groups.stats);
    })
}

fn cell(out: &mut Out, cell: &Cell) {
    match cell {
        Cell::Str(text) => crate::json::string(out, text),
        Cell::Int(value) => integer(out, *value),
        Cell::Double(value) if value.is_finite() => crate::json::float(out, *value),
        Cell::Null | Cell::Double(_) => out.extend_from_slice(b"null"),
    }
}

pub async fn patterns(State(app): State<Arc<App>>, params: Params) -> Answer {
    let ask = PatternsAsk {
        which: which(&params, app.clock.now_ns(), Kind::Log)?,
        limit: count(&params, "limit", PATTERNS, PATTERNS_MAX)?,
        buckets: count(&params, "buckets", BUCKETS, HistogramAsk::BUCKETS_MAX)?,
    };
    let found = app.events.patterns(ask).await?;
    answer(|f| {
        array(f.field("patterns"), &found.patterns, pattern);
        f.time("start", found.start_ns);
        f.int("step_ns", found.step_ns);
        f.int("lines", found.lines as i64);
        f.bool("sampled", found.sampled);
        json::stats(f.field("stats"), &found.stats);
    })
}

fn pattern(out: &mut Out, pattern: &LogPattern) {
    let mut f = Fields::new(out);
    f.text("template", &pattern.template);
    f.int("count", pattern.count as i64);
    let mut severity = Fields::new(f.field("severity"));
    for (name, n) in &pattern.severity {
        severity.int(name, *n as i64);
    }
    severity.end();
    json::event(f.field("sample"), &pattern.sample);
    f.time("first", pattern.first_ns);
    f.time("last", pattern.last_ns);
    array(f.field("counts"), &pattern.counts, |out, n| integer(out, *n as i64));
    f.end();
}

pub async fn context(State(app): State<Arc<App>>, params: Params) -> Answer {
    let id = params.get("id").and_then(EventId::parse);
    let ask = ContextAsk {
        id: id.ok_or_else(|| EventError::parameter("id", "is not the id of an event"))?,
        before: count(&params, "before", NEIGHBOURS, NEIGHBOURS_MAX)?,
        after: count(&params, "after", NEIGHBOURS, NEIGHBOURS_MAX)?,
    };
    let clip = clip(&params)?;
    let context = app.events.context(ask).await?;
    answer(|f| {
        json::clipped_events(f.field("before"), &context.before, clip);
        // Whoever asks around an event sees the whole of it.
        json::event(f.field("event"), &context.event);
        json::clipped_events(f.field("after"), &context.after, clip);
        json::stats(f.field("stats"), &context.stats);
    })
}

pub async fn complete(State(app): State<Arc<App>>, params: Params) -> Answer {
    let which = which(&params, app.clock.now_ns(), Kind::Log)?;
    let cursor = count(&params, "cursor", which.query.len(), which.query.len())?;
    let found = app.events.complete(which, cursor).await?;
    answer(|f| {
        f.int("from", found.from as i64);
        f.int("to", found.to as i64);
        array(f.field("options"), &found.options, |out, option| {
            let mut f = Fields::new(out);
            f.text("label", &option.label);
            f.text("kind", option.kind.name());
            f.some("detail", &option.detail);
            f.end();
        });
    })
}
