//! The same over HTTP, as protobuf or JSON; whatever is answered has the content type of the request.

use super::REQUEST_BYTES_MAX;
use super::take::{response, take};
use crate::App;
use crate::reply::text_response;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use receivers::{Outcome, Refused, Signal, Source};
use std::borrow::Cow;
use std::sync::Arc;
use tonic::Code;
use wire::otlp::answer::{self, Encoding};
use wire::unpack::{UnpackError, unpack};

pub async fn traces(State(app): State<Arc<App>>, request: Request) -> Response {
    export(app, Source::OtlpHttp, Signal::Traces, request).await
}

pub async fn logs(State(app): State<Arc<App>>, request: Request) -> Response {
    export(app, Source::OtlpHttp, Signal::Logs, request).await
}

pub async fn metrics(State(app): State<Arc<App>>, request: Request) -> Response {
    export(app, Source::OtlpHttp, Signal::Metrics, request).await
}

pub async fn prometheus_metrics(State(app): State<Arc<App>>, request: Request) -> Response {
    export(app, Source::PrometheusOtlp, Signal::Metrics, request).await
}

async fn export(app: Arc<App>, source: Source, signal: Signal, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let content_type = text(&head.headers, &header::CONTENT_TYPE);
    let Some(encoding) = Encoding::of(content_type) else {
        let why = format!(
            "the content type is {content_type:?}; OTLP is application/x-protobuf or application/json\n"
        );
        return text_response(StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
    };
    match receive(&app, source, signal, encoding, &head.headers, body).await {
        Ok(outcome) => reply(StatusCode::OK, encoding, response(signal, encoding, &outcome)),
        Err(refused) => failure(encoding, &refused),
    }
}

async fn receive(
    app: &Arc<App>,
    source: Source,
    signal: Signal,
    encoding: Encoding,
    headers: &HeaderMap,
    body: Body,
) -> Result<Outcome, Refused> {
    let refuse = |length: usize, refused: Refused| {
        app.intake.ledger.request(source, signal, length, &Err(refused.clone()));
        refused
    };
    let declared = text(headers, &header::CONTENT_LENGTH).parse().ok();
    let held = app.uploads.hold(declared).await;
    let _held =
        held.map_err(|e| refuse(0, Refused::Busy { reason: e.to_string(), retry_after_ms: RETRY_MS }))?;
    let packed = read(body).await.map_err(|refused| refuse(declared.unwrap_or(0), refused))?;
    let unpacked = match unpack(text(headers, &header::CONTENT_ENCODING), &packed, REQUEST_BYTES_MAX) {
        // What came unpacked is handed on as it is.
        Ok(Cow::Borrowed(_)) => packed.clone(),
        Ok(Cow::Owned(unpacked)) => Bytes::from(unpacked),
        Err(error @ UnpackError::TooLarge(_)) => {
            return Err(refuse(packed.len(), Refused::TooLarge(error.to_string())));
        }
        Err(error) => return Err(refuse(packed.len(), Refused::Malformed(error.to_string()))),
    };
    let length = packed.len();
    drop(packed);
    take(app, source, signal, encoding, unpacked, length).await
}

/// When there is no room for one more upload.
const RETRY_MS: u64 = 5_000;

async fn read(body: Body) -> Result<Bytes, Refused> {
    use http_body_util::{BodyExt, LengthLimitError, Limited};
    match Limited::new(body, REQUEST_BYTES_MAX).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Refused::TooLarge(format!("the body has more than {REQUEST_BYTES_MAX} bytes")))
        }
        Err(error) => Err(Refused::Malformed(format!("the body cannot be read: {error}"))),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
}

fn reply(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(encoding.content_type()));
    response
}

fn failure(encoding: Encoding, refused: &Refused) -> Response {
    let (status, code) = match refused {
        Refused::Malformed(_) => (StatusCode::BAD_REQUEST, Code::InvalidArgument),
        Refused::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, Code::ResourceExhausted),
        Refused::Busy { .. } | Refused::Failed(_) => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
    };
    let mut response = reply(status, encoding, answer::status(encoding, code as i32, &refused.to_string()));
    if let Refused::Busy { retry_after_ms, .. } = refused {
        // Whole seconds, rounded up: a sender that comes back too early is refused again.
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_ms.div_ceil(1000)));
    }
    response
}
