//! Scrapes into a real store, body by body.

use super::*;
use crate::job::testing;
use crate::report::Report;
use base::Budget;
use flate2::{Compression, write::GzEncoder};
use model::{Matcher, MetricType, is_stale};
use std::io::Write;
use std::ops::ControlFlow;
use telemetry::Registry;
use tsdb::{Background, Options};

const START_MS: i64 = 1_700_000_000_000;
const STEP_MS: i64 = 15_000;
const TEXT: &str = "text/plain; version=0.0.4";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0";

/// A target, its job and a store of its own.
struct Bench {
    db: Db,
    clock: Clock,
    ingest: Ingest,
    job: Job,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new(yaml: &str) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(START_MS);
        let options = Options {
            clock: clock.clone(),
            budget: Budget::new("test", 1 << 30),
            background: Background::Manual,
            ..Options::new(dir.path())
        };
        let db = Db::open(options).unwrap();
        let metrics = Metrics::new(&Registry::new());
        let shared = Shared {
            db: db.clone(),
            clock: clock.clone(),
            metrics,
            words: Arc::default(),
            buffers: Arc::default(),
        };
        let target = Labels::from_pairs([("instance", "i"), ("job", "j")]);
        Bench { db, clock, ingest: Ingest::new(&shared, &target), job: testing::job(yaml), _dir: dir }
    }

    fn timing(&self) -> Timing {
        let timeout = Duration::from_secs(10);
        Timing { timestamp: self.clock.now_ms(), start: self.clock.monotonic(), timeout }
    }

    fn fetched(&mut self, fetched: Result<Fetched, ScrapeError>) -> Outcome {
        let timing = self.timing();
        let outcome = self.ingest.scrape(&self.job, fetched, timing);
        self.clock.advance(Duration::from_millis(STEP_MS as u64));
        outcome
    }

    fn body(&mut self, content_type: &str, encoding: &str, body: impl AsRef<[u8]>) -> Outcome {
        let raw = body.as_ref().to_vec();
        let (encoding, content_type) = (encoding.to_owned(), content_type.to_owned());
        self.fetched(Ok(Fetched { raw: raw.into(), encoding, content_type }))
    }

    fn text(&mut self, body: &str) -> Outcome {
        self.body(TEXT, "", body)
    }

    /// A scrape that must succeed without loss.
    #[track_caller]
    fn good(&mut self, body: &str) -> Report {
        let outcome = self.text(body);
        assert!(outcome.error.is_none(), "{:?}", outcome.error);
        assert_eq!(outcome.losses, Losses::default());
        outcome.report
    }

    /// A scrape that must fail: its words.
    #[track_caller]
    fn bad(&mut self, body: &str) -> (Report, String) {
        let outcome = self.text(body);
        (outcome.report, outcome.error.expect("an error").to_string())
    }

    /// The samples of the series of one name: the number of the scrape, and the value or `stale`.
    fn samples(&self, name: &str) -> Vec<(i64, String)> {
        let mut all = Vec::new();
        for (_, samples) in self.series(name) {
            all.extend(samples);
        }
        all
    }

    fn series(&self, name: &str) -> Vec<(Labels, Vec<(i64, String)>)> {
        let selected = self.db.select(&[Matcher::equal("__name__", name)], 0, i64::MAX).unwrap();
        let mut all = Vec::new();
        selected
            .read(0..selected.len(), &mut |i, samples| {
                let number = |t: &i64| (t - START_MS) / STEP_MS;
                let show = |v: f64| if is_stale(v) { "stale".to_owned() } else { v.to_string() };
                let mut seen: Vec<(i64, String)> = samples
                    .timestamps
                    .iter()
                    .zip(samples.values)
                    .map(|(t, v)| (number(t), show(*v)))
                    .collect();
                seen.extend(samples.histograms.iter().map(|h| {
                    let text = if is_stale(h.histogram.sum) {
                        "stale".to_owned()
                    } else {
                        h.histogram.count.to_string()
                    };
                    (number(&h.timestamp), format!("histogram {text}"))
                }));
                seen.sort();
                all.push((selected.labels(i).clone(), seen));
                ControlFlow::Continue(())
            })
            .unwrap();
        all
    }

    #[track_caller]
    fn check(&self, name: &str, want: &[(i64, &str)]) {
        let want: Vec<(i64, String)> = want.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        assert_eq!(self.samples(name), want, "{name}");
    }
}

