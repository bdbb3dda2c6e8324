//! Metrics derived from spans: requests, errors and durations (`calls`), who calls whom (`graph`), and the resources
//! that sent them, under the names of the Collector's connectors and of Tempo's generator.
//!
//! Every span that is stored is observed, under one lock a batch; what was seen before costs no allocation. A thread
//! ([`Derived::run`], or a test that calls [`Derived::tick`]) writes the counts to the store of series: all of them
//! every interval, new ones within a second or so. Counts live in memory: they begin anew with the process, which
//! PromQL knows as the restart of a counter.

mod bounds;
mod calls;
mod graph;
mod infos;
mod lately;
mod nodes;
mod peers;
mod write;

use base::{Clock, Shutdown};
use calls::{Call, CallNames, Calls, Combination, Service, Witness};
use graph::{EdgeCounts, Graph, GraphLimits, Relation, RelationNames};
use infos::{EndedInfo, Infos};
use model::event::{Batch, SpanRow, Value};
use nodes::NodeId;
use parking_lot::Mutex;
use peers::Roles;
use std::sync::Arc;
use std::time::Duration;
use telemetry::names::receivers as names;
use telemetry::{Counter, Registry};
use tsdb::{AppendError, Db, Durability};
use write::{EXEMPLARS_MAX, Families, Writer};

/// Between two looks at the clock.
const TICK: Duration = Duration::from_millis(500);
/// Between two looks for halves of calls that waited long enough.
const EXPIRE_EVERY_MS: i64 = 2_000;
/// Names and metadata of families are told again after so many flushes.
const METADATA_EVERY: u64 = 100;

/// What is derived, and within which bounds.
#[derive(Clone, Copy, Debug)]
pub struct DerivedOptions {
    /// Between two flushes of all series.
    pub interval: Duration,
    /// A new series is written after this long.
    pub first_within: Duration,
    /// Of service, span name, kind and status. Each has 39 series: 3,000 × 39 × 600 B are 70 MB of the store.
    pub combinations_max: usize,
    /// Of client, server and connection. Each has 40 series.
    pub relations_max: usize,
    /// Halves of calls that wait for the other half: 100 bytes each.
    pub waiting_max: usize,
    pub wait: Duration,
    /// A series ends after this long without a span.
    pub idle: Duration,
    /// Write `traces_span_metrics_*`, as the Collector names them.
    pub collector_names: bool,
    /// Write `traces_spanmetrics_*` and `traces_target_info`, as Tempo names them.
    pub tempo_names: bool,
}

impl Default for DerivedOptions {
    fn default() -> DerivedOptions {
        DerivedOptions {
            interval: Duration::from_secs(15),
            first_within: Duration::from_secs(1),
            combinations_max: 3_000,
            relations_max: 2_000,
            waiting_max: 200_000,
            wait: Duration::from_secs(10),
            idle: Duration::from_secs(900),
            collector_names: true,
            tempo_names: true,
        }
    }
}

/// What is held now, and what was too much.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DerivedStats {
    pub combinations: usize,
    pub relations: usize,
    pub waiting: usize,
    pub resources: usize,
    /// Spans counted under `__overflow__`.
    pub overflowed_spans: u64,
    pub overflowed_edges: u64,
    pub edges_paired: u64,
    pub edges_virtual: u64,
    pub edges_expired: u64,
    pub edges_dropped: u64,
}

/// Derives metrics. One for all; any number of threads may observe.
pub struct Derived {
    db: Db,
    clock: Clock,
    options: DerivedOptions,
    state: Arc<Mutex<State>>,
    /// One flush at a time.
    flushing: Mutex<Flushes>,
    flush_failed: Counter,
}

struct State {
    calls: Calls,
    graph: Graph,
    infos: Infos,
    /// When the first series was met that is not written yet.
    new_since_ms: Option<i64>,
    next_expire_ms: i64,
}

struct Flushes {
    next_ms: i64,
    done: u64,
    /// Told once, until a flush succeeds.
    is_failing: bool,
}

/// Which series a flush writes.
#[derive(Clone, Copy, PartialEq)]
enum Which {
    All,
    New,
}

/// What a flush writes, taken out of the state.
struct Taken {
    calls: Vec<Combination>,
    relations: Vec<(RelationNames, Relation)>,
    infos: Vec<(u128, model::Labels)>,
    ended_calls: Vec<Arc<CallNames>>,
    ended_relations: Vec<RelationNames>,
    ended_infos: Vec<EndedInfo>,
}

impl Derived {
    pub fn new(db: Db, options: DerivedOptions, registry: &Registry) -> Arc<Derived> {
        let clock = db.options().clock.clone();
        let now_ms = clock.now_ms();
        let limits = GraphLimits {
            waiting_max: options.waiting_max,
            relations_max: options.relations_max,
            wait_ms: options.wait.as_millis() as i64,
        };
        let state = Arc::new(Mutex::new(State {
            calls: Calls::new(options.combinations_max),
            graph: Graph::new(limits),
            infos: Infos::default(),
            new_since_ms: None,
            next_expire_ms: now_ms + EXPIRE_EVERY_MS,
        }));
        observe_state(&state, registry);
        let next_ms = now_ms + options.interval.as_millis() as i64;
        Arc::new(Derived {
            db,
            clock,
            options,
            state,
            flushing: Mutex::new(Flushes { next_ms, done: 0, is_failing: false }),
            flush_failed: registry.counter(&names::DERIVED_FLUSH_FAILED),
        })
    }

