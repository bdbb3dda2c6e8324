//! Aggregations that take some series of each group as they are: `topk`, `bottomk`, `limitk`, `limit_ratio`.

use super::super::Evaluator;
use super::super::column::{ABSENT, Cell, Grid, Series, Vector, is_absent};
use super::super::plan::{Aggregate, Node};
use super::Grouping;
use crate::ast::AggregateOp;
use crate::engine::QueryError;
use model::Labels;
use model::number::format_g;
use std::cmp::Ordering;
use xxhash_rust::xxh64::xxh64;

/// The largest and smallest floats that a whole number of 64 bits can hold.
const WHOLE_MAX: f64 = 9_223_372_036_854_774_784.0;
const WHOLE_MIN: f64 = -9_223_372_036_854_775_808.0;

impl Evaluator<'_> {
    pub(super) fn pick(
        &mut self,
        node: &Node,
        aggregate: &Aggregate,
        grid: Grid,
    ) -> Result<Vector, QueryError> {
        let param = self.parameter(aggregate, grid)?;
        let vector = self.eval_vector(&aggregate.expr, grid)?;
        if !self.check_parameter(aggregate, &param)? {
            return Ok(Vec::new());
        }
        let mut grouping = Grouping::new(aggregate);
        let groups: Vec<usize> = vector.iter().map(|s| grouping.of(&s.labels)).collect();
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); grouping.len()];
        groups.iter().enumerate().for_each(|(i, g)| members[*g].push(i));
        let mut kept = vec![vec![false; grid.steps]; vector.len()];
        let mut order = Vec::new();
        for (step, param) in param.iter().enumerate() {
            self.guard.check()?;
            for members in &members {
                let picked = self.pick_at(node, aggregate.op, &vector, members, step, *param);
                for i in picked {
                    kept[i][step] = true;
                    if grid.steps == 1 {
                        order.push(i);
                    }
                }
            }
        }
        Ok(only_kept(vector, kept, order, grid))
    }

    /// `false` when nothing can come of it.
    fn check_parameter(&mut self, aggregate: &Aggregate, values: &[f64]) -> Result<bool, QueryError> {
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let any_nan = values.iter().any(|v| v.is_nan());
        let pos = aggregate.param.as_ref().map(|p| p.pos).unwrap_or_default();
        let fail = |text: String| Err(QueryError::Execution(text));
        if aggregate.op == AggregateOp::LimitRatio {
            if any_nan {
                return fail("Ratio value is NaN".to_owned());
            }
            if max > 1.0 {
                self.notes.invalid_ratio(pos, max, 1.0);
            }
            if min < -1.0 {
                self.notes.invalid_ratio(pos, min, -1.0);
            }
            return Ok(max != 0.0 || min != 0.0);
        }
        if any_nan {
            return fail("Parameter value is NaN".to_owned());
        }
        if max < 1.0 {
            return Ok(false);
        }
        if min <= WHOLE_MIN {
            return fail(format!("Scalar value {} underflows int64", format_g(min)));
        }
        if max >= WHOLE_MAX {
            return fail(format!("Scalar value {} overflows int64", format_g(max)));
        }
        Ok(true)
    }

    /// The members of a group that are taken at a step, best first.
    fn pick_at(
        &mut self,
        node: &Node,
        op: AggregateOp,
        vector: &[Series],
        members: &[usize],
        step: usize,
        param: f64,
    ) -> Vec<usize> {
        let present = |i: &usize| vector[*i].is_present(step);
        match op {
            AggregateOp::LimitRatio => {
                let ratio = param.clamp(-1.0, 1.0);
                let sampled = |i: &usize| ratio_takes(ratio, sampling_hash(&vector[*i].labels));
                members.iter().copied().filter(|i| present(i) && sampled(i)).collect()
            }
            AggregateOp::Limitk => members.iter().copied().filter(present).take(whole(param)).collect(),
            _ => {
                let mut candidates: Vec<(f64, usize)> = Vec::with_capacity(members.len());
                for i in members {
                    match vector[*i].cell(step) {
                        Cell::Absent => {}
                        Cell::Float(v) => candidates.push((v, *i)),
                        Cell::Hist(_) => {
                            self.notes.histogram_ignored_in_aggregation(node.pos, op.as_str());
                        }
                    }
                }
                best(candidates, whole(param), op == AggregateOp::Topk)
            }
        }
    }
}

