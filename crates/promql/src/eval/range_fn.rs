//! Functions over ranges: from the windows of one series to its column.
//!
//! A series of floats alone, as nearly all are, goes through a loop made for its function; one with histograms, or a
//! selector with `anchored` or `smoothed`, goes window by window through [`RangeWork::window`].

mod counters;
mod extended;
mod histograms;
mod over_time;
mod rate;
mod regression;
mod sliding;

use super::column::Row;
use super::pipe::{Scratch, SeriesWork};
use super::window::{Run, RunBuffers, Window, Windows};
use crate::annotations::Annotations;
use crate::ast::{Extent, PosRange};
use crate::engine::QueryError;
use model::{FloatHistogram, Labels, Samples};
use std::sync::Arc;

pub(crate) use extended::{Reconciled, interpolate, interpolate_histograms};
pub(crate) use histograms::MeanHistogram;
pub(crate) use over_time::{kahan_inc, quantile};
pub(crate) use rate::RateSteps;
pub(crate) use sliding::Sliding;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RangeFn {
    Absent,
    Avg,
    Changes,
    Count,
    Delta,
    Deriv,
    First,
    Idelta,
    Increase,
    Irate,
    Last,
    Mad,
    Max,
    Min,
    PredictLinear,
    Present,
    Quantile,
    Rate,
    Resets,
    Smoothing,
    Stddev,
    Stdvar,
    Sum,
    TsOfFirst,
    TsOfLast,
    TsOfMax,
    TsOfMin,
}

use RangeFn::*;

impl RangeFn {
    pub fn get(name: &str) -> Option<RangeFn> {
        Some(match name {
            "absent_over_time" => Absent,
            "avg_over_time" => Avg,
            "changes" => Changes,
            "count_over_time" => Count,
            "delta" => Delta,
            "deriv" => Deriv,
            "first_over_time" => First,
            "idelta" => Idelta,
            "increase" => Increase,
            "irate" => Irate,
            "last_over_time" => Last,
            "mad_over_time" => Mad,
            "max_over_time" => Max,
            "min_over_time" => Min,
            "predict_linear" => PredictLinear,
            "present_over_time" => Present,
            "quantile_over_time" => Quantile,
            "rate" => Rate,
            "resets" => Resets,
            "double_exponential_smoothing" => Smoothing,
            "stddev_over_time" => Stddev,
            "stdvar_over_time" => Stdvar,
            "sum_over_time" => Sum,
            "ts_of_first_over_time" => TsOfFirst,
            "ts_of_last_over_time" => TsOfLast,
            "ts_of_max_over_time" => TsOfMax,
            "ts_of_min_over_time" => TsOfMin,
            _ => return None,
        })
    }

    /// First and last are samples of the series, moved: they keep its name.
    pub fn keeps_name(self) -> bool {
        matches!(self, First | Last)
    }

    fn reads_starts(self) -> bool {
        matches!(self, Rate | Irate | Increase | Resets)
    }

    /// Whether the function can work with the samples that a modifier adds outside of the range.
    pub fn check_extent(self, name: &str, extent: Extent) -> Result<(), QueryError> {
        let (word, allowed) = match extent {
            Extent::Plain => return Ok(()),
            Extent::Anchored if matches!(self, Changes | Delta | Increase | Rate | Resets) => return Ok(()),
            Extent::Smoothed if matches!(self, Delta | Increase | Rate) => return Ok(()),
            Extent::Anchored => ("anchored", "changes, delta, increase, rate, resets"),
            Extent::Smoothed => ("smoothed", "delta, increase, rate"),
        };
        let text = format!("{word} modifier can only be used with: {allowed} - not with {name}");
        Err(QueryError::Execution(text))
    }
}

/// What a function makes of a window.
pub(super) enum Out {
    Absent,
    Float(f64),
    Hist(Arc<FloatHistogram>),
}

impl Out {
    fn hist(h: FloatHistogram) -> Out {
        Out::Hist(Arc::new(h))
    }
}

/// A range function with all it needs to run over series.
pub(crate) struct RangeWork<'a> {
    pub function: RangeFn,
    pub windows: Windows,
    pub extent: Extent,
    /// The scalar arguments, a value for every step each.
    pub args: Vec<&'a [f64]>,
    /// Where annotations on the first argument point.
    pub first_pos: PosRange,
    pub use_starts: bool,
    /// Tell counters by `__type__`.
    pub type_labels: bool,
    pub drop_name: bool,
}

impl SeriesWork for RangeWork<'_> {
    fn compute(
        &self,
        labels: &Labels,
        samples: Samples<'_>,
        row: &mut Row,
        scratch: &mut Scratch,
    ) -> Result<(), QueryError> {
        let mut buffers = RunBuffers::lend(scratch);
        let mut run = buffers.clean(samples);
        if !self.use_starts || !self.function.reads_starts() {
            run.starts = &[];
        }
        row.drop_name = self.drop_name;
        let result = self.run(labels, &run, row, scratch);
        buffers.give_back(scratch);
        self.note_non_counter(labels, row, scratch);
        result
    }
}

