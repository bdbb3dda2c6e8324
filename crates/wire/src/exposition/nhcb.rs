//! Classic histograms as native ones with custom buckets, on the way from the parser to the scraper.
//!
//! The series of one classic histogram stand together; they are collected until something else comes, and then
//! given as one histogram. A histogram that is native already stays as it is. Not a hot path: entries are owned.

use super::Parser;
use super::entry::{Entry, HistogramSeries, Origin, ParseError, Series};
use crate::histogram::{NativeHistogram, compact_float, compact_integer};
use crate::number::{normal_nan, parse_float};
use model::histogram::CUSTOM_BUCKETS_SCHEMA;
use model::{Exemplar, FloatHistogram, Histogram, Labels, METRIC_NAME, MetricType, Span};
use std::borrow::Cow;
use std::collections::VecDeque;

/// Wraps a parser.
pub struct Converter<'a> {
    inner: Parser<'a>,
    /// Give the classic series too.
    keep_classic: bool,
    family: String,
    metric_type: MetricType,
    collecting: Option<Collected>,
    /// Labels of the last native histogram: its classic series must not be converted again.
    native: Option<Labels>,
    /// What is to be given before the inner parser is asked again; the first is lent last.
    ready: VecDeque<Owned>,
    lent: Option<Owned>,
    done: bool,
}

/// A classic histogram so far.
struct Collected {
    /// Without `le`, under the family's name.
    labels: Labels,
    timestamp: Option<i64>,
    start_timestamp: i64,
    /// Ascending by bound, each bound once.
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
    exemplars: Vec<Exemplar>,
    /// Counts that fall, or are negative: no histogram can be made of them.
    broken: bool,
}

/// An entry that does not borrow from the inner parser.
enum Owned {
    Series {
        bytes: Vec<u8>,
        labels: Labels,
        value: f64,
        timestamp: Option<i64>,
        start: i64,
        exemplars: Vec<Exemplar>,
    },
    Histogram {
        bytes: Vec<u8>,
        labels: Labels,
        histogram: NativeHistogram,
        timestamp: Option<i64>,
        start: i64,
        exemplars: Vec<Exemplar>,
    },
    Type {
        family: String,
        metric_type: MetricType,
    },
    Help {
        family: String,
        help: String,
    },
    Unit {
        family: String,
        unit: String,
    },
    Comment(Vec<u8>),
}

impl<'a> Converter<'a> {
    pub fn new(inner: Parser<'a>, keep_classic: bool) -> Converter<'a> {
        Converter {
            inner,
            keep_classic,
            family: String::new(),
            metric_type: MetricType::Unknown,
            collecting: None,
            native: None,
            ready: VecDeque::new(),
            lent: None,
            done: false,
        }
    }

    /// As [`super::Parser::next`].
    #[allow(clippy::should_implement_trait)] // it lends
    pub fn next(&mut self) -> Result<Option<Entry<'_>>, ParseError> {
        while self.ready.is_empty() && !self.done {
            let owned = match self.inner.next()? {
                Some(entry) => Some(own(entry)?),
                None => None,
            };
            match owned {
                Some(entry) => self.take(entry),
                None => {
                    self.finish();
                    self.done = true;
                }
            }
        }
        self.lent = self.ready.pop_front();
        Ok(self.lent.as_ref().map(lend))
    }

    fn take(&mut self, entry: Owned) {
        if let Owned::Series { labels, value, timestamp, start, exemplars, .. } = &entry
            && let Some((base, part)) = self.classic_part(labels)
        {
            if self.collecting.as_ref().is_none_or(|c| c.labels != base) {
                self.finish();
            }
            if self.native.as_ref() != Some(&base) {
                let collected =
                    self.collecting.get_or_insert_with(|| Collected::new(base, *timestamp, *start));
                collected.add(part, *value, exemplars);
                if self.keep_classic {
                    self.ready.push_back(entry);
                }
                return;
            }
            self.ready.push_back(entry);
            return;
        }
        self.finish();
        match &entry {
            Owned::Histogram { labels, .. } => self.native = Some(labels.clone()),
            Owned::Type { family, metric_type } => {
                self.family.clone_from(family);
                self.metric_type = *metric_type;
            }
            _ => {}
        }
        self.ready.push_back(entry);
    }

    /// The histogram that a series belongs to, and what it says of it.
    fn classic_part(&self, labels: &Labels) -> Option<(Labels, Part)> {
        if self.metric_type != MetricType::Histogram {
            return None;
        }
        let part = match labels.metric_name().strip_prefix(self.family.as_str())? {
            "_bucket" => {
                let bound = parse_float(labels.get("le")?.as_bytes()).ok().filter(|b| !b.is_nan())?;
                Part::Bucket(bound)
            }
            "_count" => Part::Count,
            "_sum" => Part::Sum,
            _ => return None,
        };
        let mut base = labels.to_builder();
        base.set(METRIC_NAME, &self.family).remove("le");
        Some((base.build(), part))
    }

    /// Gives what was collected.
    fn finish(&mut self) {
        let Some(collected) = self.collecting.take() else { return };
        let Some(histogram) = collected.histogram() else { return };
        let Collected { labels, timestamp, start_timestamp: start, exemplars, .. } = collected;
        let bytes = labels.to_string().into_bytes();
        self.ready.push_back(Owned::Histogram { bytes, labels, histogram, timestamp, start, exemplars });
    }
}