#[test]
fn stores_samples_and_reports() {
    let mut b = Bench::new("");
    let report = b.good("# HELP a of a\n# TYPE a counter\na{x=\"1\"} 1\na{x=\"2\"} 2\nb 3\n");
    assert_eq!((report.scraped, report.post_relabeling, report.series_added), (3, 3, 3));
    assert_eq!(b.series("b")[0].0.to_string(), "b{instance=\"i\", job=\"j\"}");
    assert_eq!(b.series("a")[1].0.to_string(), "a{instance=\"i\", job=\"j\", x=\"2\"}");
    let report = b.good("a{x=\"1\"} 4\na{x=\"2\"} 5\nb 6\nnew 7\n");
    assert_eq!((report.scraped, report.post_relabeling, report.series_added), (4, 4, 1));
    b.check("b", &[(0, "3"), (1, "6")]);
    b.check("up", &[(0, "1"), (1, "1")]);
    b.check("scrape_samples_scraped", &[(0, "3"), (1, "4")]);
    b.check("scrape_samples_post_metric_relabeling", &[(0, "3"), (1, "4")]);
    b.check("scrape_series_added", &[(0, "3"), (1, "1")]);
    assert_eq!(b.samples("scrape_duration_seconds").len(), 2);
    assert!(b.samples("scrape_timeout_seconds").is_empty());
    assert_eq!(b.series("up")[0].0.to_string(), "up{instance=\"i\", job=\"j\"}");
}

#[test]
fn what_disappears_becomes_stale_and_may_come_back() {
    let mut b = Bench::new("");
    b.good("a 1\nb 1\n");
    b.good("a 2\n");
    b.good("a 3\n");
    b.good("b 4\na 4\n");
    b.check("a", &[(0, "1"), (1, "2"), (2, "3"), (3, "4")]);
    b.check("b", &[(0, "1"), (1, "stale"), (3, "4")]);
}

#[test]
fn a_failed_scrape_ends_all_series_and_says_down() {
    let mut b = Bench::new("");
    b.good("a 1\n");
    let outcome =
        b.fetched(Err(ScrapeError::Status { code: 500, line: "500 Internal Server Error".to_owned() }));
    assert!(!outcome.report.up);
    assert_eq!(outcome.error.unwrap().to_string(), "server returned HTTP status 500 Internal Server Error");
    b.good("a 2\n");
    b.check("a", &[(0, "1"), (1, "stale"), (2, "2")]);
    b.check("up", &[(0, "1"), (1, "0"), (2, "1")]);
    b.check("scrape_samples_scraped", &[(0, "1"), (1, "0"), (2, "1")]);
}

#[test]
fn an_empty_body_is_a_scrape_without_series() {
    let mut b = Bench::new("");
    b.good("a 1\n");
    b.good("");
    b.check("a", &[(0, "1"), (1, "stale")]);
    b.check("up", &[(0, "1"), (1, "1")]);
}

#[test]
fn a_body_cut_off_stores_nothing_of_itself() {
    let mut b = Bench::new("");
    b.good("a 1\nb 1\n");
    let (report, error) = b.bad("a 2\nb{x=\"");
    assert!(!report.up && !error.is_empty(), "{error}");
    b.check("a", &[(0, "1"), (1, "stale")]);
    b.check("b", &[(0, "1"), (1, "stale")]);
    // OpenMetrics says where it ends.
    let outcome = b.body(OPEN_METRICS, "", "# TYPE a gauge\na 3\n");
    assert!(outcome.error.is_some());
    let outcome = b.body(OPEN_METRICS, "", "# TYPE a gauge\na 4\n# EOF\n");
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    b.check("a", &[(0, "1"), (1, "stale"), (3, "4")]);
}

