//! An operator on two elements: floats or histograms.

use super::{Held, changes_metric};
use crate::annotations::{Annotations, HistogramOp};
use crate::ast::{BinaryOp, PosRange};
use crate::engine::QueryError;
use model::histogram::{Combined, IncompatibleSchemas};
use model::{CounterResetHint, FloatHistogram};
use std::sync::Arc;

#[derive(Clone, Copy, Debug)]
pub(super) enum Element<'a> {
    Float(f64),
    Hist(&'a Arc<FloatHistogram>),
}

impl Element<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Element::Float(_) => "float",
            Element::Hist(_) => "histogram",
        }
    }
}

/// What comes of two elements.
pub(super) struct Applied {
    pub value: Held,
    /// Of a comparison: whether it holds. Else true.
    pub keep: bool,
}

/// An operator, and where annotations on it point.
#[derive(Clone, Copy)]
pub(super) struct Operator {
    pub op: BinaryOp,
    pub pos: PosRange,
}

/// An arithmetic operator on floats.
#[inline]
pub(super) fn arithmetic(op: BinaryOp, a: f64, b: f64) -> f64 {
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Mod => a % b,
        BinaryOp::Pow => power(a, b),
        BinaryOp::Atan2 => a.atan2(b),
        _ => f64::NAN,
    }
}

fn power(a: f64, b: f64) -> f64 {
    a.powf(b)
}

/// A comparison of floats.
#[inline]
pub(super) fn compare(op: BinaryOp, a: f64, b: f64) -> bool {
    match op {
        BinaryOp::Eql => a == b,
        BinaryOp::Neq => a != b,
        BinaryOp::Gtr => a > b,
        BinaryOp::Lss => a < b,
        BinaryOp::Gte => a >= b,
        BinaryOp::Lte => a <= b,
        _ => false,
    }
}

/// Between two scalars, where comparisons give 0 or 1.
pub(super) fn scalars(op: BinaryOp, a: f64, b: f64) -> Result<f64, QueryError> {
    if op.is_comparison() {
        Ok(f64::from(u8::from(compare(op, a, b))))
    } else if changes_metric(op) {
        Ok(arithmetic(op, a, b))
    } else {
        Err(QueryError::Internal(format!("operator {:?} not allowed for Scalar operations", op.as_str())))
    }
}

impl Operator {
    pub fn is_trim(&self) -> bool {
        matches!(self.op, BinaryOp::TrimLower | BinaryOp::TrimUpper)
    }

    /// `None` when the elements do not go together.
    pub fn apply(&self, a: Element<'_>, b: Element<'_>, notes: &mut Annotations) -> Option<Applied> {
        use BinaryOp::*;
        let float = |value| Some(Applied { value: Held::Float(value), keep: true });
        match (a, b) {
            (Element::Float(x), Element::Float(y)) if self.op.is_comparison() => {
                Some(Applied { value: Held::Float(x), keep: compare(self.op, x, y) })
            }
            (Element::Float(x), Element::Float(y)) if changes_metric(self.op) => {
                float(arithmetic(self.op, x, y))
            }
            (Element::Float(x), Element::Hist(h)) if self.op == Mul => changed(h, |h| h.mul(x)),
            (Element::Hist(h), Element::Float(x)) => match self.op {
                Mul => changed(h, |h| h.mul(x)),
                Div => changed(h, |h| h.div(x)),
                TrimUpper => changed(h, |h| h.keep_below(x)),
                TrimLower => changed(h, |h| h.keep_above(x)),
                _ => self.incompatible(a, b, notes),
            },
            (Element::Hist(x), Element::Hist(y)) => match self.op {
                Add => self.combine(x, |h| h.add(y), HistogramOp::Addition, notes),
                Sub => self.combine(x, |h| h.sub(y), HistogramOp::Subtraction, notes),
                Eql => Some(Applied { value: Held::Hist(Arc::clone(x)), keep: x.equals(y) }),
                Neq => Some(Applied { value: Held::Hist(Arc::clone(x)), keep: !x.equals(y) }),
                _ => self.incompatible(a, b, notes),
            },
            _ => self.incompatible(a, b, notes),
        }
    }

    fn incompatible(&self, a: Element<'_>, b: Element<'_>, notes: &mut Annotations) -> Option<Applied> {
        notes.incompatible_types(self.pos, a.kind(), self.op, b.kind());
        None
    }

    fn combine(
        &self,
        a: &FloatHistogram,
        f: impl FnOnce(&mut FloatHistogram) -> Result<Combined, IncompatibleSchemas>,
        what: HistogramOp,
        notes: &mut Annotations,
    ) -> Option<Applied> {
        let mut h = a.clone();
        match f(&mut h) {
            Err(_) => {
                notes.incompatible_layout_in_operator(self.pos, self.op);
                return None;
            }
            Ok(combined) => {
                if combined.hints_collided {
                    notes.reset_collision(self.pos, what);
                }
                if combined.bounds_reconciled {
                    notes.bounds_reconciled(self.pos, what);
                }
            }
        }
        if what == HistogramOp::Subtraction {
            h.reset_hint = CounterResetHint::Gauge;
        }
        h.compact();
        Some(Applied { value: Held::Hist(Arc::new(h)), keep: true })
    }
}

fn changed(h: &FloatHistogram, f: impl FnOnce(&mut FloatHistogram)) -> Option<Applied> {
    let mut h = h.clone();
    f(&mut h);
    h.compact();
    Some(Applied { value: Held::Hist(Arc::new(h)), keep: true })
}
