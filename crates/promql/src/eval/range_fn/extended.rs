//! `rate`, `increase` and `delta` with `anchored` or `smoothed`: the change between the ends of the range, without
//! extrapolation. Anchored takes the last sample at or before the start; smoothed interpolates at both ends.

use super::{Out, RangeFn, RangeWork};
use crate::annotations::{Annotations, HistogramOp};
use crate::ast::Extent;
use crate::eval::window::Window;
use model::histogram::IncompatibleSchemas;
use model::{CounterResetHint, FloatHistogram, HistogramSample, Labels};

/// The value at a time between two samples. A counter that fell between them started from zero.
pub(crate) fn interpolate((t1, v1): (i64, f64), (t2, v2): (i64, f64), t: i64, counter: bool) -> f64 {
    let from = if counter && v2 < v1 { 0.0 } else { v1 };
    from + (v2 - from) * (t - t1) as f64 / (t2 - t1) as f64
}

/// What was reconciled while interpolating histograms.
#[derive(Default)]
pub(crate) struct Reconciled {
    pub sub: bool,
    pub add: bool,
}

/// The histogram at a time between two. A counter that was reset between them started from nothing.
pub(crate) fn interpolate_histograms(
    a: &HistogramSample,
    b: &HistogramSample,
    t: i64,
    counter: bool,
    reconciled: &mut Reconciled,
) -> Result<FloatHistogram, IncompatibleSchemas> {
    if t == a.timestamp {
        return Ok((*a.histogram).clone());
    }
    let mut h = (*b.histogram).clone();
    if t == b.timestamp {
        return Ok(h);
    }
    let fraction = (t - a.timestamp) as f64 / (b.timestamp - a.timestamp) as f64;
    if counter && b.histogram.detect_reset(&a.histogram) {
        h.mul(fraction);
        return Ok(h);
    }
    reconciled.sub |= h.sub(&a.histogram)?.bounds_reconciled;
    h.mul(fraction);
    reconciled.add |= h.add(&a.histogram)?.bounds_reconciled;
    Ok(h)
}

/// The samples between which the change is taken.
struct Picked {
    first: usize,
    last: usize,
}

