//! The delimited protobuf format: one `io.prometheus.client.MetricFamily` after the other, each behind its length.
//!
//! Native histograms come as [`Entry::Histogram`]; classic histograms and summaries are taken apart into the series
//! that the text formats have. Families are checked where they begin: name, type, help, unit.

mod metric;

pub use metric::Metric;

use super::Options;
use super::entry::{Entry, HistogramSeries, Origin, ParseError, Series};
use super::openmetrics::is_unit_of;
use crate::number::{Quoted, normal_nan};
use crate::proto::{Reader, Value};
use model::MetricType;
use std::borrow::Cow;

/// Reads one body.
pub struct ProtobufParser<'a> {
    body: Reader<'a>,
    len: usize,
    options: Options,
    family: Family<'a>,
    metric: Metric<'a>,
    /// [`Series::bytes`] of the current entry.
    key: Vec<u8>,
    step: Step,
}

/// The head of a family.
#[derive(Clone, Copy, Debug)]
struct Family<'a> {
    name: &'a str,
    help: &'a str,
    unit: &'a str,
    metric_type: MetricType,
    /// The family's message from here on: metrics are taken from it one by one.
    rest: Reader<'a>,
}

/// What the next call gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Family,
    Help,
    Unit,
    Type,
    Metric,
    /// A series of the current metric.
    Part(Part),
}

/// The series of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Of a counter, a gauge, an untyped metric.
    Single,
    Native,
    Count,
    Sum,
    /// A bucket or quantile; the bucket behind the last is `+Inf`.
    Bound(usize),
}

impl<'a> ProtobufParser<'a> {
    pub fn new(body: &'a [u8], options: Options) -> ProtobufParser<'a> {
        let rest = Reader::new(&[]);
        ProtobufParser {
            body: Reader::new(body),
            len: body.len(),
            options,
            family: Family { name: "", help: "", unit: "", metric_type: MetricType::Unknown, rest },
            metric: Metric::default(),
            key: Vec::new(),
            step: Step::Family,
        }
    }

    /// As [`super::Parser::next`].
    #[allow(clippy::should_implement_trait)] // it lends
    pub fn next(&mut self) -> Result<Option<Entry<'_>>, ParseError> {
        loop {
            match self.step {
                Step::Family if self.body.is_empty() => return Ok(None),
                Step::Family => self.next_family().map_err(|reason| self.error(reason))?,
                Step::Help => {
                    self.step = if self.family.unit.is_empty() { Step::Type } else { Step::Unit };
                    let Family { name, help, .. } = self.family;
                    return Ok(Some(Entry::Help { family: name, help: Cow::Borrowed(help) }));
                }
                Step::Unit => {
                    self.step = Step::Type;
                    return Ok(Some(Entry::Unit { family: self.family.name, unit: self.family.unit }));
                }
                Step::Type => {
                    self.step = Step::Metric;
                    let Family { name, metric_type, .. } = self.family;
                    return Ok(Some(Entry::Type { family: name, metric_type }));
                }
                Step::Metric => self.next_metric().map_err(|reason| self.error(reason))?,
                Step::Part(part) => {
                    self.step = self.behind(part);
                    return Ok(Some(self.entry(part)));
                }
            }
        }
    }

    fn error(&self, reason: String) -> ParseError {
        let offset = self.len - self.body.rest.len();
        ParseError { line: 0, offset, series: self.metric.describe(self.family.name), reason }
    }

    /// Reads the head of the next family. One without metrics is passed over.
    fn next_family(&mut self) -> Result<(), String> {
        self.metric.clear();
        let message = self.body.bytes().map_err(|e| e.to_string())?;
        let mut family = Family {
            name: "",
            help: "",
            unit: "",
            metric_type: MetricType::Unknown,
            rest: Reader::new(message),
        };
        let (mut kind, mut metrics, mut help) = (0, 0, &[][..]);
        let mut reader = family.rest;
        while let Some((field, value)) = reader.field().map_err(|e| e.to_string())? {
            match field {
                1 => family.name = text(value, field, "metric name")?,
                2 => help = value.bytes(field).map_err(|e| e.to_string())?,
                3 => kind = value.uint(field).map_err(|e| e.to_string())?,
                4 => metrics += 1,
                5 => family.unit = text(value, field, "unit")?,
                _ => {}
            }
        }
        if metrics == 0 {
            return Ok(());
        }
        let quoted = Quoted(family.name.as_bytes());
        if family.name.is_empty() {
            return Err(format!("invalid metric name: {}", family.name));
        }
        family.help = std::str::from_utf8(help)
            .map_err(|_| format!("invalid help for metric {quoted}: {}", String::from_utf8_lossy(help)))?;
        family.metric_type =
            metric_type(kind).ok_or_else(|| format!("unknown metric type for metric {quoted}: {kind}"))?;
        check_unit(&family)?;
        self.family = family;
        self.step = Step::Help;
        Ok(())
    }

