//! Evaluation: whole series over all steps of a query at once.
//!
//! `plan` turns the syntax tree into nodes. [`Evaluator::eval`] walks them; what a node gives is a column of step
//! values for every output series (`column`). Selections run through a `pipe`: series by series from the source, over
//! `window`s into a scratch row, to a sink that keeps or adds up. A node that has the same value at every step is
//! evaluated once.
//!
//! Nothing here knows a store, or keeps anything between queries.

mod aggregate;
mod binary;
mod column;
mod explain;
mod functions;
mod labels;
mod layout;
mod matrix;
mod pipe;
mod plan;
mod range_fn;
mod selector;
mod stats_only;
mod window;

use crate::annotations::Annotations;
use crate::ast::{Expr, Extent, PosRange, ValueType};
use crate::engine::{EngineOptions, QueryControl, QueryError, QueryResult, QueryStats};
use crate::limits::{Guard, Load};
use crate::source::{Selection, SeriesSet, SeriesSource};
use crate::value::{Points, SampleValue, SeriesResult, Value, VectorSample};
use column::{Cell, Evaluated, Grid, Series, Vector};
use explain::Costs;
use pipe::{Collect, Pipe, Seen, SeriesWork, Sink};
use plan::{Kind, Lowering, Node, Select};
use selector::{InstantWork, SmoothedWork, Take};
use stats_only::StatsOnly;
use std::time::Duration;
use window::Windows;

/// A tree deeper than this is evaluated on a stack made for it.
const DEPTH_ON_CALLERS_STACK_MAX: usize = 40;
/// The parser allows 500 levels; without optimisation a level takes up to 20 KB here.
const DEEP_STACK_BYTES: usize = 16 << 20;
/// The most steps of a range or subquery: with 8 bytes each, a series of so many takes 80 MB.
const STEPS_MAX: i64 = 10_000_000;

/// Times reach so far from 1970, in milliseconds: 36 million years.
const TIME_MS_MAX: u64 = 1 << 60;

/// The times of a query; an instant query has no step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub start_ms: i64,
    pub end_ms: i64,
    pub step_ms: Option<i64>,
}

pub(crate) struct Setup<'a> {
    pub options: &'a EngineOptions,
    pub control: &'a QueryControl,
    pub source: &'a dyn SeriesSource,
    pub text: &'a str,
    /// When the query began, on the clock's monotonic scale.
    pub started: Duration,
}

/// Evaluates a parsed query.
pub(crate) fn run(setup: Setup<'_>, expr: Expr, times: Times) -> Result<QueryResult, QueryError> {
    if [times.start_ms, times.end_ms].iter().any(|t| t.unsigned_abs() > TIME_MS_MAX) {
        return Err(QueryError::Execution("the time of the query is out of range".to_owned()));
    }
    if expr.depth() > DEPTH_ON_CALLERS_STACK_MAX {
        on_deep_stack(|| run_here(setup, expr, times))
    } else {
        run_here(setup, expr, times)
    }
}

fn run_here(setup: Setup<'_>, expr: Expr, times: Times) -> Result<QueryResult, QueryError> {
    let clock = &setup.options.clock;
    if times.step_ms.is_some() && !matches!(expr.value_type(), ValueType::Vector | ValueType::Scalar) {
        let kind = expr.value_type().documented();
        let text =
            format!("invalid expression type {kind:?} for range query, must be Scalar or instant Vector");
        return Err(QueryError::Unfit(text));
    }
    let mut lowering = Lowering::new(&times, setup.options.subquery_step_ms);
    let node = lowering.lower(expr)?;
    let guard = Guard::new(setup.options, setup.control, setup.started)?;
    let prepared = clock.monotonic();
    let mut evaluator = Evaluator::new(&setup, &guard, &times, lowering.nodes())?;
    let value = evaluator.whole(&node, &times)?;
    guard.check()?;
    let evaluated = clock.monotonic();
    let value = finish(value);
    let explain = evaluator.costs.map(|costs| costs.tree(&node, setup.text));
    let (warnings, infos) = evaluator.notes.into_texts(setup.text);
    let per_step = evaluator.per_step.unwrap_or_default();
    let grid = evaluator.grid;
    let stats = QueryStats {
        samples_total: evaluator.samples,
        samples_peak: guard.peak(),
        samples_per_step: per_step.into_iter().enumerate().map(|(i, n)| (grid.at(i), n)).collect(),
        prepare: prepared.saturating_sub(setup.started),
        eval: evaluated.saturating_sub(prepared),
        finish: clock.monotonic().saturating_sub(evaluated),
    };
    Ok(QueryResult { value, warnings, infos, stats, explain })
}