impl RangeWork<'_> {
    /// The samples at the ends: `None` when there is nothing in the range.
    fn pick(&self, w: &Window<'_>, count: usize, t: impl Fn(usize) -> i64) -> Option<Picked> {
        let mut last = count.checked_sub(1)?;
        let below = |limit: usize, before: &dyn Fn(i64) -> bool| -> usize {
            (0..limit).take_while(|i| before(t(*i))).count()
        };
        let first = below(last, &|t| t <= w.start).saturating_sub(1);
        let smoothed = self.extent == Extent::Smoothed;
        if smoothed {
            last = below(last, &|t| t < w.end);
        }
        let outside = t(last) <= w.start || (smoothed && t(first) > w.end);
        (!outside).then_some(Picked { first, last })
    }

    pub(super) fn extended_rate(&self, w: &Window<'_>) -> Out {
        let Some(Picked { mut first, last }) = self.pick(w, w.ts.len(), |i| w.ts[i]) else {
            return Out::Absent;
        };
        let (smoothed, counter) = (self.extent == Extent::Smoothed, self.function != RangeFn::Delta);
        let at = |i: usize| (w.ts[i], w.vs[i]);
        let left = if smoothed && w.ts[first] < w.start {
            interpolate(at(first), at(first + 1), w.start, counter)
        } else {
            w.vs[first]
        };
        let right = if smoothed && last > 0 && w.ts[last] > w.end {
            interpolate(at(last - 1), at(last), w.end, counter)
        } else {
            w.vs[last]
        };
        let mut change = right - left;
        if counter {
            // The samples at the ends are in `left` and `right`: only what lies between can be a reset of its own.
            if w.ts[first] <= w.start {
                first += 1;
            }
            let until = if w.ts[last] >= w.end { last } else { last + 1 };
            let mut previous = left;
            for v in w.vs.get(first..until).unwrap_or_default().iter().chain([&right]) {
                if *v < previous {
                    change += previous;
                }
                previous = *v;
            }
        }
        if self.function == RangeFn::Rate {
            change /= self.windows.range as f64 / 1e3;
        }
        Out::Float(change)
    }

    pub(super) fn extended_histogram_rate(
        &self,
        w: &Window<'_>,
        labels: &Labels,
        notes: &mut Annotations,
    ) -> Out {
        let Some(picked) = self.pick(w, w.hists.len(), |i| w.hists[i].timestamp) else {
            return Out::Absent;
        };
        match self.extended_histogram_change(w, &picked, labels, notes) {
            Some(mut change) => {
                if self.function == RangeFn::Rate {
                    change.div(self.windows.range as f64 / 1e3);
                }
                change.reset_hint = CounterResetHint::Gauge;
                change.compact();
                Out::hist(change)
            }
            None => Out::Absent,
        }
    }

    fn extended_histogram_change(
        &self,
        w: &Window<'_>,
        picked: &Picked,
        labels: &Labels,
        notes: &mut Annotations,
    ) -> Option<FloatHistogram> {
        let (hists, first, last) = (w.hists, picked.first, picked.last);
        let counter = self.function != RangeFn::Delta;
        let name = labels.metric_name();
        let custom = hists[first].histogram.uses_custom_buckets();
        for h in &hists[first..=last] {
            if h.histogram.uses_custom_buckets() != custom {
                notes.mixed_exponential_custom(self.first_pos, name);
                return None;
            }
            if counter && h.histogram.reset_hint == CounterResetHint::Gauge {
                notes.not_a_counter(self.first_pos, name);
            }
        }
        let smoothed = self.extent == Extent::Smoothed;
        let left = if smoothed && hists[first].timestamp < w.start {
            self.between(w, first, w.start, labels, notes)?
        } else {
            (*hists[first].histogram).clone()
        };
        let right = if smoothed && last > 0 && hists[last].timestamp > w.end {
            self.between(w, last - 1, w.end, labels, notes)?
        } else {
            (*hists[last].histogram).clone()
        };
        let gauge = |h: &FloatHistogram| h.reset_hint == CounterResetHint::Gauge;
        let both_gauges = gauge(&left) && gauge(&right);
        if !counter && !both_gauges {
            notes.not_a_gauge(self.first_pos, name);
        }
        let mut change = right.clone();
        if !self.combine(change.sub(&left), HistogramOp::Subtraction, labels, notes) {
            return None;
        }
        if counter {
            for lost in self.lost_in_resets(w, picked, &left, &right) {
                if !self.combine(change.add(lost), HistogramOp::Addition, labels, notes) {
                    return None;
                }
            }
        }
        Some(change)
    }

    /// The histogram at a time between a sample and the next.
    fn between(
        &self,
        w: &Window<'_>,
        i: usize,
        t: i64,
        labels: &Labels,
        notes: &mut Annotations,
    ) -> Option<FloatHistogram> {
        let counter = self.function != RangeFn::Delta;
        let mut reconciled = Reconciled::default();
        let result = interpolate_histograms(&w.hists[i], &w.hists[i + 1], t, counter, &mut reconciled);
        if reconciled.sub {
            notes.bounds_reconciled(self.first_pos, HistogramOp::Subtraction);
        }
        if reconciled.add {
            notes.bounds_reconciled(self.first_pos, HistogramOp::Addition);
        }
        if result.is_err() {
            notes.mixed_exponential_custom(self.first_pos, labels.metric_name());
        }
        result.ok()
    }

    /// What the counter had reached before each of its resets.
    fn lost_in_resets<'a>(
        &self,
        w: &Window<'a>,
        picked: &Picked,
        left: &'a FloatHistogram,
        right: &'a FloatHistogram,
    ) -> Vec<&'a FloatHistogram> {
        let hists = w.hists;
        let mut next = picked.first + 1;
        let mut previous = left;
        let interpolated =
            self.extent == Extent::Smoothed && hists[picked.first].timestamp < w.start && next < hists.len();
        if interpolated && hists[next].histogram.detect_reset(&hists[picked.first].histogram) {
            // `left` was interpolated across this reset: it is accounted for.
            previous = &hists[next].histogram;
            next += 1;
        }
        // The last sample is in `right`, which carries its hint.
        if next > picked.last {
            return Vec::new();
        }
        let mut lost = Vec::new();
        for h in hists[next..picked.last].iter().map(|h| &*h.histogram).chain([right]) {
            if h.detect_reset(previous) {
                lost.push(previous);
            }
            previous = h;
        }
        lost
    }
}
