//! A search in Jaeger's terms, put into the search language.

use super::fail::Fault;
use crate::App;
use model::event::{Kind, TraceId};
use search::answer::{Event, TracesPage};
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
        let mut exactly = |field: &str, value: &str| {
            if !value.is_empty() {
                // Writing to a string does not fail.
                let _ = write!(query, "{}={} ", quoted(field), quoted(value));
            }
        };
        exactly("service", &self.service);
        exactly("name", &self.operation);
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

    /// The traces, whole, the newest first.
    pub async fn find(&self, app: &App) -> Result<Vec<Found>, Fault> {
        let range = TimeRange { start_ns: self.start_ns, end_ns: self.end_ns };
        let ask = TracesAsk {
            which: Which { kind: Kind::Span, query: self.query(), range },
            limit: self.limit.min(TRACES_MAX).min(TracesAsk::LIMIT_MAX),
            min_duration_ns: None,
            max_duration_ns: None,
            order: TraceOrder::Recent,
            cursor: None,
        };
        let TracesPage { traces, .. } = app.events.traces(ask).await?;
        let mut found = Vec::with_capacity(traces.len());
        for trace in traces {
            // A page of summaries knows when each trace is: the reading of it opens few files.
            let around = TimeRange {
                start_ns: trace.start_ns,
                end_ns: trace.start_ns.saturating_add(trace.duration_ns).saturating_add(1),
            };
            found.extend(by_id(app, trace.trace_id, around).await?);
        }
        Ok(found)
    }
}

/// One trace; none when there is no such trace.
pub async fn by_id(app: &App, id: TraceId, within: TimeRange) -> Result<Option<Found>, Fault> {
    match app.events.trace(id, within).await {
        Ok(trace) => {
            let mut warnings = trace.stats.warnings;
            if trace.truncated {
                warnings.push(format!("the trace has more spans than the {} shown", trace.spans.len()));
            }
            Ok(Some(Found { id, spans: trace.spans, warnings }))
        }
        Err(search::answer::SearchError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
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
    }
}
