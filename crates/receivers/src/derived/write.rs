//! Derived metrics as series: their names, labels and samples.
//!
//! All samples of a flush have its time. A series that is new gets a zero before its first value, so that
//! `increase()` counts from the first span on; one that is let go gets a staleness marker. Series are found by keys,
//! so that labels are made once in their life.

use super::bounds::{COLLECTOR_MS, Durations, TEMPO_MS};
use super::calls::{CallNames, Combination, Witness};
use super::graph::{Relation, RelationNames};
use model::event::{SpanKind, Status};
use model::{Exemplar, Labels, METRIC_NAME, Metadata, MetricType, stale_nan};
use tsdb::{AppendError, Appender, SeriesRef};

/// The zero comes this long before the first value.
const ZERO_BEFORE_MS: i64 = 1_000;
/// Exemplars of one flush. The store keeps 100,000 of all series: four flushes a minute leave an hour of them.
pub(crate) const EXEMPLARS_MAX: usize = 400;

/// A histogram family.
struct HistogramFamily {
    name: &'static str,
    bounds_ms: &'static [i64],
    in_seconds: bool,
}

const COLLECTOR_DURATION: HistogramFamily = HistogramFamily {
    name: "traces_span_metrics_duration_milliseconds",
    bounds_ms: &COLLECTOR_MS,
    in_seconds: false,
};
const TEMPO_LATENCY: HistogramFamily =
    HistogramFamily { name: "traces_spanmetrics_latency", bounds_ms: &TEMPO_MS, in_seconds: true };
const GRAPH_SERVER: HistogramFamily = HistogramFamily {
    name: "traces_service_graph_request_server_seconds",
    bounds_ms: &COLLECTOR_MS,
    in_seconds: true,
};
const GRAPH_CLIENT: HistogramFamily =
    HistogramFamily { name: "traces_service_graph_request_client_seconds", ..GRAPH_SERVER };

const COLLECTOR_CALLS: &str = "traces_span_metrics_calls_total";
const TEMPO_CALLS: &str = "traces_spanmetrics_calls_total";
const TEMPO_SIZE: &str = "traces_spanmetrics_size_total";
const GRAPH_TOTAL: &str = "traces_service_graph_request_total";
const GRAPH_FAILED: &str = "traces_service_graph_request_failed_total";
pub(crate) const TARGET_INFO: &str = "traces_target_info";

/// Which families of span metrics are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Families {
    pub collector: bool,
    pub tempo: bool,
}

/// A flush on its way into the store.
pub(crate) struct Writer {
    pub appender: Appender,
    pub now_ms: i64,
    pub families: Families,
    /// How many more exemplars may be written.
    pub exemplars_left: usize,
}

/// The series of one owner: keys and labels.
struct Owner<'a> {
    key: u128,
    labels: &'a [(&'a str, &'a str)],
    /// Has no samples yet.
    is_new: bool,
}

/// What series an owner has, numbered: the key of each is the owner's and its number.
struct Numbers(u128);

impl Numbers {
    fn next(&mut self, owner: u128) -> u128 {
        // An odd number of many bits keeps neighbours apart in any table.
        self.0 += 1;
        owner.wrapping_add(self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
    }
}

/// Text of the labels `span_kind`.
fn kind_label(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Unspecified => "SPAN_KIND_UNSPECIFIED",
        SpanKind::Internal => "SPAN_KIND_INTERNAL",
        SpanKind::Server => "SPAN_KIND_SERVER",
        SpanKind::Client => "SPAN_KIND_CLIENT",
        SpanKind::Producer => "SPAN_KIND_PRODUCER",
        SpanKind::Consumer => "SPAN_KIND_CONSUMER",
    }
}

/// Text of the labels `status_code`.
fn status_label(status: Status) -> &'static str {
    match status {
        Status::Unset => "STATUS_CODE_UNSET",
        Status::Ok => "STATUS_CODE_OK",
        Status::Error => "STATUS_CODE_ERROR",
    }
}

/// What of a histogram goes where.
#[derive(Clone, Copy)]
enum Values<'a> {
    Counted(&'a Durations),
    /// The series end.
    Ended,
}

impl Writer {
    /// A combination of span metrics.
    pub fn call(&mut self, combination: &Combination) -> Result<(), AppendError> {
        let other = combination.slowest.filter(|slowest| Some(*slowest) != combination.latest);
        let witnesses = [combination.latest, other];
        self.call_series(
            &combination.names,
            !combination.is_written,
            Values::Counted(&combination.durations),
            combination.bytes as f64,
            &witnesses,
        )
    }

    /// A combination that was let go.
    pub fn end_call(&mut self, names: &CallNames) -> Result<(), AppendError> {
        self.call_series(names, false, Values::Ended, stale_nan(), &[])
    }

