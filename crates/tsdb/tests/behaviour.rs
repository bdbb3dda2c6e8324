//! What the store promises beside keeping samples: order, limits, retention, rules, exemplars, statistics.

mod common;

use base::Budget;
use common::{HOUR_MS, append, floats, floats_in, open, options, series};
use model::histogram::Span;
use model::{Exemplar, FloatHistogram, Histogram, Labels, MatchOp, Matcher, Metadata, MetricType};
use std::ops::ControlFlow;
use tempfile::{TempDir, tempdir};
use tsdb::{AppendError, CommitError, Db, Downsample, Durability, KeepRule, OpenError, Options};

fn with(dir: &TempDir, change: impl FnOnce(&mut Options)) -> Db {
    let mut options = options(dir.path());
    change(&mut options);
    Db::open(options).unwrap()
}

fn try_append(db: &Db, n: usize, t: i64, v: f64) -> Result<(), AppendError> {
    let mut appender = db.appender();
    let id = appender.series(None, &series(n))?;
    appender.float(id, t, v)?;
    appender.commit(Durability::Buffered).unwrap();
    Ok(())
}

#[test]
fn order_is_judged_as_prometheus_does() {
    let dir = tempdir().unwrap();
    let db = open(dir.path());
    let now = 10 * HOUR_MS;
    try_append(&db, 1, now, 1.0).unwrap();
    try_append(&db, 1, now, 1.0).unwrap();
    let words = |result: Result<(), AppendError>| result.unwrap_err().to_string();
    assert_eq!(
        words(try_append(&db, 1, now, 2.0)),
        format!("duplicate sample for timestamp {now}; overrides not allowed: existing 1, new value 2")
    );
    assert_eq!(words(try_append(&db, 1, now - 1, 1.0)), "out of order sample");
    assert_eq!(words(try_append(&db, 2, now - HOUR_MS - 1, 1.0)), "out of bounds");
    try_append(&db, 2, now - HOUR_MS, 1.0).unwrap();
    assert_eq!(words(try_append(&db, 1, now - 5 * HOUR_MS, 1.0)), "out of bounds");
    // The same after the samples have gone to a block.
    db.flush().unwrap();
    try_append(&db, 1, now, 1.0).unwrap();
    assert!(words(try_append(&db, 1, now, 2.0)).contains("existing 1, new value 2"));
    assert_eq!(floats(&db)[&series(1)], [(now, 1.0)]);
    let stats = db.head_stats();
    assert_eq!((stats.samples_out_of_order, stats.out_of_bounds), (1, 2));
}

#[test]
fn late_samples_come_in_through_the_window() {
    let dir = tempdir().unwrap();
    let db = with(&dir, |o| o.out_of_order_window_ms = HOUR_MS);
    let now = 10 * HOUR_MS;
    try_append(&db, 1, now, 1.0).unwrap();
    try_append(&db, 1, now - 10, 2.0).unwrap();
    try_append(&db, 1, now - 20, 3.0).unwrap();
    try_append(&db, 1, now - 10, 2.0).unwrap();
    let refused = try_append(&db, 1, now - 10, 5.0).unwrap_err();
    assert!(matches!(refused, AppendError::DuplicateTimestamp { .. }));
    let refused = try_append(&db, 1, now - HOUR_MS - 1, 0.0).unwrap_err();
    assert_eq!(refused, AppendError::TooOld { timestamp: now - HOUR_MS - 1, oldest: now - HOUR_MS });
    let want = [(now - 20, 3.0), (now - 10, 2.0), (now, 1.0)];
    assert_eq!(floats(&db)[&series(1)], want);
    db.flush().unwrap();
    try_append(&db, 1, now - 15, 4.0).unwrap();
    assert_eq!(floats(&db)[&series(1)].len(), 4);
    assert_eq!(db.head_stats().out_of_order_appended, 3);
}

