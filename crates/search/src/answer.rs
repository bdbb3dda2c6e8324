//! What is answered. Plain values: what reads them knows neither Arrow nor files.

use model::event::{Kind, LogRecord, SpanId, SpanKind, SpanRecord, TraceId};
use std::fmt;
use std::time::Duration;

/// What finding an answer took, and what is to be said about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Rows looked at, after whole pages were left out.
    pub scanned_rows: u64,
    /// Rows that matched, when all were looked at.
    pub matched_rows: Option<u64>,
    /// Files and memory chunks read.
    pub parts: u64,
    pub took: Duration,
    /// A limit was met or a file was damaged: there may be more than this answer says.
    pub partial: bool,
    /// For people, each once: a field that no event has, a file that could not be read.
    pub warnings: Vec<String>,
}

/// Names an event for good: where it lies may change, its time and content do not. Two events that are the same in
/// every part of the name have one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId {
    pub kind: Kind,
    pub time_ns: i64,
    /// Of what tells it apart from others of its time.
    pub hash: u64,
}

impl EventId {
    /// Reads what it prints.
    pub fn parse(text: &str) -> Option<EventId> {
        let kind = match text.get(..1)? {
            "l" => Kind::Log,
            "s" => Kind::Span,
            "e" => Kind::Error,
            _ => return None,
        };
        let hex = |piece: Option<&str>| {
            let piece = piece.filter(|piece| piece.bytes().all(|b| b.is_ascii_hexdigit()))?;
            u64::from_str_radix(piece, 16).ok()
        };
        let time_ns = hex(text.get(1..17))? as i64;
        let hash = hex(text.get(17..).filter(|rest| rest.len() == 16))?;
        Some(EventId { kind, time_ns, hash })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Log => 'l',
            Kind::Span => 's',
            Kind::Error => 'e',
        };
        write!(f, "{kind}{:016x}{:016x}", self.time_ns as u64, self.hash)
    }
}