#[test]
fn the_wrong_type_needs_a_fallback() {
    let mut b = Bench::new("");
    let outcome = b.body("text/html", "", "a 1\n");
    let error = outcome.error.unwrap().to_string();
    assert!(error.contains("unsupported Content-Type \"text/html\""), "{error}");
    assert!(b.samples("a").is_empty());
    let mut b = Bench::new("fallback_scrape_protocol: PrometheusText0.0.4");
    assert!(b.body("text/html", "", "a 1\n").error.is_none());
    b.check("a", &[(0, "1")]);
}

#[test]
fn the_first_of_duplicates_counts_and_the_series_is_named() {
    let mut b = Bench::new("");
    for round in 0..2 {
        let outcome = b.text("a{x=\"1\"} 1\na{x=\"1\"} 2\nb 3\n");
        assert!(outcome.error.is_none());
        assert_eq!(outcome.losses.duplicate.count, 1, "{round}");
        assert_eq!(outcome.losses.duplicate.series, "a{x=\"1\"}");
        assert_eq!(outcome.report.post_relabeling, 3);
    }
    assert_eq!(b.ingest.shared.metrics.duplicate_timestamp.get(), 2.0);
    b.check("a", &[(0, "1"), (1, "1")]);
    b.check("b", &[(0, "3"), (1, "3")]);
}

#[test]
fn series_that_relabeling_makes_one_are_duplicates() {
    let mut b = Bench::new("metric_relabel_configs: [{regex: x, action: labeldrop}]");
    for _ in 0..2 {
        let outcome = b.text("a{x=\"1\"} 1\na{x=\"2\"} 2\n");
        assert_eq!(outcome.losses.duplicate.series, "a{x=\"2\"}");
    }
    b.check("a", &[(0, "1"), (1, "1")]);
    // The other one alone keeps the series alive.
    b.good("a{x=\"2\"} 5\n");
    b.good("a{x=\"1\"} 6\n");
    b.check("a", &[(0, "1"), (1, "1"), (2, "5"), (3, "6")]);
}

#[test]
fn own_timestamps_are_honored_and_not_tracked() {
    let mut b = Bench::new("");
    let at = |n: i64| START_MS + n * STEP_MS;
    b.good(&format!("a 1 {}\n", at(-2)));
    b.good(&format!("a 2 {}\nb 1\n", at(0)));
    b.good("b 2\n");
    b.check("a", &[(-2, "1"), (0, "2")]);
    // The same sample again is no loss.
    let mut b = Bench::new("");
    b.good(&format!("a 1 {}\n", at(-1)));
    b.good(&format!("a 1 {}\n", at(-1)));
    b.check("a", &[(-1, "1")]);

    let mut b = Bench::new("honor_timestamps: false");
    b.good(&format!("a 1 {}\n", at(-2)));
    b.good("");
    b.check("a", &[(0, "1"), (1, "stale")]);
    let mut b = Bench::new("track_timestamps_staleness: true");
    b.good(&format!("a 1 {}\n", at(0)));
    b.good("");
    b.check("a", &[(0, "1"), (1, "stale")]);
}

