//! What a batch looks like in the log.
//!
//! A record is a list of sections, `tag length[4] bytes`. It stands alone: whoever reads it needs nothing but the
//! *definitions* (slot and labels) that came before it in the same segment. The writer sees to it that every segment defines
//! the series it speaks of, so that a damaged segment harms no other.
//!
//! ```text
//! D  definitions   raw length, then zstd of (slot, labels)…   plain when that is not shorter: raw length 0; several when long
//! L  late          nothing: samples of this record may come out of order
//! F  floats        columns of slots, times, values: see `batch/floats.rs`
//! S  starts        (place in F, start of the count)…
//! H  histograms    (slot, time, start, histogram)…
//! E  exemplars     (slot, labels, value, time)…
//! C  exemplars     (labels of the series, labels, value, time)…   carried over a flush
//! M  metadata      (family, type, help, unit)…
//! X  deletions     first time, last time, slots…
//! ```

mod floats;

use crate::bytes::{
    put_bytes, put_f64, put_varint, put_zigzag, take_bytes, take_f64, take_str, take_varint, take_zigzag,
};
use crate::histogram::{put_histogram, take_histogram};
pub(crate) use floats::FloatColumns;
use model::{Exemplar, FloatHistogram, Labels, Metadata, MetricType};
use std::sync::Arc;

/// Definitions shorter than this are not worth the compressor's start.
const COMPRESS_MIN_BYTES: usize = 512;
const COMPRESS_LEVEL: i32 = 1;
/// A section of definitions ends when it has this much raw: the reader needs the room in memory, one section at a time.
const DEFINITIONS_BYTES: usize = 16 << 20;
/// No section has more, and none is read that says so: the last labels of a section begin before `DEFINITIONS_BYTES` and
/// are no longer than `LABELS_BYTES_MAX`; earlier sections held a whole batch.
const DEFINITIONS_BYTES_MAX: usize = 1 << 30;
/// Labels of all series that one batch asks for by labels; so also those of one series. A million series of 256 bytes:
/// with them, a record stays far below the 4 GiB that its length can say.
pub(crate) const LABELS_BYTES_MAX: usize = 256 << 20;
const _: () = assert!(DEFINITIONS_BYTES + LABELS_BYTES_MAX + 32 <= DEFINITIONS_BYTES_MAX);

/// A float on its way. 24 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FloatEntry {
    pub slot: u32,
    pub generation: u32,
    pub t: i64,
    pub value: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct HistogramEntry {
    pub slot: u32,
    pub generation: u32,
    pub t: i64,
    pub start: i64,
    pub histogram: Arc<FloatHistogram>,
}

#[derive(Clone, Debug)]
pub(crate) struct ExemplarEntry {
    pub slot: u32,
    pub generation: u32,
    pub exemplar: Exemplar,
}

/// Everything one appender collects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub floats: Vec<FloatEntry>,
    /// Place in `floats`, and the start of its count; ascending by place.
    pub starts: Vec<(u32, i64)>,
    pub histograms: Vec<HistogramEntry>,
    pub exemplars: Vec<ExemplarEntry>,
    pub metadata: Vec<(String, Metadata)>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.floats.is_empty()
            && self.histograms.is_empty()
            && self.exemplars.is_empty()
            && self.metadata.is_empty()
    }

    pub fn clear(&mut self) {
        self.floats.clear();
        self.starts.clear();
        self.histograms.clear();
        self.exemplars.clear();
        self.metadata.clear();
    }

    /// Appends its sections to a record. `late` says whether samples may come out of order: a replay must judge
    /// what met another sample as it was judged the first time.
    pub fn put(&self, late: bool, out: &mut Vec<u8>) {
        if late {
            section(out, b'L', |_| {});
        }
        if !self.floats.is_empty() {
            section(out, b'F', |out| floats::put(&self.floats, out));
        }
        if !self.starts.is_empty() {
            section(out, b'S', |out| {
                for (place, start) in &self.starts {
                    put_varint(out, *place as u64);
                    put_zigzag(out, *start);
                }
            });
        }
        if !self.histograms.is_empty() {
            section(out, b'H', |out| {
                for h in &self.histograms {
                    put_varint(out, h.slot as u64);
                    put_zigzag(out, h.t);
                    put_zigzag(out, h.start);
                    put_histogram(out, &h.histogram, None);
                }
            });
        }
        if !self.exemplars.is_empty() {
            section(out, b'E', |out| {
                for e in &self.exemplars {
                    put_varint(out, e.slot as u64);
                    put_exemplar(out, &e.exemplar);
                }
            });
        }
        put_metadata(out, self.metadata.iter().map(|(f, m)| (f.as_str(), m)));
    }
}

