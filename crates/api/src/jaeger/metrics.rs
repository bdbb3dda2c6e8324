//! `/api/metrics/…`: Jaeger's Service Performance Monitoring, from the metrics derived from spans.
//!
//! The answer is one `MetricFamily` of OpenMetrics as JSON, with a gauge a point.

use super::fail::{Fault, UiError};
use crate::App;
use crate::json::{Out, array, float};
use crate::params::Params;
use crate::pharos::events::json::Fields;
use crate::reply::json_response;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use promql::{TimeRange, Value};
use query::{Ask, Times};
use std::fmt::Write;
use std::sync::Arc;

type Answer = Result<Response, UiError>;

const LOOKBACK_MS: i64 = 3_600_000;
const STEP_MS: i64 = 5_000;
const RATE_MS: i64 = 600_000;
/// Points of a series, as in Prometheus's API.
const POINTS_MAX: i64 = 11_000;
const CALLS: &str = "traces_span_metrics_calls_total";
const BUCKETS: &str = "traces_span_metrics_duration_milliseconds_bucket";

struct Wanted {
    /// Matchers of services and kinds.
    selector: String,
    by_operation: bool,
    times: TimeRange,
    rate_ms: i64,
}

impl Wanted {
    fn read(params: &Params, now_ms: i64) -> Result<Wanted, Fault> {
        let millis = |name: &str, default: i64| match params.get(name) {
            None => Ok(default),
            Some(text) => text.parse::<i64>().ok().filter(|ms| *ms > 0).ok_or_else(|| {
                Fault::bad(format!("unable to parse param '{name}': {text:?} is not milliseconds"))
            }),
        };
        let services: Vec<&str> = params.all("service").filter(|name| !name.is_empty()).collect();
        if services.is_empty() {
            return Err(Fault::bad("please provide at least one service name"));
        }
        let mut kinds: Vec<String> = Vec::new();
        for kind in params.all("spanKind").filter(|kind| !kind.is_empty()) {
            let name = model::event::SpanKind::parse(kind)
                .ok_or_else(|| Fault::bad(format!("unsupported span kind: '{kind}'")))?;
            kinds.push(format!("SPAN_KIND_{}", name.name().to_ascii_uppercase()));
        }
        if kinds.is_empty() {
            kinds.push("SPAN_KIND_SERVER".to_owned());
        }
        let end_ms = millis("endTs", now_ms)?;
        let step_ms = millis("step", STEP_MS)?;
        let lookback_ms = millis("lookback", LOOKBACK_MS)?;
        if lookback_ms / step_ms >= POINTS_MAX {
            return Err(Fault::bad(format!("'lookback' has more than {POINTS_MAX} of 'step'")));
        }
        Ok(Wanted {
            selector: format!("service_name=~{}, span_kind=~{}", any_of(&services), any_of(&kinds)),
            by_operation: matches!(params.get("groupByOperation"), Some("true" | "1")),
            times: TimeRange { start_ms: end_ms - lookback_ms, end_ms, step_ms },
            rate_ms: millis("ratePer", RATE_MS)?,
        })
    }

    fn by(&self) -> &'static str {
        if self.by_operation { "service_name, span_name" } else { "service_name" }
    }
}

/// A regular expression for one of these values, as PromQL text.
fn any_of<S: AsRef<str>>(values: &[S]) -> String {
    let mut pattern = String::from("\"");
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            pattern.push('|');
        }
        for c in value.as_ref().chars() {
            match c {
                '"' => pattern.push_str("\\\""),
                '\\' => pattern.push_str("\\\\\\\\"),
                '\n' => pattern.push_str("\\n"),
                '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => {
                    let _ = write!(pattern, "\\\\{c}");
                }
                c => pattern.push(c),
            }
        }
    }
    pattern.push('"');
    pattern
}

