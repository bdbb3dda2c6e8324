//! The three `Export` calls.

use super::REQUEST_BYTES_MAX;
use super::take::{response, take};
use crate::App;
use crate::grpc::unary;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use receivers::{Refused, Signal, Source};
use std::sync::Arc;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use wire::otlp::answer::Encoding;

pub async fn traces(State(app): State<Arc<App>>, request: Request) -> Response {
    export(app, Signal::Traces, request).await
}

pub async fn logs(State(app): State<Arc<App>>, request: Request) -> Response {
    export(app, Signal::Logs, request).await
}

pub async fn metrics(State(app): State<Arc<App>>, request: Request) -> Response {
    export(app, Signal::Metrics, request).await
}

async fn export(app: Arc<App>, signal: Signal, request: Request) -> Response {
    let ledger = Arc::clone(&app);
    let mut read = false;
    let response = unary(request, REQUEST_BYTES_MAX, |message: Bytes| {
        read = true;
        async move {
            let length = message.len();
            let held = app.uploads.hold(Some(length)).await;
            let _held = held.map_err(|e| Status::unavailable(e.to_string()))?;
            match take(&app, Source::OtlpGrpc, signal, Encoding::Protobuf, message, length).await {
                Ok(outcome) => Ok(Bytes::from(response(signal, Encoding::Protobuf, &outcome))),
                Err(refused) => Err(status(&refused)),
            }
        }
    })
    .await;
    // What could not be read is refused before anybody here sees it.
    if !read && let Some(status) = Status::from_header_map(response.headers()) {
        let why = status.message().to_owned();
        let refused = match status.code() {
            Code::ResourceExhausted => Refused::TooLarge(why),
            _ => Refused::Malformed(why),
        };
        ledger.intake.ledger.request(Source::OtlpGrpc, signal, 0, &Err(refused));
    }
    response
}

/// Codes that the specification lets a sender repeat are given only where that is of use.
fn status(refused: &Refused) -> Status {
    match refused {
        Refused::Malformed(why) => Status::invalid_argument(why),
        Refused::TooLarge(why) => Status::resource_exhausted(why),
        Refused::Busy { reason, retry_after_ms } => {
            let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(*retry_after_ms)));
            Status::with_error_details(Code::Unavailable, reason, details)
        }
        Refused::Failed(why) => Status::unavailable(why),
    }
}
