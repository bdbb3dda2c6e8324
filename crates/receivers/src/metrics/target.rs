//! The way of a translated point into the store.

use super::labels::{Part, SeriesOf};
use super::names::NameError;
use crate::{Reason, Refused};
use model::{Exemplar, FloatHistogram, Labels};
use tsdb::{AppendError, Appender, SeriesRef};

/// How far ahead of the clock a sample may be, as in Prometheus: further and it would close the door to all others.
const AHEAD_MAX_MS: i64 = 10 * 60 * 1000;
/// A flush that frees memory takes about this long.
const OVER_BUDGET_RETRY_MS: u64 = 5_000;

/// Why a point is not taken.
#[derive(Debug, PartialEq)]
pub(crate) enum Fault {
    /// Only this point.
    Point(Reason, String),
    /// The whole request.
    Request(Refused),
}

impl Fault {
    pub fn point(reason: Reason, message: impl Into<String>) -> Fault {
        Fault::Point(reason, message.into())
    }
}

impl From<NameError> for Fault {
    fn from(error: NameError) -> Fault {
        Fault::Point(Reason::InvalidName, error.to_string())
    }
}

impl From<AppendError> for Fault {
    fn from(error: AppendError) -> Fault {
        let reason = match &error {
            AppendError::OutOfOrder { .. } => Reason::OutOfOrder,
            AppendError::TooOld { .. } | AppendError::OutOfBounds { .. } => Reason::TooOld,
            AppendError::DuplicateTimestamp { .. } => Reason::Duplicate,
            AppendError::SeriesLimit { .. } => Reason::Limit,
            AppendError::InvalidHistogram(_) => Reason::InvalidHistogram,
            AppendError::BatchLabels { .. } => Reason::TooLarge,
            // Memory comes back with the next flush: the sender is to come back with all of it.
            AppendError::OverBudget { .. } => {
                let reason = error.to_string();
                return Fault::Request(Refused::Busy { reason, retry_after_ms: OVER_BUDGET_RETRY_MS });
            }
            AppendError::NoLabels
            | AppendError::UnknownSeries
            | AppendError::ExemplarOutOfOrder
            | AppendError::ExemplarDuplicate
            | AppendError::ExemplarTooLong => Reason::Invalid,
        };
        Fault::Point(reason, error.to_string())
    }
}

/// When a sample is, Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stamp {
    pub t: i64,
    /// The start of the count, 0 when unknown.
    pub start: i64,
    /// A zero is to be written here before the sample, so that the first increase is seen.
    pub zero: Option<i64>,
}

impl Stamp {
    pub fn new(t: i64, start: i64) -> Stamp {
        // A start at the time of the point itself is how OpenTelemetry says that the start is unknown.
        Stamp { t, start: if start < t { start } else { 0 }, zero: None }
    }
}

/// A batch of the store being filled.
pub(crate) struct Target {
    pub appender: Appender,
    /// The latest time a sample may have.
    time_max: i64,
    /// Whether a series was met for the first time since [`Target::take_created`].
    created: bool,
    /// Whose samples they are, for those that are turned away only at the commit.
    metrics: Vec<(SeriesRef, u32)>,
    pub metric: u32,
    pub exemplars_refused: u64,
}

impl Target {
    pub fn new(appender: Appender, now_ms: i64) -> Target {
        Target {
            appender,
            time_max: now_ms.saturating_add(AHEAD_MAX_MS),
            created: false,
            metrics: Vec::new(),
            metric: 0,
            exemplars_refused: 0,
        }
    }

    pub fn check_time(&self, t: i64) -> Result<(), Fault> {
        if t <= 0 {
            return Err(Fault::point(Reason::NoTime, "the time is not set"));
        }
        if t > self.time_max {
            let message = "out of bounds: timestamp is too far in the future";
            return Err(Fault::point(Reason::TooNew, message));
        }
        Ok(())
    }

    /// Whether a series was made since this was last asked.
    pub fn take_created(&mut self) -> bool {
        std::mem::take(&mut self.created)
    }

