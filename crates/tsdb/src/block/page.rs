//! A page: consecutive series of a block within one window of time.
//!
//! A page has entries, ascending by ordinal. An entry is the floats or the native histograms of one series: a part
//! of a timeline and a column of values (of histograms: the sums), perhaps a column of corrections and one of start
//! times. Fields of entries lie in columns; so the hundredth instance of a metric costs what differs from the
//! ninety-ninth. A page is unpacked whole, its columns are decoded one by one.

use crate::block::bytes::{Input, Malformed, put_bytes, put_signed, put_varint};
use crate::block::floats::{self, FloatColumn};
use crate::block::histograms;
use crate::block::ints::{self, Column, IntsHeads, IntsWriter, LANES};
use crate::block::squeeze::{Sections, Squeezer};
use crate::block::timelines::TimelineRef;
use model::HistogramSample;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// A page ends when it has this many samples, or that many of them in columns that change: a reader unpacks a token
/// of each of the latter (about 1 ns each), and finds the former by their heads alone.
const SAMPLES_MAX: usize = 64 << 10;
const CHANGING_MAX: usize = 16 << 10;
/// Heads are read whole: about 20 ns each.
const ENTRIES_MAX: usize = 1024;

const HISTOGRAMS: u8 = 1;
const STRAYS: u8 = 2;
const CORRECTIONS: u8 = 4;
const STARTS: u8 = 8;
const FLAGS: u8 = 15;

/// Lanes below are the forms of float columns.
const LANE_CORRECTIONS: usize = 20;
const LANE_STARTS: usize = 21;
const _: () = assert!(LANES > floats::FORM_BITS as usize && LANE_CORRECTIONS > 12);

/// Collects entries. Values are encoded as they come: what waits is about as large as what will be written.
#[derive(Default)]
pub(crate) struct PageWriter {
    entries: usize,
    samples: usize,
    changing: usize,
    min_ms: i64,
    max_ms: i64,
    last_ordinal: u32,
    last_timeline: u32,
    last_count: usize,
    ordinals: Vec<u8>,
    flags: Vec<u8>,
    forms: Vec<u8>,
    timelines: Vec<u8>,
    timeline_starts: Vec<u8>,
    counts: Vec<u8>,
    strays: Vec<u8>,
    histograms: Vec<u8>,
    ints: IntsWriter,
    floats: FloatColumn,
    blob: Vec<u8>,
}

/// A page, ready to be written.
pub(crate) struct PackedPage {
    pub bytes: Vec<u8>,
    pub min_ms: i64,
    pub max_ms: i64,
}

impl PageWriter {
    /// Adds floats of a series. Ordinals never descend. `start_timestamps` is empty or as long as `values`.
    pub fn push_floats(
        &mut self,
        ordinal: u32,
        timeline: TimelineRef,
        timestamps: &[i64],
        values: &[f64],
        start_timestamps: &[i64],
    ) {
        self.push(ordinal, timeline, timestamps, values, start_timestamps, 0);
    }

    /// Adds native histograms of a series; `timestamps` are theirs.
    pub fn push_histograms(
        &mut self,
        ordinal: u32,
        timeline: TimelineRef,
        timestamps: &[i64],
        samples: &[HistogramSample],
    ) {
        let sums: Vec<f64> = samples.iter().map(|s| s.histogram.sum).collect();
        let starts: Vec<i64> = samples.iter().map(|s| s.start_timestamp).collect();
        self.push(ordinal, timeline, timestamps, &sums, &starts, HISTOGRAMS);
        self.blob.clear();
        histograms::encode(samples, &mut self.blob);
        put_bytes(&mut self.histograms, &self.blob);
        // Their blob is unpacked with the page as well.
        self.changing += self.blob.len();
    }

