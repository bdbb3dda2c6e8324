//! Types and other rules that syntax does not show. Runs on trees without syntax errors and completes them: what
//! pairs series up is dropped where there is nothing to pair, and set operations are many-to-many.

use super::Parser;
use crate::ast::*;
use crate::functions::{Arity, Function};
use crate::quote::quote;
use model::{METRIC_NAME, Matcher};

/// Checks an expression and all below it, and gives its type; faults are noted in the parser.
///
/// Trees are deep: what recurses holds little on the stack, and each node is asked for its type once.
pub(super) fn check(expr: &mut Expr, parser: &mut Parser<'_>) -> ValueType {
    match expr {
        Expr::Number(_) => ValueType::Scalar,
        Expr::String(_) => ValueType::String,
        Expr::Vector(v) => {
            check_selector(v, parser);
            ValueType::Vector
        }
        Expr::Matrix(m) => {
            check_selector(&m.selector, parser);
            ValueType::Matrix
        }
        Expr::Paren(p) => check(&mut p.expr, parser),
        Expr::Unary(u) => {
            let got = check(&mut u.expr, parser);
            check_operand(u, got, parser);
            got
        }
        Expr::Subquery(s) => {
            let got = check(&mut s.expr, parser);
            check_subquery(s, got, parser);
            ValueType::Matrix
        }
        Expr::Aggregate(a) => {
            let got = check(&mut a.expr, parser);
            expect_type(&a.expr, got, ValueType::Vector, "aggregation expression", parser);
            if let (Some(param), Some(wanted)) = (&mut a.param, a.op.param_type()) {
                let got = check(param, parser);
                expect_type(param, got, wanted, "aggregation parameter", parser);
            }
            ValueType::Vector
        }
        Expr::Call(c) => check_call(c, parser),
        Expr::Binary(b) => {
            let lhs = check(&mut b.lhs, parser);
            let rhs = check(&mut b.rhs, parser);
            check_binary(b, lhs, rhs, parser);
            let scalars = lhs == ValueType::Scalar && rhs == ValueType::Scalar;
            if scalars { ValueType::Scalar } else { ValueType::Vector }
        }
    }
}

fn expect_type(expr: &Expr, got: ValueType, wanted: ValueType, context: &str, parser: &mut Parser<'_>) {
    if got != wanted {
        let message = format!("expected type {} in {context}, got {}", wanted.documented(), got.documented());
        parser.error(expr.pos(), message);
    }
}

fn check_selector(selector: &VectorSelector, parser: &mut Parser<'_>) {
    check_name(selector, parser);
    // Selecting everything is a slip, not a wish.
    if selector.matchers.iter().all(Matcher::matches_empty) {
        parser.error(selector.pos, "vector selector must contain at least one non-empty matcher");
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

fn check_operand(unary: &UnaryExpr, got: ValueType, parser: &mut Parser<'_>) {
    if !matches!(got, ValueType::Scalar | ValueType::Vector) {
        let message = format!(
            "unary expression only allowed on expressions of type scalar or instant vector, got {}",
            quote(got.documented())
        );
        parser.error(unary.pos, message);
    }
}

fn check_subquery(subquery: &Subquery, got: ValueType, parser: &mut Parser<'_>) {
    if got != ValueType::Vector {
        parser.error(
            subquery.pos,
            format!("subquery is only allowed on instant vector, got {} instead", got.as_str()),
        );
    }
}

fn check_call(call: &mut Call, parser: &mut Parser<'_>) -> ValueType {
    check_arity(call, parser);
    let function = call.function;
    let fixed = function.arity == Arity::Fixed;
    // What is too much has no type to be held against.
    let typed = if fixed { function.args.len() } else { call.args.len() };
    for (i, arg) in call.args.iter_mut().enumerate().take(typed) {
        let got = if function.name == "info" && i == 1 {
            check_info_labels(arg, call.pos, parser)
        } else {
            check(arg, parser)
        };
        check_argument(function, i, arg, got, parser);
    }
    function.returns
}

fn check_argument(function: &Function, i: usize, arg: &Expr, got: ValueType, parser: &mut Parser<'_>) {
    let context = format!("call to function {}", quote(function.name));
    expect_type(arg, got, function.arg_type(i), &context, parser);
}

fn check_arity(call: &Call, parser: &mut Parser<'_>) {
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
}

/// The second argument of `info` is matchers, spelled as a selector without a name. It may match everything.
fn check_info_labels(arg: &mut Expr, call: PosRange, parser: &mut Parser<'_>) -> ValueType {
    match arg {
        Expr::Vector(v) => {
            if !v.name.is_empty() {
                parser.error(v.pos, "expected label selectors only, got vector selector instead");
            }
            ValueType::Vector
        }
        other => {
            let got = check(other, parser);
            if got != ValueType::Vector {
                let wanted = ValueType::Vector.documented();
                let message =
                    format!("expected type {wanted} in call to function \"info\", got {}", got.documented());
                parser.error(call, message);
            }
            parser.error(other.pos(), "expected label selectors only");
            got
        }
    }
}

/// Both sides are checked already.
fn check_binary(binary: &mut BinaryExpr, lhs: ValueType, rhs: ValueType, parser: &mut Parser<'_>) {
    use ValueType::{Scalar, Vector};
    let (op, pos) = (binary.op, binary.pos);
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