#[test]
fn any_time_is_accepted_when_asked_for() {
    let dir = tempdir().unwrap();
    let db = with(&dir, |o| o.accept_any_time = true);
    try_append(&db, 1, 1_700_000_000_000, 1.0).unwrap();
    try_append(&db, 2, 0, 1.0).unwrap();
    try_append(&db, 3, -5 * HOUR_MS, 1.0).unwrap();
    assert_eq!(try_append(&db, 2, -1, 1.0), Err(AppendError::OutOfOrder { timestamp: -1, newest: 0 }));
    db.flush().unwrap();
    assert_eq!(floats(&db).len(), 3);
    assert!(db.blocks().len() <= 3);
    // An empty store takes anything anyway.
    let other = tempdir().unwrap();
    try_append(&open(other.path()), 1, 0, 1.0).unwrap();
}

#[test]
fn a_long_import_becomes_few_blocks() {
    let dir = tempdir().unwrap();
    let db = with(&dir, |o| o.accept_any_time = true);
    let year: Vec<i64> = (0..365).map(|d| d * 24 * HOUR_MS).collect();
    year.iter().for_each(|t| try_append(&db, 1, *t, *t as f64).unwrap());
    db.flush().unwrap();
    assert!(db.blocks().len() < 15, "{} blocks", db.blocks().len());
    assert_eq!(floats(&db)[&series(1)].len(), 365);
}

#[test]
fn stale_references_are_refused() {
    let dir = tempdir().unwrap();
    let db = open(dir.path());
    let mut appender = db.appender();
    let id = appender.series(Some(7), &series(1)).unwrap();
    appender.float(id, 1000, 1.0).unwrap();
    appender.commit(Durability::Buffered).unwrap();
    for t in 2..5 {
        append(&db, t * 1000, &[(series(2), 1.0)]);
        db.flush().unwrap();
    }
    assert_eq!((db.head_stats().series, db.head_stats().series_removed), (1, 1));
    append(&db, 9000, &[(series(3), 1.0)]);
    let mut appender = db.appender();
    assert_eq!(appender.lookup(7), None);
    assert_eq!(appender.float(id, 9000, 1.0), Err(AppendError::UnknownSeries));
    // It comes again under its labels, and its old samples are still there.
    let id = appender.series(Some(7), &series(1)).unwrap();
    appender.float(id, 9000, 2.0).unwrap();
    appender.commit(Durability::Buffered).unwrap();
    assert_eq!(floats(&db)[&series(1)], [(1000, 1.0), (9000, 2.0)]);
    assert_eq!(db.label_values("n", &[], 0, 9000, 0).unwrap(), ["1", "2", "3"]);
}

#[test]
fn a_dropped_batch_leaves_nothing() {
    let dir = tempdir().unwrap();
    let db = open(dir.path());
    let mut appender = db.appender();
    let id = appender.series(None, &series(1)).unwrap();
    appender.float(id, 1000, 1.0).unwrap();
    drop(appender);
    append(&db, 1000, &[(series(2), 1.0)]);
    assert_eq!(floats(&db).len(), 1);
    db.close();
    let mut appender = db.appender();
    appender.float(id, 1000, 1.0).unwrap();
    assert!(matches!(appender.commit(Durability::Synced), Err(CommitError::Closed)));
    assert_eq!(floats(&db).len(), 1);
}

