//! Instant selectors: the last sample of a series before each step, unless it is too old or says that the series has
//! ended; with `smoothed`, the value interpolated between the samples around the step.

use super::column::{Row, has_absent, is_absent, weight};
use super::layout::Layouts;
use super::pipe::{Scratch, SeriesWork};
use super::range_fn::{Reconciled, interpolate, interpolate_histograms};
use super::window::{RunBuffers, Window, Windows};
use crate::annotations::HistogramOp;
use crate::ast::PosRange;
use crate::engine::QueryError;
use model::{CounterResetHint, Labels, Samples, is_stale};
use std::sync::Arc;

/// What of the sample found becomes the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// Its value.
    Value,
    /// Its time, in seconds: `timestamp()`.
    Time,
    /// Its start timestamp, in seconds: `start_timestamp()`.
    Start,
    /// Its time in milliseconds. Histograms are an error: for info metrics.
    InfoTime,
}

/// The last sample before each step.
pub(crate) struct InstantWork {
    /// With the lookback as range.
    pub windows: Windows,
    pub take: Take,
    pub drop_name: bool,
}

/// Calls with every step that has a sample in its window, and the place of the last one.
#[inline]
fn each_last(windows: &Windows, ts: &[i64], mut visit: impl FnMut(usize, usize)) {
    let mut hi = 0;
    let once = windows.grid.steps == 1;
    for step in 0..windows.grid.steps {
        let (after, until) = windows.range_at(step);
        // The samples given end where the last step ends.
        while hi < ts.len() && ts[hi] <= until {
            hi = if once { ts.partition_point(|t| *t <= until) } else { hi + 1 };
        }
        let Some(last) = hi.checked_sub(1) else { continue };
        if ts[last] > after {
            visit(step, last);
        }
    }
}

/// The last sample of each step, by place, for series of the same timestamps.
pub(crate) struct Lasts {
    /// Steps that take samples one after the other: first step, first sample, how many. Where the steps are as far apart
    /// as the samples this is one for all.
    runs: Vec<(u32, u32, u32)>,
    steps: u64,
}

impl Lasts {
    fn new(windows: &Windows, ts: &[i64]) -> Lasts {
        let mut lasts = Lasts { runs: Vec::new(), steps: 0 };
        each_last(windows, ts, |step, last| {
            let (step, last) = (step as u32, last as u32);
            lasts.steps += 1;
            match lasts.runs.last_mut() {
                Some((s, l, n)) if *s + *n == step && *l + *n == last => *n += 1,
                _ => lasts.runs.push((step, last, 1)),
            }
        });
        lasts
    }

    /// A staleness marker is a hole in a column: it may be copied like a value.
    fn take(&self, vs: &[f64], row: &mut Row) {
        for (step, last, n) in self.runs.iter().map(|(s, l, n)| (*s as usize, *l as usize, *n as usize)) {
            if n == 1 {
                row.floats[step] = vs[last];
            } else {
                row.floats[step..step + n].copy_from_slice(&vs[last..last + n]);
            }
        }
        let mut seen = self.steps;
        if has_absent(vs) {
            seen = row.floats.iter().filter(|v| !is_absent(**v)).count() as u64;
        }
        row.has_floats = seen > 0;
        row.seen += seen;
    }
}

impl SeriesWork for InstantWork {
    fn compute(
        &self,
        labels: &Labels,
        samples: Samples<'_>,
        row: &mut Row,
        scratch: &mut Scratch,
    ) -> Result<(), QueryError> {
        row.drop_name = self.drop_name;
        if samples.histograms.is_empty() && self.take == Take::Value {
            self.floats(&samples, row, &mut scratch.instants);
            return Ok(());
        }
        self.mixed(labels, &samples, row)
    }
}

impl InstantWork {
    fn floats(&self, samples: &Samples<'_>, row: &mut Row, lasts: &mut Layouts<Lasts>) {
        let (ts, vs) = (samples.timestamps, samples.values);
        // Who wants to know of every step has it counted step by step.
        if row.seen_per_step.is_none()
            && let Some(lasts) = lasts.get(&self.windows, ts, || Lasts::new(&self.windows, ts))
        {
            return lasts.take(vs, row);
        }
        each_last(&self.windows, ts, |step, last| {
            if !is_stale(vs[last]) {
                row.put_float(step, vs[last]);
                row.see(step, 1);
            }
        });
    }

