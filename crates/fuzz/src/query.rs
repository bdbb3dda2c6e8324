//! The languages of questions: PromQL, and that of event search.

use promql::ParseOptions;
use search::lang::{self, Expr, Field, KnownField, NESTING_MAX};

const ALL: ParseOptions = ParseOptions {
    experimental_functions: true,
    duration_expressions: true,
    extended_ranges: true,
    fill_modifiers: true,
};

/// Queries and selectors: what is accepted prints to a query that is accepted and prints the same.
pub fn promql(data: &[u8]) {
    let Ok(query) = std::str::from_utf8(data) else { return };
    let _ = promql::parse_selector(query);
    if let Ok(expr) = promql::parse(query, &ALL) {
        let printed = expr.to_string();
        match promql::parse(&printed, &ALL) {
            Ok(again) => assert_eq!(again.to_string(), printed, "{query}"),
            Err(errors) => panic!("{query:?} prints as {printed:?}, which does not parse: {errors:?}"),
        }
    }
}

/// The notation of series in tests.
pub fn series(data: &[u8]) {
    if let Ok(line) = std::str::from_utf8(data) {
        let _ = promql::parse_series(line);
        let _ = promql::parse_metric(line);
    }
}

/// Searches: what is accepted prints to a query that reads back as the same tree, and a completion at any place replaces
/// whole characters.
pub fn search(data: &[u8]) {
    let Ok(query) = std::str::from_utf8(data) else { return };
    let fields = ["service", "http.route"].map(|name| KnownField {
        field: Field::any(name),
        detail: String::new(),
        ordered: true,
    });
    for part in 0..8 {
        let done = lang::complete(query, query.len() * part / 7, &fields, |_, prefix| {
            vec![(format!("{prefix} \"x"), String::new())]
        });
        assert!(done.from <= done.to && query.get(done.from..done.to).is_some(), "{query:?}: {done:?}");
    }
    let Ok(expr) = lang::parse(query) else { return };
    // What stands side by side is printed in parentheses, so that a tree may be too deep to be read back.
    if depth(&expr) > NESTING_MAX / 2 {
        return;
    }
    let printed = expr.to_string();
    match lang::parse(&printed) {
        Ok(again) => assert_eq!(again, expr, "{query:?} prints as {printed:?}"),
        Err(error) => panic!("{query:?} prints as {printed:?}, which does not parse: {error}"),
    }
}

fn depth(expr: &Expr) -> usize {
    match expr {
        Expr::All | Expr::Term(_) => 0,
        Expr::And(children) | Expr::Or(children) => 1 + children.iter().map(depth).max().unwrap_or(0),
        Expr::Not(inner) => 1 + depth(inner),
    }
}

pub fn promql_seeds() -> Vec<Vec<u8>> {
    [
        "sum by (job, \"a.b\") (rate(http_requests_total{code=~\"5..\", path!=\"/\"}[5m] offset -1h)) > bool 0.5",
        "histogram_quantile(0.9, {\"my.metric\", le!~\"x|y\"} @ 1609746000.5) + on(a) group_left(b) vector(-Inf)",
        "max_over_time(deriv(x[1m:10s] @ end())[1h30m:]) ^ 2 ^ 3 unless ignoring() {__name__=\"y\"} and z",
        "topk(3, -a % 0x1F) or label_replace(b, \"c\", \"$1\", 'd', `e`) atan2 1e-3",
        "rate(x[5m + step() * 2]) + foo smoothed - sum_over_time(bar[2m] anchored)",
    ]
    .map(|q| q.as_bytes().to_vec())
    .to_vec()
}

pub fn series_seeds() -> Vec<Vec<u8>> {
    [
        "my_metric{a=\"b\"} 1 2 3 stale _x5 0+10x20 NaN -Inf",
        "h{} {{schema:1 sum:-0.3 count:32 z_bucket:7 buckets:[5 10 7] offset:-3 n_buckets:[2]}}x3",
        "{\"a.b\"} {{custom_values:[1 2] buckets:[1 1 1] counter_reset_hint:gauge}}+{{count:1}}x2",
    ]
    .map(|s| s.as_bytes().to_vec())
    .to_vec()
}

pub fn search_seeds() -> Vec<Vec<u8>> {
    [
        "service:checkout severity>=error \"connection reset\" duration>500ms http.route:/cart/* -user.id:42 (a or b)",
        "not (resource.k8s.pod.name=\"cart-0\" and -exists:trace_id) or level:(warn or error or not \"x y\")",
        "/conn(ection)? re.et/ body:/\\/a b\\// path=~\"^/x/\" name!~\"y\" http://a.b:80/?c=d std::io 12:30",
        "fo?o* *bar main() size>1.5MiB time<2026-01-31T12:00:00Z \"a.b\"!=c\\ d \\and 'tis ≠ n≠5",
        "status:[200 TO 299} code=-1 a:* exists:\"odd key\" `quoted: text` x && y || !z",
    ]
    .map(|query| query.as_bytes().to_vec())
    .to_vec()
}