#[test]
fn series_and_memory_have_limits() {
    let dir = tempdir().unwrap();
    let db = with(&dir, |o| o.series_max = Some(3));
    (0..3).for_each(|n| append(&db, 1000, &[(series(n), 1.0)]));
    assert_eq!(db.appender().series(None, &series(3)), Err(AppendError::SeriesLimit { limit: 3 }));
    append(&db, 2000, &[(series(1), 1.0)]);

    let dir = tempdir().unwrap();
    let budget = Budget::new("metrics", 3 << 20);
    let db = with(&dir, |o| o.budget = budget.clone());
    let fill = |t: i64| -> Result<(), CommitError> {
        let mut appender = db.appender();
        for n in 0..1000 {
            let id = appender.series(None, &series(n)).unwrap();
            appender.float(id, t, (t as f64 + n as f64).sqrt()).unwrap();
        }
        appender.commit(Durability::Buffered).map(drop)
    };
    let refused = (1..5000).find_map(|t| fill(t).err().map(|e| (t, e)));
    let Some((t, CommitError::OverBudget { limit_bytes, retry_after_ms })) = refused else {
        panic!("{refused:?}")
    };
    assert!(limit_bytes == 3 << 20 && retry_after_ms > 0);
    // Nothing accepted is gone; a flush makes room.
    assert_eq!(floats(&db)[&series(5)].len() as i64, t - 1);
    db.tick().unwrap();
    fill(t).unwrap();
    assert_eq!(floats(&db)[&series(5)].len() as i64, t);
    db.close();
    drop(db);
    assert_eq!(budget.used_bytes(), 0);
}

#[test]
fn one_process_a_directory() {
    let dir = tempdir().unwrap();
    let db = open(dir.path());
    assert!(matches!(Db::open(options(dir.path())), Err(OpenError::Locked { .. })));
    drop(db);
    open(dir.path());
}

#[test]
fn retention_is_by_age_and_by_size() {
    let dir = tempdir().unwrap();
    let fill = |db: &Db| {
        for hour in 0..12 {
            let t = hour * 2 * HOUR_MS + 5;
            append(db, t, &(0..50).map(|n| (series(n), (t as f64 + n as f64).sqrt())).collect::<Vec<_>>());
            db.flush().unwrap();
        }
    };
    let db = with(&dir, |o| o.retention_ms = 10 * HOUR_MS);
    fill(&db);
    db.tick().unwrap();
    let oldest = floats(&db)[&series(1)][0].0;
    assert!((11 * HOUR_MS..=12 * HOUR_MS + 5).contains(&oldest), "{oldest}");

    // One clock that is wrong by years does not cost the history: the store's own clock, at 0, allows for a day.
    append(&db, 100_000 * HOUR_MS, &[(series(1), 1.0)]);
    db.tick().unwrap();
    assert_eq!(floats(&db)[&series(1)][0].0, 14 * HOUR_MS + 5);

    let dir = tempdir().unwrap();
    let db = with(&dir, |o| o.retention_bytes = Some(1 << 30));
    fill(&db);
    let bytes: u64 = db.blocks().iter().map(|b| b.bytes).sum();
    let count = db.blocks().len();
    drop(db);
    let db = with(&dir, |o| o.retention_bytes = Some(bytes / 2));
    db.tick().unwrap();
    assert!(db.blocks().len() < count);
    let left: u64 = db.blocks().iter().map(|b| b.bytes).sum();
    assert!(left <= bytes / 2 && left > 0, "{left} of {bytes}");
    assert_eq!(floats(&db)[&series(1)].last().unwrap().0, 22 * HOUR_MS + 5);
}

#[test]
fn windows_are_merged_and_grow() {
    let dir = tempdir().unwrap();
    let db = open(dir.path());
    let mut want = Vec::new();
    for minute in 0..24 * 60 {
        let t = minute * 60_000 + 1;
        want.push((t, minute as f64));
        append(&db, t, &[(series(1), minute as f64)]);
        if minute % 45 == 0 {
            db.flush().unwrap();
        }
        if minute % 60 == 0 {
            db.tick().unwrap();
        }
        if minute % 200 == 0 {
            assert_eq!(floats(&db)[&series(1)], want);
        }
    }
    db.tick().unwrap();
    let blocks = db.blocks();
    assert!(blocks.iter().any(|b| b.max_ms - b.min_ms > 5 * HOUR_MS), "{blocks:?}");
    assert!(blocks.len() < 10, "{}", blocks.len());
    assert_eq!(floats(&db)[&series(1)], want);
    drop(db);
    assert_eq!(floats(&open(dir.path()))[&series(1)], want);
}

