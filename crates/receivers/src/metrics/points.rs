//! The points of each type of metric, one by one.

use super::MetricReceiver;
use super::classic::Classic;
use super::delta::{Moment, Step, Total, Undo};
use super::exemplars;
use super::exponential;
use super::labels::{Family, Part, SeriesOf};
use super::target::{Fault, Stamp, Target};
use crate::Reason;
use model::{Exemplar, FloatHistogram, stale_nan};
use opentelemetry_proto::tonic::metrics::v1 as otlp;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;

/// `DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK`: the series has ended here.
const NO_RECORDED_VALUE: u32 = 1;

/// How the points of a metric relate to time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temporality {
    /// Of a gauge or summary: each point stands for itself.
    None,
    Delta,
    Cumulative,
}

/// What writes points: the parts of a request that all of them need.
pub(crate) struct Pen<'r> {
    pub receiver: &'r MetricReceiver,
    pub target: Target,
    pub undo: Vec<Undo>,
    pub now_ms: i64,
    pub scratch: Vec<u8>,
}

/// The times of a point, Unix nanoseconds.
#[derive(Clone, Copy)]
struct Times {
    start: u64,
    time: u64,
}

impl Times {
    fn t(self) -> i64 {
        (self.time / 1_000_000) as i64
    }

    fn start(self) -> i64 {
        (self.start / 1_000_000) as i64
    }
}

