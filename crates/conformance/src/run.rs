//! Runs scripts with everything switched on that the language can switch: experimental functions, `fill`, extended
//! ranges, delayed name removal, start timestamps.
//!
//! An instant query is asked in several ways that must agree: as it is; with every selector pinned to its time by
//! `@` and asked at other times; and each of these as the middle step of a range query.

use crate::compare::{self, Difference};
use crate::expect::Kind;
use crate::script::{self, Action, Eval, Times, Want};
use crate::store::Store;
use promql::ast::{At, Expr};
use promql::engine::{Engine, EngineOptions, QueryControl, QueryResult, TimeRange};
use promql::value::{SampleValue, Value, VectorSample};
use promql::{ParseOptions, parse};

/// The most samples a query may hold, as the suite sets it.
const SAMPLES_MAX: u64 = 10_000;
/// Before and after the time of an instant query when it is asked as a range query.
const AROUND_MS: i64 = 60_000;
/// Functions whose result depends on the time of evaluation even when their argument does not.
const TIME_DEPENDENT: [&str; 13] = [
    "days_in_month",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "hour",
    "minute",
    "month",
    "year",
    "predict_linear",
    "time",
    "timestamp",
    "start",
    "end",
];

/// How many cases passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub passed: usize,
    pub failed: usize,
}

impl Report {
    pub fn add(&mut self, other: Report) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs a script; what fails is told to `tell`, some lines a case.
pub fn run_script(name: &str, text: &str, tell: &mut dyn FnMut(&str)) -> Report {
    let runner = Runner { engine: Engine::new(options()) };
    let (mut store, mut report) = (Store::default(), Report::default());
    for command in script::parse(text) {
        let outcome = match &command.action {
            Action::Clear => {
                store = Store::default();
                continue;
            }
            Action::Load(load) => match store.load(load) {
                Ok(()) => continue,
                Err(e) => Err(("load".to_owned(), Difference { expected: "to load".to_owned(), got: e })),
            },
            Action::Broken(reason) => {
                let got = reason.clone();
                Err(("script".to_owned(), Difference { expected: "a command".to_owned(), got }))
            }
            Action::Eval(eval) => runner.eval(&store, eval),
        };
        match outcome {
            Ok(()) => report.passed += 1,
            Err((what, difference)) => {
                report.failed += 1;
                let Difference { expected, got } = difference;
                tell(&format!(
                    "{name}:{}: {what}\n    expected: {expected}\n    got:      {got}",
                    command.line
                ));
            }
        }
    }
    report
}

fn options() -> EngineOptions {
    EngineOptions {
        samples_max: SAMPLES_MAX,
        parse: ParseOptions::all(),
        delayed_name_removal: true,
        start_timestamps: true,
        ..EngineOptions::default()
    }
}

struct Runner {
    engine: Engine,
}

/// What was asked when it went wrong, and how.
type Outcome = Result<(), (String, Difference)>;

impl Runner {
    fn eval(&self, store: &Store, eval: &Eval) -> Outcome {
        match eval.times {
            Times::Range { start_ms, end_ms, step_ms } => {
                let asked = format!("{} [{start_ms}..{end_ms} by {step_ms} ms]", eval.query);
                let range = TimeRange { start_ms, end_ms, step_ms };
                let result = self.engine.range(store, &eval.query, range, &QueryControl::default());
                judge(eval, result.map_err(|e| e.to_string())).map(|_| ()).map_err(|d| (asked, d))
            }
            Times::Instant { at_ms } => {
                self.instant(store, eval, &eval.query, at_ms)?;
                for (query, at_ms) in pinned(&eval.query, at_ms) {
                    self.instant(store, eval, &query, at_ms)?;
                }
                Ok(())
            }
        }
    }

    fn instant(&self, store: &Store, eval: &Eval, query: &str, at_ms: i64) -> Outcome {
        let asked = || format!("{query} [{at_ms} ms]");
        let result = self.engine.instant(store, query, at_ms, &QueryControl::default());
        let result = judge(eval, result.map_err(|e| e.to_string())).map_err(|d| (asked(), d))?;
        let Some(result) = result else { return Ok(()) };
        if eval.instant_only || depends_on_range(query) {
            return Ok(());
        }
        self.as_range(store, eval, query, at_ms, &result.value)
            .map_err(|d| (format!("{} as a range query", asked()), d))
    }

