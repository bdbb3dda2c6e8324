//! Which service calls which: spans joined with their parents.
//!
//! A span whose parent is of another service is a call. A span is known by a hash of its trace's id and its own; most
//! spans have a parent of their own service shortly before them, which a small table finds, and are done with. What is
//! left is spread over lists by the parent's hash, beside all spans by their own, and list after list is joined.
//!
//! - A span that was sent twice is one call.
//! - When several services have a span with the parent's id (Zipkin: client and server of one call share it), the one
//!   that answers, a server or consumer, made the call. When the child's own service is among them, nobody called.
//!
//! Of more spans than there is room for, a sample of whole traces is joined, so that each span still finds its parent;
//! counts are scaled, and the answer says so.

use super::columns::Wanted;
use super::group::translate;
use super::keys::{Interner, KeyCoder, KeyPlan};
use super::plan::Plan;
use super::spread::{LISTS, Spread, mix, mix_bytes};
use super::sweep::{Rows, pieces, side_by_side, sweep};
use crate::answer::{Dependencies, Dependency, SearchError};
use crate::compile::trace_column;
use crate::guard::Guard;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int32Type};
use events::scan::{ColumnRef, Part};
use hashbrown::HashMap;
use std::collections::BTreeMap;

/// Spans joined at most. A span takes 8 B, a call 16 B, and a list grows by doubling: 12 B a span and, where a third of
/// them are calls, 8 B more: 320 MB of the budget.
const SPANS_MAX: u64 = if cfg!(test) { 1_000 } else { 16_000_000 };
const SPAN_BYTES: u64 = 12;
const CALL_BYTES: u64 = 24;
/// What a span is expected to take, for judging how many there is room for.
const EXPECTED_BYTES: u64 = 20;
/// Services told apart; a number of 15 bits.
const SERVICES_MAX: u32 = (1 << 15) - 1;

pub(crate) fn run(plan: &Plan<'_>) -> Result<Dependencies, SearchError> {
    let pieces = pieces(plan, &plan.filter.prune);
    let rows: u64 = pieces.iter().map(Part::rows).sum();
    // Half of what there is: others may ask, too.
    let room = plan.guard.control.budget.limit_bytes() / 2 / EXPECTED_BYTES;
    let one_of = rows.div_ceil(SPANS_MAX.min(room).max(1)).max(1);
    let mut wanted = Wanted::default();
    let Some(service) = KeyPlan::new(plan.kind, "service", plan.columns(), &mut wanted) else {
        return Ok(Dependencies::default());
    };
    let places = Places {
        trace_id: wanted.add(trace_column()),
        span_id: wanted.add(ColumnRef::new("span_id", DataType::FixedSizeBinary(8))),
        parent: wanted.add(ColumnRef::new("parent_span_id", DataType::FixedSizeBinary(8))),
        status: wanted.add(ColumnRef::dictionary("status")),
        kind: wanted.add(ColumnRef::dictionary("kind")),
        one_of,
    };
    let state = || Spans::new(&service);
    let threads =
        sweep(plan, &wanted.0, &pieces, state, |spans, rows| spans.add(rows, &places, &plan.guard))?;
    if one_of > 1 {
        plan.guard.warn(format!("counted from one trace in {one_of}"));
    }
    let edges = edges(&plan.guard, &threads, one_of)?;
    Ok(Dependencies { edges, stats: plan.stats() })
}

struct Places {
    trace_id: usize,
    span_id: usize,
    parent: usize,
    status: usize,
    kind: usize,
    one_of: u64,
}

/// A hash of a span with 16 bits that say something about it: what the lists of [`Spread`] leave of the hash are its
/// lower 48 bits, so spans of one list and other hashes are taken for one another once in 10¹¹ times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark(u64);

impl Mark {
    const HASH: u64 = (1 << 48) - 1;

