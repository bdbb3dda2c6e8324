//! Reading a page: the stretches of a series that may hold samples of a range are found from the last backwards, then decoded
//! forwards. A question about the last minutes looks at the last pieces only.

use super::{CHUNK, Horizon, LINK_BYTES, PageData};
use crate::bytes::take_varint;
use crate::columns::Columns;
use crate::head::arena::Place;
use crate::head::tails::NO_TAIL;
use crate::head::values;

/// A stretch of values to be read.
struct Part {
    source: Source,
    timeline: u32,
    first: u32,
    count: u32,
}

enum Source {
    Piece(Place),
    Run(u64),
    Tail(u16),
}

impl PageData {
    /// The float of a series at a time, if it is here.
    pub fn float_at(&self, series: usize, t: i64) -> Option<f64> {
        let mut columns = Columns::default();
        self.read(series, t.saturating_sub(1), t, None, &mut columns);
        columns.values.first().copied()
    }

    /// Appends the samples of a series in `start_excl < t <= end_incl` to cleared columns.
    pub fn read(
        &self,
        series: usize,
        start_excl: i64,
        end_incl: i64,
        horizon: Option<&Horizon>,
        out: &mut Columns,
    ) {
        let key = series as u16;
        self.read_floats(series, start_excl, end_incl, horizon, out);
        if let Some(starts) = self.starts.get(&key) {
            out.starts.extend(out.timestamps.iter().map(|t| start_of(starts, *t)));
        }
        if let Some(histograms) = self.histograms.get(&key) {
            histograms.read(start_excl, end_incl, &mut out.histograms);
        }
        if let Some(late) = self.late.get(&key) {
            late.merge_into(start_excl, end_incl, out);
        }
    }

    fn read_floats(
        &self,
        series: usize,
        start_excl: i64,
        end_incl: i64,
        horizon: Option<&Horizon>,
        out: &mut Columns,
    ) {
        let base = out.timestamps.len();
        for part in self.parts(series, start_excl, end_incl).iter().rev() {
            let seen = match horizon {
                Some(h) => h.get(part.timeline as usize).copied().unwrap_or(0).saturating_sub(part.first),
                None => part.count,
            };
            let count = part.count.min(seen) as usize;
            let from = out.values.len();
            match part.source {
                Source::Piece(place) => {
                    values::open(&self.arena.at(place)[LINK_BYTES..], &mut out.values);
                    out.values.truncate(from + count);
                }
                Source::Run(value) => out.values.resize(from + count, f64::from_bits(value)),
                Source::Tail(tail) => {
                    out.values.extend(self.tails.get(tail)[..count].iter().map(|v| f64::from_bits(*v)))
                }
            }
            let first = part.first as usize;
            self.timelines[part.timeline as usize].extend_into(first..first + count, &mut out.timestamps);
        }
        out.clip_floats(base, start_excl, end_incl);
    }

    /// The stretches of a series that may hold samples of a range, last first.
    fn parts(&self, series: usize, start_excl: i64, end_incl: i64) -> Vec<Part> {
        let Some(chunk) = self.chunks.get(series) else { return Vec::new() };
        // An hour at 15 s is fifteen pieces.
        let mut parts = Vec::with_capacity(16);
        let (mut timeline, mut end, mut place) = (chunk.timeline, chunk.first + chunk.count, chunk.sealed);
        // Returns whether what lies before the stretch can be in the range.
        let mut add = |source, timeline: u32, end: u32, count: u32| {
            let line = &self.timelines[timeline as usize];
            let first = end - count;
            if count == 0 || line.get(end as usize - 1) <= start_excl {
                return count == 0;
            }
            if line.get(first as usize) <= end_incl {
                parts.push(Part { source, timeline, first, count });
            }
            true
        };
        let pending = match chunk.tail {
            NO_TAIL => Source::Run(chunk.last),
            tail => Source::Tail(tail),
        };
        if chunk.count > 0 {
            if !add(pending, timeline, end, chunk.pending) {
                return parts;
            }
            end -= chunk.pending;
        }
        while place != 0 {
            let bytes = self.arena.at(place - 1);
            let piece = &bytes[LINK_BYTES..];
            if piece[0] == CHUNK {
                let mut rest = &piece[1..];
                let mut next = || take_varint(&mut rest).expect("pieces are whole") as u32;
                let (line, first, count) = (next(), next(), next());
                (timeline, end) = (line, first + count);
            } else {
                let count = values::count(piece) as u32;
                if !add(Source::Piece(place - 1), timeline, end, count) {
                    return parts;
                }
                end -= count;
            }
            place = u32::from_le_bytes(bytes[..LINK_BYTES].try_into().expect("four bytes"));
        }
        parts
    }
}

fn start_of(starts: &[(i64, i64)], t: i64) -> i64 {
    match starts.partition_point(|(from, _)| *from <= t) {
        0 => 0,
        n => starts[n - 1].1,
    }
}