    /// Counts the spans of a batch.
    pub fn observe(&self, batch: &Batch) {
        let now_ms = self.clock.now_ms();
        let roles = Roles::of(batch);
        let mut sources: Vec<(Service<'_>, NodeId)> = Vec::with_capacity(batch.resources.len());
        let mut state = self.state.lock();
        let State { calls, graph, infos, new_since_ms, .. } = &mut *state;
        let mut has_new = false;
        for resource in &batch.resources {
            let service = Service::new(batch.get(resource.service));
            sources.push((service, graph.node(service)));
            has_new |= self.options.tempo_names && infos.observe(batch, resource, now_ms);
        }
        for span in &batch.spans {
            let (service, node) = sources[span.resource as usize];
            has_new |= calls.observe(&call(batch, span, service), now_ms);
            has_new |= graph.observe(batch, &roles, span, node, now_ms);
        }
        if has_new {
            new_since_ms.get_or_insert(now_ms);
        }
    }

    /// Does what is due now: ends waits, writes.
    pub fn tick(&self) {
        let now_ms = self.clock.now_ms();
        let first_within_ms = self.options.first_within.as_millis() as i64;
        let new_is_due = {
            let mut state = self.state.lock();
            if now_ms >= state.next_expire_ms {
                state.next_expire_ms = now_ms + EXPIRE_EVERY_MS;
                if state.graph.expire(now_ms) {
                    state.new_since_ms.get_or_insert(now_ms);
                }
            }
            state.new_since_ms.is_some_and(|since| now_ms - since >= first_within_ms)
        };
        if now_ms >= self.flushing.lock().next_ms {
            self.flush();
        } else if new_is_due {
            self.write(Which::New);
        }
    }

    /// Writes all series now.
    pub fn flush(&self) {
        self.write(Which::All);
    }

    /// Ticks until it is time to stop, then writes once more. Needs a thread of its own.
    pub fn run(&self, shutdown: &Shutdown) {
        while !shutdown.wait(TICK) {
            self.tick();
        }
        self.flush();
    }

    pub fn stats(&self) -> DerivedStats {
        self.state.lock().stats()
    }

    fn write(&self, which: Which) {
        let mut flushes = self.flushing.lock();
        let now_ms = self.clock.now_ms();
        if which == Which::All {
            flushes.next_ms = now_ms + self.options.interval.as_millis() as i64;
        }
        let seen_before_ms = now_ms - self.options.idle.as_millis() as i64;
        let mut taken = self.state.lock().take(which, seen_before_ms, now_ms);
        let families = Families { collector: self.options.collector_names, tempo: self.options.tempo_names };
        let mut writer =
            Writer { appender: self.db.appender(), now_ms, families, exemplars_left: EXEMPLARS_MAX };
        if flushes.done.is_multiple_of(METADATA_EVERY) {
            writer.metadata();
        }
        // Exemplars are few: each time another series has the first choice.
        taken.rotate(flushes.done as usize);
        let result = taken
            .append(&mut writer)
            .map_err(|e| e.to_string())
            .and_then(|()| writer.appender.commit(Durability::Buffered).map_err(|e| e.to_string()));
        match result {
            Ok(_) => {
                flushes.done += 1;
                flushes.is_failing = false;
                self.state.lock().written(&taken);
            }
            Err(error) => {
                self.flush_failed.inc();
                if !flushes.is_failing {
                    tracing::warn!(%error, "metrics derived from spans could not be written; they will be with the next");
                }
                flushes.is_failing = true;
            }
        }
    }
}

/// What of a span is counted.
#[inline]
fn call<'a>(batch: &'a Batch, span: &SpanRow, service: Service<'a>) -> Call<'a> {
    Call {
        service,
        name: batch.get(span.name),
        kind: span.kind,
        status: span.status,
        bytes: size(batch, span),
        witness: Witness { trace_id: span.trace_id, span_id: span.span_id, duration_ns: span.duration_ns },
    }
}

/// About what a span takes on the wire: its texts, and for all else what protobuf needs for it.
fn size(batch: &Batch, span: &SpanRow) -> u64 {
    // Ids with their tags 18 + 10 + 10, two times 9 each, kind 2.
    const FIXED: u64 = 58;
    const ATTR: u64 = 8;
    const EVENT: u64 = 13;
    const LINK: u64 = 30;
    let attrs = |run| {
        batch.attrs(run).iter().fold(0, |sum, attr| {
            let value = match attr.value {
                Value::Str(t) | Value::Bytes(t) | Value::Json(t) => u64::from(t.len),
                Value::Bool(_) => 1,
                Value::Int(_) => 4,
                Value::Double(_) => 8,
            };
            sum + ATTR + value + u64::from(batch.keys[attr.key.0 as usize].len)
        })
    };
    let mut bytes = FIXED + attrs(span.attrs);
    bytes += u64::from(span.name.len) + u64::from(span.trace_state.len) + u64::from(span.status_message.len);
    for event in &batch.span_events[span.events.range()] {
        bytes += EVENT + u64::from(event.name.len) + attrs(event.attrs);
    }
    for link in &batch.links[span.links.range()] {
        bytes += LINK + u64::from(link.trace_state.len) + attrs(link.attrs);
    }
    bytes
}

fn observe_state(state: &Arc<Mutex<State>>, registry: &Registry) {
    // The registry outlives nobody here: it holds the state weakly.
    let read = |state: &Arc<Mutex<State>>| {
        let weak = Arc::downgrade(state);
        move || weak.upgrade().map(|state| state.lock().stats()).unwrap_or_default()
    };
    let stats = read(state);
    registry.observe(&names::DERIVED_SERIES, move |o| {
        let s = stats();
        o.value(&["spans"], s.combinations as f64);
        o.value(&["edges"], s.relations as f64);
        o.value(&["resources"], s.resources as f64);
    });
    let stats = read(state);
    registry.observe(&names::DERIVED_OVERFLOW, move |o| {
        let s = stats();
        o.value(&["spans"], s.overflowed_spans as f64);
        o.value(&["edges"], s.overflowed_edges as f64);
    });
    let stats = read(state);
    registry.observe_value(&names::EDGES_WAITING, move || stats().waiting as f64);
    let stats = read(state);
    registry.observe(&names::EDGES, move |o| {
        let s = stats();
        o.value(&["paired"], s.edges_paired as f64);
        o.value(&["virtual_node"], s.edges_virtual as f64);
        o.value(&["expired"], s.edges_expired as f64);
        o.value(&["dropped"], s.edges_dropped as f64);
    });
}

impl State {
    fn stats(&self) -> DerivedStats {
        let EdgeCounts { paired, virtual_node, expired, dropped, overflowed } = self.graph.counts;
        DerivedStats {
            combinations: self.calls.len(),
            relations: self.graph.len(),
            waiting: self.graph.waiting(),
            resources: self.infos.len(),
            overflowed_spans: self.calls.overflowed,
            overflowed_edges: overflowed,
            edges_paired: paired,
            edges_virtual: virtual_node,
            edges_expired: expired,
            edges_dropped: dropped,
        }
    }

