use super::*;
use model::{Exemplar, FloatHistogram, Labels, MatchOp, Matcher, is_stale};
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::resource::v1::Resource;
use promconfig::TranslationStrategy;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use tempfile::TempDir;
use tsdb::{Background, Options};

const NOW: i64 = 1_700_000_000_000;
const CUMULATIVE: i32 = AggregationTemporality::Cumulative as i32;
const DELTA: i32 = AggregationTemporality::Delta as i32;

struct Setup {
    receiver: MetricReceiver,
    ledger: Arc<Ledger>,
    db: Db,
    clock: Clock,
    _dir: TempDir,
}

fn setup_with(change: impl FnOnce(&mut MetricOptions)) -> Setup {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(NOW);
    let options =
        Options { clock: clock.clone(), background: Background::Manual, ..Options::new(dir.path()) };
    let db = Db::open(options).unwrap();
    let registry = Registry::new();
    let ledger = Arc::new(Ledger::new(clock.clone(), &registry));
    let mut options = MetricOptions::default();
    change(&mut options);
    let receiver = MetricReceiver::new(db.clone(), options, Arc::clone(&ledger), &registry);
    Setup { receiver, ledger, db, clock, _dir: dir }
}

fn setup() -> Setup {
    setup_with(|_| {})
}

fn text(value: &str) -> Option<AnyValue> {
    Some(AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) })
}

fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    let pair = |(key, value): &(&str, &str)| KeyValue {
        key: (*key).to_owned(),
        value: text(value),
        ..KeyValue::default()
    };
    pairs.iter().map(pair).collect()
}

/// Nanoseconds of a time after [`NOW`], in milliseconds.
fn ns(ms: i64) -> u64 {
    ((NOW + ms) * 1_000_000) as u64
}

fn number(t: i64, value: f64) -> otlp::NumberDataPoint {
    otlp::NumberDataPoint {
        time_unix_nano: ns(t),
        value: Some(Value::AsDouble(value)),
        ..otlp::NumberDataPoint::default()
    }
}

fn started(start: i64, t: i64, value: f64) -> otlp::NumberDataPoint {
    otlp::NumberDataPoint { start_time_unix_nano: ns(start), ..number(t, value) }
}

fn metric(name: &str, unit: &str, data: Data) -> otlp::Metric {
    otlp::Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        description: format!("About {name}."),
        data: Some(data),
        ..otlp::Metric::default()
    }
}

fn gauge(name: &str, unit: &str, points: Vec<otlp::NumberDataPoint>) -> otlp::Metric {
    metric(name, unit, Data::Gauge(otlp::Gauge { data_points: points }))
}

fn sum(name: &str, temporality: i32, is_monotonic: bool, points: Vec<otlp::NumberDataPoint>) -> otlp::Metric {
    let sum = otlp::Sum { data_points: points, aggregation_temporality: temporality, is_monotonic };
    metric(name, "", Data::Sum(sum))
}

fn histogram(name: &str, temporality: i32, points: Vec<otlp::HistogramDataPoint>) -> otlp::Metric {
    let histogram = otlp::Histogram { data_points: points, aggregation_temporality: temporality };
    metric(name, "s", Data::Histogram(histogram))
}

fn buckets(t: i64, bounds: &[f64], counts: &[u64], sum: f64) -> otlp::HistogramDataPoint {
    otlp::HistogramDataPoint {
        time_unix_nano: ns(t),
        explicit_bounds: bounds.to_vec(),
        bucket_counts: counts.to_vec(),
        count: counts.iter().sum(),
        sum: Some(sum),
        ..otlp::HistogramDataPoint::default()
    }
}

