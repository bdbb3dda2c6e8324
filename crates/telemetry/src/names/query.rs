//! Counted by `query`.

super::define! {
    QUERIES = gauge("prometheus_engine_queries", "Queries being executed or waiting.", &[]);
    CONCURRENT_MAX = gauge("prometheus_engine_queries_concurrent_max", "Queries that may be executed at once.", &[]);
    DURATION = summary("prometheus_engine_query_duration_seconds", "Time of a query, by part.", &["slice"]);
    SAMPLES = counter("prometheus_engine_query_samples_total", "Samples loaded by all queries.", &[]);
    LOG_ENABLED = gauge("prometheus_engine_query_log_enabled", "Whether queries are logged.", &[]);
    LOG_FAILURES = counter("prometheus_engine_query_log_failures_total", "Queries that could not be logged.", &[]);
    REFUSED = counter("pharos_queries_refused_total", "Queries stopped or refused, by limit.", &["limit"]);
}
