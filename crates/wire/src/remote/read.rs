//! Remote read: the request, and both kinds of answer.
//!
//! `SAMPLES` is one packed message. `STREAMED_XOR_CHUNKS` is a stream of frames, each a length, a CRC-32C and a
//! `ChunkedReadResponse` of chunks of one series; a series may go on in the next frame. Matchers come as written and
//! are compiled here; the range is inclusive at both ends.

use super::encode::pairs;
use super::histogram;
use super::request::Sample;
use crate::chunk::Chunk;
use crate::histogram::HistogramPoint;
use crate::proto::{ProtoError, Reader, Value, Writer};
use model::{Labels, MatchOp, Matcher, MatcherError};

/// Queries one request may have: Prometheus sends one for each selector.
const QUERIES_MAX: usize = 1000;
/// Matchers of one query.
const MATCHERS_MAX: usize = 1000;

pub const SAMPLES_CONTENT_TYPE: &str = "application/x-protobuf";
pub const STREAM_CONTENT_TYPE: &str = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

/// How the client wants its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseType {
    Samples,
    StreamedXorChunks,
}

/// One selector of a request.
#[derive(Clone, Debug)]
pub struct Query {
    /// Unix milliseconds, inclusive.
    pub start_ms: i64,
    /// Unix milliseconds, inclusive.
    pub end_ms: i64,
    pub matchers: Vec<Matcher>,
    pub hints: Hints,
}

/// What the client does with the series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    pub step_ms: i64,
    pub function: String,
    pub start_ms: i64,
    pub end_ms: i64,
    pub grouping: Vec<String>,
    pub by: bool,
    pub range_ms: i64,
}

/// A read request.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    pub queries: Vec<Query>,
    pub response_type: ResponseType,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReadRequestError {
    #[error("{0}")]
    Malformed(#[from] ProtoError),
    #[error("{0}")]
    Matcher(#[from] MatcherError),
    #[error("invalid matcher type")]
    MatcherType,
    #[error(
        "server does not support any of the requested response types: {0:?}; supported: [SAMPLES STREAMED_XOR_CHUNKS]"
    )]
    ResponseType(Vec<u64>),
}

impl ReadRequest {
    /// Reads an unpacked request.
    pub fn decode(bytes: &[u8]) -> Result<ReadRequest, ReadRequestError> {
        let (mut queries, mut accepted) = (Vec::new(), Vec::new());
        let mut reader = Reader::new(bytes);
        while let Some((field, value)) = reader.field()? {
            match field {
                1 if queries.len() == QUERIES_MAX => return Err(ProtoError::TooMany(QUERIES_MAX).into()),
                1 => queries.push(decode_query(value.bytes(field)?)?),
                2 => value.repeated_varint(field, |kind| accepted.push(kind))?,
                _ => {}
            }
        }
        // The first that we know, in the client's order of preference.
        let known = accepted.iter().find_map(|kind| match kind {
            0 => Some(ResponseType::Samples),
            1 => Some(ResponseType::StreamedXorChunks),
            _ => None,
        });
        let response_type = match known {
            Some(known) => known,
            None if accepted.is_empty() => ResponseType::Samples,
            None => return Err(ReadRequestError::ResponseType(accepted)),
        };
        Ok(ReadRequest { queries, response_type })
    }
}

fn decode_query(message: &[u8]) -> Result<Query, ReadRequestError> {
    let mut query = Query { start_ms: 0, end_ms: 0, matchers: Vec::new(), hints: Hints::default() };
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => query.start_ms = value.int(field)?,
            2 => query.end_ms = value.int(field)?,
            3 if query.matchers.len() == MATCHERS_MAX => return Err(ProtoError::TooMany(MATCHERS_MAX).into()),
            3 => query.matchers.push(decode_matcher(value.bytes(field)?)?),
            4 => query.hints = decode_hints(value.bytes(field)?)?,
            _ => {}
        }
    }
    Ok(query)
}

