//! A write request of either version, read one series at a time.

use super::labels::{self, Allowance, Names, SeriesError};
use super::{histogram, write_v1, write_v2};
use crate::histogram::HistogramPoint;
use crate::proto::ProtoError;
use model::{Exemplar, Labels, Metadata, MetricType};

/// Which message a body holds. The names are those of the `proto` parameter of the content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    V1,
    V2,
}

impl Message {
    pub fn as_str(self) -> &'static str {
        match self {
            Message::V1 => "prometheus.WriteRequest",
            Message::V2 => "io.prometheus.write.v2.Request",
        }
    }

    /// The `Content-Type` of a request.
    pub fn content_type(self) -> &'static str {
        match self {
            Message::V1 => "application/x-protobuf",
            Message::V2 => "application/x-protobuf;proto=io.prometheus.write.v2.Request",
        }
    }

    /// The value of `X-Prometheus-Remote-Write-Version`.
    pub fn version(self) -> &'static str {
        match self {
            Message::V1 => "0.1.0",
            Message::V2 => "2.0.0",
        }
    }

    /// Reads a `Content-Type`; an empty one means 1.0. The error is Prometheus's, for status 415.
    pub fn from_content_type(content_type: &str) -> Result<Message, String> {
        let content_type = content_type.trim();
        if content_type.is_empty() {
            return Ok(Message::V1);
        }
        let mut parts = content_type.split(';');
        if parts.next().map(str::trim) != Some("application/x-protobuf") {
            return Err(format!(
                "expected application/x-protobuf as the first (media) part, got {content_type} content-type"
            ));
        }
        for part in parts {
            let Some((key, value)) = part.split_once('=') else {
                return Err(format!(
                    "as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values, \
                     got {part} in {content_type} content-type"
                ));
            };
            if key.trim() == "proto" {
                let known = [Message::V1, Message::V2].into_iter().find(|m| m.as_str() == value.trim());
                return known.ok_or_else(|| {
                    format!("got {content_type} content type; unknown remote write protobuf message {value}")
                });
            }
        }
        Ok(Message::V1)
    }
}

/// A float sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Unix milliseconds.
    pub timestamp: i64,
    pub value: f64,
    /// Unix milliseconds, 0 when unknown.
    pub start_timestamp: i64,
}

/// Buffers that are kept from request to request.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) samples: Vec<Sample>,
    pub(super) histograms: Vec<Range>,
    pub(super) exemplars: Vec<Range>,
    /// Labels (version 1) or references (version 2) of a series in which they do not stand together.
    pub(super) scattered: Vec<u8>,
    pub(super) symbols: Vec<Range>,
    pub(super) symbol_hashes: Vec<u128>,
    pub(super) allowance: Allowance,
}

/// Where in the request something stands. Requests are below 4 GiB: [`Request::new`] holds that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub from: u32,
    pub to: u32,
}

impl Range {
    pub fn of(request: &[u8], part: &[u8]) -> Range {
        // The part is borrowed from the request.
        let from = part.as_ptr() as usize - request.as_ptr() as usize;
        Range { from: from as u32, to: (from + part.len()) as u32 }
    }

    pub fn get(self, request: &[u8]) -> &[u8] {
        &request[self.from as usize..self.to as usize]
    }
}

/// What a request says.
#[derive(Debug)]
pub enum Item<'r> {
    Series(Series<'r>),
    /// Version 1 sends metadata beside the series.
    Metadata(FamilyMetadata<'r>),
}

/// Metadata of a family, as version 1 sends it.
#[derive(Debug)]
pub struct FamilyMetadata<'r> {
    pub family: &'r str,
    pub metric_type: MetricType,
    pub help: &'r str,
    pub unit: &'r str,
}

impl FamilyMetadata<'_> {
    pub fn to_metadata(&self) -> Metadata {
        Metadata { metric_type: self.metric_type, help: self.help.to_owned(), unit: self.unit.to_owned() }
    }
}

/// One series of a request, with what was sent for it.
#[derive(Debug)]
pub struct Series<'r> {
    /// Over the label bytes: the same for the same labels in the same order, whatever the request. `None` when
    /// [`Series::labels`] would fail for symbols that do not exist.
    pub key: Option<u128>,
    pub samples: &'r [Sample],
    pub(super) message: Message,
    pub(super) request: &'r [u8],
    pub(super) names: Names<'r>,
    pub(super) histograms: &'r [Range],
    pub(super) exemplars: &'r [Range],
    pub(super) metadata: Option<&'r [u8]>,
    pub(super) start_timestamp: i64,
    /// Version 2: what the texts of the request may still take. Version 1 spells everything out.
    pub(super) allowance: Option<&'r Allowance>,
}

impl Series<'_> {
    /// Reads and checks the labels. They come in any order; the set is sorted. What the series of one request may
    /// read together is limited.
    pub fn labels(&self) -> Result<Labels, SeriesError> {
        labels::read(&self.names, self.allowance)
    }

    /// The labels as they were sent, for an error: `{__name__="a", b="c"}`.
    pub fn describe(&self) -> String {
        labels::describe(&self.names)
    }

    pub fn histogram_count(&self) -> usize {
        self.histograms.len()
    }

    /// The histograms. An error is one of the whole request.
    pub fn histograms(&self) -> impl Iterator<Item = Result<HistogramPoint, ProtoError>> + '_ {
        self.histograms.iter().map(|range| {
            let mut point = histogram::read(range.get(self.request))?;
            if point.start_timestamp == 0 {
                point.start_timestamp = self.start_timestamp;
            }
            Ok(point)
        })
    }

    pub fn exemplar_count(&self) -> usize {
        self.exemplars.len()
    }

    /// The exemplars. An outer error is one of the whole request, an inner one of this exemplar.
    pub fn exemplars(&self) -> impl Iterator<Item = Result<Result<Exemplar, SeriesError>, ProtoError>> + '_ {
        self.exemplars.iter().map(|range| match self.message {
            Message::V1 => write_v1::read_exemplar(range.get(self.request)),
            Message::V2 => write_v2::read_exemplar(range.get(self.request), &self.names),
        })
    }

    /// Metadata that came with the series (version 2), if it says anything.
    pub fn metadata(&self) -> Result<Option<Metadata>, ProtoError> {
        match self.metadata {
            Some(message) => write_v2::read_metadata(message, &self.names, self.allowance),
            None => Ok(None),
        }
    }
}

/// Reads a request.
pub struct Request<'a, 's> {
    kind: Kind<'a, 's>,
}

enum Kind<'a, 's> {
    V1(write_v1::Reader<'a, 's>),
    V2(write_v2::Reader<'a, 's>),
}

impl<'a, 's> Request<'a, 's> {
    /// Begins to read an unpacked message.
    pub fn new(
        message: Message,
        bytes: &'a [u8],
        scratch: &'s mut Scratch,
    ) -> Result<Request<'a, 's>, ProtoError> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(ProtoError::TooLong);
        }
        let kind = match message {
            Message::V1 => Kind::V1(write_v1::Reader::new(bytes, scratch)),
            Message::V2 => Kind::V2(write_v2::Reader::new(bytes, scratch)?),
        };
        Ok(Request { kind })
    }

    /// The next thing that the request says; `None` at its end. After an error the request as a whole is refused:
    /// nothing of it may be kept.
    #[allow(clippy::should_implement_trait)] // it lends
    pub fn next(&mut self) -> Result<Option<Item<'_>>, ProtoError> {
        match &mut self.kind {
            Kind::V1(reader) => reader.next(),
            Kind::V2(reader) => reader.next().map(|series| series.map(Item::Series)),
        }
    }
}
