//! `prometheus.WriteRequest`: labels spelled out with every series.
//!
//! This is the hottest decoder of the product. The labels of a series are stepped over, not read: what lies between
//! the first and the last is hashed as it is. They stand together in all encoders we know; where they do not, they
//! are gathered first, so that the key is the same.

use super::histogram;
use super::labels::{self, Names, SeriesError};
use super::request::{FamilyMetadata, Item, Message, Range, Sample, Scratch, Series};
use crate::proto::{ProtoError, Reader as Fields};
use model::{Exemplar, MetricType};
use xxhash_rust::xxh3::xxh3_128;

/// The tag of `TimeSeries.labels`: field 1, length-delimited.
const LABEL: u8 = 0x0a;
/// The tags of `Sample.value` and `Sample.timestamp`.
const VALUE: u8 = 0x09;
const TIMESTAMP: u8 = 0x10;

/// Reads the series and metadata of a request.
pub struct Reader<'a, 's> {
    request: &'a [u8],
    rest: Fields<'a>,
    scratch: &'s mut Scratch,
}

impl<'a, 's> Reader<'a, 's> {
    pub fn new(request: &'a [u8], scratch: &'s mut Scratch) -> Reader<'a, 's> {
        Reader { request, rest: Fields::new(request), scratch }
    }

    /// As [`super::Request::next`].
    #[allow(clippy::should_implement_trait)] // it lends
    pub fn next(&mut self) -> Result<Option<Item<'_>>, ProtoError> {
        while let Some((field, value)) = self.rest.field()? {
            match field {
                1 => return self.series(value.bytes(field)?).map(|series| Some(Item::Series(series))),
                3 => return read_metadata(value.bytes(field)?).map(|m| Some(Item::Metadata(m))),
                _ => {}
            }
        }
        Ok(None)
    }

    fn series(&mut self, message: &'a [u8]) -> Result<Series<'_>, ProtoError> {
        let scratch = &mut *self.scratch;
        scratch.samples.clear();
        scratch.histograms.clear();
        scratch.exemplars.clear();
        scratch.scattered.clear();
        let labels_end = skip_labels(message)?;
        let together = &message[..labels_end];
        let mut fields = Fields::new(&message[labels_end..]);
        loop {
            let before = fields.rest;
            let Some((field, value)) = fields.field()? else { break };
            match field {
                1 => {
                    value.bytes(field)?;
                    if scratch.scattered.is_empty() {
                        scratch.scattered.extend_from_slice(together);
                    }
                    scratch.scattered.extend_from_slice(&before[..before.len() - fields.rest.len()]);
                }
                2 => scratch.samples.push(read_sample(value.bytes(field)?)?),
                3 => scratch.exemplars.push(Range::of(self.request, value.bytes(field)?)),
                4 => scratch.histograms.push(Range::of(self.request, value.bytes(field)?)),
                _ => {}
            }
        }
        let names = if scratch.scattered.is_empty() { together } else { &scratch.scattered };
        Ok(Series {
            key: Some(xxh3_128(names)),
            samples: &scratch.samples,
            message: Message::V1,
            request: self.request,
            names: Names::Messages(names),
            histograms: &scratch.histograms,
            exemplars: &scratch.exemplars,
            metadata: None,
            start_timestamp: 0,
            allowance: None,
        })
    }
}

/// Where the labels at the beginning of a series end. Each is checked to be whole, and no more.
#[inline]
fn skip_labels(message: &[u8]) -> Result<usize, ProtoError> {
    let mut at = 0;
    while let Some(&[tag, len]) = message.get(at..).and_then(<[u8]>::first_chunk) {
        if tag != LABEL {
            break;
        }
        if len < 0x80 {
            at += 2 + len as usize;
            continue;
        }
        let mut fields = Fields::new(&message[at + 1..]);
        fields.bytes()?;
        at = message.len() - fields.rest.len();
    }
    if at > message.len() { Err(ProtoError::Truncated) } else { Ok(at) }
}

/// A `Sample` message, of version 2 as well.
#[inline]
pub(super) fn read_sample(message: &[u8]) -> Result<Sample, ProtoError> {
    let mut sample = Sample { timestamp: 0, value: 0.0, start_timestamp: 0 };
    let mut fields = Fields::new(message);
    // What encoders write, field by field in order: a double and a varint.
    if let Some((&[VALUE, ref bits @ .., TIMESTAMP], rest)) = message.split_first_chunk::<10>() {
        let mut value = [0; 8];
        value.copy_from_slice(bits);
        sample.value = f64::from_le_bytes(value);
        fields.rest = rest;
        sample.timestamp = fields.varint()? as i64;
        if fields.is_empty() {
            return Ok(sample);
        }
    }
    while let Some((field, value)) = fields.field()? {
        match field {
            1 => sample.value = value.double(field)?,
            2 => sample.timestamp = value.int(field)?,
            3 => sample.start_timestamp = value.int(field)?,
            _ => {}
        }
    }
    Ok(sample)
}

pub(super) fn read_exemplar(message: &[u8]) -> Result<Result<Exemplar, SeriesError>, ProtoError> {
    let mut exemplar = Exemplar { labels: model::Labels::empty(), value: 0.0, timestamp: None };
    let mut pairs = Vec::new();
    let mut fields = Fields::new(message);
    loop {
        let before = fields.rest;
        let Some((field, value)) = fields.field()? else { break };
        match field {
            1 => {
                value.bytes(field)?;
                pairs.extend_from_slice(&before[..before.len() - fields.rest.len()]);
            }
            2 => exemplar.value = value.double(field)?,
            3 => exemplar.timestamp = Some(value.int(field)?),
            _ => {}
        }
    }
    Ok(labels::read_exemplar(&Names::Messages(&pairs)).map(|labels| Exemplar { labels, ..exemplar }))
}

fn read_metadata(message: &[u8]) -> Result<FamilyMetadata<'_>, ProtoError> {
    let mut metadata = FamilyMetadata { family: "", metric_type: MetricType::Unknown, help: "", unit: "" };
    let utf8 = |bytes, field| std::str::from_utf8(bytes).map_err(|_| ProtoError::Utf8 { field });
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.field()? {
        match field {
            1 => metadata.metric_type = histogram::metric_type(value.uint(field)?),
            2 => metadata.family = utf8(value.bytes(field)?, "metric_family_name")?,
            4 => metadata.help = utf8(value.bytes(field)?, "help")?,
            5 => metadata.unit = utf8(value.bytes(field)?, "unit")?,
            _ => {}
        }
    }
    Ok(metadata)
}

#[cfg(test)]
pub(super) mod tests;