    fn mixed(&self, labels: &Labels, samples: &Samples<'_>, row: &mut Row) -> Result<(), QueryError> {
        let (ts, hists) = (samples.timestamps, samples.histograms);
        let (mut hi, mut hhi) = (0, 0);
        for step in 0..self.windows.grid.steps {
            let (after, until) = self.windows.range_at(step);
            while hi < ts.len() && ts[hi] <= until {
                hi += 1;
            }
            while hhi < hists.len() && hists[hhi].timestamp <= until {
                hhi += 1;
            }
            let float = hi.checked_sub(1).filter(|i| ts[*i] > after);
            let hist = hhi.checked_sub(1).map(|i| &hists[i]).filter(|h| h.timestamp > after);
            // The later of the two is the last sample.
            match (float, hist) {
                (Some(i), h) if h.is_none_or(|h| ts[i] > h.timestamp) => {
                    let (t, v) = (ts[i], samples.values[i]);
                    if is_stale(v) {
                        continue;
                    }
                    let start = samples.start_timestamps.get(i).copied().unwrap_or(0);
                    row.put_float(step, self.number(t, start).unwrap_or(v));
                    row.see(step, 1);
                }
                (_, Some(h)) if !is_stale(h.histogram.sum) => {
                    if self.take == Take::InfoTime {
                        let text = format!("this should be an info metric, with float samples: {labels}");
                        return Err(QueryError::Execution(text));
                    }
                    match self.number(h.timestamp, h.start_timestamp) {
                        Some(v) => {
                            row.put_float(step, v);
                            row.see(step, 1);
                        }
                        None => {
                            row.see(step, weight(&h.histogram));
                            row.put_hist(step, Arc::clone(&h.histogram));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn number(&self, t: i64, start: i64) -> Option<f64> {
        match self.take {
            Take::Value => None,
            Take::Time => Some(t as f64 / 1e3),
            Take::Start => Some(start as f64 / 1e3),
            Take::InfoTime => Some(t as f64),
        }
    }
}

/// The value interpolated at each step.
pub(crate) struct SmoothedWork {
    /// With the lookback on both sides as range.
    pub windows: Windows,
    pub lookback: i64,
    pub pos: PosRange,
}

impl SeriesWork for SmoothedWork {
    fn compute(
        &self,
        labels: &Labels,
        samples: Samples<'_>,
        row: &mut Row,
        scratch: &mut Scratch,
    ) -> Result<(), QueryError> {
        let mut buffers = RunBuffers::lend(scratch);
        let run = buffers.clean(samples);
        let result = self.windows.each(&run, |w| {
            row.see(w.step, w.samples());
            match (w.vs.is_empty(), w.hists.is_empty()) {
                (false, false) => scratch.notes.mixed_floats_histograms(self.pos, labels.metric_name()),
                (false, true) => self.float(&w, row),
                (true, _) => self.histogram(&w, labels, row, scratch),
            }
            Ok(())
        });
        buffers.give_back(scratch);
        result
    }
}

impl SmoothedWork {
    /// The time that a step stands for.
    fn t(&self, w: &Window<'_>) -> i64 {
        w.end - self.lookback
    }

    fn float(&self, w: &Window<'_>, row: &mut Row) {
        let t = self.t(w);
        let next = w.ts.partition_point(|at| *at < t);
        let value = match next.checked_sub(1) {
            _ if w.ts.get(next) == Some(&t) => w.vs[next],
            None => return,
            Some(previous) if next < w.ts.len() => {
                interpolate((w.ts[previous], w.vs[previous]), (w.ts[next], w.vs[next]), t, false)
            }
            Some(previous) => w.vs[previous],
        };
        row.put_float(w.step, value);
    }

    fn histogram(&self, w: &Window<'_>, labels: &Labels, row: &mut Row, scratch: &mut Scratch) {
        let t = self.t(w);
        let next = w.hists.partition_point(|h| h.timestamp < t);
        if let Some(h) = w.hists.get(next).filter(|h| h.timestamp == t) {
            return row.put_hist(w.step, Arc::clone(&h.histogram));
        }
        let Some(previous) = next.checked_sub(1).map(|i| &w.hists[i]) else { return };
        let Some(next) = w.hists.get(next) else {
            // The hint tells of two neighbours; carried on, it would tell of a reset again and again.
            let mut carried = (*previous.histogram).clone();
            carried.reset_hint = CounterResetHint::Unknown;
            return row.put_hist(w.step, Arc::new(carried));
        };
        if previous.histogram.uses_custom_buckets() != next.histogram.uses_custom_buckets() {
            return scratch.notes.mixed_exponential_custom(self.pos, labels.metric_name());
        }
        let gauge = |h: &model::HistogramSample| h.histogram.reset_hint == CounterResetHint::Gauge;
        let counter = !(gauge(previous) && gauge(next));
        let mut reconciled = Reconciled::default();
        match interpolate_histograms(previous, next, t, counter, &mut reconciled) {
            Ok(h) => row.put_hist(w.step, Arc::new(h)),
            Err(_) => scratch.notes.mixed_exponential_custom(self.pos, labels.metric_name()),
        }
        if reconciled.sub {
            scratch.notes.bounds_reconciled(self.pos, HistogramOp::Subtraction);
        }
        if reconciled.add {
            scratch.notes.bounds_reconciled(self.pos, HistogramOp::Addition);
        }
    }
}
