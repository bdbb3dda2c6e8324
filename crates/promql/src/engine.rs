//! The engine: options, limits and the two kinds of query.
//!
//! A query is parsed, prepared for its times (`@ start()`, duration expressions), evaluated for all steps at once and
//! brought into the form of its result. Everything a query does is held against its [`QueryControl`] and the engine's
//! limits; it stops at the next check after one is passed.

use crate::ast::{Expr, PosRange};
use crate::eval;
use crate::parse::{ParseErrors, ParseOptions, parse};
use crate::source::SeriesSource;
use crate::value::Value;
use base::{Budget, Clock};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How an engine works. `Default` is Prometheus's server without feature flags.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// How old the last sample of a series may be.
    pub lookback_ms: i64,
    /// The most samples a query may hold in memory at once. A histogram weighs as many as it takes 16 bytes.
    pub samples_max: u64,
    pub timeout: Duration,
    /// Threads a query may use beside each other.
    pub threads: usize,
    pub parse: ParseOptions,
    /// Drop `__name__` from the result only, not from what operators pass on.
    pub delayed_name_removal: bool,
    /// Tell counters by the label `__type__` instead of by the name's ending.
    pub type_and_unit_labels: bool,
    /// See counter resets in the start timestamps of samples.
    pub start_timestamps: bool,
    /// Step of a subquery that names none.
    pub subquery_step_ms: i64,
    pub clock: Clock,
}

impl Default for EngineOptions {
    fn default() -> EngineOptions {
        EngineOptions {
            lookback_ms: 5 * 60_000,
            samples_max: 50_000_000,
            timeout: Duration::from_secs(120),
            threads: 2,
            parse: ParseOptions::default(),
            delayed_name_removal: false,
            type_and_unit_labels: false,
            start_timestamps: false,
            subquery_step_ms: 60_000,
            clock: Clock::system(),
        }
    }
}

/// Says that nobody waits for the answer any more. Cloning gives a handle to the same query.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_canceled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one query may do.
#[derive(Clone, Debug, Default)]
pub struct QueryControl {
    pub cancel: Cancel,
    /// What results and intermediate results are held against.
    pub budget: Option<Budget>,
    /// Instead of the engine's, when it is shorter.
    pub timeout: Option<Duration>,
    /// Instead of the engine's.
    pub lookback_ms: Option<i64>,
    /// Count samples by step.
    pub per_step_stats: bool,
    /// Account for each part of the query.
    pub explain: bool,
}

/// The answer to a query.
#[derive(Clone, Debug)]
pub struct QueryResult {
    pub value: Value,
    /// As Prometheus words them, positions included.
    pub warnings: Vec<String>,
    pub infos: Vec<String>,
    pub stats: QueryStats,
    /// With [`QueryControl::explain`].
    pub explain: Option<ExplainNode>,
}

/// What a query took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueryStats {
    /// Samples looked at, counted for every step that looked at them.
    pub samples_total: u64,
    /// The most samples held at once.
    pub samples_peak: u64,
    /// Of [`QueryControl::per_step_stats`]: samples looked at by step, with its time.
    pub samples_per_step: Vec<(i64, u64)>,
    /// Parsing and preparation.
    pub prepare: Duration,
    /// Evaluation.
    pub eval: Duration,
    /// Sorting and shaping of the result.
    pub finish: Duration,
}

