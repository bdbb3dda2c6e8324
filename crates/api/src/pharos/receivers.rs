//! `/api/pharos/receivers`: what came by which door, and what was turned away and why.

use crate::App;
use crate::reply::{Answer, success_value};
use axum::extract::State;
use receivers::{ReceiverRow, RefusalRow};
use serde_json::{Value, json};
use std::sync::Arc;

pub async fn receivers(State(app): State<Arc<App>>) -> Answer {
    let rows: Vec<Value> = app.intake.ledger.rows().iter().map(row).collect();
    Ok(success_value(&json!({ "receivers": rows })))
}

fn row(row: &ReceiverRow) -> Value {
    json!({
        "receiver": row.source.name(),
        "signal": row.signal.name(),
        "requests": row.requests,
        "requests_refused": row.requests_refused,
        "bytes": row.bytes,
        "accepted": row.accepted,
        "rejected": row.rejected,
        "last": crate::prometheus::status::rfc3339(row.last_ms),
        "refusals": row.refusals.iter().map(refusal).collect::<Vec<_>>(),
    })
}

fn refusal(row: &RefusalRow) -> Value {
    json!({
        "reason": row.reason.name(),
        "count": row.count,
        "message": row.last_message,
        "last": crate::prometheus::status::rfc3339(row.last_ms),
    })
}
