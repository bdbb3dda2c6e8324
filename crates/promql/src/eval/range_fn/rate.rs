//! `rate`, `increase` and `delta`: the change over a range, extrapolated to its ends.
//!
//! Samples seldom lie at the ends of a range. When one is close enough to an end (within 1.1 times the average
//! distance of samples) the change is extrapolated to it, else by half the average distance. A counter is not
//! extrapolated below zero, and where it went down it started anew.

use super::counters::{starts_anew, starts_overlap};
use super::{Out, RangeFn, RangeWork};
use crate::annotations::{Annotations, HistogramOp};
use crate::ast::Extent;
use crate::eval::column::Row;
use crate::eval::window::{Run, Window};
use model::{CounterResetHint, FloatHistogram, HistogramSample, Labels};

/// How far from an end of the range a sample may be, in average distances, to be extrapolated to it.
const EXTRAPOLATION_THRESHOLD: f64 = 1.1;

/// What the extrapolation needs to know of a range.
struct Ends {
    start: i64,
    end: i64,
    first_t: i64,
    last_t: i64,
    samples: usize,
    /// The first value and the change, when the change of a counter is above 0 and the value not below.
    from_zero: Option<(f64, f64)>,
    /// The counter is known to have been 0 at this time within the range.
    zero_t: Option<i64>,
}

impl Ends {
    /// What the change between the samples has to be multiplied with.
    #[inline(always)]
    fn factor(&self) -> f64 {
        let mut to_start = (self.first_t - self.start) as f64 / 1e3;
        let mut to_end = (self.end - self.last_t) as f64 / 1e3;
        let mut sampled = (self.last_t - self.first_t) as f64 / 1e3;
        let average = if self.samples > 1 { sampled / (self.samples - 1) as f64 } else { 0.0 };
        let threshold = average * EXTRAPOLATION_THRESHOLD;
        if let Some(zero_t) = self.zero_t {
            to_start = 0.0;
            sampled = (self.last_t - zero_t) as f64 / 1e3;
        } else {
            if to_start >= threshold {
                to_start = average / 2.0;
            }
            if let Some((first, change)) = self.from_zero {
                // `min` would let a NaN pass where a comparison does not; both are numbers here.
                let to_zero = sampled * (first / change);
                if to_zero < to_start {
                    to_start = to_zero;
                }
            }
        }
        if to_end >= threshold {
            to_end = average / 2.0;
        }
        if sampled == 0.0 { 1.0 } else { (sampled + to_start + to_end) / sampled }
    }
}