    fn push(
        &mut self,
        ordinal: u32,
        timeline: TimelineRef,
        timestamps: &[i64],
        values: &[f64],
        starts: &[i64],
        kind: u8,
    ) {
        let (first, last) = (timestamps[0], timestamps[timestamps.len() - 1]);
        (self.min_ms, self.max_ms) =
            if self.entries == 0 { (first, last) } else { (self.min_ms.min(first), self.max_ms.max(last)) };
        put_varint(&mut self.ordinals, u64::from(ordinal - self.last_ordinal));
        self.last_ordinal = ordinal;
        put_signed(&mut self.timelines, i64::from(timeline.id) - i64::from(self.last_timeline));
        self.last_timeline = timeline.id;
        put_varint(&mut self.timeline_starts, timeline.start.into());
        put_signed(&mut self.counts, values.len() as i64 - self.last_count as i64);
        self.last_count = values.len();

        self.floats.fill(values);
        self.forms.push(self.floats.form);
        let mut flags = kind;
        if !self.floats.strays.is_empty() {
            flags |= STRAYS;
            self.floats.put_strays(&mut self.strays);
        }
        let mut changes = self.ints.push(&self.floats.ints, self.floats.form.into()) as usize;
        if !self.floats.corrections.is_empty() {
            flags |= CORRECTIONS;
            changes += self.ints.push(&self.floats.corrections, LANE_CORRECTIONS) as usize;
        }
        if starts.iter().any(|s| *s != 0) {
            flags |= STARTS;
            changes += self.ints.push(starts, LANE_STARTS) as usize;
        }
        self.flags.push(flags);
        self.entries += 1;
        self.samples += values.len();
        self.changing += changes * values.len();
    }

    pub fn is_full(&self) -> bool {
        self.samples >= SAMPLES_MAX || self.changing >= CHANGING_MAX || self.entries >= ENTRIES_MAX
    }

    /// What has been added, or `None`; leaves the page empty.
    pub fn finish(&mut self, squeezer: &mut Squeezer) -> io::Result<Option<PackedPage>> {
        if self.entries == 0 {
            return Ok(None);
        }
        let mut sections = Sections::default();
        put_varint(&mut sections.head, self.entries as u64);
        for column in [
            &mut self.ordinals,
            &mut self.flags,
            &mut self.forms,
            &mut self.timelines,
            &mut self.timeline_starts,
            &mut self.counts,
            &mut self.strays,
        ] {
            put_bytes(&mut sections.head, column);
            column.clear();
        }
        self.ints.put_heads(&mut sections.head);
        sections.tokens = std::mem::take(&mut self.ints.tokens);
        sections.extra = std::mem::take(&mut self.histograms);
        let bits = self.ints.finish_bits();
        let page =
            PackedPage { bytes: sections.pack(squeezer, &bits)?, min_ms: self.min_ms, max_ms: self.max_ms };
        self.ints.clear();
        (self.entries, self.samples, self.changing) = (0, 0, 0);
        (self.last_ordinal, self.last_timeline, self.last_count) = (0, 0, 0);
        Ok(Some(page))
    }
}

/// An entry of an unpacked page.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub ordinal: u32,
    pub timeline: TimelineRef,
    form: u8,
    values: Column,
    corrections: Option<Column>,
    starts: Option<Column>,
    strays: Option<Range<u32>>,
    histograms: Option<Range<u32>>,
}

impl Entry {
    pub fn count(&self) -> usize {
        self.values.count
    }

    pub fn is_histograms(&self) -> bool {
        self.histograms.is_some()
    }
}

/// An unpacked page. Kept to be filled again.
#[derive(Default)]
pub(crate) struct Page {
    bits: Vec<u8>,
    sections: Sections,
    /// Place of the strays in the head.
    strays: Range<usize>,
    pub entries: Vec<Entry>,
}

impl Page {
    /// Unpacks a page that its checksum has vouched for, replacing what was there.
    pub fn fill(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        self.entries.clear();
        let bits = self.sections.unpack(bytes)?;
        self.bits.clear();
        self.bits.extend_from_slice(&bytes[bits]);
        let mut head = Input(&self.sections.head);
        let n = head.count()?;
        let mut next = || head.bytes().map(Input);
        let (mut ordinals, mut flags, mut forms) = (next()?, next()?, next()?);
        let (mut timelines, mut timeline_starts, mut counts) = (next()?, next()?, next()?);
        let strays = next()?;
        let strays_end = self.sections.head.len() - head.0.len();
        self.strays = strays_end - strays.0.len()..strays_end;
        let mut strays_left = strays;
        let mut extra = Input(&self.sections.extra);
        let mut heads = IntsHeads::read(&mut head, &self.sections.tokens)?;
        let (mut ordinal, mut timeline, mut last_count) = (0u32, 0i64, 0i64);
        for _ in 0..n {
            ordinal = ordinal.checked_add(ordinals.u32()?).ok_or(Malformed("ordinal over 32 bits"))?;
            timeline = timeline.wrapping_add(timelines.signed()?);
            last_count = last_count.wrapping_add(counts.signed()?);
            if !(1..=i64::from(u32::MAX)).contains(&last_count) {
                return Err(Malformed("entry without samples"));
            }
            let flags = flags.byte()?;
            let form = forms.byte()?;
            if !floats::is_form(form) || flags > FLAGS {
                return Err(Malformed("unknown form of values"));
            }
            let count = last_count as usize;
            let values = heads.next(count, form.into())?;
            let mut column =
                |flag: u8, lane: usize| (flags & flag != 0).then(|| heads.next(count, lane)).transpose();
            let id = u32::try_from(timeline).map_err(|_| Malformed("timeline over 32 bits"))?;
            self.entries.push(Entry {
                ordinal,
                timeline: TimelineRef { id, start: timeline_starts.u32()? },
                form,
                values,
                corrections: column(CORRECTIONS, LANE_CORRECTIONS)?,
                starts: column(STARTS, LANE_STARTS)?,
                strays: match flags & STRAYS {
                    0 => None,
                    _ => Some(range_of(strays, &mut strays_left, floats::skip_strays)?),
                },
                histograms: match flags & HISTOGRAMS {
                    0 => None,
                    _ => Some(range_of(Input(&self.sections.extra), &mut extra, |i| i.bytes().map(|_| ()))?),
                },
            });
        }
        heads.finish(&self.bits)
    }

