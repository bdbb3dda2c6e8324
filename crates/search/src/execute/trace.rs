//! One trace, whole; and summaries of many.
//!
//! Spans of a trace are found through the index of trace ids in each file, so it does not matter when they happened.

use super::plan::Plan;
use super::record::{RecordReader, bytes_at, integer_at, text_at};
use super::sweep::{cut, on_threads};
use crate::answer::{Event, RootSpan, SearchError, ServiceCount, Stats, Trace, TraceSummary};
use crate::compile::{time_column, trace_column};
use crate::eval::evaluate;
use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::DataType;
use events::scan::{ColumnRef, Prune, RowPredicate};
use hashbrown::{HashMap, HashSet};
use model::event::{SpanId, TraceId};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Spans of the traces of one page of summaries at most: a trace may have 100,000.
const SUMMARY_SPANS_MAX: usize = 5_000_000;
/// Spans of traces that are given whole together: a large one, or what a page of usual ones has.
const WHOLE_SPANS_MAX: usize = 150_000;

/// The whole traces with these ids, those that there are; within a time when the caller knows one. A page of a file that
/// holds several of them is read once.
pub(crate) fn whole(plan: &Plan<'_>, ids: &[TraceId]) -> Result<Vec<Trace>, SearchError> {
    let reader = RecordReader::new(plan.columns());
    let within = Prune::time(plan.range.start_ns, plan.range.end_ns);
    let threads = spans_of(plan, ids, within, &reader.columns, WHOLE_SPANS_MAX, |_| 0)?;
    let mut traces: HashMap<TraceId, Vec<Event>> = HashMap::new();
    for event in threads.iter().flat_map(|batch| reader.events(batch)) {
        let Some(id) = event.as_span().map(|span| span.trace_id) else { continue };
        traces.entry(id).or_default().push(event);
    }
    let cut = plan.guard.is_exhausted();
    let mut answers = Vec::with_capacity(traces.len());
    for id in ids {
        if let Some(spans) = traces.remove(id) {
            answers.push(one(*id, spans, cut, plan.stats()));
        }
    }
    Ok(answers)
}

fn one(id: TraceId, mut spans: Vec<Event>, cut: bool, stats: Stats) -> Trace {
    let key = |event: &Event| event.as_span().map(|span| (span.start_ns, span.span_id));
    spans.sort_by_key(|event| (key(event), event.id));
    // A sender that was not answered in time sends again. Client and server may share an id (Zipkin).
    spans.dedup_by(|a, b| a.id == b.id);
    let truncated = cut || spans.len() > Trace::SPANS_MAX;
    spans.truncate(Trace::SPANS_MAX);
    let mut sketch = Outline::default();
    for span in spans.iter().filter_map(Event::as_span) {
        sketch.add(&SpanLine {
            span_id: span.span_id,
            parent: span.parent_span_id,
            start_ns: span.start_ns,
            duration_ns: span.duration_ns,
            service: &span.resource.service,
            name: &span.name,
            error: span.status == model::event::Status::Error,
            matched: true,
        });
    }
    let mut summary = sketch.summary(id);
    summary.complete &= !truncated;
    Trace { summary, spans, truncated, stats }
}

