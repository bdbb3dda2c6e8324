//! Counted by `api`.

use super::{REQUEST_SECONDS, SIZE_BYTES};

super::define! {
    REQUESTS = counter("prometheus_http_requests_total", "HTTP requests, by status code and handler.", &["code", "handler"]);
    REQUEST_DURATION = histogram("prometheus_http_request_duration_seconds", "Time of an HTTP request, by handler.", &["handler"], REQUEST_SECONDS);
    RESPONSE_SIZE = histogram("prometheus_http_response_size_bytes", "Size of an HTTP response, by handler.", &["handler"], SIZE_BYTES);
    FEDERATION_ERRORS = counter("prometheus_web_federation_errors_total", "Federations that failed.", &[]);
    FEDERATION_WARNINGS = counter("prometheus_web_federation_warnings_total", "Federations with warnings.", &[]);
    RECEIVED_SAMPLES = counter("pharos_received_samples_total", "Samples received over HTTP, by protocol.", &["protocol"]);
    REJECTED_SAMPLES = counter("pharos_rejected_samples_total", "Samples received over HTTP and refused, by protocol and reason.", &["protocol", "reason"]);
    REJECTED_REQUESTS = counter("pharos_rejected_requests_total", "Whole requests refused, by protocol and reason.", &["protocol", "reason"]);
}
