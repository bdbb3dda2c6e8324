use super::*;
use model::event::{Kind, Resource, Scope, SpanId, SpanKind, SpanRow, Status, TraceId};
use model::{Labels, MatchOp, Matcher, is_stale};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use tempfile::TempDir;
use tsdb::{Background, Options};

const NOW: i64 = 1_700_000_000_000;
const MS: i64 = 1_000_000;

struct Setup {
    derived: Arc<Derived>,
    registry: Registry,
    db: Db,
    clock: Clock,
    _dir: TempDir,
}

fn setup_with(change: impl FnOnce(&mut DerivedOptions)) -> Setup {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(NOW);
    let options =
        Options { clock: clock.clone(), background: Background::Manual, ..Options::new(dir.path()) };
    let db = Db::open(options).unwrap();
    let mut options = DerivedOptions::default();
    change(&mut options);
    let registry = Registry::new();
    let derived = Derived::new(db.clone(), options, &registry);
    Setup { derived, registry, db, clock, _dir: dir }
}

fn setup() -> Setup {
    setup_with(|_| {})
}

fn batch(service: &str, spans: &[(&str, SpanKind, Status, i64)]) -> Batch {
    let mut batch = Batch::new(Kind::Span);
    let text = batch.push_text(service);
    for (key, value) in [("service.name", service), ("service.instance.id", "i-1"), ("host.name", "h")] {
        let value = batch.push_text(value);
        batch.push_attr(key, Value::Str(value));
    }
    let attrs = batch.attrs_since(0);
    batch.resources.push(Resource { service: text, attrs, ..Resource::default() });
    batch.scopes.push(Scope::default());
    for (i, (name, kind, status, ms)) in spans.iter().enumerate() {
        let name = batch.push_text(name);
        batch.spans.push(SpanRow {
            name,
            kind: *kind,
            status: *status,
            trace_id: TraceId([7; 16]),
            span_id: SpanId([(i as u8).wrapping_add(1); 8]),
            parent_span_id: SpanId([99; 8]),
            start_ns: NOW * MS,
            duration_ns: ms * MS,
            ..SpanRow::default()
        });
    }
    batch
}

impl Setup {
    fn advance(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
        self.derived.tick();
    }

    fn floats(&self, name: &str) -> BTreeMap<String, Vec<(i64, f64)>> {
        let matcher = Matcher::new("__name__", MatchOp::Regex, name).unwrap();
        let selected = self.db.select(&[matcher], i64::MIN, i64::MAX).unwrap();
        let mut found = BTreeMap::new();
        selected
            .read(0..selected.len(), &mut |i, samples| {
                let times = samples.timestamps.iter().map(|t| t - NOW);
                let pairs: Vec<_> = times.zip(samples.values.iter().copied()).collect();
                found.insert(selected.labels(i).to_string(), pairs);
                ControlFlow::Continue(())
            })
            .unwrap();
        found
    }

    #[track_caller]
    fn check(&self, name: &str, want: &[(&str, &[(i64, f64)])]) {
        let want: BTreeMap<String, Vec<(i64, f64)>> =
            want.iter().map(|(series, samples)| ((*series).to_owned(), samples.to_vec())).collect();
        assert_eq!(self.floats(name), want);
    }
}

use SpanKind::Server;
use Status::{Error, Ok as Fine, Unset};

#[test]
fn a_new_user_sees_the_first_span_at_once_and_counted() {
    let s = setup();
    s.derived.observe(&batch("cart", &[("GET /", Server, Unset, 3), ("GET /", Server, Unset, 12)]));
    s.advance(500);
    assert!(s.floats("traces.*").is_empty());
    s.advance(500);
    let collector = r#"traces_span_metrics_calls_total{service_name="cart", span_kind="SPAN_KIND_SERVER", span_name="GET /", status_code="STATUS_CODE_UNSET"}"#;
    let tempo = r#"traces_spanmetrics_calls_total{service="cart", span_kind="SPAN_KIND_SERVER", span_name="GET /", status_code="STATUS_CODE_UNSET"}"#;
    let first: &[(i64, f64)] = &[(0, 0.0), (1_000, 2.0)];
    s.check("traces_span.*_calls_total", &[(collector, first), (tempo, first)]);
    // What is not new waits for the interval.
    s.derived.observe(&batch("cart", &[("GET /", Server, Unset, 3)]));
    s.advance(13_999);
    s.check("traces_span.*_calls_total", &[(collector, first), (tempo, first)]);
    s.advance(1);
    let then: &[(i64, f64)] = &[(0, 0.0), (1_000, 2.0), (15_000, 3.0)];
    s.check("traces_span.*_calls_total", &[(collector, then), (tempo, then)]);
}

