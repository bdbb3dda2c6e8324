//! Counts and times every request, by the route that answered it.

use crate::App;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use telemetry::{CounterFamily, HistogramFamily, Registry, names};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

/// The metrics, looked up once.
#[derive(Clone)]
pub struct Meter {
    requests: CounterFamily,
    durations: HistogramFamily,
}

impl Meter {
    pub fn new(registry: &Registry) -> Meter {
        Meter {
            requests: registry.counters(&names::http::REQUESTS),
            durations: registry.histograms(&names::http::REQUEST_DURATION),
        }
    }
}

/// What programs ask all the time, and what telemetry comes in by: a span of each would say nothing and hide the rest.
fn is_routine(handler: &str) -> bool {
    handler == "/metrics"
        || handler.starts_with("/-/")
        || handler.starts_with("/v1/")
        || handler.starts_with("/opentelemetry.proto.")
        || handler.starts_with("/api/v1/notifications")
        || matches!(handler, "/health" | "/healthz" | "/live" | "/ready" | "/api/v1/write")
}

/// The route is the label, never the path: paths have no bound.
pub async fn meter(
    State((app, meter)): State<(Arc<App>, Meter)>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let handler = route.as_ref().map_or("/", |r| r.as_str());
    let start = app.clock.monotonic();
    let span = match is_routine(handler) {
        true => Span::none(),
        false => info_span!(
            "http",
            otel.name = format_args!("{} {handler}", request.method()),
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = request.method().as_str(),
            http.route = handler,
            url.query = request.uri().query().unwrap_or(""),
            http.response.status_code = Empty,
        ),
    };
    let response = next.run(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    if response.status().is_server_error() {
        span.record("otel.status_code", "error");
    }
    meter.requests.with(&[response.status().as_str(), handler]).inc();
    meter.durations.with(&[handler]).observe((app.clock.monotonic() - start).as_secs_f64());
    response
}