#[derive(Clone, Copy)]
enum Part {
    Bucket(f64),
    Count,
    Sum,
}

impl Collected {
    fn new(labels: Labels, timestamp: Option<i64>, start_timestamp: i64) -> Collected {
        Collected {
            labels,
            timestamp,
            start_timestamp,
            buckets: Vec::new(),
            count: None,
            sum: 0.0,
            exemplars: Vec::new(),
            broken: false,
        }
    }

    fn add(&mut self, part: Part, value: f64, exemplars: &[Exemplar]) {
        self.exemplars.extend_from_slice(exemplars);
        match part {
            Part::Sum => self.sum = value,
            _ if value < 0.0 || value.is_nan() => self.broken = true,
            Part::Count => self.count = Some(value),
            Part::Bucket(bound) => {
                let at = self.buckets.partition_point(|(b, _)| *b < bound);
                if self.buckets.get(at).is_some_and(|(b, _)| *b == bound) {
                    return; // a repeated line says nothing new
                }
                let falls = at > 0 && value < self.buckets[at - 1].1;
                self.broken |= falls || self.buckets.get(at).is_some_and(|(_, count)| value > *count);
                self.buckets.insert(at, (bound, value));
            }
        }
    }

    /// `None` when the parts contradict each other.
    fn histogram(&self) -> Option<NativeHistogram> {
        let count = self.count.or(self.buckets.last().map(|(_, count)| *count))?;
        let mut buckets = self.buckets.clone();
        if buckets.last().is_none_or(|(bound, _)| *bound != f64::INFINITY) {
            buckets.push((f64::INFINITY, count));
        }
        let last = buckets[buckets.len() - 1].1;
        if self.broken || last != count || buckets.windows(2).any(|w| w[0].1 > w[1].1) {
            return None;
        }
        let custom_values = buckets[..buckets.len() - 1].iter().map(|(bound, _)| *bound).collect();
        let positive_spans = vec![Span { offset: 0, length: buckets.len() as u32 }];
        let mut previous = 0.0;
        let absolute: Vec<f64> =
            buckets.iter().map(|(_, count)| count - std::mem::replace(&mut previous, *count)).collect();
        // Whole numbers that a double holds exactly.
        let whole = |v: f64| v.fract() == 0.0 && v <= (1u64 << 53) as f64;
        if buckets.iter().all(|(_, count)| whole(*count)) {
            let mut previous = 0i64;
            let deltas = absolute.iter().map(|c| *c as i64 - std::mem::replace(&mut previous, *c as i64));
            let mut histogram = Histogram {
                schema: CUSTOM_BUCKETS_SCHEMA,
                count: count as u64,
                sum: self.sum,
                positive_spans,
                positive_deltas: deltas.collect(),
                custom_values,
                ..Histogram::default()
            };
            compact_integer(&mut histogram, 2);
            return Some(NativeHistogram::Integer(histogram));
        }
        let mut histogram = FloatHistogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            count,
            sum: self.sum,
            positive_spans,
            positive_buckets: absolute,
            custom_values,
            ..FloatHistogram::default()
        };
        compact_float(&mut histogram, 0);
        Some(NativeHistogram::Float(histogram))
    }
}

fn own(entry: Entry<'_>) -> Result<Owned, ParseError> {
    Ok(match entry {
        Entry::Series(series) => {
            let mut exemplars = Vec::new();
            series.exemplars_into(&mut exemplars);
            Owned::Series {
                bytes: series.bytes.to_vec(),
                labels: series.labels()?,
                value: normal_nan(series.value),
                timestamp: series.timestamp,
                start: series.start_timestamp,
                exemplars,
            }
        }
        Entry::Histogram(series) => {
            let mut exemplars = Vec::new();
            series.exemplars_into(&mut exemplars);
            Owned::Histogram {
                bytes: series.bytes.to_vec(),
                labels: series.labels()?,
                timestamp: series.timestamp,
                start: series.start_timestamp,
                exemplars,
                histogram: series.histogram,
            }
        }
        Entry::Type { family, metric_type } => Owned::Type { family: family.to_owned(), metric_type },
        Entry::Help { family, help } => Owned::Help { family: family.to_owned(), help: help.into_owned() },
        Entry::Unit { family, unit } => Owned::Unit { family: family.to_owned(), unit: unit.to_owned() },
        Entry::Comment(text) => Owned::Comment(text.to_vec()),
    })
}

fn lend(owned: &Owned) -> Entry<'_> {
    match owned {
        Owned::Series { bytes, labels, value, timestamp, start, exemplars } => Entry::Series(Series {
            bytes,
            value: *value,
            timestamp: *timestamp,
            start_timestamp: *start,
            origin: Origin::Owned { labels, exemplars },
        }),
        Owned::Histogram { bytes, labels, histogram, timestamp, start, exemplars } => {
            Entry::Histogram(HistogramSeries {
                bytes,
                histogram: histogram.clone(),
                timestamp: *timestamp,
                start_timestamp: *start,
                origin: Origin::Owned { labels, exemplars },
            })
        }
        Owned::Type { family, metric_type } => Entry::Type { family, metric_type: *metric_type },
        Owned::Help { family, help } => Entry::Help { family, help: Cow::Borrowed(help) },
        Owned::Unit { family, unit } => Entry::Unit { family, unit },
        Owned::Comment(text) => Entry::Comment(text),
    }
}

#[cfg(test)]
mod tests;
