//! Lines through the samples of a window, and smoothing.

use super::{Out, RangeFn, RangeWork, kahan_inc};
use crate::annotations::Annotations;
use crate::engine::QueryError;
use crate::eval::window::Window;
use model::Labels;

/// Least squares: slope per second, and the value at a time.
fn linear_regression(ts: &[i64], vs: &[f64], at: i64) -> (f64, f64) {
    let first = vs[0];
    if vs.iter().all(|v| *v == first) {
        return if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) };
    }
    let (mut x, mut y, mut xy, mut x2) = ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0));
    for (t, v) in ts.iter().zip(vs) {
        let seconds = (t - at) as f64 / 1e3;
        x = kahan_inc(seconds, x.0, x.1);
        y = kahan_inc(*v, y.0, y.1);
        xy = kahan_inc(seconds * v, xy.0, xy.1);
        x2 = kahan_inc(seconds * seconds, x2.0, x2.1);
    }
    let n = vs.len() as f64;
    let (x, y, xy, x2) = (x.0 + x.1, y.0 + y.1, xy.0 + xy.1, x2.0 + x2.1);
    let slope = (xy - x * y / n) / (x2 - x * x / n);
    (slope, y / n - slope * x / n)
}

impl RangeWork<'_> {
    /// Whether there are floats enough for a line; notes histograms beside them.
    fn enough_floats(&self, w: &Window<'_>, labels: &Labels, notes: &mut Annotations) -> bool {
        if !w.vs.is_empty() {
            self.note_ignored_histograms(w, labels, notes);
        }
        w.vs.len() >= 2
    }

    /// `deriv` and `predict_linear`.
    pub(super) fn regression(
        &self,
        w: &Window<'_>,
        labels: &Labels,
        ahead: f64,
        notes: &mut Annotations,
    ) -> Out {
        if !self.enough_floats(w, labels, notes) {
            return Out::Absent;
        }
        if self.function == RangeFn::Deriv {
            // Times relative to one close by: absolute ones would eat the digits.
            return Out::Float(linear_regression(w.ts, w.vs, w.ts[0]).0);
        }
        let (slope, now) = linear_regression(w.ts, w.vs, w.t);
        Out::Float(slope * ahead + now)
    }

    /// `double_exponential_smoothing`.
    pub(super) fn smoothing(
        &self,
        w: &Window<'_>,
        labels: &Labels,
        (smoothing, trend): (f64, f64),
        notes: &mut Annotations,
    ) -> Result<Out, QueryError> {
        for (name, short, factor) in [("smoothing", "sf", smoothing), ("trend", "tf", trend)] {
            if factor <= 0.0 || factor >= 1.0 {
                let text = format!("invalid {name} factor. Expected: 0 < {short} < 1, got: {factor:.6}");
                return Err(QueryError::Execution(text));
            }
        }
        if !self.enough_floats(w, labels, notes) {
            return Ok(Out::Absent);
        }
        let (mut previous, mut level, mut slope) = (0.0, w.vs[0], w.vs[1] - w.vs[0]);
        for (i, v) in w.vs.iter().enumerate().skip(1) {
            if i > 1 {
                slope = trend * (level - previous) + (1.0 - trend) * slope;
            }
            let next = smoothing * v + (1.0 - smoothing) * (level + slope);
            (previous, level) = (level, next);
        }
        Ok(Out::Float(level))
    }
}
