//! Queries put together at random: none may panic, and a range query must give at each step what an instant query
//! gives there. That holds the loops that work on whole series against one another.

use crate::memory::Memory;
use model::{Labels, METRIC_NAME};
use promql::{Engine, EngineOptions, ParseOptions, QueryControl, QueryError, SampleValue, TimeRange, Value};
use proptest::prelude::*;

const STEP: i64 = 15_000;

/// Picks at random, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn vector(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.selector();
        }
        let d = depth - 1;
        match self.below(12) {
            0 => self.selector(),
            1 | 2 => self.over_range(d),
            3 | 4 => self.aggregation(d),
            5 | 6 => self.binary(d),
            7 => {
                let f = self.one(&[
                    "abs",
                    "ceil",
                    "exp",
                    "ln",
                    "sqrt",
                    "sgn",
                    "sin",
                    "atanh",
                    "deg",
                    "hour",
                    "day_of_year",
                    "days_in_month",
                    "timestamp",
                    "histogram_count",
                    "histogram_avg",
                    "histogram_stddev",
                    "sort",
                    "absent",
                    "start_timestamp",
                ]);
                format!("{f}({})", self.vector(d))
            }
            8 => format!("-({})", self.vector(d)),
            9 => {
                let f = self.one(&[
                    "round(V, S)",
                    "clamp(V, S, S)",
                    "clamp_min(V, S)",
                    "histogram_quantile(S, V)",
                    "histogram_fraction(S, S, V)",
                    "label_replace(V, 'z', '$1', 'x', '(.)')",
                    "label_join(V, 'z', '-', 'x', 'le')",
                    "sort_by_label(V, 'x')",
                ]);
                let f = f.replace('V', &self.vector(d));
                let scalar = self.scalar(d);
                f.replace('S', &scalar)
            }
            10 => format!("vector({})", self.scalar(d)),
            _ => {
                let (op, trim) = (self.one(&["</", ">/"]), self.one(&["0.5", "2", "-1"]));
                format!("({} {op} {trim})", self.vector(d))
            }
        }
    }

    fn selector(&mut self) -> String {
        let metric = self.one(&["c_total", "g", "h", "n", "mix", "{__name__=~'c_total|g|h'}", "b_bucket"]);
        let at = self.one(&[
            "",
            "",
            "",
            " offset 1m",
            " offset -40s",
            " @ 200",
            " @ 1e6",
            " @ -1e15",
            " offset 1000000y",
        ]);
        format!("{metric}{at}")
    }

    fn over_range(&mut self, depth: usize) -> String {
        let f = self.one(&[
            "rate",
            "increase",
            "delta",
            "irate",
            "idelta",
            "resets",
            "changes",
            "deriv",
            "sum_over_time",
            "avg_over_time",
            "min_over_time",
            "max_over_time",
            "count_over_time",
            "stddev_over_time",
            "stdvar_over_time",
            "last_over_time",
            "first_over_time",
            "present_over_time",
            "absent_over_time",
            "mad_over_time",
            "ts_of_max_over_time",
            "ts_of_min_over_time",
            "ts_of_last_over_time",
        ]);
        let range = self.range(depth);
        match self.below(8) {
            0 => format!("quantile_over_time({}, {range})", self.scalar(0)),
            1 => format!("predict_linear({range}, {})", self.scalar(0)),
            2 => format!("double_exponential_smoothing({range}, 0.5, 0.3)"),
            3 => {
                let f = self.one(&["rate", "increase", "delta"]);
                let m = self.one(&["c_total", "g", "h", "mix"]);
                format!("{f}({m}[{}] {})", self.one(&["1m", "100s"]), self.one(&["anchored", "smoothed"]))
            }
            _ => format!("{f}({range})"),
        }
    }

    fn range(&mut self, depth: usize) -> String {
        let metric = self.one(&["c_total", "g", "h", "n", "mix", "b_bucket"]);
        let range = self.one(&["30s", "1m", "77s", "5m", "1s", "400s", "292000y"]);
        if depth == 0 || self.below(3) > 0 {
            return format!(
                "{metric}[{range}]{}",
                self.one(&["", "", " offset 20s", " @ 180", " @ 9e15", " offset -90000y"])
            );
        }
        let step = self.one(&["15s", "7s", "1m", "20s"]);
        format!("({})[{range}:{step}]{}", self.vector(depth - 1), self.one(&["", " offset 1m", " @ 250"]))
    }

    fn aggregation(&mut self, depth: usize) -> String {
        let by = self.one(&["", " by (x)", " without (x)", " by (x, le)", " by (__name__)", " without ()"]);
        let inner = self.vector(depth);
        match self.below(12) {
            // Which of equals come first is not told of much else than selectors.
            0 => format!("topk{by} ({}, {})", self.one(&["1", "2", "0", "-1"]), self.selector()),
            1 => format!("bottomk{by} ({}, {})", self.one(&["1", "3"]), self.selector()),
            2 => format!("quantile{by} ({}, {inner})", self.scalar(0)),
            3 => format!("count_values{by} ('v', {inner})"),
            4 => format!("limitk{by} (2, {})", self.selector()),
            5 => format!("limit_ratio{by} ({}, {inner})", self.one(&["0.5", "-0.5", "1"])),
            _ => {
                let op = self.one(&["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]);
                format!("{op}{by} ({inner})")
            }
        }
    }

    fn binary(&mut self, depth: usize) -> String {
        let arithmetic = ["+", "-", "*", "/", "%", "^", "atan2"];
        let comparison = ["==", "!=", ">", "<", ">=", "<="];
        match self.below(6) {
            0 => {
                let op = self.one(&["and", "or", "unless"]);
                let on = self.one(&["", " on (x)", " ignoring (x)"]);
                format!("({} {op}{on} {})", self.vector(depth), self.vector(depth))
            }
            1 => format!("({} {} {})", self.vector(depth), self.one(&arithmetic), self.scalar(depth)),
            2 => {
                let bool = self.one(&["", " bool"]);
                format!("({} {}{bool} {})", self.scalar(depth), self.one(&comparison), self.vector(depth))
            }
            _ => {
                let op = match self.below(2) {
                    0 => self.one(&arithmetic).to_owned(),
                    _ => [self.one(&comparison), self.one(&["", " bool"])].concat(),
                };
                let on = self.one(&[
                    "",
                    " on (x)",
                    " ignoring (le)",
                    " on (x) group_left",
                    " on (x) group_right (le)",
                ]);
                let fill = self.one(&["", "", " fill (0)", " fill_left (1)", " fill_right (2)"]);
                let one = format!("max by (x) ({})", self.vector(depth));
                let one = if self.below(2) == 0 { one } else { self.vector(depth) };
                format!("({} {op}{on}{fill} {one})", self.vector(depth))
            }
        }
    }

    fn scalar(&mut self, depth: usize) -> String {
        if depth == 0 || self.below(3) > 0 {
            return self.one(&["0.5", "2", "-3", "NaN", "Inf", "0", "1e308", "time() / 1000"]).to_owned();
        }
        match self.below(2) {
            0 => format!("scalar(sum({}))", self.vector(depth - 1)),
            _ => format!(
                "({} {} {})",
                self.scalar(depth - 1),
                self.one(&["+", "/", "> bool"]),
                self.scalar(depth - 1)
            ),
        }
    }
}

fn source() -> Memory {
    Memory::load(
        STEP,
        r#"
        c_total{x="1"} 0+3x9 2+5x20
        c_total{x="2"} 1 _ 3 stale _ 4 5.5 7.25 2 _ _ 10+1.5x15
        g{x="1"} 5 -3 NaN 4 4 4 Inf 1e300 -1e300 2 -0 0.1x10
        g{x="2"} 0x30
        n{x="1"} -2-1x10 stale 4+0.1x12
        mix{x="1"} 1 2 {{schema:0 sum:3 count:4 buckets:[1 2 1]}} {{schema:0 sum:9 count:7 buckets:[2 3 2]}} 4 5 stale 6 {{schema:-53 sum:1 count:2 custom_values:[1 2] buckets:[1 1]}}x9
        h{x="1"} {{schema:1 sum:3 count:8 z_bucket:1 z_bucket_w:0.01 buckets:[1 2 1] n_buckets:[1 2]}}+{{schema:1 sum:2 count:2 buckets:[1 1]}}x12 stale {{schema:0 sum:1 count:1 buckets:[1]}}x6
        h{x="2"} {{schema:2 sum:5 count:5 buckets:[2 3]}} {{schema:0 sum:7 count:9 buckets:[4 5]}} {{schema:-53 sum:1 count:6 custom_values:[1 2 5] buckets:[3 2 1]}}x8 {{schema:-53 sum:1 count:6 custom_values:[1 5] buckets:[3 3]}}x8
        b_bucket{x="1", le="1"} 0+1x30
        b_bucket{x="1", le="5"} 0+2x30
        b_bucket{x="1", le="+Inf"} 0+3x30
        b_bucket{x="2", le="1"} 5 4 3 2 1 0
        b_bucket{x="2", le="+Inf"} 5 5 6 6 7 7
        "#,
    )
}

fn engine(delayed_name_removal: bool) -> Engine {
    Engine::new(EngineOptions {
        parse: ParseOptions::all(),
        delayed_name_removal,
        ..EngineOptions::default()
    })
}

/// Labels and values, sorted.
type Step = Vec<(String, String)>;

/// With delayed removal of names, series that alternate keep or lose theirs as the first of them does.
fn shown(labels: &Labels, delayed: bool) -> String {
    if delayed { labels.without(&[METRIC_NAME]).to_string() } else { labels.to_string() }
}

fn show(value: &SampleValue) -> String {
    match value {
        // Sums over windows may differ in the last digits between ways to compute them.
        SampleValue::Float(v) if v.abs() < 1e-9 => "0".to_owned(),
        SampleValue::Float(v) => format!("{v:.9e}"),
        SampleValue::Histogram(h) => format!("{h}"),
    }
}

fn instant(value: Value, delayed: bool) -> Step {
    let mut step: Step = match value {
        Value::Vector(samples) => {
            samples.into_iter().map(|s| (shown(&s.labels, delayed), show(&s.value))).collect()
        }
        Value::Scalar { value, .. } => vec![("{}".to_owned(), show(&SampleValue::Float(value)))],
        other => panic!("{other:?}"),
    };
    step.sort();
    step
}

fn step(value: &Value, t: i64, delayed: bool) -> Step {
    let Value::Matrix(series) = value else { panic!("{value:?}") };
    let mut step = Step::new();
    for s in series {
        let float = s.floats.iter().find(|p| p.0 == t).map(|p| show(&SampleValue::Float(p.1)));
        let hist = s.histograms.iter().find(|p| p.0 == t).map(|p| show(&SampleValue::Histogram(p.1.clone())));
        assert!(float.is_none() || hist.is_none(), "{} has two values at {t}", s.labels);
        step.extend(float.or(hist).map(|v| (shown(&s.labels, delayed), v)));
    }
    step.sort();
    step
}

fn check(seed: u64, delayed: bool) {
    let query = Dice(seed | 1).vector(3);
    let (source, engine, control) = (source(), engine(delayed), QueryControl::default());
    let range = TimeRange { start_ms: 20_000, end_ms: 420_000, step_ms: 25_000 };
    let whole = engine.range(&source, query.as_str(), range, &control);
    let mut failed = false;
    for t in (range.start_ms..=range.end_ms).step_by(range.step_ms as usize) {
        let single = engine.instant(&source, query.as_str(), t, &control);
        failed |= single.is_err();
        if let (Ok(whole), Ok(single)) = (&whole, single) {
            assert_eq!(step(&whole.value, t, delayed), instant(single.value, delayed), "{query} at {t}");
        }
        if let Err(QueryError::Internal(reason)) = engine.instant(&source, query.as_str(), t, &control) {
            panic!("{query} at {t}: {reason}");
        }
    }
    match whole {
        Ok(_) if failed && !delayed => panic!("{query} fails at a step, but not as a range"),
        Err(QueryError::Internal(reason)) => panic!("{query}: {reason}"),
        // Without delayed removal of names, series that are never there together may still clash in a range.
        Err(e) if !failed => assert!(e.to_string().contains("same labelset"), "{query}: {e}"),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn ranges_agree_with_instants(seed in any::<u64>(), delayed in any::<bool>()) {
        check(seed, delayed);
    }

    #[test]
    fn no_time_is_too_strange(
        seed in any::<u64>(),
        start in prop_oneof![Just(i64::MIN), Just(-(1i64 << 60)), Just(1i64 << 60), Just(0), any::<i64>()],
        span in prop_oneof![Just(0i64), 0i64..1_000_000, any::<i64>()],
        step in prop_oneof![Just(i64::MAX), Just(1i64), 1_000i64..1_000_000],
    ) {
        let query = Dice(seed | 1).vector(2);
        let (source, engine, control) = (source(), engine(true), QueryControl::default());
        let _ = engine.instant(&source, query.as_str(), start, &control);
        let end_ms = start.saturating_add(span);
        if i128::from(end_ms) - i128::from(start) < i128::from(step) * 100 {
            let range = TimeRange { start_ms: start, end_ms, step_ms: step };
            let _ = engine.range(&source, query.as_str(), range, &control);
        }
    }
}
