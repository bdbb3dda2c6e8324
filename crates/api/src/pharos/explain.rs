//! `/api/pharos/explain`: what each part of a query cost.

use crate::App;
use crate::params::Params;
use crate::prometheus::queries::{failed, time_range};
use crate::reply::{Answer, success_value};
use axum::extract::State;
use promql::ExplainNode;
use query::{Ask, Times};
use serde_json::{Value, json};
use std::sync::Arc;

/// Runs the query and throws its result away: what is shown is what really happened.
pub async fn explain(State(app): State<Arc<App>>, params: Params) -> Answer {
    let times = match params.get("step") {
        Some(_) => Times::Range(time_range(&params)?),
        None => Times::Instant(params.time("time")?.unwrap_or_else(|| app.clock.now_ms())),
    };
    let mut ask = Ask::new(params.require("query")?, times);
    ask.explain = true;
    let result = app.query.run(ask).await.map_err(failed)?;
    let stats = &result.stats;
    let total = stats.prepare + stats.eval + stats.finish;
    Ok(success_value(&json!({
        "root": result.explain.as_ref().map(node),
        "total_ms": total.as_secs_f64() * 1e3,
        "samples": stats.samples_total,
        "peak_samples": stats.samples_peak,
    })))
}

fn node(n: &ExplainNode) -> Value {
    json!({
        "kind": n.kind,
        "expr": n.text,
        "start": n.pos.start,
        "end": n.pos.end,
        "series_in": n.series_in,
        "series": n.series_out,
        "samples": n.samples_read,
        "duration_ms": n.time.as_secs_f64() * 1e3,
        "once": n.once,
        "fused": n.fused,
        "children": n.children.iter().map(node).collect::<Vec<_>>(),
    })
}
