//! What a receiver of OTLP answers: `Export…ServiceResponse` with its `partial_success`, and `google.rpc.Status` for
//! failures, each in the encoding of the request.

use super::json::write::write;
use super::schema::{LOGS_ANSWER, METRICS_ANSWER, Message, RPC_STATUS, TRACES_ANSWER};
use crate::proto::Writer;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    Traces,
    Logs,
    Metrics,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    /// The encoding of a `Content-Type`, whatever its parameters; `None` for what OTLP does not speak.
    pub fn of(content_type: &str) -> Option<Encoding> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Some(Encoding::Json)
        } else if essence.eq_ignore_ascii_case("application/x-protobuf")
            || essence.eq_ignore_ascii_case("application/protobuf")
        {
            Some(Encoding::Protobuf)
        } else {
            None
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Encoding::Protobuf => "application/x-protobuf",
            Encoding::Json => "application/json",
        }
    }
}

/// The answer to a request that was taken. Without rejected records and without a message `partial_success` is left
/// unset, as the specification demands of full success; a message alone is a warning.
pub fn response(signal: Signal, encoding: Encoding, rejected: u64, message: &str) -> Vec<u8> {
    let mut out = Writer::new();
    if rejected != 0 || !message.is_empty() {
        out.message(1, |out| {
            out.uint_field(1, rejected);
            out.bytes_field(2, message.as_bytes());
        });
    }
    let table = match signal {
        Signal::Traces => &TRACES_ANSWER,
        Signal::Logs => &LOGS_ANSWER,
        Signal::Metrics => &METRICS_ANSWER,
    };
    encoded(encoding, table, out.out)
}

/// The answer to a request that was not taken. The code is one of `google.rpc.Code`.
pub fn status(encoding: Encoding, code: i32, message: &str) -> Vec<u8> {
    let mut out = Writer::new();
    out.int_field(1, code.into());
    out.bytes_field(2, message.as_bytes());
    encoded(encoding, &RPC_STATUS, out.out)
}

fn encoded(encoding: Encoding, table: &Message, protobuf: Vec<u8>) -> Vec<u8> {
    match encoding {
        Encoding::Protobuf => protobuf,
        Encoding::Json => json(table, &protobuf).into_bytes(),
    }
}

/// JSON of what we encoded.
pub(super) fn json(table: &Message, protobuf: &[u8]) -> String {
    let mut out = String::new();
    write(&mut out, table, protobuf).expect("our own encoding is read back");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_success_says_nothing() {
        for signal in [Signal::Traces, Signal::Logs, Signal::Metrics] {
            assert_eq!(response(signal, Encoding::Protobuf, 0, ""), b"");
            assert_eq!(response(signal, Encoding::Json, 0, ""), b"{}");
        }
    }

    #[test]
    fn the_count_has_the_name_of_the_signal() {
        let text = |signal| String::from_utf8(response(signal, Encoding::Json, 7, "x \"y\"")).unwrap();
        let rest = r#""7","errorMessage":"x \"y\""}}"#;
        assert_eq!(text(Signal::Traces), format!(r#"{{"partialSuccess":{{"rejectedSpans":{rest}"#));
        assert_eq!(text(Signal::Logs), format!(r#"{{"partialSuccess":{{"rejectedLogRecords":{rest}"#));
        assert_eq!(text(Signal::Metrics), format!(r#"{{"partialSuccess":{{"rejectedDataPoints":{rest}"#));
        assert_eq!(
            response(Signal::Logs, Encoding::Json, 0, "w"),
            br#"{"partialSuccess":{"errorMessage":"w"}}"#
        );
    }

    #[test]
    fn protobuf_is_what_the_generated_types_read() {
        use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
        use prost::Message as _;
        let bytes = response(Signal::Traces, Encoding::Protobuf, 3, "why");
        let partial = ExportTraceServiceResponse::decode(&bytes[..]).unwrap().partial_success.unwrap();
        assert_eq!((partial.rejected_spans, partial.error_message.as_str()), (3, "why"));
    }

    #[test]
    fn a_status_has_code_and_message() {
        assert_eq!(status(Encoding::Json, 3, "bad"), br#"{"code":3,"message":"bad"}"#);
        assert_eq!(status(Encoding::Protobuf, 3, "bad"), b"\x08\x03\x12\x03bad");
    }

    #[test]
    fn content_types() {
        assert_eq!(Encoding::of("application/json; charset=utf-8"), Some(Encoding::Json));
        assert_eq!(Encoding::of("Application/X-Protobuf"), Some(Encoding::Protobuf));
        assert_eq!(Encoding::of("text/plain"), None);
        assert_eq!(Encoding::of(Encoding::Json.content_type()), Some(Encoding::Json));
    }
}
