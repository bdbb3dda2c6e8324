//! Aggregations.
//!
//! Sums and their like of a selector or a range function are computed as the series come from the source
//! (`accumulate`): nothing is held but the groups. All else works on a vector that is there: `pick` takes some of its
//! series, `spread` looks at all values of a group.

mod accumulate;
mod pick;
mod spread;

use super::Evaluator;
use super::column::{Evaluated, Grid, Row, Series, Vector};
use super::labels::{ByKey, Part};
use super::pipe::Sink;
use super::plan::{Aggregate, Kind, Node};
use super::range_fn::RangeFn;
use crate::annotations::Annotations;
use crate::ast::AggregateOp;
use crate::engine::QueryError;
use crate::limits::Guard;
use accumulate::{Accumulator, Adding};
use model::Labels;

/// The groups of an aggregation, in the order of their first series.
pub(super) struct Grouping {
    part: Part,
    by_key: ByKey<usize>,
    labels: Vec<Labels>,
    buffer: Vec<u8>,
}

impl Grouping {
    pub fn new(aggregate: &Aggregate) -> Grouping {
        let names = &aggregate.grouping;
        let part = if aggregate.without { Part::without(names) } else { Part::by(names) };
        Grouping { part, by_key: ByKey::default(), labels: Vec::new(), buffer: Vec::new() }
    }

    /// The group of a series.
    pub fn of(&mut self, labels: &Labels) -> usize {
        let key = self.part.key(labels, &mut self.buffer);
        let next = self.labels.len();
        let group = *self.by_key.entry(key).or_insert(next);
        if group == next {
            self.labels.push(self.part.of(labels));
        }
        group
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }
}

impl Evaluator<'_> {
    pub(super) fn aggregate(
        &mut self,
        node: &Node,
        aggregate: &Aggregate,
        grid: Grid,
    ) -> Result<Vector, QueryError> {
        use AggregateOp::*;
        match aggregate.op {
            Sum | Avg | Count | Min | Max | Group | Stddev | Stdvar => self.accumulate(aggregate, grid),
            Topk | Bottomk | Limitk | LimitRatio => self.pick(node, aggregate, grid),
            Quantile => self.quantile(aggregate, grid),
            CountValues => self.count_values(aggregate, grid),
        }
    }

    fn accumulate(&mut self, aggregate: &Aggregate, grid: Grid) -> Result<Vector, QueryError> {
        let inner = &*aggregate.expr;
        let how = Adding { op: aggregate.op, pos: inner.pos, steps: grid.steps };
        if let Some(groups) = self.accumulate_fused(aggregate, how, grid)? {
            return Ok(groups);
        }
        let vector = self.eval_vector(inner, grid)?;
        let mut sink = GroupSink::new(aggregate, how, self.guard);
        for series in vector {
            sink.add(&series.labels, &series.floats, &series.hists, series.drop_name)?;
        }
        Ok(sink.finish(&mut self.notes))
    }

    /// Series by series from the source, when the input is made of each series by itself.
    fn accumulate_fused(
        &mut self,
        aggregate: &Aggregate,
        how: Adding,
        grid: Grid,
    ) -> Result<Option<Vector>, QueryError> {
        let inner = &*aggregate.expr;
        // What is evaluated once is better evaluated by itself.
        if inner.invariant && grid.steps > 1 {
            return Ok(None);
        }
        let guard = self.guard;
        let sink = || GroupSink::new(aggregate, how, guard);
        let sinks = match &inner.kind {
            Kind::Select(select) => {
                let work = self.select_work(select, inner.pos, grid);
                let set = self.select(inner.id, select, work.reach())?;
                self.pipe(inner.id, &*set, &work, grid, sink)?
            }
            Kind::Call(call) => {
                let Some((function, at)) = call.range_fn else { return Ok(None) };
                let Kind::Range(range) = &call.args[at].kind else { return Ok(None) };
                // Without delayed removal, series that come to the same labels are an error that must be seen.
                let names_matter = !self.options.delayed_name_removal && !function.keeps_name();
                if function == RangeFn::Absent || (names_matter && !pins_name(&range.select.matchers)) {
                    return Ok(None);
                }
                function.check_extent(call.function.name, range.select.extent)?;
                let mut args = Vec::new();
                for (_, arg) in call.args.iter().enumerate().filter(|(i, _)| *i != at) {
                    args.push(self.eval_scalar(arg, grid)?);
                }
                let args = args.iter().map(Vec::as_slice).collect();
                let work = self.range_work(call, &call.args[at], function, args, grid);
                let id = call.args[at].id;
                let set = self.select(id, &range.select, work.windows.reach())?;
                self.pipe(id, &*set, &work, grid, sink)?
            }
            _ => return Ok(None),
        };
        if let Some(costs) = &mut self.costs {
            costs.fused(inner.id, sinks.iter().map(|s| s.taken).sum());
        }
        let mut sinks = sinks.into_iter();
        let Some(mut all) = sinks.next() else { return Ok(Some(Vec::new())) };
        sinks.try_for_each(|sink| all.merge(sink))?;
        Ok(Some(all.finish(&mut self.notes)))
    }

    /// The parameter of an aggregation, a value for every step.
    fn parameter(&mut self, aggregate: &Aggregate, grid: Grid) -> Result<Vec<f64>, QueryError> {
        match &aggregate.param {
            Some(param) => match self.eval(param, grid)? {
                Evaluated::Scalar(values) => Ok(values),
                _ => Err(QueryError::Internal("the parameter of an aggregation is no scalar".to_owned())),
            },
            None => Err(QueryError::Internal("an aggregation lacks its parameter".to_owned())),
        }
    }
}

