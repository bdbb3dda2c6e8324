//! PromQL.

use promql::ParseOptions;

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
