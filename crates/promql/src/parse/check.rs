//! Types and other rules that syntax does not show. Runs on trees without syntax errors and completes them: what
//! pairs series up is dropped where there is nothing to pair, and set operations are many-to-many.

use super::Parser;
use crate::ast::*;
use crate::functions::Arity;
use crate::quote::quote;
use model::{METRIC_NAME, Matcher};

/// Checks an expression and all below it; faults are noted in the parser.
pub(super) fn check(expr: &mut Expr, parser: &mut Parser<'_>) {
    match expr {
        Expr::Number(_) | Expr::String(_) => {}
        Expr::Vector(v) => {
            check_name(v, parser);
            check_not_empty(v, parser);
        }
        Expr::Matrix(m) => {
            check_name(&m.selector, parser);
            check_not_empty(&m.selector, parser);
        }
        Expr::Paren(p) => check(&mut p.expr, parser),
        Expr::Unary(u) => check_unary(u, parser),
        Expr::Subquery(s) => check_subquery(s, parser),
        Expr::Aggregate(a) => check_aggregate(a, parser),
        Expr::Call(c) => check_call(c, parser),
        Expr::Binary(b) => check_binary(b, parser),
    }
}

fn expect_type(expr: &mut Expr, wanted: ValueType, context: &str, parser: &mut Parser<'_>) {
    check(expr, parser);
    let got = expr.value_type();
    if got != wanted {
        let message = format!("expected type {} in {context}, got {}", wanted.documented(), got.documented());
        parser.error(expr.pos(), message);
    }
}

/// A name before the braces and one inside contradict each other, or say it twice.
fn check_name(selector: &VectorSelector, parser: &mut Parser<'_>) {
    if selector.name.is_empty() {
        return;
    }
    // The last matcher is that of the name before the braces.
    let inside = &selector.matchers[..selector.matchers.len() - 1];
    for matcher in inside.iter().filter(|m| m.name() == METRIC_NAME) {
        let (name, other) = (quote(&selector.name), quote(matcher.value()));
        parser.error(selector.pos, format!("metric name must not be set twice: {name} or {other}"));
    }
}

/// Selecting everything is a slip, not a wish.
fn check_not_empty(selector: &VectorSelector, parser: &mut Parser<'_>) {
    if selector.matchers.iter().all(Matcher::matches_empty) {
        parser.error(selector.pos, "vector selector must contain at least one non-empty matcher");
    }
}

fn check_unary(unary: &mut UnaryExpr, parser: &mut Parser<'_>) {
    check(&mut unary.expr, parser);
    let got = unary.expr.value_type();
    if !matches!(got, ValueType::Scalar | ValueType::Vector) {
        let message = format!(
            "unary expression only allowed on expressions of type scalar or instant vector, got {}",
            quote(got.documented())
        );
        parser.error(unary.pos, message);
    }
}

fn check_subquery(subquery: &mut Subquery, parser: &mut Parser<'_>) {
    check(&mut subquery.expr, parser);
    let got = subquery.expr.value_type();
    if got != ValueType::Vector {
        parser.error(
            subquery.pos,
            format!("subquery is only allowed on instant vector, got {} instead", got.as_str()),
        );
    }
}

fn check_aggregate(aggregate: &mut AggregateExpr, parser: &mut Parser<'_>) {
    expect_type(&mut aggregate.expr, ValueType::Vector, "aggregation expression", parser);
    if let (Some(param), Some(wanted)) = (&mut aggregate.param, aggregate.op.param_type()) {
        expect_type(param, wanted, "aggregation parameter", parser);
    }
}

fn check_call(call: &mut Call, parser: &mut Parser<'_>) {
    let (function, got) = (call.function, call.args.len());
    let name = quote(function.name);
    let (fewest, most) = (function.args_min(), function.args_max());
    if function.arity == Arity::Fixed && got != fewest {
        parser.error(call.pos, format!("expected {fewest} argument(s) in call to {name}, got {got}"));
    } else if got < fewest {
        parser
            .error(call.pos, format!("expected at least {fewest} argument(s) in call to {name}, got {got}"));
    } else if let Some(most) = most.filter(|most| got > *most) {
        parser.error(call.pos, format!("expected at most {most} argument(s) in call to {name}, got {got}"));
    }
    let is_info = function.name == "info";
    for (i, arg) in call.args.iter_mut().enumerate() {
        if function.args.is_empty() || (function.arity == Arity::Fixed && i >= function.args.len()) {
            break;
        }
        if is_info && i == 1 {
            check_info_labels(arg, call.pos, parser);
        } else {
            check(arg, parser);
        }
        let (wanted, got) = (function.arg_type(i), arg.value_type());
        if got != wanted {
            let message = format!(
                "expected type {} in call to function {name}, got {}",
                wanted.documented(),
                got.documented()
            );
            parser.error(arg.pos(), message);
        }
    }
}

