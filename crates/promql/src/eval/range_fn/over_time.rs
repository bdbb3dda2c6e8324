//! The `…_over_time` functions: plain statistics of the samples of a window.

use super::{Out, RangeFn, RangeWork, Sliding};
use crate::annotations::Annotations;
use crate::eval::column::Row;
use crate::eval::pipe::Scratch;
use crate::eval::window::{Run, Window};
use model::Labels;
use std::sync::Arc;

/// Adds to a compensated sum (Kahan's, in Neumaier's form). An infinite sum has no compensation.
#[inline(always)]
pub(crate) fn kahan_inc(inc: f64, sum: f64, c: f64) -> (f64, f64) {
    let t = sum + inc;
    // The smaller of the two lost digits. Both are computed, as a choice is cheaper than a jump.
    let lost = if sum.abs() >= inc.abs() { (sum - t) + inc } else { (inc - t) + sum };
    if t.is_infinite() { (t, 0.0) } else { (t, c + lost) }
}

pub(super) fn sum(vs: &[f64]) -> f64 {
    let (mut sum, mut c) = (0.0, 0.0);
    for v in vs {
        (sum, c) = kahan_inc(*v, sum, c);
    }
    if f64::is_infinite(sum) { sum } else { sum + c }
}

/// The mean: of the sum while that does not overflow, else step by step.
pub(super) fn avg(vs: &[f64]) -> f64 {
    let Some((first, rest)) = vs.split_first() else { return f64::NAN };
    let (mut sum, mut c) = (*first, 0.0);
    for (i, v) in rest.iter().enumerate() {
        let (s, k) = kahan_inc(*v, sum, c);
        if s.is_infinite() {
            return avg_incremental(sum, c, i + 1, &rest[i..]);
        }
        (sum, c) = (s, k);
    }
    let count = vs.len() as f64;
    sum / count + c / count
}

fn avg_incremental(sum: f64, c: f64, counted: usize, rest: &[f64]) -> f64 {
    let mut count = counted as f64;
    let (mut mean, mut c) = (sum / count, c / count);
    for v in rest {
        count += 1.0;
        let q = (count - 1.0) / count;
        (mean, c) = kahan_inc(v / count, q * mean, q * c);
    }
    mean + c
}

pub(super) fn min(vs: &[f64]) -> f64 {
    extreme(vs, f64::INFINITY, |a, b| a < b)
}

pub(super) fn max(vs: &[f64]) -> f64 {
    extreme(vs, f64::NEG_INFINITY, |a, b| a > b)
}

/// The value that no other beats; NaN only when there is no number. Eight lanes, for vector instructions.
#[inline(always)]
fn extreme(vs: &[f64], least: f64, beats: impl Fn(f64, f64) -> bool) -> f64 {
    let better = |a: f64, b: f64| if beats(a, b) { a } else { b };
    let (eights, rest) = vs.as_chunks::<8>();
    let mut best = rest.iter().fold(least, |best, v| better(*v, best));
    if !eights.is_empty() {
        let mut lanes = [least; 8];
        for eight in eights {
            for (lane, v) in lanes.iter_mut().zip(eight) {
                *lane = better(*v, *lane);
            }
        }
        best = lanes.into_iter().fold(best, |best, v| better(v, best));
    }
    if best == least && vs.iter().all(|v| v.is_nan()) { f64::NAN } else { best }
}

/// The population variance: from the sum of squared distances from the mean, less what the rounding of the mean adds
/// to it. Where that overflows, step by step.
pub(super) fn variance(vs: &[f64]) -> f64 {
    let first = vs[0];
    if first.is_finite() && vs.iter().fold(true, |same, v| same & (*v == first)) {
        return 0.0;
    }
    let count = vs.len() as f64;
    let mean = lanes(vs, |v| (v, 0.0)).0 / count;
    let (distances, squares) = lanes(vs, |v| (v - mean, (v - mean) * (v - mean)));
    let variance = (squares - distances * distances / count) / count;
    if variance.is_finite() { variance } else { variance_step_by_step(vs) }
}

/// The sums of two terms of every value, in four lanes each.
#[inline(always)]
fn lanes(vs: &[f64], terms: impl Fn(f64) -> (f64, f64)) -> (f64, f64) {
    let (fours, rest) = vs.as_chunks::<4>();
    let (mut a, mut b) = ([0.0; 4], [0.0; 4]);
    for four in fours {
        for i in 0..4 {
            let (x, y) = terms(four[i]);
            a[i] += x;
            b[i] += y;
        }
    }
    let (mut sum_a, mut sum_b) = (a.iter().sum::<f64>(), b.iter().sum::<f64>());
    for v in rest {
        let (x, y) = terms(*v);
        sum_a += x;
        sum_b += y;
    }
    (sum_a, sum_b)
}

/// Welford's method with compensation.
fn variance_step_by_step(vs: &[f64]) -> f64 {
    let (mut count, mut mean, mut c_mean, mut aux, mut c_aux) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for v in vs {
        count += 1.0;
        let delta = v - (mean + c_mean);
        (mean, c_mean) = kahan_inc(delta / count, mean, c_mean);
        (aux, c_aux) = kahan_inc(delta * (v - (mean + c_mean)), aux, c_aux);
    }
    (aux + c_aux) / count
}

/// The value at a quantile of a list, which is put in order. NaN stands below everything.
pub(crate) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_unstable_by(|a, b| match (a.is_nan(), b.is_nan()) {
        (true, true) => std::cmp::Ordering::Equal,
        (true, false) => std::cmp::Ordering::Less,
        (false, true) => std::cmp::Ordering::Greater,
        (false, false) => a.total_cmp(b),
    });
    let rank = q * (values.len() - 1) as f64;
    let lower = rank.floor().max(0.0) as usize;
    let upper = (lower + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    values[lower] * (1.0 - weight) + values[upper] * weight
}

