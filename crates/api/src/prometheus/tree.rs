//! `/api/v1/parse_query`: the syntax tree of a query as the JSON that Prometheus's tree view reads.

use model::Matcher;
use promql::ast::{At, Expr, Extent, UnaryOp, VectorSelector};
use promql::functions::{Arity, Function};
use serde_json::{Value, json};

/// The tree as JSON.
pub fn tree(expr: &Expr) -> Value {
    match expr {
        Expr::Number(n) => json!({"type": "numberLiteral", "val": number(n.value)}),
        Expr::String(s) => json!({"type": "stringLiteral", "val": s.value}),
        Expr::Paren(p) => json!({"type": "parenExpr", "expr": tree(&p.expr)}),
        Expr::Unary(u) => {
            let op = if u.op == UnaryOp::Minus { "-" } else { "+" };
            json!({"type": "unaryExpr", "op": op, "expr": tree(&u.expr)})
        }
        Expr::Vector(v) => selector("vectorSelector", v),
        Expr::Matrix(m) => {
            let mut node = selector("matrixSelector", &m.selector);
            node["range"] = m.range.ms.into();
            node
        }
        Expr::Subquery(s) => json!({
            "type": "subquery",
            "expr": tree(&s.expr),
            "range": s.range.ms,
            "offset": s.offset.ms,
            "step": s.step.as_ref().map_or(0, |step| step.ms),
            "timestamp": timestamp(s.at),
            "startOrEnd": start_or_end(s.at),
            "alignEvalTime": false,
        }),
        Expr::Aggregate(a) => json!({
            "type": "aggregation",
            "op": a.op.as_str(),
            "expr": tree(&a.expr),
            "param": a.param.as_deref().map(tree),
            "grouping": a.grouping,
            "without": a.without,
        }),
        Expr::Call(c) => json!({
            "type": "call",
            "func": function(c.function),
            "args": c.args.iter().map(tree).collect::<Vec<_>>(),
        }),
        Expr::Binary(b) => json!({
            "type": "binaryExpr",
            "op": b.op.as_str(),
            "lhs": tree(&b.lhs),
            "rhs": tree(&b.rhs),
            "bool": b.return_bool,
            "matching": b.matching.as_ref().map(|m| json!({
                "card": m.cardinality.as_str(),
                "labels": m.labels,
                "on": m.on,
                "include": m.include,
                "fillValues": {"lhs": m.fill_left, "rhs": m.fill_right},
            })),
        }),
    }
}

fn selector(kind: &str, v: &VectorSelector) -> Value {
    json!({
        "type": kind,
        "name": v.name,
        "offset": v.offset.ms,
        "matchers": v.matchers.iter().map(matcher).collect::<Vec<_>>(),
        "timestamp": timestamp(v.at),
        "startOrEnd": start_or_end(v.at),
        "anchored": v.extent == Extent::Anchored,
        "smoothed": v.extent == Extent::Smoothed,
    })
}

fn matcher(m: &Matcher) -> Value {
    json!({"name": m.name(), "value": m.value(), "type": m.op().as_str()})
}

fn timestamp(at: Option<At>) -> Option<i64> {
    match at {
        Some(At::Timestamp(ms)) => Some(ms),
        _ => None,
    }
}

fn start_or_end(at: Option<At>) -> Option<&'static str> {
    match at {
        Some(At::Start) => Some("start"),
        Some(At::End) => Some("end"),
        _ => None,
    }
}

fn function(f: &Function) -> Value {
    // Prometheus's own code for arities: 0 fixed, −1 any number, n up to n more.
    let variadic = match f.arity {
        Arity::Fixed => 0,
        Arity::Any => -1,
        Arity::UpTo(times) => times as i64,
    };
    let types: Vec<_> = f.args.iter().map(|t| t.as_str()).collect();
    json!({"name": f.name, "argTypes": types, "variadic": variadic, "returnType": f.returns.as_str()})
}

fn number(value: f64) -> String {
    match value {
        v if v.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        v => v.to_string(),
    }
}