    fn call_series(
        &mut self,
        names: &CallNames,
        is_new: bool,
        values: Values<'_>,
        bytes: f64,
        witnesses: &[Option<Witness>],
    ) -> Result<(), AppendError> {
        let (kind, status) = (kind_label(names.kind), status_label(names.status));
        let overflow = if names.is_overflow { "true" } else { "" };
        let with_service = |name: &'static str| {
            [
                (name, &*names.service),
                ("span_name", &*names.name),
                ("span_kind", kind),
                ("status_code", status),
                ("otel_metric_overflow", overflow),
            ]
        };
        let calls = match values {
            Values::Counted(durations) => durations.count() as f64,
            Values::Ended => stale_nan(),
        };
        let mut numbers = Numbers(0);
        if self.families.collector {
            let labels = with_service("service_name");
            let owner = Owner { key: names.key, labels: &labels, is_new };
            self.counter(&owner, &mut numbers, COLLECTOR_CALLS, calls)?;
            self.histogram(&owner, &mut numbers, &COLLECTOR_DURATION, values, witnesses)?;
        }
        // The keys of one family do not depend on whether the other is written.
        let mut numbers = Numbers(1_000);
        if self.families.tempo {
            let labels = with_service("service");
            let owner = Owner { key: names.key, labels: &labels, is_new };
            self.counter(&owner, &mut numbers, TEMPO_CALLS, calls)?;
            self.counter(&owner, &mut numbers, TEMPO_SIZE, bytes)?;
            self.histogram(&owner, &mut numbers, &TEMPO_LATENCY, values, witnesses)?;
        }
        Ok(())
    }

    /// A relation of the service graph.
    pub fn relation(&mut self, names: &RelationNames, relation: &Relation) -> Result<(), AppendError> {
        let is_new = !relation.is_written;
        let witnesses = [relation.witness];
        let labels = relation_labels(names);
        let owner = Owner { key: names.key, labels: &labels, is_new };
        let mut numbers = Numbers(0);
        self.counter(&owner, &mut numbers, GRAPH_TOTAL, relation.total as f64)?;
        self.counter(&owner, &mut numbers, GRAPH_FAILED, relation.failed as f64)?;
        let values = Values::Counted(&relation.server);
        self.histogram(&owner, &mut numbers, &GRAPH_SERVER, values, &witnesses)?;
        self.histogram(&owner, &mut numbers, &GRAPH_CLIENT, Values::Counted(&relation.client), &[])
    }

    /// A relation that was let go.
    pub fn end_relation(&mut self, names: &RelationNames) -> Result<(), AppendError> {
        let labels = relation_labels(names);
        let owner = Owner { key: names.key, labels: &labels, is_new: false };
        let mut numbers = Numbers(0);
        self.counter(&owner, &mut numbers, GRAPH_TOTAL, stale_nan())?;
        self.counter(&owner, &mut numbers, GRAPH_FAILED, stale_nan())?;
        self.histogram(&owner, &mut numbers, &GRAPH_SERVER, Values::Ended, &[])?;
        self.histogram(&owner, &mut numbers, &GRAPH_CLIENT, Values::Ended, &[])
    }

    /// The `traces_target_info` of a resource.
    pub fn target_info(&mut self, key: u128, labels: &Labels, value: f64) -> Result<(), AppendError> {
        self.sample(key, &|| labels.clone(), false, value).map(|_| ())
    }

    fn counter(
        &mut self,
        owner: &Owner<'_>,
        numbers: &mut Numbers,
        name: &'static str,
        value: f64,
    ) -> Result<(), AppendError> {
        let key = numbers.next(owner.key);
        self.sample(key, &|| owner.series(name, None), owner.is_new, value).map(|_| ())
    }

    fn histogram(
        &mut self,
        owner: &Owner<'_>,
        numbers: &mut Numbers,
        family: &HistogramFamily,
        values: Values<'_>,
        witnesses: &[Option<Witness>],
    ) -> Result<(), AppendError> {
        let HistogramFamily { name, bounds_ms, in_seconds } = *family;
        let (sum, count, counts): (f64, f64, Vec<f64>) = match values {
            Values::Counted(d) => (
                if in_seconds { d.sum_seconds() } else { d.sum_ms() },
                d.count() as f64,
                d.cumulative(bounds_ms).map(|n| n as f64).collect(),
            ),
            Values::Ended => (stale_nan(), stale_nan(), vec![stale_nan(); bounds_ms.len()]),
        };
        for (suffix, value) in [("_sum", sum), ("_count", count)] {
            let key = numbers.next(owner.key);
            self.sample(key, &|| owner.series(&format!("{name}{suffix}"), None), owner.is_new, value)?;
        }
        let scale = if in_seconds { 1e3 } else { 1.0 };
        let bounds = bounds_ms.iter().map(|ms| *ms as f64 / scale).chain([f64::INFINITY]);
        let mut below = f64::NEG_INFINITY;
        for (bound, value) in bounds.zip(counts.into_iter().chain([count])) {
            let key = numbers.next(owner.key);
            let labels = || {
                let le = model::number::format_f(bound);
                owner.series(&format!("{name}_bucket"), Some(&le))
            };
            let series = self.sample(key, &labels, owner.is_new, value)?;
            for witness in witnesses.iter().flatten() {
                let value = witness.duration_ns as f64 / 1e6 / scale;
                if below < value && value <= bound {
                    self.exemplar(series, witness, value);
                }
            }
            below = bound;
        }
        Ok(())
    }

    fn exemplar(&mut self, series: SeriesRef, witness: &Witness, value: f64) {
        let Some(left) = self.exemplars_left.checked_sub(1) else { return };
        self.exemplars_left = left;
        let (trace, span) = (witness.trace_id.to_string(), witness.span_id.to_string());
        let labels = Labels::from_sorted([("span_id", span.as_str()), ("trace_id", trace.as_str())]);
        // Two in one bucket are of one time: the second is not needed.
        let _ = self.appender.exemplar(series, &Exemplar { labels, value, timestamp: Some(self.now_ms) });
    }

    fn sample(
        &mut self,
        key: u128,
        labels: &dyn Fn() -> Labels,
        is_new: bool,
        value: f64,
    ) -> Result<SeriesRef, AppendError> {
        let series = match self.appender.lookup(key) {
            Some(series) => series,
            None => self.appender.series(Some(key), &labels())?,
        };
        match self.put(series, is_new, value) {
            Err(AppendError::UnknownSeries) => {
                // It left the head since the key was learned.
                let series = self.appender.series(Some(key), &labels())?;
                self.put(series, is_new, value)?;
                Ok(series)
            }
            result => result.map(|()| series),
        }
    }

    fn put(&mut self, series: SeriesRef, is_new: bool, value: f64) -> Result<(), AppendError> {
        if is_new {
            // An earlier life of the series may have left a later sample: then the value itself shows the restart.
            let zero = self.appender.float(series, self.now_ms - ZERO_BEFORE_MS, 0.0);
            if zero == Err(AppendError::UnknownSeries) {
                return zero;
            }
        }
        match self.appender.float(series, self.now_ms, value) {
            // Of one time there is one sample: what it missed is in the next.
            Err(AppendError::OutOfOrder { .. } | AppendError::DuplicateTimestamp { .. }) => Ok(()),
            result => result,
        }
    }

    /// Types and helps of all families.
    pub fn metadata(&mut self) {
        let families = [
            (COLLECTOR_CALLS, MetricType::Counter, "Spans, by service, name, kind and status.", ""),
            (COLLECTOR_DURATION.name, MetricType::Histogram, "Durations of spans.", "milliseconds"),
            (TEMPO_CALLS, MetricType::Counter, "Spans, by service, name, kind and status.", ""),
            (TEMPO_SIZE, MetricType::Counter, "Sizes of spans, about.", ""),
            (TEMPO_LATENCY.name, MetricType::Histogram, "Durations of spans in seconds.", ""),
            (GRAPH_TOTAL, MetricType::Counter, "Requests from one node to another.", ""),
            (GRAPH_FAILED, MetricType::Counter, "Failed requests from one node to another.", ""),
            (
                GRAPH_SERVER.name,
                MetricType::Histogram,
                "Durations of requests as servers see them.",
                "seconds",
            ),
            (
                GRAPH_CLIENT.name,
                MetricType::Histogram,
                "Durations of requests as clients see them.",
                "seconds",
            ),
            (TARGET_INFO, MetricType::Gauge, "Attributes of the resources that sent spans.", ""),
        ];
        for (name, metric_type, help, unit) in families {
            let metadata = Metadata { metric_type, help: help.to_owned(), unit: unit.to_owned() };
            self.appender.metadata(name, &metadata);
        }
    }
}

fn relation_labels(names: &RelationNames) -> [(&'static str, &str); 3] {
    [("client", &names.client), ("server", &names.server), ("connection_type", names.connection.name())]
}

impl Owner<'_> {
    fn series(&self, name: &str, le: Option<&str>) -> Labels {
        let more = [(METRIC_NAME, name), ("le", le.unwrap_or(""))];
        Labels::from_pairs(self.labels.iter().copied().chain(more))
    }
}
