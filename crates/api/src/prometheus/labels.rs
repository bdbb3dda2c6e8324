//! Labels, series and metadata: what there is to ask for.

use crate::App;
use crate::json;
use crate::params::Params;
use crate::reply::{Answer, ApiError, success_value, success_with};
use axum::extract::{Path, State};
use model::{Labels, Matcher, Metadata};
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

/// `/api/v1/metadata`: what active targets say of their families, each thing once, and what the store was told last,
/// which others than targets may have sent.
pub async fn metadata(State(app): State<Arc<App>>, params: Params) -> Answer {
    // No family is given for 0; a negative number is no limit, as in Prometheus.
    let limit = number(&params, "limit")?.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    let per_metric =
        number(&params, "limit_per_metric")?.filter(|n| *n > 0).map_or(usize::MAX, |n| n as usize);
    let wanted = params.get("metric").map(str::to_owned);
    let scrape = app.scrape.clone();
    let data = app
        .reading(move |db| {
            let targets = scrape.metadata();
            let of_targets = targets.iter().flat_map(|t| &t.families).map(|f| (&*f.family, &f.metadata));
            let stored = db.metadata();
            let of_store = stored.iter().map(|(family, metadata)| (family.as_str(), metadata));
            let all =
                of_targets.chain(of_store).filter(|(name, _)| wanted.as_ref().is_none_or(|w| w == name));
            families(all, limit, per_metric)
        })
        .await?;
    Ok(success_value(&data.into()))
}

fn number(params: &Params, name: &str) -> Result<Option<i64>, ApiError> {
    let read = |text: &str| text.parse().map_err(|_| ApiError::bad_data(format!("{name} must be a number")));
    params.get(name).map(read).transpose()
}

/// Families by name. Of each, what most say of it comes first.
fn families<'a>(
    all: impl Iterator<Item = (&'a str, &'a Metadata)>,
    limit: usize,
    per_metric: usize,
) -> Map<String, Value> {
    let mut said: BTreeMap<&str, Vec<(&Metadata, u64)>> = BTreeMap::new();
    for (family, metadata) in all {
        let entries = said.entry(family).or_default();
        match entries.iter_mut().find(|(known, _)| *known == metadata) {
            Some((_, count)) => *count += 1,
            None => entries.push((metadata, 1)),
        }
    }
    let entry =
        |(m, _): &(&Metadata, u64)| value!({"type": m.metric_type.as_str(), "help": m.help, "unit": m.unit});
    let family = |(name, mut entries): (&str, Vec<(&Metadata, u64)>)| {
        entries.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.help.cmp(&b.0.help)));
        let entries: Vec<Value> = entries.iter().take(per_metric).map(entry).collect();
        (name.to_owned(), entries.into())
    };
    said.into_iter().take(limit).map(family).collect()
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
    use model::MetricType;

    #[test]
    fn a_family_has_each_thing_that_is_said_of_it() {
        let say =
            |metric_type, help: &str| Metadata { metric_type, help: help.to_owned(), unit: String::new() };
        let (a, b, c) = (
            say(MetricType::Counter, "b, said once"),
            say(MetricType::Counter, "twice"),
            say(MetricType::Gauge, "a, said once"),
        );
        let all = || [("x", &a), ("x", &b), ("y", &a), ("x", &b), ("x", &c)].into_iter();
        let json = |m: &Metadata| value!({"type": m.metric_type.as_str(), "help": m.help, "unit": ""});
        let check = |limit, per_metric, want: Value| {
            assert_eq!(Value::from(families(all(), limit, per_metric)), want)
        };
        check(usize::MAX, usize::MAX, value!({"x": [json(&b), json(&c), json(&a)], "y": [json(&a)]}));
        check(usize::MAX, 1, value!({"x": [json(&b)], "y": [json(&a)]}));
        check(1, 2, value!({"x": [json(&b), json(&c)]}));
        check(0, 1, value!({}));
    }

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
