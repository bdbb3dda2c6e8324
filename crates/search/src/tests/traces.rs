//! Traces and calls against the naive way: everything in memory, gone through for each answer.

use crate::Search;
use crate::answer::{Dependency, SearchError, TracesPage};
use crate::ask::{Control, TimeRange, TraceOrder, TracesAsk, Which};
use crate::testing::{SECOND, Span, Store, control, span_batch, trace_id};
use base::{Budget, Clock};
use model::event::{Kind, SpanKind};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const SERVICES: [&str; 4] = ["cart", "db", "pay", "web"];

fn span() -> impl Strategy<Value = Span> {
    let kinds = prop_oneof![
        Just(SpanKind::Server),
        Just(SpanKind::Client),
        Just(SpanKind::Internal),
        Just(SpanKind::Consumer)
    ];
    let ids = (1..40u8, 1..14u8, 0..14u8);
    let times = (0..1_000i64, 0..60i64);
    let said = (proptest::sample::select(SERVICES.to_vec()), prop::bool::weighted(0.2), any::<bool>());
    (ids, times, said, kinds).prop_map(|((trace, id, parent), (start, duration), said, kind)| Span {
        trace,
        id,
        parent,
        service: said.0,
        name: if said.2 { "GET /" } else { "work hard" },
        start: start * SECOND,
        duration: duration * SECOND,
        failed: said.1,
        kind,
    })
}

/// Spans, some of them twice.
fn spans() -> impl Strategy<Value = Vec<Span>> {
    let twice = proptest::collection::vec(any::<prop::sample::Index>(), 0..6);
    (proptest::collection::vec(span(), 1..300), twice).prop_map(|(mut spans, twice)| {
        for index in twice {
            spans.push(index.get(&spans).clone());
        }
        spans
    })
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(0..300usize, 0..5)
}

fn range() -> impl Strategy<Value = TimeRange> {
    let some = (0..1_000i64, 1..600i64).prop_map(|(start, length)| TimeRange {
        start_ns: start * SECOND,
        end_ns: (start + length) * SECOND,
    });
    prop_oneof![Just(TimeRange::ALL), some]
}

/// A query, and what it means.
type Query = (&'static str, fn(&Span) -> bool);

fn query() -> impl Strategy<Value = Query> {
    let queries: [Query; 6] = [
        ("", |_| true),
        ("service=web", |span| span.service == "web"),
        ("-service=web", |span| span.service != "web"),
        ("status:error", |span| span.failed),
        ("hard", |span| span.name == "work hard"),
        ("service=nobody", |_| false),
    ];
    proptest::sample::select(queries.to_vec())
}

fn calls(spans: &[Span], range: TimeRange) -> Vec<Dependency> {
    let within: Vec<&Span> = spans.iter().filter(|span| range.contains(span.start)).collect();
    let mut children: BTreeMap<(u8, u8, u8, &str), bool> = BTreeMap::new();
    for span in within.iter().filter(|span| span.parent != 0) {
        *children.entry((span.trace, span.parent, span.id, span.service)).or_default() |= span.failed;
    }
    let mut counts: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
    for ((trace, parent, _, service), failed) in children {
        let parents = || within.iter().filter(|span| (span.trace, span.id) == (trace, parent));
        let answers = |span: &&Span| matches!(span.kind, SpanKind::Server | SpanKind::Consumer);
        let caller = parents().map(|span| (!answers(span), span.service)).min();
        if let Some((_, caller)) = caller
            && parents().all(|span| span.service != service)
        {
            let count = counts.entry((caller, service)).or_default();
            *count = (count.0 + 1, count.1 + u64::from(failed));
        }
    }
    let edge = |((parent, child), (calls, errors)): ((&str, &str), _)| Dependency {
        parent: parent.to_owned(),
        child: child.to_owned(),
        calls,
        errors,
    };
    let mut edges: Vec<Dependency> = counts.into_iter().map(edge).collect();
    edges.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.cmp(b)));
    edges
}

