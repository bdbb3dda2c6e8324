//! The samples of a page of series between two flushes.
//!
//! A series is a chunk being written and a chain of sealed pieces. A chunk is a run of samples whose times are
//! consecutive entries of one timeline; its values are sealed pieces, then what is *pending*: a run of one
//! value that costs nothing but its count, or a tail of raw values. Series of one scrape extend the same timeline;
//! a series that misses an entry of its timeline closes its chunk and joins, or begins, another.
//!
//! Times of a series ascend here; what came out of order lies apart in `late`, histograms and starts of counts lie in
//! side tables. Who asks sees them merged.
//!
//! Invariant: `chunk.first + chunk.count` never exceeds the length of its timeline. This module takes no lock and
//! checks no time: its caller does. Reading is in `data/read.rs`.

mod read;

use super::arena::Arena;
use super::histograms::HistogramColumn;
use super::late::LateColumn;
use super::tails::{NO_TAIL, Tails};
use super::timeline::Timeline;
use super::values::{self, PIECE_VALUES};
use crate::bytes::put_varint;
use crate::columns::Columns;
use model::FloatHistogram;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A piece in the arena begins with the place of the one before it, plus one; 0 when there is none.
const LINK_BYTES: usize = 4;
/// The piece that closes a chunk: `0x03 timeline:varint first:varint count:varint`; those before it in the chain are of
/// that chunk. Its first byte is told apart from those of [`values`].
const CHUNK: u8 = 3;
/// A series that left its timeline looks for its time in this many of those last extended.
const RECENT: usize = 4;

/// What of a series is being written. 32 bytes.
#[derive(Clone, Copy, Debug)]
struct Chunk {
    /// The bits of the last value, also of the last before the last flush.
    last: u64,
    timeline: u32,
    /// Index in the timeline of its first sample.
    first: u32,
    /// Samples in it, sealed and pending.
    count: u32,
    /// Length of the run, or filled places of the tail.
    pending: u32,
    /// Place plus one of the last sealed piece; 0 when there is none.
    sealed: u32,
    tail: u16,
}

/// Stands for the value of a last sample that is a histogram or was deleted: a NaN that no program makes, so that nothing
/// is taken for the same.
const FORGOTTEN: u64 = 0x7ff8_5ca1_ab1e_0001;

const EMPTY: Chunk = Chunk { last: 0, timeline: 0, first: 0, count: 0, pending: 0, sealed: 0, tail: NO_TAIL };

/// See the module. Series are known by their index in the page.
#[derive(Debug)]
pub(crate) struct PageData {
    /// Number of the flush it will be part of.
    pub epoch: u64,
    chunks: Vec<Chunk>,
    timelines: Vec<Timeline>,
    timeline_bytes: usize,
    /// Timelines last extended or begun, a ring.
    recent: [u32; RECENT],
    recent_next: usize,
    arena: Arena,
    tails: Tails,
    late: BTreeMap<u16, LateColumn>,
    starts: BTreeMap<u16, Vec<(i64, i64)>>,
    histograms: BTreeMap<u16, HistogramColumn>,
    /// Bytes of the three tables above.
    side_bytes: usize,
    /// Chunks being written.
    pub chunks_open: u64,
    pub samples: u64,
    pub min_ms: i64,
    pub max_ms: i64,
    scratch: Vec<u8>,
}

/// How far a reader sees: the lengths of the timelines when it came. Entries behind them are of later batches.
pub(crate) type Horizon = Vec<u32>;

impl PageData {
    pub fn new(epoch: u64) -> PageData {
        PageData {
            epoch,
            chunks: Vec::new(),
            timelines: Vec::new(),
            timeline_bytes: 0,
            recent: [0; RECENT],
            recent_next: 0,
            arena: Arena::default(),
            tails: Tails::default(),
            late: BTreeMap::new(),
            starts: BTreeMap::new(),
            histograms: BTreeMap::new(),
            side_bytes: 0,
            chunks_open: 0,
            samples: 0,
            min_ms: i64::MAX,
            max_ms: i64::MIN,
            scratch: Vec::new(),
        }
    }