impl RangeWork<'_> {
    fn run(
        &self,
        labels: &Labels,
        run: &Run<'_>,
        row: &mut Row,
        scratch: &mut Scratch,
    ) -> Result<(), QueryError> {
        let plain = run.hists.is_empty() && run.starts.is_empty() && self.extent == Extent::Plain;
        if plain && self.float_column(run, row, scratch) {
            return Ok(());
        }
        self.windows.each(run, |w| {
            row.see(w.step, w.samples());
            match self.window(&w, labels, scratch)? {
                Out::Absent => {}
                Out::Float(v) => row.put_float(w.step, v),
                Out::Hist(h) => row.put_hist(w.step, h),
            }
            Ok(())
        })
    }

    /// Loops made for series of floats alone; `false` when there is none for the function.
    fn float_column(&self, run: &Run<'_>, row: &mut Row, scratch: &mut Scratch) -> bool {
        match self.function {
            Rate | Increase | Delta => self.rate_column(run, row, &mut scratch.rates),
            Irate | Idelta => self.last_two_column(run, row),
            Sum | Avg => self.sum_column(run, row, &mut scratch.sliding),
            Min | Max => self.extreme_column(run, row, &mut scratch.sliding),
            Count => self.map(run, row, |vs| vs.len() as f64),
            Last => self.map(run, row, |vs| vs[vs.len() - 1]),
            First => self.map(run, row, |vs| vs[0]),
            Present | Absent => self.map(run, row, |_| 1.0),
            Stdvar => self.map(run, row, over_time::variance),
            Stddev => self.map(run, row, |vs| over_time::variance(vs).sqrt()),
            _ => return false,
        }
        true
    }

    #[inline]
    fn map(&self, run: &Run<'_>, row: &mut Row, f: impl Fn(&[f64]) -> f64) {
        self.windows.each_float(run.ts, |step, _, _, lo, hi| {
            row.see(step, (hi - lo) as u64);
            row.put_float(step, f(&run.vs[lo..hi]));
        });
    }

    fn window(&self, w: &Window<'_>, labels: &Labels, scratch: &mut Scratch) -> Result<Out, QueryError> {
        let arg = |i: usize| self.args.get(i).and_then(|a| a.get(w.step)).copied().unwrap_or(f64::NAN);
        Ok(match self.function {
            Rate | Increase | Delta => self.rate_window(w, labels, &mut scratch.notes),
            Irate | Idelta => self.instant_window(w, labels, &mut scratch.notes),
            Resets => self.resets(w),
            Changes => self.changes(w),
            Deriv | PredictLinear => self.regression(w, labels, arg(0), &mut scratch.notes),
            Smoothing => self.smoothing(w, labels, (arg(0), arg(1)), &mut scratch.notes)?,
            Sum | Avg => self.sum_or_avg(w, labels, &mut scratch.notes),
            Quantile => self.quantile(w, labels, arg(0), scratch),
            Min | Max | Stddev | Stdvar | Mad | TsOfMax | TsOfMin => self.over_floats(w, labels, scratch),
            Count => Out::Float((w.vs.len() + w.hists.len()) as f64),
            Present | Absent => Out::Float(1.0),
            First | Last | TsOfFirst | TsOfLast => self.end_of(w),
        })
    }

    /// Says that a metric whose rate is asked for may not be a counter.
    fn note_non_counter(&self, labels: &Labels, row: &Row, scratch: &mut Scratch) {
        if !matches!(self.function, Rate | Increase) || !row.has_floats {
            return;
        }
        let name = labels.metric_name();
        if name.is_empty() || scratch.noted.as_deref() == Some(name) {
            return;
        }
        if self.type_labels {
            let kind = labels.value("__type__");
            if kind != "counter" && kind != "histogram" {
                scratch.notes.possible_non_counter_label(self.first_pos, name, kind);
            }
            return;
        }
        if !["_total", "_sum", "_count", "_bucket"].iter().any(|suffix| name.ends_with(suffix)) {
            scratch.notes.possible_non_counter(self.first_pos, name);
            scratch.noted = Some(name.to_owned());
        }
    }

    fn note_ignored_histograms(&self, w: &Window<'_>, labels: &Labels, notes: &mut Annotations) {
        if !w.hists.is_empty() {
            notes.histograms_ignored_in_range(self.first_pos, labels.metric_name());
        }
    }

    /// The start timestamp of a histogram of the window, 0 when unknown or not asked for.
    fn hist_start(&self, w: &Window<'_>, index: usize) -> i64 {
        if self.use_starts && self.function.reads_starts() { w.hists[index].start_timestamp } else { 0 }
    }
}