    /// `service` is at most [`SERVICES_MAX`].
    fn new(hash: u64, service: u32, flag: bool) -> Mark {
        Mark(hash & Mark::HASH | u64::from(service) << 49 | u64::from(flag) << 48)
    }

    fn hash(self) -> u64 {
        self.0 & Mark::HASH
    }

    fn service(self) -> u32 {
        (self.0 >> 49) as u32
    }

    fn flag(self) -> bool {
        self.0 >> 48 & 1 == 1
    }
}

/// A span whose parent is not of its service as far as was seen.
#[derive(Clone, Copy, Debug)]
struct Call {
    /// Of the parent's hash, with the service of the span and whether it failed.
    parent: Mark,
    /// The hash of the span itself.
    own: u64,
}

/// What one thread has seen.
struct Spans {
    coder: KeyCoder,
    codes: Vec<u32>,
    /// With the service, and whether it answers calls.
    spans: Spread<Mark>,
    calls: Spread<Call>,
    near: Near,
}

impl Spans {
    fn new(service: &KeyPlan) -> Spans {
        Spans {
            coder: KeyCoder::new(service),
            codes: Vec::new(),
            spans: Spread::new(),
            calls: Spread::new(),
            near: Near::new(),
        }
    }

    fn add(&mut self, rows: &Rows<'_>, places: &Places, guard: &Guard<'_>) -> Result<bool, SearchError> {
        let (spans_before, calls_before) = (self.spans.len(), self.calls.len());
        self.coder.codes(rows.columns, rows.len, rows.mask, &mut self.codes);
        if self.coder.interner.len() > SERVICES_MAX as usize {
            return Err(too_many());
        }
        let (traces, _) = rows.columns[places.trace_id].as_fixed_size_binary().value_data().as_chunks::<16>();
        let (ids, _) = rows.columns[places.span_id].as_fixed_size_binary().value_data().as_chunks::<8>();
        let parents = rows.columns[places.parent].as_fixed_size_binary();
        let (parent_ids, _) = parents.value_data().as_chunks::<8>();
        let answers = Is::new(&rows.columns[places.kind], &["server", "consumer"]);
        let failed = Is::new(&rows.columns[places.status], &["error"]);

        rows.each(|row| {
            let trace = mix_bytes(&traces[row]);
            if places.one_of > 1 && !trace.is_multiple_of(places.one_of) {
                return;
            }
            let (own, service) = (span_hash(trace, ids[row]), self.codes[row]);
            self.spans.push(own, Mark::new(own, service, answers.is(row)));
            if parent_ids[row] != [0; 8] && parents.is_valid(row) {
                let parent = span_hash(trace, parent_ids[row]);
                if !self.near.has(parent, service) {
                    let call = Call { parent: Mark::new(parent, service, failed.is(row)), own };
                    self.calls.push(parent, call);
                }
            }
            self.near.put(own, service);
        });
        let (spans, calls) = (self.spans.len() - spans_before, self.calls.len() - calls_before);
        guard.hold(spans as u64 * SPAN_BYTES + calls as u64 * CALL_BYTES)?;
        Ok(true)
    }
}

/// Never 0.
fn span_hash(trace: u64, id: [u8; 8]) -> u64 {
    mix(trace, u64::from_le_bytes(id)) | 1
}

/// Which rows of a text column have one of some values.
struct Is<'a> {
    keys: &'a [i32],
    column: Option<&'a dyn Array>,
    /// By the number of the value.
    yes: Vec<bool>,
}