/// The second argument of `info` is matchers, spelled as a selector without a name. It may match everything.
fn check_info_labels(arg: &mut Expr, call: PosRange, parser: &mut Parser<'_>) {
    match arg {
        Expr::Vector(v) if !v.name.is_empty() => {
            parser.error(v.pos, "expected label selectors only, got vector selector instead");
        }
        Expr::Vector(_) => {}
        other => {
            let got = other.value_type();
            if got != ValueType::Vector {
                let wanted = ValueType::Vector.documented();
                let message =
                    format!("expected type {wanted} in call to function \"info\", got {}", got.documented());
                parser.error(call, message);
            }
            parser.error(other.pos(), "expected label selectors only");
            check(other, parser);
        }
    }
}

fn check_binary(binary: &mut BinaryExpr, parser: &mut Parser<'_>) {
    use ValueType::{Scalar, Vector};
    check(&mut binary.lhs, parser);
    check(&mut binary.rhs, parser);
    let (op, pos) = (binary.op, binary.pos);
    let (lhs, rhs) = (binary.lhs.value_type(), binary.rhs.value_type());
    let op_pos = operator_pos(binary, parser.input);
    if binary.return_bool && !op.is_comparison() {
        parser.error(op_pos, "bool modifier can only be used on comparison operators");
    }
    if op.is_comparison() && !binary.return_bool && lhs == Scalar && rhs == Scalar {
        parser.error(op_pos, "comparisons between scalars must use BOOL modifier");
    }
    for (side, value_type) in [(&binary.lhs, lhs), (&binary.rhs, rhs)] {
        if !matches!(value_type, Scalar | Vector) {
            let message = "binary expression must contain only scalar and instant vector types";
            parser.error(side.pos(), message);
        }
    }
    if let Some(matching) = &mut binary.matching {
        if op.is_set() && matching.cardinality == Cardinality::OneToOne {
            matching.cardinality = Cardinality::ManyToMany;
        }
        check_matching(matching, op, lhs == Vector && rhs == Vector, pos, op_pos, parser);
    }
    if lhs != Vector || rhs != Vector {
        binary.matching = None;
    }
    if op.is_set() && (lhs == Scalar || rhs == Scalar) {
        parser.error(
            pos,
            format!("set operator {} not allowed in binary scalar expression", quote(op.as_str())),
        );
    }
}

fn check_matching(
    matching: &VectorMatching,
    op: BinaryOp,
    between_vectors: bool,
    pos: PosRange,
    op_pos: PosRange,
    parser: &mut Parser<'_>,
) {
    if matching.on {
        for label in matching.labels.iter().filter(|l| matching.include.contains(l)) {
            let label = quote(label);
            parser.error(op_pos, format!("label {label} must not occur in ON and GROUP clause at once"));
        }
    }
    let fills = matching.fill_left.is_some() || matching.fill_right.is_some();
    if !between_vectors {
        if !matching.labels.is_empty() {
            parser.error(pos, "vector matching only allowed between instant vectors");
        }
        if fills {
            parser.error(pos, "filling in missing series only allowed between instant vectors");
        }
    } else if op.is_set() {
        if matching.cardinality != Cardinality::ManyToMany {
            parser.error(pos, format!("no grouping allowed for {} operation", quote(op.as_str())));
            parser.error(pos, "set operations must always be many-to-many");
        }
        if fills {
            parser.error(pos, "filling in missing series not allowed for set operators");
        }
    }
}

/// The operator with its modifiers: what is between the sides, without space around it.
fn operator_pos(binary: &BinaryExpr, input: &str) -> PosRange {
    let (start, end) = (binary.lhs.pos().end, binary.rhs.pos().start);
    let between = &input[start..end];
    let trimmed = between.trim_start();
    let start = start + between.len() - trimmed.len();
    PosRange::new(start, start + trimmed.trim_end().len())
}