    /// Memory held.
    pub fn size(&self) -> usize {
        let Sections { head, tokens, extra } = &self.sections;
        let bytes = self.bits.capacity() + head.capacity() + tokens.capacity() + extra.capacity();
        size_of::<Page>() + bytes + self.entries.capacity() * size_of::<Entry>()
    }

    /// Decodes the values of an entry (of histograms: the sums), replacing what `out` held.
    pub fn values(&self, entry: &Entry, scratch: &mut Vec<i64>, out: &mut Vec<f64>) -> Result<(), Malformed> {
        match entry.values.constant() {
            Some(int) => {
                out.clear();
                out.resize(entry.count(), floats::constant(entry.form, int));
            }
            None => {
                self.decode(&entry.values, scratch);
                floats::join(entry.form, scratch, out);
            }
        }
        if let Some(corrections) = &entry.corrections {
            self.decode(corrections, scratch);
            floats::apply_corrections(scratch, out);
        }
        if let Some(range) = &entry.strays {
            let all = &self.sections.head[self.strays.clone()];
            floats::apply_strays(&mut Input(&all[range.start as usize..range.end as usize]), out)?;
        }
        Ok(())
    }

    /// Decodes the start times of an entry; `out` is left empty when it has none.
    pub fn starts(&self, entry: &Entry, out: &mut Vec<i64>) {
        out.clear();
        if let Some(starts) = &entry.starts {
            self.decode(starts, out);
        }
    }

    /// Decodes an entry of histograms, whose timestamps are given, and appends them to `out`.
    pub fn histograms(
        &self,
        entry: &Entry,
        timestamps: &[i64],
        scratch: &mut Scratch,
        out: &mut Vec<HistogramSample>,
    ) -> Result<(), Malformed> {
        let Some(range) = &entry.histograms else { return Ok(()) };
        self.values(entry, &mut scratch.ints, &mut scratch.sums)?;
        self.starts(entry, &mut scratch.starts);
        let mut blob = Input(&self.sections.extra[range.start as usize..range.end as usize]);
        let mut blob = Input(blob.bytes()?);
        let mut i = 0;
        histograms::decode(&mut blob, timestamps.len(), |mut histogram| {
            histogram.sum = scratch.sums[i];
            out.push(HistogramSample {
                timestamp: timestamps[i],
                start_timestamp: scratch.starts.get(i).copied().unwrap_or(0),
                histogram: Arc::new(histogram),
            });
            i += 1;
        })
    }

    fn decode(&self, column: &Column, out: &mut Vec<i64>) {
        ints::decode(column, &self.sections.tokens, &self.bits, out);
    }
}

/// Buffers for decoding.
#[derive(Default)]
pub(crate) struct Scratch {
    pub ints: Vec<i64>,
    pub values: Vec<f64>,
    sums: Vec<f64>,
    starts: Vec<i64>,
}

/// Passes over one item of `left`, which is the end of `all`. Returns its place in `all`.
fn range_of(
    all: Input<'_>,
    left: &mut Input<'_>,
    skip: impl FnOnce(&mut Input<'_>) -> Result<(), Malformed>,
) -> Result<Range<u32>, Malformed> {
    let start = all.0.len() - left.0.len();
    skip(left)?;
    Ok(start as u32..(all.0.len() - left.0.len()) as u32)
}
