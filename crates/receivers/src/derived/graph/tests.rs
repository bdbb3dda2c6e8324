use super::*;
use crate::derived::calls::OVERFLOW;
use model::event::{Kind, Link, Resource, Value};
use std::collections::BTreeMap;

const MS: i64 = 1_000_000;

/// A batch being made: spans `(service, kind, span id, parent, duration in ms)` of one trace.
struct Spans {
    batch: Batch,
}

impl Spans {
    fn new() -> Spans {
        Spans { batch: Batch::new(Kind::Span) }
    }

    fn span(mut self, service: &str, kind: SpanKind, id: u8, parent: u8, ms: i64) -> Spans {
        let service = self.batch.push_text(service);
        self.batch.resources.push(Resource { service, ..Resource::default() });
        self.batch.spans.push(SpanRow {
            resource: self.batch.resources.len() as u32 - 1,
            trace_id: TraceId([1; 16]),
            span_id: SpanId([id; 8]),
            parent_span_id: SpanId([parent; 8]),
            kind,
            duration_ns: ms * MS,
            ..SpanRow::default()
        });
        self
    }

    fn last(&mut self) -> &mut SpanRow {
        self.batch.spans.last_mut().unwrap()
    }

    fn failed(mut self) -> Spans {
        self.last().status = Status::Error;
        self
    }

    fn with(mut self, key: &str, value: &str) -> Spans {
        let start = self.batch.attrs.len();
        let text = self.batch.push_text(value);
        self.batch.push_attr(key, Value::Str(text));
        let run = self.batch.attrs_since(start);
        let attrs = &mut self.last().attrs;
        if attrs.len == 0 {
            *attrs = run;
        } else {
            attrs.len += 1;
        }
        self
    }

    fn linked(mut self, id: u8) -> Spans {
        let start = self.batch.links.len();
        self.batch.links.push(Link {
            trace_id: TraceId([1; 16]),
            span_id: SpanId([id; 8]),
            ..Link::default()
        });
        let run = self.batch.links_since(start);
        self.last().links = run;
        self
    }
}

fn graph(waiting_max: usize, relations_max: usize) -> Graph {
    Graph::new(GraphLimits { waiting_max, relations_max, wait_ms: 10_000 })
}

fn observe(graph: &mut Graph, spans: &Spans, now_ms: i64) {
    let batch = &spans.batch;
    let roles = Roles::of(batch);
    for span in &batch.spans {
        let service = batch.get(batch.resources[span.resource as usize].service);
        let node = graph.node(Service::new(service));
        graph.observe(batch, &roles, span, node, now_ms);
    }
}

/// `client server connection` → (calls, failed, client's seconds, server's seconds).
fn shown(graph: &mut Graph) -> BTreeMap<String, (u64, u64, f64, f64)> {
    graph
        .relations()
        .map(|(names, r)| {
            let name = format!("{} {} {}", names.client, names.server, names.connection.name());
            (name.trim().to_owned(), (r.total, r.failed, r.client.sum_seconds(), r.server.sum_seconds()))
        })
        .collect()
}

#[track_caller]
fn check(graph: &mut Graph, want: &[(&str, (u64, u64, f64, f64))]) {
    let want: BTreeMap<_, _> = want.iter().map(|(name, counts)| ((*name).to_owned(), *counts)).collect();
    assert_eq!(shown(graph), want);
}

use SpanKind::{Client, Consumer, Internal, Producer, Server};

#[test]
fn halves_meet_in_any_order() {
    let client = Spans::new().span("web", Client, 1, 9, 30);
    let server = Spans::new().span("cart", Server, 2, 1, 20).failed();
    for halves in [[&client, &server], [&server, &client]] {
        let mut g = graph(9, 9);
        observe(&mut g, halves[0], 0);
        check(&mut g, &[]);
        observe(&mut g, halves[1], 5_000);
        check(&mut g, &[("web cart", (1, 1, 0.03, 0.02))]);
        assert_eq!((g.waiting(), g.counts.paired), (0, 1));
        assert!(!g.expire(100_000));
    }
}