pub async fn latencies(State(app): State<Arc<App>>, params: Params) -> Answer {
    let wanted = Wanted::read(&params, app.clock.now_ms())?;
    let quantile: f64 = params
        .get("quantile")
        .ok_or_else(|| Fault::bad("please provide a quantile between (0, 1]"))?
        .parse()
        .ok()
        .filter(|q| *q > 0.0 && *q <= 1.0)
        .ok_or_else(|| Fault::bad("unable to parse param 'quantile': a number between (0, 1] is needed"))?;
    let promql = format!(
        "histogram_quantile({quantile}, sum by (le, {}) (rate({BUCKETS}{{{}}}[{}ms])))",
        wanted.by(),
        wanted.selector,
        wanted.rate_ms
    );
    let help = format!("{quantile:.2}th quantile latency, grouped by {}", grouped(&wanted));
    family(&app, &wanted, promql, "latencies", &help).await
}

pub async fn calls(State(app): State<Arc<App>>, params: Params) -> Answer {
    let wanted = Wanted::read(&params, app.clock.now_ms())?;
    let promql =
        format!("sum by ({}) (rate({CALLS}{{{}}}[{}ms]))", wanted.by(), wanted.selector, wanted.rate_ms);
    let help = format!("calls/sec, grouped by {}", grouped(&wanted));
    family(&app, &wanted, promql, "call_rate", &help).await
}

pub async fn errors(State(app): State<Arc<App>>, params: Params) -> Answer {
    let wanted = Wanted::read(&params, app.clock.now_ms())?;
    let rate = |more: &str| {
        format!("sum by ({}) (rate({CALLS}{{{}{more}}}[{}ms]))", wanted.by(), wanted.selector, wanted.rate_ms)
    };
    // A service without an error has a rate of 0, not none.
    let all = rate("");
    let promql = format!("({} or 0 * {all}) / {all}", rate(", status_code=\"STATUS_CODE_ERROR\""));
    let help = format!(
        "error rate, computed as a fraction of errors/sec over calls/sec, grouped by {}",
        grouped(&wanted)
    );
    family(&app, &wanted, promql, "error_rate", &help).await
}

pub async fn min_step() -> Response {
    json_response(
        StatusCode::OK,
        Body::from("{\"data\":1,\"total\":0,\"limit\":0,\"offset\":0,\"errors\":null}"),
    )
}

fn grouped(wanted: &Wanted) -> &'static str {
    if wanted.by_operation { "service & operation" } else { "service" }
}

async fn family(app: &App, wanted: &Wanted, promql: String, what: &str, help: &str) -> Answer {
    let asked = app.query.run(Ask::new(promql, Times::Range(wanted.times))).await;
    let result =
        asked.map_err(|e| Fault { status: StatusCode::INTERNAL_SERVER_ERROR, message: e.to_string() })?;
    let Value::Matrix(series) = &result.value else {
        return Err(Fault::bad("the metrics are no matrix").into());
    };
    let mut out = Out::with_capacity(4096);
    let mut f = Fields::new(&mut out);
    f.text("name", &format!("service{}_{what}", if wanted.by_operation { "_operation" } else { "" }));
    f.text("type", "GAUGE");
    f.text("help", help);
    array(f.field("metrics"), series.iter(), |out, one| {
        let mut f = Fields::new(out);
        let labels = one.labels.iter().map(|(name, value)| match name {
            "span_name" => ("operation", value),
            name => (name, value),
        });
        array(f.field("labels"), labels, |out, (name, value)| {
            let mut f = Fields::new(out);
            f.text("name", name);
            f.text("value", value);
            f.end();
        });
        array(f.field("metricPoints"), one.floats.iter(), |out, (ms, value)| {
            let mut f = Fields::new(out);
            let mut gauge = Fields::new(f.field("gaugeValue"));
            match value.is_finite() {
                true => float(gauge.field("doubleValue"), value),
                false => crate::json::value(gauge.field("doubleValue"), value),
            }
            gauge.end();
            f.time("timestamp", ms.saturating_mul(1_000_000));
            f.end();
        });
        f.end();
    });
    f.end();
    Ok(json_response(StatusCode::OK, Body::from(out)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_literally() {
        assert_eq!(any_of(&["a.b", "c\"d\\"]), r#""a\\.b|c\"d\\\\""#);
    }
}
