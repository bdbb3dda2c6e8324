//! Range vectors: as arguments of functions, as subqueries, and as whole queries.

use super::column::{Cell, Evaluated, Grid, Row, Series, Vector, weight};
use super::labels;
use super::pipe::{Collect, Presence, Scratch, Seen, SeriesWork, Sink, source_error};
use super::plan::{Call, Kind, Node, RangeSelect, Subquery};
use super::range_fn::{RangeFn, RangeWork, Reconciled, interpolate, interpolate_histograms};
use super::window::{Run, RunBuffers, Windows, within_time};
use super::{Evaluator, grid_between};
use crate::ast::Extent;
use crate::engine::QueryError;
use crate::limits::Load;
use crate::source::SourceError;
use crate::value::{Points, SeriesResult};
use model::{
    CounterResetHint, FloatHistogram, HistogramSample, Labels, METRIC_NAME, MatchOp, Matcher, Samples,
};
use std::sync::Arc;

/// The result of a subquery: series over a grid of their own.
pub(super) struct Inner {
    pub series: Vector,
    pub grid: Grid,
}

impl Evaluator<'_> {
    /// Evaluates a function of a range.
    pub(super) fn range_call(
        &mut self,
        node: &Node,
        call: &Call,
        (function, at): (RangeFn, usize),
        grid: Grid,
    ) -> Result<Evaluated, QueryError> {
        let name = call.function.name;
        let mut args = Vec::new();
        for (i, arg) in call.args.iter().enumerate() {
            if i != at {
                args.push(self.eval_scalar(arg, grid)?);
            }
        }
        let range = &call.args[at];
        if function == RangeFn::Absent {
            return self.absent_over_time(node, range, call, grid).map(Evaluated::Vector);
        }
        let args: Vec<&[f64]> = args.iter().map(Vec::as_slice).collect();
        let guard = self.guard;
        let sinks = match &range.kind {
            Kind::Range(select) => {
                function.check_extent(name, select.select.extent)?;
                let work = self.range_work(call, range, function, args, grid);
                let set = self.select(range.id, &select.select, work.windows.reach())?;
                self.pipe(range.id, &*set, &work, grid, || Collect::new(guard))?
            }
            Kind::Subquery(subquery) => {
                let inner = self.subquery(subquery, range, grid)?;
                let work = self.range_work(call, range, function, args, grid);
                vec![self.over_subquery(inner, &work, grid, Collect::new(guard))?]
            }
            _ => return Err(QueryError::Internal("a range vector was expected".to_owned())),
        };
        Ok(Evaluated::Vector(self.named(Collect::gather(sinks), function)?))
    }

    /// What a range function is applied with.
    pub(super) fn range_work<'b>(
        &self,
        call: &Call,
        range: &Node,
        function: RangeFn,
        args: Vec<&'b [f64]>,
        grid: Grid,
    ) -> RangeWork<'b> {
        let (windows, extent) = match &range.kind {
            Kind::Range(RangeSelect { select, range }) => {
                let (offset, at, extent) = (select.offset, select.at, select.extent);
                (Windows::new(grid, *range, offset, at, extent, self.lookback), extent)
            }
            Kind::Subquery(Subquery { range, offset, at, .. }) => {
                (Windows::new(grid, *range, *offset, *at, Extent::Plain, 0), Extent::Plain)
            }
            _ => (Windows::new(grid, 0, 0, None, Extent::Plain, 0), Extent::Plain),
        };
        RangeWork {
            function,
            windows,
            extent,
            args,
            first_pos: call.args[0].pos,
            use_starts: self.options.start_timestamps,
            type_labels: self.options.type_and_unit_labels,
            drop_name: !function.keeps_name(),
        }
    }

    /// Takes the names off, unless that is delayed.
    fn named(&self, mut vector: Vector, function: RangeFn) -> Result<Vector, QueryError> {
        if self.options.delayed_name_removal {
            return Ok(vector);
        }
        if !function.keeps_name() {
            vector.iter_mut().for_each(|s| s.labels = labels::without_metadata(&s.labels));
        }
        labels::check_distinct(&vector)?;
        Ok(vector)
    }

    fn absent_over_time(
        &mut self,
        node: &Node,
        range: &Node,
        call: &Call,
        grid: Grid,
    ) -> Result<Vector, QueryError> {
        let sink = || Presence { present: vec![false; grid.steps] };
        let (sinks, labels) = match &range.kind {
            Kind::Range(select) => {
                RangeFn::Absent.check_extent(call.function.name, select.select.extent)?;
                let work = self.range_work(call, range, RangeFn::Absent, Vec::new(), grid);
                let set = self.select(range.id, &select.select, work.windows.reach())?;
                let sinks = self.pipe(range.id, &*set, &work, grid, sink)?;
                (sinks, labels_of_matchers(&select.select.matchers))
            }
            Kind::Subquery(subquery) => {
                let inner = self.subquery(subquery, range, grid)?;
                let work = self.range_work(call, range, RangeFn::Absent, Vec::new(), grid);
                (vec![self.over_subquery(inner, &work, grid, sink())?], Labels::empty())
            }
            _ => return Err(QueryError::Internal(format!("no range at {:?}", node.pos))),
        };
        Ok(absent(&Presence::merge(sinks, grid.steps), labels))
    }

    /// Evaluates a subquery for all windows of a grid.
    pub(super) fn subquery(
        &mut self,
        subquery: &Subquery,
        node: &Node,
        grid: Grid,
    ) -> Result<Inner, QueryError> {
        let first = within_time(subquery.at.unwrap_or(grid.start).saturating_sub(subquery.offset));
        let last = within_time(subquery.at.unwrap_or(grid.end()).saturating_sub(subquery.offset));
        let from = within_time(first.saturating_sub(subquery.range));
        // Steps lie at multiples of the step, the first after the open start of the range.
        let mut start = from / subquery.step * subquery.step;
        if start <= from {
            start = start.saturating_add(subquery.step);
        }
        let inner_grid = grid_between(start, last, subquery.step)?;
        if inner_grid.steps == 0 {
            return Ok(Inner { series: Vec::new(), grid: inner_grid });
        }
        let started = self.costs.is_some().then(|| self.options.clock.monotonic());
        self.uncounted += 1;
        let value = self.eval(&subquery.expr, inner_grid);
        self.uncounted -= 1;
        let series = match value? {
            Evaluated::Vector(vector) => vector,
            Evaluated::Scalar(values) => vec![Series::floats(Labels::empty(), values)],
            Evaluated::Text(_) => return Err(QueryError::Internal("a subquery of a string".to_owned())),
        };
        if let (Some(costs), Some(started)) = (&mut self.costs, started) {
            let time = self.options.clock.monotonic().saturating_sub(started);
            costs.evaluated(node.id, series.len() as u64, time, false);
        }
        Ok(Inner { series, grid: inner_grid })
    }

    /// Runs a range function over the result of a subquery.
    pub(super) fn over_subquery<S: Sink>(
        &mut self,
        inner: Inner,
        work: &RangeWork<'_>,
        grid: Grid,
        mut sink: S,
    ) -> Result<S, QueryError> {
        let mut row = Row::new(grid.steps, self.per_step.is_some() && self.uncounted == 0);
        let mut scratch = Scratch { notes: std::mem::take(&mut self.notes), ..Scratch::default() };
        let mut samples = Lent::default();
        let mut step = |index: usize, series: Series| {
            self.guard.check()?;
            samples.fill(&series, inner.grid);
            row.reset();
            work.compute(&series.labels, samples.lend(), &mut row, &mut scratch)?;
            row.drop_name |= series.drop_name;
            if row.is_empty() { Ok(()) } else { sink.take(index, &series.labels, &mut row) }
        };
        let result = inner.series.into_iter().enumerate().try_for_each(|(index, series)| step(index, series));
        self.notes = scratch.notes;
        let seen = Seen { samples: row.seen, per_step: row.seen_per_step, ..Seen::default() };
        self.count(&seen, grid);
        result.map(|()| sink)
    }

    /// A range vector as the whole query: its samples at their own times. With each whether its name goes.
    pub(super) fn whole_matrix(&mut self, node: &Node) -> Result<Vec<(SeriesResult, bool)>, QueryError> {
        let grid = self.grid.once();
        match &node.kind {
            Kind::Range(select) => {
                let series = self.whole_range(node, select, grid)?;
                Ok(series.into_iter().map(|s| (s, false)).collect())
            }
            Kind::Subquery(subquery) => {
                let inner = self.subquery(subquery, node, grid)?;
                let grid = inner.grid;
                let shown = |s: Series| {
                    let drop_name = s.drop_name;
                    (super::result(s, grid), drop_name)
                };
                Ok(inner.series.into_iter().filter(|s| !s.is_empty()).map(shown).collect())
            }
            _ => Err(QueryError::Internal("a range vector was expected".to_owned())),
        }
    }

    fn whole_range(
        &mut self,
        node: &Node,
        range: &RangeSelect,
        grid: Grid,
    ) -> Result<Vec<SeriesResult>, QueryError> {
        let RangeSelect { select, range } = range;
        let windows = Windows::new(grid, *range, select.offset, select.at, select.extent, self.lookback);
        let set = self.select(node.id, select, windows.reach())?;
        let mut found = Vec::new();
        let (mut read, mut shown) = (0u64, 0u64);
        let mut buffers = RunBuffers::default();
        let mut keep = |index: usize, samples: Samples<'_>| -> Result<(), QueryError> {
            self.guard.check()?;
            read += (samples.timestamps.len() + samples.histograms.len()) as u64;
            let run = buffers.clean(samples);
            let Some(s) = whole_series(set.labels(index), &run, &windows, select.extent)? else {
                return Ok(());
            };
            let load = whole_load(&s);
            shown += load.samples;
            self.guard.hold(load)?;
            found.push((index, s));
            Ok(())
        };
        let visited = set.read(0..set.len(), &mut |index, samples| {
            keep(index, samples).map_err(|e| {
                self.guard.stop(e);
                SourceError::Stopped
            })
        });
        if let Err(e) = visited {
            return Err(self.guard.take_stop().unwrap_or_else(|| source_error(e)));
        }
        let per_step = self.per_step.is_some().then(|| vec![shown]);
        self.count(&Seen { samples: shown, per_step, ..Seen::default() }, grid);
        if let Some(costs) = &mut self.costs {
            costs.read(node.id, &Seen { series: set.len() as u64, read, ..Seen::default() });
        }
        found.sort_by_key(|(index, _)| *index);
        Ok(found.into_iter().map(|(_, s)| s).collect())
    }
}

