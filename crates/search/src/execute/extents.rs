//! How long traces are: the first start and the last end of what is there of each, of all traces of a time at once.
//!
//! Ten million spans are a million traces. Spans of one trace stand near each other within a service, so each thread
//! first joins what follows closely in a small table; what leaves it is spread over lists, which are joined in the end.

use super::columns::Wanted;
use super::plan::Plan;
use super::spread::{LISTS, Spread, mix_bytes};
use super::sweep::{cut, searches_text, side_by_side, sweep};
use crate::answer::SearchError;
use crate::ask::TimeRange;
use crate::compile::{Filter, time_column, trace_column};
use crate::eval::evaluate;
use crate::guard::Guard;
use arrow::array::{ArrayRef, AsArray};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Int64Type, TimestampNanosecondType};
use events::scan::{ColumnRef, Part, Prune};
use hashbrown::{HashMap, HashSet};
use model::event::TraceId;

/// Traces of a thread compared at most: 44 B each, 180 MB, which the budget must have room for.
const TRACES_MAX: usize = 4_000_000;
const TRACE_BYTES: u64 = 44;
/// Traces of a thread that are joined at once: 4,096 × 40 B = 160 kB.
const NEAR: usize = if cfg!(test) { 4 } else { 4_096 };
/// Pieces of traces that a thread spreads before it joins those it has: 40 MB. It does so again when they are half as
/// many more, so that all joining costs a few times as much as the last.
const SPREAD_MAX: usize = if cfg!(test) { 64 } else { 1_000_000 };
/// So few traces are read through the index of trace ids instead of going through everything.
pub(crate) const FEW: usize = 1_000;

/// What is there of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub id: TraceId,
    pub start_ns: i64,
    pub end_ns: i64,
    /// One of the spans is of those asked for.
    pub matched: bool,
}

impl Extent {
    const NOTHING: Extent =
        Extent { id: TraceId::NONE, start_ns: i64::MAX, end_ns: i64::MIN, matched: false };

    pub fn duration_ns(&self) -> i64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    fn is_nothing(&self) -> bool {
        self.start_ns > self.end_ns
    }

    fn join(&mut self, other: &Extent) {
        self.start_ns = self.start_ns.min(other.start_ns);
        self.end_ns = self.end_ns.max(other.end_ns);
        self.matched |= other.matched;
    }
}

/// Which spans count.
enum Only {
    /// All.
    Any,
    /// All; those that match are marked.
    Marked,
    /// Those of these traces, which all match.
    Of(HashSet<TraceId>),
}

/// Hands over the traces that have a match in the range of the plan, with all their spans in `range`, to states, one a
/// thread, each trace once.
pub(crate) fn matching<S: Send>(
    plan: &Plan<'_>,
    range: TimeRange,
    state: impl Fn() -> S + Sync,
    each: impl Fn(&mut S, &Extent) + Sync,
) -> Result<Vec<S>, SearchError> {
    if plan.filter.is_nothing() {
        return Ok(Vec::new());
    }
    let mut prune = Prune::time(range.start_ns, range.end_ns);
    let text = searches_text(&plan.filter.root) || plan.filter.prune.trace_ids.is_some();
    let only = match text {
        true => Only::Of(ids(plan)?),
        // One pass is enough, because what the filter looks at costs little beside the ids.
        false => Only::Marked,
    };
    if let Only::Of(ids) = &only
        && ids.len() <= FEW
    {
        prune.trace_ids = Some(ids.iter().copied().collect());
    }
    let gathers = gather(plan, range, &prune, &only)?;
    join(&plan.guard, gathers, state, |state, extent| {
        if extent.matched {
            each(state, extent);
        }
    })
}

/// Hands over all traces of a range, as [`matching`] does.
pub(crate) fn all<S: Send>(
    plan: &Plan<'_>,
    range: TimeRange,
    state: impl Fn() -> S + Sync,
    each: impl Fn(&mut S, &Extent) + Sync,
) -> Result<Vec<S>, SearchError> {
    let prune = Prune::time(range.start_ns, range.end_ns);
    let gathers = gather(plan, range, &prune, &Only::Any)?;
    join(&plan.guard, gathers, state, each)
}

/// The traces with a match.
fn ids(plan: &Plan<'_>) -> Result<HashSet<TraceId>, SearchError> {
    let pieces = super::sweep::pieces(plan, &plan.filter.prune);
    let threads = sweep(plan, &[trace_column()], &pieces, HashSet::new, |ids, rows| {
        let before = ids.len();
        let (found, _) = rows.columns[0].as_fixed_size_binary().value_data().as_chunks::<16>();
        rows.each(|row| {
            ids.insert(TraceId(found[row]));
        });
        plan.guard.hold((ids.len() - before) as u64 * TRACE_BYTES)?;
        Ok(room(&plan.guard, ids.len()))
    })?;
    let mut threads = threads.into_iter();
    let mut all = threads.next().unwrap_or_default();
    all.extend(threads.flatten());
    Ok(all)
}

fn room(guard: &Guard<'_>, traces: usize) -> bool {
    if traces > TRACES_MAX {
        guard.mark_partial(format!("there are more than {TRACES_MAX} traces: only some were compared"));
    }
    traces <= TRACES_MAX
}