impl<'a> Is<'a> {
    fn new(column: &'a ArrayRef, values: &[&str]) -> Is<'a> {
        let Some(dictionary) = column.as_dictionary_opt::<Int32Type>() else {
            return Is { keys: &[], column: None, yes: Vec::new() };
        };
        let texts = dictionary.values().as_string_opt::<i32>();
        let yes =
            texts.map(|texts| texts.iter().map(|text| text.is_some_and(|t| values.contains(&t))).collect());
        let nulls = (dictionary.null_count() > 0).then_some(column.as_ref());
        Is { keys: dictionary.keys().values(), column: nulls, yes: yes.unwrap_or_default() }
    }

    fn is(&self, row: usize) -> bool {
        let key = self.keys.get(row).map_or(usize::MAX, |key| *key as usize);
        self.yes.get(key).copied().unwrap_or(false) && self.column.is_none_or(|column| column.is_valid(row))
    }
}

/// Some of the last spans with their services: each takes the place of another. What is not found here may be there all
/// the same; what is found is.
struct Near(Vec<u64>);

impl Near {
    /// 64 kB. Parents begin before their children and stand some tens of rows before them, thousands where there is much
    /// traffic.
    const SPANS: usize = if cfg!(test) { 4 } else { 8_192 };

    fn new() -> Near {
        Near(vec![0; Near::SPANS])
    }

    /// Never 0, as the hash is odd.
    fn key(hash: u64, service: u32) -> u64 {
        hash ^ u64::from(service) << 1
    }

    fn place(key: u64) -> usize {
        (key >> 24) as usize % Near::SPANS
    }

    fn put(&mut self, hash: u64, service: u32) {
        let key = Near::key(hash, service);
        self.0[Near::place(key)] = key;
    }

    fn has(&self, hash: u64, service: u32) -> bool {
        let key = Near::key(hash, service);
        self.0[Near::place(key)] == key
    }
}

fn too_many() -> SearchError {
    SearchError::Limit(format!("calls are told between {SERVICES_MAX} services at most, and there are more"))
}

/// Calls and failed calls by caller and called.
type Counts = HashMap<(u32, u32), (u64, u64)>;

fn edges(guard: &Guard<'_>, threads: &[Spans], one_of: u64) -> Result<Vec<Dependency>, SearchError> {
    let mut names = Interner::default();
    let codes: Vec<Vec<u32>> =
        threads.iter().map(|thread| translate(&mut names, &thread.coder.interner)).collect();
    if names.len() > SERVICES_MAX as usize {
        return Err(too_many());
    }
    let name = |code: u32| names.text(code).map_or("", |text| &**text);
    let parts = side_by_side(
        guard,
        LISTS,
        || (Join::default(), Counts::new()),
        |(join, counts), number| {
            guard.check()?;
            join.load(threads, &codes, number);
            join.count(counts, &name);
            Ok(true)
        },
    )?;
    let mut all: BTreeMap<(u32, u32), (u64, u64)> = BTreeMap::new();
    for ((caller, called), (calls, failed)) in parts.into_iter().flat_map(|(_, counts)| counts) {
        let count = all.entry((caller, called)).or_default();
        *count = (count.0 + calls * one_of, count.1 + failed * one_of);
    }
    let edge = |((caller, called), (calls, errors))| Dependency {
        parent: name(caller).to_owned(),
        child: name(called).to_owned(),
        calls,
        errors,
    };
    let mut edges: Vec<Dependency> = all.into_iter().map(edge).collect();
    edges.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.cmp(b)));
    Ok(edges)
}

/// One list of all threads, with services as all of them number them.
#[derive(Default)]
struct Join {
    /// Each once.
    calls: Vec<Call>,
    /// The call of the same parent before each; [`NONE`] for the first.
    before: Vec<u32>,
    seen: Table,
    parents: Vec<Parent>,
    places: Table,
    /// Further spans with the id of a parent, by its number.
    more: Vec<(u32, Mark)>,
}

/// A span that calls have as their parent.
struct Parent {
    hash: u64,
    last_call: u32,
    span: Option<Mark>,
}

const NONE: u32 = u32::MAX;