#[test]
fn durations_have_the_bounds_and_units_of_each_family() {
    let s = setup();
    s.derived.observe(&batch("a", &[("x", Server, Fine, 3), ("x", Server, Fine, 20_000)]));
    s.derived.flush();
    let value = |name: &str, le: &str| {
        let series = s.floats(name);
        let wanted = format!("le=\"{le}\"");
        let found: Vec<f64> = series
            .iter()
            .filter(|(labels, _)| le.is_empty() || labels.contains(&wanted))
            .map(|(_, samples)| samples.last().unwrap().1)
            .collect();
        assert_eq!(found.len(), 1, "{name} {le}");
        found[0]
    };
    let collector = "traces_span_metrics_duration_milliseconds";
    let bucket = |le| value(&format!("{collector}_bucket"), le);
    assert_eq!(["2", "4", "15000", "+Inf"].map(bucket), [0.0, 1.0, 1.0, 2.0]);
    assert_eq!(value(&format!("{collector}_sum"), ""), 20_003.0);
    assert_eq!(value(&format!("{collector}_count"), ""), 2.0);
    let tempo = "traces_spanmetrics_latency";
    let bucket = |le| value(&format!("{tempo}_bucket"), le);
    assert_eq!(["0.002", "0.004", "16.384", "+Inf"].map(bucket), [0.0, 1.0, 1.0, 2.0]);
    assert_eq!(value(&format!("{tempo}_sum"), ""), 20.003);
    assert_eq!(s.floats(&format!("{collector}_bucket")).len(), 17);
    assert_eq!(s.floats(&format!("{tempo}_bucket")).len(), 15);
    // 58 bytes for what is fixed and 1 for the name, twice.
    assert_eq!(value("traces_spanmetrics_size_total", ""), 118.0);
}

#[test]
fn exemplars_point_at_the_latest_and_the_slowest() {
    let s = setup();
    let spans = [("x", Server, Fine, 3), ("x", Server, Fine, 900), ("x", Server, Fine, 20)];
    s.derived.observe(&batch("a", &spans));
    s.derived.flush();
    let all = s.db.exemplars(&[vec![]], NOW - 1, NOW + 1);
    let of = |name: &str| {
        let mut found: Vec<(String, f64, Labels)> = all
            .iter()
            .filter(|(labels, _)| labels.metric_name() == name)
            .flat_map(|(labels, e)| {
                e.iter().map(|e| (labels.value("le").to_owned(), e.value, e.labels.clone()))
            })
            .collect();
        found.sort_by(|a, b| a.1.total_cmp(&b.1));
        found
    };
    let labels =
        |span: &str| Labels::from_pairs([("trace_id", &*"07".repeat(16)), ("span_id", &*span.repeat(8))]);
    let want = [("50".to_owned(), 20.0, labels("03")), ("1000".to_owned(), 900.0, labels("02"))];
    assert_eq!(of("traces_span_metrics_duration_milliseconds_bucket"), want);
    let want = [("0.032".to_owned(), 0.02, labels("03")), ("1.024".to_owned(), 0.9, labels("02"))];
    assert_eq!(of("traces_spanmetrics_latency_bucket"), want);
    s.advance(15_000);
    assert!(s.db.exemplars(&[vec![]], NOW + 1, NOW + 20_000).is_empty(), "told once");
}

#[test]
fn exemplars_are_few_and_everyone_gets_some() {
    let s = setup();
    let names: Vec<String> = (0..write::EXEMPLARS_MAX).map(|i| format!("op {i}")).collect();
    let spans: Vec<_> = names.iter().map(|name| (name.as_str(), Server, Fine, 5)).collect();
    let mut seen = std::collections::BTreeSet::new();
    for turn in 1..=8 {
        s.derived.observe(&batch("a", &spans));
        s.derived.flush();
        let now = s.clock.now_ms();
        let told = s.db.exemplars(&[vec![]], now, now);
        assert!(told.iter().map(|(_, e)| e.len()).sum::<usize>() <= write::EXEMPLARS_MAX, "turn {turn}");
        seen.extend(told.iter().map(|(labels, _)| labels.value("span_name").to_owned()));
        s.clock.advance(Duration::from_secs(15));
    }
    assert_eq!(seen.len(), names.len());
}

