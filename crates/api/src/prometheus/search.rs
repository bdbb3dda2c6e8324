//! `/api/v1/search/{metric_names,label_names,label_values}`: fuzzy search for completion, streamed as lines of JSON.
//!
//! Each line holds a batch, the last line says how it ended. A term matches a name that has its characters in
//! order (`subsequence`), or that contains or resembles it (`jarowinkler`); several terms are alternatives.

use crate::App;
use crate::params::Params;
use crate::reply::{Answer, ApiError};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use model::METRIC_NAME;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

const LIMIT_DEFAULT: usize = 100;
const BATCH_DEFAULT: usize = 100;

pub async fn metric_names(State(app): State<Arc<App>>, params: Params) -> Answer {
    let with_metadata = flag(&params, "include_metadata")?;
    let metadata: HashMap<String, _> =
        if with_metadata { app.db.metadata().into_iter().collect() } else { HashMap::new() };
    search(&app, &params, What::Values(METRIC_NAME.to_owned()), |name| {
        let mut entry = json!({"name": name});
        if let Some(m) = metadata.get(name) {
            entry["type"] = m.metric_type.as_str().into();
            entry["help"] = m.help.as_str().into();
            entry["unit"] = m.unit.as_str().into();
        }
        entry
    })
    .await
}

pub async fn label_names(State(app): State<Arc<App>>, params: Params) -> Answer {
    search(&app, &params, What::Names, |name| json!({"name": name})).await
}

pub async fn label_values(State(app): State<Arc<App>>, params: Params) -> Answer {
    let label = params.require("label")?.to_owned();
    search(&app, &params, What::Values(label), |value| json!({"value": value})).await
}

enum What {
    Names,
    Values(String),
}

async fn search(app: &App, params: &Params, what: What, entry: impl Fn(&str) -> Value) -> Answer {
    let ask = Ask::read(params)?;
    let matchers = params.matchers()?;
    let start_ms = params.time("start")?.unwrap_or(i64::MIN);
    let end_ms = params.time("end")?.unwrap_or(i64::MAX);
    let all = app
        .reading(move |db| match what {
            What::Names => db.label_names(&matchers, start_ms, end_ms, 0),
            What::Values(name) => db.label_values(&name, &matchers, start_ms, end_ms, 0),
        })
        .await?
        .map_err(ApiError::internal)?;
    let mut found: Vec<(String, f64)> =
        all.into_iter().filter_map(|name| ask.score(&name).map(|score| (name, score))).collect();
    match ask.order {
        Order::Alphabetical => {}
        Order::Reverse => found.reverse(),
        Order::Score => found.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0))),
    }
    let has_more = found.len() > ask.limit;
    found.truncate(ask.limit);
    let mut out = String::new();
    let batches: Vec<&[(String, f64)]> =
        if found.is_empty() { vec![&[]] } else { found.chunks(ask.batch).collect() };
    for batch in batches {
        let results: Vec<Value> = batch
            .iter()
            .map(|(name, score)| {
                let mut entry = entry(name);
                if ask.include_score {
                    entry["score"] = json!(score);
                }
                entry
            })
            .collect();
        out.push_str(&json!({"results": results}).to_string());
        out.push('\n');
    }
    out.push_str(&json!({"status": "success", "has_more": has_more}).to_string());
    out.push('\n');
    let mut response = Response::new(Body::from(out));
    let lines = HeaderValue::from_static("application/x-ndjson; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, lines);
    Ok(response)
}

enum Order {
    Alphabetical,
    Reverse,
    Score,
}

struct Ask {
    terms: Vec<String>,
    /// 0 … 1
    threshold: f64,
    jaro_winkler: bool,
    case_sensitive: bool,
    include_score: bool,
    order: Order,
    limit: usize,
    batch: usize,
}