/// Whether all series that match have one name and no metadata labels, so that taking those off cannot make two
/// series one.
fn pins_name(matchers: &[model::Matcher]) -> bool {
    matchers.iter().any(|m| m.name() == model::METRIC_NAME && m.op() == model::MatchOp::Equal)
}

/// Adds series up in groups.
struct GroupSink<'a> {
    grouping: Grouping,
    groups: Vec<Accumulator>,
    how: Adding,
    guard: &'a Guard,
    notes: Annotations,
    /// How many series came.
    taken: u64,
}

impl<'a> GroupSink<'a> {
    fn new(aggregate: &Aggregate, how: Adding, guard: &'a Guard) -> GroupSink<'a> {
        GroupSink {
            grouping: Grouping::new(aggregate),
            groups: Vec::new(),
            how,
            guard,
            notes: Annotations::default(),
            taken: 0,
        }
    }

    fn add(
        &mut self,
        labels: &Labels,
        floats: &[f64],
        hists: &super::column::Histograms,
        drop_name: bool,
    ) -> Result<(), QueryError> {
        self.taken += 1;
        let group = self.grouping.of(labels);
        if group == self.groups.len() {
            self.guard.hold(Accumulator::load(&self.how))?;
            self.groups.push(Accumulator::new(&self.how));
        }
        self.groups[group].add(&self.how, labels, floats, hists, drop_name, &mut self.notes);
        Ok(())
    }

    fn merge(&mut self, other: GroupSink<'_>) -> Result<(), QueryError> {
        self.notes.merge(other.notes);
        self.guard.check()?;
        for (labels, accumulator) in other.grouping.labels.into_iter().zip(other.groups) {
            let group = self.grouping.of(&labels);
            if group == self.groups.len() {
                self.groups.push(accumulator);
            } else {
                self.groups[group].merge(&self.how, &labels, accumulator, &mut self.notes);
            }
        }
        Ok(())
    }

    fn finish(self, notes: &mut Annotations) -> Vector {
        notes.merge(self.notes);
        let series = self.grouping.labels.into_iter().zip(self.groups).map(|(labels, accumulator)| {
            let drop_name = accumulator.drop_name;
            let (floats, hists) = accumulator.finish(&self.how, notes);
            Series { labels, drop_name, floats, hists }
        });
        series.filter(|s| !s.is_empty()).collect()
    }
}

impl Sink for GroupSink<'_> {
    fn take(&mut self, _: usize, labels: &Labels, row: &mut Row) -> Result<(), QueryError> {
        let floats = if row.has_floats { row.floats.as_slice() } else { &[] };
        self.add(labels, floats, &row.hists, row.drop_name)
    }
}