impl RangeWork<'_> {
    fn is_counter(&self) -> bool {
        self.function != RangeFn::Delta
    }

    /// What a change over the range is divided by.
    fn per(&self) -> f64 {
        if self.function == RangeFn::Rate { self.windows.range as f64 / 1e3 } else { 1.0 }
    }

    /// The loop for series of floats alone, without start timestamps. Where the counter went down is found once;
    /// each window then only looks at the few such places within it.
    pub(super) fn rate_column(&self, run: &Run<'_>, row: &mut Row) {
        let (ts, vs) = (run.ts, run.vs);
        let counter = self.is_counter();
        // A comparison of a slice with itself, one off: vector instructions, unlike a loop that collects places.
        let falls = vs.windows(2).fold(0usize, |n, w| n + usize::from(w[1] < w[0]));
        let mut resets: Vec<usize> = Vec::new();
        if counter && falls > 0 {
            resets = (1..vs.len()).filter(|i| vs[*i] < vs[i - 1]).collect();
        }
        let mut passed = 0;
        let per = self.per();
        self.windows.each_float(ts, |step, start, end, lo, hi| {
            row.see(step, (hi - lo) as u64);
            if hi - lo < 2 {
                return;
            }
            let (first, last) = (vs[lo], vs[hi - 1]);
            let mut change = last - first;
            if !resets.is_empty() {
                while passed < resets.len() && resets[passed] <= lo {
                    passed += 1;
                }
                for at in resets[passed..].iter().take_while(|at| **at < hi) {
                    change += vs[at - 1];
                }
            }
            let from_zero = (counter && change > 0.0 && first >= 0.0).then_some((first, change));
            let (first_t, last_t) = (ts[lo], ts[hi - 1]);
            let ends = Ends { start, end, first_t, last_t, samples: hi - lo, from_zero, zero_t: None };
            let factor = ends.factor();
            row.put_float(step, change * (factor / per));
        });
    }

    pub(super) fn rate_window(&self, w: &Window<'_>, labels: &Labels, notes: &mut Annotations) -> Out {
        if !w.vs.is_empty() && !w.hists.is_empty() {
            notes.mixed_floats_histograms(self.first_pos, labels.metric_name());
            return Out::Absent;
        }
        match (self.extent, w.vs.is_empty()) {
            (Extent::Plain, false) => self.rate_floats(w, labels, notes),
            (Extent::Plain, true) => self.rate_hists(w, labels, notes),
            (_, false) => self.extended_rate(w),
            (_, true) => self.extended_histogram_rate(w, labels, notes),
        }
    }

    /// The start timestamp of the first sample, when it lies within the range and before the sample: the counter
    /// was 0 then.
    fn zero_t(&self, w: &Window<'_>, start: i64, first_t: i64) -> Option<i64> {
        (self.is_counter() && start != 0 && start > w.start && start < first_t).then_some(start)
    }

    fn rate_floats(&self, w: &Window<'_>, labels: &Labels, notes: &mut Annotations) -> Out {
        let (first_t, last_t) = (w.ts[0], w.ts[w.ts.len() - 1]);
        let mut change = w.vs[w.vs.len() - 1] - w.vs[0];
        if self.is_counter() {
            let mut overlap = false;
            for i in 1..w.vs.len() {
                let (before, now) = (w.start_of(i - 1), w.start_of(i));
                overlap |= !w.starts.is_empty() && starts_overlap(before, w.ts[i - 1], now);
                if w.vs[i] < w.vs[i - 1] || starts_anew(before, w.ts[i - 1], now, w.ts[i]) {
                    change += w.vs[i - 1];
                }
            }
            if overlap {
                notes.start_time_overlap(self.first_pos, labels.metric_name());
            }
        }
        let zero_t = self.zero_t(w, w.start_of(0), first_t);
        if zero_t.is_none() && w.vs.len() < 2 {
            return Out::Absent;
        }
        let from_zero = (self.is_counter() && change > 0.0 && w.vs[0] >= 0.0).then_some((w.vs[0], change));
        if zero_t.is_some() {
            change += w.vs[0];
        }
        let ends =
            Ends { start: w.start, end: w.end, first_t, last_t, samples: w.vs.len(), from_zero, zero_t };
        Out::Float(change * (ends.factor() / self.per()))
    }

    fn rate_hists(&self, w: &Window<'_>, labels: &Labels, notes: &mut Annotations) -> Out {
        let first = &w.hists[0];
        let zero_t = self.zero_t(w, self.hist_start(w, 0), first.timestamp);
        let mut change = None;
        if w.hists.len() > 1 {
            change = self.histogram_change(w, labels, notes);
            if change.is_none() {
                return Out::Absent;
            }
        }
        let from_zero = change
            .as_ref()
            .filter(|c| self.is_counter() && c.count > 0.0 && first.histogram.count >= 0.0)
            .map(|c| (first.histogram.count, c.count));
        let mut change = match (change, zero_t) {
            (None, None) => return Out::Absent,
            (None, Some(_)) => (*first.histogram).clone(),
            (Some(change), None) => change,
            (Some(mut change), Some(_)) => {
                if !self.combine(change.add(&first.histogram), HistogramOp::Addition, labels, notes) {
                    return Out::Absent;
                }
                change
            }
        };
        let (first_t, last_t) = (first.timestamp, w.hists[w.hists.len() - 1].timestamp);
        let ends =
            Ends { start: w.start, end: w.end, first_t, last_t, samples: w.hists.len(), from_zero, zero_t };
        change.mul(ends.factor() / self.per());
        Out::hist(change)
    }

    /// Notes what came of a combination; `false` when it failed.
    pub(super) fn combine(
        &self,
        result: Result<model::histogram::Combined, model::histogram::IncompatibleSchemas>,
        op: HistogramOp,
        labels: &Labels,
        notes: &mut Annotations,
    ) -> bool {
        match result {
            Err(_) => {
                notes.mixed_exponential_custom(self.first_pos, labels.metric_name());
                return false;
            }
            // Resets are dealt with one by one here: hints that collide mean nothing.
            Ok(combined) if combined.bounds_reconciled => notes.bounds_reconciled(self.first_pos, op),
            Ok(_) => {}
        }
        true
    }

    /// The change from the first to the last of at least two histograms.
    fn histogram_change(
        &self,
        w: &Window<'_>,
        labels: &Labels,
        notes: &mut Annotations,
    ) -> Option<FloatHistogram> {
        let hists = w.hists;
        let (first, last) = (&*hists[0].histogram, &*hists[hists.len() - 1].histogram);
        let counter = self.is_counter();
        let gauge = |h: &FloatHistogram| h.reset_hint == CounterResetHint::Gauge;
        let name = labels.metric_name();
        if counter && hists.iter().any(|h| gauge(&h.histogram)) {
            notes.not_a_counter(self.first_pos, name);
        }
        let both_gauges = gauge(first) && gauge(last);
        if !counter && !both_gauges {
            notes.not_a_gauge(self.first_pos, name);
        }
        // When the counter started anew after the first sample, that one's layout does not matter.
        let second = &*hists[1].histogram;
        let nulled = counter && (self.hist_starts_anew(w, 1) || second.detect_reset(first));
        let nothing = FloatHistogram {
            schema: second.schema,
            custom_values: second.custom_values.clone(),
            ..FloatHistogram::default()
        };
        let mut previous = if nulled { &nothing } else { first };
        let between = &hists[1..hists.len() - 1];
        let custom = previous.uses_custom_buckets();
        let between_differs = |h: &HistogramSample| counter && h.histogram.uses_custom_buckets() != custom;
        if last.uses_custom_buckets() != custom || between.iter().any(between_differs) {
            notes.mixed_exponential_custom(self.first_pos, name);
            return None;
        }
        let mut schema = last.schema.min(previous.schema);
        if counter {
            schema = between.iter().fold(schema, |s, h| s.min(h.histogram.schema));
        }
        let mut change = last.to_schema(schema);
        if !self.combine(change.sub(previous), HistogramOp::Subtraction, labels, notes) {
            return None;
        }
        if counter {
            let mut overlap = false;
            for i in 1..hists.len() {
                let now = &*hists[i].histogram;
                overlap |=
                    starts_overlap(self.hist_start(w, i - 1), hists[i - 1].timestamp, self.hist_start(w, i));
                if (self.hist_starts_anew(w, i) || now.detect_reset(previous))
                    && !self.combine(change.add(previous), HistogramOp::Addition, labels, notes)
                {
                    return None;
                }
                previous = now;
            }
            if overlap {
                notes.start_time_overlap(self.first_pos, name);
            }
        }
        change.reset_hint = CounterResetHint::Gauge;
        change.compact();
        Some(change)
    }

    fn hist_starts_anew(&self, w: &Window<'_>, i: usize) -> bool {
        let (before, now) = (&w.hists[i - 1], &w.hists[i]);
        starts_anew(self.hist_start(w, i - 1), before.timestamp, self.hist_start(w, i), now.timestamp)
    }
}