/// How long what is there of a trace is.
fn length<'a>(spans: impl Iterator<Item = &'a Span> + Clone) -> i64 {
    let end = spans.clone().map(|span| span.start + span.duration).max();
    end.unwrap_or(0) - spans.map(|span| span.start).min().unwrap_or(0)
}

/// Traces in order, each with its rank and whole length.
fn ordered(spans: &[Span], ask: &TracesAsk, matches: fn(&Span) -> bool) -> Vec<u8> {
    let range = ask.which.range;
    let ids: BTreeSet<u8> = spans.iter().map(|span| span.trace).collect();
    let mut traces = Vec::new();
    for id in ids {
        let of = spans.iter().filter(|span| span.trace == id);
        let within = of.clone().filter(|span| range.contains(span.start));
        let Some(newest) = within.clone().filter(|span| matches(span)).map(|span| span.start).max() else {
            continue;
        };
        let rank = if ask.order == TraceOrder::Recent { newest } else { length(within) };
        let whole = length(of);
        let fits = ask.min_duration_ns.is_none_or(|min| whole >= min)
            && ask.max_duration_ns.is_none_or(|max| whole <= max);
        if fits {
            traces.push((std::cmp::Reverse(rank), id));
        }
    }
    traces.sort_unstable();
    traces.into_iter().map(|(_, id)| id).collect()
}

fn ask(query: &str, range: TimeRange, order: TraceOrder) -> TracesAsk {
    TracesAsk {
        which: Which { kind: Kind::Span, query: query.to_owned(), range },
        limit: 100,
        min_duration_ns: None,
        max_duration_ns: None,
        order,
        cursor: None,
    }
}

fn page(store: &Store, ask: &TracesAsk) -> TracesPage {
    Search::new().traces(&store.snapshot, ask, &control()).unwrap()
}