    /// The batch to commit, and what it holds.
    pub fn into_parts(self) -> (Appender, Written) {
        (self.appender, Written(self.metrics))
    }

    pub fn float(
        &mut self,
        series: &SeriesOf<'_>,
        part: Part,
        stamp: Stamp,
        value: f64,
    ) -> Result<SeriesRef, Fault> {
        self.with_series(series.key(part), &|| series.labels(part), |appender, reference| {
            if let Some(zero) = stamp.zero {
                // It may be there already, or be too late: then nothing was to be gained by it.
                let _ = appender.float(reference, zero, 0.0);
            }
            if stamp.start == 0 {
                appender.float(reference, stamp.t, value)
            } else {
                appender.float_with_start(reference, stamp.t, stamp.start, value)
            }
        })
    }

    pub fn histogram(
        &mut self,
        series: &SeriesOf<'_>,
        stamp: Stamp,
        histogram: &FloatHistogram,
    ) -> Result<SeriesRef, Fault> {
        let part = Part::Whole;
        self.with_series(series.key(part), &|| series.labels(part), |appender, reference| {
            if let Some(zero) = stamp.zero {
                let empty = FloatHistogram {
                    schema: histogram.schema,
                    zero_threshold: histogram.zero_threshold,
                    custom_values: histogram.custom_values.clone(),
                    ..FloatHistogram::default()
                };
                let _ = appender.float_histogram(reference, zero, 0, &empty);
            }
            appender.float_histogram(reference, stamp.t, stamp.start, histogram)
        })
    }

    /// A float of a series that is not of a point.
    pub fn plain(&mut self, key: u128, labels: &Labels, t: i64, value: f64) -> Result<SeriesRef, Fault> {
        self.with_series(key, &|| Ok(labels.clone()), |appender, reference| {
            appender.float(reference, t, value)
        })
    }

    fn with_series(
        &mut self,
        key: u128,
        labels: &dyn Fn() -> Result<Labels, NameError>,
        append: impl Fn(&mut Appender, SeriesRef) -> Result<(), AppendError>,
    ) -> Result<SeriesRef, Fault> {
        let mut reference = match self.appender.lookup(key) {
            Some(reference) => reference,
            None => self.create(key, labels)?,
        };
        let mut result = append(&mut self.appender, reference);
        if result == Err(AppendError::UnknownSeries) {
            // It left the head since the key was learned.
            reference = self.create(key, labels)?;
            result = append(&mut self.appender, reference);
        }
        match result {
            Ok(()) => {
                self.metrics.push((reference, self.metric));
                Ok(reference)
            }
            Err(error) => {
                let mut fault = Fault::from(error);
                if let (Fault::Point(_, message), Ok(labels)) = (&mut fault, labels()) {
                    message.push_str(&format!(" for series {labels:?}"));
                }
                Err(fault)
            }
        }
    }

    #[cold]
    fn create(
        &mut self,
        key: u128,
        labels: &dyn Fn() -> Result<Labels, NameError>,
    ) -> Result<SeriesRef, Fault> {
        let labels = labels()?;
        self.created = true;
        Ok(self.appender.series(Some(key), &labels)?)
    }

    /// Exemplars are extras: one that is refused costs no point. One that was sent before is no fault.
    pub fn exemplar(&mut self, series: SeriesRef, exemplar: &Exemplar) {
        match self.appender.exemplar(series, exemplar) {
            Ok(()) | Err(AppendError::ExemplarDuplicate) => {}
            Err(_) => self.exemplars_refused += 1,
        }
    }
}

/// Whose samples a batch holds.
pub(crate) struct Written(Vec<(SeriesRef, u32)>);

impl Written {
    /// The number of the metric that a series was last written by.
    pub fn metric_of(&self, series: SeriesRef) -> Option<u32> {
        self.0.iter().rev().find(|(s, _)| *s == series).map(|(_, metric)| *metric)
    }
}