#[test]
fn zipkins_halves_share_their_id() {
    let mut g = graph(9, 9);
    observe(&mut g, &Spans::new().span("web", Client, 1, 0, 30), 0);
    let mut server = Spans::new().span("cart", Server, 1, 0, 20);
    let start = server.batch.attrs.len();
    server.batch.push_attr("zipkin.shared", Value::Bool(true));
    server.last().attrs = server.batch.attrs_since(start);
    observe(&mut g, &server, 0);
    check(&mut g, &[("web cart", (1, 0, 0.03, 0.02))]);
    // The other way round, and with what the server calls without a client before it.
    let mut g = graph(9, 9);
    observe(&mut g, &Spans::new().span("stock", Server, 2, 1, 5), 0);
    observe(&mut g, &server, 0);
    observe(&mut g, &Spans::new().span("web", Client, 1, 0, 30), 0);
    check(&mut g, &[("cart stock", (1, 0, 0.0, 0.005)), ("web cart", (1, 0, 0.03, 0.02))]);
}

#[test]
fn spans_of_no_call_are_nothing() {
    let mut g = graph(9, 9);
    observe(&mut g, &Spans::new().span("a", Internal, 1, 0, 1).span("a", SpanKind::Unspecified, 2, 0, 1), 0);
    check(&mut g, &[]);
    assert_eq!(g.waiting(), 0);
}

#[test]
fn who_nobody_calls_is_called_by_a_user() {
    let mut g = graph(9, 9);
    observe(&mut g, &Spans::new().span("web", Server, 1, 0, 50).failed(), 0);
    check(&mut g, &[("user web virtual_node", (1, 1, 0.0, 0.05))]);
}

#[test]
fn databases_need_no_other_half() {
    let mut g = graph(9, 9);
    let spans = Spans::new()
        .span("cart", Client, 1, 9, 4)
        .with("db.system.name", "postgresql")
        .with("db.namespace", "shop");
    observe(&mut g, &spans, 0);
    check(&mut g, &[("cart shop database", (1, 0, 0.004, 0.004))]);
    assert_eq!(g.waiting(), 0);
}

#[test]
fn what_never_answers_becomes_a_virtual_node() {
    let mut g = graph(9, 9);
    let spans = Spans::new()
        .span("cart", Client, 1, 9, 40)
        .with("server.address", "api.pay.example")
        .span("cart", Client, 2, 9, 1)
        .span("mail", Server, 3, 8, 1);
    observe(&mut g, &spans, 1_000);
    assert!(!g.expire(10_999));
    assert_eq!(g.waiting(), 3);
    assert!(g.expire(11_000));
    check(&mut g, &[("cart api.pay.example virtual_node", (1, 0, 0.04, 0.04))]);
    assert_eq!((g.waiting(), g.counts.virtual_node, g.counts.expired), (0, 1, 2));
}

#[test]
fn a_message_has_many_consumers() {
    let producer = Spans::new().span("shop", Producer, 1, 9, 3).with("messaging.system", "kafka");
    let consumers = Spans::new()
        .span("mail", Consumer, 2, 1, 10)
        .span("audit", Consumer, 3, 1, 20)
        .span("stock", Consumer, 4, 0, 30)
        .linked(1);
    let all: [(&str, (u64, u64, f64, f64)); 3] = [
        ("shop audit messaging_system", (1, 0, 0.003, 0.02)),
        ("shop mail messaging_system", (1, 0, 0.003, 0.01)),
        ("shop stock messaging_system", (1, 0, 0.003, 0.03)),
    ];
    let mut g = graph(9, 9);
    observe(&mut g, &producer, 0);
    observe(&mut g, &consumers, 1);
    check(&mut g, &all);
    // It has been heard: no virtual node.
    assert!(!g.expire(20_000));
    assert_eq!(g.waiting(), 0);
    // When a consumer comes first, the others still meet the producer.
    let mut g = graph(9, 9);
    observe(&mut g, &Spans::new().span("mail", Consumer, 2, 1, 10), 0);
    observe(&mut g, &producer, 1);
    observe(&mut g, &Spans::new().span("audit", Consumer, 3, 1, 20), 2);
    check(&mut g, &[all[0], all[1]]);
}

