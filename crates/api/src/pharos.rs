//! Our own API, under `/api/pharos`, and the health checks.

pub(crate) mod events;
mod explain;
mod health;
mod kept;
pub mod openapi;
mod receivers;
mod targets;

use crate::App;
use axum::Router;
use axum::routing::get;
use std::sync::Arc;

pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .merge(events::routes())
        .route("/api/pharos/receivers", get(receivers::receivers))
        .route("/api/pharos/events", get(kept::kept))
        .route("/api/pharos/explain", get(explain::explain))
        .route("/api/pharos/targets", get(targets::targets))
        .route("/api/pharos/openapi.json", get(openapi::pharos))
        .route("/health", get(health::health))
        .route("/healthz", get(health::health))
        .route("/live", get(health::health))
        .route("/ready", get(health::health))
        .route("/health/detailed", get(health::detailed))
}