fn section(out: &mut Vec<u8>, tag: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    fill(out);
    // A record with a section that is too long for its length is itself too long: the log refuses it.
    let length = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    out[at..at + 4].copy_from_slice(&length.to_le_bytes());
}

/// Appends the definitions of series.
pub(crate) fn put_definitions(out: &mut Vec<u8>, definitions: &[(u32, Labels)]) {
    let mut raw = Vec::with_capacity((definitions.len() * 128).min(DEFINITIONS_BYTES));
    for (slot, labels) in definitions {
        put_varint(&mut raw, *slot as u64);
        put_bytes(&mut raw, labels.as_bytes());
        if raw.len() >= DEFINITIONS_BYTES {
            put_raw_definitions(out, &raw);
            raw.clear();
        }
    }
    if !raw.is_empty() {
        put_raw_definitions(out, &raw);
    }
}

fn put_raw_definitions(out: &mut Vec<u8>, raw: &[u8]) {
    debug_assert!(raw.len() <= DEFINITIONS_BYTES_MAX);
    let compressed = (raw.len() >= COMPRESS_MIN_BYTES)
        .then(|| zstd::bulk::compress(raw, COMPRESS_LEVEL).ok())
        .flatten()
        .filter(|c| c.len() < raw.len());
    section(out, b'D', |out| match compressed {
        Some(bytes) => {
            put_varint(out, raw.len() as u64);
            out.extend_from_slice(&bytes);
        }
        None => {
            put_varint(out, 0);
            out.extend_from_slice(raw);
        }
    });
}

pub(crate) fn put_metadata<'a>(
    out: &mut Vec<u8>,
    metadata: impl ExactSizeIterator<Item = (&'a str, &'a Metadata)>,
) {
    if metadata.len() == 0 {
        return;
    }
    section(out, b'M', |out| {
        for (family, m) in metadata {
            put_bytes(out, family.as_bytes());
            put_bytes(out, m.metric_type.as_str().as_bytes());
            put_bytes(out, m.help.as_bytes());
            put_bytes(out, m.unit.as_bytes());
        }
    });
}

/// Exemplars that are carried over a flush, each with the labels of its series.
pub(crate) fn put_carried<'a>(
    out: &mut Vec<u8>,
    exemplars: impl ExactSizeIterator<Item = (&'a Labels, &'a Exemplar)>,
) {
    if exemplars.len() == 0 {
        return;
    }
    section(out, b'C', |out| {
        for (labels, exemplar) in exemplars {
            put_bytes(out, labels.as_bytes());
            put_exemplar(out, exemplar);
        }
    });
}

pub(crate) fn put_deletion(out: &mut Vec<u8>, slots: &[u32], min_ms: i64, max_ms: i64) {
    section(out, b'X', |out| {
        put_zigzag(out, min_ms);
        put_zigzag(out, max_ms);
        slots.iter().for_each(|s| put_varint(out, *s as u64));
    });
}

fn put_exemplar(out: &mut Vec<u8>, e: &Exemplar) {
    put_bytes(out, e.labels.as_bytes());
    put_f64(out, e.value);
    put_zigzag(out, e.timestamp.unwrap_or(0));
}

fn take_exemplar(rest: &mut &[u8]) -> Option<Exemplar> {
    let labels = Labels::from_bytes(take_bytes(rest)?)?;
    let value = take_f64(rest)?;
    Some(Exemplar { labels, value, timestamp: Some(take_zigzag(rest)?) })
}

