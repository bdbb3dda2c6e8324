//! What all doors do with a body: read it, hand it to the receiver, say what became of it.

use crate::App;
use axum::body::Bytes;
use model::event::{Batch, Kind};
use receivers::{Outcome, Refused, Signal, Source};
use std::sync::Arc;
use wire::otlp::answer::{self, Encoding};
use wire::otlp::{self, DecodeError, Report};

/// Takes a request whose body is unpacked already. `wire_bytes` is how long it was before that.
pub async fn take(
    app: &Arc<App>,
    source: Source,
    signal: Signal,
    encoding: Encoding,
    body: Bytes,
    wire_bytes: usize,
) -> Result<Outcome, Refused> {
    let worker = Arc::clone(app);
    let work = move || match signal {
        Signal::Traces | Signal::Logs => events(&worker, source, signal, encoding, &body, wire_bytes),
        Signal::Metrics => metrics(&worker, source, encoding, &body, wire_bytes),
    };
    match app.blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Refused::Failed(error.message)),
    }
}

fn events(
    app: &App,
    source: Source,
    signal: Signal,
    encoding: Encoding,
    body: &[u8],
    wire_bytes: usize,
) -> Result<Outcome, Refused> {
    let kind = if signal == Signal::Traces { Kind::Span } else { Kind::Log };
    let (mut batch, mut report) = (Batch::new(kind), Report::default());
    let options = app.intake.events.decode_options();
    let decode = match (signal, encoding) {
        (Signal::Traces, Encoding::Protobuf) => otlp::traces::decode_protobuf,
        (Signal::Traces, Encoding::Json) => otlp::traces::decode_json,
        (_, Encoding::Protobuf) => otlp::logs::decode_protobuf,
        (_, Encoding::Json) => otlp::logs::decode_json,
    };
    if let Err(error) = decode(body, &options, &mut batch, &mut report) {
        return Err(unread(app, source, signal, wire_bytes, error));
    }
    app.intake.events.receive(source, wire_bytes, batch, Outcome::from(&report))
}

fn metrics(
    app: &App,
    source: Source,
    encoding: Encoding,
    body: &[u8],
    wire_bytes: usize,
) -> Result<Outcome, Refused> {
    let mut report = Report::default();
    let request = match encoding {
        Encoding::Protobuf => otlp::metrics::decode_protobuf(body, &mut report),
        Encoding::Json => otlp::metrics::decode_json(body, &mut report),
    };
    match request {
        Ok(request) => {
            let mut outcome = app.intake.metrics.receive(source, wire_bytes, &request)?;
            report.warnings().for_each(|(warning, n)| outcome.warn(format!("{n} {}", warning.text())));
            Ok(outcome)
        }
        Err(error) => Err(unread(app, source, Signal::Metrics, wire_bytes, error)),
    }
}

/// Writes a body that cannot be read into the ledger.
pub fn unread(app: &App, source: Source, signal: Signal, wire_bytes: usize, error: DecodeError) -> Refused {
    refuse(app, source, signal, wire_bytes, Refused::from(error))
}

/// Writes a refusal into the ledger.
pub fn refuse(app: &App, source: Source, signal: Signal, wire_bytes: usize, refused: Refused) -> Refused {
    app.intake.ledger.request(source, signal, wire_bytes, &Err(refused.clone()));
    refused
}

/// The answer to what was taken.
pub fn response(signal: Signal, encoding: Encoding, outcome: &Outcome) -> Vec<u8> {
    answer::response(wire_signal(signal), encoding, outcome.rejected, &outcome.text())
}

fn wire_signal(signal: Signal) -> answer::Signal {
    match signal {
        Signal::Traces => answer::Signal::Traces,
        Signal::Logs => answer::Signal::Logs,
        Signal::Metrics => answer::Signal::Metrics,
    }
}