fn whole(param: f64) -> usize {
    if param < 1.0 { 0 } else { param as usize }
}

/// The k best, best first. NaN is worse than any number; of equals the first series wins.
fn best(mut candidates: Vec<(f64, usize)>, k: usize, top: bool) -> Vec<usize> {
    let order = |a: &(f64, usize), b: &(f64, usize)| -> Ordering {
        let by_value = match (a.0.is_nan(), b.0.is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let order = a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal);
                if top { order.reverse() } else { order }
            }
        };
        by_value.then(a.1.cmp(&b.1))
    };
    if k == 0 {
        return Vec::new();
    }
    if k < candidates.len() {
        candidates.select_nth_unstable_by(k - 1, order);
        candidates.truncate(k);
    }
    candidates.sort_unstable_by(order);
    candidates.into_iter().map(|(_, i)| i).collect()
}

/// Whether a series belongs to a random part of all. The same series always does; a negative ratio takes those that
/// the positive one of the same size, from the other end, leaves.
fn ratio_takes(ratio: f64, hash: u64) -> bool {
    let offset = hash as f64 / u64::MAX as f64;
    if ratio >= 0.0 { offset < ratio } else { offset >= 1.0 + ratio }
}

/// A hash of labels: that of Prometheus, which hashes them as it packs them, so that a query takes the same series.
fn sampling_hash(labels: &Labels) -> u64 {
    let mut packed = Vec::with_capacity(labels.as_bytes().len());
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        match u8::try_from(text.len()) {
            Ok(len) if len < u8::MAX => packed.push(len),
            _ => {
                packed.push(u8::MAX);
                packed.extend_from_slice(&(text.len() as u32).to_le_bytes()[..3]);
            }
        }
        packed.extend_from_slice(text.as_bytes());
    }
    xxh64(&packed, 0)
}

fn only_kept(vector: Vector, kept: Vec<Vec<bool>>, order: Vec<usize>, grid: Grid) -> Vector {
    let mut series: Vec<Option<Series>> = vector
        .into_iter()
        .zip(kept)
        .map(|(mut s, kept)| {
            if !kept.contains(&true) {
                return None;
            }
            for (v, _) in s.floats.iter_mut().zip(&kept).filter(|(v, kept)| !**kept && !is_absent(**v)) {
                *v = ABSENT;
            }
            for (h, _) in s.hists.iter_mut().zip(&kept).filter(|(_, kept)| !**kept) {
                *h = None;
            }
            Some(s)
        })
        .collect();
    if grid.steps == 1 {
        return order.into_iter().filter_map(|i| series[i].take()).collect();
    }
    series.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_come_first_and_nan_last() {
        let values = [2.0, f64::NAN, 5.0, 5.0, 1.0];
        let candidates = || values.iter().enumerate().map(|(i, v)| (*v, i)).collect::<Vec<_>>();
        assert_eq!(best(candidates(), 3, true), [2, 3, 0]);
        assert_eq!(best(candidates(), 2, false), [4, 0]);
        assert_eq!(best(candidates(), 9, true), [2, 3, 0, 4, 1]);
        assert_eq!(best(candidates(), 0, true), [] as [usize; 0]);
    }

    #[test]
    fn ratios_complement_each_other() {
        for hash in [0, 1, u64::MAX / 3, u64::MAX / 2, u64::MAX - 1] {
            assert!(ratio_takes(0.4, hash) != ratio_takes(-0.6, hash), "{hash}");
        }
        assert!(ratio_takes(-1.0, 0) && ratio_takes(1.0, 1));
    }
}
