//! Aggregations that take one series after the other: `sum`, `avg`, `count`, `min`, `max`, `group`, `stddev`,
//! `stdvar`.
//!
//! Sums are compensated, and averages are those of sums until a sum would overflow; from then on the mean itself is
//! carried on. Histograms are summed bucket by bucket; at a step where a group has floats and histograms it has no
//! value.

use super::super::column::{ABSENT, Histograms, is_absent};
use super::super::range_fn::{MeanHistogram, kahan_inc};
use crate::annotations::{Annotations, HistogramOp};
use crate::ast::{AggregateOp, PosRange};
use crate::limits::Load;
use model::histogram::KahanHistogram;
use model::{CounterResetHint, FloatHistogram, Labels};
use std::sync::Arc;

/// What is done, and where annotations point.
#[derive(Clone, Copy)]
pub(super) struct Adding {
    pub op: AggregateOp,
    pub pos: PosRange,
    pub steps: usize,
}

/// One group.
pub(super) struct Accumulator {
    /// Sum, extreme, or (of deviations) the sum of squares. Absent where nothing was added.
    value: Vec<f64>,
    /// Compensation of `value` or `mean`.
    c: Vec<f64>,
    /// How many were added; only where it is needed.
    count: Vec<f64>,
    /// The mean, of deviations and of averages whose sum overflows.
    mean: Vec<f64>,
    /// Averages that carry on the mean.
    incremental: Vec<bool>,
    hists: Vec<Option<Box<Hists>>>,
    pub drop_name: bool,
}

/// The histograms of one group at one step.
struct Hists {
    sum: Sum,
    count: f64,
    reset: bool,
    no_reset: bool,
    /// Exponential and custom buckets have met: there is no sum.
    incompatible: bool,
}

enum Sum {
    Total(KahanHistogram),
    Mean(MeanHistogram),
}

impl Hists {
    fn new(h: &FloatHistogram, op: AggregateOp) -> Hists {
        let sum = if op == AggregateOp::Avg {
            Sum::Mean(MeanHistogram::new(h))
        } else {
            Sum::Total(KahanHistogram::new(h.clone()))
        };
        let mut hists = Hists { sum, count: 1.0, reset: false, no_reset: false, incompatible: false };
        hists.see(h);
        hists
    }

    fn see(&mut self, h: &FloatHistogram) {
        self.reset |= h.reset_hint == CounterResetHint::Reset;
        self.no_reset |= h.reset_hint == CounterResetHint::NotReset;
    }

    fn add(&mut self, h: &FloatHistogram, how: &Adding, labels: &Labels, notes: &mut Annotations) {
        if self.incompatible {
            return;
        }
        self.see(h);
        self.count += 1.0;
        let reconciled = match &mut self.sum {
            Sum::Total(sum) => sum.add(h).map(|c| c.bounds_reconciled),
            Sum::Mean(mean) => mean.add(h),
        };
        match reconciled {
            Err(_) => {
                notes.mixed_exponential_custom(how.pos, labels.metric_name());
                self.incompatible = true;
            }
            Ok(true) => notes.bounds_reconciled(how.pos, HistogramOp::Aggregation),
            Ok(false) => {}
        }
    }

    fn merge(&mut self, other: Hists, how: &Adding, labels: &Labels, notes: &mut Annotations) {
        self.incompatible |= other.incompatible;
        self.reset |= other.reset;
        self.no_reset |= other.no_reset;
        if self.incompatible {
            return;
        }
        let (a, b) = (self.count, other.count);
        self.count += b;
        let theirs = other.sum.finish();
        let result = match &mut self.sum {
            Sum::Total(sum) => sum.add(&theirs).map(|c| c.bounds_reconciled),
            Sum::Mean(mean) => {
                // Two means by their weights.
                let mut ours = mean.clone().into_mean();
                let mut theirs = theirs;
                ours.mul(a / (a + b));
                theirs.mul(b / (a + b));
                let combined = ours.add(&theirs);
                *mean = MeanHistogram::new(&ours);
                combined.map(|c| c.bounds_reconciled)
            }
        };
        match result {
            Err(_) => {
                notes.mixed_exponential_custom(how.pos, labels.metric_name());
                self.incompatible = true;
            }
            Ok(true) => notes.bounds_reconciled(how.pos, HistogramOp::Aggregation),
            Ok(false) => {}
        }
    }
}

impl Sum {
    fn finish(self) -> FloatHistogram {
        match self {
            Sum::Total(sum) => sum.into_total(),
            Sum::Mean(mean) => mean.into_mean(),
        }
    }
}

use AggregateOp::*;

