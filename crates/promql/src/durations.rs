//! Turns duration expressions into milliseconds once the times of a query are known.
//!
//! Arithmetic is in seconds as floats; the result is rounded to nanoseconds and cut to milliseconds, as the
//! evaluator's clock is.

use crate::ast::{DurationExpr, DurationOp, DurationValue, Expr, PosRange};
use std::fmt;

/// What `step()` and `range()` stand for.
#[derive(Clone, Copy, Debug)]
pub struct DurationContext {
    /// Step of the query; of an instant query 0.
    pub step_ms: i64,
    /// End minus start of the query.
    pub range_ms: i64,
}

/// A duration that has no usable value.
#[derive(Clone, Debug, PartialEq)]
pub struct DurationError {
    pub message: String,
    pub pos: PosRange,
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for DurationError {}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Positive,
    Any,
}

/// Sets [`DurationValue::ms`] of every duration expression in the tree.
pub fn resolve(expr: &mut Expr, context: &DurationContext) -> Result<(), DurationError> {
    match expr {
        Expr::Vector(v) => set(&mut v.offset, context, Sign::Any)?,
        Expr::Matrix(m) => {
            set(&mut m.range, context, Sign::Positive)?;
            set(&mut m.selector.offset, context, Sign::Any)?;
        }
        Expr::Subquery(s) => {
            set(&mut s.offset, context, Sign::Any)?;
            set(&mut s.range, context, Sign::Positive)?;
            if let Some(step) = &mut s.step {
                set(step, context, Sign::Positive)?;
            }
        }
        _ => {}
    }
    expr.children_mut().into_iter().try_for_each(|child| resolve(child, context))
}

fn set(value: &mut DurationValue, context: &DurationContext, sign: Sign) -> Result<(), DurationError> {
    let Some(expr) = &value.expr else { return Ok(()) };
    let fail = |message: &str| DurationError { message: message.to_owned(), pos: expr.pos() };
    let seconds = evaluate(expr, context)?;
    // Nothing that is cut to no milliseconds will do either: a step of none never ends.
    if seconds < 1e-3 && sign == Sign::Positive {
        return Err(fail("duration must be greater than 0"));
    }
    value.ms = seconds_to_ms(seconds).ok_or_else(|| fail("duration is out of range"))?;
    Ok(())
}

/// Seconds as a duration, unless they are more than 64 bits of nanoseconds hold.
pub(crate) fn seconds_to_ms(seconds: f64) -> Option<i64> {
    let nanos = (seconds * 1e9).round();
    // 2^63 is exact in a float, 2^63 − 1 is not: the upper bound excludes it.
    let fits = nanos >= -(2f64.powi(63)) && nanos < 2f64.powi(63);
    fits.then_some(nanos as i64 / 1_000_000)
}

fn evaluate(expr: &DurationExpr, context: &DurationContext) -> Result<f64, DurationError> {
    let fail = |message: &str, pos| Err(DurationError { message: message.to_owned(), pos });
    Ok(match expr {
        DurationExpr::Literal(n) => n.value,
        DurationExpr::Step(_) => context.step_ms as f64 / 1e3,
        DurationExpr::Range(_) => context.range_ms as f64 / 1e3,
        DurationExpr::Min(a, b, _) => evaluate(a, context)?.min(evaluate(b, context)?),
        DurationExpr::Max(a, b, _) => evaluate(a, context)?.max(evaluate(b, context)?),
        DurationExpr::Paren(e, _) => evaluate(e, context)?,
        DurationExpr::Minus(e, _) => -evaluate(e, context)?,
        DurationExpr::Binary(op, a, b, pos) => {
            let (a, b) = (evaluate(a, context)?, evaluate(b, context)?);
            match op {
                DurationOp::Add => a + b,
                DurationOp::Sub => a - b,
                DurationOp::Mul => a * b,
                DurationOp::Div if b == 0.0 => return fail("division by zero", *pos),
                DurationOp::Div => a / b,
                DurationOp::Mod if b == 0.0 => return fail("modulo by zero", *pos),
                DurationOp::Mod => a % b,
                DurationOp::Pow => a.powf(b),
            }
        }
    })
}
