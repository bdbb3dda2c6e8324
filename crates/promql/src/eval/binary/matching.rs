//! Arithmetic and comparisons between two vectors: series pair up by their labels.
//!
//! Both sides are sorted into groups of the same signature once. Nearly always a group has one series on the side of
//! one, and every step pairs the same series; where several take turns, the pair is looked up step by step.

use super::super::Evaluator;
use super::super::column::{ABSENT, Cell, Grid, Series, Vector, is_absent};
use super::super::labels::{ByKey, Part, is_metadata, without_metadata};
use super::changes_metric;
use super::element::{self, Element, Operator};
use crate::ast::{Cardinality, VectorMatching};
use crate::engine::QueryError;
use model::Labels;
use std::collections::HashMap;

/// The series of one signature: indexes into the many and the one side.
#[derive(Default)]
struct Group {
    many: Vec<usize>,
    one: Vec<usize>,
}

/// What an operation between vectors works with. `many` and `one` are left and right, or the other way round.
struct Match<'a> {
    op: Operator,
    return_bool: bool,
    matching: &'a VectorMatching,
    delayed: bool,
    grid: Grid,
    many: &'a [Series],
    one: &'a [Series],
    groups: Vec<Group>,
    part: Part,
    /// Stands in for the side of many, and of one.
    fill_many: Option<f64>,
    fill_one: Option<f64>,
    /// Steps at which both sides have series, or fills stand in: at others nothing is compared.
    active: Vec<bool>,
}

/// The series of the result.
#[derive(Default)]
struct Output {
    series: Vector,
    /// By the hash of the labels.
    by_labels: ByKey<usize>,
    /// For a pair of series, its output.
    by_pair: HashMap<(Option<usize>, Option<usize>), usize>,
    /// Which group wrote a step of a series last.
    written: Vec<Vec<u32>>,
}

impl Evaluator<'_> {
    pub(super) fn vectors(
        &mut self,
        op: Operator,
        return_bool: bool,
        lhs: Vector,
        rhs: Vector,
        matching: &VectorMatching,
        grid: Grid,
    ) -> Result<Vector, QueryError> {
        let swapped = matching.cardinality == Cardinality::OneToMany;
        let (many, one) = if swapped { (&rhs, &lhs) } else { (&lhs, &rhs) };
        // With `group_right` the sides swap, their fills do not: so it is in Prometheus.
        let (fill_many, fill_one) = (matching.fill_left, matching.fill_right);
        let part = if matching.on { Part::by(&matching.labels) } else { Part::without(&matching.labels) };
        let mut m = Match {
            op,
            return_bool,
            matching,
            delayed: self.options.delayed_name_removal,
            grid,
            many,
            one,
            groups: groups(&part, many, one),
            part,
            fill_many,
            fill_one,
            active: Vec::new(),
        };
        m.active = m.active_steps();
        let mut out = Output::default();
        for (i, group) in m.groups.iter().enumerate() {
            self.guard.check()?;
            if !m.plain_group(group, i, &mut out)? {
                m.group(group, i, &mut out, &mut self.notes)?;
            }
        }
        let mut series = out.series;
        series.retain(|s| !s.is_empty());
        Ok(series)
    }
}

fn groups(part: &Part, many: &[Series], one: &[Series]) -> Vec<Group> {
    let mut by_key: ByKey<usize> = ByKey::default();
    let mut groups: Vec<Group> = Vec::new();
    let mut buffer = Vec::new();
    for (side, series) in [many, one].into_iter().enumerate() {
        for (i, s) in series.iter().enumerate() {
            let at = *by_key.entry(part.key(&s.labels, &mut buffer)).or_insert_with(|| {
                groups.push(Group::default());
                groups.len() - 1
            });
            if side == 0 { groups[at].many.push(i) } else { groups[at].one.push(i) }
        }
    }
    groups
}

