//! `/federate`: the latest sample of every series that matches, for another Prometheus to scrape; and `/metrics`,
//! our own.

use crate::App;
use crate::params::Params;
use crate::reply::ApiError;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use model::{Labels, METRIC_NAME, Matcher, MetricType, is_stale};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use telemetry::{Kind, names};
use tsdb::{Db, ReadError};
use wire::exposition::{Family, Format, Writer};

pub async fn federate(State(app): State<Arc<App>>, headers: HeaderMap, params: Params) -> Response {
    let sets = match params.matchers() {
        Ok(sets) => sets,
        Err(error) => return error.into_response(),
    };
    let now_ms = app.clock.now_ms();
    let lookback_ms = app.query.engine().options().lookback_ms;
    let latest = app.reading(move |db| latest(db, &sets, now_ms - lookback_ms, now_ms)).await;
    let latest = match latest.and_then(|r| r.map_err(ApiError::internal)) {
        Ok(latest) => latest,
        Err(error) => {
            app.registry.counter(&names::http::FEDERATION_ERRORS).inc();
            return error.into_response();
        }
    };
    let external = app.config.get().external_labels;
    let (format, escaping) = Format::from_accept(accept(&headers));
    let mut writer = Writer::new(format, escaping);
    let mut family = String::new();
    for (labels, (timestamp, value)) in &latest {
        let name = labels.metric_name();
        if name != family {
            family = name.to_owned();
            writer.family(Family { name, metric_type: MetricType::Unknown, help: "", unit: "" });
        }
        let labels = with_external(labels, &external);
        // Always there, so that the scraper of the federation does not put its own.
        let instance = labels.get("instance").is_none().then_some(("instance", ""));
        writer.sample(name, labels.iter().chain(instance), *value, Some(*timestamp), None);
    }
    text(writer.finish(), &format.content_type(escaping))
}

/// External labels go to every series that does not have them.
fn with_external(labels: &Labels, external: &Labels) -> Labels {
    let mut builder = labels.to_builder();
    for (name, value) in external.iter() {
        if labels.get(name).is_none() {
            builder.set(name, value);
        }
    }
    builder.build()
}

/// By series, sorted by name and then labels: time and value of the newest float. Series without a name have no
/// place in an exposition; native histograms none in a text format.
fn latest(
    db: &Db,
    sets: &[Vec<Matcher>],
    start_ms: i64,
    end_ms: i64,
) -> Result<BTreeMap<Labels, (i64, f64)>, ReadError> {
    let mut found = BTreeMap::new();
    for matchers in sets {
        let selected = db.select(matchers, start_ms, end_ms)?;
        selected.read(0..selected.len(), &mut |index, samples| {
            let labels = selected.labels(index);
            if let (Some(t), Some(v)) = (samples.timestamps.last(), samples.values.last())
                && !is_stale(*v)
                && labels.get(METRIC_NAME).is_some()
            {
                found.insert(labels.clone(), (*t, *v));
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(found)
}

pub async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let (format, escaping) = Format::from_accept(accept(&headers));
    let registry = app.registry.clone();
    let families = match app.blocking(move || registry.collect()).await {
        Ok(families) => families,
        Err(error) => return error.into_response(),
    };
    let mut writer = Writer::new(format, escaping);
    let mut name = String::new();
    for family in families.iter().filter(|f| !f.samples.is_empty()) {
        let metric_type = match family.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
            Kind::Histogram(_) => MetricType::Histogram,
            Kind::Summary => MetricType::Summary,
        };
        writer.family(Family { name: family.name, metric_type, help: family.help, unit: "" });
        for sample in &family.samples {
            name.clear();
            name.push_str(family.name);
            name.push_str(sample.suffix);
            let labels = sample.labels.iter().map(|(n, v)| (*n, v.as_str()));
            writer.sample(&name, labels, sample.value, None, None);
        }
    }
    text(writer.finish(), &format.content_type(escaping))
}

fn accept(headers: &HeaderMap) -> &str {
    headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("")
}

fn text(body: String, content_type: &str) -> Response {
    let mut response = Response::new(Body::from(body));
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}
