//! The three `Export` calls.

use super::REQUEST_BYTES_MAX;
use super::body::busy;
use super::take::{refuse, response, take};
use crate::App;
use crate::grpc::{Announced, unary};
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
    admitted(&app, signal, request).await.unwrap_or_else(|(wire_bytes, refused)| {
        let answer = status(&refused).into_http();
        refuse(&app, Source::OtlpGrpc, signal, wire_bytes, refused);
        answer
    })
}

/// Takes the share of memory before the message is read, and unpacks a packed one when it is its turn. Of one that is
/// refused before it is read it is said how long it is.
async fn admitted(app: &Arc<App>, signal: Signal, request: Request) -> Result<Response, (usize, Refused)> {
    let unread = |status: Status| match status.code() {
        Code::InvalidArgument => Refused::Malformed(status.message().to_owned()),
        _ => Refused::Failed(status.message().to_owned()),
    };
    let announced = Announced::of(request).await.map_err(|status| (0, unread(status)))?;
    let (wire_bytes, is_packed) = (announced.message_bytes, announced.is_packed);
    let refused = |refused| (wire_bytes, refused);
    // What is too long is refused by its prefix: nothing of it is held.
    let held_bytes = if wire_bytes > REQUEST_BYTES_MAX { 0 } else { wire_bytes };
    let _share = app.uploads.hold(Some(held_bytes)).await.map_err(|e| refused(busy(&e)))?;
    let request = announced.whole(held_bytes).await.map_err(|status| refused(unread(status)))?;
    let turn = match is_packed {
        true => Some(app.uploads.turn().await.map_err(|e| refused(busy(&e)))?),
        false => None,
    };
    let worker = Arc::clone(app);
    let mut read = false;
    let response = unary(request, REQUEST_BYTES_MAX, |message: Bytes| {
        read = true;
        drop(turn);
        async move {
            let grown = worker.uploads.grown(wire_bytes, message.len()).await;
            let _grown = grown.map_err(|e| status(&busy(&e)))?;
            match take(&worker, Source::OtlpGrpc, signal, Encoding::Protobuf, message, wire_bytes).await {
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
        refuse(app, Source::OtlpGrpc, signal, wire_bytes, refused);
    }
    Ok(response)
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