    /// The empty successor, in which every series remembers its last value.
    pub fn successor(&self) -> PageData {
        let chunks = self.chunks.iter().map(|c| Chunk { last: c.last, ..EMPTY }).collect();
        let mut next = PageData { chunks, ..PageData::new(self.epoch + 1) };
        next.histograms = self.histograms.iter().map(|(n, h)| (*n, h.successor())).collect();
        next.side_bytes = next.histograms.values().map(HistogramColumn::bytes).sum();
        next
    }

    /// Memory held.
    pub fn bytes(&self) -> usize {
        self.chunks.capacity() * size_of::<Chunk>()
            + self.timeline_bytes
            + self.arena.bytes()
            + self.tails.bytes()
            + self.side_bytes
    }

    pub fn holds(&self, series: usize) -> bool {
        let key = series as u16;
        self.chunks.get(series).is_some_and(|c| c.count > 0 || c.sealed > 0)
            || self.late.contains_key(&key)
            || self.histograms.get(&key).is_some_and(|h| !h.is_empty())
    }

    /// Forgets a series without samples, so that its place can be another's.
    pub fn forget(&mut self, series: usize) {
        debug_assert!(!self.holds(series));
        if let Some(chunk) = self.chunks.get_mut(series) {
            *chunk = EMPTY;
        }
        self.starts.remove(&(series as u16));
        self.histograms.remove(&(series as u16));
    }

    /// The last value of a series, as bits; nobody's value when its last sample was a histogram.
    pub fn last_value(&self, series: usize) -> u64 {
        self.chunks.get(series).map_or(0, |c| c.last)
    }

    /// The last histogram of a series, if it is of this time.
    pub fn last_histogram_at(&self, series: usize, t: i64) -> Option<&Arc<FloatHistogram>> {
        self.histograms.get(&(series as u16)).and_then(|h| h.last_at(t))
    }

    pub fn horizon(&self) -> Horizon {
        self.timelines.iter().map(|t| t.len() as u32).collect()
    }

    /// Appends a float; `t` is after every float of the series here.
    #[inline]
    pub fn push(&mut self, series: usize, t: i64, value: u64) {
        self.make_chunk(series);
        let chunk = self.chunks[series];
        let at = (chunk.first + chunk.count) as usize;
        let fits = chunk.count > 0 && {
            let timeline = &mut self.timelines[chunk.timeline as usize];
            if at < timeline.len() { timeline.get(at) == t } else { self.extend(chunk.timeline, t) }
        };
        if !fits {
            self.join(series, t);
        }
        self.push_value(series, value);
        self.samples += 1;
    }

    #[inline]
    fn make_chunk(&mut self, series: usize) {
        if series >= self.chunks.len() {
            self.chunks.resize(series + 1, EMPTY);
        }
    }

    /// Appends to a timeline whose last entry is the last of a series, and therefore before `t`.
    fn extend(&mut self, timeline: u32, t: i64) -> bool {
        let line = &mut self.timelines[timeline as usize];
        let before = line.bytes();
        if !line.push(t) {
            return false;
        }
        self.timeline_bytes += line.bytes() - before;
        self.touch(timeline, t);
        true
    }

    fn touch(&mut self, timeline: u32, t: i64) {
        self.min_ms = self.min_ms.min(t);
        self.max_ms = self.max_ms.max(t);
        if !self.recent.contains(&timeline) {
            self.recent[self.recent_next] = timeline;
            self.recent_next = (self.recent_next + 1) % RECENT;
        }
    }