impl Match<'_> {
    fn active_steps(&self) -> Vec<bool> {
        let any = |side: &[Series]| -> Vec<bool> {
            (0..self.grid.steps).map(|step| side.iter().any(|s| s.is_present(step))).collect()
        };
        let filled = self.fill_many.is_some() || self.fill_one.is_some();
        any(self.many)
            .into_iter()
            .zip(any(self.one))
            .map(|(many, one)| if filled { many || one } else { many && one })
            .collect()
    }

    /// Left and right, from many and one.
    fn sides<T>(&self, many: T, one: T) -> (T, T) {
        if self.matching.cardinality == Cardinality::OneToMany { (one, many) } else { (many, one) }
    }

    /// The common case, column by column: one series on each side, floats alone, nothing to fill in. `false` when the
    /// group is not of that kind.
    fn plain_group(&self, group: &Group, number: usize, out: &mut Output) -> Result<bool, QueryError> {
        let ([many], [one]) = (group.many.as_slice(), group.one.as_slice()) else { return Ok(false) };
        let (a, b) = (&self.many[*many], &self.one[*one]);
        let floats = a.hists.is_empty() && b.hists.is_empty();
        if !floats || self.op.is_trim() || self.fill_many.is_some() || self.fill_one.is_some() {
            return Ok(false);
        }
        // No other group has the pair: it need not be remembered.
        let target = out.series_with(self.result_labels(Some(*many), Some(*one)), self, Some(*many));
        let column = self.column(&a.floats, &b.floats);
        let untouched = out.series[target].floats.is_empty() && out.series[target].hists.is_empty();
        if untouched && self.matching.cardinality == Cardinality::OneToOne {
            out.series[target].floats = column;
            return Ok(true);
        }
        for (step, v) in column.into_iter().enumerate().filter(|(_, v)| !is_absent(*v)) {
            out.put(target, step, number, Cell::Float(v), self)?;
        }
        Ok(true)
    }

    /// The operation on floats, at every step where both sides have one.
    fn column(&self, many: &[f64], one: &[f64]) -> Vec<f64> {
        let op = self.op.op;
        let (left, right) = self.sides(many, one);
        let pairs = left.iter().zip(right);
        if op.is_comparison() {
            let compared = pairs.map(|(l, r)| {
                if is_absent(*l) || is_absent(*r) {
                    return ABSENT;
                }
                match (self.return_bool, element::compare(op, *l, *r)) {
                    (true, keep) => f64::from(u8::from(keep)),
                    (false, true) => *l,
                    (false, false) => ABSENT,
                }
            });
            return compared.collect();
        }
        let computed =
            pairs.map(
                |(l, r)| {
                    if is_absent(*l) || is_absent(*r) { ABSENT } else { element::arithmetic(op, *l, *r) }
                },
            );
        computed.collect()
    }

    fn group(
        &self,
        group: &Group,
        number: usize,
        out: &mut Output,
        notes: &mut crate::annotations::Annotations,
    ) -> Result<(), QueryError> {
        for step in (0..self.grid.steps).filter(|step| self.active[*step]) {
            let mut ones = group.one.iter().copied().filter(|i| self.one[*i].is_present(step));
            let one = ones.next();
            if let (Some(first), Some(second)) = (one, ones.next()) {
                return Err(self.duplicate(first, second));
            }
            let mut paired = 0;
            for many in group.many.iter().copied().filter(|i| self.many[*i].is_present(step)) {
                if one.is_none() && self.fill_one.is_none() {
                    continue;
                }
                paired += 1;
                if paired > 1 && self.matching.cardinality == Cardinality::OneToOne {
                    let text = "multiple matches for labels: many-to-one matching must be explicit \
                        (group_left/group_right)";
                    return Err(QueryError::Execution(text.to_owned()));
                }
                self.pair(Some(many), one, step, number, out, notes)?;
            }
            if paired == 0 && one.is_some() && self.fill_many.is_some() {
                self.pair(None, one, step, number, out, notes)?;
            }
        }
        Ok(())
    }

    /// Two series of the side of one have the same signature.
    fn duplicate(&self, first: usize, second: usize) -> QueryError {
        let side = if self.matching.cardinality == Cardinality::OneToMany { "left" } else { "right" };
        let group = self.part.of(&self.one[second].labels);
        let mut pair = [first, second].map(|i| format!("{:?}", self.one[i].labels));
        pair.sort();
        let [first, second] = pair;
        QueryError::Execution(format!(
            "found duplicate series for the match group {group:?} on the {side} hand-side of the operation: \
             [{first}, {second}];many-to-many matching not allowed: matching labels must be unique on one side"
        ))
    }

    /// An element of either side, or what stands in for it.
    fn element<'s>(side: &'s [Series], index: Option<usize>, fill: Option<f64>, step: usize) -> Element<'s> {
        match index.map(|i| side[i].cell(step)) {
            Some(Cell::Float(v)) => Element::Float(v),
            Some(Cell::Hist(h)) => Element::Hist(h),
            Some(Cell::Absent) | None => Element::Float(fill.unwrap_or(f64::NAN)),
        }
    }

    fn pair(
        &self,
        many: Option<usize>,
        one: Option<usize>,
        step: usize,
        number: usize,
        out: &mut Output,
        notes: &mut crate::annotations::Annotations,
    ) -> Result<(), QueryError> {
        let many_element = Self::element(self.many, many, self.fill_many, step);
        let one_element = Self::element(self.one, one, self.fill_one, step);
        let (left, right) = self.sides(many_element, one_element);
        let Some(applied) = self.op.apply(left, right, notes) else { return Ok(()) };
        let target = out.target(self, many, one);
        if self.return_bool {
            return out.put(target, step, number, Cell::Float(f64::from(u8::from(applied.keep))), self);
        }
        if applied.keep {
            out.put(target, step, number, applied.value.cell(), self)
        } else {
            out.claim(target, step, number, self)
        }
    }

    /// The labels of a pair.
    fn result_labels(&self, many: Option<usize>, one: Option<usize>) -> Labels {
        let stand_in = |labels: &Labels| self.part.of(labels);
        let empty = Labels::empty();
        let (many_labels, one_labels) = match (many, one) {
            (Some(m), Some(o)) => (self.many[m].labels.clone(), self.one[o].labels.clone()),
            (Some(m), None) => (self.many[m].labels.clone(), stand_in(&self.many[m].labels)),
            (None, Some(o)) => (stand_in(&self.one[o].labels), self.one[o].labels.clone()),
            (None, None) => (empty.clone(), empty),
        };
        let drops = changes_metric(self.op.op) || (self.return_bool && !self.delayed);
        let one_to_one = self.matching.cardinality == Cardinality::OneToOne;
        let named = |name: &[u8]| self.matching.labels.iter().any(|l| l.as_bytes() == name);
        let mut labels = many_labels;
        if changes_metric(self.op.op) || one_to_one {
            let keep = |name: &[u8]| {
                let metadata = changes_metric(self.op.op) && is_metadata(name);
                !metadata && (!one_to_one || named(name) == self.matching.on)
            };
            labels = labels.filter(keep);
        }
        if !self.matching.include.is_empty() {
            let mut builder = labels.to_builder();
            for name in &self.matching.include {
                builder.set(name, one_labels.value(name));
            }
            labels = builder.build();
        }
        if drops && self.return_bool { without_metadata(&labels) } else { labels }
    }
}

