//! Sums and averages over time of native histograms.

use super::{Out, RangeWork};
use crate::annotations::{Annotations, HistogramOp};
use crate::eval::window::Window;
use model::histogram::{IncompatibleSchemas, KahanHistogram};
use model::{CounterResetHint, FloatHistogram, HistogramSample, Labels};

/// What came up while adding histograms.
#[derive(Clone, Copy, Debug, Default)]
struct CameUp {
    reset: bool,
    no_reset: bool,
    reconciled: bool,
}

impl CameUp {
    fn hint(&mut self, h: &FloatHistogram) {
        self.reset |= h.reset_hint == CounterResetHint::Reset;
        self.no_reset |= h.reset_hint == CounterResetHint::NotReset;
    }
}

impl RangeWork<'_> {
    pub(super) fn sum_histograms(
        &self,
        w: &Window<'_>,
        labels: &Labels,
        average: bool,
        notes: &mut Annotations,
    ) -> Out {
        let mut came_up = CameUp::default();
        let total = if average { avg(w.hists, &mut came_up) } else { sum(w.hists, &mut came_up) };
        let Ok(total) = total else {
            notes.mixed_exponential_custom(self.first_pos, labels.metric_name());
            return Out::Absent;
        };
        if came_up.reset && came_up.no_reset {
            notes.reset_collision(self.first_pos, HistogramOp::Aggregation);
        }
        if came_up.reconciled {
            notes.bounds_reconciled(self.first_pos, HistogramOp::Aggregation);
        }
        Out::hist(total)
    }
}

fn sum(hists: &[HistogramSample], came_up: &mut CameUp) -> Result<FloatHistogram, IncompatibleSchemas> {
    let first = &hists[0].histogram;
    came_up.hint(first);
    let mut sum = KahanHistogram::new((**first).clone());
    for h in &hists[1..] {
        came_up.hint(&h.histogram);
        came_up.reconciled |= sum.add(&h.histogram)?.bounds_reconciled;
    }
    Ok(sum.into_total())
}

fn avg(hists: &[HistogramSample], came_up: &mut CameUp) -> Result<FloatHistogram, IncompatibleSchemas> {
    came_up.hint(&hists[0].histogram);
    let mut mean = MeanHistogram::new(&hists[0].histogram);
    for h in &hists[1..] {
        came_up.hint(&h.histogram);
        came_up.reconciled |= mean.add(&h.histogram)?;
    }
    Ok(mean.into_mean())
}

/// The mean of histograms: of their sum while that does not overflow, else histogram by histogram.
#[derive(Clone, Debug)]
pub(crate) struct MeanHistogram {
    sum: KahanHistogram,
    count: f64,
    incremental: bool,
    /// No number of the sum is larger.
    bound: f64,
}

/// The largest number of a histogram, whatever its sign.
fn largest(h: &FloatHistogram) -> f64 {
    let buckets = h.positive_buckets.iter().chain(&h.negative_buckets);
    buckets
        .chain([&h.count, &h.sum, &h.zero_count])
        .fold(0.0, |max, v| if v.abs() > max { v.abs() } else { max })
}

impl MeanHistogram {
    pub fn new(first: &FloatHistogram) -> MeanHistogram {
        let bound = largest(first);
        MeanHistogram { sum: KahanHistogram::new(first.clone()), count: 1.0, incremental: false, bound }
    }

    /// Adds a histogram; `true` when custom bounds had to be reconciled.
    pub fn add(&mut self, h: &FloatHistogram) -> Result<bool, IncompatibleSchemas> {
        self.count += 1.0;
        if !self.incremental {
            self.bound += largest(h);
            if self.bound < f64::MAX / 2.0 {
                return Ok(self.sum.add(h)?.bounds_reconciled);
            }
            let mut next = self.sum.clone();
            let combined = next.add(h)?;
            if !next.sum().has_overflow() {
                self.sum = next;
                return Ok(combined.bounds_reconciled);
            }
            self.incremental = true;
            self.sum.div(self.count - 1.0);
        }
        self.sum.mul((self.count - 1.0) / self.count);
        let mut part = h.clone();
        part.div(self.count);
        Ok(self.sum.add(&part)?.bounds_reconciled)
    }

    pub fn into_mean(mut self) -> FloatHistogram {
        if !self.incremental {
            self.sum.div(self.count);
        }
        self.sum.into_total()
    }
}