    /// Asks an instant query as a range query and judges its middle step.
    fn as_range(
        &self,
        store: &Store,
        eval: &Eval,
        query: &str,
        at_ms: i64,
        instant: &Value,
    ) -> Result<(), Difference> {
        let range = TimeRange { start_ms: at_ms - AROUND_MS, end_ms: at_ms + AROUND_MS, step_ms: AROUND_MS };
        let result = self
            .engine
            .range(store, query, range, &QueryControl::default())
            .map_err(|e| Difference { expected: "a result".to_owned(), got: format!("error: {e}") })?;
        if eval.expects(Kind::Ordered).next().is_some() {
            return Ok(());
        }
        let Value::Matrix(matrix) = &result.value else {
            return Err(Difference {
                expected: "a matrix".to_owned(),
                got: compare::describe(&result.value),
            });
        };
        compare::check_sorted(matrix)?;
        let mut samples = Vec::new();
        for series in matrix {
            let float = series.floats.iter().find(|(t, _)| *t == at_ms).map(|(_, f)| SampleValue::Float(f));
            let histogram = series.histograms.iter().find(|(t, _)| *t == at_ms);
            let histogram = histogram.map(|(_, h)| SampleValue::Histogram(h.clone()));
            let labels = &series.labels;
            samples.extend(float.into_iter().chain(histogram).map(|value| VectorSample {
                labels: labels.clone(),
                t_ms: at_ms,
                value,
            }));
        }
        let middle = match (instant, samples.first()) {
            (Value::Scalar { .. }, Some(VectorSample { value: SampleValue::Float(value), .. })) => {
                Value::Scalar { t_ms: at_ms, value: *value }
            }
            _ => Value::Vector(samples),
        };
        compare::compare(eval, &middle)
    }
}

/// Judges a result or error. `None` when an error came as expected: there is no result to go on with.
fn judge(eval: &Eval, result: Result<QueryResult, String>) -> Result<Option<QueryResult>, Difference> {
    let fail = eval.expects(Kind::Fail).next();
    match (result, fail) {
        (Err(e), Some(expectation)) if expectation.matches(&e) => Ok(None),
        (Err(e), Some(expectation)) => Err(Difference {
            expected: format!("an error that is {}", expectation.describe()),
            got: format!("error: {e}"),
        }),
        (Err(e), None) => Err(Difference { expected: describe_want(eval), got: format!("error: {e}") }),
        (Ok(result), Some(expectation)) => Err(Difference {
            expected: format!("an error that is {}", expectation.describe()),
            got: compare::describe(&result.value),
        }),
        (Ok(result), None) => {
            check_annotations(eval, &result)?;
            compare::compare(eval, &result.value)?;
            Ok(Some(result))
        }
    }
}

fn describe_want(eval: &Eval) -> String {
    match &eval.want {
        Want::Series { series, .. } => format!("{} series", series.len()),
        Want::Scalar(_) => "a scalar".to_owned(),
        Want::String(_) => "a string".to_owned(),
    }
}

/// Each expectation has an annotation, and each annotation of a kind that is expected has an expectation.
fn check_annotations(eval: &Eval, result: &QueryResult) -> Result<(), Difference> {
    let kinds = [
        (Kind::Warn, Kind::NoWarn, "warning", &result.warnings),
        (Kind::Info, Kind::NoInfo, "info", &result.infos),
    ];
    for (some, none, name, got) in kinds {
        let shown = || if got.is_empty() { format!("no {name}") } else { format!("{got:?}") };
        if eval.expects(none).next().is_some() && !got.is_empty() {
            return Err(Difference { expected: format!("no {name}"), got: shown() });
        }
        if let Some(missing) = eval.expects(some).find(|e| !got.iter().any(|text| e.matches(text))) {
            return Err(Difference { expected: format!("{name}: {}", missing.describe()), got: shown() });
        }
        let expects_some = eval.expects(some).next().is_some();
        if let Some(extra) =
            got.iter().find(|text| expects_some && !eval.expects(some).any(|e| e.matches(text)))
        {
            return Err(Difference { expected: format!("no further {name}"), got: format!("{extra:?}") });
        }
    }
    Ok(())
}

/// The range, step, start or end of the query is part of it.
fn depends_on_range(query: &str) -> bool {
    ["start()", "end()", "range()", "step()"].iter().any(|call| query.contains(call))
}

/// The query with every selector pinned to its time, and other times to ask it at. Nothing when it uses the time
/// of evaluation otherwise, or does not parse.
fn pinned(query: &str, at_ms: i64) -> Vec<(String, i64)> {
    let Ok(mut expr) = parse(query, &ParseOptions::all()) else { return Vec::new() };
    let mut time_dependent = false;
    expr.walk(&mut |e| {
        time_dependent |= matches!(e, Expr::Call(c) if TIME_DEPENDENT.contains(&c.function.name));
    });
    if time_dependent {
        return Vec::new();
    }
    pin(&mut expr, at_ms);
    let query = expr.to_string();
    let times = match at_ms {
        0 => vec![-1000, 0, 1000],
        t => vec![-10 * t, 0, t / 5, t, 10 * t],
    };
    times.into_iter().map(|t| (query.clone(), t)).collect()
}

/// Pins what has no time of its own. What is inside a pinned subquery follows it.
fn pin(expr: &mut Expr, at_ms: i64) {
    let at = match expr {
        Expr::Vector(v) => &mut v.at,
        Expr::Matrix(m) => &mut m.selector.at,
        Expr::Subquery(s) => &mut s.at,
        _ => return expr.children_mut().into_iter().for_each(|child| pin(child, at_ms)),
    };
    if !matches!(at, Some(At::Timestamp(_))) {
        *at = Some(At::Timestamp(at_ms));
    }
}
