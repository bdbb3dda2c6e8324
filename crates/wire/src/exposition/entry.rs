//! What a parser lends: entries, and the error that ends a body.

use super::lexer::Dialect;
use super::protobuf::Metric;
use crate::histogram::NativeHistogram;
use crate::number::Quoted;
use model::{Exemplar, Labels, LabelsBuilder, MetricType};
use std::borrow::Cow;
use std::fmt;

/// Longest piece of the body that an error repeats.
const CONTEXT_BYTES_MAX: usize = 512;

/// One thing that a body says, in the order of the body.
#[derive(Debug)]
pub enum Entry<'p> {
    Series(Series<'p>),
    Histogram(HistogramSeries<'p>),
    Type { family: &'p str, metric_type: MetricType },
    Help { family: &'p str, help: Cow<'p, str> },
    Unit { family: &'p str, unit: &'p str },
    Comment(&'p [u8]),
}

/// A float sample.
#[derive(Debug)]
pub struct Series<'p> {
    /// The series as it stands in the body (text), or bytes made of it (protobuf): equal for the same series in
    /// the next scrape of the same target, and different for different series.
    pub bytes: &'p [u8],
    /// A NaN is always the ordinary one.
    pub value: f64,
    /// Unix milliseconds, when the target gave one.
    pub timestamp: Option<i64>,
    /// Unix milliseconds, 0 when unknown.
    pub start_timestamp: i64,
    pub(super) origin: Origin<'p>,
}

/// A native histogram sample.
#[derive(Debug)]
pub struct HistogramSeries<'p> {
    /// As [`Series::bytes`].
    pub bytes: &'p [u8],
    pub histogram: NativeHistogram,
    pub timestamp: Option<i64>,
    pub start_timestamp: i64,
    pub(super) origin: Origin<'p>,
}

/// Where labels and exemplars are read from when somebody asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin<'p> {
    /// A line of text; the exemplar starts at its opening brace.
    Line {
        dialect: Dialect,
        body: &'p [u8],
        offset: usize,
        metric_type: MetricType,
        exemplar: Option<&'p [u8]>,
    },
    Metric(&'p Metric<'p>),
    Owned {
        labels: &'p Labels,
        exemplars: &'p [Exemplar],
    },
}

impl Series<'_> {
    /// Puts the labels, `__name__` among them, into a cleared builder.
    pub fn labels_into(&self, builder: &mut LabelsBuilder) -> Result<(), ParseError> {
        self.origin.labels_into(self.bytes, builder)
    }

    pub fn labels(&self) -> Result<Labels, ParseError> {
        let mut builder = LabelsBuilder::new();
        self.labels_into(&mut builder)?;
        Ok(builder.build())
    }

    /// Whether [`Series::exemplars_into`] has something to give.
    pub fn has_exemplars(&self) -> bool {
        self.origin.has_exemplars()
    }

    /// Appends the exemplars of this sample.
    pub fn exemplars_into(&self, exemplars: &mut Vec<Exemplar>) {
        self.origin.exemplars_into(exemplars);
    }
}

impl HistogramSeries<'_> {
    /// As [`Series::labels_into`].
    pub fn labels_into(&self, builder: &mut LabelsBuilder) -> Result<(), ParseError> {
        self.origin.labels_into(self.bytes, builder)
    }

    pub fn labels(&self) -> Result<Labels, ParseError> {
        let mut builder = LabelsBuilder::new();
        self.labels_into(&mut builder)?;
        Ok(builder.build())
    }

    pub fn has_exemplars(&self) -> bool {
        self.origin.has_exemplars()
    }

    pub fn exemplars_into(&self, exemplars: &mut Vec<Exemplar>) {
        self.origin.exemplars_into(exemplars);
    }
}

impl Origin<'_> {
    fn labels_into(&self, series: &[u8], builder: &mut LabelsBuilder) -> Result<(), ParseError> {
        builder.clear();
        match *self {
            Origin::Line { dialect, body, offset, metric_type, .. } => {
                super::lexer::read_labels(dialect, body, offset, series.len(), metric_type, builder)
            }
            Origin::Metric(metric) => metric.labels_into(builder),
            Origin::Owned { labels, .. } => {
                for (name, value) in labels.iter() {
                    builder.set(name, value);
                }
                Ok(())
            }
        }
    }

    fn has_exemplars(&self) -> bool {
        match self {
            Origin::Line { exemplar, .. } => exemplar.is_some(),
            Origin::Metric(metric) => metric.has_exemplars(),
            Origin::Owned { exemplars, .. } => !exemplars.is_empty(),
        }
    }

    fn exemplars_into(&self, out: &mut Vec<Exemplar>) {
        match *self {
            Origin::Line { exemplar: Some(text), .. } => out.extend(super::lexer::read_exemplar(text)),
            Origin::Line { exemplar: None, .. } => {}
            Origin::Metric(metric) => metric.exemplars_into(out),
            Origin::Owned { exemplars, .. } => out.extend_from_slice(exemplars),
        }
    }
}

/// Why a body cannot be read further. [`fmt::Display`] gives Prometheus's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// From 1; 0 for the protobuf format, which has no lines.
    pub line: usize,
    /// Bytes from the start of the body.
    pub offset: usize,
    /// The series, or as much of the line as was read.
    pub series: String,
    pub reason: String,
}

impl ParseError {
    /// An error at `offset`, where the entry began at `start`.
    pub(super) fn at(body: &[u8], start: usize, offset: usize, reason: String) -> ParseError {
        let offset = offset.min(body.len());
        let start = start.min(offset);
        let line = 1 + memchr::memchr_iter(b'\n', &body[..start]).count();
        let end = offset.min(start + CONTEXT_BYTES_MAX);
        ParseError { line, offset, series: String::from_utf8_lossy(&body[start..end]).into_owned(), reason }
    }

    /// `{expected}, got "…" ("TOKEN") while parsing: "…"`.
    pub(super) fn unexpected(expected: &str, token: &'static str, got: &[u8], context: &[u8]) -> String {
        let got = &got[..got.len().min(CONTEXT_BYTES_MAX)];
        let context = &context[context.len().saturating_sub(CONTEXT_BYTES_MAX)..];
        format!("{expected}, got {} (\"{token}\") while parsing: {}", Quoted(got), Quoted(context))
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}
impl std::error::Error for ParseError {}
