//! Health, in the forms that probes and people ask for it.

use crate::App;
use crate::reply::json_response;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;

/// That it answers is the answer.
pub async fn health() -> Response {
    json_response(StatusCode::OK, Body::from(r#"{"status":"ok"}"#))
}

/// Part by part. Status 200 also when a part is degraded: a probe that starts the program again would mend nothing.
pub async fn detailed(State(app): State<Arc<App>>) -> Response {
    let head = app.db.head_stats();
    let recovery = app.db.recovery();
    let config = app.config.get();
    let met = app.query.damage();
    let damaged = recovery.damage.len() + recovery.bad_blocks.len() + met.len();
    let budget = &app.db.options().budget;
    // Full to the last hundredth: what comes now is refused.
    let over_budget = budget.used_bytes() > budget.limit_bytes() / 100 * 99;
    let store_ok = damaged == 0 && !over_budget;
    let events = app.events.store().stats();
    let events_ok = events.damage == 0 && events.log_damage == 0 && !events.disk_full;
    let body = json!({
        "status": if store_ok && events_ok && config.success { "ok" } else { "degraded" },
        "version": app.process.version,
        "checks": {
            "metrics_store": {
                "status": if store_ok { "ok" } else { "degraded" },
                "series": head.series,
                "samples_in_head": head.samples,
                "log_bytes": head.wal_bytes,
                "over_memory_budget": over_budget,
                "damaged_places": damaged,
                "damage_met_by_queries": met,
            },
            "event_store": {
                "status": if events_ok { "ok" } else { "degraded" },
                "log_bytes": events.log_bytes,
                "disk_full": events.disk_full,
                "damaged_places_of_the_log": events.log_damage,
                "damaged_files": events.damaged,
            },
            "configuration": {
                "status": if config.success { "ok" } else { "degraded" },
                "faults": config.faults,
            },
        },
    });
    json_response(StatusCode::OK, Body::from(body.to_string()))
}
