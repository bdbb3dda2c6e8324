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
    unary(request, REQUEST_BYTES_MAX, move |message: Bytes| async move {
        let _held =
            app.uploads.hold(Some(message.len())).await.map_err(|e| Status::unavailable(e.to_string()))?;
        let length = message.len();
        match take(&app, Source::OtlpGrpc, signal, Encoding::Protobuf, message, length).await {
            Ok(outcome) => Ok(Bytes::from(response(signal, Encoding::Protobuf, &outcome))),
            Err(refused) => Err(status(&refused)),
        }
    })
    .await
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