/// A section as read. What is lent lives in the record.
pub(crate) enum Section<'a> {
    Definitions(Vec<(u32, Labels)>),
    Late,
    /// The bytes of a section that is read with [`FloatColumns::take`].
    Floats(&'a [u8]),
    Starts(Vec<(u32, i64)>),
    Histograms(Vec<HistogramEntry>),
    Exemplars(Vec<ExemplarEntry>),
    Carried(Vec<(Labels, Exemplar)>),
    Metadata(Vec<(String, Metadata)>),
    Deletion {
        slots: Vec<u32>,
        min_ms: i64,
        max_ms: i64,
    },
}

/// The sections of a record; `None` in place of one that is not well formed, which no checksum of ours lets
/// happen, and of one this program does not know.
pub(crate) fn sections(record: &[u8]) -> impl Iterator<Item = Option<Section<'_>>> {
    let mut rest = record;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some((tag, body)) = split(&mut rest) else {
            rest = &[];
            return Some(None);
        };
        Some(read(tag, body))
    })
}

fn split<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (head, tail) = rest.split_first_chunk::<5>()?;
    let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
    let (body, tail) = tail.split_at_checked(length)?;
    *rest = tail;
    Some((head[0], body))
}

fn read(tag: u8, body: &[u8]) -> Option<Section<'_>> {
    let mut rest = body;
    let rest = &mut rest;
    Some(match tag {
        b'D' => Section::Definitions(take_definitions(rest)?),
        b'L' => Section::Late,
        b'F' => Section::Floats(body),
        b'S' => Section::Starts(until_end(rest, |r| {
            Some((u32::try_from(take_varint(r)?).ok()?, take_zigzag(r)?))
        })?),
        b'H' => Section::Histograms(until_end(rest, |r| {
            let slot = u32::try_from(take_varint(r)?).ok()?;
            let (t, start) = (take_zigzag(r)?, take_zigzag(r)?);
            let histogram = Arc::new(take_histogram(r, None)?);
            Some(HistogramEntry { slot, generation: 0, t, start, histogram })
        })?),
        b'E' => Section::Exemplars(until_end(rest, |r| {
            let slot = u32::try_from(take_varint(r)?).ok()?;
            Some(ExemplarEntry { slot, generation: 0, exemplar: take_exemplar(r)? })
        })?),
        b'C' => Section::Carried(until_end(rest, |r| {
            Some((Labels::from_bytes(take_bytes(r)?)?, take_exemplar(r)?))
        })?),
        b'M' => Section::Metadata(until_end(rest, |r| {
            let family = take_str(r)?.to_owned();
            let metric_type = MetricType::parse(take_str(r)?)?;
            let (help, unit) = (take_str(r)?.to_owned(), take_str(r)?.to_owned());
            Some((family, Metadata { metric_type, help, unit }))
        })?),
        b'X' => {
            let (min_ms, max_ms) = (take_zigzag(rest)?, take_zigzag(rest)?);
            let slots = until_end(rest, |r| u32::try_from(take_varint(r)?).ok())?;
            Section::Deletion { slots, min_ms, max_ms }
        }
        _ => return None,
    })
}

fn until_end<T>(rest: &mut &[u8], mut take: impl FnMut(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let mut all = Vec::new();
    while !rest.is_empty() {
        all.push(take(rest)?);
    }
    Some(all)
}

fn take_definitions(rest: &mut &[u8]) -> Option<Vec<(u32, Labels)>> {
    let length = take_varint(rest)? as usize;
    if length > DEFINITIONS_BYTES_MAX {
        return None;
    }
    let opened = if length == 0 { None } else { Some(zstd::bulk::decompress(rest, length).ok()?) };
    let mut rest = opened.as_deref().unwrap_or(rest);
    until_end(&mut rest, |r| {
        let slot = u32::try_from(take_varint(r)?).ok()?;
        Some((slot, Labels::from_bytes(take_bytes(r)?)?))
    })
}

#[cfg(test)]
mod tests;