/// What one part of a query took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExplainNode {
    /// What kind of part it is: `selector`, `rate()`, `sum`, `+` …
    pub kind: String,
    /// The bytes of the query it stands for.
    pub pos: PosRange,
    /// The text of the query at these bytes.
    pub text: String,
    /// Series that its children gave it; of a selector, series that matched.
    pub series_in: u64,
    pub series_out: u64,
    /// Samples read from the source.
    pub samples_read: u64,
    /// Time from its start to its end, children included.
    pub time: Duration,
    /// It was evaluated once for all steps.
    pub once: bool,
    /// It was computed together with the part above it, series by series: its time is a share of that one's, of the
    /// thread that took longest.
    pub fused: bool,
    pub children: Vec<ExplainNode>,
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QueryError {
    #[error("{0}")]
    Parse(ParseErrors),
    /// The query cannot be asked in this way, whatever the data are.
    #[error("{0}")]
    Unfit(String),
    /// The query makes no sense for these data.
    #[error("{0}")]
    Execution(String),
    #[error("query timed out in {0}")]
    Timeout(&'static str),
    #[error("query was canceled in {0}")]
    Canceled(&'static str),
    #[error("query processing would load too many samples into memory in {0}")]
    TooManySamples(&'static str),
    /// More bytes than the query may hold.
    #[error("query needs too much memory: {0}")]
    OverBudget(String),
    #[error("expanding series: {0}")]
    Storage(String),
    /// A fault of ours.
    #[error("unexpected error: {0}")]
    Internal(String),
}

/// A query: text, or a tree with the text it was parsed from.
#[derive(Clone, Copy, Debug)]
pub enum Query<'a> {
    Text(&'a str),
    Parsed { text: &'a str, expr: &'a Expr },
}

impl<'a> From<&'a str> for Query<'a> {
    fn from(text: &'a str) -> Query<'a> {
        Query::Text(text)
    }
}

impl<'a> From<&'a String> for Query<'a> {
    fn from(text: &'a String) -> Query<'a> {
        Query::Text(text)
    }
}

impl<'a> Query<'a> {
    fn text(&self) -> &'a str {
        match self {
            Query::Text(text) | Query::Parsed { text, .. } => text,
        }
    }
}

/// The times of a range query, Unix milliseconds. `step_ms` must be above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    pub start_ms: i64,
    /// Inclusive.
    pub end_ms: i64,
    pub step_ms: i64,
}

/// Evaluates queries. Holds no state between them; share it freely.
#[derive(Clone, Debug)]
pub struct Engine {
    options: EngineOptions,
}

impl Engine {
    pub fn new(options: EngineOptions) -> Engine {
        Engine { options }
    }

    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// Parses with the engine's options.
    pub fn parse(&self, query: &str) -> Result<Expr, QueryError> {
        parse(query, &self.options.parse).map_err(QueryError::Parse)
    }

    /// Evaluates at one time.
    pub fn instant<'a>(
        &self,
        source: &dyn SeriesSource,
        query: impl Into<Query<'a>>,
        time_ms: i64,
        control: &QueryControl,
    ) -> Result<QueryResult, QueryError> {
        let times = eval::Times { start_ms: time_ms, end_ms: time_ms, step_ms: None };
        self.run(source, query.into(), times, control)
    }

    /// Evaluates at every step of a range.
    pub fn range<'a>(
        &self,
        source: &dyn SeriesSource,
        query: impl Into<Query<'a>>,
        range: TimeRange,
        control: &QueryControl,
    ) -> Result<QueryResult, QueryError> {
        if range.step_ms <= 0 {
            return Err(QueryError::Execution("zero or negative query resolution step".to_owned()));
        }
        let times =
            eval::Times { start_ms: range.start_ms, end_ms: range.end_ms, step_ms: Some(range.step_ms) };
        self.run(source, query.into(), times, control)
    }

    fn run(
        &self,
        source: &dyn SeriesSource,
        query: Query<'_>,
        times: eval::Times,
        control: &QueryControl,
    ) -> Result<QueryResult, QueryError> {
        let started = self.options.clock.monotonic();
        let expr = match query {
            Query::Text(text) => self.parse(text)?,
            Query::Parsed { expr, .. } => expr.clone(),
        };
        let setup = eval::Setup { options: &self.options, control, source, text: query.text(), started };
        eval::run(setup, expr, times)
    }
}

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..={} ms by {} ms", self.start_ms, self.end_ms, self.step_ms)
    }
}