/// A gateway whose library makes no spans of clients: what it calls hangs directly under its own span.
fn bare() -> [Spans; 2] {
    let called = Spans::new()
        .span("catalog", Server, 2, 1, 20)
        .span("cart", Server, 3, 1, 30)
        .failed()
        .span("users", Server, 4, 1, 5)
        .span("mail", Consumer, 5, 1, 7);
    [Spans::new().span("gateway", Server, 1, 0, 100), called]
}

const BARE: [(&str, (u64, u64, f64, f64)); 5] = [
    ("gateway cart", (1, 1, 0.0, 0.03)),
    ("gateway catalog", (1, 0, 0.0, 0.02)),
    ("gateway mail messaging_system", (1, 0, 0.0, 0.007)),
    ("gateway users", (1, 0, 0.0, 0.005)),
    ("user gateway virtual_node", (1, 0, 0.0, 0.1)),
];

#[test]
fn a_server_calls_without_a_span_of_a_client() {
    let [parent, called] = bare();
    for halves in [[&parent, &called], [&called, &parent]] {
        let mut g = graph(9, 9);
        observe(&mut g, halves[0], 0);
        observe(&mut g, halves[1], 9_000);
        check(&mut g, &BARE);
        assert_eq!((g.waiting(), g.counts.paired, g.counts.dropped), (0, 4, 0));
        assert!(!g.expire(100_000));
    }
}

#[test]
fn whatever_is_no_client_may_be_the_parent() {
    for kind in [Internal, Consumer, SpanKind::Unspecified] {
        let parent = Spans::new().span("job", kind, 1, 0, 100);
        let called = Spans::new().span("cart", Server, 2, 1, 20);
        for halves in [[&parent, &called], [&called, &parent]] {
            let mut g = graph(9, 9);
            halves.iter().for_each(|spans| observe(&mut g, spans, 0));
            check(&mut g, &[("job cart", (1, 0, 0.0, 0.02))]);
        }
    }
}

#[test]
fn a_call_with_a_client_counts_by_the_client_alone() {
    // gateway → its client → cart, whose own steps hang under its server; in all orders.
    let spans = [
        Spans::new().span("gateway", Server, 1, 0, 100),
        Spans::new().span("gateway", Client, 2, 1, 40),
        Spans::new().span("cart", Server, 3, 2, 30),
        Spans::new().span("cart", Internal, 4, 3, 10),
        // The same service once more is nobody else.
        Spans::new().span("cart", Server, 5, 4, 10),
    ];
    let want = [("gateway cart", (1, 0, 0.04, 0.03)), ("user gateway virtual_node", (1, 0, 0.0, 0.1))];
    for first in 0..spans.len() {
        for step in 1..spans.len() {
            let mut g = graph(9, 9);
            (0..spans.len()).for_each(|n| observe(&mut g, &spans[(first + n * step) % spans.len()], 0));
            check(&mut g, &want);
            assert_eq!((g.waiting(), g.counts.paired), (0, 1), "{first} {step}");
        }
    }
}

#[test]
fn a_parent_is_waited_for_as_long_as_a_client() {
    let [parent, called] = bare();
    let mut g = graph(9, 9);
    observe(&mut g, &called, 0);
    // Who came later waits longer.
    observe(&mut g, &Spans::new().span("late", Server, 6, 1, 1), 8_000);
    assert_eq!(g.waiting(), 5);
    g.expire(10_000);
    assert_eq!((g.waiting(), g.counts.expired), (1, 4));
    observe(&mut g, &parent, 12_000);
    check(&mut g, &[("gateway late", (1, 0, 0.0, 0.001)), BARE[4]]);
    // A parent is remembered as long.
    observe(&mut g, &Spans::new().span("in time", Server, 7, 1, 1), 22_000);
    observe(&mut g, &Spans::new().span("too late", Server, 8, 1, 1), 22_001);
    assert_eq!((g.len(), g.waiting()), (3, 1));
    g.expire(40_000);
    assert_eq!((g.waiting(), g.counts.expired), (0, 5));
}

