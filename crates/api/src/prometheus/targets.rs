//! `/api/v1/targets`, `/api/v1/scrape_pools` and what belongs to them.

use crate::App;
use crate::json::{self, Out};
use crate::params::Params;
use crate::prometheus::status::rfc3339;
use crate::reply::{Answer, ApiError, ErrorType, success, success_value};
use axum::extract::State;
use axum::response::Response;
use base::units::format_duration;
use model::{Labels, Matcher};
use scrape::{DroppedTarget, TargetStatus};
use serde_json::{Map, Value, json as value};
use std::collections::HashMap;
use std::sync::Arc;

/// Whether a target's answer says what to do about an error: ours does, Prometheus's shape has no place for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    Shown,
    Hidden,
}

pub async fn targets(State(app): State<Arc<App>>, params: Params) -> Answer {
    Ok(list(&app, &params, Advice::Hidden))
}

/// The targets of a pool or of all, active, dropped or both.
pub fn list(app: &App, params: &Params, advice: Advice) -> Response {
    let (pool, state) = (params.get("scrapePool"), params.get("state").unwrap_or("any").to_lowercase());
    let shows = |what: &str| state == what || state != "active" && state != "dropped";
    let active = if shows("active") { app.scrape.active_targets(pool) } else { Vec::new() };
    let dropped = if shows("dropped") { app.scrape.dropped_targets(pool) } else { Vec::new() };
    let mut counts = app.scrape.dropped_counts();
    counts.retain(|name, _| shows("dropped") && pool.is_none_or(|p| p == name));
    success(|out| {
        out.extend_from_slice(b"{\"activeTargets\":");
        json::array(out, &active, |out, target| active_target(out, target, advice));
        out.extend_from_slice(b",\"droppedTargets\":");
        json::array(out, &dropped, dropped_target);
        let counts: Map<String, Value> = counts.into_iter().map(|(name, n)| (name, n.into())).collect();
        out.extend_from_slice(format!(",\"droppedTargetCounts\":{}", Value::from(counts)).as_bytes());
        out.push(b'}');
    })
}

fn active_target(out: &mut Out, target: &TargetStatus, advice: Advice) {
    out.extend_from_slice(b"{\"discoveredLabels\":");
    json::labels(out, &target.discovered_labels);
    out.extend_from_slice(b",\"labels\":");
    json::labels(out, &target.labels);
    let interval = format_duration(target.scrape_interval);
    let timeout = format_duration(target.scrape_timeout);
    // Go's zero time says that there was no scrape yet.
    let last_scrape = target.last_scrape_ms.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), rfc3339);
    for (name, text) in [
        ("scrapePool", target.scrape_pool.as_str()),
        ("scrapeUrl", &target.scrape_url),
        ("globalUrl", &target.global_url),
        ("lastError", &target.last_error),
        ("lastScrape", &last_scrape),
        ("health", target.health.as_str()),
        ("scrapeInterval", &interval),
        ("scrapeTimeout", &timeout),
    ] {
        field(out, name, text);
    }
    if advice == Advice::Shown {
        field(out, "advice", target.advice.as_deref().unwrap_or(""));
        field(out, "lastWarning", target.last_warning.as_deref().unwrap_or(""));
    }
    out.extend_from_slice(b",\"lastScrapeDuration\":");
    json::float(out, target.last_scrape_duration_seconds);
    out.push(b'}');
}

fn field(out: &mut Out, name: &str, text: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    json::string(out, text);
}

fn dropped_target(out: &mut Out, target: &DroppedTarget) {
    out.extend_from_slice(b"{\"discoveredLabels\":");
    json::labels(out, &target.discovered_labels);
    field(out, "scrapePool", &target.scrape_pool);
    out.push(b'}');
}

pub async fn pools(State(app): State<Arc<App>>) -> Answer {
    Ok(success_value(&value!({"scrapePools": app.scrape.pools()})))
}

pub async fn pool_config(State(app): State<Arc<App>>, params: Params) -> Answer {
    let pool = params.require("scrapePool")?;
    let config = app.scrape.pool_config(pool).ok_or_else(|| unknown_pool(pool))?;
    Ok(success_value(&value!({"yaml": config.to_yaml()})))
}

fn unknown_pool(pool: &str) -> ApiError {
    ApiError::new(ErrorType::NotFound, format!("scrape pool {pool:?} not found"))
}

/// What each rule of a pool makes of labels, given as a JSON object.
pub async fn relabel_steps(State(app): State<Arc<App>>, params: Params) -> Answer {
    let pool = params.require("scrapePool")?;
    let given = params.require("labels")?;
    let labels: HashMap<String, String> =
        serde_json::from_str(given).map_err(|e| ApiError::parameter("labels", e))?;
    let steps =
        app.scrape.relabel_steps(pool, &Labels::from_pairs(&labels)).ok_or_else(|| unknown_pool(pool))?;
    Ok(success(|out| {
        out.extend_from_slice(b"{\"steps\":");
        json::array(out, &steps, |out, (rule, step)| {
            let rule = value!({
                "source_labels": &rule.source_labels[..],
                "separator": &*rule.separator,
                "regex": rule.regex.as_str(),
                "modulus": rule.modulus,
                "target_label": rule.target_label,
                "replacement": &*rule.replacement,
                "action": rule.action.as_str(),
            });
            out.extend_from_slice(format!("{{\"rule\":{rule},\"output\":").as_bytes());
            json::labels(out, &step.output);
            out.extend_from_slice(format!(",\"keep\":{}}}", step.keep).as_bytes());
        });
        out.push(b'}');
    }))
}

/// `/api/v1/targets/metadata`: what targets say of their families, by target.
pub async fn metadata(State(app): State<Arc<App>>, params: Params) -> Answer {
    let matchers: Vec<Matcher> = match params.get("match_target") {
        Some(text) => promql::parse_selector(text).map_err(|e| ApiError::parameter("match_target", e))?,
        None => Vec::new(),
    };
    let limit = params.limit()?.unwrap_or(usize::MAX);
    let wanted = params.get("metric");
    let matches = |labels: &Labels| matchers.iter().all(|m| m.matches(labels.value(m.name())));
    let targets = app.scrape.metadata();
    let mut out = Vec::new();
    for target in targets.iter().filter(|t| matches(&t.labels)) {
        for family in target.families.iter().filter(|f| wanted.is_none_or(|w| w == &*f.family)) {
            if out.len() < limit {
                out.push((&target.labels, family));
            }
        }
    }
    if out.is_empty() {
        return Err(ApiError::new(ErrorType::NotFound, "specified metadata not found"));
    }
    Ok(success(|json_out| {
        json::array(json_out, &out, |json_out, (labels, family)| {
            json_out.extend_from_slice(b"{\"target\":");
            json::labels(json_out, labels);
            // Who names a metric knows it.
            if wanted.is_none() {
                field(json_out, "metric", &family.family);
            }
            field(json_out, "type", family.metadata.metric_type.as_str());
            field(json_out, "help", &family.metadata.help);
            field(json_out, "unit", &family.metadata.unit);
            json_out.push(b'}');
        });
    }))
}
