//! Traces that have a span which matches: the most recent, or the slowest.
//!
//! "Recent" is the newest span that matched: so a page can be found without reading all. The range is gone through in
//! windows from its end; what a window holds is summarised through the index of trace ids. A trace whose newest match
//! lies before the cursor's was given on an earlier page.
//!
//! The slowest are found by going through all spans of the range; the summary then counts spans outside of it, too.

use super::columns::Wanted;
use super::events::windows;
use super::plan::Plan;
use super::services::ServiceNames;
use super::sweep::{Reading, Rows, on_threads, pieces, sweep};
use super::trace::outlines;
use crate::answer::{SearchError, TraceSummary, TracesPage};
use crate::ask::{Order, TimeRange, TraceOrder, TracesAsk, Which};
use crate::compile::{time_column, trace_column};
use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type, TimestampNanosecondType};
use events::scan::{ColumnRef, Prune, Snapshot};
use hashbrown::HashMap;
use model::event::{Kind, TraceId};

/// Spans of a trace are looked for so long before and after its matches: 24 hours.
const REACH_NS: i64 = 86_400 * 1_000_000_000;
/// Traces summarised for one page at most, when few of them are as long as asked for.
const EXAMINED_MAX: usize = 20_000;
/// Traces summarised at once.
const CHUNK: usize = 200;
/// Traces held while looking for the slowest: about 60 B each, 120 MB, which the budget must have room for.
const TRACES_MAX: usize = 2_000_000;
const TRACE_BYTES: u64 = 60;

pub(crate) fn run(
    snapshot: &Snapshot,
    ask: &TracesAsk,
    plan: &Plan<'_>,
    names: &ServiceNames,
) -> Result<TracesPage, SearchError> {
    let parameter = |parameter, message: String| Err(SearchError::Parameter { parameter, message });
    if plan.kind != Kind::Span {
        return parameter("kind", "traces are made of spans".to_owned());
    }
    if ask.limit == 0 || ask.limit > TracesAsk::LIMIT_MAX {
        return parameter("limit", format!("1 to {}", TracesAsk::LIMIT_MAX));
    }
    let after = match &ask.cursor {
        None => None,
        Some(cursor) => match Place::parse(cursor) {
            Some(place) => Some(place),
            None => return parameter("cursor", "not a cursor of this search".to_owned()),
        },
    };
    let mut page = Page { ask, plan, after, traces: Vec::new(), examined: 0, last: None };
    let more = match ask.order {
        TraceOrder::Recent => page.recent()?,
        TraceOrder::Slowest => page.slowest(snapshot, names)?,
    };
    let next = page.last.filter(|_| more).map(|place| place.to_string());
    Ok(TracesPage { traces: page.traces, next, stats: plan.stats() })
}

/// What traces are ordered by (a time or a duration, the largest first), and then by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    rank: i64,
    id: TraceId,
}

impl Place {
    fn parse(text: &str) -> Option<Place> {
        let (rank, id) = text.split_once('.')?;
        Some(Place { rank: rank.parse().ok()?, id: TraceId::parse(id)? })
    }

    fn key(self) -> (std::cmp::Reverse<i64>, TraceId) {
        (std::cmp::Reverse(self.rank), self.id)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.rank, self.id)
    }
}

struct Page<'a> {
    ask: &'a TracesAsk,
    plan: &'a Plan<'a>,
    after: Option<Place>,
    traces: Vec<TraceSummary>,
    examined: usize,
    /// The last trace looked at, given or not.
    last: Option<Place>,
}