/// Columns of all spans of some traces within a time, in no order. `beside` says what else the spans of a batch will
/// take in memory.
fn spans_of(
    plan: &Plan<'_>,
    ids: &[TraceId],
    within: Prune,
    columns: &[ColumnRef],
    spans_max: usize,
    beside: impl Fn(&RecordBatch) -> u64 + Sync,
) -> Result<Vec<RecordBatch>, SearchError> {
    let wanted: HashSet<TraceId> = ids.iter().copied().collect();
    let prune = Prune { trace_ids: Some(ids.to_vec()), ..within };
    let pieces = cut(&plan.snapshot.parts(&prune));
    let spans = AtomicUsize::new(0);
    let threads = on_threads(plan, &pieces, Vec::new, |found: &mut Vec<RecordBatch>, _, part| {
        let predicate = RowPredicate::new(vec![trace_column()], |batch: &RecordBatch| {
            let ids = batch.column(0).as_fixed_size_binary();
            let is_wanted = |id: &[u8]| id.try_into().is_ok_and(|id| wanted.contains(&TraceId(id)));
            Ok(BooleanArray::from_unary(ids, is_wanted))
        });
        for batch in part.read(columns, &prune, None, Some(predicate)) {
            let batch = batch.map_err(|e| plan.guard.scan_error(e))?.batch;
            plan.guard.look(batch.num_rows() as u64)?;
            plan.guard.hold(batch.get_array_memory_size() as u64 + beside(&batch))?;
            let before = spans.fetch_add(batch.num_rows(), Ordering::Relaxed);
            found.push(batch);
            if before + found.last().map_or(0, RecordBatch::num_rows) > spans_max {
                plan.guard.mark_partial(format!("the traces have more than {spans_max} spans"));
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    Ok(threads.into_iter().flatten().collect())
}

/// What a summary needs of a span.
struct SpanLine<'a> {
    span_id: SpanId,
    parent: SpanId,
    start_ns: i64,
    duration_ns: i64,
    service: &'a str,
    name: &'a str,
    error: bool,
    matched: bool,
}

/// What is known of a trace while its spans come.
#[derive(Default)]
pub(crate) struct Outline {
    seen: HashSet<(SpanId, i64, Arc<str>)>,
    ids: HashSet<SpanId>,
    /// How many spans name each as their parent.
    parents: HashMap<SpanId, u64>,
    start_ns: Option<i64>,
    end_ns: i64,
    root: Option<(i64, RootSpan)>,
    spans: u64,
    errors: u64,
    matched: u64,
    /// The newest start of a span that matched.
    pub newest_match_ns: Option<i64>,
    services: HashMap<Arc<str>, (i64, ServiceCount)>,
}

impl Outline {
    fn add(&mut self, span: &SpanLine<'_>) {
        let service: Arc<str> = match self.services.get_key_value(span.service) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(span.service),
        };
        if !self.seen.insert((span.span_id, span.start_ns, Arc::clone(&service))) {
            return;
        }
        self.ids.insert(span.span_id);
        self.spans += 1;
        self.errors += u64::from(span.error);
        if span.matched {
            self.matched += 1;
            self.newest_match_ns = self.newest_match_ns.max(Some(span.start_ns));
        }
        self.start_ns = Some(self.start_ns.map_or(span.start_ns, |start| start.min(span.start_ns)));
        self.end_ns = self.end_ns.max(span.start_ns.saturating_add(span.duration_ns));
        if span.parent.is_none() {
            if self.root.as_ref().is_none_or(|(start, _)| span.start_ns < *start) {
                let root = RootSpan { service: span.service.to_owned(), name: span.name.to_owned() };
                self.root = Some((span.start_ns, root));
            }
        } else {
            *self.parents.entry(span.parent).or_default() += 1;
        }
        let empty = || (span.start_ns, ServiceCount { name: span.service.to_owned(), spans: 0, errors: 0 });
        let (first, count) = self.services.entry(service).or_insert_with(empty);
        *first = (*first).min(span.start_ns);
        count.spans += 1;
        count.errors += u64::from(span.error);
    }

    pub fn summary(self, trace_id: TraceId) -> TraceSummary {
        let start_ns = self.start_ns.unwrap_or_default();
        let absent = self.parents.iter().filter(|(parent, _)| !self.ids.contains(*parent));
        let orphans: u64 = absent.map(|(_, children)| children).sum();
        let complete = self.root.is_some() && orphans == 0;
        let mut services: Vec<(i64, ServiceCount)> = self.services.into_values().collect();
        services.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.name.cmp(&b.1.name)));
        TraceSummary {
            trace_id,
            start_ns,
            duration_ns: self.end_ns.saturating_sub(start_ns),
            root: self.root.map(|(_, root)| root),
            spans: self.spans,
            errors: self.errors,
            orphans,
            services: services.into_iter().map(|(_, count)| count).collect(),
            matched: self.matched,
            complete,
        }
    }
}

/// Outlines of traces, from all their spans within a time.
pub(crate) fn outlines(
    plan: &Plan<'_>,
    ids: &[TraceId],
    within: Prune,
) -> Result<HashMap<TraceId, Outline>, SearchError> {
    let mut columns = plan.filter.columns.clone();
    let mut place = |column: ColumnRef| match columns.iter().position(|known| *known == column) {
        Some(at) => at,
        None => {
            columns.push(column);
            columns.len() - 1
        }
    };
    let lines = Lines {
        trace_id: place(trace_column()),
        span_id: place(ColumnRef::new("span_id", DataType::FixedSizeBinary(8))),
        parent: place(ColumnRef::new("parent_span_id", DataType::FixedSizeBinary(8))),
        time: place(time_column()),
        duration: place(ColumnRef::new("duration", DataType::Int64)),
        service: place(ColumnRef::dictionary("service")),
        name: place(ColumnRef::dictionary("name")),
        status: place(ColumnRef::dictionary("status")),
    };
    // A line of an outline takes about 150 B.
    let lines_of = |batch: &RecordBatch| batch.num_rows() as u64 * 150;
    let mut found: HashMap<TraceId, Outline> = HashMap::new();
    for batch in spans_of(plan, ids, within, &columns, SUMMARY_SPANS_MAX, lines_of)? {
        lines.add(plan, &batch, &mut found)?;
    }
    Ok(found)
}

/// Where the columns of an outline are.
struct Lines {
    trace_id: usize,
    span_id: usize,
    parent: usize,
    time: usize,
    duration: usize,
    service: usize,
    name: usize,
    status: usize,
}

impl Lines {
    fn add(
        &self,
        plan: &Plan<'_>,
        batch: &RecordBatch,
        found: &mut HashMap<TraceId, Outline>,
    ) -> Result<(), SearchError> {
        let matches = evaluate(&plan.filter, batch).map_err(|e| plan.guard.scan_error(e.into()))?;
        for row in 0..batch.num_rows() {
            let start_ns = integer_at(batch.column(self.time), row);
            let outline = found.entry(TraceId(bytes_at(batch.column(self.trace_id), row))).or_default();
            outline.add(&SpanLine {
                span_id: SpanId(bytes_at(batch.column(self.span_id), row)),
                parent: SpanId(bytes_at(batch.column(self.parent), row)),
                start_ns,
                duration_ns: integer_at(batch.column(self.duration), row),
                service: text_at(batch.column(self.service), row).unwrap_or_default(),
                name: text_at(batch.column(self.name), row).unwrap_or_default(),
                error: text_at(batch.column(self.status), row) == Some("error"),
                matched: matches.value(row) && plan.range.contains(start_ns),
            });
        }
        Ok(())
    }
}
