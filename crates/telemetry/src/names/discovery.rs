//! Counted by `discovery`.

use super::REQUEST_SECONDS;

super::define! {
    TARGETS = gauge("prometheus_sd_discovered_targets", "Targets found now, by set of configurations and job.", &["name", "config"]);
    FAILED_CONFIGS = gauge("prometheus_sd_failed_configs", "Discovery configurations that could not be started.", &["name"]);
    RECEIVED_UPDATES = counter("prometheus_sd_received_updates_total", "Updates from discoverers.", &["name"]);
    SENT_UPDATES = counter("prometheus_sd_updates_total", "Updates handed on to the scraper.", &["name"]);
    REFRESH_FAILURES = counter("prometheus_sd_refresh_failures_total", "Refreshes that failed, by mechanism and job.", &["mechanism", "config"]);
    REFRESH_SECONDS = histogram("prometheus_sd_refresh_duration_histogram_seconds", "Time of a refresh, by mechanism.", &["mechanism"], REQUEST_SECONDS);
    DNS_LOOKUPS = counter("prometheus_sd_dns_lookups_total", "DNS lookups.", &[]);
    DNS_LOOKUP_FAILURES = counter("prometheus_sd_dns_lookup_failures_total", "DNS lookups that failed.", &[]);
    FILE_READ_ERRORS = counter("prometheus_sd_file_read_errors_total", "Files of targets that could not be read.", &[]);
    HTTP_FAILURES = counter("prometheus_sd_http_failures_total", "Requests of HTTP discovery that failed.", &[]);
    KUBERNETES_EVENTS = counter("prometheus_sd_kubernetes_events_total", "Objects seen on Kubernetes watches, by role and event.", &["role", "event"]);
    KUBERNETES_FAILURES = counter("prometheus_sd_kubernetes_failures_total", "Lists and watches of Kubernetes that failed.", &[]);
}