fn request(resource: &[(&str, &str)], metrics: Vec<otlp::Metric>) -> ExportMetricsServiceRequest {
    let scoped = otlp::ScopeMetrics { metrics, ..otlp::ScopeMetrics::default() };
    ExportMetricsServiceRequest {
        resource_metrics: vec![otlp::ResourceMetrics {
            resource: Some(Resource { attributes: attributes(resource), ..Resource::default() }),
            scope_metrics: vec![scoped],
            ..otlp::ResourceMetrics::default()
        }],
    }
}

impl Setup {
    fn send(&self, resource: &[(&str, &str)], metrics: Vec<otlp::Metric>) -> Outcome {
        self.receiver.receive(Source::OtlpHttp, 10, &request(resource, metrics)).unwrap()
    }

    fn take(&self, metrics: Vec<otlp::Metric>) {
        let outcome = self.send(&[], metrics);
        assert_eq!((outcome.rejected, outcome.text().as_str()), (0, ""));
    }

    /// `(time after NOW, value)` by series, of all series whose name begins so.
    fn floats(&self, prefix: &str) -> BTreeMap<String, Vec<(i64, f64)>> {
        let mut found = BTreeMap::new();
        self.select(prefix, &mut |labels, samples| {
            let times = samples.timestamps.iter().map(|t| t - NOW);
            let pairs: Vec<_> = times.zip(samples.values.iter().copied()).collect();
            if !pairs.is_empty() {
                found.insert(labels.to_string(), pairs);
            }
        });
        found
    }

    fn natives(&self, prefix: &str) -> Vec<(String, Vec<(i64, FloatHistogram)>)> {
        let mut found = Vec::new();
        self.select(prefix, &mut |labels, samples| {
            let pairs: Vec<_> =
                samples.histograms.iter().map(|h| (h.timestamp - NOW, (*h.histogram).clone())).collect();
            found.push((labels.to_string(), pairs));
        });
        found
    }