impl RangeWork<'_> {
    /// Sums and averages of series of floats alone.
    pub(super) fn sum_column(&self, run: &Run<'_>, row: &mut Row, sliding: &mut Sliding) {
        let average = self.function == RangeFn::Avg;
        if !sliding.sums(&self.windows, run) {
            return if average { self.map(run, row, avg) } else { self.map(run, row, sum) };
        }
        self.windows.each_float(run.ts, |step, _, _, lo, hi| {
            row.see(step, (hi - lo) as u64);
            let sum = sliding.sum(run.vs, lo, hi);
            row.put_float(step, if average { sum / (hi - lo) as f64 } else { sum });
        });
    }

    /// Minima and maxima of series of floats alone.
    pub(super) fn extreme_column(&self, run: &Run<'_>, row: &mut Row, sliding: &mut Sliding) {
        let minimum = self.function == RangeFn::Min;
        let beats = |a: f64, b: f64| if minimum { a < b } else { a > b };
        let put = |step, samples: usize, v| {
            row.see(step, samples as u64);
            row.put_float(step, v);
        };
        if !sliding.extremes(&self.windows, run, beats, put) {
            if minimum { self.map(run, row, min) } else { self.map(run, row, max) }
        }
    }

    /// Functions that look at floats only.
    pub(super) fn over_floats(&self, w: &Window<'_>, labels: &Labels, scratch: &mut Scratch) -> Out {
        if w.vs.is_empty() {
            return Out::Absent;
        }
        self.note_ignored_histograms(w, labels, &mut scratch.notes);
        Out::Float(match self.function {
            RangeFn::Min => min(w.vs),
            RangeFn::Max => max(w.vs),
            RangeFn::Stdvar => variance(w.vs),
            RangeFn::Stddev => variance(w.vs).sqrt(),
            RangeFn::Mad => median_deviation(w.vs, &mut scratch.sorted),
            RangeFn::TsOfMax => time_of(w, |v, max| v >= max || max.is_nan()),
            _ => time_of(w, |v, min| v <= min || min.is_nan()),
        })
    }

    pub(super) fn quantile(&self, w: &Window<'_>, labels: &Labels, q: f64, scratch: &mut Scratch) -> Out {
        if w.vs.is_empty() {
            return Out::Absent;
        }
        if !(0.0..=1.0).contains(&q) {
            scratch.notes.invalid_quantile(self.first_pos, q);
        }
        self.note_ignored_histograms(w, labels, &mut scratch.notes);
        scratch.sorted.clear();
        scratch.sorted.extend_from_slice(w.vs);
        Out::Float(quantile(q, &mut scratch.sorted))
    }

    pub(super) fn sum_or_avg(&self, w: &Window<'_>, labels: &Labels, notes: &mut Annotations) -> Out {
        let average = self.function == RangeFn::Avg;
        match (w.vs.is_empty(), w.hists.is_empty()) {
            (false, true) if average => Out::Float(avg(w.vs)),
            (false, true) => Out::Float(sum(w.vs)),
            (true, _) => self.sum_histograms(w, labels, average, notes),
            (false, false) => {
                notes.mixed_floats_histograms(self.first_pos, labels.metric_name());
                Out::Absent
            }
        }
    }

    /// The first or the last sample of the window, or its time.
    pub(super) fn end_of(&self, w: &Window<'_>) -> Out {
        let first = matches!(self.function, RangeFn::First | RangeFn::TsOfFirst);
        let float = if first { 0 } else { w.ts.len().saturating_sub(1) };
        let hist = if first { w.hists.first() } else { w.hists.last() };
        let float = w.ts.get(float).map(|t| (*t, w.vs[float]));
        // Which of the two is at the end asked for; the histogram when there is a tie.
        let float_wins = match (float, hist) {
            (Some(_), None) => true,
            (None, _) => false,
            (Some((t, _)), Some(h)) => {
                if first {
                    t < h.timestamp
                } else {
                    h.timestamp < t
                }
            }
        };
        let times = matches!(self.function, RangeFn::TsOfFirst | RangeFn::TsOfLast);
        match (float_wins, float, hist) {
            (true, Some((t, _)), _) if times => Out::Float(t as f64 / 1e3),
            (true, Some((_, v)), _) => Out::Float(v),
            (false, _, Some(h)) if times => Out::Float(h.timestamp as f64 / 1e3),
            (false, _, Some(h)) => Out::Hist(Arc::clone(&h.histogram)),
            _ => Out::Absent,
        }
    }
}

fn median_deviation(vs: &[f64], sorted: &mut Vec<f64>) -> f64 {
    if vs.iter().any(|v| v.is_nan()) {
        return f64::NAN;
    }
    sorted.clear();
    sorted.extend_from_slice(vs);
    let median = quantile(0.5, sorted);
    sorted.clear();
    sorted.extend(vs.iter().map(|v| (v - median).abs()));
    quantile(0.5, sorted)
}

/// The time of the last sample that beats those before it, in seconds.
fn time_of(w: &Window<'_>, beats: impl Fn(f64, f64) -> bool) -> f64 {
    let (mut best, mut at) = (w.vs[0], w.ts[0]);
    for (v, t) in w.vs.iter().zip(w.ts) {
        if beats(*v, best) {
            (best, at) = (*v, *t);
        }
    }
    at as f64 / 1e3
}
