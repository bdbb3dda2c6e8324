//! Metrics: `ExportMetricsServiceRequest` as the tree of the `opentelemetry-proto` crate. Points become series of
//! their own, so there is no batch to read into and the tree is not what costs.
//!
//! Before the tree is built, the message is walked by its table: bytes that are not UTF-8 are replaced, and a request
//! of nothing but empty messages, whose tree would be a hundred times as large, is refused.

use super::schema::{METRICS_REQUEST, Message, Type};
use super::{DecodeError, Report, Warning, check_size, json};
use crate::proto::{ProtoError, Reader, Value, Writer};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message as _;

/// Bytes that a message must have on average: a node of the tree is up to 200 bytes, which bounds the tree by 50
/// times the request. Honest points come to 10 and more.
const BYTES_A_MESSAGE_MIN: usize = 4;

/// So many messages are let through whatever they hold: small requests of tests and probes.
const MESSAGES_FREE: usize = 1000;

/// Messages in each other that are walked: `prost` reads at most 100.
const WALK_DEPTH_MAX: usize = 100;

/// Reads a request in protobuf. The report is emptied first; it gets warnings only, because rejecting single points
/// takes knowing their rules.
pub fn decode_protobuf(
    bytes: &[u8],
    report: &mut Report,
) -> Result<ExportMetricsServiceRequest, DecodeError> {
    report.clear();
    check_size(bytes)?;
    let mut found = Found::default();
    walk(&METRICS_REQUEST, bytes, 0, &mut found).map_err(|error| {
        let offset = found.address.wrapping_sub(bytes.as_ptr().addr());
        DecodeError::Protobuf { offset, message: found.message, error }
    })?;
    if found.messages > MESSAGES_FREE.max(bytes.len() / BYTES_A_MESSAGE_MIN) {
        return Err(DecodeError::TooMany(found.messages, bytes.len()));
    }
    let prost = |e: prost::DecodeError| DecodeError::Prost(e.to_string());
    if found.bad_texts == 0 {
        return ExportMetricsServiceRequest::decode(bytes).map_err(prost);
    }
    for _ in 0..found.bad_texts {
        report.warn(Warning::Utf8);
    }
    let mut mended = Writer::new();
    let _ = mend(&METRICS_REQUEST, bytes, &mut mended);
    ExportMetricsServiceRequest::decode(&mended.out[..]).map_err(prost)
}

/// Reads a request in JSON, as [`decode_protobuf`].
pub fn decode_json(bytes: &[u8], report: &mut Report) -> Result<ExportMetricsServiceRequest, DecodeError> {
    decode_protobuf(&json::to_protobuf(bytes, &METRICS_REQUEST)?, report)
}

#[derive(Default)]
struct Found {
    messages: usize,
    bad_texts: usize,
    /// The field being read.
    address: usize,
    message: &'static str,
}

fn walk(message: &'static Message, bytes: &[u8], depth: usize, found: &mut Found) -> Result<(), ProtoError> {
    let mut reader = Reader::new(bytes);
    loop {
        (found.address, found.message) = (reader.rest.as_ptr().addr(), message.name);
        let Some((number, value)) = reader.field()? else { return Ok(()) };
        let Some(field) = message.fields.iter().find(|f| f.number == number) else { continue };
        match (field.ty, value) {
            (Type::Message(inner), Value::Bytes(bytes)) => {
                found.messages += 1;
                if depth == WALK_DEPTH_MAX {
                    return Err(ProtoError::TooMany(WALK_DEPTH_MAX));
                }
                walk(inner, bytes, depth + 1, found)?;
            }
            (Type::Str, Value::Bytes(bytes)) => {
                found.bad_texts += usize::from(std::str::from_utf8(bytes).is_err());
            }
            _ => {}
        }
    }
}

/// Copies a message that was walked; texts that are not UTF-8 are mended.
fn mend(message: &Message, bytes: &[u8], out: &mut Writer) -> Result<(), ProtoError> {
    let mut reader = Reader::new(bytes);
    loop {
        let before = reader.rest;
        let Some((number, value)) = reader.field()? else { return Ok(()) };
        let ty = message.fields.iter().find(|f| f.number == number).map(|f| f.ty);
        match (ty, value) {
            (Some(Type::Message(inner)), Value::Bytes(bytes)) => {
                let mut done = Ok(());
                out.message(number, |out| done = mend(inner, bytes, out));
                done?;
            }
            (Some(Type::Str), Value::Bytes(bytes)) => {
                out.bytes(number, String::from_utf8_lossy(bytes).as_bytes());
            }
            _ => out.out.extend_from_slice(&before[..before.len() - reader.rest.len()]),
        }
    }
}
