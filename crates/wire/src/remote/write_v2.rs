//! `io.prometheus.write.v2.Request`: strings once, in a table, and references to them.
//!
//! A first pass over the request finds the table and hashes each string once. The key of a series is a hash over the
//! hashes of its strings: it depends on the strings and not on their places in the table, which change from request
//! to request.

use super::histogram;
use super::labels::{self, Names, SeriesError};
use super::request::{Message, Range, Scratch, Series};
use super::write_v1::read_sample;
use crate::proto::{ProtoError, Reader as Fields};
use model::{Exemplar, Labels, Metadata, MetricType};
use xxhash_rust::xxh3::xxh3_128;

/// Reads the series of a request.
pub struct Reader<'a, 's> {
    request: &'a [u8],
    rest: Fields<'a>,
    scratch: &'s mut Scratch,
}

impl<'a, 's> Reader<'a, 's> {
    pub fn new(request: &'a [u8], scratch: &'s mut Scratch) -> Result<Reader<'a, 's>, ProtoError> {
        scratch.symbols.clear();
        scratch.symbol_hashes.clear();
        let mut fields = Fields::new(request);
        while let Some((field, value)) = fields.field()? {
            if field == 4 {
                let symbol = value.bytes(field)?;
                scratch.symbols.push(Range::of(request, symbol));
                scratch.symbol_hashes.push(xxh3_128(symbol));
            }
        }
        Ok(Reader { request, rest: Fields::new(request), scratch })
    }

    /// As [`super::Request::next`].
    #[allow(clippy::should_implement_trait)] // it lends
    pub fn next(&mut self) -> Result<Option<Series<'_>>, ProtoError> {
        while let Some((field, value)) = self.rest.field()? {
            if field == 5 {
                return self.series(value.bytes(field)?).map(Some);
            }
        }
        Ok(None)
    }

    fn series(&mut self, message: &'a [u8]) -> Result<Series<'_>, ProtoError> {
        let scratch = &mut *self.scratch;
        scratch.samples.clear();
        scratch.histograms.clear();
        scratch.exemplars.clear();
        scratch.refs.clear();
        let (mut metadata, mut start_timestamp) = (None, 0);
        let mut fields = Fields::new(message);
        while let Some((field, value)) = fields.field()? {
            match field {
                // Too large a reference is outside of any table, and is told so when the labels are read.
                1 => value
                    .repeated_varint(field, |v| scratch.refs.push(u32::try_from(v).unwrap_or(u32::MAX)))?,
                2 => scratch.samples.push(read_sample(value.bytes(field)?)?),
                3 => scratch.histograms.push(Range::of(self.request, value.bytes(field)?)),
                4 => scratch.exemplars.push(Range::of(self.request, value.bytes(field)?)),
                5 => metadata = Some(value.bytes(field)?),
                6 => start_timestamp = value.int(field)?,
                _ => {}
            }
        }
        if start_timestamp != 0 {
            for sample in scratch.samples.iter_mut().filter(|s| s.start_timestamp == 0) {
                sample.start_timestamp = start_timestamp;
            }
        }
        let key = key(&scratch.refs, &scratch.symbol_hashes, &mut scratch.ref_hashes);
        Ok(Series {
            key,
            samples: &scratch.samples,
            message: Message::V2,
            request: self.request,
            names: Names::Symbols { refs: &scratch.refs, symbols: &scratch.symbols, request: self.request },
            histograms: &scratch.histograms,
            exemplars: &scratch.exemplars,
            metadata,
            start_timestamp,
        })
    }
}

fn key(refs: &[u32], hashes: &[u128], bytes: &mut Vec<u8>) -> Option<u128> {
    bytes.clear();
    for i in refs {
        bytes.extend_from_slice(&hashes.get(*i as usize)?.to_le_bytes());
    }
    refs.len().is_multiple_of(2).then(|| xxh3_128(bytes))
}

pub(super) fn read_exemplar(
    message: &[u8],
    names: &Names<'_>,
) -> Result<Result<Exemplar, SeriesError>, ProtoError> {
    let mut exemplar = Exemplar { labels: Labels::empty(), value: 0.0, timestamp: None };
    let mut refs = Vec::new();
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.field()? {
        match field {
            1 => value.repeated_varint(field, |v| refs.push(u32::try_from(v).unwrap_or(u32::MAX)))?,
            2 => exemplar.value = value.double(field)?,
            3 => exemplar.timestamp = Some(value.int(field)?),
            _ => {}
        }
    }
    let Names::Symbols { symbols, request, .. } = *names else {
        return Ok(Ok(exemplar)); // the series of a version 2 request always has symbols
    };
    let names = Names::Symbols { refs: &refs, symbols, request };
    Ok(labels::read_exemplar(&names).map(|labels| Exemplar { labels, ..exemplar }))
}

/// `None` when it says nothing. References outside of the table are empty texts: metadata never costs a sample.
pub(super) fn read_metadata(message: &[u8], names: &Names<'_>) -> Result<Option<Metadata>, ProtoError> {
    let Names::Symbols { symbols, request, .. } = *names else { return Ok(None) };
    let text = |i: u64| {
        let range = usize::try_from(i).ok().and_then(|i| symbols.get(i));
        range.map_or(String::new(), |r| String::from_utf8_lossy(r.get(request)).into_owned())
    };
    let mut metadata = Metadata::default();
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.field()? {
        match field {
            1 => metadata.metric_type = histogram::metric_type(value.uint(field)?),
            3 => metadata.help = text(value.uint(field)?),
            4 => metadata.unit = text(value.uint(field)?),
            _ => {}
        }
    }
    let says_nothing =
        metadata.metric_type == MetricType::Unknown && metadata.help.is_empty() && metadata.unit.is_empty();
    Ok((!says_nothing).then_some(metadata))
}

#[cfg(test)]
mod tests;