#[test]
fn samples_out_of_order_are_counted_and_named() {
    let mut b = Bench::new("");
    b.good(&format!("a{{x=\"1\"}} 1 {START_MS}\n"));
    let outcome = b.text(&format!("a{{x=\"1\"}} 2 {}\nb 1\n", START_MS - 5));
    assert!(outcome.error.is_none());
    assert_eq!(outcome.losses.out_of_order.count, 1);
    assert!(outcome.losses.warning().unwrap().contains("the first of a{x=\"1\"}"));
    let outcome = b.text(&format!("a{{x=\"1\"}} 3 {START_MS}\n"));
    assert_eq!(outcome.losses.duplicate.count, 1);
    let ahead = b.clock.now_ms() + AHEAD_MAX_MS + 1;
    let outcome = b.text(&format!("far 1 {ahead}\nnear 1 {}\n", ahead - 1));
    assert_eq!(outcome.losses.out_of_bounds.series, "far");
    assert_eq!(b.samples("near").len(), 1);
    let metrics = &b.ingest.shared.metrics;
    let counts =
        [&metrics.out_of_order, &metrics.duplicate_timestamp, &metrics.out_of_bounds].map(|c| c.get());
    assert_eq!(counts, [1.0, 1.0, 1.0]);
    b.check("a", &[(0, "1")]);
}

#[test]
fn over_the_sample_limit_nothing_is_stored() {
    let mut b = Bench::new("sample_limit: 2\nextra_scrape_metrics: true");
    b.good("a 1\nb 1\n");
    let (report, error) = b.bad("a 2\nb 2\nc 2\nd 2\n");
    assert_eq!(error, "sample limit exceeded");
    assert_eq!((report.scraped, report.post_relabeling, report.series_added), (4, 4, 0));
    b.good("a 3\nb 3\n");
    b.check("a", &[(0, "1"), (1, "stale"), (2, "3")]);
    assert!(b.samples("c").is_empty());
    b.check("scrape_sample_limit", &[(0, "2"), (1, "2"), (2, "2")]);
    b.check("scrape_timeout_seconds", &[(0, "10"), (1, "10"), (2, "10")]);
    assert_eq!(b.ingest.shared.metrics.exceeded_sample_limit.get(), 1.0);
}

#[test]
fn the_sample_limit_counts_what_relabeling_leaves() {
    let drop =
        "sample_limit: 1\nmetric_relabel_configs: [{source_labels: [__name__], regex: drop.*, action: drop}]";
    let mut b = Bench::new(drop);
    for _ in 0..2 {
        let report = b.good("dropped 1\ndropped_too 1\nkept 1\n");
        assert_eq!((report.scraped, report.post_relabeling), (3, 1));
    }
    b.check("kept", &[(0, "1"), (1, "1")]);
    assert!(b.samples("dropped").is_empty());
}

