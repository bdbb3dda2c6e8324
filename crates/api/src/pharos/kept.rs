//! `/api/pharos/events`: how many events of each kind are kept, and in what.

use crate::App;
use crate::reply::{Answer, success_value};
use axum::extract::State;
use model::event::Kind;
use serde_json::{Value, json};
use std::sync::Arc;

/// Nanoseconds a millisecond.
const MS_NS: i64 = 1_000_000;

pub async fn kept(State(app): State<Arc<App>>) -> Answer {
    let stats = app.events.store().stats();
    let time = |ns: Option<i64>| ns.map(|ns| crate::prometheus::status::rfc3339(ns.div_euclid(MS_NS)));
    let row = |kind: Kind| -> Value {
        let one = stats.kind(kind);
        json!({
            "kind": kind.name(),
            "memory_rows": one.memory_rows,
            "file_rows": one.file_rows,
            "files": one.files,
            "file_bytes": one.file_bytes,
            "oldest": time(one.oldest_ns),
            "newest": time(one.newest_ns),
            "columns": one.columns,
        })
    };
    let kinds: Vec<Value> = Kind::ALL.into_iter().map(row).collect();
    Ok(success_value(&json!({
        "kinds": kinds,
        "memory_bytes": stats.memory_bytes,
        "log_bytes": stats.log_bytes,
        "disk_full": stats.disk_full,
        "damaged": stats.damaged,
    })))
}
