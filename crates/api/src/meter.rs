//! Counts and times every request, by the route that answered it.

use crate::App;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use telemetry::{CounterFamily, HistogramFamily, Registry, names};

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

/// The route is the label, never the path: paths have no bound.
pub async fn meter(
    State((app, meter)): State<(Arc<App>, Meter)>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let handler = route.as_ref().map_or("/", |r| r.as_str());
    let start = app.clock.monotonic();
    let response = next.run(request).await;
    meter.requests.with(&[response.status().as_str(), handler]).inc();
    meter.durations.with(&[handler]).observe((app.clock.monotonic() - start).as_secs_f64());
    response
}
