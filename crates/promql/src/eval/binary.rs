//! Binary operators.

mod element;
mod matching;
mod sets;

use super::Evaluator;
use super::column::{ABSENT, Cell, Evaluated, Grid, Series, Vector, is_absent};
use super::plan::{Binary, Node};
use crate::ast::BinaryOp;
use crate::engine::QueryError;
use element::{Element, Operator};
use std::sync::Arc;

impl Evaluator<'_> {
    pub(super) fn binary(
        &mut self,
        node: &Node,
        binary: &Binary,
        grid: Grid,
    ) -> Result<Evaluated, QueryError> {
        let lhs = self.eval(&binary.lhs, grid)?;
        let rhs = self.eval(&binary.rhs, grid)?;
        let op = Operator { op: binary.op, pos: node.pos };
        match (lhs, rhs) {
            (Evaluated::Scalar(mut a), Evaluated::Scalar(b)) => {
                for (a, b) in a.iter_mut().zip(b) {
                    *a = element::scalars(binary.op, *a, b)?;
                }
                Ok(Evaluated::Scalar(a))
            }
            (Evaluated::Vector(vector), Evaluated::Scalar(scalar)) => {
                self.with_scalar(op, binary, vector, &scalar, Side::Left, grid).map(Evaluated::Vector)
            }
            (Evaluated::Scalar(scalar), Evaluated::Vector(vector)) => {
                self.with_scalar(op, binary, vector, &scalar, Side::Right, grid).map(Evaluated::Vector)
            }
            (Evaluated::Vector(a), Evaluated::Vector(b)) => {
                let Some(matching) = &binary.matching else {
                    return Err(QueryError::Internal(
                        "an operator between vectors lacks its matching".to_owned(),
                    ));
                };
                if binary.op.is_set() {
                    return Ok(Evaluated::Vector(self.set_operator(binary.op, a, b, matching, grid)?));
                }
                self.vectors(op, binary.return_bool, a, b, matching, grid).map(Evaluated::Vector)
            }
            _ => Err(QueryError::Internal("an operand is a string".to_owned())),
        }
    }

    /// Between a vector and a scalar; `side` says where the vector stands.
    fn with_scalar(
        &mut self,
        op: Operator,
        binary: &Binary,
        vector: Vector,
        scalar: &[f64],
        side: Side,
        grid: Grid,
    ) -> Result<Vector, QueryError> {
        let mut out = Vec::with_capacity(vector.len());
        for mut series in vector {
            if series.hists.is_empty() && !op.is_trim() {
                plain_with_scalar(op.op, &mut series.floats, scalar, side, binary.return_bool);
            } else {
                self.mixed_with_scalar(op, &mut series, scalar, side, binary.return_bool, grid);
            }
            if op.op.is_comparison() && !binary.return_bool && series.is_empty() {
                continue;
            }
            out.push(series);
        }
        if changes_metric(op.op) || binary.return_bool { self.without_names(out, grid) } else { Ok(out) }
    }

    fn mixed_with_scalar(
        &mut self,
        op: Operator,
        series: &mut Series,
        scalar: &[f64],
        side: Side,
        return_bool: bool,
        grid: Grid,
    ) {
        for (step, scalar) in scalar.iter().enumerate() {
            let held = match series.cell(step) {
                Cell::Absent => continue,
                Cell::Float(v) => Held::Float(v),
                Cell::Hist(h) => Held::Hist(Arc::clone(h)),
            };
            let own = held.element();
            let other = Element::Float(*scalar);
            let (a, b) = if side == Side::Left { (own, other) } else { (other, own) };
            let result = op.apply(a, b, &mut self.notes);
            series.clear(step);
            let Some(result) = result else { continue };
            if return_bool {
                series.set(step, grid.steps, Cell::Float(f64::from(u8::from(result.keep))));
            } else if result.keep && op.op.is_comparison() {
                // A comparison filters: what stays is the element of the vector, wherever it stands.
                series.set(step, grid.steps, held.cell());
            } else if result.keep {
                series.set(step, grid.steps, result.value.cell());
            }
        }
    }
}

/// Where the vector stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A float or a histogram, owned.
#[derive(Clone, Debug)]
enum Held {
    Float(f64),
    Hist(Arc<model::FloatHistogram>),
}

impl Held {
    fn element(&self) -> Element<'_> {
        match self {
            Held::Float(v) => Element::Float(*v),
            Held::Hist(h) => Element::Hist(h),
        }
    }

    fn cell(&self) -> Cell<'_> {
        match self {
            Held::Float(v) => Cell::Float(*v),
            Held::Hist(h) => Cell::Hist(h),
        }
    }
}

/// A column of floats with a scalar.
fn plain_with_scalar(op: BinaryOp, floats: &mut [f64], scalar: &[f64], side: Side, return_bool: bool) {
    let columns = floats.iter_mut().zip(scalar).filter(|(v, _)| !is_absent(**v));
    if op.is_comparison() {
        for (v, s) in columns {
            let keep = match side {
                Side::Left => element::compare(op, *v, *s),
                Side::Right => element::compare(op, *s, *v),
            };
            if return_bool {
                *v = f64::from(u8::from(keep));
            } else if !keep {
                *v = ABSENT;
            }
        }
        return;
    }
    for (v, s) in columns {
        *v = match side {
            Side::Left => element::arithmetic(op, *v, *s),
            Side::Right => element::arithmetic(op, *s, *v),
        };
    }
}

/// Whether what comes out is no longer the metric that went in.
fn changes_metric(op: BinaryOp) -> bool {
    use BinaryOp::*;
    matches!(op, Add | Sub | Mul | Div | Pow | Mod | Atan2)
}