fn on_deep_stack<T: Send>(f: impl FnOnce() -> Result<T, QueryError> + Send) -> Result<T, QueryError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(DEEP_STACK_BYTES).spawn_scoped(scope, f);
        let internal = |what: String| QueryError::Internal(what);
        let handle = thread.map_err(|e| internal(format!("no thread for a deep query: {e}")))?;
        handle.join().unwrap_or_else(|_| Err(internal("the evaluation of a deep query panicked".to_owned())))
    })
}

/// Matrices come sorted by labels.
fn finish(value: Value) -> Value {
    match value {
        Value::Matrix(mut series) => {
            if !series.is_sorted_by(|a, b| a.labels <= b.labels) {
                series.sort_by(|a, b| a.labels.cmp(&b.labels));
            }
            Value::Matrix(series)
        }
        other => other,
    }
}

pub(crate) struct Evaluator<'a> {
    options: &'a EngineOptions,
    source: &'a dyn SeriesSource,
    guard: &'a Guard,
    lookback: i64,
    /// The steps of the whole query.
    grid: Grid,
    notes: Annotations,
    /// Samples looked at.
    samples: u64,
    per_step: Option<Vec<u64>>,
    /// Above 0 while a subquery is evaluated: what it looks at is not counted, but what is looked at of its result.
    uncounted: usize,
    /// The node is evaluated once for so many steps.
    repeats: u64,
    costs: Option<Costs>,
}