#[test]
fn servers_under_one_parent_are_bounded_and_counted_once() {
    let mut g = graph(1_000, 9);
    let called = |id| Spans::new().span("cart", Server, id, 1, 1);
    (2..=u8::MAX).for_each(|id| observe(&mut g, &called(id), 0));
    observe(&mut g, &called(2), 0);
    observe(&mut g, &called(3), 0);
    assert_eq!((g.waiting(), g.counts.dropped), (SIBLINGS_MAX + 1, 254 - (SIBLINGS_MAX as u64 + 1) + 2));
    let mut g = graph(2, 9);
    (2..6).for_each(|id| observe(&mut g, &called(id), 0));
    assert_eq!((g.waiting(), g.counts.dropped), (2, 2));
    // Under one client the first one counts.
    observe(&mut g, &Spans::new().span("web", Client, 1, 9, 3), 0);
    check(&mut g, &[("web cart", (1, 0, 0.003, 0.001))]);
    assert_eq!((g.waiting(), g.counts.dropped), (0, 3));
}

#[test]
fn several_consumers_may_come_before_their_producer() {
    let mut g = graph(9, 9);
    observe(&mut g, &Spans::new().span("mail", Consumer, 2, 1, 10).span("audit", Consumer, 3, 1, 20), 0);
    observe(&mut g, &Spans::new().span("shop", Producer, 1, 9, 3), 1);
    check(
        &mut g,
        &[
            ("shop audit messaging_system", (1, 0, 0.003, 0.02)),
            ("shop mail messaging_system", (1, 0, 0.003, 0.01)),
        ],
    );
}

#[test]
fn a_parent_keeps_its_name_until_it_is_forgotten() {
    let mut g = graph(9, 9);
    observe(&mut g, &Spans::new().span("job", Internal, 1, 0, 100), 0);
    assert!(g.let_go(50, 5_000).is_empty());
    observe(&mut g, &Spans::new().span("new", Internal, 2, 0, 1).span("cart", Server, 3, 1, 20), 5_000);
    check(&mut g, &[("job cart", (1, 0, 0.0, 0.02))]);
}

#[test]
fn a_span_that_comes_twice_counts_once() {
    let mut g = graph(9, 9);
    let client = Spans::new().span("web", Client, 1, 9, 30);
    observe(&mut g, &client, 0);
    observe(&mut g, &client, 0);
    observe(&mut g, &Spans::new().span("cart", Server, 2, 1, 20), 0);
    check(&mut g, &[("web cart", (1, 0, 0.03, 0.02))]);
    assert_eq!(g.counts.dropped, 1);
}

#[test]
fn the_wait_and_the_relations_are_bounded() {
    let mut g = graph(2, 1);
    let spans = Spans::new().span("a", Client, 1, 9, 1).span("b", Client, 2, 9, 1).span("c", Client, 3, 9, 1);
    observe(&mut g, &spans, 0);
    assert_eq!((g.waiting(), g.counts.dropped), (2, 1));
    observe(&mut g, &Spans::new().span("x", Server, 4, 1, 1).span("y", Server, 5, 2, 1), 0);
    let overflow = format!("{OVERFLOW} {OVERFLOW}");
    check(&mut g, &[("a x", (1, 0, 0.001, 0.001)), (&overflow, (1, 0, 0.001, 0.001))]);
    assert_eq!(g.counts.overflowed, 1);
}

#[test]
fn the_quiet_are_let_go_with_their_names() {
    let mut g = graph(9, 9);
    observe(&mut g, &Spans::new().span("web", Server, 1, 0, 1), 0);
    observe(&mut g, &Spans::new().span("cart", Server, 1, 0, 1), 100);
    g.relations().for_each(|(_, relation)| relation.is_written = true);
    let gone = g.let_go(50, 20_000);
    assert_eq!((gone.len(), &*gone[0].server), (1, "web"));
    check(&mut g, &[("user cart virtual_node", (1, 0, 0.0, 0.001))]);
    observe(&mut g, &Spans::new().span("web", Server, 1, 0, 1), 200);
    assert_eq!(g.len(), 2);
}
