//! Sums and extremes over windows that overlap much: what a sample adds to all of them is worked out once.
//!
//! A sum over a window is the difference of two sums over all samples before its ends. For whole numbers below 2^53
//! that is exact; others are summed with twice the digits of a float, and a difference that has lost too many of them
//! is summed anew. An extreme comes from a queue of the samples that no later one has outdone.

use super::over_time;
use crate::eval::window::{Run, Windows};
use std::collections::VecDeque;

/// Windows overlap enough for sums of whole numbers when a sample lies in so many.
const OVERLAP_WHOLE_MIN: i64 = 3;
/// The same for sums with twice the digits, where each sample costs as much as six in a plain loop.
const OVERLAP_DOUBLE_MIN: i64 = 10;
/// The same for extremes: within fewer windows a plain loop, eight samples at a time, is faster than a queue.
const OVERLAP_QUEUE_MIN: i64 = 24;
/// Up to here every whole number is a float.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
/// A difference this much smaller than what it is the difference of has lost 30 of 106 digits, and is good still.
const LOSS_MAX: f64 = 1.0 / (1u64 << 30) as f64;

/// Buffers.
#[derive(Default)]
pub(crate) struct Sliding {
    /// The sum of all samples before each.
    sums: Vec<f64>,
    /// What the floats in `sums` are too short for; empty for whole numbers.
    rests: Vec<f64>,
    largest: f64,
    queue: VecDeque<usize>,
}

fn overlap(windows: &Windows) -> i64 {
    if windows.at.is_some() || windows.grid.steps < 2 { 1 } else { windows.range / windows.grid.step }
}

impl Sliding {
    /// Prepares sums over windows of a run; `false` when plain loops are better.
    pub fn sums(&mut self, windows: &Windows, run: &Run<'_>) -> bool {
        let overlap = overlap(windows);
        if overlap < OVERLAP_WHOLE_MIN {
            return false;
        }
        self.whole(run.vs) || (overlap >= OVERLAP_DOUBLE_MIN && self.double(run.vs))
    }

    fn whole(&mut self, vs: &[f64]) -> bool {
        self.sums.clear();
        self.rests.clear();
        self.sums.push(0.0);
        let (mut sum, mut largest, mut whole) = (0.0f64, 0.0f64, true);
        for v in vs {
            // A negative zero is not whole: a sum would lose its sign.
            whole &= v.trunc().to_bits() == v.to_bits() && (*v != 0.0 || v.is_sign_positive());
            sum += v;
            largest = largest.max(sum.abs());
            self.sums.push(sum);
        }
        // A NaN anywhere makes the last sum one.
        whole && largest <= WHOLE_MAX && !sum.is_nan()
    }

    fn double(&mut self, vs: &[f64]) -> bool {
        self.sums.clear();
        self.rests.clear();
        self.sums.push(0.0);
        self.rests.push(0.0);
        let (mut sum, mut rest, mut largest) = (0.0f64, 0.0f64, 0.0f64);
        for v in vs {
            let (s, lost) = two_sum(sum, *v);
            rest += lost;
            sum = s + rest;
            rest -= sum - s;
            largest = largest.max(sum.abs());
            self.sums.push(sum);
            self.rests.push(rest);
        }
        self.largest = largest;
        sum.is_finite() && largest.is_finite() && rest.is_finite()
    }

    /// The sum over samples `lo..hi`, of what [`Sliding::sums`] was given.
    #[inline]
    pub fn sum(&self, vs: &[f64], lo: usize, hi: usize) -> f64 {
        let (sum, lost) = two_sum(self.sums[hi], -self.sums[lo]);
        if self.rests.is_empty() {
            return sum;
        }
        let sum = sum + (lost + (self.rests[hi] - self.rests[lo]));
        if sum.abs() < self.largest * LOSS_MAX { over_time::sum(&vs[lo..hi]) } else { sum }
    }

