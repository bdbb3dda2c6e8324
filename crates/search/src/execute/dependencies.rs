//! Which service calls which: spans joined with their parents.
//!
//! Of very many spans a sample of whole traces is joined, so that each span still finds its parent; counts are scaled.

use super::columns::Wanted;
use super::group::translate;
use super::keys::{KeyCoder, KeyPlan};
use super::plan::Plan;
use super::sweep::{Rows, pieces, sweep};
use crate::answer::{Dependencies, Dependency, SearchError};
use crate::compile::trace_column;
use crate::guard::Guard;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Int32Type};
use events::scan::{ColumnRef, Part};
use hashbrown::HashMap;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

/// Spans joined at most: a span takes 32 B and its entry of the table about 28 B, so 180 MB of the budget.
const SPANS_MAX: u64 = 3_000_000;
const SPAN_BYTES: u64 = 60;

pub(crate) fn run(plan: &Plan<'_>) -> Result<Dependencies, SearchError> {
    let pieces = pieces(plan, &plan.filter.prune);
    let rows: u64 = pieces.iter().map(Part::rows).sum();
    let one_of = rows.div_ceil(SPANS_MAX).max(1);
    let mut wanted = Wanted::default();
    let Some(service) = KeyPlan::new(plan.kind, "service", plan.columns(), &mut wanted) else {
        return Ok(Dependencies::default());
    };
    let places = Places {
        trace_id: wanted.add(trace_column()),
        span_id: wanted.add(ColumnRef::new("span_id", DataType::FixedSizeBinary(8))),
        parent: wanted.add(ColumnRef::new("parent_span_id", DataType::FixedSizeBinary(8))),
        status: wanted.add(ColumnRef::dictionary("status")),
        one_of,
    };
    let state = || Spans { coder: KeyCoder::new(&service), codes: Vec::new(), list: Vec::new() };
    let threads =
        sweep(plan, &wanted.0, &pieces, state, |spans, rows| spans.add(rows, &places, &plan.guard))?;
    let mut threads = threads.into_iter();
    let mut all = threads.next().unwrap_or_else(state);
    for other in threads {
        let codes = translate(&mut all.coder.interner, &other.coder.interner);
        all.list.extend(
            other.list.into_iter().map(|span| Span { service: codes[span.service as usize], ..span }),
        );
    }
    if one_of > 1 {
        plan.guard.warn(format!("counted from one trace in {one_of}"));
    }
    Ok(Dependencies { edges: all.edges(one_of), stats: plan.stats() })
}

struct Places {
    trace_id: usize,
    span_id: usize,
    parent: usize,
    status: usize,
    one_of: u64,
}

#[derive(Clone, Copy)]
struct Span {
    /// A hash of the trace's id.
    trace: u64,
    id: u64,
    /// 0 when there is none.
    parent: u64,
    service: u32,
    error: bool,
}

struct Spans {
    coder: KeyCoder,
    codes: Vec<u32>,
    list: Vec<Span>,
}

impl Spans {
    fn add(&mut self, rows: &Rows<'_>, places: &Places, guard: &Guard<'_>) -> Result<bool, SearchError> {
        let before = self.list.len();
        self.coder.codes(rows.columns, rows.len, rows.mask, &mut self.codes);
        let traces = rows.columns[places.trace_id].as_fixed_size_binary();
        let ids = rows.columns[places.span_id].as_fixed_size_binary();
        let parents = rows.columns[places.parent].as_fixed_size_binary();
        let status = rows.columns[places.status].as_dictionary_opt::<Int32Type>();
        let names = status.and_then(|status| status.values().as_string_opt::<i32>());
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_be_bytes);
        rows.each(|row| {
            let trace = xxh3_64(traces.value(row));
            if !trace.is_multiple_of(places.one_of) {
                return;
            }
            let parent = if parents.is_valid(row) { number(parents.value(row)) } else { 0 };
            let error = status.zip(names).is_some_and(|(status, names)| {
                status.keys().is_valid(row) && names.value(status.keys().value(row) as usize) == "error"
            });
            self.list.push(Span {
                trace,
                id: number(ids.value(row)),
                parent,
                service: self.codes[row],
                error,
            });
        });
        guard.hold((self.list.len() - before) as u64 * SPAN_BYTES)?;
        Ok(true)
    }

    fn edges(mut self, one_of: u64) -> Vec<Dependency> {
        let mut services: HashMap<(u64, u64), u32> = HashMap::with_capacity(self.list.len());
        // A span that was sent twice is one call. Client and server of one call may share an id (Zipkin).
        self.list.retain(|span| services.insert((span.trace, span.id), span.service) != Some(span.service));
        let mut counts: BTreeMap<(u32, u32), (u64, u64)> = BTreeMap::new();
        for span in self.list.iter().filter(|span| span.parent != 0) {
            if let Some(parent) = services.get(&(span.trace, span.parent))
                && *parent != span.service
            {
                let count = counts.entry((*parent, span.service)).or_default();
                count.0 += one_of;
                count.1 += if span.error { one_of } else { 0 };
            }
        }
        let name = |code: u32| self.coder.interner.text(code).map_or(String::new(), |text| text.to_string());
        let edge = |((parent, child), (calls, errors))| Dependency {
            parent: name(parent),
            child: name(child),
            calls,
            errors,
        };
        let mut edges: Vec<Dependency> = counts.into_iter().map(edge).collect();
        edges.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.cmp(b)));
        edges
    }
}
