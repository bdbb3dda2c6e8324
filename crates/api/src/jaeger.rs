//! Jaeger's query API, both generations: `/api/…` with the JSON of its screen, `/api/v3/…` with OTLP, and
//! `jaeger.api_v3.QueryService` over gRPC. At the root on Jaeger's ports, under `/jaeger` on the main one.
//!
//! A search needs no service here, and dependencies are computed from the spans of the time asked for.

mod ask;
mod convert;
mod fail;
mod filter;
mod metrics;
mod query_service;
mod sampling;
mod ui;
mod v3;

pub use ask::parse_duration;

use crate::App;
use axum::Router;
use axum::routing::{get, post};
use std::sync::Arc;

/// The paths as Jaeger has them.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/api/services", get(ui::services))
        .route("/api/services/{service}/operations", get(ui::operations_of))
        .route("/api/operations", get(ui::operations))
        .route("/api/traces", get(ui::traces))
        .route("/api/traces/{id}", get(ui::trace))
        .route("/api/dependencies", get(ui::dependencies))
        .route("/api/transform", post(ui::transform))
        .route("/api/metrics/latencies", get(metrics::latencies))
        .route("/api/metrics/calls", get(metrics::calls))
        .route("/api/metrics/errors", get(metrics::errors))
        .route("/api/metrics/minstep", get(metrics::min_step))
        .route("/api/v3/services", get(v3::services))
        .route("/api/v3/operations", get(v3::operations))
        .route("/api/v3/traces", get(v3::traces).post(v3::traces_posted))
        .route("/api/v3/trace-summaries", get(v3::summaries).post(v3::summaries_posted))
        .route("/api/v3/traces/{id}", get(v3::trace))
        .route("/api/v3/dependencies", get(v3::dependencies))
}

/// The calls of `jaeger.api_v3.QueryService`; their paths are no other protocol's, so every port has them.
pub fn grpc_routes() -> Router<Arc<App>> {
    let path = |call: &str| format!("/jaeger.api_v3.QueryService/{call}");
    Router::new()
        .route(&path("GetServices"), post(query_service::services))
        .route(&path("GetOperations"), post(query_service::operations))
        .route(&path("GetTrace"), post(query_service::trace))
        .route(&path("FindTraces"), post(query_service::find_traces))
        .route(&path("FindTraceSummaries"), post(query_service::summaries))
        .route(&path("GetDependencies"), post(query_service::dependencies))
}

/// What clients ask for how much to sample: any path.
pub fn sampling_routes() -> Router<Arc<App>> {
    Router::new().route("/", get(sampling::strategy)).route("/{*path}", get(sampling::strategy))
}
