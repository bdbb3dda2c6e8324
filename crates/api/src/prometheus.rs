//! Prometheus's HTTP API: `/api/v1`, `/federate`, `/metrics`, `/-/*`.

pub mod admin;
pub mod federate;
pub mod labels;
pub mod queries;
pub mod rules;
pub mod search;
pub mod status;
pub mod targets;
pub mod tree;
pub mod write;

use crate::App;
use axum::Router;
use axum::middleware;
use axum::routing::{MethodRouter, get, post, put};
use std::sync::Arc;

/// All routes, at the root.
pub fn routes() -> Router<Arc<App>> {
    Router::new()
        .nest("/api/v1", v1().merge(v1_changes().layer(middleware::from_fn(admin::same_site))))
        .route("/federate", get(federate::federate))
        .route("/metrics", get(federate::metrics))
        .route("/version", get(status::build_info))
        .route("/-/healthy", get(admin::healthy).head(admin::healthy))
        .route("/-/ready", get(admin::ready).head(admin::ready))
        .merge(lifecycle().layer(middleware::from_fn(admin::same_site)))
}

fn v1() -> Router<Arc<App>> {
    Router::new()
        .route("/query", both(get(queries::instant), post(queries::instant)))
        .route("/query_range", both(get(queries::range), post(queries::range)))
        .route("/query_exemplars", both(get(queries::exemplars), post(queries::exemplars)))
        .route("/format_query", both(get(queries::format), post(queries::format)))
        .route("/parse_query", both(get(queries::parse), post(queries::parse)))
        .route("/labels", both(get(labels::names), post(labels::names)))
        .route("/label/{name}/values", get(labels::values))
        .route("/series", both(get(labels::series), post(labels::series)))
        .route("/metadata", get(labels::metadata))
        .route("/search/metric_names", both(get(search::metric_names), post(search::metric_names)))
        .route("/search/label_names", both(get(search::label_names), post(search::label_names)))
        .route("/search/label_values", both(get(search::label_values), post(search::label_values)))
        .route("/scrape_pools", get(targets::pools))
        .route("/scrape_pools/config", get(targets::pool_config))
        .route("/targets", get(targets::targets))
        .route("/targets/metadata", get(targets::metadata))
        .route("/targets/relabel_steps", get(targets::relabel_steps))
        .route("/rules", get(rules::rules))
        .route("/alerts", get(rules::alerts))
        .route("/alertmanagers", get(rules::alertmanagers))
        .route("/status/config", get(status::config))
        .route("/status/flags", get(status::flags))
        .route("/status/runtimeinfo", get(status::runtime_info))
        .route("/status/buildinfo", get(status::build_info))
        .route("/status/tsdb", get(status::tsdb))
        .route("/status/tsdb/blocks", get(status::blocks))
        .route("/status/walreplay", get(status::wal_replay))
        .route("/status/self_metrics", get(status::self_metrics))
        .route("/features", get(status::features))
        .route("/openapi.yaml", get(crate::pharos::openapi::prometheus))
        .route("/notifications", get(status::notifications))
        .route("/notifications/live", get(status::notifications_live))
        .route("/read", post(write::read))
}

/// What changes the store.
fn v1_changes() -> Router<Arc<App>> {
    Router::new()
        .route("/write", post(write::write))
        .route("/admin/tsdb/delete_series", both(post(admin::delete_series), put(admin::delete_series)))
        .route(
            "/admin/tsdb/clean_tombstones",
            both(post(admin::clean_tombstones), put(admin::clean_tombstones)),
        )
        .route("/admin/tsdb/snapshot", both(post(admin::snapshot), put(admin::snapshot)))
}

fn lifecycle() -> Router<Arc<App>> {
    Router::new()
        .route("/-/reload", both(post(admin::reload), put(admin::reload)))
        .route("/-/quit", both(post(admin::quit), put(admin::quit)))
}

fn both(a: MethodRouter<Arc<App>>, b: MethodRouter<Arc<App>>) -> MethodRouter<Arc<App>> {
    a.merge(b)
}