impl Accumulator {
    pub fn new(how: &Adding) -> Accumulator {
        let column = |wanted: bool, v: f64| if wanted { vec![v; how.steps] } else { Vec::new() };
        let deviation = matches!(how.op, Stddev | Stdvar);
        Accumulator {
            value: vec![ABSENT; how.steps],
            c: column(matches!(how.op, Sum | Avg), 0.0),
            count: column(how.op == Avg || deviation, 0.0),
            mean: column(how.op == Avg || deviation, 0.0),
            incremental: if how.op == Avg { vec![false; how.steps] } else { Vec::new() },
            hists: Vec::new(),
            drop_name: false,
        }
    }

    /// What a group holds while it is added up.
    pub fn load(how: &Adding) -> Load {
        let columns = match how.op {
            Avg => 5,
            Stddev | Stdvar => 3,
            Sum => 2,
            _ => 1,
        };
        let steps = how.steps as u64;
        Load { samples: steps, bytes: size_of::<Accumulator>() as u64 + steps * columns * 8 }
    }

    /// Adds a series. Either column may be empty.
    pub fn add(
        &mut self,
        how: &Adding,
        labels: &Labels,
        floats: &[f64],
        hists: &Histograms,
        drop_name: bool,
        notes: &mut Annotations,
    ) {
        self.drop_name |= drop_name;
        self.add_floats(how, floats);
        if !hists.is_empty() {
            self.add_hists(how, labels, hists, notes);
        }
    }

    fn add_floats(&mut self, how: &Adding, floats: &[f64]) {
        let value = self.value.iter_mut().zip(floats);
        match how.op {
            Sum => {
                for ((sum, v), c) in value.zip(&mut self.c) {
                    if is_absent(*v) {
                        continue;
                    }
                    (*sum, *c) = if is_absent(*sum) { (*v, 0.0) } else { kahan_inc(*v, *sum, *c) };
                }
            }
            // Both outcomes are computed: a choice is a few vector instructions for several steps, a jump is not.
            Count => value.for_each(|(n, v)| {
                let more = if is_absent(*n) { 1.0 } else { *n + 1.0 };
                *n = if is_absent(*v) { *n } else { more };
            }),
            Group => value.filter(|(_, v)| !is_absent(**v)).for_each(|(n, _)| *n = 1.0),
            Min => value.filter(|(_, v)| !is_absent(**v)).for_each(|(min, v)| {
                if *min > *v || min.is_nan() {
                    *min = *v;
                }
            }),
            Max => value.filter(|(_, v)| !is_absent(**v)).for_each(|(max, v)| {
                if *max < *v || max.is_nan() {
                    *max = *v;
                }
            }),
            Avg => {
                for (step, v) in floats.iter().enumerate().filter(|(_, v)| !is_absent(**v)) {
                    self.average(step, *v);
                }
            }
            _ => {
                for (step, v) in floats.iter().enumerate().filter(|(_, v)| !is_absent(**v)) {
                    self.deviate(step, *v);
                }
            }
        }
    }

    fn average(&mut self, step: usize, v: f64) {
        self.count[step] += 1.0;
        let count = self.count[step];
        if is_absent(self.value[step]) {
            self.value[step] = v;
            return;
        }
        if !self.incremental[step] {
            let (sum, c) = kahan_inc(v, self.value[step], self.c[step]);
            if !sum.is_infinite() {
                (self.value[step], self.c[step]) = (sum, c);
                return;
            }
            self.go_incremental(step, count - 1.0);
        }
        let q = (count - 1.0) / count;
        (self.mean[step], self.c[step]) = kahan_inc(v / count, q * self.mean[step], q * self.c[step]);
    }

    fn go_incremental(&mut self, step: usize, count: f64) {
        self.incremental[step] = true;
        self.mean[step] = self.value[step] / count;
        self.c[step] /= count;
    }

    fn deviate(&mut self, step: usize, v: f64) {
        self.count[step] += 1.0;
        if is_absent(self.value[step]) {
            self.mean[step] = v;
            self.value[step] = if v.is_finite() { 0.0 } else { f64::NAN };
            return;
        }
        let delta = v - self.mean[step];
        self.mean[step] += delta / self.count[step];
        self.value[step] += delta * (v - self.mean[step]);
    }

    fn add_hists(&mut self, how: &Adding, labels: &Labels, hists: &Histograms, notes: &mut Annotations) {
        for (step, h) in hists.iter().enumerate() {
            let Some(h) = h else { continue };
            match how.op {
                Sum | Avg => {
                    if self.hists.is_empty() {
                        self.hists.resize_with(how.steps, || None);
                    }
                    match &mut self.hists[step] {
                        Some(sum) => sum.add(h, how, labels, notes),
                        none => *none = Some(Box::new(Hists::new(h, how.op))),
                    }
                }
                Count => one_more(&mut self.value[step]),
                Group => self.value[step] = 1.0,
                _ => notes.histogram_ignored_in_aggregation(how.pos, how.op.as_str()),
            }
        }
    }

