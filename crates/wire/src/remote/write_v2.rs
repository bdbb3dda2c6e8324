//! `io.prometheus.write.v2.Request`: strings once, in a table, and references to them.
//!
//! A first pass over the request finds the table and hashes each string once. The key of a series is a hash over the
//! hashes of its strings: it depends on the strings and not on their places in the table, which change from request
//! to request.

use super::histogram;
use super::labels::{self, Allowance, Names, SeriesError};
use super::request::{Message, Range, Scratch, Series};
use super::write_v1::read_sample;
use crate::proto::{ProtoError, Reader as Fields, Value, Writer};
use model::{Exemplar, Labels, Metadata, MetricType};
use xxhash_rust::xxh3::xxh3_128;

/// A longer help or unit is left out: the longest of real exporters have a few kilobytes.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// The tag of `TimeSeries.labels_refs`: field 1, packed.
const REFS: u8 = 0x0a;
/// Odd, and one more than twice an odd number: strings that change places lose one bit of the sum, not more.
const KEY_MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c13;

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
        scratch.allowance = Allowance::new(request.len());
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
        scratch.scattered.clear();
        let (mut metadata, mut start_timestamp) = (None, 0);
        let mut fields = Fields::new(message);
        // Packed and first: what encoders write.
        let together = if message.first() == Some(&REFS) {
            fields.rest = &message[1..];
            fields.bytes()?
        } else {
            &[]
        };
        while let Some((field, value)) = fields.field()? {
            match field {
                1 => gather_refs(&mut scratch.scattered, together, value)?,
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
        let refs = if scratch.scattered.is_empty() { together } else { &scratch.scattered };
        let key = key(refs, &scratch.symbol_hashes)?;
        Ok(Series {
            key,
            samples: &scratch.samples,
            message: Message::V2,
            request: self.request,
            names: Names::Symbols { refs, symbols: &scratch.symbols, request: self.request },
            histograms: &scratch.histograms,
            exemplars: &scratch.exemplars,
            metadata,
            start_timestamp,
            allowance: Some(&scratch.allowance),
        })
    }
}

/// Two polynomials over the two halves of the strings' hashes. The hashes are as good as random, so that two lists of
/// strings meet in both sums by chance only: about 2^-120 for a pair of lists, whatever the multiplier, as long as it
/// is odd.
fn key(refs: &[u8], hashes: &[u128]) -> Result<Option<u128>, ProtoError> {
    let (mut low, mut high, mut count) = (0u64, 0u64, 0u64);
    let mut refs = Fields::new(refs);
    let mut known = true;
    while !refs.is_empty() {
        let i = refs.varint()?;
        let Some(hash) = usize::try_from(i).ok().and_then(|i| hashes.get(i)) else {
            known = false;
            continue;
        };
        low = low.wrapping_mul(KEY_MULTIPLIER).wrapping_add(*hash as u64);
        high = high.wrapping_mul(KEY_MULTIPLIER).wrapping_add((*hash >> 64) as u64);
        count += 1;
    }
    Ok((known && count.is_multiple_of(2))
        .then_some(u128::from(high) << 64 | u128::from(low.wrapping_add(count))))
}

/// Puts references that do not stand together behind those that came first.
fn gather_refs(scattered: &mut Vec<u8>, together: &[u8], value: Value<'_>) -> Result<(), ProtoError> {
    if scattered.is_empty() {
        scattered.extend_from_slice(together);
    }
    let mut out = Writer { out: std::mem::take(scattered) };
    let result = value.repeated_varint(1, |i| out.varint(i));
    *scattered = out.out;
    result
}

pub(super) fn read_exemplar(
    message: &[u8],
    names: &Names<'_>,
) -> Result<Result<Exemplar, SeriesError>, ProtoError> {
    let mut exemplar = Exemplar { labels: Labels::empty(), value: 0.0, timestamp: None };
    let mut refs = Writer::new();
    let mut fields = Fields::new(message);
    while let Some((field, value)) = fields.field()? {
        match field {
            1 => value.repeated_varint(field, |i| refs.varint(i))?,
            2 => exemplar.value = value.double(field)?,
            3 => exemplar.timestamp = Some(value.int(field)?),
            _ => {}
        }
    }
    let Names::Symbols { symbols, request, .. } = *names else {
        return Ok(Ok(exemplar)); // the series of a version 2 request always has symbols
    };
    let names = Names::Symbols { refs: &refs.out, symbols, request };
    Ok(labels::read_exemplar(&names).map(|labels| Exemplar { labels, ..exemplar }))
}

/// `None` when it says nothing. References outside of the table, and texts that are too long or repeated too
/// often in the request, are empty: metadata never costs a sample.
pub(super) fn read_metadata(
    message: &[u8],
    names: &Names<'_>,
    allowance: Option<&Allowance>,
) -> Result<Option<Metadata>, ProtoError> {
    let Names::Symbols { symbols, request, .. } = *names else { return Ok(None) };
    let text = |i: u64| {
        let range = usize::try_from(i).ok().and_then(|i| symbols.get(i));
        let bytes = range.map_or(&[][..], |r| r.get(request));
        let fits = bytes.len() <= TEXT_BYTES_MAX && allowance.is_none_or(|a| a.take(bytes.len()));
        if fits { String::from_utf8_lossy(bytes).into_owned() } else { String::new() }
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