impl Page<'_> {
    /// True when there may be more.
    fn recent(&mut self) -> Result<bool, SearchError> {
        let mut range = self.plan.range;
        if let Some(after) = self.after {
            range.end_ns = range.end_ns.min(after.rank.saturating_add(1));
        }
        let mut done: HashMap<TraceId, ()> = HashMap::new();
        for window in windows(self.plan, range, Order::NewestFirst) {
            let mut found: Vec<Place> = self
                .matches(window)?
                .into_iter()
                .filter(|(id, _)| !done.contains_key(id))
                .map(|(id, rank)| Place { rank, id })
                .collect();
            found.retain(|place| self.after.is_none_or(|after| place.key() > after.key()));
            found.sort_unstable_by_key(|place| place.key());
            done.extend(found.iter().map(|place| (place.id, ())));
            self.plan.guard.hold(found.len() as u64 * TRACE_BYTES)?;
            if self.take(&found)? {
                return Ok(true);
            }
            if self.plan.guard.is_exhausted() {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// The newest match of each trace in a window.
    fn matches(&self, window: TimeRange) -> Result<HashMap<TraceId, i64>, SearchError> {
        let mut prune = self.plan.filter.prune.clone();
        (prune.start_ns, prune.end_ns) = (window.start_ns, window.end_ns);
        let pieces = pieces(self.plan, &prune);
        let wanted = [trace_column(), time_column()];
        let threads = on_threads(self.plan, &pieces, HashMap::new, |newest, piece, part| {
            let (filter, guard) = (&self.plan.filter, &self.plan.guard);
            let reading = Reading { filter, range: window, guard, wanted: &wanted, runs: None };
            reading.part(part, &prune, piece, &mut |rows| {
                newest_of(rows, newest);
                Ok(newest.len() < TRACES_MAX)
            })
        })?;
        let mut threads = threads.into_iter();
        let mut all = threads.next().unwrap_or_default();
        for (id, time) in threads.flatten() {
            let newest = all.entry(id).or_insert(time);
            *newest = time.max(*newest);
        }
        Ok(all)
    }

    /// Takes traces in order onto the page; true when it is full before they end.
    fn take(&mut self, found: &[Place]) -> Result<bool, SearchError> {
        for chunk in found.chunks(CHUNK.min(self.ask.limit + 1)) {
            if self.traces.len() >= self.ask.limit {
                return Ok(true);
            }
            self.examined += chunk.len();
            if self.examined > EXAMINED_MAX {
                self.plan
                    .guard
                    .warn(format!("{EXAMINED_MAX} traces were looked at; go on with the next page"));
                return Ok(true);
            }
            let ids: Vec<TraceId> = chunk.iter().map(|place| place.id).collect();
            let mut outlines = outlines(self.plan, &ids, self.around(chunk))?;
            for place in chunk {
                if self.traces.len() >= self.ask.limit {
                    return Ok(true);
                }
                self.last = Some(*place);
                let Some(outline) = outlines.remove(&place.id) else { continue };
                // It has a newer match: it was given before.
                let recent = self.ask.order == TraceOrder::Recent;
                if recent && outline.newest_match_ns.is_some_and(|newest| newest > place.rank) {
                    continue;
                }
                let summary = outline.summary(place.id);
                let long = self.ask.min_duration_ns.is_none_or(|min| summary.duration_ns >= min);
                let short = self.ask.max_duration_ns.is_none_or(|max| summary.duration_ns <= max);
                if long && short {
                    self.traces.push(summary);
                }
            }
        }
        Ok(false)
    }

    /// The time in which the spans of traces are looked for.
    fn around(&self, places: &[Place]) -> Prune {
        let (first, last) = match self.ask.order {
            TraceOrder::Recent => {
                let times = places.iter().map(|place| place.rank);
                (times.clone().min().unwrap_or(i64::MIN), times.max().unwrap_or(i64::MAX))
            }
            TraceOrder::Slowest => (self.plan.range.start_ns, self.plan.range.end_ns),
        };
        Prune::time(first.saturating_sub(REACH_NS), last.saturating_add(REACH_NS))
    }

    fn slowest(&mut self, snapshot: &Snapshot, names: &ServiceNames) -> Result<bool, SearchError> {
        let mut spans = extents(self.plan, None)?;
        if !self.plan.filter.is_all() && !spans.is_empty() {
            let which = Which { query: String::new(), ..self.ask.which.clone() };
            let whole = Plan::new(snapshot, &which, names, self.plan.guard.control)?;
            spans = extents(&whole, Some(&spans))?;
        }
        let rank = |(id, (start, end)): (TraceId, (i64, i64))| Place { rank: end.saturating_sub(start), id };
        let mut found: Vec<Place> = spans.into_iter().map(rank).collect();
        found.retain(|place| self.after.is_none_or(|after| place.key() > after.key()));
        // A trace is at least as long as what is seen of it here.
        found.retain(|place| self.ask.max_duration_ns.is_none_or(|max| place.rank <= max));
        found.sort_unstable_by_key(|place| place.key());
        let more = self.take(&found)?;
        self.traces
            .sort_by(|a, b| b.duration_ns.cmp(&a.duration_ns).then_with(|| a.trace_id.cmp(&b.trace_id)));
        Ok(more)
    }
}

fn newest_of(rows: &Rows<'_>, newest: &mut HashMap<TraceId, i64>) {
    let ids = rows.columns[0].as_fixed_size_binary();
    let times = rows.columns[1].as_primitive::<TimestampNanosecondType>().values();
    rows.each(|row| {
        if let Ok(id) = ids.value(row).try_into() {
            let known = newest.entry(TraceId(id)).or_insert(times[row]);
            *known = times[row].max(*known);
        }
    });
}

type Extents = HashMap<TraceId, (i64, i64)>;

/// Start and end of traces, by the spans that match; only of some traces.
fn extents(plan: &Plan<'_>, only: Option<&Extents>) -> Result<Extents, SearchError> {
    let mut wanted = Wanted::default();
    let id = wanted.add(trace_column());
    let time = wanted.add(time_column());
    let duration = wanted.add(ColumnRef::new("duration", DataType::Int64));
    let pieces = pieces(plan, &plan.filter.prune);
    let threads = sweep(plan, &wanted.0, &pieces, Extents::new, |extents, rows| {
        let before = extents.len();
        let ids = rows.columns[id].as_fixed_size_binary();
        let times = rows.columns[time].as_primitive::<TimestampNanosecondType>().values();
        let durations = rows.columns[duration].as_primitive::<Int64Type>().values();
        rows.each(|row| {
            let Ok(id) = ids.value(row).try_into().map(TraceId) else { return };
            if only.is_some_and(|only| !only.contains_key(&id)) {
                return;
            }
            let (start, end) = (times[row], times[row].saturating_add(durations[row]));
            let known = extents.entry(id).or_insert((start, end));
            *known = (known.0.min(start), known.1.max(end));
        });
        plan.guard.hold((extents.len() - before) as u64 * TRACE_BYTES)?;
        if extents.len() > TRACES_MAX {
            plan.guard
                .mark_partial(format!("there are more than {TRACES_MAX} traces: only some were compared"));
            return Ok(false);
        }
        Ok(true)
    })?;
    let mut threads = threads.into_iter();
    let mut all = threads.next().unwrap_or_default();
    for (id, (start, end)) in threads.flatten() {
        let known = all.entry(id).or_insert((start, end));
        *known = (known.0.min(start), known.1.max(end));
    }
    Ok(all)
}
