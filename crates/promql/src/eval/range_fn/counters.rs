//! Functions that look at neighbouring samples: resets, changes, and the rates of the last two.

use super::{Out, RangeFn, RangeWork};
use crate::annotations::{Annotations, HistogramOp};
use crate::ast::Extent;
use crate::eval::column::Row;
use crate::eval::window::{Run, Window};
use model::{CounterResetHint, FloatHistogram, Labels};
use std::sync::Arc;

/// Whether a sample's start timestamp says that its counter began anew after the sample before it.
pub(super) fn starts_anew(previous_start: i64, previous_t: i64, start: i64, t: i64) -> bool {
    // Not set, or of no use: after the sample, or at it, which says that the start is not known.
    if start == 0 || start >= t || start < previous_t {
        return false;
    }
    if start > previous_t {
        return true;
    }
    // It started at the sample before: a delta, or a counter of unknown start. The former knew its start before.
    previous_start != 0 && previous_start < previous_t
}

/// Whether a start timestamp lies within what the sample before covered, without being the same start.
pub(super) fn starts_overlap(previous_start: i64, previous_t: i64, start: i64) -> bool {
    start != 0 && start < previous_t && start != previous_start
}

/// A sample of either kind.
#[derive(Clone, Copy)]
pub(super) struct Point<'a> {
    t: i64,
    start: i64,
    v: f64,
    h: Option<&'a Arc<FloatHistogram>>,
}

impl Point<'_> {
    fn starts_anew_after(&self, previous: &Point<'_>) -> bool {
        starts_anew(previous.start, previous.t, self.start, self.t)
    }
}

