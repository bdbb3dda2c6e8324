//! Labels, series and metadata: what there is to ask for.

use crate::App;
use crate::json;
use crate::params::Params;
use crate::reply::{Answer, ApiError, success_value, success_with};
use axum::extract::{Path, State};
use model::{Labels, Matcher};
use serde_json::{Map, Value, json as value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The warning of an answer that `limit` cut.
const TRUNCATED: &str = "results truncated due to limit";

/// `/api/v1/labels`
pub async fn names(State(app): State<Arc<App>>, params: Params) -> Answer {
    let ask = Ask::read(&params)?;
    let names = app
        .reading({
            let ask = ask.clone();
            move |db| db.label_names(&ask.matchers, ask.start_ms, ask.end_ms, ask.one_more())
        })
        .await?
        .map_err(ApiError::internal)?;
    Ok(ask.answer(names))
}

/// `/api/v1/label/{name}/values`
pub async fn values(State(app): State<Arc<App>>, Path(name): Path<String>, params: Params) -> Answer {
    let name = unescape(&name);
    if name.is_empty() {
        return Err(ApiError::bad_data(format!("invalid label name: {name:?}")));
    }
    let ask = Ask::read(&params)?;
    let values = app
        .reading({
            let ask = ask.clone();
            move |db| db.label_values(&name, &ask.matchers, ask.start_ms, ask.end_ms, ask.one_more())
        })
        .await?
        .map_err(ApiError::internal)?;
    Ok(ask.answer(values))
}

/// `/api/v1/series`
pub async fn series(State(app): State<Arc<App>>, params: Params) -> Answer {
    let ask = Ask::read(&params)?;
    if ask.matchers.is_empty() {
        return Err(ApiError::bad_data("no match[] parameter provided"));
    }
    let mut found: Vec<Labels> = app
        .reading({
            let ask = ask.clone();
            move |db| db.series(&ask.matchers, ask.start_ms, ask.end_ms, ask.one_more())
        })
        .await?
        .map_err(ApiError::internal)?;
    let warnings = ask.cut(&mut found);
    Ok(success_with(&warnings, &[], |out| json::array(out, &found, json::labels)))
}

/// `/api/v1/metadata`
pub async fn metadata(State(app): State<Arc<App>>, params: Params) -> Answer {
    let limit = params.limit()?.unwrap_or(usize::MAX);
    let per_metric = match params.get("limit_per_metric").map(str::parse::<i64>) {
        None => usize::MAX,
        Some(Ok(n)) if n > 0 => n as usize,
        Some(Ok(_)) => usize::MAX,
        Some(Err(_)) => return Err(ApiError::bad_data("limit_per_metric must be a number")),
    };
    let wanted = params.get("metric");
    let mut families: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (family, m) in app.db.metadata() {
        if wanted.is_some_and(|w| w != family) || (families.len() >= limit && !families.contains_key(&family))
        {
            continue;
        }
        let entries = families.entry(family).or_default();
        if entries.len() < per_metric {
            entries.push(value!({"type": m.metric_type.as_str(), "help": m.help, "unit": m.unit}));
        }
    }
    let data: Map<String, Value> = families.into_iter().map(|(name, all)| (name, all.into())).collect();
    Ok(success_value(&data.into()))
}

/// What the three ask in common.
#[derive(Clone)]
struct Ask {
    matchers: Vec<Vec<Matcher>>,
    start_ms: i64,
    end_ms: i64,
    limit: Option<usize>,
}

impl Ask {
    fn read(params: &Params) -> Result<Ask, ApiError> {
        let ask = Ask {
            matchers: params.matchers()?,
            start_ms: params.time("start")?.unwrap_or(i64::MIN),
            end_ms: params.time("end")?.unwrap_or(i64::MAX),
            limit: params.limit()?,
        };
        if ask.end_ms < ask.start_ms {
            return Err(ApiError::parameter("end", "end timestamp must not be before start time"));
        }
        Ok(ask)
    }

    /// One more than asked for tells whether there was more. 0 is no limit.
    fn one_more(&self) -> usize {
        self.limit.map_or(0, |limit| limit + 1)
    }

    fn cut<T>(&self, found: &mut Vec<T>) -> Vec<String> {
        match self.limit {
            Some(limit) if found.len() > limit => {
                found.truncate(limit);
                vec![TRUNCATED.to_owned()]
            }
            _ => Vec::new(),
        }
    }

    fn answer(&self, mut found: Vec<String>) -> axum::response::Response {
        let warnings = self.cut(&mut found);
        success_with(&warnings, &[], |out| json::strings(out, &found))
    }
}

/// `U__a_2e_b` to `a.b`: how names that are not legacy-valid travel in a path (Prometheus's "values" escaping).
fn unescape(name: &str) -> String {
    let Some(escaped) = name.strip_prefix("U__") else { return name.to_owned() };
    let mut plain = String::new();
    let mut rest = escaped;
    while let Some(at) = rest.find('_') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(tail) = rest.strip_prefix('_') {
            plain.push('_');
            rest = tail;
            continue;
        }
        let Some((hex, tail)) = rest.split_once('_') else { return name.to_owned() };
        match u32::from_str_radix(hex, 16).ok().and_then(char::from_u32) {
            Some(c) => plain.push(c),
            None => return name.to_owned(),
        }
        rest = tail;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names_are_read_back() {
        let check = |escaped: &str, want: &str| assert_eq!(unescape(escaped), want);
        check("job", "job");
        check("U__a_2e_b", "a.b");
        check("U__a__b", "a_b");
        check("U__broken_", "U__broken_");
        check("U___zz_", "U___zz_");
    }
}
