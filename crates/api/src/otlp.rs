//! OTLP's doors: `/v1/{traces,logs,metrics}` over HTTP and the three `Export` calls over gRPC, and Prometheus's
//! `/api/v1/otlp/v1/metrics`.
//!
//! Sources: the OTLP specification 1.9, "OTLP/gRPC", "OTLP/HTTP", "Failures". What was answered with success is on disk.

pub(crate) mod body;
mod grpc;
mod http;
pub(crate) mod take;

use crate::App;
use axum::Router;
use axum::routing::post;
use std::sync::Arc;

/// A request after it is unpacked. Batches of SDKs are under 1 MB, those of collectors under 10.
pub const REQUEST_BYTES_MAX: usize = 20 << 20;

/// Everything, for the main port and for 4318.
pub fn routes() -> Router<Arc<App>> {
    grpc_routes()
        .route("/v1/traces", post(http::traces))
        .route("/v1/logs", post(http::logs))
        .route("/v1/metrics", post(http::metrics))
        .route("/api/v1/otlp/v1/metrics", post(http::prometheus_metrics))
        // Where those who know other stores look.
        .route("/otlp/v1/traces", post(http::traces))
        .route("/otlp/v1/logs", post(http::logs))
        .route("/otlp/v1/metrics", post(http::metrics))
}

/// Only gRPC, for 4317.
pub fn grpc_routes() -> Router<Arc<App>> {
    Router::new()
        .route("/opentelemetry.proto.collector.trace.v1.TraceService/Export", post(grpc::traces))
        .route("/opentelemetry.proto.collector.logs.v1.LogsService/Export", post(grpc::logs))
        .route("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", post(grpc::metrics))
}