#[test]
fn rules_shorten_and_thin() {
    let dir = tempdir().unwrap();
    let debug = Matcher::new("__name__", MatchOp::Regex, "debug_.*").unwrap();
    let keep = Matcher::equal("keep", "yes");
    let rules = vec![
        KeepRule { matchers: vec![keep], keep_ms: 1000 * HOUR_MS, downsample: None },
        KeepRule { matchers: vec![debug], keep_ms: 4 * HOUR_MS, downsample: None },
        KeepRule {
            matchers: vec![],
            keep_ms: 1000 * HOUR_MS,
            downsample: Some(Downsample { after_ms: 4 * HOUR_MS, step_ms: HOUR_MS }),
        },
    ];
    let db = with(&dir, |o| o.keep = rules);
    let name = |n: &str| Labels::from_pairs([("__name__", n)]);
    let kept = Labels::from_pairs([("__name__", "debug_kept"), ("keep", "yes")]);
    for quarter in 0..48 {
        let (t, v) = (quarter * HOUR_MS / 4 + 1, quarter as f64);
        append(&db, t, &[(name("debug_a"), v), (name("b"), v), (kept.clone(), v)]);
        db.tick().unwrap();
    }
    db.flush().unwrap();
    db.tick().unwrap();
    let all = floats(&db);
    assert_eq!(all[&kept].len(), 48);
    let debug = &all[&name("debug_a")];
    assert!(debug.len() < 28 && debug.len() >= 16, "{}", debug.len());
    let thinned = all[&name("b")].len();
    assert!((20..40).contains(&thinned), "{thinned}");
    // Another look changes nothing, and writes nothing.
    let blocks = db.blocks();
    db.tick().unwrap();
    assert_eq!(db.blocks(), blocks);
}

#[test]
fn deletions_survive_everything() {
    let dir = tempdir().unwrap();
    let db = open(dir.path());
    for t in 1..=10 {
        append(&db, t * 1000, &[(series(1), t as f64), (series(2), t as f64)]);
        if t == 5 {
            db.flush().unwrap();
        }
    }
    let one = vec![Matcher::equal("n", "1")];
    db.delete_series(std::slice::from_ref(&one), 4000, 7000).unwrap();
    let check = |db: &Db| {
        let times: Vec<i64> = floats(db)[&series(1)].iter().map(|(t, _)| *t / 1000).collect();
        assert_eq!(times, [1, 2, 3, 8, 9, 10]);
        assert_eq!(floats(db)[&series(2)].len(), 10);
    };
    check(&db);
    drop(db);
    let db = open(dir.path());
    check(&db);
    db.clean_tombstones().unwrap();
    check(&db);
    db.flush().unwrap();
    db.compact().unwrap();
    check(&db);
    db.delete_series(&[one], i64::MIN, i64::MAX).unwrap();
    assert!(!floats(&db).contains_key(&series(1)));
    append(&db, 20_000, &[(series(1), 7.0)]);
    drop(db);
    assert_eq!(floats(&open(dir.path()))[&series(1)], [(20_000, 7.0)]);
}

#[test]
fn a_snapshot_is_a_store() {
    let dir = tempdir().unwrap();
    let db = open(dir.path());
    for t in 1..=4 {
        append(&db, t * 1000, &[(series(1), t as f64)]);
        db.flush().unwrap();
    }
    append(&db, 5000, &[(series(1), 5.0)]);
    let without = db.snapshot(true).unwrap();
    let with = db.snapshot(false).unwrap();
    assert_eq!(floats(&db)[&series(1)].len(), 5);
    for (name, samples, blocks) in [(without, 4, 1), (with, 5, 1)] {
        let copy = open(&dir.path().join("snapshots").join(name));
        assert_eq!((floats(&copy)[&series(1)].len(), copy.blocks().len()), (samples, blocks));
    }
}

fn exemplar(id: &str, t: Option<i64>) -> Exemplar {
    Exemplar { labels: Labels::from_pairs([("trace_id", id)]), value: 0.5, timestamp: t }
}

