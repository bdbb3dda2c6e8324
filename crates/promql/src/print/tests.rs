use super::*;
use crate::{ParseOptions, parse};
use proptest::prelude::*;

fn parsed(input: &str) -> Expr {
    parse(input, &ParseOptions::all()).unwrap_or_else(|e| panic!("{input}: {e}"))
}

/// Without positions, and with matchers in the order that printing gives them.
fn normal(mut expr: Expr) -> Expr {
    forget(&mut expr);
    expr
}

fn forget(expr: &mut Expr) {
    let none = PosRange::default();
    match expr {
        Expr::Number(e) => e.pos = none,
        Expr::String(e) => e.pos = none,
        Expr::Vector(e) => forget_selector(e),
        Expr::Matrix(e) => {
            e.pos = none;
            forget_selector(&mut e.selector);
            forget_duration(&mut e.range);
        }
        Expr::Subquery(e) => {
            e.pos = none;
            forget_duration(&mut e.range);
            forget_duration(&mut e.offset);
            e.step.iter_mut().for_each(forget_duration);
        }
        Expr::Unary(e) => e.pos = none,
        Expr::Binary(e) => e.pos = none,
        Expr::Aggregate(e) => e.pos = none,
        Expr::Call(e) => e.pos = none,
        Expr::Paren(e) => e.pos = none,
    }
    expr.children_mut().into_iter().for_each(forget);
}

fn forget_selector(selector: &mut VectorSelector) {
    selector.pos = PosRange::default();
    selector.matchers.sort_by_key(format_matcher);
    forget_duration(&mut selector.offset);
}

fn forget_duration(value: &mut DurationValue) {
    value.expr.iter_mut().for_each(|e| forget_duration_expr(e));
}

fn forget_duration_expr(expr: &mut DurationExpr) {
    match expr {
        DurationExpr::Literal(n) => n.pos = PosRange::default(),
        DurationExpr::Step(p) | DurationExpr::Range(p) => *p = PosRange::default(),
        DurationExpr::Minus(e, p) | DurationExpr::Paren(e, p) => {
            *p = PosRange::default();
            forget_duration_expr(e);
        }
        DurationExpr::Min(a, b, p) | DurationExpr::Max(a, b, p) | DurationExpr::Binary(_, a, b, p) => {
            *p = PosRange::default();
            forget_duration_expr(a);
            forget_duration_expr(b);
        }
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("up".to_owned()),
        Just("job:x:rate5m".to_owned()),
        Just("sum".to_owned()),
        "[a-z]{1,5}_t"
    ]
}

fn duration() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (1u32..100_000).prop_map(|s| format!("{s}")),
        (1u32..1000).prop_map(|m| format!("{m}m")),
        Just("1d2h3m4s5ms".to_owned()),
        Just("step()".to_owned()),
        Just("range()".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["+", "-", "*", "/", "%", "^"]), inner.clone())
                .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("-{a} + 1000d")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("max_of({a}, {b})")),
        ]
    })
}

fn modifiers() -> impl Strategy<Value = String> {
    let offset = prop_oneof![
        3 => Just(String::new()),
        1 => Just(" offset 5m".to_owned()),
        1 => Just(" offset -1h".to_owned()),
        1 => duration().prop_map(|d| format!(" offset -({d})")),
    ];
    let at = prop::sample::select(vec!["", " @ start()", " @ end()", " @ 1234.567", " @ -5"]);
    (offset, at).prop_map(|(offset, at)| format!("{offset}{at}"))
}

fn selector() -> impl Strategy<Value = String> {
    let value = ".*".prop_map(|v: String| quote(&v));
    let matchers = prop::collection::vec(
        (prop::sample::select(vec!["a", "b_c", "\"d.e\""]), prop::sample::select(vec!["=", "!="]), value),
        0..3,
    );
    (name(), matchers).prop_map(|(name, matchers)| {
        let matchers: Vec<String> = matchers.into_iter().map(|(n, op, v)| format!("{n}{op}{v}")).collect();
        format!("{name}{{{}}}", matchers.join(", "))
    })
}

/// A query that gives an instant vector.
fn vector() -> impl Strategy<Value = String> {
    let plain = (selector(), modifiers()).prop_map(|(s, m)| format!("{s}{m}"));
    plain.prop_recursive(4, 24, 2, |inner| {
        let ops =
            vec!["+", "*", "^", "==", "> bool", "and", "unless", "</", "- on (a, \"b.c\") group_left (x)"];
        prop_oneof![
            (inner.clone(), prop::sample::select(ops), inner.clone())
                .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            inner.clone().prop_map(|a| format!("-{a}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("sum by (a, \"b.c\") ({a})")),
            inner.clone().prop_map(|a| format!("topk(-3e-7, {a}) without (x)")),
            (inner.clone(), duration(), modifiers()).prop_map(|(a, d, m)| format!("rate(({a})[{d}:1m]{m})")),
            (selector(), duration(), modifiers()).prop_map(|(a, d, m)| format!("rate({a}[{d}] anchored{m})")),
            inner.prop_map(|a| format!("label_replace({a}, \"x\", \"$1\", \"y\", \"(.*)\\n\")")),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(query in vector()) {
        // Duration literals may come out as zero, which is refused; that is fine.
        if let Ok(expr) = parse(&query, &ParseOptions::all()) {
            let again = normal(parsed(&expr.to_string()));
            let expr = normal(expr);
            prop_assert_eq!(&again, &expr);
            prop_assert_eq!(normal(parsed(&pretty(&expr))), expr);
        }
    }
}

#[test]
fn pretty_breaks_what_is_long() {
    let check = |input: &str, output: &str| assert_eq!(pretty(&parsed(input)), output);
    check("sum(rate(a[5m]))", "sum(rate(a[5m]))");
    check(
        "sum by (instance_name_that_is_long, another_label) (rate(http_requests_total{job=\"some-job\",code=~\"5..\"}[5m])) / -sum(x)",
        "  sum by (instance_name_that_is_long, another_label) (
    rate(http_requests_total{code=~\"5..\",job=\"some-job\"}[5m])
  )
/
  -sum(x)",
    );
    check(
        "quantile(0.99, (rate(label_replace(http_request_duration_seconds_bucket, \"destination\", \"$1\", \"source\", \"(.*)\")[1h:5m] @ end()) > 5))",
        "quantile(
  0.99,
  (
      rate(
        label_replace(http_request_duration_seconds_bucket, \"destination\", \"$1\", \"source\", \"(.*)\")[1h:5m] @ end()
      )
    >
      5
  )
)",
    );
}

#[test]
fn nodes_have_short_names() {
    let check = |input: &str, output: &str| assert_eq!(short(&parsed(input)), output);
    check("a + on (x) group_left b == bool 1", "== bool");
    check("a + on (x) group_left b", "+ on (x) group_left ()");
    check("sum by (a) (x)", "sum by (a)");
    check("abs(x)", "abs");
    check("x[5m:1m] offset 1h", "[5m:1m] offset 1h");
    check("x{a=\"b\"}", "x{a=\"b\"}");
}
