//! What can be asked. Queries are text in the search language; times are Unix nanoseconds.

use crate::answer::EventId;
use base::{Budget, Clock};
use events::scan::Cancel;
use model::event::Kind;
use std::time::Duration;

/// From `start_ns` to before `end_ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    pub start_ns: i64,
    pub end_ns: i64,
}

impl TimeRange {
    pub const ALL: TimeRange = TimeRange { start_ns: i64::MIN, end_ns: i64::MAX };

    pub fn contains(self, time_ns: i64) -> bool {
        time_ns >= self.start_ns && (time_ns < self.end_ns || self.end_ns == i64::MAX)
    }
}

/// What every question says: which events.
#[derive(Clone, Debug, PartialEq)]
pub struct Which {
    pub kind: Kind,
    pub query: String,
    pub range: TimeRange,
}

/// What one question may take, and how it is stopped.
#[derive(Clone)]
pub struct Control {
    pub cancel: Cancel,
    pub clock: Clock,
    pub timeout: Duration,
    /// What the question holds in memory comes from here.
    pub budget: Budget,
    /// Threads that read at once.
    pub threads: usize,
    /// Rows looked at, at most; then the answer is partial.
    pub rows_max: u64,
}

impl Control {
    /// Rows that a question may look at unless it says otherwise: a thousand million, some ten seconds of two cores.
    pub const ROWS_MAX: u64 = 1_000_000_000;

    pub fn new(clock: Clock, budget: Budget, timeout: Duration) -> Control {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        Control { cancel: Cancel::default(), clock, timeout, budget, threads, rows_max: Control::ROWS_MAX }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    NewestFirst,
    OldestFirst,
}

/// Events themselves, a page at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct EventsAsk {
    pub which: Which,
    /// At most [`EventsAsk::LIMIT_MAX`].
    pub limit: usize,
    /// `next` of the page before, asked with the same query and order.
    pub cursor: Option<String>,
    pub order: Order,
}

impl EventsAsk {
    /// A page is held whole: 10,000 events of 2 KB are 20 MB.
    pub const LIMIT_MAX: usize = 10_000;
}

/// How many events a piece of time holds.
#[derive(Clone, Debug, PartialEq)]
pub struct HistogramAsk {
    pub which: Which,
    /// At most [`HistogramAsk::BUCKETS_MAX`]; the steps are round, so there may be fewer.
    pub buckets: usize,
    /// A series for each of the most frequent values of a field.
    pub by: Option<String>,
}

impl HistogramAsk {
    pub const BUCKETS_MAX: usize = 500;
    /// Values with a series of their own; the others share one.
    pub const SERIES_MAX: usize = 20;
}

/// The most frequent values of a field.
#[derive(Clone, Debug, PartialEq)]
pub struct TopAsk {
    pub which: Which,
    pub field: String,
    pub limit: usize,
}

/// Which fields there are, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldsAsk {
    pub which: Which,
}

/// A table: groups by the values of fields, with aggregates of each.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupAsk {
    pub which: Which,
    /// None for one row over everything; at most [`GroupAsk::KEYS_MAX`].
    pub by: Vec<String>,
    /// As written: `count`, `sum(x)`, `avg(x)`, `min(x)`, `max(x)`, `p50(x)` … `p99.9(x)`, `count_distinct(x)`,
    /// `error_rate`, `rate`. None given: `count`.
    pub aggregates: Vec<String>,
    /// Rows given; at most [`GroupAsk::LIMIT_MAX`].
    pub limit: usize,
    /// The name of a column, with `-` before it for the largest first. `None`: the first aggregate, largest first.
    pub order: Option<String>,
}

impl GroupAsk {
    pub const KEYS_MAX: usize = 4;
    pub const AGGREGATES_MAX: usize = 16;
    pub const LIMIT_MAX: usize = 10_000;
}

/// Templates of log lines.
#[derive(Clone, Debug, PartialEq)]
pub struct PatternsAsk {
    pub which: Which,
    pub limit: usize,
    /// Pieces of time in which each template is counted.
    pub buckets: usize,
}

/// What stands around an event of the same service and host.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextAsk {
    pub id: EventId,
    pub before: usize,
    pub after: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TraceOrder {
    #[default]
    Recent,
    Slowest,
}

/// Traces that have a span which matches.
#[derive(Clone, Debug, PartialEq)]
pub struct TracesAsk {
    /// Of [`Kind::Span`].
    pub which: Which,
    pub limit: usize,
    /// Of the whole trace, in nanoseconds.
    pub min_duration_ns: Option<i64>,
    pub max_duration_ns: Option<i64>,
    pub order: TraceOrder,
    pub cursor: Option<String>,
}

impl TracesAsk {
    pub const LIMIT_MAX: usize = 1_000;
}