#[test]
fn exemplars_and_metadata_outlive_flushes_and_restarts() {
    let dir = tempdir().unwrap();
    let db = with(&dir, |o| o.exemplars_max = 3);
    let help = |s: &str| Metadata { metric_type: MetricType::Counter, help: s.into(), unit: String::new() };
    for t in 1..=4 {
        let mut appender = db.appender();
        let id = appender.series(None, &series(1)).unwrap();
        appender.float(id, t * 1000, 1.0).unwrap();
        appender.exemplar(id, &exemplar(&t.to_string(), None)).unwrap();
        assert_eq!(
            appender.exemplar(id, &exemplar("x", Some(t * 1000 - 1))),
            Err(AppendError::ExemplarOutOfOrder)
        );
        appender.metadata("m", &help(&format!("help {t}")));
        assert_eq!(appender.commit(Durability::Buffered).unwrap().exemplars, 1);
    }
    let check = |db: &Db| {
        let want = (2..=4).map(|t| exemplar(&t.to_string(), Some(t * 1000))).collect::<Vec<_>>();
        assert_eq!(db.exemplars(&[vec![]], 0, 9000), [(series(1), want)]);
        assert_eq!(db.exemplars(&[vec![Matcher::equal("n", "2")]], 0, 9000), []);
        assert_eq!(db.metadata(), [("m".to_owned(), help("help 4"))]);
    };
    check(&db);
    db.flush().unwrap();
    check(&db);
    drop(db);
    let db = with(&dir, |o| o.exemplars_max = 3);
    check(&db);
    let mut appender = db.appender();
    let id = appender.series(None, &series(1)).unwrap();
    assert_eq!(appender.exemplar(id, &exemplar("4", Some(4000))), Err(AppendError::ExemplarDuplicate));
}