    fn select(&self, prefix: &str, see: &mut dyn FnMut(&Labels, &model::Samples<'_>)) {
        let pattern = format!("{prefix}.*");
        let matcher = Matcher::new("__name__", MatchOp::Regex, &pattern).unwrap();
        let selected = self.db.select(&[matcher], i64::MIN, i64::MAX).unwrap();
        selected
            .read(0..selected.len(), &mut |i, samples| {
                see(selected.labels(i), &samples);
                ControlFlow::Continue(())
            })
            .unwrap();
    }

    #[track_caller]
    fn check(&self, prefix: &str, want: &[(&str, &[(i64, f64)])]) {
        let want: BTreeMap<String, Vec<(i64, f64)>> =
            want.iter().map(|(series, samples)| ((*series).to_owned(), samples.to_vec())).collect();
        assert_eq!(self.floats(prefix), want);
    }
}

#[test]
fn numbers_become_series() {
    let s = setup();
    let with = |mut p: otlp::NumberDataPoint, pairs: &[(&str, &str)]| {
        p.attributes = attributes(pairs);
        p
    };
    let whole = otlp::NumberDataPoint { value: Some(Value::AsInt(7)), ..number(0, 0.0) };
    s.take(vec![
        gauge("queue.size", "1", vec![with(number(0, 0.5), &[("http.route", "/x"), ("code", "1")])]),
        sum("requests", CUMULATIVE, true, vec![with(whole, &[("a.b", "v")])]),
        sum("in.flight", CUMULATIVE, false, vec![number(0, -3.0)]),
    ]);
    s.check(
        "",
        &[
            (r#"queue_size_ratio{code="1", http_route="/x"}"#, &[(0, 0.5)]),
            (r#"requests_total{a_b="v"}"#, &[(0, 7.0)]),
            ("in_flight", &[(0, -3.0)]),
        ],
    );
    // Known series take the short way.
    s.take(vec![gauge(
        "queue.size",
        "1",
        vec![with(number(10, 0.25), &[("code", "1"), ("http.route", "/x")])],
    )]);
    s.check("queue", &[(r#"queue_size_ratio{code="1", http_route="/x"}"#, &[(0, 0.5), (10, 0.25)])]);
    let metadata: BTreeMap<_, _> = s.db.metadata().into_iter().collect();
    let of = |metric_type, help: &str, unit: &str| Metadata {
        metric_type,
        help: help.to_owned(),
        unit: unit.to_owned(),
    };
    assert_eq!(metadata["requests_total"], of(MetricType::Counter, "About requests.", ""));
    assert_eq!(metadata["in_flight"].metric_type, MetricType::Gauge);
}

#[test]
fn names_that_collide_are_joined_and_the_resource_says_job_and_instance() {
    let s = setup_with(|o| {
        o.config.promote_resource_attributes =
            vec!["k8s.pod".to_owned(), "zone".to_owned(), "none".to_owned()];
    });
    let point = otlp::NumberDataPoint {
        attributes: attributes(&[
            ("b", "own"),
            ("a_b", "2"),
            ("a.b", "1"),
            ("zone", "of point"),
            ("job", "lost"),
            ("__name__", "lost"),
        ]),
        ..number(0, 1.0)
    };
    let resource = [
        ("service.name", "cart"),
        ("service.namespace", "shop"),
        ("service.instance.id", "i-1"),
        ("k8s.pod", "p"),
        ("zone", "of resource"),
        ("other", "o"),
    ];
    s.send(&resource, vec![gauge("g", "", vec![point])]);
    s.check(
        "",
        &[
            (
                r#"g{a_b="1;2", b="own", instance="i-1", job="shop/cart", k8s_pod="p", zone="of point"}"#,
                &[(0, 1.0)],
            ),
            (
                r#"target_info{instance="i-1", job="shop/cart", k8s_pod="p", other="o", zone="of resource"}"#,
                &[(0, 1.0)],
            ),
        ],
    );
}

#[test]
fn settings_change_what_becomes_of_a_resource() {
    let resource = [("service.name", "cart"), ("zone", "z"), ("host.name", "h")];
    let send = |change: &dyn Fn(&mut OtlpConfig)| {
        let s = setup_with(|o| change(&mut o.config));
        s.send(&resource, vec![gauge("g.x", "By", vec![number(0, 1.0)])]);
        s.floats("").into_keys().collect::<Vec<_>>()
    };
    let all = send(&|c| {
        c.promote_all_resource_attributes = true;
        c.ignore_resource_attributes = vec!["zone".to_owned()];
    });
    assert_eq!(
        all,
        [
            r#"g_x_bytes{host_name="h", job="cart", service_name="cart"}"#,
            r#"target_info{host_name="h", job="cart", zone="z"}"#
        ]
    );
    let kept = send(&|c| c.keep_identifying_resource_attributes = true);
    assert_eq!(kept[1], r#"target_info{host_name="h", job="cart", service_name="cart", zone="z"}"#);
    let plain = send(&|c| c.translation_strategy = TranslationStrategy::NoTranslation);
    assert_eq!(plain, [r#"target_info{"host.name"="h", job="cart", zone="z"}"#, r#"{"g.x", job="cart"}"#]);
}

#[test]
fn new_settings_hold_for_series_that_are_known() {
    let s = setup();
    s.take(vec![gauge("g.x", "s", vec![number(0, 1.0)])]);
    s.receiver.configure(&OtlpConfig {
        translation_strategy: TranslationStrategy::UnderscoreEscapingWithoutSuffixes,
        ..OtlpConfig::default()
    });
    s.take(vec![gauge("g.x", "s", vec![number(10, 2.0)])]);
    s.check("", &[("g_x_seconds", &[(0, 1.0)]), ("g_x", &[(10, 2.0)])]);
}

#[test]
fn the_scope_is_told_when_it_is_wanted() {
    let mut request = request(&[], vec![gauge("g", "", vec![number(0, 1.0)])]);
    let scoped = &mut request.resource_metrics[0].scope_metrics[0];
    scoped.schema_url = "http://s".to_owned();
    scoped.scope = Some(InstrumentationScope {
        name: "lib".to_owned(),
        version: "1".to_owned(),
        attributes: attributes(&[("team.x", "a"), ("name", "lost")]),
        ..InstrumentationScope::default()
    });
    for (wanted, series) in [
        (false, "g"),
        (
            true,
            r#"g{otel_scope_name="lib", otel_scope_schema_url="http://s", otel_scope_team_x="a", otel_scope_version="1"}"#,
        ),
    ] {
        let s = setup_with(|o| o.config.promote_scope_metadata = wanted);
        s.receiver.receive(Source::OtlpGrpc, 1, &request).unwrap();
        s.check("", &[(series, &[(0, 1.0)])]);
    }
}

#[test]
fn target_info_covers_the_time_of_the_points() {
    let s = setup();
    let resource = [("service.name", "a"), ("v", "1")];
    let minute = 60_000;
    let points = vec![number(-6 * minute, 1.0), number(-minute, 2.0), number(0, 3.0)];
    s.send(&resource, vec![gauge("g", "", points)]);
    let series = r#"target_info{job="a", v="1"}"#;
    let first: &[(i64, f64)] =
        &[(-6 * minute, 1.0), (-6 * minute + 150_000, 1.0), (-6 * minute + 300_000, 1.0), (0, 1.0)];
    s.check("target_info", &[(series, first)]);
    // A sender that is behind adds nothing; nor does a resource that only has a name.
    s.send(&resource, vec![gauge("h", "", vec![number(-minute, 1.0)])]);
    s.send(&[("service.name", "b")], vec![gauge("g", "", vec![number(0, 1.0)])]);
    s.send(&[("v", "nameless")], vec![gauge("g", "", vec![number(0, 1.0)])]);
    s.check("target_info", &[(series, first)]);
    assert_eq!(s.db.metadata().iter().filter(|(family, _)| family == "target_info").count(), 1);
}

#[test]
fn classic_histograms() {
    let s = setup();
    s.take(vec![histogram("lat", CUMULATIVE, vec![buckets(0, &[0.5, 1.0, 10.0], &[1, 0, 2, 1], 7.5)])]);
    s.check(
        "",
        &[
            (r#"lat_seconds_bucket{le="0.5"}"#, &[(0, 1.0)]),
            (r#"lat_seconds_bucket{le="1"}"#, &[(0, 1.0)]),
            (r#"lat_seconds_bucket{le="10"}"#, &[(0, 3.0)]),
            (r#"lat_seconds_bucket{le="+Inf"}"#, &[(0, 4.0)]),
            ("lat_seconds_count", &[(0, 4.0)]),
            ("lat_seconds_sum", &[(0, 7.5)]),
        ],
    );
    let families = s.db.metadata();
    assert_eq!((families[0].0.as_str(), families[0].1.unit.as_str()), ("lat_seconds", "seconds"));
    // Without a sum there is none.
    let s = setup();
    let bare = otlp::HistogramDataPoint { sum: None, ..buckets(0, &[], &[], 0.0) };
    s.take(vec![histogram("lat", CUMULATIVE, vec![otlp::HistogramDataPoint { count: 3, ..bare }])]);
    s.check("", &[(r#"lat_seconds_bucket{le="+Inf"}"#, &[(0, 3.0)]), ("lat_seconds_count", &[(0, 3.0)])]);
}

#[test]
fn classic_histograms_as_native_ones() {
    let s = setup_with(|o| o.config.convert_histograms_to_nhcb = true);
    s.take(vec![histogram("lat", CUMULATIVE, vec![buckets(0, &[0.5, 1.0, 10.0], &[1, 0, 2, 1], 7.5)])]);
    let natives = s.natives("");
    assert_eq!((natives.len(), natives[0].0.as_str()), (1, "lat_seconds"));
    let (t, h) = &natives[0].1[0];
    assert_eq!((*t, h.schema, h.count, h.sum), (0, -53, 4.0, 7.5));
    assert_eq!(h.custom_values, [0.5, 1.0, 10.0]);
    assert_eq!(h.positive_buckets, [1.0, 2.0, 1.0]);
    assert_eq!(h.positive_spans.iter().map(|s| (s.offset, s.length)).collect::<Vec<_>>(), [(0, 1), (1, 2)]);
}

fn exponential(t: i64, temporality: i32, scale: i32, counts: &[u64]) -> otlp::Metric {
    let point = otlp::ExponentialHistogramDataPoint {
        time_unix_nano: ns(t),
        start_time_unix_nano: ns(t - 10),
        count: counts.iter().sum::<u64>() + 1,
        sum: Some(4.0),
        scale,
        zero_count: 1,
        positive: Some(Buckets { offset: 0, bucket_counts: counts.to_vec() }),
        ..otlp::ExponentialHistogramDataPoint::default()
    };
    let histogram =
        otlp::ExponentialHistogram { data_points: vec![point], aggregation_temporality: temporality };
    metric("lat", "", Data::ExponentialHistogram(histogram))
}

#[test]
fn exponential_histograms() {
    let s = setup();
    s.take(vec![exponential(0, CUMULATIVE, 1, &[1, 2])]);
    let outcome = s.send(&[], vec![exponential(10, CUMULATIVE, -5, &[1])]);
    assert_eq!(
        outcome.text(),
        r#"metric "lat": cannot convert exponential to native histogram. Scale must be >= -4, was -5"#
    );
    let natives = s.natives("lat");
    let (_, h) = &natives[0].1[0];
    assert_eq!((h.schema, h.count, h.zero_count, natives[0].1.len()), (1, 4.0, 1.0, 1));
    assert_eq!(h.positive_buckets, [1.0, 2.0]);
}

#[test]
fn summaries() {
    let s = setup();
    let quantile = |quantile, value| ValueAtQuantile { quantile, value };
    let point = otlp::SummaryDataPoint {
        time_unix_nano: ns(0),
        count: 5,
        sum: 12.5,
        quantile_values: vec![quantile(0.5, 2.0), quantile(1.0, 4.0)],
        ..otlp::SummaryDataPoint::default()
    };
    let of = |point| metric("rpc", "ms", Data::Summary(otlp::Summary { data_points: vec![point] }));
    s.take(vec![of(point.clone())]);
    s.check(
        "",
        &[
            (r#"rpc_milliseconds{quantile="0.5"}"#, &[(0, 2.0)]),
            (r#"rpc_milliseconds{quantile="1"}"#, &[(0, 4.0)]),
            ("rpc_milliseconds_count", &[(0, 5.0)]),
            ("rpc_milliseconds_sum", &[(0, 12.5)]),
        ],
    );
    let bad = otlp::SummaryDataPoint { quantile_values: vec![quantile(f64::NAN, 1.0)], ..point };
    assert_eq!(s.send(&[], vec![of(bad)]).rejected, 1);
}

#[test]
fn exemplars_lie_in_their_buckets() {
    let s = setup();
    let exemplar = |value: f64, id: u8| otlp::Exemplar {
        time_unix_nano: ns(-1),
        trace_id: vec![id; 16],
        value: Some(otlp::exemplar::Value::AsDouble(value)),
        ..otlp::Exemplar::default()
    };
    let mut point = buckets(0, &[1.0, 2.0], &[1, 1, 1], 6.0);
    // In no order.
    point.exemplars = vec![exemplar(9.0, 3), exemplar(0.5, 1), exemplar(2.0, 2)];
    let mut counted = number(0, 1.0);
    counted.exemplars = vec![exemplar(1.0, 4)];
    let mut measured = number(0, 1.0);
    measured.exemplars = vec![exemplar(1.0, 5)];
    let metrics = vec![
        histogram("lat", CUMULATIVE, vec![point]),
        sum("n", CUMULATIVE, true, vec![counted]),
        gauge("g", "", vec![measured]),
    ];
    s.take(metrics.clone());
    let all = s.db.exemplars(&[vec![]], NOW - 10, NOW);
    let shown: BTreeMap<String, Vec<f64>> = all
        .iter()
        .map(|(labels, e): &(Labels, Vec<Exemplar>)| {
            (labels.to_string(), e.iter().map(|e| e.value).collect())
        })
        .collect();
    let want = [
        (r#"lat_seconds_bucket{le="1"}"#, 0.5),
        (r#"lat_seconds_bucket{le="2"}"#, 2.0),
        (r#"lat_seconds_bucket{le="+Inf"}"#, 9.0),
        ("n_total", 1.0),
    ];
    let want: BTreeMap<String, Vec<f64>> =
        want.iter().map(|(series, value)| ((*series).to_owned(), vec![*value])).collect();
    assert_eq!(shown, want);
    // Sent again with the next points, they are no fault.
    let outcome = s.send(&[], metrics);
    assert_eq!((outcome.rejected, s.receiver.metrics.exemplars_refused.get()), (0, 0.0));
}

#[test]
fn no_recorded_value_ends_series() {
    let s = setup();
    let ended = |mut p: otlp::NumberDataPoint| {
        (p.flags, p.value) = (1, None);
        p
    };
    let mut point = buckets(10, &[1.0], &[0, 0], 0.0);
    point.flags = 1;
    s.take(vec![
        gauge("g", "", vec![number(0, 1.0), ended(number(10, 0.0))]),
        histogram("h", CUMULATIVE, vec![buckets(0, &[1.0], &[1, 1], 2.0), point]),
    ]);
    let floats = s.floats("");
    assert_eq!(floats.len(), 5);
    for (series, samples) in floats {
        assert_eq!(samples.len(), 2, "{series}");
        assert!(is_stale(samples[1].1) && !is_stale(samples[0].1), "{series}");
    }
    let s = setup();
    let mut metric = exponential(10, CUMULATIVE, 0, &[]);
    if let Some(Data::ExponentialHistogram(h)) = &mut metric.data {
        h.data_points[0].flags = 1;
    }
    s.take(vec![exponential(0, CUMULATIVE, 0, &[1]), metric]);
    let natives = s.natives("lat");
    assert!(is_stale(natives[0].1[1].1.sum));
}

#[test]
fn deltas_are_summed_up_from_zero() {
    let s = setup();
    s.take(vec![sum("n", DELTA, true, vec![started(-1_000, 0, 5.0), started(0, 1_000, 2.0)])]);
    s.take(vec![sum("n", DELTA, true, vec![started(1_000, 2_000, 1.0)])]);
    s.check("", &[("n_total", &[(-999, 0.0), (0, 5.0), (1_000, 7.0), (2_000, 8.0)])]);
    // What goes up and down has no zero to start from.
    let s = setup();
    s.take(vec![sum("n", DELTA, false, vec![started(-1_000, 0, 5.0), started(0, 1_000, -7.0)])]);
    s.check("", &[("n", &[(0, 5.0), (1_000, -2.0)])]);
}

#[test]
fn a_stream_of_deltas_after_a_restart_begins_behind_its_last_sample() {
    let s = setup();
    s.take(vec![sum("n", DELTA, true, vec![started(-1_000, 0, 5.0)])]);
    // The memory of the streams is gone, the samples are not.
    let fresh =
        MetricReceiver::new(s.db.clone(), MetricOptions::default(), Arc::clone(&s.ledger), &Registry::new());
    let again = request(&[], vec![sum("n", DELTA, true, vec![started(0, 1_000, 6.0)])]);
    assert_eq!(fresh.receive(Source::OtlpHttp, 1, &again).unwrap().rejected, 0);
    s.check("", &[("n_total", &[(-999, 0.0), (0, 5.0), (1, 0.0), (1_000, 6.0)])]);
}

#[test]
fn deltas_of_histograms_are_summed_up() {
    let s = setup();
    let point = |start: i64, p: otlp::HistogramDataPoint| otlp::HistogramDataPoint {
        start_time_unix_nano: ns(start),
        ..p
    };
    let first = point(-10, buckets(0, &[1.0], &[1, 2], 4.0));
    let second = point(0, buckets(10, &[1.0], &[3, 0], 1.0));
    s.take(vec![histogram("h", DELTA, vec![first, second])]);
    let floats = s.floats("");
    assert_eq!(floats[r#"h_seconds_bucket{le="1"}"#], [(-9, 0.0), (0, 1.0), (10, 4.0)]);
    assert_eq!(floats["h_seconds_count"], [(-9, 0.0), (0, 3.0), (10, 6.0)]);
    assert_eq!(floats["h_seconds_sum"], [(-9, 0.0), (0, 4.0), (10, 5.0)]);
    s.take(vec![exponential(0, DELTA, 2, &[1]), exponential(10, DELTA, 1, &[1])]);
    let natives = s.natives("lat");
    let last = &natives[0].1.last().unwrap().1;
    assert_eq!((last.schema, last.count, last.zero_count), (1, 4.0, 2.0));
}

#[test]
fn bad_deltas_are_refused_and_do_no_harm() {
    let s = setup();
    let bad = vec![
        number(0, f64::NAN),
        number(0, f64::INFINITY),
        number(0, -1.0),
        started(-10, 0, 5.0),
        started(-10, 0, 1.0),
        started(-5, -3, 1.0),
        started(0, 10, 2.0),
    ];
    let outcome = s.send(&[], vec![sum("n", DELTA, true, bad)]);
    assert_eq!((outcome.accepted, outcome.rejected), (2, 5));
    assert!(outcome.messages[0].contains("a delta of NaN"), "{:?}", outcome.messages);
    assert!(outcome.messages[3].contains("out of order delta"), "{:?}", outcome.messages);
    s.check("n", &[("n_total", &[(-9, 0.0), (0, 5.0), (10, 7.0)])]);
}

#[test]
fn zeros_at_starts_when_they_are_wanted() {
    let metrics = |t: i64| {
        vec![
            sum("n", CUMULATIVE, true, vec![started(-500, t, 3.0)]),
            sum("up", CUMULATIVE, false, vec![started(-500, t, 3.0)]),
            // A start that is the time of the point is an unknown one.
            sum("m", CUMULATIVE, true, vec![started(t, t, 3.0)]),
        ]
    };
    let s = setup_with(|o| o.zero_at_start = true);
    s.take(metrics(0));
    s.take(metrics(10));
    s.check(
        "",
        &[
            ("n_total", &[(-500, 0.0), (0, 3.0), (10, 3.0)]),
            ("up", &[(0, 3.0), (10, 3.0)]),
            ("m_total", &[(0, 3.0), (10, 3.0)]),
        ],
    );
    let s = setup();
    s.take(metrics(0));
    assert_eq!(s.floats("n_total")["n_total"], [(0, 3.0)]);
    let mut starts = Vec::new();
    s.select("n_total", &mut |_, samples| starts.extend_from_slice(samples.start_timestamps));
    assert_eq!(starts, [NOW - 500]);
}

#[test]
fn good_points_are_taken_beside_bad_ones_and_the_bad_are_named() {
    let s = setup();
    s.take(vec![gauge("g", "", vec![number(100, 1.0)])]);
    let valueless = otlp::NumberDataPoint { value: None, ..number(0, 0.0) };
    let nameless = otlp::NumberDataPoint { attributes: attributes(&[("", "x")]), ..number(0, 0.0) };
    let timeless = otlp::NumberDataPoint { time_unix_nano: 0, ..number(0, 1.0) };
    let outcome = s.send(
        &[],
        vec![
            gauge("g", "", vec![number(100, 2.0), number(50, 3.0), number(200, 4.0)]),
            gauge("h", "", vec![valueless, nameless, timeless, number(601_000, 1.0), number(0, 1.0)]),
            gauge("@#$", "", vec![number(0, 1.0)]),
            sum("odd", 0, true, vec![number(0, 1.0), number(1, 1.0)]),
            gauge("empty", "", vec![]),
            otlp::Metric { name: "nothing".to_owned(), ..otlp::Metric::default() },
            histogram("b", CUMULATIVE, vec![buckets(0, &[1.0], &[1], 1.0)]),
        ],
    );
    assert_eq!((outcome.accepted, outcome.rejected), (2, 10));
    let starts = [
        r#"metric "g": duplicate sample for timestamp"#,
        r#"metric "g": out of order sample for series {__name__="g"}"#,
        r#"metric "h": a data point without a value"#,
        r#"metric "h": label name is empty"#,
        r#"metric "h": the time is not set"#,
        r#"metric "h": out of bounds: timestamp is too far in the future"#,
        r#"metric "@#$": normalization for metric "@#$" resulted in empty name"#,
        r#"metric "odd": invalid temporality and type combination"#,
        r#"metric "b": 1 bounds need 2 buckets, have 1"#,
    ];
    assert_eq!(outcome.messages.len(), starts.len());
    for (message, start) in outcome.messages.iter().zip(starts) {
        assert!(message.starts_with(start), "{message}");
    }
    assert_eq!(outcome.warnings.len(), 2);
    let row = &s.ledger.rows()[0];
    assert_eq!((row.signal, row.accepted, row.rejected), (Signal::Metrics, 3, 10));
    let unsupported = row.refusals.iter().find(|r| r.reason == Reason::Unsupported).unwrap();
    assert_eq!(unsupported.count, 2);
    s.check("g", &[("g", &[(100, 1.0), (200, 4.0)])]);
    s.check("h", &[("h", &[(0, 1.0)])]);
}

#[test]
fn the_same_point_twice_in_a_request_is_told() {
    let s = setup();
    let outcome = s.send(
        &[],
        vec![
            gauge("g", "", vec![number(0, 1.0)]),
            gauge("h", "", vec![number(0, 1.0)]),
            gauge("g", "", vec![number(0, 2.0)]),
        ],
    );
    assert_eq!((outcome.accepted, outcome.rejected), (2, 1));
    assert!(outcome.text().starts_with(r#"metric "g": duplicate sample"#), "{}", outcome.text());
}

#[test]
fn nothing_of_a_request_counts_when_it_cannot_be_written() {
    let s = setup();
    s.db.close();
    let request = request(&[], vec![sum("n", DELTA, true, vec![started(-10, 0, 5.0)])]);
    let refused = s.receiver.receive(Source::OtlpHttp, 1, &request).unwrap_err();
    assert!(matches!(refused, Refused::Failed(_)), "{refused:?}");
    assert_eq!(s.receiver.deltas.lock().len(), 0);
    assert_eq!(s.ledger.rows()[0].requests_refused, 1);
}

#[test]
fn idle_streams_are_forgotten() {
    let s = setup_with(|o| o.delta.idle = Duration::from_secs(60));
    s.take(vec![sum("n", DELTA, true, vec![started(-10, 0, 5.0)])]);
    s.clock.advance(Duration::from_secs(120));
    s.take(vec![sum("n", DELTA, true, vec![started(119_000, 120_000, 2.0)])]);
    let expired = s.receiver.metrics.delta_expired.get();
    assert_eq!((expired, s.receiver.metrics.delta_streams.get()), (1.0, 1.0));
    assert_eq!(s.floats("n")["n_total"][2..], [(119_001, 0.0), (120_000, 2.0)]);
}