fn gather(plan: &Plan<'_>, range: TimeRange, prune: &Prune, only: &Only) -> Result<Vec<Gather>, SearchError> {
    let mut wanted = Wanted::default();
    if matches!(only, Only::Marked) {
        wanted.0.extend(plan.filter.columns.iter().cloned());
    }
    let reading = Reading {
        id: wanted.add(trace_column()),
        time: wanted.add(time_column()),
        duration: wanted.add(ColumnRef::new("duration", DataType::Int64)),
        range,
        matching: plan.range,
        filter: &plan.filter,
        guard: &plan.guard,
        only,
        columns: wanted.0,
    };
    let parts = plan.snapshot.parts(prune);
    parts.iter().for_each(|_| plan.guard.part());
    let pieces = cut(&parts);
    let mut gathers = side_by_side(&plan.guard, pieces.len(), Gather::new, |gather, piece| {
        reading.part(&pieces[piece], prune, gather)
    })?;
    for gather in &mut gathers {
        gather.finish();
    }
    Ok(gathers)
}

struct Reading<'a> {
    columns: Vec<ColumnRef>,
    id: usize,
    time: usize,
    duration: usize,
    /// Spans outside of it do not count.
    range: TimeRange,
    /// Nor do spans outside of it match.
    matching: TimeRange,
    filter: &'a Filter,
    guard: &'a Guard<'a>,
    only: &'a Only,
}

impl Reading<'_> {
    fn part(&self, part: &Part, prune: &Prune, gather: &mut Gather) -> Result<bool, SearchError> {
        for batch in part.read(&self.columns, prune, None, None) {
            let batch = batch.map_err(|e| self.guard.scan_error(e))?.batch;
            let more = self.guard.look(batch.num_rows() as u64)?;
            let mask = match self.only {
                Only::Marked if !self.filter.is_all() => {
                    let mask = evaluate(self.filter, &batch).map_err(|e| self.guard.scan_error(e.into()))?;
                    Some(mask.values().clone())
                }
                _ => None,
            };
            self.rows(batch.columns(), mask.as_ref(), gather);
            if !gather.settle(self.guard)? || !more {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn rows(&self, columns: &[ArrayRef], mask: Option<&BooleanBuffer>, gather: &mut Gather) {
        let (ids, _) = columns[self.id].as_fixed_size_binary().value_data().as_chunks::<16>();
        let times = columns[self.time].as_primitive::<TimestampNanosecondType>().values();
        let durations = columns[self.duration].as_primitive::<Int64Type>().values();
        for (row, ((id, start_ns), duration_ns)) in ids.iter().zip(times).zip(durations).enumerate() {
            let (id, start_ns) = (TraceId(*id), *start_ns);
            if !self.range.contains(start_ns) {
                continue;
            }
            if let Only::Of(ids) = self.only
                && !ids.contains(&id)
            {
                continue;
            }
            let matched = match self.only {
                Only::Of(_) => true,
                _ => mask.is_none_or(|mask| mask.value(row)) && self.matching.contains(start_ns),
            };
            let end_ns = start_ns.saturating_add((*duration_ns).max(0));
            gather.add(Extent { id, start_ns, end_ns, matched });
        }
    }
}

/// What one thread has seen.
struct Gather {
    near: Vec<Extent>,
    spread: Spread<Extent>,
    /// At this length the lists are joined.
    join_at: usize,
    /// Extents that memory is held for.
    held: usize,
}

impl Gather {
    fn new() -> Gather {
        Gather { near: vec![Extent::NOTHING; NEAR], spread: Spread::new(), join_at: SPREAD_MAX, held: 0 }
    }

    fn add(&mut self, one: Extent) {
        let hash = mix_bytes(&one.id.0);
        let slot = &mut self.near[hash as usize % NEAR];
        if slot.id == one.id && !slot.is_nothing() {
            slot.join(&one);
            return;
        }
        let before = std::mem::replace(slot, one);
        if !before.is_nothing() {
            self.spread.push(mix_bytes(&before.id.0), before);
        }
    }

    /// Sees to memory. False when there are too many traces.
    fn settle(&mut self, guard: &Guard<'_>) -> Result<bool, SearchError> {
        if self.spread.len() >= self.join_at {
            let mut table = HashMap::new();
            self.spread.shorten(|list| {
                table.clear();
                join_into(&mut table, list);
                list.clear();
                list.extend(table.values().copied());
            });
            self.join_at = (self.spread.len() / 2 * 3).max(SPREAD_MAX);
        }
        if self.spread.len() > self.held {
            guard.hold((self.spread.len() - self.held) as u64 * TRACE_BYTES)?;
            self.held = self.spread.len();
        }
        // Until they are joined there are more pieces than traces.
        Ok(self.join_at <= TRACES_MAX / 2 * 3 || room(guard, self.spread.len()))
    }

    fn finish(&mut self) {
        for one in std::mem::take(&mut self.near).into_iter().filter(|one| !one.is_nothing()) {
            self.spread.push(mix_bytes(&one.id.0), one);
        }
    }
}

fn join_into(table: &mut HashMap<TraceId, Extent>, list: &[Extent]) {
    for one in list {
        table.entry(one.id).and_modify(|known| known.join(one)).or_insert(*one);
    }
}

fn join<S: Send>(
    guard: &Guard<'_>,
    gathers: Vec<Gather>,
    state: impl Fn() -> S + Sync,
    each: impl Fn(&mut S, &Extent) + Sync,
) -> Result<Vec<S>, SearchError> {
    let states = side_by_side(
        guard,
        LISTS,
        || (HashMap::new(), state()),
        |(table, state), number| {
            guard.check()?;
            table.clear();
            gathers.iter().for_each(|gather| join_into(table, gather.spread.list(number)));
            table.values().for_each(|extent| each(state, extent));
            Ok(true)
        },
    )?;
    Ok(states.into_iter().map(|(_, state)| state).collect())
}