impl Join {
    fn load(&mut self, threads: &[Spans], codes: &[Vec<u32>], number: usize) {
        let count: usize = threads.iter().map(|thread| thread.calls.list(number).len()).sum();
        self.calls.clear();
        self.before.clear();
        self.parents.clear();
        self.more.clear();
        self.seen.clear(count);
        self.places.clear(count);
        for (thread, codes) in threads.iter().zip(codes) {
            for call in thread.calls.list(number) {
                let parent =
                    Mark::new(call.parent.hash(), codes[call.parent.service() as usize], call.parent.flag());
                self.call(Call { parent, own: call.own });
            }
        }
        for (thread, codes) in threads.iter().zip(codes) {
            for span in thread.spans.list(number) {
                let place = self.places.find(span.hash(), |at| self.parents[at].hash == span.hash());
                if let Some(at) = self.places.get(place) {
                    let span = Mark::new(span.hash(), codes[span.service() as usize], span.flag());
                    let parent = &mut self.parents[at];
                    match parent.span {
                        None => parent.span = Some(span),
                        Some(known) if known == span => {}
                        Some(_) => self.more.push((at as u32, span)),
                    }
                }
            }
        }
        self.more.sort_unstable();
    }

    fn call(&mut self, call: Call) {
        let same = |known: &Call| {
            known.own == call.own
                && (known.parent.hash(), known.parent.service())
                    == (call.parent.hash(), call.parent.service())
        };
        let place = self.seen.find(call.own, |at| same(&self.calls[at]));
        if let Some(at) = self.seen.get(place) {
            self.calls[at].parent.0 |= call.parent.0;
            return;
        }
        self.seen.set(place, self.calls.len());
        let hash = call.parent.hash();
        let place = self.places.find(hash, |at| self.parents[at].hash == hash);
        let parent = self.places.get(place).unwrap_or_else(|| {
            self.places.set(place, self.parents.len());
            self.parents.push(Parent { hash, last_call: NONE, span: None });
            self.parents.len() - 1
        });
        self.before.push(self.parents[parent].last_call);
        self.parents[parent].last_call = self.calls.len() as u32;
        self.calls.push(call);
    }

    fn count<'n>(&self, counts: &mut Counts, name: &impl Fn(u32) -> &'n str) {
        for (number, parent) in self.parents.iter().enumerate() {
            let Some(span) = parent.span else { continue };
            let more: &[(u32, Mark)] = match self.more.is_empty() {
                true => &[],
                false => {
                    let from = self.more.partition_point(|(at, _)| (*at as usize) < number);
                    let rest = &self.more[from..];
                    &rest[..rest.partition_point(|(at, _)| *at as usize == number)]
                }
            };
            let spans = || std::iter::once(span).chain(more.iter().map(|(_, span)| *span));
            let caller = match more {
                [] => span.service(),
                _ => {
                    spans().min_by_key(|span| (!span.flag(), name(span.service()))).unwrap_or(span).service()
                }
            };
            let mut at = parent.last_call;
            while let Some(call) = self.calls.get(at as usize) {
                at = self.before[at as usize];
                let called = call.parent.service();
                if spans().all(|span| span.service() != called) {
                    let count = counts.entry((caller, called)).or_default();
                    *count = (count.0 + 1, count.1 + u64::from(call.parent.flag()));
                }
            }
        }
    }
}

/// Numbers of things by a hash of them, at most half full.
#[derive(Default)]
struct Table(Vec<u32>);

impl Table {
    fn clear(&mut self, count: usize) {
        self.0.clear();
        self.0.resize((count * 2).next_power_of_two(), NONE);
    }

    /// The place of the number that `is_it` knows, or where it would be.
    fn find(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> usize {
        // The lowest bit is always set.
        let mut place = hash as usize >> 1;
        loop {
            place &= self.0.len() - 1;
            match self.get(place) {
                Some(at) if !is_it(at) => place += 1,
                _ => return place,
            }
        }
    }

    fn get(&self, place: usize) -> Option<usize> {
        Some(self.0[place]).filter(|at| *at != NONE).map(|at| at as usize)
    }

    fn set(&mut self, place: usize, number: usize) {
        self.0[place] = number as u32;
    }
}