fn whole_load(series: &SeriesResult) -> Load {
    let floats = series.floats.count() as u64;
    let histograms: u64 = series.histograms.iter().map(|(_, h)| weight(h)).sum();
    Load { samples: floats + histograms, bytes: (floats + histograms) * 16 }
}

/// One series at the steps where nothing was.
pub(super) fn absent(present: &[bool], labels: Labels) -> Vector {
    if present.iter().all(|p| *p) {
        return Vec::new();
    }
    let floats = present.iter().map(|p| if *p { super::column::ABSENT } else { 1.0 }).collect();
    vec![Series { drop_name: true, ..Series::floats(labels, floats) }]
}

/// The labels that matchers pin to one value.
pub(super) fn labels_of_matchers(matchers: &[Matcher]) -> Labels {
    let mut builder = model::LabelsBuilder::new();
    let mut seen: Vec<&str> = Vec::new();
    for m in matchers.iter().filter(|m| m.name() != METRIC_NAME) {
        if m.op() == MatchOp::Equal && !seen.contains(&m.name()) {
            builder.set(m.name(), m.value());
            seen.push(m.name());
        } else {
            builder.remove(m.name());
        }
    }
    builder.build()
}

/// Samples made from a column.
#[derive(Default)]
struct Lent {
    ts: Vec<i64>,
    vs: Vec<f64>,
    hists: Vec<HistogramSample>,
}