fn decode_matcher(message: &[u8]) -> Result<Matcher, ReadRequestError> {
    let (mut op, mut name, mut text) = (MatchOp::Equal, "", "");
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => {
                op = match value.uint(field)? {
                    0 => MatchOp::Equal,
                    1 => MatchOp::NotEqual,
                    2 => MatchOp::Regex,
                    3 => MatchOp::NotRegex,
                    _ => return Err(ReadRequestError::MatcherType),
                }
            }
            2 => name = utf8(value, field, "matcher name")?,
            3 => text = utf8(value, field, "matcher value")?,
            _ => {}
        }
    }
    Ok(Matcher::new(name, op, text)?)
}

fn decode_hints(message: &[u8]) -> Result<Hints, ProtoError> {
    let mut hints = Hints::default();
    let mut reader = Reader::new(message);
    while let Some((field, value)) = reader.field()? {
        match field {
            1 => hints.step_ms = value.int(field)?,
            2 => hints.function = utf8(value, field, "hint")?.to_owned(),
            3 => hints.start_ms = value.int(field)?,
            4 => hints.end_ms = value.int(field)?,
            5 if hints.grouping.len() == MATCHERS_MAX => return Err(ProtoError::TooMany(MATCHERS_MAX)),
            5 => hints.grouping.push(utf8(value, field, "hint")?.to_owned()),
            6 => hints.by = value.uint(field)? != 0,
            7 => hints.range_ms = value.int(field)?,
            _ => {}
        }
    }
    Ok(hints)
}

fn utf8<'a>(value: Value<'a>, number: u32, field: &'static str) -> Result<&'a str, ProtoError> {
    std::str::from_utf8(value.bytes(number)?).map_err(|_| ProtoError::Utf8 { field })
}

/// A `ReadResponse` being written, not yet packed: for each query of the request, its series, sorted by labels.
#[derive(Debug, Default)]
pub struct SamplesResponse {
    out: Writer,
    /// The result of the current query.
    result: Writer,
}

impl SamplesResponse {
    pub fn new() -> SamplesResponse {
        SamplesResponse::default()
    }

    /// A series of the current query. Samples and histograms ascend in time.
    pub fn series(&mut self, labels: &Labels, samples: &[Sample], histograms: &[HistogramPoint]) {
        self.result.message(1, |out| {
            pairs(out, labels);
            for sample in samples {
                out.message(2, |out| {
                    out.double_field(1, sample.value);
                    out.int_field(2, sample.timestamp);
                });
            }
            for point in histograms {
                out.message(4, |out| histogram::write(out, point));
            }
        });
    }

    /// Ends the current query.
    pub fn end_query(&mut self) {
        self.out.bytes(1, &self.result.out);
        self.result.out.clear();
    }

    /// How much has been written.
    pub fn len(&self) -> usize {
        self.out.out.len() + self.result.out.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn finish(self) -> Vec<u8> {
        self.out.out
    }
}

/// Appends a frame with chunks of one series to a stream.
pub fn write_frame(stream: &mut Vec<u8>, query_index: usize, labels: &Labels, chunks: &[Chunk]) {
    let mut message = Writer::new();
    message.message(1, |out| {
        pairs(out, labels);
        for chunk in chunks {
            out.message(2, |out| {
                out.int_field(1, chunk.min_time_ms);
                out.int_field(2, chunk.max_time_ms);
                out.uint_field(3, chunk.encoding as u64);
                out.bytes(4, &chunk.data);
            });
        }
    });
    message.uint_field(2, query_index as u64);
    let mut out = Writer { out: std::mem::take(stream) };
    out.varint(message.out.len() as u64);
    out.out.extend_from_slice(&crc32c::crc32c(&message.out).to_be_bytes());
    out.out.extend_from_slice(&message.out);
    *stream = out.out;
}

#[cfg(test)]
mod tests;
