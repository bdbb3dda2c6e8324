//! Zipkin's door: `POST /api/v2/spans`, JSON or protobuf, answered with 202.

use crate::App;
use crate::otlp::body;
use crate::otlp::take::{refuse, unread};
use crate::reply::text_response;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::post;
use model::event::{Batch, Kind};
use receivers::{Outcome, Refused, Signal, Source};
use std::sync::Arc;
use wire::otlp::Report;

pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/v2/spans", post(spans))
}

async fn spans(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let held = match body::receive(&app, &head.headers, body).await {
        Ok(held) => held,
        Err((length, refused)) => {
            return answer(&refuse(&app, Source::Zipkin, Signal::Traces, length, refused));
        }
    };
    let is_protobuf = body::text(&head.headers, &header::CONTENT_TYPE).starts_with("application/x-protobuf");
    let (worker, bytes, wire_bytes) = (Arc::clone(&app), held.body.clone(), held.wire_bytes);
    match app.blocking(move || take(&worker, is_protobuf, &bytes, wire_bytes)).await {
        // Zipkin has no partial success: what was left out is said in the text, counted and on the Pipeline page.
        Ok(Ok(outcome)) => text_response(StatusCode::ACCEPTED, outcome.text()),
        Ok(Err(refused)) => answer(&refused),
        Err(error) => text_response(StatusCode::INTERNAL_SERVER_ERROR, error.message),
    }
}

fn take(app: &App, is_protobuf: bool, body: &[u8], wire_bytes: usize) -> Result<Outcome, Refused> {
    let (mut batch, mut report) = (Batch::new(Kind::Span), Report::default());
    let options = app.intake.events.decode_options();
    let decode = if is_protobuf { wire::zipkin::decode_protobuf } else { wire::zipkin::decode_json };
    if let Err(error) = decode(body, &options, &mut batch, &mut report) {
        return Err(unread(app, Source::Zipkin, Signal::Traces, wire_bytes, error));
    }
    app.intake.events.receive(Source::Zipkin, wire_bytes, batch, Outcome::from(&report))
}

fn answer(refused: &Refused) -> Response {
    let status = match refused {
        Refused::Malformed(_) => StatusCode::BAD_REQUEST,
        Refused::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        Refused::Busy { .. } | Refused::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    text_response(status, format!("{refused}\n"))
}
