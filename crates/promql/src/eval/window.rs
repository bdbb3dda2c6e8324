//! Windows over the samples of one series: what a range function sees at a step.
//!
//! A range is open on the left and closed on the right. The bounds of the windows move forward with the steps, so two
//! indexes walk over the samples once; no sample is copied unless staleness markers have to go.

use super::column::{Grid, has_absent};
use super::pipe::Scratch;
use crate::ast::Extent;
use model::{HistogramSample, Samples, is_stale};

/// Half of what can be told in milliseconds, so that the difference of two times can be told too.
const FAR_MS: i64 = i64::MAX / 2;

/// The time, or the one nearest to it that can be calculated with.
pub(crate) fn within_time(t: i64) -> i64 {
    t.clamp(-FAR_MS, FAR_MS)
}

/// Samples without staleness markers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run<'a> {
    pub ts: &'a [i64],
    pub vs: &'a [f64],
    /// Start timestamps: as long as `ts`, or empty.
    pub starts: &'a [i64],
    pub hists: &'a [HistogramSample],
}

/// Buffers for a run that had markers.
#[derive(Default)]
pub(crate) struct RunBuffers {
    ts: Vec<i64>,
    vs: Vec<f64>,
    starts: Vec<i64>,
    hists: Vec<HistogramSample>,
}

impl RunBuffers {
    /// Takes the buffers out of the scratch, so that the scratch can be borrowed beside them.
    pub fn lend(scratch: &mut Scratch) -> RunBuffers {
        RunBuffers {
            ts: std::mem::take(&mut scratch.timestamps),
            vs: std::mem::take(&mut scratch.values),
            starts: std::mem::take(&mut scratch.starts),
            hists: std::mem::take(&mut scratch.histograms),
        }
    }

    pub fn give_back(self, scratch: &mut Scratch) {
        scratch.timestamps = self.ts;
        scratch.values = self.vs;
        scratch.starts = self.starts;
        scratch.histograms = self.hists;
    }

    /// The samples without markers; in place when there are none.
    pub fn clean<'b>(&'b mut self, samples: Samples<'b>) -> Run<'b> {
        let mut run = Run {
            ts: samples.timestamps,
            vs: samples.values,
            starts: samples.start_timestamps,
            hists: samples.histograms,
        };
        if has_absent(samples.values) {
            self.ts.clear();
            self.vs.clear();
            self.starts.clear();
            for (i, v) in samples.values.iter().enumerate().filter(|(_, v)| !is_stale(**v)) {
                self.ts.push(samples.timestamps[i]);
                self.vs.push(*v);
                self.starts.extend(samples.start_timestamps.get(i));
            }
            (run.ts, run.vs, run.starts) = (&self.ts, &self.vs, &self.starts);
        }
        if samples.histograms.iter().any(|h| is_stale(h.histogram.sum)) {
            self.hists.clear();
            self.hists.extend(samples.histograms.iter().filter(|h| !is_stale(h.histogram.sum)).cloned());
            run.hists = &self.hists;
        }
        run
    }
}

/// What a range function sees at a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    /// The step's number and time.
    pub step: usize,
    pub t: i64,
    /// The range: exclusive, inclusive. With `anchored` and `smoothed` there are samples outside of it too.
    pub start: i64,
    pub end: i64,
    pub ts: &'a [i64],
    pub vs: &'a [f64],
    pub starts: &'a [i64],
    pub hists: &'a [HistogramSample],
}

/// How windows follow from steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    pub grid: Grid,
    pub range: i64,
    pub offset: i64,
    pub at: Option<i64>,
    /// How far windows reach beyond the range.
    pub before: i64,
    pub after: i64,
}

impl Windows {
    pub fn new(
        grid: Grid,
        range: i64,
        offset: i64,
        at: Option<i64>,
        extent: Extent,
        lookback: i64,
    ) -> Windows {
        let (before, after) = match extent {
            Extent::Plain => (0, 0),
            Extent::Anchored => (lookback, 0),
            Extent::Smoothed => (lookback, lookback),
        };
        Windows { grid, range, offset, at, before, after }
    }

    /// The range of a step: exclusive start, inclusive end.
    #[inline]
    pub fn range_at(&self, step: usize) -> (i64, i64) {
        let end = within_time(self.at.unwrap_or_else(|| self.grid.at(step)).saturating_sub(self.offset));
        (within_time(end.saturating_sub(self.range)), end)
    }

    /// What all windows together reach over: exclusive start, inclusive end.
    pub fn reach(&self) -> (i64, i64) {
        let (start, _) = self.range_at(0);
        let (_, end) = self.range_at(self.grid.steps.saturating_sub(1));
        (start.saturating_sub(self.before), end.saturating_add(self.after))
    }

    /// Calls with the window of every step, in order, those without samples left out.
    #[inline]
    pub fn each<'a, E>(
        &self,
        run: &Run<'a>,
        mut visit: impl FnMut(Window<'a>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut lo, mut hi) = (0, 0);
        let (mut hlo, mut hhi) = (0, 0);
        for step in 0..self.grid.steps {
            let (start, end) = self.range_at(step);
            let (from, to) = (start.saturating_sub(self.before), end.saturating_add(self.after));
            while hi < run.ts.len() && run.ts[hi] <= to {
                hi += 1;
            }
            while lo < hi && run.ts[lo] <= from {
                lo += 1;
            }
            while hhi < run.hists.len() && run.hists[hhi].timestamp <= to {
                hhi += 1;
            }
            while hlo < hhi && run.hists[hlo].timestamp <= from {
                hlo += 1;
            }
            if lo == hi && hlo == hhi {
                continue;
            }
            visit(Window {
                step,
                t: self.grid.at(step),
                start,
                end,
                ts: &run.ts[lo..hi],
                vs: &run.vs[lo..hi],
                starts: if run.starts.is_empty() { &[] } else { &run.starts[lo..hi] },
                hists: &run.hists[hlo..hhi],
            })?;
        }
        Ok(())
    }

    /// [`Windows::each`] for series of floats alone: the bounds of each window as indexes.
    #[inline]
    pub fn each_float(&self, ts: &[i64], mut visit: impl FnMut(usize, i64, i64, usize, usize)) {
        let (mut lo, mut hi) = (0, 0);
        for step in 0..self.grid.steps {
            let (start, end) = self.range_at(step);
            while hi < ts.len() && ts[hi] <= end {
                hi += 1;
            }
            while lo < hi && ts[lo] <= start {
                lo += 1;
            }
            if lo < hi {
                visit(step, start, end, lo, hi);
            }
        }
    }
}

impl<'a> Window<'a> {
    /// The weight of the window in samples.
    pub fn samples(&self) -> u64 {
        let histograms: u64 = self.hists.iter().map(|h| super::column::weight(&h.histogram)).sum();
        self.vs.len() as u64 + histograms
    }

    /// The start timestamp of a sample, 0 when unknown.
    pub fn start_of(&self, index: usize) -> i64 {
        self.starts.get(index).copied().unwrap_or(0)
    }
}