#[test]
fn calls_between_services_are_counted() {
    let s = setup();
    let mut client = batch("web", &[("GET", SpanKind::Client, Unset, 30)]);
    client.spans[0].span_id = SpanId([99; 8]);
    s.derived.observe(&client);
    s.derived.observe(&batch("cart", &[("GET /", Server, Error, 20)]));
    s.derived.flush();
    let series =
        |name: &str| format!(r#"traces_service_graph_request_{name}{{client="web", server="cart"}}"#);
    let of = |name: &str| s.floats(&format!("traces_service_graph_request_{name}"))[&series(name)].clone();
    assert_eq!(of("total"), [(-1_000, 0.0), (0, 1.0)]);
    assert_eq!(of("failed_total"), [(-1_000, 0.0), (0, 1.0)]);
    assert_eq!(of("server_seconds_sum"), [(-1_000, 0.0), (0, 0.02)]);
    assert_eq!(of("client_seconds_sum"), [(-1_000, 0.0), (0, 0.03)]);
    assert_eq!(of("client_seconds_count"), [(-1_000, 0.0), (0, 1.0)]);
}

#[test]
fn a_call_without_an_answer_is_written_when_its_wait_is_over() {
    let s = setup();
    let mut spans = batch("cart", &[("GET", SpanKind::Client, Unset, 30)]);
    let start = spans.attrs.len();
    let text = spans.push_text("pay.example");
    spans.push_attr("peer.service", Value::Str(text));
    spans.spans[0].attrs = spans.attrs_since(start);
    s.derived.observe(&spans);
    s.advance(9_000);
    assert!(s.floats("traces_service_graph_request_total").is_empty());
    // Looked at every two seconds, written a second after that.
    s.advance(2_000);
    s.advance(1_000);
    let series = r#"traces_service_graph_request_total{client="cart", connection_type="virtual_node", server="pay.example"}"#;
    s.check("traces_service_graph_request_total", &[(series, &[(11_000, 0.0), (12_000, 1.0)])]);
    assert_eq!(s.derived.stats().edges_virtual, 1);
}

#[test]
fn resources_are_told() {
    let s = setup();
    let spans = batch("cart", &[("x", Server, Fine, 1)]);
    s.derived.observe(&spans);
    s.derived.observe(&spans);
    s.derived.flush();
    let series = r#"traces_target_info{host_name="h", instance="i-1", job="cart"}"#;
    s.check("traces_target_info", &[(series, &[(0, 1.0)])]);
}

#[test]
fn what_is_quiet_ends_and_begins_anew() {
    let s = setup_with(|o| o.idle = Duration::from_secs(20));
    s.derived.observe(&batch("a", &[("x", Server, Fine, 1)]));
    s.advance(15_000);
    s.advance(15_000);
    let calls = s.floats("traces_span_metrics_calls_total").into_values().next().unwrap();
    assert_eq!(calls[..2], [(14_000, 0.0), (15_000, 1.0)]);
    assert!(calls[2].0 == 30_000 && is_stale(calls[2].1), "{calls:?}");
    for (series, samples) in s.floats("traces.*") {
        let last = samples.last().unwrap();
        assert!(is_stale(last.1), "{series}: {samples:?}");
    }
    assert_eq!((s.derived.stats().combinations, s.derived.stats().resources), (0, 0));
    s.advance(15_000);
    s.derived.observe(&batch("a", &[("x", Server, Fine, 1)]));
    s.advance(15_000);
    let calls = s.floats("traces_span_metrics_calls_total").into_values().next().unwrap();
    assert_eq!(calls[3..], [(59_000, 0.0), (60_000, 1.0)]);
}

#[test]
fn overflow_is_named_as_the_collector_names_it() {
    let s = setup_with(|o| {
        o.combinations_max = 1;
        o.tempo_names = false;
    });
    s.derived.observe(&batch("a", &[("1", Server, Fine, 1), ("2", Server, Fine, 1), ("3", Server, Fine, 1)]));
    s.derived.flush();
    let of = |name: &str, overflow: &str| {
        format!(
            r#"traces_span_metrics_calls_total{{{overflow}service_name="a", span_kind="SPAN_KIND_SERVER", span_name="{name}", status_code="STATUS_CODE_OK"}}"#
        )
    };
    let (one, rest) = (of("1", ""), of("__overflow__", "otel_metric_overflow=\"true\", "));
    s.check(
        "traces.*calls_total",
        &[(&one, &[(-1_000, 0.0), (0, 1.0)]), (&rest, &[(-1_000, 0.0), (0, 2.0)])],
    );
    let families = s.registry.collect();
    let overflow = families.iter().find(|f| f.name == "pharos_derived_overflow_total").unwrap();
    assert_eq!(overflow.samples[0].value, 2.0);
}

#[test]
fn what_could_not_be_written_comes_with_the_next() {
    let s = setup();
    s.derived.observe(&batch("a", &[("x", Server, Fine, 1)]));
    s.db.close();
    s.derived.flush();
    s.derived.flush();
    assert_eq!(s.derived.flush_failed.get(), 2.0);
    let state = s.derived.state.lock();
    assert_eq!(state.calls.len(), 1);
}

#[test]
fn families_have_their_types() {
    let s = setup();
    s.derived.observe(&batch("a", &[("x", Server, Fine, 1)]));
    s.derived.flush();
    let metadata: BTreeMap<_, _> = s.db.metadata().into_iter().collect();
    let names = s.floats("traces.*").into_keys();
    for series in names {
        let name = series.split('{').next().unwrap();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|s| name.strip_suffix(s)).unwrap_or(name);
        assert!(metadata.contains_key(family), "{family}");
    }
}

#[test]
fn spans_like_those_before_allocate_nothing() {
    let s = setup();
    let kinds = [SpanKind::Internal, Server, SpanKind::Consumer];
    let spans: Vec<_> = (0..999).map(|i| ("GET /products/{id}", kinds[i % 3], Fine, 12)).collect();
    let mut spans = batch("cart", &spans);
    // A root has no half to wait for: waiting is the one thing that takes memory.
    spans.spans.iter_mut().for_each(|span| span.parent_span_id = SpanId::NONE);
    s.derived.observe(&spans);
    let info = allocation_counter::measure(|| s.derived.observe(&spans));
    // Of the batch: what its keys and resources are.
    assert!(info.count_total <= 2, "{} allocations", info.count_total);
    assert_eq!(s.derived.stats().combinations, 3);
}