impl Lent {
    fn fill(&mut self, series: &Series, grid: Grid) {
        self.ts.clear();
        self.vs.clear();
        self.hists.clear();
        for step in 0..grid.steps {
            match series.cell(step) {
                Cell::Absent => {}
                Cell::Float(v) => {
                    self.ts.push(grid.at(step));
                    self.vs.push(v);
                }
                Cell::Hist(h) => self.hists.push(HistogramSample {
                    timestamp: grid.at(step),
                    start_timestamp: 0,
                    histogram: without_hint(h),
                }),
            }
        }
    }

    fn lend(&self) -> Samples<'_> {
        Samples { timestamps: &self.ts, values: &self.vs, start_timestamps: &[], histograms: &self.hists }
    }
}

/// A hint tells of two neighbours in storage. In a subquery there may be others between, or the same one twice.
fn without_hint(h: &Arc<FloatHistogram>) -> Arc<FloatHistogram> {
    match h.reset_hint {
        CounterResetHint::Unknown | CounterResetHint::Gauge => Arc::clone(h),
        _ => Arc::new(FloatHistogram { reset_hint: CounterResetHint::Unknown, ..(**h).clone() }),
    }
}

/// The samples of one window, with what `anchored` and `smoothed` put at its ends.
fn whole_series(
    labels: &Labels,
    run: &Run<'_>,
    windows: &Windows,
    extent: Extent,
) -> Result<Option<SeriesResult>, QueryError> {
    let mut found = None;
    windows.each(run, |w| -> Result<(), QueryError> {
        let mut floats: Vec<(i64, f64)> = w.ts.iter().copied().zip(w.vs.iter().copied()).collect();
        let mut histograms: Vec<HistogramSample> = w.hists.to_vec();
        if extent != Extent::Plain {
            let smoothed = extent == Extent::Smoothed;
            floats = extend(
                &floats,
                (w.start, w.end),
                smoothed,
                |p| p.0,
                |a, t| (t, a.1),
                |a, b, t| Ok((t, interpolate(*a, *b, t, false))),
            )?;
            let at = |h: &HistogramSample, t| HistogramSample { timestamp: t, ..h.clone() };
            histograms = extend(
                &histograms,
                (w.start, w.end),
                smoothed,
                |h| h.timestamp,
                at,
                |a, b, t| {
                    let h = interpolate_histograms(a, b, t, false, &mut Reconciled::default())
                        .map_err(|e| QueryError::Execution(e.to_string()))?;
                    Ok(HistogramSample { timestamp: t, start_timestamp: 0, histogram: Arc::new(h) })
                },
            )?;
        }
        if !floats.is_empty() || !histograms.is_empty() {
            let histograms = histograms.into_iter().map(|h| (h.timestamp, h.histogram)).collect();
            found = Some(SeriesResult { labels: labels.clone(), floats: Points::At(floats), histograms });
        }
        Ok(())
    })?;
    Ok(found)
}

