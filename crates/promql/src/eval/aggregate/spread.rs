//! Aggregations that look at all values of a group: `quantile` and `count_values`.

use super::super::Evaluator;
use super::super::column::{ABSENT, Cell, Grid, Series, Vector};
use super::super::functions::is_label_name;
use super::super::labels::{ByKey, Part};
use super::super::plan::{Aggregate, Kind};
use super::super::range_fn;
use super::Grouping;
use crate::engine::QueryError;
use crate::limits::Load;
use crate::quote::quote_bytes;
use model::number::format_f;

impl Evaluator<'_> {
    pub(super) fn quantile(&mut self, aggregate: &Aggregate, grid: Grid) -> Result<Vector, QueryError> {
        let param = self.parameter(aggregate, grid)?;
        let vector = self.eval_vector(&aggregate.expr, grid)?;
        let pos = aggregate.param.as_ref().map(|p| p.pos).unwrap_or_default();
        for q in param.iter().filter(|q| !(0.0..=1.0).contains(*q)) {
            self.notes.invalid_quantile(pos, *q);
        }
        let mut grouping = Grouping::new(aggregate);
        let mut members: Vec<Vec<usize>> = Vec::new();
        for (i, s) in vector.iter().enumerate() {
            let group = grouping.of(&s.labels);
            members.resize_with(grouping.len(), Vec::new);
            members[group].push(i);
        }
        let mut out = Vec::with_capacity(members.len());
        let mut values = Vec::new();
        for (labels, members) in grouping.labels.into_iter().zip(members) {
            self.guard.check()?;
            let mut floats = vec![ABSENT; grid.steps];
            for (step, out) in floats.iter_mut().enumerate() {
                values.clear();
                for i in &members {
                    match vector[*i].cell(step) {
                        Cell::Float(v) => values.push(v),
                        Cell::Hist(_) => {
                            self.notes.histogram_ignored_in_aggregation(aggregate.expr.pos, "quantile");
                        }
                        Cell::Absent => {}
                    }
                }
                if !values.is_empty() {
                    *out = range_fn::quantile(param[step], &mut values);
                }
            }
            let drop_name = members.iter().any(|i| vector[*i].drop_name);
            out.push(Series { drop_name, ..Series::floats(labels, floats) });
        }
        out.retain(|s| !s.is_empty());
        Ok(out)
    }

    pub(super) fn count_values(&mut self, aggregate: &Aggregate, grid: Grid) -> Result<Vector, QueryError> {
        let Some((param, Kind::Text(text))) = aggregate.param.as_ref().map(|p| (p, &p.kind)) else {
            return Err(QueryError::Internal("count_values lacks its label".to_owned()));
        };
        let name = text.value.as_str();
        if !is_label_name(param) {
            let quoted = quote_bytes(text.bytes.as_deref().unwrap_or(name.as_bytes()));
            return Err(QueryError::Execution(format!("invalid label name {quoted}")));
        }
        let vector = self.eval_vector(&aggregate.expr, grid)?;
        let mut grouping = aggregate.grouping.clone();
        let part = if aggregate.without {
            Part::without(&grouping)
        } else {
            grouping.push(name.to_owned());
            Part::by(&grouping)
        };
        let mut out: Vector = Vec::new();
        let mut by_key: ByKey<usize> = ByKey::default();
        let mut buffer = Vec::new();
        for series in &vector {
            self.guard.check()?;
            // Values often stay the same for many steps.
            let mut last: Option<(String, usize)> = None;
            for step in 0..grid.steps {
                let value = match series.cell(step) {
                    Cell::Absent => continue,
                    Cell::Float(v) => format_f(v),
                    Cell::Hist(h) => h.to_string(),
                };
                let at = match &last {
                    Some((text, at)) if *text == value => *at,
                    _ => {
                        let labels = part.of(&series.labels.to_builder().set(name, &value).build());
                        let at = *by_key.entry(part.key(&labels, &mut buffer)).or_insert(out.len());
                        if at == out.len() {
                            // There may be as many values as there are steps of series.
                            self.guard.hold(Load { samples: 1, bytes: grid.steps as u64 * 8 })?;
                            out.push(Series::floats(labels, vec![ABSENT; grid.steps]));
                        }
                        at
                    }
                };
                last = Some((value, at));
                let count = &mut out[at].floats[step];
                *count = if super::super::column::is_absent(*count) { 1.0 } else { *count + 1.0 };
            }
        }
        Ok(out)
    }
}