    /// Calls with the extreme of every window: the value that no other `beats`. `false` when a plain loop is better.
    pub fn extremes(
        &mut self,
        windows: &Windows,
        run: &Run<'_>,
        beats: impl Fn(f64, f64) -> bool,
        mut visit: impl FnMut(usize, usize, f64),
    ) -> bool {
        if overlap(windows) < OVERLAP_QUEUE_MIN {
            return false;
        }
        self.queue.clear();
        let mut next = 0;
        windows.each_float(run.ts, |step, _, _, lo, hi| {
            while next < hi {
                let v = run.vs[next];
                // NaN beats nothing and stands only where there is nothing else.
                if !v.is_nan() {
                    while self.queue.back().is_some_and(|i| !beats(run.vs[*i], v)) {
                        self.queue.pop_back();
                    }
                    self.queue.push_back(next);
                }
                next += 1;
            }
            while self.queue.front().is_some_and(|i| *i < lo) {
                self.queue.pop_front();
            }
            visit(step, hi - lo, self.queue.front().map_or(f64::NAN, |i| run.vs[*i]));
        });
        true
    }
}

/// The sum of two floats, and what is lost of it to rounding.
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_kept = sum - a;
    (sum, (a - (sum - b_kept)) + (b - b_kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::Extent;
    use crate::eval::column::Grid;
    use proptest::prelude::*;

    fn windows(range: i64, steps: usize) -> Windows {
        Windows::new(Grid { start: 0, step: 10, steps }, range, 0, None, Extent::Plain, 0)
    }

    fn check(ts: &[i64], vs: &[f64], windows: &Windows) {
        let run = Run { ts, vs, ..Run::default() };
        let mut sliding = Sliding::default();
        if sliding.sums(windows, &run) {
            windows.each_float(ts, |_, _, _, lo, hi| {
                let (got, want) = (sliding.sum(vs, lo, hi), over_time::sum(&vs[lo..hi]));
                let size: f64 = vs[lo..hi].iter().map(|v| v.abs()).sum();
                assert!((got - want).abs() <= size * 1e-15 || got == want, "{got} {want}");
            });
        }
        let mut seen = Vec::new();
        let mut at = |step, samples, v: f64| seen.push((step, samples, v.to_bits()));
        if sliding.extremes(windows, &run, |a, b| a > b, &mut at) {
            let mut want = Vec::new();
            windows.each_float(ts, |step, _, _, lo, hi| {
                want.push((step, hi - lo, over_time::max(&vs[lo..hi]).to_bits()));
            });
            assert_eq!(seen, want);
        }
    }

    #[test]
    fn sums_that_lose_all_digits_are_summed_anew() {
        let vs = [1e300, 1.5, -1e300, 2.5, 0.25];
        let ts = [5, 15, 25, 35, 45];
        let mut sliding = Sliding::default();
        assert!(sliding.sums(&windows(200, 6), &Run { ts: &ts, vs: &vs, ..Run::default() }));
        assert_eq!((sliding.sum(&vs, 3, 5), sliding.sum(&vs, 1, 2)), (2.75, 1.5));
        assert_eq!(sliding.sum(&vs, 0, 5), 4.25);
    }

    #[test]
    fn what_is_not_finite_is_left_to_plain_loops() {
        let ts = [5, 15, 25];
        for vs in [[1.0, f64::INFINITY, 2.5], [f64::NAN, 1.0, 2.0], [f64::MAX, f64::MAX, 0.5]] {
            assert!(!Sliding::default().sums(&windows(200, 6), &Run { ts: &ts, vs: &vs, ..Run::default() }));
        }
    }

    proptest! {
        #[test]
        fn windows_agree_with_plain_loops(
            whole in proptest::collection::vec(-1000i32..1000, 1..80),
            scale in prop_oneof![Just(1.0), Just(0.1), Just(1e12), Just(1e-300)],
            gap in 1i64..30,
            range in 1i64..900,
            nan in 0usize..90,
        ) {
            let mut vs: Vec<f64> = whole.iter().map(|v| f64::from(*v) * scale).collect();
            if let Some(v) = vs.get_mut(nan) {
                *v = f64::NAN;
            }
            let ts: Vec<i64> = (0..vs.len() as i64).map(|i| i * gap).collect();
            check(&ts, &vs, &windows(range, 60));
        }
    }
}