impl<'a> Evaluator<'a> {
    fn new(
        setup: &Setup<'a>,
        guard: &'a Guard,
        times: &Times,
        nodes: usize,
    ) -> Result<Evaluator<'a>, QueryError> {
        let grid = Self::grid(times)?;
        let lookback = setup.control.lookback_ms.unwrap_or(setup.options.lookback_ms);
        Ok(Evaluator {
            options: setup.options,
            source: setup.source,
            guard,
            lookback: lookback.clamp(0, TIME_MS_MAX as i64),
            grid,
            notes: Annotations::default(),
            samples: 0,
            per_step: setup.control.per_step_stats.then(|| vec![0; grid.steps]),
            uncounted: 0,
            repeats: 1,
            costs: setup.control.explain.then(|| Costs::new(nodes)),
        })
    }

    fn grid(times: &Times) -> Result<Grid, QueryError> {
        let step = times.step_ms.unwrap_or(1).max(1);
        grid_between(times.start_ms, times.end_ms, step)
    }

    /// Evaluates the whole query and gives it the form of its result.
    fn whole(&mut self, node: &Node, times: &Times) -> Result<Value, QueryError> {
        let grid = self.grid;
        if grid.steps == 0 {
            return Ok(Value::Matrix(Vec::new()));
        }
        if node.ty == ValueType::Matrix {
            let mut series = self.whole_matrix(node)?;
            if self.options.delayed_name_removal {
                for s in series.iter_mut().filter(|s| s.1) {
                    s.0.labels = labels::without_metadata(&s.0.labels);
                }
            }
            return Ok(Value::Matrix(series.into_iter().map(|(s, _)| s).collect()));
        }
        let value = self.eval(node, grid)?;
        Ok(match (value, times.step_ms) {
            (Evaluated::Text(value), _) => Value::String { t_ms: grid.start, value },
            (Evaluated::Scalar(values), None) => Value::Scalar { t_ms: grid.start, value: values[0] },
            (Evaluated::Scalar(values), Some(_)) => {
                Value::Matrix(vec![result(Series::floats(model::Labels::empty(), values), grid)])
            }
            (Evaluated::Vector(vector), step) => {
                let vector = self.drop_names(vector, grid)?;
                match step {
                    Some(_) => Value::Matrix(vector.into_iter().map(|s| result(s, grid)).collect()),
                    None => Value::Vector(vector.into_iter().filter_map(|s| sample(s, grid.start)).collect()),
                }
            }
        })
    }

    /// The last act of delayed name removal. Series that come to the same labels must not meet at a step.
    fn drop_names(&self, mut vector: Vector, grid: Grid) -> Result<Vector, QueryError> {
        if self.options.delayed_name_removal {
            for s in vector.iter_mut().filter(|s| s.drop_name) {
                s.labels = labels::without_metadata(&s.labels);
            }
            vector = labels::merge_equal(vector, grid.steps)?;
        }
        vector.retain(|s| !s.is_empty());
        Ok(vector)
    }

    /// Evaluates a node at every step of a grid.
    fn eval(&mut self, node: &Node, grid: Grid) -> Result<Evaluated, QueryError> {
        self.guard.check()?;
        let started = self.costs.is_some().then(|| self.options.clock.monotonic());
        let held = self.guard.held();
        let repeated =
            node.invariant && grid.steps > 1 && !matches!(node.kind, Kind::Number(_) | Kind::Text(_));
        let value = if repeated {
            self.repeats *= grid.steps as u64;
            let value = self.eval_node(node, grid.once());
            self.repeats /= grid.steps as u64;
            let value = value?;
            let Load { samples, bytes } = value.load();
            let steps = grid.steps as u64;
            self.guard
                .hold(Load { samples: samples.saturating_mul(steps), bytes: bytes.saturating_mul(steps) })?;
            repeat(value, grid.steps)
        } else {
            self.eval_node(node, grid)?
        };
        let mut load = held;
        load += value.load();
        self.guard.settle(load)?;
        if let (Some(costs), Some(started)) = (&mut self.costs, started) {
            let time = self.options.clock.monotonic().saturating_sub(started);
            costs.evaluated(node.id, value.series(), time, repeated);
        }
        Ok(value)
    }

    fn eval_node(&mut self, node: &Node, grid: Grid) -> Result<Evaluated, QueryError> {
        Ok(match &node.kind {
            Kind::Number(v) => Evaluated::Scalar(vec![*v; grid.steps]),
            Kind::Text(text) => Evaluated::Text(text.value.clone()),
            Kind::Select(select) => Evaluated::Vector(self.select_vector(node, select, grid)?),
            Kind::Range(_) | Kind::Subquery(_) => {
                return Err(QueryError::Internal("a range vector stands where none can be".to_owned()));
            }
            Kind::Call(call) => self.call(node, call, grid)?,
            Kind::Aggregate(aggregate) => Evaluated::Vector(self.aggregate(node, aggregate, grid)?),
            Kind::Binary(binary) => self.binary(node, binary, grid)?,
            Kind::Negate(inner) => self.negate(inner, grid)?,
        })
    }

    /// Evaluates a node that is a scalar.
    fn eval_scalar(&mut self, node: &Node, grid: Grid) -> Result<Vec<f64>, QueryError> {
        match self.eval(node, grid)? {
            Evaluated::Scalar(values) => Ok(values),
            _ => Err(QueryError::Internal("a scalar was expected".to_owned())),
        }
    }

    /// Evaluates a node that is an instant vector.
    fn eval_vector(&mut self, node: &Node, grid: Grid) -> Result<Vector, QueryError> {
        match self.eval(node, grid)? {
            Evaluated::Vector(vector) => Ok(vector),
            _ => Err(QueryError::Internal("an instant vector was expected".to_owned())),
        }
    }

    fn select(
        &mut self,
        node_id: usize,
        select: &Select,
        (start_ms, end_ms): (i64, i64),
    ) -> Result<Box<dyn SeriesSet>, QueryError> {
        let started = self.costs.is_some().then(|| self.options.clock.monotonic());
        let selection =
            Selection { matchers: select.matchers.clone(), start_ms, end_ms, hints: select.hints.clone() };
        let set = self.source.select(&selection).map_err(pipe::source_error)?;
        if let (Some(costs), Some(started)) = (&mut self.costs, started) {
            costs.took(node_id, self.options.clock.monotonic().saturating_sub(started));
        }
        set.warnings().into_iter().for_each(|w| self.notes.add_source_warning(w));
        Ok(if select.stats_only { Box::new(StatsOnly(set)) } else { set })
    }

    /// Runs a selection through a pipe and keeps account.
    fn pipe<S: Sink>(
        &mut self,
        node_id: usize,
        set: &dyn SeriesSet,
        work: &dyn SeriesWork,
        grid: Grid,
        sink: impl Fn() -> S + Sync,
    ) -> Result<Vec<S>, QueryError> {
        let per_step = self.per_step.is_some() && self.uncounted == 0;
        let threads = self.options.threads;
        let clock = self.costs.is_some().then_some(&self.options.clock);
        let pipe = Pipe { set, work, guard: self.guard, grid, threads, per_step, clock };
        let (sinks, seen) = pipe.run(&mut self.notes, sink)?;
        self.count(&seen, grid);
        if let Some(costs) = &mut self.costs {
            costs.read(node_id, &seen);
        }
        Ok(sinks)
    }

    fn count(&mut self, seen: &Seen, grid: Grid) {
        if self.uncounted > 0 {
            return;
        }
        self.samples += seen.samples * self.repeats;
        let (Some(total), Some(steps)) = (&mut self.per_step, &seen.per_step) else { return };
        if grid.steps == total.len() {
            total.iter_mut().zip(steps).for_each(|(t, n)| *t += n);
        } else {
            // Evaluated once: every step has had its use of it.
            let each: u64 = steps.iter().sum();
            total.iter_mut().for_each(|t| *t += each);
        }
    }

    /// The windows of an instant selector: its lookback.
    fn lookback_windows(&self, select: &Select, grid: Grid) -> Windows {
        Windows::new(grid, self.lookback, select.offset, select.at, Extent::Plain, 0)
    }

    fn select_vector(&mut self, node: &Node, select: &Select, grid: Grid) -> Result<Vector, QueryError> {
        let work = self.select_work(select, node.pos, grid);
        let set = self.select(node.id, select, work.reach())?;
        let guard = self.guard;
        let sinks = self.pipe(node.id, &*set, &work, grid, || Collect::new(guard))?;
        Ok(Collect::gather(sinks))
    }

    fn select_work(&self, select: &Select, pos: PosRange, grid: Grid) -> SelectWork {
        if select.extent == Extent::Smoothed {
            // From a lookback before the step to one after it.
            let offset = select.offset.saturating_sub(self.lookback);
            let range = self.lookback.saturating_mul(2);
            let windows = Windows::new(grid, range, offset, select.at, Extent::Plain, 0);
            return SelectWork::Smoothed(SmoothedWork { windows, lookback: self.lookback, pos });
        }
        let windows = self.lookback_windows(select, grid);
        SelectWork::Instant(InstantWork { windows, take: Take::Value, drop_name: false })
    }
}

