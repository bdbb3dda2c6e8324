//! Remote sampling: a client asks how much of its traces to send.
//!
//! Source: Jaeger's `sampling.proto` as JSON; `?service=` must be there exactly once.

use crate::App;
use crate::params::Params;
use crate::reply::{json_response, text_response};
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use receivers::{OperationRate, Strategy, StrategyKind};
use serde_json::{Value, json};
use std::sync::Arc;

pub async fn strategy(State(app): State<Arc<App>>, params: Params) -> Response {
    let services: Vec<&str> = params.all("service").collect();
    let [service] = services[..] else {
        let why = "'service' parameter must be provided once\n";
        return text_response(StatusCode::BAD_REQUEST, why);
    };
    let answer = shape(app.intake.strategies.for_service(service));
    json_response(StatusCode::OK, Body::from(answer.to_string()))
}

fn shape(strategy: &Strategy) -> Value {
    let mut answer = match strategy.kind {
        StrategyKind::Probabilistic(rate) => json!({
            "strategyType": "PROBABILISTIC",
            "probabilisticSampling": { "samplingRate": rate },
        }),
        StrategyKind::RateLimiting(traces_per_second) => json!({
            "strategyType": "RATE_LIMITING",
            "rateLimitingSampling": { "maxTracesPerSecond": traces_per_second },
        }),
    };
    if let Some(operations) = &strategy.operations {
        let per = |one: &OperationRate| {
            json!({
                "operation": one.operation,
                "probabilisticSampling": { "samplingRate": one.probability },
            })
        };
        answer["operationSampling"] = json!({
            "defaultSamplingProbability": operations.default_probability,
            "perOperationStrategies": operations.rates.iter().map(per).collect::<Vec<_>>(),
        });
    }
    answer
}