#[test]
fn histograms_and_starts_come_back() {
    let dir = tempdir().unwrap();
    let db = open(dir.path());
    let histogram = |n: u64| Histogram {
        count: n + 2,
        sum: n as f64,
        zero_count: 2,
        zero_threshold: 0.001,
        schema: 3,
        positive_spans: vec![Span { offset: 1, length: 2 }],
        positive_deltas: vec![0, n as i64],
        ..Histogram::default()
    };
    let mut appender = db.appender();
    let (h, f) = (appender.series(None, &series(1)).unwrap(), appender.series(None, &series(2)).unwrap());
    for t in 1..=100 {
        appender.histogram(h, t, t / 50 * 50, &histogram(t as u64)).unwrap();
        appender.float_with_start(f, t, t / 50 * 50, t as f64).unwrap();
    }
    appender.histogram(h, 100, 100, &histogram(100)).unwrap();
    let broken = Histogram { count: 1, ..histogram(4) };
    assert!(matches!(appender.histogram(h, 101, 0, &broken), Err(AppendError::InvalidHistogram(_))));
    assert!(matches!(
        appender.histogram(h, 100, 0, &histogram(1)),
        Err(AppendError::DuplicateTimestamp { .. })
    ));
    assert_eq!(appender.commit(Durability::Buffered).unwrap().samples, 200);
    let check = |db: &Db| {
        let selected = db.select(&[], 10, 90).unwrap();
        let (mut histograms, mut starts) = (0, 0);
        selected
            .read(0..selected.len(), &mut |_, s| {
                for sample in s.histograms {
                    let t = sample.timestamp;
                    assert_eq!(sample.start_timestamp, t / 50 * 50);
                    assert!(sample.histogram.equals(&histogram(t as u64).to_float()));
                    histograms += 1;
                }
                for (t, start) in s.timestamps.iter().zip(s.start_timestamps) {
                    assert_eq!(*start, t / 50 * 50);
                    starts += 1;
                }
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!((histograms, starts), (80, 80));
    };
    check(&db);
    drop(db);
    let db = open(dir.path());
    check(&db);
    db.flush().unwrap();
    check(&db);
    // Sent again after the flush: the same is no fault, another one is.
    let mut appender = db.appender();
    let id = appender.series(None, &series(1)).unwrap();
    appender.histogram(id, 100, 100, &histogram(100)).unwrap();
    let other = appender.histogram(id, 100, 100, &histogram(99));
    assert!(matches!(other, Err(AppendError::DuplicateTimestamp { .. })));
    assert!(matches!(appender.float(id, 100, 1.0), Err(AppendError::DuplicateTimestamp { .. })));
    assert!(appender.is_empty());
    let gauge = FloatHistogram { sum: f64::NAN, ..FloatHistogram::default() };
    let mut appender = db.appender();
    let id = appender.series(None, &series(1)).unwrap();
    appender.float_histogram(id, 200, 0, &gauge).unwrap();
    appender.commit(Durability::Buffered).unwrap();
}

#[test]
fn names_values_and_series_are_found_everywhere() {
    let dir = tempdir().unwrap();
    let db = open(dir.path());
    let l = |name: &str, job: &str| Labels::from_pairs([("__name__", name), ("job", job)]);
    append(&db, 1000, &[(l("a", "x"), 1.0), (l("b", "y"), 1.0)]);
    db.flush().unwrap();
    append(&db, 2000, &[(l("a", "z"), 1.0), (l("c", "x"), 1.0)]);
    let only_a = [vec![Matcher::equal("__name__", "a")]];
    assert_eq!(db.label_names(&[], 0, 9000, 0).unwrap(), ["__name__", "job"]);
    assert_eq!(db.label_names(&[], 0, 9000, 1).unwrap(), ["__name__"]);
    assert_eq!(db.label_values("job", &[], 0, 9000, 0).unwrap(), ["x", "y", "z"]);
    assert_eq!(db.label_values("job", &only_a, 0, 9000, 0).unwrap(), ["x", "z"]);
    assert_eq!(db.label_values("job", &only_a, 0, 1500, 0).unwrap(), ["x"]);
    assert_eq!(db.label_values("absent", &[], 0, 9000, 0).unwrap(), Vec::<String>::new());
    assert_eq!(db.series(&only_a, 0, 9000, 0).unwrap(), [l("a", "x"), l("a", "z")]);
    assert_eq!(db.series(&only_a, 1500, 9000, 0).unwrap(), [l("a", "z")]);
    assert_eq!(db.series(&[], 0, 9000, 0).unwrap(), []);
    let two = [only_a[0].clone(), vec![Matcher::equal("job", "x")]];
    assert_eq!(db.series(&two, 0, 9000, 0).unwrap(), [l("a", "x"), l("a", "z"), l("c", "x")]);
    assert_eq!(db.series(&two, 0, 9000, 2).unwrap().len(), 2);
    assert_eq!(floats_in(&db, &[Matcher::equal("job", "x")], 0, 1500).len(), 1);
}

#[test]
fn cardinality_names_the_largest() {
    let dir = tempdir().unwrap();
    let db = open(dir.path());
    let l = |name: &str, n: usize| Labels::from_pairs([("__name__", name), ("long_label", &n.to_string())]);
    let all: Vec<_> = (0..30).map(|n| (l(if n < 20 { "big" } else { "small" }, n), 1.0)).collect();
    append(&db, 1000, &all);
    let c = db.cardinality(1);
    assert_eq!((c.series, c.label_pairs), (30, 32));
    assert_eq!(c.series_by_metric, [("big".to_owned(), 20)]);
    assert_eq!(c.values_by_label, [("long_label".to_owned(), 30)]);
    assert_eq!(c.bytes_by_label, [("long_label".to_owned(), 10 + 2 * 20)]);
    assert_eq!(c.series_by_pair, [("__name__=big".to_owned(), 20)]);
    let stats = db.head_stats();
    assert_eq!((stats.series, stats.samples, stats.min_ms, stats.max_ms), (30, 30, Some(1000), Some(1000)));
    assert!(stats.bytes > 0 && stats.wal_bytes > 0 && stats.chunks == 30);
}
