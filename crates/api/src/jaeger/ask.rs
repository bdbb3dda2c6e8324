//! A search in Jaeger's terms, put into the search language.

use super::fail::Fault;
use super::filter::{Call, is_number};
use crate::App;
use model::event::{Kind, TraceId};
use search::answer::{Event, Trace, TraceSummary};
use search::ask::{TimeRange, TraceOrder, TracesAsk, Which};
use search::lang::quoted;
use std::fmt::Write;

/// Jaeger's own default.
pub const TRACES: usize = 100;
pub const TRACES_MAX: usize = 1_500;
/// What is looked at when nobody says when: two days, as Jaeger's screen does at most.
pub const RANGE_NS: i64 = 2 * 86_400 * 1_000_000_000;

/// Traces that are asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub service: String,
    pub operation: String,
    /// Attribute and value, all of which one span must have, or its resource.
    pub tags: Vec<(String, String)>,
    /// In the search language, besides.
    pub filter: String,
    pub start_ns: i64,
    pub end_ns: i64,
    pub min_ns: Option<i64>,
    pub max_ns: Option<i64>,
    pub limit: usize,
}

/// A trace and the warnings that go with it.
pub struct Found {
    pub id: TraceId,
    pub spans: Vec<Event>,
    pub warnings: Vec<String>,
}

impl Wanted {
    fn query(&self) -> String {
        let mut query = String::new();
        // Writing to a string does not fail.
        let mut written = |field: &str, value: &str| {
            let _ = write!(query, "{}={value} ", quoted(field));
        };
        for (field, value) in [("service", &self.service), ("name", &self.operation)] {
            if !value.is_empty() {
                written(field, &quoted(value));
            }
        }
        // All values come as text, numbers, too.
        let mut exactly = |field: &str, value: &str| match is_number(value) {
            true => written(field, value),
            false => written(field, &quoted(value)),
        };
        for (key, value) in &self.tags {
            match (key.as_str(), value.as_str()) {
                // What Jaeger shows as attributes and is something else here.
                ("error", "true") => exactly("status", "error"),
                ("span.kind", kind) => exactly("kind", kind),
                ("otel.status_code", code) => exactly("status", &code.to_ascii_lowercase()),
                ("otel.scope.name", name) => exactly("scope_name", name),
                ("otel.status_description", text) => exactly("status_message", text),
                (key, value) => exactly(key, value),
            }
        }
        for (sign, bound) in [(">=", self.min_ns), ("<=", self.max_ns)] {
            if let Some(ns) = bound {
                let _ = write!(query, "duration{sign}{ns}ns ");
            }
        }
        query.push_str(&self.filter);
        query
    }

    /// Adds Jaeger's structured filter, which says all that is asked besides time.
    pub fn narrow(&mut self, filter: &Call) -> Result<(), Fault> {
        let others = [&self.service, &self.operation].iter().any(|text| !text.is_empty())
            || !self.tags.is_empty()
            || self.min_ns.is_some()
            || self.max_ns.is_some();
        if others {
            let why =
                "a filter stands alone: without a service, an operation, attributes or durations beside it";
            return Err(Fault::bad(why));
        }
        self.filter.push(' ');
        self.filter.push_str(&filter.query()?);
        Ok(())
    }

    /// What is to be said of the traces in a list, the newest first.
    pub async fn summaries(&self, app: &App) -> Result<Vec<TraceSummary>, Fault> {
        let range = TimeRange { start_ns: self.start_ns, end_ns: self.end_ns };
        let ask = TracesAsk {
            which: Which { kind: Kind::Span, query: self.query(), range },
            limit: self.limit.min(TRACES_MAX).min(TracesAsk::LIMIT_MAX),
            min_duration_ns: None,
            max_duration_ns: None,
            order: TraceOrder::Recent,
            cursor: None,
        };
        Ok(app.events.traces(ask).await?.traces)
    }

    /// The traces, whole, the newest first.
    pub async fn find(&self, app: &App) -> Result<Vec<Found>, Fault> {
        let traces = self.summaries(app).await?;
        // A page of summaries knows when the traces are: the reading of them opens few files.
        let end_ns =
            |trace: &TraceSummary| trace.start_ns.saturating_add(trace.duration_ns).saturating_add(1);
        let around = TimeRange {
            start_ns: traces.iter().map(|trace| trace.start_ns).min().unwrap_or(0),
            end_ns: traces.iter().map(end_ns).max().unwrap_or(0),
        };
        by_ids(app, traces.iter().map(|trace| trace.trace_id).collect(), around).await
    }
}

/// One trace; none when there is no such trace.
pub async fn by_id(app: &App, id: TraceId, within: TimeRange) -> Result<Option<Found>, Fault> {
    match app.events.trace(id, within).await {
        Ok(trace) => Ok(Some(Found::from(trace))),
        Err(search::answer::SearchError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Those of some traces that there are, in the order of the ids. They are read together, because traces of one time lie
/// together.
pub async fn by_ids(app: &App, ids: Vec<TraceId>, within: TimeRange) -> Result<Vec<Found>, Fault> {
    Ok(app.events.whole_traces(ids, within).await?.into_iter().map(Found::from).collect())
}

impl From<Trace> for Found {
    fn from(trace: Trace) -> Found {
        let mut warnings = trace.stats.warnings;
        if trace.truncated {
            warnings.push(format!("the trace has more spans than the {} shown", trace.spans.len()));
        }
        Found { id: trace.summary.trace_id, spans: trace.spans, warnings }
    }
}

/// Go's notation: `1.5s`, `300ms`, `1h2m`, `10us`, `0`.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        total += number * unit;
        rest = &rest[end..];
    }
    (total < i64::MAX as f64).then_some(if negative { -(total as i64) } else { total as i64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations_are_read() {
        for (text, ns) in [
            ("1.5s", 1_500_000_000),
            ("300ms", 300_000_000),
            ("1h2m", 3_720_000_000_000),
            ("10us", 10_000),
            ("10µs", 10_000),
            ("0", 0),
            ("-1ns", -1),
        ] {
            assert_eq!(parse_duration(text), Some(ns), "{text}");
        }
        for bad in ["", "-", "5", "1x", "s", "1.2.3s", "99999999999h"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_search_becomes_a_query_that_reads_back() {
        let wanted = Wanted {
            service: "a \"b\" \\".to_owned(),
            operation: "GET /".to_owned(),
            tags: vec![
                ("error".to_owned(), "true".to_owned()),
                ("http.status_code".to_owned(), "500".to_owned()),
                ("odd key".to_owned(), "(x or y)".to_owned()),
            ],
            min_ns: Some(5),
            ..Wanted::default()
        };
        let query = wanted.query();
        let read = search::lang::parse(&query).unwrap_or_else(|e| panic!("{query}: {e}"));
        assert_eq!(search::lang::parse(&read.to_string()).map(|e| e.to_string()), Ok(read.to_string()));
        assert!(query.contains("\"status\"=\"error\"") && query.contains("duration>=5ns"), "{query}");
        // As a number it is found whether it was sent as one or as text.
        assert!(query.contains("\"http.status_code\"=500 "), "{query}");
    }
}