/// Either kind of instant selector.
enum SelectWork {
    Instant(InstantWork),
    Smoothed(SmoothedWork),
}

impl SelectWork {
    fn reach(&self) -> (i64, i64) {
        match self {
            SelectWork::Instant(work) => work.windows.reach(),
            SelectWork::Smoothed(work) => work.windows.reach(),
        }
    }
}

impl SeriesWork for SelectWork {
    fn compute(
        &self,
        labels: &model::Labels,
        samples: model::Samples<'_>,
        row: &mut column::Row,
        scratch: &mut pipe::Scratch,
    ) -> Result<(), QueryError> {
        match self {
            SelectWork::Instant(work) => work.compute(labels, samples, row, scratch),
            SelectWork::Smoothed(work) => work.compute(labels, samples, row, scratch),
        }
    }
}

/// The grid from a start to an end; no steps when the end is before the start.
fn grid_between(start: i64, end: i64, step: i64) -> Result<Grid, QueryError> {
    let steps = match end.checked_sub(start) {
        Some(span) if span < 0 => 0,
        Some(span) => span / step + 1,
        None => i64::MAX,
    };
    if steps > STEPS_MAX {
        return Err(QueryError::TooManySamples("query execution"));
    }
    Ok(Grid { start, step, steps: steps as usize })
}

/// The same value at every step.
fn repeat(value: Evaluated, steps: usize) -> Evaluated {
    match value {
        Evaluated::Scalar(v) => Evaluated::Scalar(vec![v[0]; steps]),
        Evaluated::Vector(mut vector) => {
            for s in &mut vector {
                if let Some(v) = s.floats.first().copied() {
                    s.floats.resize(steps, v);
                }
                if let Some(h) = s.hists.first().cloned() {
                    s.hists.resize(steps, h);
                }
            }
            Evaluated::Vector(vector)
        }
        text => text,
    }
}

fn sample(series: Series, t_ms: i64) -> Option<VectorSample> {
    let value = match series.cell(0) {
        Cell::Absent => return None,
        Cell::Float(v) => SampleValue::Float(v),
        Cell::Hist(h) => SampleValue::Histogram(h.clone()),
    };
    Some(VectorSample { labels: series.labels, t_ms, value })
}

fn result(series: Series, grid: Grid) -> SeriesResult {
    let histograms =
        series.hists.into_iter().enumerate().filter_map(|(i, h)| h.map(|h| (grid.at(i), h))).collect();
    let floats = Points::Grid { start_ms: grid.start, step_ms: grid.step, values: series.floats };
    SeriesResult { labels: series.labels, floats, histograms }
}
