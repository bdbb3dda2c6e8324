//! Traces that have a span which matches: the most recent, or the slowest.
//!
//! "Recent" is the newest span that matched: so a page can be found without reading all. The range is gone through in
//! windows from its end; what a window holds is summarised through the index of trace ids. A trace whose newest match
//! lies before the cursor's was given on an earlier page.
//!
//! The slowest are found by going through all spans of the range ([`super::extents`]); the summary then counts spans
//! outside of it, too.

use super::events::windows;
use super::extents::{self, Extent, FEW};
use super::plan::Plan;
use super::sweep::{Reading, Rows, on_threads, pieces};
use super::trace::outlines;
use crate::answer::{SearchError, TraceSummary, TracesPage};
use crate::ask::{Order, TimeRange, TraceOrder, TracesAsk};
use crate::compile::{time_column, trace_column};
use arrow::array::AsArray;
use arrow::datatypes::TimestampNanosecondType;
use events::scan::Prune;
use hashbrown::{HashMap, HashSet};
use model::event::{Kind, TraceId};

/// Spans of a trace are looked for so long before and after its matches: 24 hours.
const REACH_NS: i64 = 86_400 * 1_000_000_000;
/// Traces summarised for one page at most, when few of them are as long as asked for.
const EXAMINED_MAX: usize = 20_000;
/// Traces summarised at once, at first no more than fill the page: some 10,000 spans, 50 ms.
const CHUNK: usize = 1_000;
/// Each chunk is so many times as long as the one before: when few are as long as asked for, more of them are looked at.
const CHUNK_GROWTH: usize = 4;
/// When so many did not fill the page, those that are too short are found by going through all spans.
const TRIED: usize = if cfg!(test) { 2 } else { 400 };
/// Traces with a match in one window held at once: about 60 B each, 120 MB, which the budget must have room for.
const TRACES_MAX: usize = 2_000_000;
const TRACE_BYTES: u64 = 60;

pub(crate) fn run(ask: &TracesAsk, plan: &Plan<'_>) -> Result<TracesPage, SearchError> {
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
    let mut page = Page { ask, plan, after, traces: Vec::new(), examined: 0, last: None, fitting: None };
    let more = match ask.order {
        TraceOrder::Recent => page.recent()?,
        TraceOrder::Slowest => page.slowest()?,
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
    /// The traces that are not too short, when they were looked for.
    fitting: Option<HashSet<TraceId>>,
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
            if self.take_fitting(&mut found)? {
                return Ok(true);
            }
            if self.plan.guard.is_exhausted() {
                return Ok(false);
            }
        }
        Ok(false)
    }

    /// [`Page::take`] of the most recent, in order. When many of them are too short, which ones is found out for all at
    /// once.
    fn take_fitting(&mut self, found: &mut Vec<Place>) -> Result<bool, SearchError> {
        let bounded = self.ask.min_duration_ns.is_some_and(|ns| ns > 0);
        if bounded && self.fitting.is_none() {
            let behind = found.split_off(TRIED.saturating_sub(self.examined).min(found.len()));
            if self.take(found)? {
                return Ok(true);
            }
            if behind.is_empty() {
                return Ok(false);
            }
            *found = behind;
            self.fitting = Some(self.fitting()?);
        }
        if let Some(fitting) = &self.fitting {
            found.retain(|place| fitting.contains(&place.id));
        }
        self.take(found)
    }

    /// The traces that are not too short, by all that a summary may see of them.
    fn fitting(&self) -> Result<HashSet<TraceId>, SearchError> {
        let range = self.plan.range;
        let range = TimeRange {
            start_ns: range.start_ns.saturating_sub(REACH_NS),
            end_ns: range.end_ns.saturating_add(REACH_NS),
        };
        let threads = extents::all(self.plan, range, HashSet::new, |ids, extent| {
            if self.is_long(extent.duration_ns()) {
                ids.insert(extent.id);
            }
        })?;
        let mut ids = HashSet::new();
        for thread in threads {
            self.plan.guard.hold(thread.len() as u64 * TRACE_BYTES)?;
            ids.extend(thread);
        }
        Ok(ids)
    }

    fn is_long(&self, duration_ns: i64) -> bool {
        self.ask.min_duration_ns.is_none_or(|min| duration_ns >= min)
    }

    fn is_short(&self, duration_ns: i64) -> bool {
        self.ask.max_duration_ns.is_none_or(|max| duration_ns <= max)
    }

    /// The newest match of each trace in a window.
    fn matches(&self, window: TimeRange) -> Result<HashMap<TraceId, i64>, SearchError> {
        let mut prune = self.plan.filter.prune.clone();
        (prune.start_ns, prune.end_ns) = (window.start_ns, window.end_ns);
        if let Some(fitting) = &self.fitting
            && fitting.len() <= FEW
            && prune.trace_ids.is_none()
        {
            prune.trace_ids = Some(fitting.iter().copied().collect());
        }
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
        let (mut rest, mut length) = (found, self.ask.limit + 1);
        while !rest.is_empty() {
            let (chunk, behind) = rest.split_at(length.min(CHUNK).min(rest.len()));
            (rest, length) = (behind, length.saturating_mul(CHUNK_GROWTH));
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
                if self.is_long(summary.duration_ns) && self.is_short(summary.duration_ns) {
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

    /// Whether a trace that is too short within the range may be as long as asked for with what lies outside: it comes
    /// as near to an end of the range.
    fn goes_on(&self, extent: &Extent) -> bool {
        let (range, min) = (self.ask.which.range, self.ask.min_duration_ns.unwrap_or(0));
        extent.start_ns.saturating_sub(min) < range.start_ns
            || extent.end_ns.saturating_add(min) >= range.end_ns
    }

    fn slowest(&mut self) -> Result<bool, SearchError> {
        let threads = extents::matching(self.plan, self.ask.which.range, Best::default, |best, extent| {
            let place = place_of(extent);
            // A trace is at least as long as what is seen of it here.
            let fits = self.is_short(place.rank) && (self.is_long(place.rank) || self.goes_on(extent));
            if fits && self.after.is_none_or(|after| place.key() > after.key()) {
                best.push(place);
            }
        })?;
        let mut best = Best::default();
        threads.into_iter().flat_map(|thread| thread.0).for_each(|place| best.push(place));
        best.0.sort_unstable_by_key(|place| place.key());
        let more = self.take(&best.0)?;
        self.traces
            .sort_by(|a, b| b.duration_ns.cmp(&a.duration_ns).then_with(|| a.trace_id.cmp(&b.trace_id)));
        Ok(more)
    }
}

/// Where a trace stands among the slowest.
fn place_of(extent: &Extent) -> Place {
    Place { rank: extent.duration_ns(), id: extent.id }
}

/// The first places of many: at least those that one page may look at, and one more.
#[derive(Default)]
struct Best(Vec<Place>);

impl Best {
    const MIN: usize = EXAMINED_MAX + 1;

    fn push(&mut self, place: Place) {
        self.0.push(place);
        if self.0.len() >= 2 * Best::MIN {
            self.0.select_nth_unstable_by_key(Best::MIN - 1, |place| place.key());
            self.0.truncate(Best::MIN);
        }
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
