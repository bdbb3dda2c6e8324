//! Writing requests: what remote write out sends.

use super::histogram::{self, metric_type_number};
use super::request::Sample;
use crate::histogram::HistogramPoint;
use crate::proto::Writer;
use model::{Exemplar, Labels, Metadata, MetricType};
use std::collections::HashMap;

/// One series to send. Version 2 takes either samples or histograms in one: give them apart.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeSeries {
    pub labels: Labels,
    pub samples: Vec<Sample>,
    pub histograms: Vec<HistogramPoint>,
    pub exemplars: Vec<Exemplar>,
    /// Sent by version 2 only; version 1 takes families.
    pub metadata: Option<Metadata>,
}

/// A `prometheus.WriteRequest`, not yet packed. Start timestamps do not exist in version 1.
pub fn encode_v1(series: &[TimeSeries], families: &[(String, Metadata)]) -> Vec<u8> {
    let mut out = Writer::new();
    for series in series {
        out.message(1, |out| {
            pairs(out, &series.labels);
            for sample in &series.samples {
                out.message(2, |out| {
                    out.double_field(1, sample.value);
                    out.int_field(2, sample.timestamp);
                });
            }
            for exemplar in &series.exemplars {
                out.message(3, |out| {
                    pairs(out, &exemplar.labels);
                    out.double_field(2, exemplar.value);
                    out.int_field(3, exemplar.timestamp.unwrap_or(0));
                });
            }
            for point in &series.histograms {
                let point = HistogramPoint { start_timestamp: 0, ..point.clone() };
                out.message(4, |out| histogram::write(out, &point));
            }
        });
    }
    for (family, metadata) in families {
        out.message(3, |out| {
            out.uint_field(1, metric_type_number(metadata.metric_type));
            out.bytes_field(2, family.as_bytes());
            out.bytes_field(4, metadata.help.as_bytes());
            out.bytes_field(5, metadata.unit.as_bytes());
        });
    }
    out.out
}

/// The labels as version 1 and remote read spell them.
pub(super) fn pairs(out: &mut Writer, labels: &Labels) {
    for (name, value) in labels.iter() {
        out.message(1, |out| {
            out.bytes_field(1, name.as_bytes());
            out.bytes_field(2, value.as_bytes());
        });
    }
}

/// An `io.prometheus.write.v2.Request`, not yet packed.
pub fn encode_v2(series: &[TimeSeries]) -> Vec<u8> {
    let mut symbols = Symbols::new();
    let mut body = Writer::new();
    for series in series {
        let refs = symbols.labels(&series.labels);
        body.message(5, |out| {
            out.packed_uint(1, refs.iter().copied());
            for sample in &series.samples {
                out.message(2, |out| {
                    out.double_field(1, sample.value);
                    out.int_field(2, sample.timestamp);
                    out.int_field(3, sample.start_timestamp);
                });
            }
            for point in &series.histograms {
                out.message(3, |out| histogram::write(out, point));
            }
            for exemplar in &series.exemplars {
                let refs = symbols.labels(&exemplar.labels);
                out.message(4, |out| {
                    out.packed_uint(1, refs.iter().copied());
                    out.double_field(2, exemplar.value);
                    out.int_field(3, exemplar.timestamp.unwrap_or(0));
                });
            }
            if let Some(metadata) = series.metadata.as_ref().filter(|m| says_something(m)) {
                let (help, unit) = (symbols.get(&metadata.help), symbols.get(&metadata.unit));
                out.message(5, |out| {
                    out.uint_field(1, metric_type_number(metadata.metric_type));
                    out.uint_field(3, help);
                    out.uint_field(4, unit);
                });
            }
        });
    }
    let mut out = Writer::new();
    symbols.list.iter().for_each(|symbol| out.bytes(4, symbol.as_bytes()));
    out.out.extend_from_slice(&body.out);
    out.out
}

fn says_something(metadata: &Metadata) -> bool {
    metadata.metric_type != MetricType::Unknown || !metadata.help.is_empty() || !metadata.unit.is_empty()
}

/// The table of strings. The first is empty: the specification asks for it.
struct Symbols<'a> {
    list: Vec<&'a str>,
    places: HashMap<&'a str, u64>,
}

impl<'a> Symbols<'a> {
    fn new() -> Symbols<'a> {
        Symbols { list: vec![""], places: HashMap::from([("", 0)]) }
    }

    fn get(&mut self, text: &'a str) -> u64 {
        *self.places.entry(text).or_insert_with(|| {
            self.list.push(text);
            self.list.len() as u64 - 1
        })
    }

    fn labels(&mut self, labels: &'a Labels) -> Vec<u64> {
        labels.iter().flat_map(|(name, value)| [self.get(name), self.get(value)]).collect()
    }
}