impl Ask {
    fn read(params: &Params) -> Result<Ask, ApiError> {
        let case_sensitive = params.get("case_sensitive").is_none() || flag(params, "case_sensitive")?;
        let terms = params.all("search[]").filter(|t| !t.is_empty());
        let threshold = count(params, "fuzz_threshold", 0)?;
        if threshold > 100 {
            return Err(ApiError::bad_data(format!("invalid fuzz_threshold \"{threshold}\": must be 0-100")));
        }
        let jaro_winkler = match params.get("fuzz_alg") {
            None | Some("subsequence") => false,
            Some("jarowinkler") => true,
            Some(other) => {
                return Err(ApiError::bad_data(format!(
                    "unsupported fuzz_alg {other:?}: must be \"subsequence\" or \"jarowinkler\""
                )));
            }
        };
        Ok(Ask {
            terms: terms.map(|t| if case_sensitive { t.to_owned() } else { t.to_lowercase() }).collect(),
            threshold: threshold as f64 / 100.0,
            jaro_winkler,
            case_sensitive,
            include_score: flag(params, "include_score")?,
            order: order(params)?,
            limit: non_zero(count(params, "limit", LIMIT_DEFAULT)?, LIMIT_DEFAULT),
            batch: non_zero(count(params, "batch_size", BATCH_DEFAULT)?, BATCH_DEFAULT),
        })
    }

    /// How well a name matches, 0 … 1; `None` when it does not.
    fn score(&self, name: &str) -> Option<f64> {
        if self.terms.is_empty() {
            return Some(1.0);
        }
        let lower;
        let name = if self.case_sensitive {
            name
        } else {
            lower = name.to_lowercase();
            &lower
        };
        self.terms.iter().filter_map(|term| self.score_term(term, name)).max_by(f64::total_cmp)
    }

    fn score_term(&self, term: &str, name: &str) -> Option<f64> {
        if name.starts_with(term) {
            return Some(1.0);
        }
        if !self.jaro_winkler {
            return subsequence(term, name).filter(|score| *score >= self.threshold);
        }
        if name.contains(term) {
            return Some(0.9);
        }
        Some(strsim::jaro_winkler(term, name)).filter(|score| *score >= self.threshold)
    }
}

fn order(params: &Params) -> Result<Order, ApiError> {
    let (by, direction) = (params.get("sort_by"), params.get("sort_dir"));
    match (by, direction) {
        (None, None) | (Some("alpha"), None | Some("asc")) => Ok(Order::Alphabetical),
        (Some("alpha"), Some("dsc")) => Ok(Order::Reverse),
        (Some("score"), None) => Ok(Order::Score),
        (Some("alpha"), Some(other)) => {
            Err(ApiError::bad_data(format!("invalid sort_dir {other:?}: must be \"asc\" or \"dsc\"")))
        }
        (_, Some(_)) => Err(ApiError::bad_data("sort_dir is only valid when sort_by is \"alpha\"")),
        (Some(other), None) => {
            Err(ApiError::bad_data(format!("invalid sort_by {other:?}: must be \"alpha\" or \"score\"")))
        }
    }
}

/// The share of the name that the term covers, runs of consecutive characters counting more; `None` when the
/// characters are not all there in order.
fn subsequence(term: &str, name: &str) -> Option<f64> {
    let mut wanted = term.chars().peekable();
    let (mut hits, mut joined, mut length, mut after_hit) = (0usize, 0usize, 0usize, false);
    for c in name.chars() {
        length += 1;
        if wanted.peek() == Some(&c) {
            wanted.next();
            hits += 1;
            joined += usize::from(after_hit);
            after_hit = true;
        } else {
            after_hit = false;
        }
    }
    if wanted.peek().is_some() || hits == 0 {
        return None;
    }
    let runs = (joined + 1) as f64 / hits as f64;
    let covered = hits as f64 / length as f64;
    Some(0.5 * runs + 0.5 * covered * runs)
}

fn count(params: &Params, name: &str, default: usize) -> Result<usize, ApiError> {
    params.get(name).map_or(Ok(default), |text| {
        text.parse()
            .map_err(|_| ApiError::bad_data(format!("invalid {name} {text:?}: must be non-negative integer")))
    })
}

fn non_zero(n: usize, default: usize) -> usize {
    if n == 0 { default } else { n }
}

fn flag(params: &Params, name: &str) -> Result<bool, ApiError> {
    match params.get(name) {
        None | Some("false" | "0" | "f") => Ok(false),
        Some("true" | "1" | "t") => Ok(true),
        Some(other) => Err(ApiError::bad_data(format!("invalid {name} {other:?}: must be boolean"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_a_name_the_higher_its_score() {
        let score = |term: &str, name: &str| subsequence(term, name);
        assert_eq!(score("abc", "acb"), None);
        assert!(score("http", "go_http_requests") > score("http", "hot_tempo_pie"));
        assert!(score("req", "x_req") > score("req", "x_requests_total"));
    }
}