impl Pen<'_> {
    /// A point of a gauge or a sum.
    pub fn number(
        &mut self,
        family: &Family<'_>,
        temporality: Temporality,
        is_monotonic: bool,
        point: &otlp::NumberDataPoint,
    ) -> Result<(), Fault> {
        let times = Times { start: point.start_time_unix_nano, time: point.time_unix_nano };
        self.target.check_time(times.t())?;
        let series = family.series(&point.attributes, &mut self.scratch);
        let value = match point.value {
            _ if point.flags & NO_RECORDED_VALUE != 0 => {
                return self.end(&series, &[Part::Whole], times);
            }
            Some(Value::AsDouble(value)) => value,
            Some(Value::AsInt(value)) => value as f64,
            None => return Err(Fault::point(Reason::Invalid, "a data point without a value")),
        };
        let (value, stamp) = match temporality {
            Temporality::Delta => self.sum_up(&series, times, value, is_monotonic)?,
            Temporality::Cumulative if is_monotonic => (value, self.cumulative(&series, times)),
            Temporality::Cumulative | Temporality::None => (value, Stamp::new(times.t(), 0)),
        };
        let written = self.target.float(&series, Part::Whole, stamp, value)?;
        if temporality != Temporality::None {
            for exemplar in exemplars::translate(&point.exemplars) {
                self.target.exemplar(written, &exemplar);
            }
        }
        Ok(())
    }

    fn sum_up(
        &mut self,
        series: &SeriesOf<'_>,
        times: Times,
        delta: f64,
        is_monotonic: bool,
    ) -> Result<(f64, Stamp), Fault> {
        // One of these would spoil the total for ever.
        if !delta.is_finite() {
            return Err(Fault::point(Reason::Invalid, format!("a delta of {delta}")));
        }
        if is_monotonic && delta < 0.0 {
            return Err(Fault::point(Reason::Invalid, format!("a delta of {delta} of a monotonic sum")));
        }
        let (total, mut stamp) = self.add_delta(series, times, Total::Number(delta))?;
        if !is_monotonic {
            (stamp.start, stamp.zero) = (0, None);
        }
        match total {
            Total::Number(total) => Ok((total, stamp)),
            Total::Classic(_) | Total::Native(_) => {
                unreachable!("the key of a stream covers the type of its metric")
            }
        }
    }

    fn add_delta(
        &mut self,
        series: &SeriesOf<'_>,
        times: Times,
        delta: Total,
    ) -> Result<(Total, Stamp), Fault> {
        let moment = Moment { start_ns: times.start, time_ns: times.time, now_ms: self.now_ms };
        let step = self.receiver.add_delta(series.key, moment, delta, &mut self.undo)?;
        let Step { total, start_ns, is_first } = step;
        let mut stamp = Stamp::new(times.t(), (start_ns / 1_000_000) as i64);
        if is_first {
            // The start of a delta is the time of the one before, where a sample of an earlier life may be.
            let zero = if stamp.start == 0 { stamp.t - 1 } else { stamp.start + 1 };
            stamp.zero = (zero < stamp.t).then_some(zero);
        }
        Ok((total, stamp))
    }

    /// The times of a point that counts since its start.
    fn cumulative(&self, series: &SeriesOf<'_>, times: Times) -> Stamp {
        let mut stamp = Stamp::new(times.t(), times.start());
        if stamp.start != 0 && self.receiver.is_new_start(series.key, stamp.start) {
            stamp.zero = Some(stamp.start);
        }
        stamp
    }

    /// Ends series: the point says that there is no value any more.
    fn end(&mut self, series: &SeriesOf<'_>, parts: &[Part], times: Times) -> Result<(), Fault> {
        for part in parts {
            self.target.float(series, *part, Stamp::new(times.t(), 0), stale_nan())?;
        }
        Ok(())
    }

    fn end_native(&mut self, series: &SeriesOf<'_>, times: Times) -> Result<(), Fault> {
        let stale = FloatHistogram { sum: stale_nan(), ..FloatHistogram::default() };
        self.target.histogram(series, Stamp::new(times.t(), 0), &stale)?;
        Ok(())
    }

    /// A point of a histogram with explicit bounds.
    pub fn histogram(
        &mut self,
        family: &Family<'_>,
        temporality: Temporality,
        point: &otlp::HistogramDataPoint,
    ) -> Result<(), Fault> {
        let times = Times { start: point.start_time_unix_nano, time: point.time_unix_nano };
        self.target.check_time(times.t())?;
        let series = family.series(&point.attributes, &mut self.scratch);
        let to_native = family.settings().histograms_to_nhcb;
        if point.flags & NO_RECORDED_VALUE != 0 {
            if to_native {
                return self.end_native(&series, times);
            }
            let bounds = point.explicit_bounds.iter().copied().filter(|b| b.is_finite());
            let mut parts: Vec<Part> = bounds.map(Part::Bucket).collect();
            parts.extend([Part::Bucket(f64::INFINITY), Part::Count, Part::Sum]);
            return self.end(&series, &parts, times);
        }
        let classic = Classic::read(point)?;
        let (classic, stamp) = match temporality {
            Temporality::Delta => match self.add_delta(&series, times, Total::Classic(classic))? {
                (Total::Classic(total), stamp) => (total, stamp),
                (other, _) => unreachable!("the key of a stream covers the type of its metric: {other:?}"),
            },
            Temporality::None | Temporality::Cumulative => (classic, self.cumulative(&series, times)),
        };
        let exemplars = exemplars::translate(&point.exemplars);
        if to_native {
            let written = self.target.histogram(&series, stamp, &classic.to_native())?;
            exemplars.iter().for_each(|e| self.target.exemplar(written, e));
            return Ok(());
        }
        self.classic(&series, stamp, &classic, &exemplars)
    }

    fn classic(
        &mut self,
        series: &SeriesOf<'_>,
        stamp: Stamp,
        classic: &Classic,
        exemplars: &[Exemplar],
    ) -> Result<(), Fault> {
        if let Some(sum) = classic.sum {
            self.target.float(series, Part::Sum, stamp, sum)?;
        }
        self.target.float(series, Part::Count, stamp, classic.count as f64)?;
        let mut below = f64::NEG_INFINITY;
        for (bound, count) in classic.cumulative() {
            let written = self.target.float(series, Part::Bucket(bound), stamp, count as f64)?;
            let here = |e: &&Exemplar| below < e.value && e.value <= bound;
            for exemplar in exemplars.iter().filter(here) {
                self.target.exemplar(written, exemplar);
            }
            below = bound;
        }
        Ok(())
    }

    /// A point of an exponential histogram.
    pub fn exponential(
        &mut self,
        family: &Family<'_>,
        temporality: Temporality,
        point: &otlp::ExponentialHistogramDataPoint,
    ) -> Result<(), Fault> {
        let times = Times { start: point.start_time_unix_nano, time: point.time_unix_nano };
        self.target.check_time(times.t())?;
        let series = family.series(&point.attributes, &mut self.scratch);
        if point.flags & NO_RECORDED_VALUE != 0 {
            return self.end_native(&series, times);
        }
        let native = exponential::translate(point)?;
        let (native, stamp) = match temporality {
            Temporality::Delta => match self.add_delta(&series, times, Total::Native(native))? {
                (Total::Native(total), stamp) => (total, stamp),
                (other, _) => unreachable!("the key of a stream covers the type of its metric: {other:?}"),
            },
            Temporality::None | Temporality::Cumulative => (native, self.cumulative(&series, times)),
        };
        let written = self.target.histogram(&series, stamp, &native)?;
        for exemplar in exemplars::translate(&point.exemplars) {
            self.target.exemplar(written, &exemplar);
        }
        Ok(())
    }

    /// A point of a summary.
    pub fn summary(&mut self, family: &Family<'_>, point: &otlp::SummaryDataPoint) -> Result<(), Fault> {
        let times = Times { start: point.start_time_unix_nano, time: point.time_unix_nano };
        self.target.check_time(times.t())?;
        let series = family.series(&point.attributes, &mut self.scratch);
        let quantiles = &point.quantile_values;
        if point.flags & NO_RECORDED_VALUE != 0 {
            let mut parts: Vec<Part> = quantiles.iter().map(|q| Part::Quantile(q.quantile)).collect();
            parts.extend([Part::Count, Part::Sum]);
            return self.end(&series, &parts, times);
        }
        if let Some(bad) = quantiles.iter().find(|q| !(0.0..=1.0).contains(&q.quantile)) {
            let message = format!("a quantile of {}, which must be between 0 and 1", bad.quantile);
            return Err(Fault::point(Reason::Invalid, message));
        }
        let stamp = self.cumulative(&series, times);
        self.target.float(&series, Part::Sum, stamp, point.sum)?;
        self.target.float(&series, Part::Count, stamp, point.count as f64)?;
        let stamp = Stamp { start: stamp.start, zero: None, ..stamp };
        for q in quantiles {
            self.target.float(&series, Part::Quantile(q.quantile), stamp, q.value)?;
        }
        Ok(())
    }
}
