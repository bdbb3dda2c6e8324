//! `/api/v1/write` and `/api/v1/read`: what other servers send here, and read from here.

use crate::App;
use crate::reply::text_response;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use remote::{ReceiveError, Received};
use std::sync::Arc;
use wire::remote::request::Message;

/// Remote write 1.0 and 2.0. What was acknowledged with 204 is on disk.
pub async fn write(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok()).unwrap_or("");
    let message = match Message::from_content_type(text(header::CONTENT_TYPE)) {
        Ok(message) => message,
        Err(why) => return text_response(StatusCode::UNSUPPORTED_MEDIA_TYPE, why + "\n"),
    };
    let encoding = text(header::CONTENT_ENCODING);
    if !encoding.is_empty() && encoding != "snappy" {
        let why = format!(
            "{encoding} encoding (compression) is not accepted by this server; only snappy is acceptable\n"
        );
        return text_response(StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
    }
    let worker = Arc::clone(&app);
    match app.blocking(move || worker.receiver.receive(message, &body)).await {
        Ok(Ok(received)) => written(message, &received),
        Ok(Err(error)) => refused(&error),
        Err(error) => text_response(StatusCode::INTERNAL_SERVER_ERROR, error.message + "\n"),
    }
}

fn written(message: Message, received: &Received) -> Response {
    let mut response = match received.is_complete() {
        true => text_response(StatusCode::NO_CONTENT, ""),
        false => text_response(StatusCode::BAD_REQUEST, received.text() + "\n"),
    };
    if message == Message::V2 {
        for (name, count) in [
            ("x-prometheus-remote-write-samples-written", received.samples),
            ("x-prometheus-remote-write-histograms-written", received.histograms),
            ("x-prometheus-remote-write-exemplars-written", received.exemplars),
        ] {
            response.headers_mut().insert(name, HeaderValue::from(count));
        }
    }
    response
}

fn refused(error: &ReceiveError) -> Response {
    let (status, retry_after_ms) = match error {
        // Both are final for the sender, and 400 is what Prometheus answers to either.
        ReceiveError::Malformed(_) | ReceiveError::TooLarge(_) => (StatusCode::BAD_REQUEST, None),
        ReceiveError::Busy { retry_after_ms, .. } => (StatusCode::SERVICE_UNAVAILABLE, Some(*retry_after_ms)),
        ReceiveError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, None),
    };
    let mut response = text_response(status, format!("{error}\n"));
    if let Some(ms) = retry_after_ms {
        // Whole seconds, rounded up: a sender that comes back too early is refused again.
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
    }
    response
}
