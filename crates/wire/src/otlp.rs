//! OTLP: spans, log records and metrics of OpenTelemetry, as protobuf and as JSON.
//!
//! Sources: <https://opentelemetry.io/docs/specs/otlp/> and the messages of opentelemetry-proto 1.x.
//!
//! [`traces`] and [`logs`] read a request straight into a [`Batch`], in one pass and without a tree, because this is
//! the hot path of the event store. [`metrics`] gives the tree of the `opentelemetry-proto` crate. JSON is rewritten
//! as protobuf by the tables of [`schema`] and then read as such: one decoder, so the two encodings cannot disagree.
//! [`encode`] and [`answer`] write protobuf, and JSON by the same tables.
//!
//! A request that is not what it should be as a whole is a [`DecodeError`]. One record that is not acceptable is
//! left out and counted in the [`Report`], with what was changed in records that were taken.

pub mod answer;
pub(crate) mod decode;
pub mod encode;
mod json;
pub mod logs;
pub mod metrics;
pub mod report;
pub mod schema;
pub(crate) mod text;
pub mod traces;
mod value;

use crate::proto::ProtoError;
use model::event::Batch;

pub use report::{Reason, Report, Warning};

/// Bytes of a request after decompression. What is read of one is at most six times as long (a control character as
/// `\u0000` in JSON text), so 512 MiB stay under the 4 GiB that a [`Batch`] can address. Receivers hold requests to
/// far less.
pub const REQUEST_BYTES_MAX: usize = 512 << 20;

/// Arrays and maps in each other in one value. JSON needs four levels for each, on twelve levels of request:
/// 12 + 24 × 4 = 108, under the 128 of the JSON reader.
pub const DEPTH_MAX: usize = 24;

/// Attributes kept of a span, a log record, a resource, a scope, an event, a link; SDKs stop at 128.
pub const ATTRS_MAX: usize = 1024;

/// Bytes kept of one text: an attribute's value, a body, a name.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// Text kept of the attributes of one resource or scope together: in a file it stands on each row. Command lines and
/// annotations of pods come to some 30 kB.
pub const SOURCE_BYTES_MAX: usize = 128 << 10;

/// Bytes of an attribute's key. Keys become names of columns.
pub const KEY_BYTES_MAX: usize = 1024;

/// What a decoder must be told: it has no clock.
/// Any time of an event that fits is good here: which are kept is judged where all doors lead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The time of a log record that names none, Unix nanoseconds.
    pub now_ns: i64,
}

impl Options {
    pub fn at(now_ns: i64) -> Options {
        Options { now_ns }
    }
}

/// Why nothing of a request was read. All of these are the sender's fault: to send it again is no use.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DecodeError {
    #[error("malformed protobuf at byte {offset}, in {message}: {error}")]
    Protobuf { offset: usize, message: &'static str, error: ProtoError },
    #[error("malformed protobuf: {0}")]
    Prost(String),
    #[error("malformed JSON: {0}")]
    Json(String),
    #[error("a request of {0} bytes, more than {REQUEST_BYTES_MAX}")]
    TooLarge(usize),
    #[error("{0} messages in {1} bytes: no request has so many empty ones")]
    TooMany(usize, usize),
}

/// Empties what is read into; refuses what is too long.
pub(crate) fn begin(bytes: &[u8], batch: &mut Batch, report: &mut Report) -> Result<(), DecodeError> {
    batch.clear();
    report.clear();
    check_size(bytes)
}

fn check_size(bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes.len() > REQUEST_BYTES_MAX { Err(DecodeError::TooLarge(bytes.len())) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
