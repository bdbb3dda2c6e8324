//! Zipkin's door: `POST /api/v2/spans`, JSON or protobuf, answered with 202.

use crate::App;
use crate::otlp::take::unread;
use crate::reply::text_response;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use model::event::{Batch, Kind};
use receivers::{Outcome, Refused, Signal, Source};
use std::sync::Arc;
use wire::otlp::Report;
use wire::unpack::{UnpackError, unpack};

/// As for OTLP.
const REQUEST_BYTES_MAX: usize = crate::otlp::REQUEST_BYTES_MAX;

pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/v2/spans", post(spans))
}

async fn spans(State(app): State<Arc<App>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("").to_owned();
    let (content_type, encoding) = (text(header::CONTENT_TYPE), text(header::CONTENT_ENCODING));
    let worker = Arc::clone(&app);
    let taken = app.blocking(move || take(&worker, &content_type, &encoding, &body)).await;
    match taken {
        // Zipkin has no partial success: what was left out is said in the text, counted and on the Pipeline page.
        Ok(Ok(outcome)) => text_response(StatusCode::ACCEPTED, outcome.text()),
        Ok(Err(refused)) => answer(&refused),
        Err(error) => text_response(StatusCode::INTERNAL_SERVER_ERROR, error.message),
    }
}

fn take(app: &App, content_type: &str, encoding: &str, body: &[u8]) -> Result<Outcome, Refused> {
    let unpacked = unpack(encoding, body, REQUEST_BYTES_MAX).map_err(|error| {
        let refused = match error {
            UnpackError::TooLarge(_) => Refused::TooLarge(error.to_string()),
            _ => Refused::Malformed(error.to_string()),
        };
        app.intake.ledger.request(Source::Zipkin, Signal::Traces, body.len(), &Err(refused.clone()));
        refused
    })?;
    let (mut batch, mut report) = (Batch::new(Kind::Span), Report::default());
    let options = app.intake.events.decode_options();
    let protobuf = content_type.starts_with("application/x-protobuf");
    let decode = if protobuf { wire::zipkin::decode_protobuf } else { wire::zipkin::decode_json };
    if let Err(error) = decode(&unpacked, &options, &mut batch, &mut report) {
        return Err(unread(app, Source::Zipkin, Signal::Traces, body.len(), error));
    }
    app.intake.events.receive(Source::Zipkin, body.len(), batch, Outcome::from(&report))
}

fn answer(refused: &Refused) -> Response {
    let status = match refused {
        Refused::Malformed(_) => StatusCode::BAD_REQUEST,
        Refused::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Refused::Busy { .. } | Refused::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    text_response(status, format!("{refused}\n"))
}
