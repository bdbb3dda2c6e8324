//! The engine as its callers see it: results, limits, cancellation, accounts.

mod memory;
mod random;

use base::{Budget, Clock};
use memory::Memory;
use promql::{
    Cancel, Engine, EngineOptions, ParseOptions, QueryControl, QueryError, QueryResult, SampleValue,
    SourceError, TimeRange, Value,
};
use std::time::Duration;

const MINUTE: i64 = 60_000;

fn engine() -> Engine {
    engine_with(EngineOptions::default())
}

fn engine_with(options: EngineOptions) -> Engine {
    Engine::new(EngineOptions { parse: ParseOptions::all(), ..options })
}

fn requests(series: usize) -> Memory {
    let lines: Vec<String> =
        (0..series).map(|i| format!(r#"m{{i="{i:04}", g="{}"}} 0+{}x20"#, i % 7, i + 1)).collect();
    Memory::load(MINUTE, &lines.join("\n"))
}

fn instant(source: &Memory, query: &str, t: i64) -> Result<QueryResult, QueryError> {
    engine().instant(source, query, t, &QueryControl::default())
}

fn steps(minutes: i64) -> TimeRange {
    TimeRange { start_ms: 0, end_ms: minutes * MINUTE, step_ms: MINUTE }
}

/// The value as text, one series a line.
fn text(value: &Value) -> String {
    match value {
        Value::Scalar { t_ms, value } => format!("{value} @{t_ms}"),
        Value::String { value, .. } => value.clone(),
        Value::Vector(samples) => {
            let line = |s: &promql::VectorSample| match &s.value {
                SampleValue::Float(v) => format!("{} {v} @{}", s.labels, s.t_ms),
                SampleValue::Histogram(h) => format!("{} {h} @{}", s.labels, s.t_ms),
            };
            samples.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        Value::Matrix(series) => {
            let line = |s: &promql::SeriesResult| {
                let floats: Vec<String> = s.floats.iter().map(|(t, v)| format!("{v}@{t}")).collect();
                let hists: Vec<String> = s.histograms.iter().map(|(t, h)| format!("{h}@{t}")).collect();
                format!("{} {}", s.labels, [floats, hists].concat().join(" "))
            };
            series.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn every_kind_of_value() {
    let source = Memory::load(MINUTE, "a{x=\"1\"} 1 2 3\n a{x=\"2\"} _ 5\n");
    let value = |query: &str, t| text(&instant(&source, query, t).unwrap().value);
    assert_eq!(value("1 + 2", 7), "3 @7");
    assert_eq!(value("'text'", 7), "text");
    assert_eq!(value("a", MINUTE), "a{x=\"1\"} 2 @60000\na{x=\"2\"} 5 @60000");
    assert_eq!(value("a[1m]", 2 * MINUTE), "a{x=\"1\"} 3@120000");
    assert_eq!(value("a[2m]", 2 * MINUTE), "a{x=\"1\"} 2@60000 3@120000\na{x=\"2\"} 5@60000");
    assert_eq!(value("(a + 0)[2m:1m]", MINUTE), "{x=\"1\"} 1@0 2@60000\n{x=\"2\"} 5@60000");
    assert_eq!(value("a{x='none'}", 0), "");
    let range = engine().range(&source, "a * 2", steps(2), &QueryControl::default()).unwrap();
    assert_eq!(text(&range.value), "{x=\"1\"} 2@0 4@60000 6@120000\n{x=\"2\"} 10@60000 10@120000");
    let range = engine().range(&source, "42", steps(1), &QueryControl::default()).unwrap();
    assert_eq!(text(&range.value), "{} 42@0 42@60000");
}

#[test]
fn a_range_needs_a_step_and_no_range_vector() {
    let source = requests(1);
    let control = QueryControl::default();
    let bad = TimeRange { step_ms: 0, ..steps(1) };
    assert!(matches!(engine().range(&source, "m", bad, &control), Err(QueryError::Execution(_))));
    for (query, kind) in [("m[5m]", "range vector"), ("\"m\"", "string")] {
        let error = engine().range(&source, query, steps(1), &control).unwrap_err();
        let text =
            format!("invalid expression type {kind:?} for range query, must be Scalar or instant Vector");
        assert_eq!(error, QueryError::Unfit(text));
    }
    let backwards = TimeRange { start_ms: 10, end_ms: 0, step_ms: 1 };
    let result = engine().range(&source, "m", backwards, &control).unwrap();
    assert!(matches!(result.value, Value::Matrix(series) if series.is_empty()));
    let endless = TimeRange { start_ms: -(1 << 59), end_ms: 1 << 59, step_ms: 1 };
    assert!(matches!(engine().range(&source, "m", endless, &control), Err(QueryError::TooManySamples(_))));
}

#[test]
fn parse_errors_are_told_apart() {
    let error = instant(&requests(1), "sum(", 0).unwrap_err();
    assert!(matches!(error, QueryError::Parse(_)), "{error:?}");
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let source = requests(1500);
    let with = |threads| engine_with(EngineOptions { threads, ..EngineOptions::default() });
    for query in [
        "m",
        "rate(m[5m])",
        "sum by (g) (rate(m[5m]))",
        "avg by (g) (m)",
        "stddev by (g) (m)",
        "max without (i) (increase(m[3m]))",
        "count(m)",
        "topk(3, m)",
        "absent_over_time(m[5m])",
    ] {
        let run = |engine: Engine| {
            let result = engine.range(&source, query, steps(20), &QueryControl::default()).unwrap();
            (text(&result.value), result.warnings, result.infos, result.stats.samples_total)
        };
        assert_eq!(run(with(1)), run(with(4)), "{query}");
    }
}

#[test]
fn the_most_samples_held_is_a_limit() {
    let source = requests(100);
    let max = |samples_max| engine_with(EngineOptions { samples_max, ..EngineOptions::default() });
    let control = QueryControl::default();
    // 100 series of 21 steps.
    assert!(max(2100 + 25).range(&source, "m", steps(20), &control).is_ok());
    let error = max(2099).range(&source, "m", steps(20), &control).unwrap_err();
    assert_eq!(
        error.to_string(),
        "query processing would load too many samples into memory in query execution"
    );
    // A sum holds its groups alone, whatever it reads.
    let sum = max(200).range(&source, "sum(rate(m[5m]))", steps(20), &control).unwrap();
    assert!(sum.stats.samples_total > 5000, "{}", sum.stats.samples_total);
    assert!(sum.stats.samples_peak <= 200, "{}", sum.stats.samples_peak);
    let error = max(200).range(&source, "sum by (i) (rate(m[5m]))", steps(20), &control).unwrap_err();
    assert!(matches!(error, QueryError::TooManySamples(_)));
}

#[test]
fn the_bytes_held_come_from_a_budget_and_go_back() {
    let source = requests(2000);
    let budget = Budget::new("queries", 3 << 20);
    let control = QueryControl { budget: Some(budget.clone()), ..QueryControl::default() };
    assert!(engine().instant(&source, "m", 0, &control).is_ok());
    assert_eq!(budget.used_bytes(), 0);
    let long = TimeRange { start_ms: 0, end_ms: 20 * MINUTE, step_ms: 6_000 };
    let error = engine().range(&source, "m", long, &control).unwrap_err();
    assert!(matches!(error, QueryError::OverBudget(_)), "{error:?}");
    assert_eq!(budget.used_bytes(), 0);
    assert!(engine().range(&source, "sum(m)", long, &control).is_ok());
}

#[test]
fn nobody_waits_any_more() {
    let cancel = Cancel::default();
    let control = QueryControl { cancel: cancel.clone(), ..QueryControl::default() };
    let source = requests(1500).on_read(move |index| {
        if index == 700 {
            cancel.cancel();
        }
        Ok(())
    });
    for query in ["m", "sum(rate(m[5m]))", "m[5m]", "max_over_time(m[10m:1m])", "m * 2"] {
        let control = QueryControl { cancel: Cancel::default(), ..control.clone() };
        assert!(engine().instant(&source, query, 0, &control).is_ok());
    }
    let error = engine().instant(&source, "sum(rate(m[5m]))", 0, &control).unwrap_err();
    assert_eq!(error.to_string(), "query was canceled in expression evaluation");
    let error = engine().instant(&source, "m", 0, &control).unwrap_err();
    assert!(matches!(error, QueryError::Canceled(_)), "canceled before it began");
}

#[test]
fn time_runs_out() {
    let clock = Clock::manual(0);
    let options =
        EngineOptions { clock: clock.clone(), timeout: Duration::from_secs(30), ..EngineOptions::default() };
    let slow = clock.clone();
    let source = requests(100).on_read(move |_| {
        slow.advance(Duration::from_millis(100));
        Ok(())
    });
    let control = QueryControl::default();
    for query in ["m", "sum(m)", "rate(m[5m])", "m[5m]"] {
        assert!(engine_with(options.clone()).instant(&source, query, 0, &control).is_ok(), "{query}");
        let short = QueryControl { timeout: Some(Duration::from_secs(5)), ..QueryControl::default() };
        let error = engine_with(options.clone()).instant(&source, query, 0, &short).unwrap_err();
        assert_eq!(error.to_string(), "query timed out in expression evaluation", "{query}");
    }
    // The engine's timeout holds even when a longer one is asked for.
    let long = QueryControl { timeout: Some(Duration::from_secs(500)), ..QueryControl::default() };
    let error = engine_with(options).instant(&source, "m + m + m + m", 0, &long).unwrap_err();
    assert!(matches!(error, QueryError::Timeout(_)), "{error:?}");
}

#[test]
fn sources_fail_and_warn() {
    let broken = requests(10).on_read(|index| {
        if index == 5 { Err(SourceError::Storage("disk on fire".to_owned())) } else { Ok(()) }
    });
    for query in ["m", "sum(m)", "m[5m]", "absent(m)", "count_values('v', m)"] {
        let error = instant(&broken, query, 0).unwrap_err();
        assert_eq!(error, QueryError::Storage("disk on fire".to_owned()), "{query}");
    }
    let warns = requests(1).with_warning("remote did not answer");
    assert_eq!(instant(&warns, "m + m", 0).unwrap().warnings, ["remote did not answer"]);
}

#[test]
fn annotations_tell_where() {
    let source = Memory::load(MINUTE, "g 1 2 3 4 5 6");
    let result = instant(&source, "rate(g[5m]) + quantile(7, g)", 5 * MINUTE).unwrap();
    assert_eq!(
        result.infos,
        ["PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \
          \"g\" (1:6)"]
    );
    assert_eq!(result.warnings, ["PromQL warning: quantile value should be between 0 and 1, got 7 (1:24)"]);
}

#[test]
fn samples_are_counted() {
    let source = requests(10);
    let control = QueryControl { per_step_stats: true, ..QueryControl::default() };
    let stats = |query: &str| engine().range(&source, query, steps(4), &control).unwrap().stats;
    // A series has a sample every minute.
    assert_eq!(stats("m").samples_total, 50);
    assert_eq!(stats("m").samples_peak, 50);
    assert_eq!(stats("sum_over_time(m[2m])").samples_total, 10 * (1 + 2 + 2 + 2 + 2));
    assert_eq!(stats("m + m").samples_total, 100);
    assert_eq!(stats("1").samples_total, 0);
    // What is the same at every step is looked at once, and counts for each.
    assert_eq!(stats("m @ 60").samples_total, 50);
    let per_step = stats("sum_over_time(m[2m])").samples_per_step;
    assert_eq!(per_step, [(0, 10), (MINUTE, 20), (2 * MINUTE, 20), (3 * MINUTE, 20), (4 * MINUTE, 20)]);
}

#[test]
fn what_is_the_same_at_every_step_is_read_once() {
    let source = requests(3);
    let control = QueryControl::default();
    engine().range(&source, "sum(m @ 60) + m @ end()", steps(20), &control).unwrap();
    assert_eq!(source.selects.load(std::sync::atomic::Ordering::Relaxed), 2);
}

#[test]
fn explains_what_each_part_cost() {
    let source = requests(21);
    let control = QueryControl { explain: true, ..QueryControl::default() };
    let query = "sum by (g) (rate(m[5m])) / on (g) topk(1, m) @ 60";
    assert!(engine().range(&source, query, steps(4), &control).is_err(), "@ goes with selectors");
    let query = "sum by (g) (rate(m[5m])) / on (g) max by (g) (m * 2)";
    let root = engine().range(&source, query, steps(4), &control).unwrap().explain.unwrap();
    assert_eq!((root.kind.as_str(), root.text.as_str(), root.series_out), ("/", query, 7));
    assert_eq!(root.series_in, 14);
    let sum = &root.children[0];
    assert_eq!((sum.text.as_str(), sum.series_in, sum.series_out), ("sum by (g) (rate(m[5m]))", 21, 7));
    let rate = &sum.children[0];
    assert_eq!((rate.kind.as_str(), rate.fused, rate.series_out), ("rate()", true, 21));
    let range = &rate.children[0];
    assert_eq!((range.kind.as_str(), range.series_in, range.samples_read), ("range selector", 21, 21 * 5));
    assert_eq!(&query[range.pos.start..range.pos.end], "m[5m]");
    let product = &root.children[1].children[0];
    assert_eq!((product.kind.as_str(), product.fused, product.series_out), ("*", false, 21));
    assert!(engine().instant(&source, "m", 0, &QueryControl::default()).unwrap().explain.is_none());
}

#[test]
fn explains_where_the_time_went() {
    let clock = Clock::manual(0);
    let slow = clock.clone();
    let source = requests(20).on_read(move |_| {
        slow.advance(Duration::from_millis(50));
        Ok(())
    });
    let engine = engine_with(EngineOptions { clock, ..EngineOptions::default() });
    let control = QueryControl { explain: true, ..QueryControl::default() };
    for query in ["sum(rate(m[5m]))", "abs(rate(m[5m]))", "max(max(m))", "-(m)"] {
        let root = engine.instant(&source, query, 0, &control).unwrap().explain.unwrap();
        let mut node = &root;
        loop {
            assert_eq!(node.time, Duration::from_secs(1), "{query}: {node:?}");
            let Some(child) = node.children.first() else { break };
            node = child;
        }
    }
}

#[test]
fn names_go_at_once_or_in_the_end() {
    let source = Memory::load(MINUTE, "a{x=\"1\"} 1 2\n b{x=\"1\"} 3 4\n");
    let delayed = engine_with(EngineOptions { delayed_name_removal: true, ..EngineOptions::default() });
    let control = QueryControl::default();
    let query = "label_replace(rate({__name__=~'a|b'}[5m]), 'of', '$1', '__name__', '(.*)')";
    let result = delayed.instant(&source, query, MINUTE, &control).unwrap();
    assert!(matches!(&result.value, Value::Vector(v) if v.len() == 2), "{}", text(&result.value));
    let error = engine().instant(&source, query, MINUTE, &control).unwrap_err();
    assert_eq!(error.to_string(), "vector cannot contain metrics with the same labelset");
    let error = delayed.instant(&source, "-{x='1'}", MINUTE, &control).unwrap_err();
    assert_eq!(error.to_string(), "vector cannot contain metrics with the same labelset");
}

#[test]
fn deep_queries_have_answers() {
    let source = requests(2);
    let nested = |open: &str, inner: &str, close: &str| {
        [open.repeat(490), inner.to_owned(), close.repeat(490)].concat()
    };
    for query in [
        nested("(", "m", ")"),
        nested("-", "m", ""),
        nested("abs(", "m", ")"),
        nested("sum(", "m", ")"),
        nested("1 + (", "m", ")").replace("(m", "(1"),
        format!("m{}", " + m".repeat(490)),
        format!("m{}", " or m".repeat(490)),
    ] {
        let result = instant(&source, &query, 0);
        let parse = matches!(&result, Err(QueryError::Parse(_)));
        assert!(result.is_ok() || parse, "{:?} {}", result.err(), &query[..40]);
    }
    let subqueries = format!("max_over_time({}m{}", "max_over_time(".repeat(20), "[1m:1m])".repeat(21));
    assert!(instant(&source, &subqueries, 20 * MINUTE).is_ok());
}
