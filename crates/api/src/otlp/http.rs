//! The same over HTTP, as protobuf or JSON; whatever is answered has the content type of the request.

use super::body::{self, text};
use super::take::{refuse, response, take};
use crate::App;
use crate::reply::text_response;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use receivers::{Outcome, Refused, Signal, Source};
use std::sync::Arc;
use tonic::Code;
use wire::otlp::answer::{self, Encoding};

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
    match body::receive(app, headers, body).await {
        // What is held for the body is held until it is stored.
        Ok(held) => take(app, source, signal, encoding, held.body.clone(), held.wire_bytes).await,
        Err((length, refused)) => Err(refuse(app, source, signal, length, refused)),
    }
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
