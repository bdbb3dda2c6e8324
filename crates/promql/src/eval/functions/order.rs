//! Sorting. It has a meaning for instant queries only: matrices are ordered by labels.

use super::super::Evaluator;
use super::super::column::{Cell, Evaluated, Grid, Series};
use super::super::plan::{Kind, Node};
use crate::engine::QueryError;
use std::cmp::Ordering;

impl Evaluator<'_> {
    pub(super) fn sort(
        &mut self,
        node: &Node,
        name: &str,
        args: &[Node],
        grid: Grid,
    ) -> Result<Evaluated, QueryError> {
        let mut vector = self.eval_vector(&args[0], grid)?;
        let by_label = name.starts_with("sort_by_label");
        if !by_label {
            vector.iter_mut().for_each(|s| s.hists = Vec::new());
            vector.retain(|s| !s.floats.is_empty());
        }
        if grid.steps > 1 {
            self.notes.sort_in_range_query(node.pos);
            return Ok(Evaluated::Vector(vector));
        }
        vector.retain(|s| s.is_present(0));
        if by_label {
            let names: Vec<&str> = args[1..].iter().map(text).collect();
            let descending = name.ends_with("_desc");
            vector.sort_by(|a, b| {
                let order = by_labels(a, b, &names);
                if descending { order.reverse() } else { order }
            });
        } else {
            let descending = name.ends_with("_desc");
            vector.sort_by(|a, b| by_value(first(a), first(b), descending));
        }
        Ok(Evaluated::Vector(vector))
    }
}

pub(super) fn text(node: &Node) -> &str {
    match &node.kind {
        Kind::Text(text) => &text.value,
        _ => "",
    }
}

/// Whether a string can name a label: it is text, and not empty.
pub(in crate::eval) fn is_label_name(node: &Node) -> bool {
    matches!(&node.kind, Kind::Text(text) if text.bytes.is_none() && !text.value.is_empty())
}

fn first(series: &Series) -> f64 {
    match series.cell(0) {
        Cell::Float(v) => v,
        _ => f64::NAN,
    }
}

/// Either way round, NaN comes last.
fn by_value(a: f64, b: f64, descending: bool) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let order = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
            if descending { order.reverse() } else { order }
        }
    }
}

fn by_labels(a: &Series, b: &Series, names: &[&str]) -> Ordering {
    names
        .iter()
        .map(|n| natural(a.labels.value(n), b.labels.value(n)))
        .find(|order| *order != Ordering::Equal)
        .unwrap_or_else(|| a.labels.cmp(&b.labels))
}

/// The order people expect of numbered names: runs of digits by their value, everything else byte by byte.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    let mut zeros = Ordering::Equal;
    loop {
        match (a.first(), b.first()) {
            (None, None) => return zeros,
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (run_a, rest_a) = digits(a);
                let (run_b, rest_b) = digits(b);
                let (value_a, value_b) = (strip_zeros(run_a), strip_zeros(run_b));
                let order = value_a.len().cmp(&value_b.len()).then_with(|| value_a.cmp(value_b));
                if order != Ordering::Equal {
                    return order;
                }
                // Equal numbers written differently: decided in the end, if nothing else does.
                zeros = zeros.then(run_a.len().cmp(&run_b.len()));
                (a, b) = (rest_a, rest_b);
            }
            (Some(x), Some(y)) if x != y => return x.cmp(y),
            _ => (a, b) = (&a[1..], &b[1..]),
        }
    }
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|b| b.is_ascii_digit()).count())
}

fn strip_zeros(run: &[u8]) -> &[u8] {
    &run[run.iter().take_while(|b| **b == b'0').count()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count() {
        let mut names = ["b", "a10", "a2", "a", "a02", "", "a2b", "10", "9"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["", "9", "10", "a", "a2", "a02", "a2b", "a10", "b"]);
    }

    #[test]
    fn nan_comes_last() {
        let sorted = |descending| {
            let mut v = [2.0, f64::NAN, 3.0, 1.0];
            v.sort_by(|a, b| by_value(*a, *b, descending));
            v.map(|v| if v.is_nan() { -1.0 } else { v })
        };
        assert_eq!(sorted(false), [1.0, 2.0, 3.0, -1.0]);
        assert_eq!(sorted(true), [3.0, 2.0, 1.0, -1.0]);
    }
}