/// Puts samples at the ends of a range: the last before it, or interpolated ones.
fn extend<P: Clone>(
    points: &[P],
    (start, end): (i64, i64),
    smoothed: bool,
    t: impl Fn(&P) -> i64,
    at: impl Fn(&P, i64) -> P,
    between: impl Fn(&P, &P, i64) -> Result<P, QueryError>,
) -> Result<Vec<P>, QueryError> {
    let Some(mut last) = points.len().checked_sub(1) else { return Ok(Vec::new()) };
    let mut first = points[..last].partition_point(|p| t(p) <= start).saturating_sub(1);
    if smoothed {
        last = points[..last].partition_point(|p| t(p) < end);
    }
    if t(&points[last]) <= start || (smoothed && t(&points[first]) > end) {
        return Ok(Vec::new());
    }
    let left = if smoothed && t(&points[first]) < start {
        between(&points[first], &points[first + 1], start)?
    } else {
        at(&points[first], start)
    };
    let right = if smoothed && last > 0 && t(&points[last]) > end {
        between(&points[last - 1], &points[last], end)?
    } else {
        at(&points[last], end)
    };
    if t(&points[first]) <= start {
        first += 1;
    }
    let until = if t(&points[last]) >= end { last } else { last + 1 };
    let mut extended = vec![left];
    extended.extend_from_slice(points.get(first..until).unwrap_or_default());
    extended.push(right);
    Ok(extended)
}