impl Output {
    /// The series that a pair writes to.
    fn target(&mut self, m: &Match<'_>, many: Option<usize>, one: Option<usize>) -> usize {
        if let Some(at) = self.by_pair.get(&(many, one)) {
            return *at;
        }
        let at = self.series_with(m.result_labels(many, one), m, many);
        self.by_pair.insert((many, one), at);
        at
    }

    /// The series of these labels.
    fn series_with(&mut self, labels: Labels, m: &Match<'_>, many: Option<usize>) -> usize {
        let next = self.series.len();
        let at = *self.by_labels.entry(labels.hash128()).or_insert(next);
        if at == next {
            let drop_name = m.return_bool || many.is_some_and(|i| m.many[i].drop_name);
            self.series.push(Series { drop_name, ..Series::floats(labels, Vec::new()) });
            self.written.push(Vec::new());
        }
        at
    }

    /// Notes that a step of a series has been computed, and fails when it had been before.
    fn claim(&mut self, at: usize, step: usize, group: usize, m: &Match<'_>) -> Result<(), QueryError> {
        if m.matching.cardinality == Cardinality::OneToOne {
            return Ok(());
        }
        let written = &mut self.written[at];
        if written.is_empty() {
            written.resize(m.grid.steps, 0);
        }
        let number = group as u32 + 1;
        if written[step] == number {
            let text = "multiple matches for labels: grouping labels must ensure unique matches";
            return Err(QueryError::Execution(text.to_owned()));
        }
        written[step] = number;
        Ok(())
    }

    fn put(
        &mut self,
        at: usize,
        step: usize,
        group: usize,
        cell: Cell<'_>,
        m: &Match<'_>,
    ) -> Result<(), QueryError> {
        self.claim(at, step, group, m)?;
        if self.series[at].is_present(step) {
            return Err(super::super::labels::duplicate());
        }
        self.series[at].set(step, m.grid.steps, cell);
        Ok(())
    }
}