    /// Reads the next metric of the family, or turns to the next family.
    fn next_metric(&mut self) -> Result<(), String> {
        loop {
            let field = self.family.rest.field().map_err(|e| e.to_string())?;
            match field {
                None => {
                    self.step = Step::Family;
                    return Ok(());
                }
                Some((4, value)) => {
                    let message = value.bytes(4).map_err(|e| e.to_string())?;
                    self.metric.read(message, self.family.metric_type)?;
                    break;
                }
                Some(_) => {}
            }
        }
        let part = match self.family.metric_type {
            MetricType::Histogram | MetricType::GaugeHistogram => {
                let native = self.metric.is_native() && !self.options.ignore_native_histograms;
                if native { Part::Native } else { Part::Count }
            }
            MetricType::Summary => Part::Count,
            _ => Part::Single,
        };
        self.step = Step::Part(part);
        Ok(())
    }

    fn behind(&self, part: Part) -> Step {
        let is_summary = self.family.metric_type == MetricType::Summary;
        let next = match part {
            Part::Single => None,
            Part::Native => {
                let classic = self.options.keep_classic_histograms && self.metric.bounds() > 0;
                classic.then_some(Part::Count)
            }
            Part::Count => Some(Part::Sum),
            Part::Sum => (!is_summary || self.metric.bounds() > 0).then_some(Part::Bound(0)),
            Part::Bound(i) if is_summary => (i + 1 < self.metric.bounds()).then_some(Part::Bound(i + 1)),
            Part::Bound(i) => (!self.metric.is_last_bucket(i)).then_some(Part::Bound(i + 1)),
        };
        next.map_or(Step::Metric, Step::Part)
    }

    fn entry(&mut self, part: Part) -> Entry<'_> {
        self.metric.begin(part, self.family.name, self.family.metric_type);
        self.key.clear();
        self.metric.key_into(&mut self.key);
        let timestamp = self.metric.timestamp();
        let start_timestamp = self.metric.start_timestamp();
        let value = self.metric.value_of(part);
        let native = if part == Part::Native { self.metric.take_native() } else { None };
        let origin = Origin::Metric(&self.metric);
        match native {
            Some(histogram) => Entry::Histogram(HistogramSeries {
                bytes: &self.key,
                histogram,
                timestamp,
                start_timestamp,
                origin,
            }),
            None => Entry::Series(Series {
                bytes: &self.key,
                value: normal_nan(value),
                timestamp,
                start_timestamp,
                origin,
            }),
        }
    }
}

fn text<'a>(value: Value<'a>, field: u32, what: &str) -> Result<&'a str, String> {
    let raw = value.bytes(field).map_err(|e| e.to_string())?;
    std::str::from_utf8(raw).map_err(|_| format!("invalid {what}: {}", String::from_utf8_lossy(raw)))
}

fn metric_type(kind: u64) -> Option<MetricType> {
    Some(match kind {
        0 => MetricType::Counter,
        1 => MetricType::Gauge,
        2 => MetricType::Summary,
        3 => MetricType::Unknown,
        4 => MetricType::Histogram,
        5 => MetricType::GaugeHistogram,
        _ => return None,
    })
}

fn check_unit(family: &Family<'_>) -> Result<(), String> {
    let (unit, name) = (Quoted(family.unit.as_bytes()), Quoted(family.name.as_bytes()));
    match family.name.strip_suffix("_total") {
        Some(head) if family.metric_type == MetricType::Counter => {
            if is_unit_of(head, family.unit) {
                return Ok(());
            }
            Err(format!("unit {unit} not a suffix of counter {name}"))
        }
        _ if is_unit_of(family.name, family.unit) => Ok(()),
        _ => Err(format!("unit {unit} not a suffix of metric {name}")),
    }
}

#[cfg(test)]
mod tests;
