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
use crate::eval::layout::Layouts;
use crate::eval::window::{Run, Window, Windows};
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
    #[inline(always)]
    fn sampled(&self) -> f64 {
        (self.last_t - self.first_t) as f64 / 1e3
    }

    /// The average distance of samples.
    #[inline(always)]
    fn average(&self) -> f64 {
        if self.samples > 1 { self.sampled() / (self.samples - 1) as f64 } else { 0.0 }
    }

    /// How far the change is extrapolated to the start, whatever the values are.
    #[inline(always)]
    fn to_start(&self, average: f64) -> f64 {
        let to_start = (self.first_t - self.start) as f64 / 1e3;
        if to_start >= average * EXTRAPOLATION_THRESHOLD { average / 2.0 } else { to_start }
    }

    /// What the change between the samples has to be multiplied with.
    #[inline(always)]
    fn factor(&self) -> f64 {
        let average = self.average();
        let (mut to_start, mut sampled) = (0.0, self.sampled());
        if let Some(zero_t) = self.zero_t {
            sampled = (self.last_t - zero_t) as f64 / 1e3;
        } else {
            to_start = self.to_start(average);
            if let Some((first, change)) = self.from_zero {
                // `min` would let a NaN pass where a comparison does not; both are numbers here.
                let to_zero = sampled * (first / change);
                if to_zero < to_start {
                    to_start = to_zero;
                }
            }
        }
        let mut to_end = (self.end - self.last_t) as f64 / 1e3;
        if to_end >= average * EXTRAPOLATION_THRESHOLD {
            to_end = average / 2.0;
        }
        if sampled == 0.0 { 1.0 } else { (sampled + to_start + to_end) / sampled }
    }
}

/// A window with at least two samples, as its timestamps make it.
struct RateStep {
    step: u32,
    /// The first sample, and the one after the last.
    lo: u32,
    hi: u32,
    sampled: f64,
    to_start: f64,
    /// Of a change that is not held back at zero, by what it is divided by.
    factor: f64,
}

/// The windows of series of the same timestamps.
pub(crate) struct RateSteps {
    steps: Vec<RateStep>,
    /// Samples in all windows, those with one among them.
    seen: u64,
}

impl RateSteps {
    fn new(windows: &Windows, ts: &[i64], per: f64) -> RateSteps {
        let mut all = RateSteps { steps: Vec::with_capacity(windows.grid.steps), seen: 0 };
        windows.each_float(ts, |step, start, end, lo, hi| {
            all.seen += (hi - lo) as u64;
            if hi - lo > 1 {
                let (first_t, last_t) = (ts[lo], ts[hi - 1]);
                let samples = hi - lo;
                let ends = Ends { start, end, first_t, last_t, samples, from_zero: None, zero_t: None };
                all.steps.push(RateStep {
                    step: step as u32,
                    lo: lo as u32,
                    hi: hi as u32,
                    sampled: ends.sampled(),
                    to_start: ends.to_start(ends.average()),
                    factor: ends.factor() / per,
                });
            }
        });
        all
    }
}

impl RateStep {
    /// Whether a counter is surely not held back at zero: `sampled × (first ÷ change) ≥ to_start`, without a division. The
    /// bounds leave room for rounding; where they are not kept, the caller looks closely.
    #[inline(always)]
    fn is_free(&self, first: f64, change: f64) -> bool {
        let reach = self.to_start * change;
        (1e-290..1e290).contains(&reach) && self.sampled * first > reach * 1.000_001
    }
}

/// Where a counter went down: after the sample before each of these places.
struct Resets {
    places: Vec<usize>,
    passed: usize,
}

impl Resets {
    fn find(vs: &[f64], counter: bool) -> Resets {
        // A comparison of a slice with itself, one off: vector instructions, unlike a loop that collects places.
        let falls = vs.windows(2).fold(0usize, |n, w| n + usize::from(w[1] < w[0]));
        let mut places = Vec::new();
        if counter && falls > 0 {
            places = (1..vs.len()).filter(|i| vs[*i] < vs[i - 1]).collect();
        }
        Resets { places, passed: 0 }
    }

    /// What was lost in a window, added to the change; windows never go back.
    #[inline(always)]
    fn add(&mut self, change: &mut f64, vs: &[f64], lo: usize, hi: usize) {
        if self.places.is_empty() {
            return;
        }
        while self.passed < self.places.len() && self.places[self.passed] <= lo {
            self.passed += 1;
        }
        for at in self.places[self.passed..].iter().take_while(|at| **at < hi) {
            *change += vs[at - 1];
        }
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
    pub(super) fn rate_column(&self, run: &Run<'_>, row: &mut Row, layouts: &mut Layouts<RateSteps>) {
        let (ts, vs) = (run.ts, run.vs);
        let counter = self.is_counter();
        let mut resets = Resets::find(vs, counter);
        let per = self.per();
        // Who wants to know of every step has it counted step by step.
        if row.seen_per_step.is_none()
            && let Some(all) = layouts.get(&self.windows, ts, || RateSteps::new(&self.windows, ts, per))
        {
            row.seen += all.seen;
            for w in &all.steps {
                let (lo, hi) = (w.lo as usize, w.hi as usize);
                let first = vs[lo];
                let mut change = vs[hi - 1] - first;
                resets.add(&mut change, vs, lo, hi);
                let held = counter && change > 0.0 && first >= 0.0 && !w.is_free(first, change);
                let factor = if held { self.held_factor(w, ts, first, change) } else { w.factor };
                row.floats[w.step as usize] = change * factor;
            }
            row.has_floats |= !all.steps.is_empty();
            return;
        }
        self.windows.each_float(ts, |step, start, end, lo, hi| {
            row.see(step, (hi - lo) as u64);
            if hi - lo < 2 {
                return;
            }
            let (first, last) = (vs[lo], vs[hi - 1]);
            let mut change = last - first;
            resets.add(&mut change, vs, lo, hi);
            let from_zero = (counter && change > 0.0 && first >= 0.0).then_some((first, change));
            let (first_t, last_t) = (ts[lo], ts[hi - 1]);
            let ends = Ends { start, end, first_t, last_t, samples: hi - lo, from_zero, zero_t: None };
            row.put_float(step, change * (ends.factor() / per));
        });
    }

    /// The factor of a change that may be held back at zero.
    fn held_factor(&self, w: &RateStep, ts: &[i64], first: f64, change: f64) -> f64 {
        let (lo, hi) = (w.lo as usize, w.hi as usize);
        let (start, end) = self.windows.range_at(w.step as usize);
        let (first_t, last_t) = (ts[lo], ts[hi - 1]);
        let from_zero = Some((first, change));
        let ends = Ends { start, end, first_t, last_t, samples: hi - lo, from_zero, zero_t: None };
        ends.factor() / self.per()
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
