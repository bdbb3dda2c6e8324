//! Questions about traces.

use crate::Search;
use crate::answer::{Dependency, Operation, RootSpan, SearchError, TraceSummary};
use crate::ask::{TimeRange, TraceOrder, TracesAsk};
use crate::testing::{SECOND, Span, Store, control, span_batch, trace_id, which};
use model::event::{Kind, SpanKind};

fn span(trace: u8, id: u8, parent: u8, service: &'static str, start: i64, duration: i64) -> Span {
    let name = if parent == 0 { "GET /" } else { "work" };
    Span {
        trace,
        id,
        parent,
        service,
        name,
        start: start * SECOND,
        duration: duration * SECOND,
        failed: false,
        kind: SpanKind::Server,
    }
}

/// Three traces: web → cart → db; web alone; one whose root has not come.
pub(super) fn shop() -> Vec<Span> {
    let mut failed = span(1, 3, 2, "db", 102, 3);
    failed.failed = true;
    vec![
        span(1, 1, 0, "web", 100, 10),
        span(1, 2, 1, "cart", 101, 6),
        failed,
        // Sent twice.
        span(1, 2, 1, "cart", 101, 6),
        span(2, 4, 0, "web", 200, 1),
        span(3, 6, 5, "cart", 150, 50),
    ]
}

fn store() -> Store {
    Store::new(&span_batch(&shop()), &[2, 3])
}

fn ask(query: &str) -> TracesAsk {
    TracesAsk {
        which: which(Kind::Span, query),
        limit: 10,
        min_duration_ns: None,
        max_duration_ns: None,
        order: TraceOrder::Recent,
        cursor: None,
    }
}

fn traces(ask: &TracesAsk) -> Vec<TraceSummary> {
    Search::new().traces(&store().snapshot, ask, &control()).unwrap().traces
}

fn ids(ask: &TracesAsk) -> Vec<u8> {
    traces(ask).iter().map(|trace| trace.trace_id.0[0]).collect()
}

#[test]
fn traces_are_found_by_any_of_their_spans() {
    assert_eq!(ids(&ask("")), [2, 3, 1]);
    assert_eq!(ids(&ask("service:cart")), [3, 1]);
    assert_eq!(ids(&ask("status:error")), [1]);
    assert_eq!(ids(&ask("duration>5s")), [3, 1]);
    assert_eq!(ids(&ask("service:nobody")), [0u8; 0]);
    assert_eq!(ids(&TracesAsk { order: TraceOrder::Slowest, ..ask("") }), [3, 1, 2]);
    assert_eq!(ids(&TracesAsk { order: TraceOrder::Slowest, ..ask("service:web") }), [1, 2]);
    assert_eq!(ids(&TracesAsk { min_duration_ns: Some(5 * SECOND), ..ask("") }), [3, 1]);
    assert_eq!(ids(&TracesAsk { max_duration_ns: Some(5 * SECOND), ..ask("") }), [2]);
}

#[test]
fn a_summary_says_what_came_and_what_did_not() {
    let found = traces(&ask("service:db"));
    let summary = &found[0];
    assert_eq!((summary.start_ns, summary.duration_ns), (100 * SECOND, 10 * SECOND));
    assert_eq!(summary.root, Some(RootSpan { service: "web".to_owned(), name: "GET /".to_owned() }));
    assert_eq!((summary.spans, summary.errors, summary.matched, summary.complete), (3, 1, 1, true));
    let services: Vec<(&str, u64, u64)> =
        summary.services.iter().map(|s| (s.name.as_str(), s.spans, s.errors)).collect();
    assert_eq!(services, [("web", 1, 0), ("cart", 1, 0), ("db", 1, 1)]);
    let rootless = &traces(&ask("trace:03030303030303030303030303030303"))[0];
    assert_eq!((rootless.root.clone(), rootless.complete), (None, false));
}

#[test]
fn pages_of_traces_neither_repeat_nor_skip() {
    for order in [TraceOrder::Recent, TraceOrder::Slowest] {
        let (mut cursor, mut seen, store) = (None, Vec::new(), store());
        loop {
            let ask = TracesAsk { limit: 1, cursor, order, ..ask("service:web or service:cart") };
            let page = Search::new().traces(&store.snapshot, &ask, &control()).unwrap();
            seen.extend(page.traces.iter().map(|trace| trace.trace_id.0[0]));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            assert!(seen.len() < 10, "paging does not end");
        }
        let expected = if order == TraceOrder::Recent { [2, 3, 1] } else { [3, 1, 2] };
        assert_eq!(seen, expected);
    }
    let bad = TracesAsk { cursor: Some("x.y".to_owned()), ..ask("") };
    assert!(Search::new().traces(&store().snapshot, &bad, &control()).is_err());
}

#[test]
fn a_trace_is_whole_and_each_span_once() {
    let (search, store) = (Search::new(), store());
    let trace = search.trace(&store.snapshot, trace_id(1), TimeRange::ALL, &control()).unwrap();
    let spans: Vec<&str> =
        trace.spans.iter().map(|span| span.as_span().unwrap().resource.service.as_str()).collect();
    assert_eq!(spans, ["web", "cart", "db"]);
    assert_eq!((trace.summary.spans, trace.truncated), (3, false));
    assert_eq!(
        search.trace(&store.snapshot, trace_id(77), TimeRange::ALL, &control()),
        Err(SearchError::NotFound)
    );
}

#[test]
fn services_operations_and_dependencies() {
    let (search, store) = (Search::new(), store());
    let services = search.services(&store.snapshot, TimeRange::ALL, &control()).unwrap();
    assert_eq!(services, ["cart", "db", "web"]);
    let operations = search
        .operations(&store.snapshot, Some("web"), Some(SpanKind::Server), TimeRange::ALL, &control())
        .unwrap();
    assert_eq!(operations, [Operation { name: "GET /".to_owned(), kind: SpanKind::Server, spans: 2 }]);
    let none = search
        .operations(&store.snapshot, Some("web"), Some(SpanKind::Client), TimeRange::ALL, &control())
        .unwrap();
    assert!(none.is_empty());
    let edges = search.dependencies(&store.snapshot, TimeRange::ALL, &control()).unwrap().edges;
    let edge = |parent: &str, child: &str, calls, errors| Dependency {
        parent: parent.to_owned(),
        child: child.to_owned(),
        calls,
        errors,
    };
    assert_eq!(edges, [edge("cart", "db", 1, 1), edge("web", "cart", 1, 0)]);
}