#[test]
fn label_limits_fail_the_scrape() {
    for (yaml, want) in [
        ("label_limit: 3", "label_limit exceeded (metric: a, number of labels: 4, limit: 3)"),
        ("label_name_length_limit: 8", "label_name_length_limit exceeded (metric: a, label name: long_name"),
        (
            "label_value_length_limit: 3",
            "label_value_length_limit exceeded (metric: a, label name: long_name",
        ),
    ] {
        let mut b = Bench::new(yaml);
        let (_, error) = b.bad("a{long_name=\"long\"} 1\n");
        assert!(error.starts_with(want), "{error}");
        assert!(b.samples("a").is_empty());
        assert_eq!(b.ingest.shared.metrics.exceeded_label_limits.get(), 1.0);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_bomb_is_stopped_by_the_body_size_limit() {
    let mut b = Bench::new("body_size_limit: 1MB\nextra_scrape_metrics: true");
    let body = format!("a 1\n{}", "#\n".repeat(5 << 20));
    let bomb = gzip(body.as_bytes());
    assert!(bomb.len() < 1 << 20);
    let outcome = b.body(TEXT, "gzip", bomb);
    assert_eq!(outcome.error.unwrap().to_string(), "body size limit exceeded");
    b.check("scrape_body_size_bytes", &[(0, "-1")]);
    assert_eq!(b.ingest.shared.metrics.exceeded_body_size_limit.get(), 1.0);
    assert!(b.body(TEXT, "gzip", gzip(b"a 1\n")).error.is_none());
    b.check("scrape_body_size_bytes", &[(0, "-1"), (1, "4")]);
    assert!(b.body(TEXT, "gzip", &gzip(b"a 1\n")[..10]).error.is_some());
    b.check("a", &[(1, "1"), (2, "stale")]);
}

#[test]
fn names_must_be_there_and_valid() {
    let mut b = Bench::new("metric_relabel_configs: [{regex: __name__, action: labeldrop}]");
    assert_eq!(b.bad("a 1\n").1, "missing metric name (__name__ label)");
    let mut b = Bench::new("metric_name_validation_scheme: legacy");
    let error = b.bad("{\"a.b\"} 1\n").1;
    assert!(error.starts_with("invalid metric name or label names: "), "{error}");
    Bench::new("").good("{\"a.b\", \"c d\"=\"e\"} 1\n");
}

const CLASSIC: &str = "# TYPE h histogram\n\
    h_bucket{le=\"1\"} 1\nh_bucket{le=\"2\"} 3\nh_bucket{le=\"+Inf\"} 4\nh_sum 5\nh_count 4\n";

#[test]
fn classic_histograms_become_native_ones_when_asked_to() {
    let mut b = Bench::new("convert_classic_histograms_to_nhcb: true");
    b.good(CLASSIC);
    b.good("other 1\n");
    b.check("h", &[(0, "histogram 4"), (1, "stale")]);
    assert!(b.samples("h_count").is_empty());
    let mut b =
        Bench::new("convert_classic_histograms_to_nhcb: true\nalways_scrape_classic_histograms: true");
    b.good(CLASSIC);
    b.check("h", &[(0, "histogram 4")]);
    b.check("h_count", &[(0, "4")]);
    let mut b = Bench::new("");
    b.good(CLASSIC);
    assert!(b.samples("h").is_empty());
    assert_eq!(b.samples("h_bucket").len(), 3);
}

#[test]
fn custom_buckets_over_the_limit_fail_the_scrape() {
    let yaml = "convert_classic_histograms_to_nhcb: true\nnative_histogram_bucket_limit: ";
    assert_eq!(Bench::new(&format!("{yaml}2")).bad(CLASSIC).1, "histogram bucket limit exceeded");
    Bench::new(&format!("{yaml}3")).good(CLASSIC);
}

#[test]
fn exemplars_are_stored_with_their_series() {
    let mut b = Bench::new("");
    let body = "# TYPE a counter\na_total 1 # {trace_id=\"t1\"} 0.5\n# EOF\n";
    assert!(b.body(OPEN_METRICS, "", body).error.is_none());
    let found = b.db.exemplars(&[vec![Matcher::equal("__name__", "a_total")]], 0, i64::MAX);
    assert_eq!(found.len(), 1);
    let exemplar = &found[0].1[0];
    assert_eq!((exemplar.value, exemplar.timestamp), (0.5, Some(START_MS)));
    assert_eq!(exemplar.labels.value("trace_id"), "t1");
}

#[test]
fn metadata_is_told_to_the_store_and_kept_for_the_api() {
    let mut b = Bench::new("");
    b.good("# HELP a of a\n# TYPE a gauge\na 1\n# HELP b of b\nb 1\n");
    let all = b.db.metadata();
    let of = |name: &str| all.iter().find(|(family, _)| family == name).unwrap().1.clone();
    assert_eq!((of("a").metric_type, of("a").help.as_str()), (MetricType::Gauge, "of a"));
    assert_eq!((of("b").metric_type, of("b").help.as_str()), (MetricType::Unknown, "of b"));
    assert_eq!(of("up").metric_type, MetricType::Gauge);
    assert_eq!(b.ingest.families().lock().all().len(), 2);
}

#[test]
fn a_new_configuration_ends_series_that_get_other_labels() {
    let mut b = Bench::new("");
    b.good("a{x=\"1\"} 1\nb 1\n");
    b.job = testing::job(
        "metric_relabel_configs: [{source_labels: [__name__], regex: a, target_label: y, replacement: z}]",
    );
    b.ingest.forget_labels();
    b.good("a{x=\"1\"} 2\nb 2\n");
    b.good("a{x=\"1\"} 3\nb 3\n");
    b.check("b", &[(0, "1"), (1, "2"), (2, "3")]);
    let series = b.series("a");
    let values = |labels: &str| series.iter().find(|(l, _)| l.to_string() == labels).unwrap().1.clone();
    let (one, stale) = ((0, "1".to_owned()), (1, "stale".to_owned()));
    assert_eq!(values("a{instance=\"i\", job=\"j\", x=\"1\"}"), [one, stale]);
    assert_eq!(values("a{instance=\"i\", job=\"j\", x=\"1\", y=\"z\"}").len(), 2);
}

/// A scrape that panics when it has taken this much of a body.
fn panicking(b: &mut Bench, body: &str) -> Outcome {
    let timing = b.timing();
    let job = &b.job;
    let outcome = b.ingest.store(job, timing, |ingest, appender, _, losses| {
        let families = ingest.families();
        let (timestamp, newest_allowed) = (timing.timestamp, i64::MAX);
        let mut run =
            Run { ingest, job, appender, losses, counts: Counts::default(), timestamp, newest_allowed };
        let parser = Parser::new(body.as_bytes(), Protocol::PrometheusText0_0_4, job.parsing);
        run.entries(parser, &mut families.lock())?;
        panic!("a fault, for the test");
    });
    b.clock.advance(Duration::from_millis(STEP_MS as u64));
    outcome
}

#[test]
fn a_fault_ends_the_series_and_says_down() {
    let mut b = Bench::new("");
    let families = b.ingest.families();
    b.good("# HELP a First.\na 1\nb 1\nc 1\n");
    let outcome = panicking(&mut b, "a 2\nd 2\n");
    assert!(!outcome.report.up);
    assert!(matches!(outcome.error, Some(ScrapeError::Fault)));
    // Twice: nothing is left to end.
    panicking(&mut b, "a 3\nd 3\n");
    b.good("# HELP a Second.\na 4\nc 4\nd 4\n");
    b.good("c 5\n");
    b.check("a", &[(0, "1"), (1, "stale"), (3, "4"), (4, "stale")]);
    b.check("b", &[(0, "1"), (1, "stale")]);
    b.check("c", &[(0, "1"), (1, "stale"), (3, "4"), (4, "5")]);
    b.check("d", &[(3, "4"), (4, "stale")]);
    b.check("up", &[(0, "1"), (1, "0"), (2, "0"), (3, "1"), (4, "1")]);
    // Who holds the families sees what comes after.
    assert!(Arc::ptr_eq(&families, &b.ingest.families()));
    assert_eq!(families.lock().all()[0].metadata.help, "Second.");
}

#[test]
fn memory_that_was_recovered_still_ends_series() {
    let mut b = Bench::new("");
    b.good("a 1\nb 1\n");
    b.ingest.recover();
    b.good("a 2\n");
    b.check("a", &[(0, "1"), (1, "2")]);
    b.check("b", &[(0, "1"), (1, "stale")]);
}

#[test]
fn the_end_of_a_target_ends_all_its_series() {
    let mut b = Bench::new("extra_scrape_metrics: true");
    b.good("a 1\n");
    b.ingest.end_of_run(b.clock.now_ms()).unwrap();
    for name in ["a", "up", "scrape_duration_seconds", "scrape_body_size_bytes"] {
        assert_eq!(b.samples(name).last().unwrap(), &(1, "stale".to_owned()), "{name}");
    }
}

#[test]
fn markers_of_a_target_that_came_back_are_ignored() {
    let mut b = Bench::new("");
    b.good("a 1\n");
    let ended = b.clock.now_ms();
    b.good("a 2\n");
    b.good("a 3\n");
    // As the loop before would write them, late.
    b.ingest.end_of_run(ended).unwrap();
    b.check("a", &[(0, "1"), (1, "2"), (2, "3")]);
    b.check("up", &[(0, "1"), (1, "1"), (2, "1")]);
}

#[test]
fn created_series_become_start_timestamps_when_asked_to() {
    let body = "# TYPE a counter\na_total 1\na_created 1600000000.5\n# EOF\n";
    let mut b = Bench::new("");
    assert!(b.body(OPEN_METRICS, "", body).error.is_none());
    b.check("a_created", &[(0, "1600000000.5")]);
    let mut b = Bench::new("");
    b.job.parsing.start_timestamps = true;
    assert!(b.body(OPEN_METRICS, "", body).error.is_none());
    assert!(b.samples("a_created").is_empty());
    let selected = b.db.select(&[Matcher::equal("__name__", "a_total")], 0, i64::MAX).unwrap();
    let mut starts = Vec::new();
    selected
        .read(0..1, &mut |_, samples| {
            starts.extend_from_slice(samples.start_timestamps);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(starts, [1_600_000_000_500]);
}

#[test]
fn lines_mean_the_same_whether_they_are_known_or_not() {
    let bodies = [
        "# HELP a of a\n# TYPE a gauge\na{x=\"1 2\"} 1\na{x=\"3\"} 2 1700000000000\n\nb NaN\nc +Inf\n",
        "# HELP a of a\n# TYPE a gauge\na{x=\"1 2\"} 3\na{x=\"3\"} 4 1700000030000\nb 5\nc  6\n\td 7\n",
        "a{x=\"1 2\"} 1e3\n# a comment\n# TYPE a counter\na{x=\"3\"} 8\nb{y=\"two\nlines\"} 9\nb 10\n",
        "b{y=\"two\nlines\"} 11\nb 0x1p-2\n",
        "b 12\nc 13",
        "a{x=\"1 2\"} 1\n\0 anything",
    ];
    // One target sees all bodies; of each body, another sees the same for the first time.
    let mut b = Bench::new("honor_timestamps: false");
    for body in bodies {
        let mut fresh = Bench::new("honor_timestamps: false");
        let (known, new) = (b.text(body), fresh.text(body));
        assert_eq!(
            known.error.as_ref().map(ToString::to_string),
            new.error.as_ref().map(ToString::to_string),
            "{body}"
        );
        assert_eq!(known.report.scraped, new.report.scraped, "{body}");
        for name in ["a", "b", "c", "d"] {
            let last = |bench: &Bench| -> Vec<(Labels, String)> {
                let at = (bench.clock.now_ms() - START_MS) / STEP_MS - 1;
                let live = |(labels, samples): (Labels, Vec<(i64, String)>)| {
                    let (n, value) = samples.last()?.clone();
                    (n == at && value != "stale").then_some((labels, value))
                };
                bench.series(name).into_iter().filter_map(live).collect()
            };
            assert_eq!(last(&b), last(&fresh), "{name} of {body}");
        }
    }
    let families = b.ingest.families().lock().all();
    assert_eq!(families[0].metadata.metric_type, MetricType::Counter);
}

#[test]
fn metadata_that_changes_back_is_noticed() {
    let mut b = Bench::new("");
    let help = |b: &Bench| b.ingest.families().lock().all()[0].metadata.help.clone();
    for text in ["one", "two", "one", "one"] {
        b.good(&format!("# HELP a {text}\n# TYPE a gauge\na 1\n"));
        assert_eq!(help(&b), text);
    }
}

#[test]
fn an_error_says_where_it_is() {
    let mut b = Bench::new("");
    b.good("# TYPE a gauge\na 1\nb 2\n");
    let outcome = b.text("# TYPE a gauge\na 1\nb 2\nc{x=\"y\" 3\n");
    let Some(ScrapeError::Parse { error }) = outcome.error else { panic!("{:?}", outcome.error) };
    assert_eq!(error.line, 4);
    let fresh = Bench::new("").text("# TYPE a gauge\na 1\nb 2\nc{x=\"y\" 3\n");
    let Some(ScrapeError::Parse { error: first }) = fresh.error else { panic!("{:?}", fresh.error) };
    assert_eq!(first, error);
}