fn numbers(page: &TracesPage) -> Vec<u8> {
    page.traces.iter().map(|trace| trace.trace_id.0[0]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn calls_are_those_of_the_naive_way(spans in spans(), cuts in cuts(), range in range()) {
        let store = Store::new(&span_batch(&spans), &cuts);
        let found = Search::new().dependencies(&store.snapshot, range, &control()).unwrap();
        prop_assert_eq!(found.edges, calls(&spans, range));
        prop_assert!(found.stats.warnings.is_empty() && !found.stats.partial);
    }

    #[test]
    fn the_slowest_are_those_of_the_naive_way(
        spans in spans(),
        cuts in cuts(),
        (query, matches) in query(),
        limit in 1..9usize,
        min in prop::option::of(0..400i64),
        max in prop::option::of(0..900i64),
    ) {
        let store = Store::new(&span_batch(&spans), &cuts);
        let mut ask = ask(query, TimeRange::ALL, TraceOrder::Slowest);
        ask.limit = limit;
        (ask.min_duration_ns, ask.max_duration_ns) = (min.map(|s| s * SECOND), max.map(|s| s * SECOND));
        let expected = ordered(&spans, &ask, matches);
        let mut found = Vec::new();
        loop {
            let page = page(&store, &ask);
            found.extend(numbers(&page));
            ask.cursor = page.next;
            if ask.cursor.is_none() {
                break;
            }
            prop_assert!(found.len() <= expected.len(), "paging does not end");
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn the_slowest_of_a_range_are_whole(
        spans in spans(),
        cuts in cuts(),
        (query, matches) in query(),
        range in range(),
    ) {
        let store = Store::new(&span_batch(&spans), &cuts);
        let ask = ask(query, range, TraceOrder::Slowest);
        let page = page(&store, &ask);
        let mut found = numbers(&page);
        let mut expected = ordered(&spans, &ask, matches);
        let whole = |id: &u8| length(spans.iter().filter(|span| span.trace == *id));
        for trace in &page.traces {
            prop_assert_eq!(trace.duration_ns, whole(&trace.trace_id.0[0]));
        }
        found.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn the_most_recent_are_those_of_the_naive_way(
        spans in spans(),
        cuts in cuts(),
        (query, matches) in query(),
        range in range(),
        min in prop::option::of(0..400i64),
    ) {
        let store = Store::new(&span_batch(&spans), &cuts);
        let mut ask = ask(query, range, TraceOrder::Recent);
        ask.min_duration_ns = min.map(|s| s * SECOND);
        prop_assert_eq!(numbers(&page(&store, &ask)), ordered(&spans, &ask, matches));
    }

    #[test]
    fn traces_read_together_are_those_read_alone(spans in spans(), cuts in cuts(), ids in "[a-z]{0,9}") {
        let store = Store::new(&span_batch(&spans), &cuts);
        let ids: Vec<_> = ids.bytes().map(|byte| trace_id(byte - b'a' + 1)).collect();
        let search = Search::new();
        let together = search.whole_traces(&store.snapshot, &ids, TimeRange::ALL, &control()).unwrap();
        let mut expected: Vec<_> =
            ids.iter().copied().filter(|id| spans.iter().any(|span| trace_id(span.trace) == *id)).collect();
        let mut seen = BTreeSet::new();
        expected.retain(|id| seen.insert(id.0));
        prop_assert_eq!(together.iter().map(|trace| trace.summary.trace_id).collect::<Vec<_>>(), expected);
        for trace in together {
            let id = trace.summary.trace_id;
            let alone = search.trace(&store.snapshot, id, TimeRange::ALL, &control()).unwrap();
            let of: BTreeSet<(u8, i64, &str)> = spans
                .iter()
                .filter(|span| trace_id(span.trace) == id)
                .map(|span| (span.id, span.start, span.service))
                .collect();
            prop_assert_eq!(trace.summary.spans, of.len() as u64);
            prop_assert_eq!(&trace.spans, &alone.spans);
            prop_assert_eq!(trace.summary, alone.summary);
        }
    }
}

/// One trace of two spans for each number: web calls cart.
fn pairs(count: u32) -> Store {
    let mut batch = span_batch(&[]).as_ref().clone();
    let rows: Vec<Span> = (0..2)
        .map(|n| Span {
            trace: 1,
            id: 1 + n,
            parent: n,
            service: SERVICES[3 - 3 * usize::from(n)],
            name: "work hard",
            start: i64::from(n) * SECOND,
            duration: SECOND,
            failed: false,
            kind: SpanKind::Server,
        })
        .collect();
    let pattern = span_batch(&rows);
    batch.text = pattern.text.clone();
    batch.resources = pattern.resources.clone();
    for number in 0..count {
        for span in &pattern.spans {
            let mut span = *span;
            span.trace_id.0[..4].copy_from_slice(&number.to_be_bytes());
            batch.spans.push(span);
        }
    }
    Store::new(&Arc::new(batch), &[500, 3_000])
}

#[test]
fn a_sample_of_calls_says_so_and_counts_about_right() {
    let store = pairs(4_000);
    let found = Search::new().dependencies(&store.snapshot, TimeRange::ALL, &control()).unwrap();
    // 8,000 spans, 1,000 of which are joined.
    assert_eq!(found.stats.warnings, ["counted from one trace in 8"]);
    let [edge] = found.edges.as_slice() else { panic!("{:?}", found.edges) };
    assert_eq!((edge.parent.as_str(), edge.child.as_str()), ("web", "cart"));
    assert!((2_800..5_200).contains(&edge.calls), "{edge:?}");
}

#[test]
fn without_memory_there_is_an_error_and_no_wrong_answer() {
    let store = pairs(4_000);
    let mut narrow = Control::new(Clock::system(), Budget::new("test", 1 << 19), Duration::from_secs(60));
    narrow.threads = 2;
    let found = Search::new().dependencies(&store.snapshot, TimeRange::ALL, &narrow);
    assert!(matches!(found, Err(SearchError::OverBudget(_))), "{found:?}");
}
