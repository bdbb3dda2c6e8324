//! What a filter says about time, service and trace: enough to leave pages out.
//!
//! Only what certainly follows from the filter counts; the filter itself is evaluated on what is left.

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use events::Prune;
use model::event::TraceId;

pub(super) fn prune_of(filters: &[Expr]) -> Prune {
    let mut prune = Prune::none();
    filters.iter().for_each(|filter| narrow(filter, &mut prune));
    prune
}

fn narrow(filter: &Expr, prune: &mut Prune) {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            narrow(left, prune);
            narrow(right, prune);
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (column(left), column(right)) {
            (Some(name), None) => compare(name, *op, right, prune),
            (None, Some(name)) => {
                if let Some(op) = op.swap() {
                    compare(name, op, left, prune);
                }
            }
            _ => {}
        },
        Expr::Between(Between { expr, negated: false, low, high }) => {
            if let Some(name) = column(expr) {
                compare(name, Operator::GtEq, low, prune);
                compare(name, Operator::LtEq, high, prune);
            }
        }
        Expr::InList(InList { expr, list, negated: false }) => {
            let texts: Option<Vec<&str>> = list.iter().map(text).collect();
            if let (Some(name), Some(texts)) = (column(expr), texts) {
                one_of(name, &texts, prune);
            }
        }
        _ => {}
    }
}

fn compare(name: &str, op: Operator, value: &Expr, prune: &mut Prune) {
    if name == "time" {
        let Some(ns) = nanoseconds(value) else { return };
        match op {
            Operator::Gt => prune.start_ns = prune.start_ns.max(ns.saturating_add(1)),
            Operator::GtEq => prune.start_ns = prune.start_ns.max(ns),
            Operator::Lt => prune.end_ns = prune.end_ns.min(ns),
            Operator::LtEq => prune.end_ns = prune.end_ns.min(ns.saturating_add(1)),
            Operator::Eq => {
                prune.start_ns = prune.start_ns.max(ns);
                prune.end_ns = prune.end_ns.min(ns.saturating_add(1));
            }
            _ => {}
        }
    } else if op == Operator::Eq
        && let Some(text) = text(value)
    {
        one_of(name, &[text], prune);
    }
}

fn one_of(name: &str, values: &[&str], prune: &mut Prune) {
    match name {
        "service" => {
            let mut wanted: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            if let Some(before) = &prune.services {
                wanted.retain(|name| before.contains(name));
            }
            prune.services = Some(wanted);
        }
        "trace_id" => {
            // What is no id equals none: the filter finds that out by itself.
            let mut wanted: Vec<TraceId> = values.iter().filter_map(|value| TraceId::parse(value)).collect();
            if let Some(before) = &prune.trace_ids {
                wanted.retain(|id| before.contains(id));
            }
            prune.trace_ids = Some(wanted);
        }
        _ => {}
    }
}

fn column(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Column(column) => Some(&column.name),
        // Another time zone or another string type changes no order.
        Expr::Cast(cast) => column(&cast.expr).filter(|name| matches!(*name, "service" | "trace_id")),
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}

fn nanoseconds(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::TimestampNanosecond(ns, _), _) => *ns,
        Expr::Literal(ScalarValue::TimestampMicrosecond(us, _), _) => us.and_then(|us| us.checked_mul(1_000)),
        Expr::Literal(ScalarValue::TimestampMillisecond(ms, _), _) => {
            ms.and_then(|ms| ms.checked_mul(1_000_000))
        }
        Expr::Literal(ScalarValue::TimestampSecond(s, _), _) => s.and_then(|s| s.checked_mul(1_000_000_000)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{col, lit};

    fn at(ns: i64) -> Expr {
        Expr::Literal(ScalarValue::TimestampNanosecond(Some(ns), Some("UTC".into())), None)
    }

    #[test]
    fn time_service_and_trace_are_taken_from_conjunctions() {
        let filter = col("time").gt_eq(at(10)).and(col("time").lt(at(20))).and(col("service").eq(lit("a")));
        let expected = Prune { services: Some(vec!["a".into()]), ..Prune::time(10, 20) };
        assert_eq!(prune_of(std::slice::from_ref(&filter)), expected);
        let id = "0af7651916cd43dd8448eb211c80319c";
        let prune = prune_of(&[filter, lit(id).eq(col("trace_id")), lit(at_text()).eq(col("body"))]);
        assert_eq!(prune.trace_ids, TraceId::parse(id).map(|id| vec![id]));
        assert_eq!(prune_of(&[at(5).lt(col("time")), col("time").between(at(0), at(8))]), Prune::time(6, 9));
    }

    fn at_text() -> &'static str {
        "anything"
    }

    #[test]
    fn what_does_not_follow_is_not_taken() {
        let either = col("time").gt(at(1)).or(col("service").eq(lit("a")));
        let not = Expr::Not(Box::new(col("service").eq(lit("a"))));
        let list = col("service").in_list(vec![lit("a"), lit("b")], true);
        assert_eq!(prune_of(&[either, not, list, col("service").not_eq(lit("b"))]), Prune::none());
        let two =
            prune_of(&[col("service").in_list(vec![lit("a"), lit("b")], false), col("service").eq(lit("b"))]);
        assert_eq!(two.services, Some(vec!["b".to_owned()]));
    }
}
