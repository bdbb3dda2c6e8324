//! `/api/v1/status/*`, `/api/v1/features`, `/api/v1/notifications`: what the process says about itself.

use crate::App;
use crate::app::Notification;
use crate::json;
use crate::params::Params;
use crate::reply::{Answer, ApiError, success, success_value};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures::StreamExt;
use model::{MatchOp, Matcher};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use telemetry::{Family, Kind};
use tokio::sync::broadcast::error::RecvError;

/// Entries of each cardinality list when `limit` does not say otherwise, and the most it may say.
const TOP_DEFAULT: usize = 10;
const TOP_MAX: usize = 10_000;

/// RFC 3339 with milliseconds, in UTC.
pub fn rfc3339(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms)
        .map_or_else(|_| "0001-01-01T00:00:00Z".to_owned(), |t| format!("{t:.3}"))
}

pub async fn config(State(app): State<Arc<App>>) -> Answer {
    Ok(success_value(&json!({"yaml": app.config.get().yaml})))
}

pub async fn flags(State(app): State<Arc<App>>) -> Answer {
    Ok(success(|out| json::object(out, app.process.flags.iter().map(|(n, v)| (n.as_str(), v.as_str())))))
}

/// The names are Go's; what Go has no counterpart here is given as what it stands for.
pub async fn runtime_info(State(app): State<Arc<App>>) -> Answer {
    let config = app.config.get();
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    Ok(success_value(&json!({
        "startTime": rfc3339(app.process.started_ms),
        "CWD": std::env::current_dir().map(|d| d.display().to_string()).unwrap_or_default(),
        "hostname": hostname(),
        "serverTime": rfc3339(app.clock.now_ms()),
        "reloadConfigSuccess": config.success,
        "lastConfigTime": rfc3339(config.loaded_ms),
        "corruptionCount": app.db.recovery().damage.len() + app.db.recovery().bad_blocks.len(),
        "goroutineCount": telemetry::process::threads(),
        "GOMAXPROCS": threads,
        "GOMEMLIMIT": app.process.memory_limit_bytes,
        "GOGC": "",
        "GODEBUG": "",
        "storageRetention": app.process.retention,
    })))
}

fn hostname() -> String {
    base::disk::read_to_string(std::path::Path::new("/proc/sys/kernel/hostname"))
        .map(|name| name.trim().to_owned())
        .unwrap_or_default()
}

pub async fn build_info(State(app): State<Arc<App>>) -> Answer {
    // Clients read the version to tell which API they speak to: this is the surface of Prometheus 3.
    Ok(success_value(&json!({
        "version": concat!("3.14.0+pharos.", env!("CARGO_PKG_VERSION")),
        "revision": app.process.revision,
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    })))
}

pub async fn tsdb(State(app): State<Arc<App>>, params: Params) -> Answer {
    let limit = match params.get("limit").map(str::parse::<usize>) {
        None => TOP_DEFAULT,
        Some(Ok(n)) if (1..=TOP_MAX).contains(&n) => n,
        Some(Ok(n)) if n > TOP_MAX => {
            return Err(ApiError::bad_data(format!("limit must not exceed {TOP_MAX}")));
        }
        Some(_) => return Err(ApiError::bad_data("limit must be a positive number")),
    };
    let (head, top) = app.reading(move |db| (db.head_stats(), db.cardinality(limit))).await?;
    let list = |entries: &[(String, u64)]| -> Value {
        entries.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
    };
    Ok(success_value(&json!({
        "headStats": {
            "numSeries": head.series,
            "numLabelPairs": head.label_pairs,
            "chunkCount": head.chunks,
            // An empty head has its bounds at the ends of time, as Prometheus reports it.
            "minTime": head.min_ms.unwrap_or(i64::MAX),
            "maxTime": head.max_ms.unwrap_or(i64::MIN),
        },
        "seriesCountByMetricName": list(&top.series_by_metric),
        "labelValueCountByLabelName": list(&top.values_by_label),
        "memoryInBytesByLabelName": list(&top.bytes_by_label),
        "seriesCountByLabelValuePair": list(&top.series_by_pair),
    })))
}

pub async fn blocks(State(app): State<Arc<App>>) -> Answer {
    let blocks: Vec<Value> = app
        .db
        .blocks()
        .iter()
        .map(|b| {
            let sources: Vec<String> = match b.sources.as_slice() {
                [] => vec![b.id.to_string()],
                sources => sources.iter().map(ToString::to_string).collect(),
            };
            json!({
                "ulid": b.id.to_string(),
                "minTime": b.min_ms,
                // Prometheus's end is exclusive, ours is the last sample.
                "maxTime": b.max_ms + 1,
                "stats": {
                    "numSamples": b.samples,
                    "numSeries": b.series,
                    "numFloatSamples": b.samples - b.histograms,
                    "numHistogramSamples": b.histograms,
                },
                "compaction": {"level": b.level as u32 + 1, "sources": sources},
                "version": 1,
                "bytes": b.bytes,
            })
        })
        .collect();
    Ok(success_value(&json!({"blocks": blocks})))
}