    /// Copies out what is to be written. Exemplars are given once.
    fn take(&mut self, which: Which, seen_before_ms: i64, now_ms: i64) -> Taken {
        let all = which == Which::All;
        self.new_since_ms = None;
        let mut taken = Taken {
            calls: Vec::new(),
            relations: Vec::new(),
            infos: Vec::new(),
            ended_calls: Vec::new(),
            ended_relations: Vec::new(),
            ended_infos: Vec::new(),
        };
        if all {
            taken.ended_calls = self.calls.let_go(seen_before_ms);
            taken.ended_relations = self.graph.let_go(seen_before_ms, now_ms);
            taken.ended_infos = self.infos.let_go(seen_before_ms);
        }
        taken.infos = self.infos.take(all);
        for combination in self.calls.iter_mut().filter(|c| all || !c.is_written) {
            taken.calls.push(combination.clone());
            (combination.latest, combination.slowest) = (None, None);
        }
        for (names, relation) in self.graph.relations() {
            if all || !relation.is_written {
                taken.relations.push((names, relation.clone()));
                relation.witness = None;
            }
        }
        taken
    }

    /// Remembers which series have samples.
    fn written(&mut self, taken: &Taken) {
        let calls: hashbrown::HashSet<u128> = taken.calls.iter().map(|c| c.names.key).collect();
        self.calls.iter_mut().filter(|c| calls.contains(&c.names.key)).for_each(|c| c.is_written = true);
        let relations: hashbrown::HashSet<u128> = taken.relations.iter().map(|(n, _)| n.key).collect();
        for (names, relation) in self.graph.relations() {
            relation.is_written |= relations.contains(&names.key);
        }
        self.infos.written(taken.infos.iter().map(|(key, _)| *key));
    }
}

impl Taken {
    fn rotate(&mut self, turn: usize) {
        // As far as one flush reaches: two exemplars in each of two families.
        let start = (turn * EXEMPLARS_MAX / 4).checked_rem(self.calls.len()).unwrap_or(0);
        self.calls.rotate_left(start);
    }

    fn append(&self, writer: &mut Writer) -> Result<(), AppendError> {
        self.calls.iter().try_for_each(|c| writer.call(c))?;
        self.relations.iter().try_for_each(|(names, relation)| writer.relation(names, relation))?;
        self.infos.iter().try_for_each(|(key, labels)| writer.target_info(*key, labels, 1.0))?;
        self.ended_calls.iter().try_for_each(|names| writer.end_call(names))?;
        self.ended_relations.iter().try_for_each(|names| writer.end_relation(names))?;
        self.ended_infos
            .iter()
            .try_for_each(|info| writer.target_info(info.key, &info.labels, model::stale_nan()))
    }
}

#[cfg(test)]
mod tests;
