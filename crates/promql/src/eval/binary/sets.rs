//! `and`, `or`, `unless`.

use super::super::Evaluator;
use super::super::column::{Grid, Series, Vector};
use super::super::labels::{ByKey, Part, merge_equal};
use crate::ast::{BinaryOp, VectorMatching};
use crate::engine::QueryError;

/// At which steps a signature has any series, for all signatures of a vector.
struct Present {
    part: Part,
    steps: ByKey<Vec<bool>>,
    /// At which steps there is any series at all.
    any: Vec<bool>,
}

impl Present {
    fn new(part: Part, vector: &[Series], grid: Grid) -> Present {
        let mut present = Present { part, steps: ByKey::default(), any: vec![false; grid.steps] };
        let mut buffer = Vec::new();
        for series in vector {
            let key = present.part.key(&series.labels, &mut buffer);
            let steps = present.steps.entry(key).or_insert_with(|| vec![false; grid.steps]);
            for (step, seen) in steps.iter_mut().enumerate() {
                let here = series.is_present(step);
                *seen |= here;
                present.any[step] |= here;
            }
        }
        present
    }

    fn of(&self, series: &Series) -> Option<&Vec<bool>> {
        self.steps.get(&self.part.key(&series.labels, &mut Vec::new()))
    }
}

impl Evaluator<'_> {
    pub(super) fn set_operator(
        &mut self,
        op: BinaryOp,
        lhs: Vector,
        rhs: Vector,
        matching: &VectorMatching,
        grid: Grid,
    ) -> Result<Vector, QueryError> {
        let part = if matching.on { Part::by(&matching.labels) } else { Part::without(&matching.labels) };
        if op == BinaryOp::Or {
            let left = Present::new(part, &lhs, grid);
            let mut out = lhs;
            out.extend(rhs.into_iter().filter_map(|s| keep_where(s, &left, Keep::Outside)));
            return merge_equal(out, grid.steps);
        }
        let right = Present::new(part, &rhs, grid);
        let keep = if op == BinaryOp::And { Keep::Within } else { Keep::Outside };
        Ok(lhs.into_iter().filter_map(|s| keep_where(s, &right, keep)).collect())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Within,
    Outside,
}

/// A series at the steps where its signature is, or is not, present on the other side.
fn keep_where(mut series: Series, present: &Present, keep: Keep) -> Option<Series> {
    match (present.of(&series), keep) {
        (None, Keep::Within) => return None,
        (None, Keep::Outside) => return Some(series),
        (Some(steps), keep) => {
            for (step, here) in steps.iter().enumerate() {
                if *here != (keep == Keep::Within) {
                    series.clear(step);
                }
            }
        }
    }
    (!series.is_empty()).then_some(series)
}