    /// Closes the chunk of a series and begins the next where `t` is.
    #[cold]
    fn join(&mut self, series: usize, t: i64) {
        self.close(series);
        self.chunks_open += 1;
        let found = self.recent.iter().rev().find_map(|line| {
            let timeline = self.timelines.get(*line as usize)?;
            Some((*line, timeline.find(t)? as u32))
        });
        let (timeline, first) = found.unwrap_or_else(|| {
            let line = Timeline::starting_at(t);
            self.timeline_bytes += line.bytes();
            self.timelines.push(line);
            let timeline = self.timelines.len() as u32 - 1;
            self.touch(timeline, t);
            (timeline, 0)
        });
        let chunk = &mut self.chunks[series];
        (chunk.timeline, chunk.first) = (timeline, first);
    }

    /// Seals what is pending and marks the end of the chunk.
    fn close(&mut self, series: usize) {
        let chunk = self.chunks[series];
        if chunk.count == 0 {
            return;
        }
        self.seal_pending(series);
        let mut end = std::mem::take(&mut self.scratch);
        end.clear();
        end.push(CHUNK);
        put_varint(&mut end, chunk.timeline as u64);
        put_varint(&mut end, chunk.first as u64);
        put_varint(&mut end, chunk.count as u64);
        self.link(series, &end);
        self.scratch = end;
        self.chunks[series].count = 0;
        self.chunks_open -= 1;
    }

    fn push_value(&mut self, series: usize, value: u64) {
        let chunk = &mut self.chunks[series];
        chunk.count += 1;
        if chunk.tail == NO_TAIL {
            if chunk.pending == 0 || chunk.last == value {
                chunk.pending += 1;
                chunk.last = value;
                return;
            }
            self.end_run(series);
        }
        let chunk = &mut self.chunks[series];
        let tail = self.tails.get_mut(chunk.tail);
        tail[chunk.pending as usize] = value;
        chunk.pending += 1;
        chunk.last = value;
        if chunk.pending as usize == PIECE_VALUES {
            let values = *tail;
            if values.iter().all(|v| *v == value) {
                // Constant again: the tail is a run.
                self.tails.free(chunk.tail);
                chunk.tail = NO_TAIL;
            } else {
                self.seal_pending(series);
            }
        }
    }

    /// The run of a series is over: a long one is sealed, a short one becomes the begin of a tail.
    fn end_run(&mut self, series: usize) {
        if self.chunks[series].pending as usize >= PIECE_VALUES {
            self.seal_pending(series);
        }
        let chunk = &mut self.chunks[series];
        chunk.tail = self.tails.take();
        let tail = self.tails.get_mut(chunk.tail);
        tail[..chunk.pending as usize].fill(chunk.last);
    }

    fn seal_pending(&mut self, series: usize) {
        let chunk = self.chunks[series];
        if chunk.pending == 0 {
            return;
        }
        let mut piece = std::mem::take(&mut self.scratch);
        piece.clear();
        if chunk.tail == NO_TAIL {
            values::seal_run(chunk.last, chunk.pending, &mut piece);
        } else {
            values::seal(&self.tails.get_mut(chunk.tail)[..chunk.pending as usize], &mut piece);
            self.tails.free(chunk.tail);
        }
        self.link(series, &piece);
        self.scratch = piece;
        let chunk = &mut self.chunks[series];
        (chunk.tail, chunk.pending) = (NO_TAIL, 0);
    }

    /// Puts a piece at the end of the chain of a series.
    fn link(&mut self, series: usize, piece: &[u8]) {
        let chunk = &mut self.chunks[series];
        let mut bytes = [0u8; 256];
        bytes[..LINK_BYTES].copy_from_slice(&chunk.sealed.to_le_bytes());
        bytes[LINK_BYTES..LINK_BYTES + piece.len()].copy_from_slice(piece);
        chunk.sealed = self.arena.push(&bytes[..LINK_BYTES + piece.len()]) + 1;
    }

