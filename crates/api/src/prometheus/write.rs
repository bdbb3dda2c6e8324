//! `/api/v1/write` and `/api/v1/read`: what other servers send here, and read from here.

use crate::App;
use crate::BODY_BYTES_MAX;
use crate::reply::text_response;
use crate::uploads::stopped_coming;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures::StreamExt;
use remote::read::{ReadAnswer, ReadFault, ReadStream};
use remote::{ReceiveError, Received};
use std::ops::ControlFlow;
use std::sync::Arc;
use wire::remote::read::{SAMPLES_CONTENT_TYPE, STREAM_CONTENT_TYPE};
use wire::remote::request::Message;

/// Frames that may wait for a slow client: 16 of at most 1 MB.
const FRAMES_AHEAD: usize = 16;

/// Remote write 1.0 and 2.0. What was acknowledged with 204 is on disk.
pub async fn write(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let headers = head.headers;
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
    let _held = match app.uploads.hold(declared_length(&headers)).await {
        Ok(held) => held,
        Err(error) => return refused(&error),
    };
    let body = match axum::body::to_bytes(body, BODY_BYTES_MAX).await {
        Ok(body) => body,
        Err(why) => {
            let status =
                if stopped_coming(&why) { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::BAD_REQUEST };
            return text_response(status, format!("the body cannot be read: {why}\n"));
        }
    };
    let worker = Arc::clone(&app);
    match app.blocking(move || worker.receiver.receive(message, &body)).await {
        Ok(Ok(received)) => written(message, &received),
        Ok(Err(error)) => refused(&error),
        Err(error) => text_response(StatusCode::INTERNAL_SERVER_ERROR, error.message + "\n"),
    }
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
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

/// Remote read, both response types: samples in one message, or chunks streamed in frames.
pub async fn read(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let worker = Arc::clone(&app);
    let answer = match app.reading(move |_| worker.reader.read(&body)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(fault)) => return unreadable(&fault),
        Err(error) => return text_response(StatusCode::INTERNAL_SERVER_ERROR, error.message + "\n"),
    };
    let (content_type, encoding, body) = match answer {
        ReadAnswer::Samples(bytes) => (SAMPLES_CONTENT_TYPE, Some("snappy"), Body::from(bytes)),
        ReadAnswer::Stream(stream) => (STREAM_CONTENT_TYPE, None, streamed(stream)),
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(encoding) = encoding {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn unreadable(fault: &ReadFault) -> Response {
    let status = match fault {
        ReadFault::Malformed(_) | ReadFault::TooManySamples { .. } => StatusCode::BAD_REQUEST,
        ReadFault::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    text_response(status, format!("{fault}\n"))
}

/// Frames as they are made. A client that reads slowly slows the reading; one that leaves ends it. What goes wrong
/// after the first frame ends the connection in the middle: the client must not take half an answer for a whole.
fn streamed(stream: ReadStream) -> Body {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, String>>(FRAMES_AHEAD);
    tokio::task::spawn_blocking(move || {
        let sink = |frame: Vec<u8>| match sender.blocking_send(Ok(Bytes::from(frame))) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        if let Err(fault) = stream.write(sink) {
            // The receiver may be gone already: then nobody has to be told.
            let _ = sender.blocking_send(Err(fault.to_string()));
        }
    });
    let frames = futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|frame| (frame, receiver))
    });
    // Fused: the compression above asks once more after the end.
    Body::from_stream(frames.fuse())
}