/// Replay is over before the first request is answered: the three numbers are the same.
pub async fn wal_replay(State(_): State<Arc<App>>) -> Answer {
    Ok(success_value(&json!({"min": 0, "max": 0, "current": 0})))
}

/// Our own metrics as JSON, in the shape of the client library's protobuf.
pub async fn self_metrics(State(app): State<Arc<App>>, params: Params) -> Answer {
    let pattern = params.get("metric_name_pattern").map(|p| Matcher::new("", MatchOp::Regex, p)).transpose();
    let pattern = pattern.map_err(|e| ApiError::parameter("metric_name_pattern", e))?;
    let families = app.registry.collect();
    let wanted = families.iter().filter(|f| pattern.as_ref().is_none_or(|p| p.matches(f.name)));
    Ok(success_value(&wanted.map(self_family).collect()))
}

fn self_family(family: &Family) -> Value {
    let mut metrics: BTreeMap<Vec<(&str, &str)>, Value> = BTreeMap::new();
    for sample in &family.samples {
        let inner = |l: &&(&'static str, String)| l.0 != "le" && l.0 != "quantile";
        let labels: Vec<(&str, &str)> =
            sample.labels.iter().filter(inner).map(|(n, v)| (*n, v.as_str())).collect();
        let edge = sample.labels.iter().find(|l| !inner(l)).map(|(_, v)| v.as_str());
        let pairs: Vec<Value> = labels.iter().map(|(n, v)| json!({"name": n, "value": v})).collect();
        let metric = metrics
            .entry(labels)
            .or_insert_with(|| if pairs.is_empty() { json!({}) } else { json!({"label": pairs}) });
        let value = number(sample.value);
        match (family.kind, sample.suffix) {
            (Kind::Counter, _) => metric["counter"] = json!({"value": value}),
            (Kind::Gauge, _) => metric["gauge"] = json!({"value": value}),
            (kind, suffix) => {
                let histogram = matches!(kind, Kind::Histogram(_));
                let (of, list, key, count) = match histogram {
                    true => ("histogram", "bucket", "upperBound", "cumulativeCount"),
                    false => ("summary", "quantile", "quantile", "value"),
                };
                match (suffix, edge) {
                    ("_sum", _) => metric[of]["sampleSum"] = value,
                    ("_count", _) => metric[of]["sampleCount"] = value,
                    (_, Some("+Inf")) => {}
                    (_, edge) => {
                        let edge = edge.and_then(|e| e.parse::<f64>().ok()).map_or(Value::Null, number);
                        let entry = json!({key: edge, count: value});
                        match metric[of][list].as_array_mut() {
                            Some(entries) => entries.push(entry),
                            None => metric[of][list] = json!([entry]),
                        }
                    }
                }
            }
        }
    }
    let kind = family.kind.as_str().to_ascii_uppercase();
    json!({"name": family.name, "help": family.help, "type": kind, "metric": metrics.into_values().collect::<Vec<_>>()})
}

/// JSON has no NaN and no infinity: those travel as strings.
fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number)
}

/// What is switched on. Everything is: there are no feature flags.
pub async fn features() -> Answer {
    let functions: serde_json::Map<String, Value> =
        promql::functions::Function::all().iter().map(|f| (f.name.to_owned(), true.into())).collect();
    Ok(success_value(&json!({
        "api": {
            "admin": true, "exclude_alerts": true, "label_values_match": true, "lifecycle": true,
            "otlp_write_receiver": false, "query_stats": true, "query_warnings": true,
            "remote_write_receiver": true, "search": true,
        },
        "prometheus": {"exemplar_storage": true, "extra_scrape_metrics": true},
        "promql": {
            "anchored": true, "at_modifier": true, "duration_expr": true, "experimental_functions": true,
            "fill": true, "negative_offset": true, "smoothed": true, "subqueries": true,
        },
        "promql_functions": functions,
        "tsdb": {"delayed_compaction": false, "exemplars": true, "native_histograms": true},
    })))
}

pub async fn notifications(State(app): State<Arc<App>>) -> Answer {
    let all: Vec<Value> = app.notifications.active().iter().map(notification).collect();
    Ok(success_value(&all.into()))
}

fn notification(n: &Notification) -> Value {
    json!({"text": n.text, "date": rfc3339(n.since_ms), "active": n.active})
}

/// `/api/v1/notifications/live`: server-sent events, what is active first. It ends when the program stops.
pub async fn notifications_live(State(app): State<Arc<App>>) -> Response {
    let live = app.notifications.subscribe();
    let event = |n: &Notification| Bytes::from(format!("data: {}\n\n", notification(n)));
    let opening: Vec<Bytes> = app.notifications.active().iter().map(event).collect();
    let changes = futures::stream::unfold(live, move |live| async move {
        let mut live = live?;
        loop {
            match live.recv().await {
                Ok(n) => return Some((event(&n), Some(live))),
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return None,
            }
        }
    });
    let events = futures::stream::iter(opening).chain(changes).map(Ok::<_, std::convert::Infallible>).fuse();
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