    /// Remembers the start of the count of a float that is about to be pushed.
    #[inline]
    pub fn note_start(&mut self, series: usize, t: i64, start: i64) {
        if start == 0 && self.starts.is_empty() {
            return;
        }
        let key = series as u16;
        let before = self.starts.get(&key).and_then(|s| s.last()).map_or(0, |(_, start)| *start);
        if before != start {
            self.starts.entry(key).or_default().push((t, start));
            self.side_bytes += 16;
        }
    }

    /// Adds a float out of order. `Err` has the value that is already there.
    pub fn push_late(&mut self, series: usize, t: i64, start: i64, value: f64) -> Result<bool, f64> {
        if let Some(existing) = self.float_at(series, t) {
            return if existing.to_bits() == value.to_bits() { Ok(false) } else { Err(existing) };
        }
        let late = self.late.entry(series as u16).or_default();
        self.side_bytes += late.insert_float(t, start, value);
        self.count_side(t);
        Ok(true)
    }

    /// Appends a histogram; `t` is after every histogram of the series here.
    pub fn push_histogram(&mut self, series: usize, t: i64, start: i64, h: &Arc<FloatHistogram>) {
        let column = self.histograms.entry(series as u16).or_default();
        self.side_bytes += column.push(t, start, h);
        self.count_side(t);
        self.make_chunk(series);
        self.set_last(series, FORGOTTEN);
    }

    /// Replaces the value that the next sample is compared with.
    fn set_last(&mut self, series: usize, last: u64) {
        if self.chunks[series].count > 0 {
            self.seal_pending(series);
        }
        self.chunks[series].last = last;
    }

    pub fn push_late_histogram(&mut self, series: usize, t: i64, start: i64, h: &Arc<FloatHistogram>) {
        let late = self.late.entry(series as u16).or_default();
        self.side_bytes += late.insert_histogram(t, start, h);
        self.count_side(t);
    }

    fn count_side(&mut self, t: i64) {
        self.samples += 1;
        self.min_ms = self.min_ms.min(t);
        self.max_ms = self.max_ms.max(t);
    }

    /// Removes the samples of a series in `min_ms ..= max_ms`. Returns how many. `last_too` says that the last sample of
    /// the series, be it here or in a block, is among them: then its value is forgotten.
    pub fn delete(&mut self, series: usize, min_ms: i64, max_ms: i64, last_too: bool) -> u64 {
        let mut columns = Columns::default();
        self.read(series, i64::MIN, i64::MAX, None, &mut columns);
        let before = columns.timestamps.len() + columns.histograms.len();
        let last = if last_too { FORGOTTEN } else { self.last_value(series) };
        if columns.remove(min_ms, max_ms) {
            self.rewrite(series, &columns);
        }
        if series < self.chunks.len() {
            self.set_last(series, last);
        }
        let after = columns.timestamps.len() + columns.histograms.len();
        self.samples -= (before - after) as u64;
        (before - after) as u64
    }

    /// Replaces the samples of a series. `samples` is left for the caller to set right.
    fn rewrite(&mut self, series: usize, columns: &Columns) {
        let (key, samples) = (series as u16, self.samples);
        if let Some(chunk) = self.chunks.get_mut(series) {
            if chunk.tail != NO_TAIL {
                self.tails.free(chunk.tail);
            }
            self.chunks_open -= (chunk.count > 0) as u64;
            *chunk = EMPTY;
        }
        self.late.remove(&key);
        self.starts.remove(&key);
        if let Some(histograms) = self.histograms.get_mut(&key) {
            *histograms = histograms.successor();
        }
        for (i, t) in columns.timestamps.iter().enumerate() {
            self.note_start(series, *t, columns.starts.get(i).copied().unwrap_or(0));
            self.push(series, *t, columns.values[i].to_bits());
        }
        for h in &columns.histograms {
            self.push_histogram(series, h.timestamp, h.start_timestamp, &h.histogram);
        }
        self.samples = samples;
    }
}

#[cfg(test)]
mod tests;