/// One event with everything it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: EventId,
    pub record: Record,
    /// `user` of the built-in columns, which records do not have.
    pub user: String,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    Span(Box<SpanRecord>),
    /// A log record or an error; the id says which.
    Log(Box<LogRecord>),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventsPage {
    pub events: Vec<Event>,
    /// Where the next page begins; none when this was the last.
    pub next: Option<String>,
    pub stats: Stats,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// Start of the first bucket; a multiple of the step.
    pub start_ns: i64,
    pub step_ns: i64,
    /// Without `by` one series without a key. With it, the most frequent value first; then those without the field
    /// (`None`) and the rest, if there are any.
    pub series: Vec<HistogramSeries>,
    pub total: u64,
    pub stats: Stats,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HistogramSeries {
    pub key: HistogramKey,
    pub counts: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum HistogramKey {
    /// There was no `by`.
    All,
    Value(String),
    /// Events without the field.
    Missing,
    /// Values that have no series of their own.
    Other,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Top {
    pub field: String,
    pub values: Vec<TopValue>,
    /// Events that matched.
    pub total: u64,
    /// Those without the field.
    pub missing: u64,
    /// Different values; about, when `distinct_exact` is false.
    pub distinct: u64,
    pub distinct_exact: bool,
    pub stats: Stats,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopValue {
    pub value: String,
    pub count: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    /// Built-in ones first, then the most frequent.
    pub fields: Vec<FieldStat>,
    /// Events that the counts are of.
    pub total: u64,
    pub stats: Stats,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FieldStat {
    /// As a query writes it.
    pub name: String,
    pub scope: FieldWhere,
    /// `str`, `int`, `double`, `bool`, `json`, `bytes`, `time`, `duration`, `id`; several joined by `|`.
    pub value_type: String,
    /// Events that have it, of those looked at.
    pub count: u64,
    /// Not all matching events were looked at.
    pub sampled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldWhere {
    Builtin,
    Attribute,
    Resource,
    Scope,
}

impl FieldWhere {
    pub fn name(self) -> &'static str {
        match self {
            FieldWhere::Builtin => "builtin",
            FieldWhere::Attribute => "attribute",
            FieldWhere::Resource => "resource",
            FieldWhere::Scope => "scope",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups {
    pub columns: Vec<GroupColumn>,
    pub rows: Vec<Vec<Cell>>,
    /// Groups there were; more than rows when the limit cut them.
    pub groups: u64,
    pub stats: Stats,
}

#[derive(Clone, Debug, PartialEq)]
pub struct GroupColumn {
    pub name: String,
    pub value_type: CellType,
    pub unit: Option<Unit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellType {
    Str,
    Int,
    Double,
}

impl CellType {
    pub fn name(self) -> &'static str {
        match self {
            CellType::Str => "str",
            CellType::Int => "int",
            CellType::Double => "double",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Nanoseconds,
    /// A share of one.
    Ratio,
    PerSecond,
}

impl Unit {
    pub fn name(self) -> &'static str {
        match self {
            Unit::Nanoseconds => "ns",
            Unit::Ratio => "ratio",
            Unit::PerSecond => "1/s",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Null,
    Str(String),
    Int(i64),
    Double(f64),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patterns {
    /// The most frequent first.
    pub patterns: Vec<LogPattern>,
    /// Start of the first bucket of `counts`, and the length of each.
    pub start_ns: i64,
    pub step_ns: i64,
    /// Lines looked at; all counts are of these.
    pub lines: u64,
    /// Not all matching lines were looked at.
    pub sampled: bool,
    pub stats: Stats,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LogPattern {
    /// `connection to <*> reset`: what differs between lines is `<*>`, or `<num>`, `<id>`, `<ip>`, `<time>` where all of
    /// it was of one sort.
    pub template: String,
    pub count: u64,
    /// Counts by the name of the severity, the most severe first; empty for not known.
    pub severity: Vec<(&'static str, u64)>,
    /// The newest line.
    pub sample: Event,
    pub first_ns: i64,
    pub last_ns: i64,
    pub counts: Vec<u64>,
}

/// An event among its neighbours, all in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    pub before: Vec<Event>,
    pub event: Event,
    pub after: Vec<Event>,
    pub stats: Stats,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TracesPage {
    pub traces: Vec<TraceSummary>,
    pub next: Option<String>,
    pub stats: Stats,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraceSummary {
    pub trace_id: TraceId,
    /// Start of the earliest span.
    pub start_ns: i64,
    /// To the end of the latest span.
    pub duration_ns: i64,
    /// The earliest span without a parent, if one has come.
    pub root: Option<RootSpan>,
    pub spans: u64,
    pub errors: u64,
    /// Spans whose parent has not come.
    pub orphans: u64,
    /// In the order in which they appear.
    pub services: Vec<ServiceCount>,
    /// Spans that the query matched.
    pub matched: u64,
    /// There is a root, and every span's parent is there.
    pub complete: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootSpan {
    pub service: String,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceCount {
    pub name: String,
    pub spans: u64,
    pub errors: u64,
}

/// One trace, whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    pub summary: TraceSummary,
    /// By start; events of [`Kind::Span`]. A span that came twice is here once.
    pub spans: Vec<Event>,
    /// There are more spans than [`Trace::SPANS_MAX`].
    pub truncated: bool,
    pub stats: Stats,
}

impl Trace {
    /// Spans given of one trace: at 2 KB each 200 MB, which the budget must have room for.
    pub const SPANS_MAX: usize = 100_000;
}

/// An operation of a service: the name of its spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub name: String,
    pub kind: SpanKind,
    pub spans: u64,
}

/// Calls from one service to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    pub parent: String,
    pub child: String,
    pub calls: u64,
    pub errors: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dependencies {
    pub edges: Vec<Dependency>,
    pub stats: Stats,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SearchError {
    /// The query cannot be understood: with its place and a hint.
    #[error("{0}")]
    Query(#[from] crate::lang::QueryError),
    /// Another parameter of the question is wrong.
    #[error("{parameter}: {message}")]
    Parameter { parameter: &'static str, message: String },
    #[error("there is no such event or trace")]
    NotFound,
    /// Nothing was found, but there are files that could not be asked.
    #[error("not found in what can be read; these files of events cannot be: {}", .0.join("; "))]
    Unreadable(Vec<String>),
    #[error("the query was cancelled")]
    Cancelled,
    #[error("the query took longer than {}", base::units::format_duration(*.0))]
    Timeout(Duration),
    /// It needs more memory than queries may have.
    #[error("{0}")]
    OverBudget(String),
    /// It asks for more than a named limit allows.
    #[error("{0}")]
    Limit(String),
    /// Others ask for as much as there is: later there may be room.
    #[error("{0}")]
    Busy(String),
    #[error("{0}")]
    Internal(String),
}

impl Event {
    pub fn time_ns(&self) -> i64 {
        self.id.time_ns
    }

    pub fn as_span(&self) -> Option<&SpanRecord> {
        match &self.record {
            Record::Span(span) => Some(span),
            Record::Log(_) => None,
        }
    }

    pub fn as_log(&self) -> Option<&LogRecord> {
        match &self.record {
            Record::Log(log) => Some(log),
            Record::Span(_) => None,
        }
    }

    pub fn trace_id(&self) -> TraceId {
        match &self.record {
            Record::Span(span) => span.trace_id,
            Record::Log(log) => log.trace_id,
        }
    }

    pub fn span_id(&self) -> SpanId {
        match &self.record {
            Record::Span(span) => span.span_id,
            Record::Log(log) => log.span_id,
        }
    }

    pub fn service(&self) -> &str {
        match &self.record {
            Record::Span(span) => &span.resource.service,
            Record::Log(log) => &log.resource.service,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_print_and_read() {
        for (kind, time_ns, hash) in
            [(Kind::Log, 1, 2), (Kind::Span, -5, u64::MAX), (Kind::Error, i64::MAX, 0)]
        {
            let id = EventId { kind, time_ns, hash };
            assert_eq!(EventId::parse(&id.to_string()), Some(id));
        }
        for bad in [
            "",
            "l",
            "x00000000000000010000000000000002",
            "l0000000000000001000000000000000",
            "lé",
            "l+000000000000001+000000000000002",
        ] {
            assert_eq!(EventId::parse(bad), None, "{bad}");
        }
    }
}
