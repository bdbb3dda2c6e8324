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
    let (x, y, xy, x2) = fast_sums(ts, vs, at).unwrap_or_else(|| sums(ts, vs, at));
    let n = vs.len() as f64;
    let slope = (xy - x * y / n) / (x2 - x * x / n);
    (slope, y / n - slope * x / n)
}

/// Sums of x, y, xy and x² of a window, x in seconds.
type Sums = (f64, f64, f64, f64);

/// The sums as Prometheus makes them, whatever the values are.
fn sums(ts: &[i64], vs: &[f64], at: i64) -> Sums {
    let (mut x, mut y, mut xy, mut x2) = ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0));
    for (t, v) in ts.iter().zip(vs) {
        let seconds = (t - at) as f64 / 1e3;
        x = kahan_inc(seconds, x.0, x.1);
        y = kahan_inc(*v, y.0, y.1);
        xy = kahan_inc(seconds * v, xy.0, xy.1);
        x2 = kahan_inc(seconds * seconds, x2.0, x2.1);
    }
    (x.0 + x.1, y.0 + y.1, xy.0 + xy.1, x2.0 + x2.1)
}

/// Sums that do not wait for each other.
const LANES: usize = 4;
/// Times this near to the point of reference (35 years) have squares that add up in 128 bits: 2⁸⁰ each, 2³² of them.
const NEAR_MS: u64 = 1 << 40;

/// The same sums five times as fast, when all values are finite and the times near: times add up exactly as whole
/// numbers, values with their errors beside them in lanes. `None` when that would not do.
fn fast_sums(ts: &[i64], vs: &[f64], at: i64) -> Option<Sums> {
    let near = |t: &i64| t.abs_diff(at) < NEAR_MS;
    if !ts.first().is_some_and(near) || !ts.last().is_some_and(near) || ts.len() >= 1 << 32 {
        return None;
    }
    let (mut x, mut x2) = (0i64, 0i128);
    for t in ts {
        let ms = t - at;
        x += ms;
        x2 += ms as i128 * ms as i128;
    }
    let (mut y, mut xy) = ([(0.0, 0.0); LANES], [(0.0, 0.0); LANES]);
    for (ts, vs) in ts.chunks(LANES).zip(vs.chunks(LANES)) {
        for (lane, (t, v)) in ts.iter().zip(vs).enumerate() {
            y[lane] = exact_add(y[lane], *v);
            xy[lane] = exact_add(xy[lane], (t - at) as f64 / 1e3 * v);
        }
    }
    let total = |lanes: [(f64, f64); LANES]| {
        let sum = lanes.iter().fold((0.0, 0.0), |all, lane| exact_add(exact_add(all, lane.0), lane.1));
        sum.0 + sum.1
    };
    let (y, xy) = (total(y), total(xy));
    (y.is_finite() && xy.is_finite()).then_some((x as f64 / 1e3, y, xy, x2 as f64 / 1e6))
}

/// Adds and keeps what rounding took (Knuth's two-sum, without a branch).
fn exact_add((sum, error): (f64, f64), value: f64) -> (f64, f64) {
    let next = sum + value;
    let part = next - sum;
    (next, error + ((sum - (next - part)) + (value - part)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fast_sums_are_the_sums(
            points in prop::collection::vec((0i64..100_000, -1e12f64..1e12), 1..200),
            start in 0i64..2_000_000_000_000,
        ) {
            let mut t = start;
            let (ts, vs): (Vec<i64>, Vec<f64>) = points.iter().map(|(gap, v)| { t += gap; (t, *v) }).unzip();
            let (slow, fast) = (sums(&ts, &vs, t), fast_sums(&ts, &vs, t).unwrap());
            for (a, b) in [(slow.0, fast.0), (slow.1, fast.1), (slow.2, fast.2), (slow.3, fast.3)] {
                let scale = vs.iter().fold(1.0f64, |m, v| m.max(v.abs())) * 1e7;
                prop_assert!((a - b).abs() <= 1e-12 * a.abs().max(scale * 1e-9), "{a} {b}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_or_near_goes_the_long_way() {
        assert_eq!(fast_sums(&[1, 2], &[1.0, f64::INFINITY], 2), None);
        assert_eq!(fast_sums(&[1, 2], &[f64::NAN, 1.0], 2), None);
        assert_eq!(fast_sums(&[-(1 << 50), 2], &[1.0, 2.0], 2), None);
        assert_eq!(fast_sums(&[], &[], 2), None);
    }
}