impl RangeWork<'_> {
    fn float_point<'a>(&self, w: &Window<'a>, i: usize) -> Point<'a> {
        Point { t: w.ts[i], start: w.start_of(i), v: w.vs[i], h: None }
    }

    fn hist_point<'a>(&self, w: &Window<'a>, i: usize) -> Point<'a> {
        let h = &w.hists[i];
        Point { t: h.timestamp, start: self.hist_start(w, i), v: 0.0, h: Some(&h.histogram) }
    }

    /// Calls with every pair of neighbours, floats and histograms in order of time. `None` without any sample to
    /// look at.
    fn neighbours<'a>(&self, w: &Window<'a>, mut visit: impl FnMut(Point<'a>, Point<'a>)) -> Option<()> {
        let (mut f, mut h) = self.first_samples(w)?;
        let mut previous: Option<Point<'a>> = None;
        while f < w.ts.len() || h < w.hists.len() {
            let float = match (w.ts.get(f), w.hists.get(h)) {
                (Some(t), Some(hist)) => *t < hist.timestamp,
                (Some(_), None) => true,
                (None, _) => false,
            };
            let point = if float { self.float_point(w, f) } else { self.hist_point(w, h) };
            if float {
                f += 1;
            } else {
                h += 1;
            }
            if let Some(previous) = previous {
                visit(previous, point);
            }
            previous = Some(point);
        }
        Some(())
    }

    /// Where to begin: with `anchored`, at the last sample at or before the start of the range. `None` when nothing
    /// lies in the range.
    fn first_samples(&self, w: &Window<'_>) -> Option<(usize, usize)> {
        if self.extent != Extent::Anchored {
            return Some((0, 0));
        }
        let floats = w.ts.partition_point(|t| *t <= w.start);
        let hists = w.hists.partition_point(|h| h.timestamp <= w.start);
        if floats == w.ts.len() && hists == w.hists.len() {
            return None;
        }
        Some(match (floats.checked_sub(1), hists.checked_sub(1)) {
            (None, None) => (0, 0),
            (Some(f), None) => (f, hists),
            (Some(f), Some(h)) if w.ts[f] >= w.hists[h].timestamp => (f, hists),
            (_, Some(h)) => (floats, h),
        })
    }

    pub(super) fn resets(&self, w: &Window<'_>) -> Out {
        let mut resets = 0u64;
        let counted = self.neighbours(w, |a, b| {
            resets += u64::from(match (a.h, b.h) {
                (None, None) => b.v < a.v || b.starts_anew_after(&a),
                (Some(before), Some(now)) => b.starts_anew_after(&a) || now.detect_reset(before),
                _ => true,
            });
        });
        counted.map_or(Out::Absent, |()| Out::Float(resets as f64))
    }

    pub(super) fn changes(&self, w: &Window<'_>) -> Out {
        let mut changes = 0u64;
        let counted = self.neighbours(w, |a, b| {
            changes += u64::from(match (a.h, b.h) {
                (None, None) => b.v != a.v && !(b.v.is_nan() && a.v.is_nan()),
                (Some(before), Some(now)) => !now.equals(before),
                _ => true,
            });
        });
        counted.map_or(Out::Absent, |()| Out::Float(changes as f64))
    }

    /// `irate` and `idelta` of series of floats alone, without start timestamps.
    pub(super) fn last_two_column(&self, run: &Run<'_>, row: &mut Row) {
        let is_rate = self.function == RangeFn::Irate;
        self.windows.each_float(run.ts, |step, _, _, lo, hi| {
            row.see(step, (hi - lo) as u64);
            if hi - lo < 2 {
                return;
            }
            let (before, last) = (run.vs[hi - 2], run.vs[hi - 1]);
            let diff = if is_rate && last < before { last } else { last - before };
            let seconds = (run.ts[hi - 1] - run.ts[hi - 2]) as f64 / 1e3;
            row.put_float(step, if is_rate { diff / seconds } else { diff });
        });
    }

    /// `irate` and `idelta`: the difference of the last two samples.
    pub(super) fn instant_window(&self, w: &Window<'_>, labels: &Labels, notes: &mut Annotations) -> Out {
        let Some((before, last)) = self.last_two(w) else { return Out::Absent };
        let is_rate = self.function == RangeFn::Irate;
        let interval = last.t - before.t;
        if interval == 0 {
            return Out::Absent;
        }
        let seconds = interval as f64 / 1e3;
        match (before.h, last.h) {
            (None, None) => {
                let reset = is_rate && (last.v < before.v || last.starts_anew_after(&before));
                let diff = if reset { last.v } else { last.v - before.v };
                Out::Float(if is_rate { diff / seconds } else { diff })
            }
            (Some(a), Some(b)) => {
                let gauges = [a, b].map(|h| h.reset_hint == CounterResetHint::Gauge);
                if is_rate && gauges.contains(&true) {
                    notes.not_a_counter(self.first_pos, labels.metric_name());
                }
                if !is_rate && gauges.contains(&false) {
                    notes.not_a_gauge(self.first_pos, labels.metric_name());
                }
                let mut diff = (**b).clone();
                if !is_rate || !(last.starts_anew_after(&before) || b.detect_reset(a)) {
                    match diff.sub(a) {
                        Err(_) => {
                            notes.mixed_exponential_custom(self.first_pos, labels.metric_name());
                            return Out::Absent;
                        }
                        Ok(c) if c.bounds_reconciled => {
                            notes.bounds_reconciled(self.first_pos, HistogramOp::Subtraction);
                        }
                        Ok(_) => {}
                    }
                }
                diff.reset_hint = CounterResetHint::Gauge;
                diff.compact();
                if is_rate {
                    diff.div(seconds);
                }
                Out::hist(diff)
            }
            _ => {
                notes.mixed_floats_histograms(self.first_pos, labels.metric_name());
                Out::Absent
            }
        }
    }

    fn last_two<'a>(&self, w: &Window<'a>) -> Option<(Point<'a>, Point<'a>)> {
        let floats = (w.ts.len().saturating_sub(2)..w.ts.len()).map(|i| self.float_point(w, i));
        let hists = (w.hists.len().saturating_sub(2)..w.hists.len()).map(|i| self.hist_point(w, i));
        let mut points: Vec<Point<'a>> = floats.chain(hists).collect();
        points.sort_by_key(|p| p.t);
        match points.as_slice() {
            [.., before, last] => Some((*before, *last)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_timestamps_tell_resets() {
        // Sample before at 100, this one at 200.
        let check = |previous_start, start, want| {
            assert_eq!(starts_anew(previous_start, 100, start, 200), want, "{previous_start} {start}");
        };
        check(0, 0, false);
        check(50, 50, false);
        check(50, 150, true);
        check(50, 200, false);
        check(50, 300, false);
        // A delta that follows a delta, and a counter of unknown start.
        check(50, 100, true);
        check(0, 100, false);
        check(100, 100, false);
        check(150, 100, false);
    }
}