    /// Adds a group of the same labels, from another part of the series.
    pub fn merge(&mut self, how: &Adding, labels: &Labels, mut other: Accumulator, notes: &mut Annotations) {
        self.drop_name |= other.drop_name;
        for step in 0..how.steps {
            if is_absent(other.value[step]) {
                continue;
            }
            if is_absent(self.value[step]) {
                self.take(step, &other);
                continue;
            }
            match how.op {
                Sum => {
                    let (sum, c) = kahan_inc(other.value[step], self.value[step], self.c[step]);
                    (self.value[step], self.c[step]) = (sum, c + other.c[step]);
                }
                Count => self.value[step] += other.value[step],
                Avg => self.merge_average(step, &mut other),
                Stddev | Stdvar => self.merge_deviation(step, &other),
                _ => self.add_floats_at(how.op, step, other.value[step]),
            }
        }
        for (step, theirs) in other.hists.into_iter().enumerate() {
            let Some(theirs) = theirs else { continue };
            if self.hists.is_empty() {
                self.hists.resize_with(how.steps, || None);
            }
            match &mut self.hists[step] {
                Some(ours) => ours.merge(*theirs, how, labels, notes),
                none => *none = Some(theirs),
            }
        }
    }

    fn add_floats_at(&mut self, op: AggregateOp, step: usize, v: f64) {
        let value = &mut self.value[step];
        let beats = match op {
            Min => *value > v || value.is_nan(),
            Max => *value < v || value.is_nan(),
            _ => false,
        };
        if beats {
            *value = v;
        }
    }

    fn take(&mut self, step: usize, other: &Accumulator) {
        self.value[step] = other.value[step];
        for (ours, theirs) in
            [(&mut self.c, &other.c), (&mut self.count, &other.count), (&mut self.mean, &other.mean)]
        {
            if let Some(v) = theirs.get(step) {
                ours[step] = *v;
            }
        }
        if let Some(incremental) = other.incremental.get(step) {
            self.incremental[step] = *incremental;
        }
    }

    fn merge_average(&mut self, step: usize, other: &mut Accumulator) {
        let (a, b) = (self.count[step], other.count[step]);
        self.count[step] = a + b;
        if !self.incremental[step] && !other.incremental[step] {
            let (sum, c) = kahan_inc(other.value[step], self.value[step], self.c[step]);
            if !sum.is_infinite() {
                (self.value[step], self.c[step]) = (sum, c + other.c[step]);
                return;
            }
        }
        if !self.incremental[step] {
            self.go_incremental(step, a);
        }
        if !other.incremental[step] {
            other.go_incremental(step, b);
        }
        // Two means by their weights.
        let (p, q) = (a / (a + b), b / (a + b));
        self.mean[step] = p * self.mean[step] + q * other.mean[step];
        self.c[step] = p * self.c[step] + q * other.c[step];
    }

    /// Chan's formula for the sum of squares of two parts.
    fn merge_deviation(&mut self, step: usize, other: &Accumulator) {
        let (a, b) = (self.count[step], other.count[step]);
        let delta = other.mean[step] - self.mean[step];
        self.count[step] = a + b;
        self.value[step] += other.value[step] + delta * delta * a * b / (a + b);
        self.mean[step] += delta * b / (a + b);
    }

    /// The columns of the result.
    pub fn finish(mut self, how: &Adding, notes: &mut Annotations) -> (Vec<f64>, Histograms) {
        let mut hists = Vec::new();
        for (step, sum) in std::mem::take(&mut self.hists).into_iter().enumerate() {
            let Some(sum) = sum else { continue };
            if !is_absent(self.value[step]) {
                notes.mixed_floats_histograms_aggregated(how.pos);
                self.value[step] = ABSENT;
                continue;
            }
            if sum.incompatible {
                continue;
            }
            if sum.reset && sum.no_reset {
                notes.reset_collision(how.pos, HistogramOp::Aggregation);
            }
            let mut h = sum.sum.finish();
            h.compact();
            if hists.is_empty() {
                hists.resize(how.steps, None);
            }
            hists[step] = Some(Arc::new(h));
        }
        for step in 0..how.steps {
            let v = &mut self.value[step];
            if is_absent(*v) {
                continue;
            }
            match how.op {
                Sum => *v += self.c[step],
                Avg if self.incremental[step] => *v = self.mean[step] + self.c[step],
                Avg => *v = *v / self.count[step] + self.c[step] / self.count[step],
                Stdvar => *v /= self.count[step],
                Stddev => *v = (*v / self.count[step]).sqrt(),
                _ => {}
            }
        }
        (self.value, hists)
    }
}

fn one_more(n: &mut f64) {
    *n = if is_absent(*n) { 1.0 } else { *n + 1.0 };
}
