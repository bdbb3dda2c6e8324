//! The way from a source to what is kept of it: one series after the other is read, computed over all steps into a row
//! of scratch, and given to a sink. Nothing is held but rows and what the sinks keep.
//!
//! A large selection is cut into as many runs of series as there are threads, each with a sink of its own. The cuts
//! depend only on the number of series, so that sums come out the same in every run of a query.

use super::column::{Grid, Row, Series, Vector, load};
use super::layout::Layouts;
use super::range_fn::RateSteps;
use super::selector::Lasts;
use crate::annotations::Annotations;
use crate::engine::QueryError;
use crate::limits::Guard;
use crate::source::{SeriesSet, SourceError};
use base::Clock;
use model::{HistogramSample, Labels, Samples};
use std::ops::Range;
use std::time::Duration;

/// Fewer series than this for each thread are not worth starting one (some 20 µs): at 1 µs a series, 256 are ten
/// times that.
const SERIES_PER_THREAD_MIN: usize = 256;
/// The same for queries of many steps, where a series takes 5 µs and more.
const LONG_SERIES_PER_THREAD_MIN: usize = 48;
const LONG_STEPS_MIN: usize = 30;
/// How many series pass between two looks at the clock and the cancellation.
const SERIES_PER_CHECK: usize = 16;

/// Computes one series over all steps.
pub(crate) trait SeriesWork: Sync {
    fn compute(
        &self,
        labels: &Labels,
        samples: Samples<'_>,
        row: &mut Row,
        scratch: &mut Scratch,
    ) -> Result<(), QueryError>;
}

/// Takes what was computed. Rows that are empty do not come.
pub(crate) trait Sink: Send {
    fn take(&mut self, index: usize, labels: &Labels, row: &mut Row) -> Result<(), QueryError>;
}

/// Buffers of one thread, and what it came across.
#[derive(Default)]
pub(crate) struct Scratch {
    pub notes: Annotations,
    pub timestamps: Vec<i64>,
    pub values: Vec<f64>,
    pub starts: Vec<i64>,
    pub histograms: Vec<HistogramSample>,
    pub sliding: super::range_fn::Sliding,
    pub instants: Layouts<Lasts>,
    pub rates: Layouts<RateSteps>,
    /// For functions that sort the values of a window.
    pub sorted: Vec<f64>,
    /// The metric that was noted last, so that thousands of series do not note it again.
    pub noted: Option<String>,
}

/// What a pipe looked at.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub series: u64,
    /// Samples the source gave.
    pub read: u64,
    pub samples: u64,
    pub per_step: Option<Vec<u64>>,
    /// Time spent in the source, and in computing series: that of the thread that took longest.
    pub reading: Duration,
    pub computing: Duration,
}

impl Seen {
    fn add(&mut self, other: Seen) {
        self.series += other.series;
        self.reading = self.reading.max(other.reading);
        self.computing = self.computing.max(other.computing);
        self.read += other.read;
        self.samples += other.samples;
        if let (Some(a), Some(b)) = (&mut self.per_step, other.per_step) {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        }
    }
}

/// One run of a pipe.
pub(crate) struct Pipe<'a> {
    pub set: &'a dyn SeriesSet,
    pub work: &'a dyn SeriesWork,
    pub guard: &'a Guard,
    pub grid: Grid,
    pub threads: usize,
    pub per_step: bool,
    /// When times are wanted.
    pub clock: Option<&'a Clock>,
}

struct Part<S> {
    sink: S,
    seen: Seen,
    notes: Annotations,
}

impl Pipe<'_> {
    /// Runs all series through; one sink for each thread, in order of the series.
    pub fn run<S: Sink>(
        &self,
        notes: &mut Annotations,
        sink: impl Fn() -> S + Sync,
    ) -> Result<(Vec<S>, Seen), QueryError> {
        let series = self.set.len();
        let long = self.grid.steps >= LONG_STEPS_MIN;
        let worth_it = if long { LONG_SERIES_PER_THREAD_MIN } else { SERIES_PER_THREAD_MIN };
        let threads = (series / worth_it).clamp(1, self.threads.max(1));
        let cut = |i: usize| series * i / threads;
        let mut parts = Vec::with_capacity(threads);
        if threads == 1 {
            parts.push(self.part(0..series, sink())?);
        } else {
            let (run, sink) = (&|range| self.part(range, sink()), &cut);
            let results = std::thread::scope(|scope| {
                let handles: Vec<_> =
                    (1..threads).map(|i| scope.spawn(move || run(sink(i)..sink(i + 1)))).collect();
                let mut results = vec![run(0..sink(1))];
                let panicked = || Err(QueryError::Internal("a thread of the evaluation panicked".to_owned()));
                results.extend(handles.into_iter().map(|h| h.join().unwrap_or_else(|_| panicked())));
                results
            });
            for result in results {
                parts.push(result?);
            }
        }
        let mut seen = Seen { per_step: self.per_step.then(|| vec![0; self.grid.steps]), ..Seen::default() };
        let mut sinks = Vec::with_capacity(parts.len());
        for part in parts {
            seen.add(part.seen);
            notes.merge(part.notes);
            sinks.push(part.sink);
        }
        Ok((sinks, seen))
    }

    fn part<S: Sink>(&self, range: Range<usize>, mut sink: S) -> Result<Part<S>, QueryError> {
        let mut row = Row::new(self.grid.steps, self.per_step);
        let mut scratch = Scratch::default();
        let (mut since_check, mut read) = (SERIES_PER_CHECK, 0u64);
        let series = range.len() as u64;
        let now = || self.clock.map_or(Duration::ZERO, Clock::monotonic);
        let (mut computing, mut taking) = (Duration::ZERO, Duration::ZERO);
        let started = now();
        let visited = self.set.read(range, &mut |index, samples| {
            since_check += 1;
            let mut step = || -> Result<(), QueryError> {
                if since_check >= SERIES_PER_CHECK {
                    since_check = 0;
                    self.guard.check()?;
                }
                let given = (samples.timestamps.len() + samples.histograms.len()) as u64;
                self.guard.glance(given)?;
                read += given;
                row.reset();
                let labels = self.set.labels(index);
                let begun = now();
                self.work.compute(labels, samples, &mut row, &mut scratch)?;
                let computed = now();
                computing += computed.saturating_sub(begun);
                if !row.is_empty() {
                    sink.take(index, labels, &mut row)?;
                    taking += now().saturating_sub(computed);
                }
                Ok(())
            };
            step().map_err(|e| {
                self.guard.stop(e);
                SourceError::Stopped
            })
        });
        if let Err(e) = visited {
            return Err(self.guard.take_stop().unwrap_or_else(|| source_error(e)));
        }
        let reading = now().saturating_sub(started).saturating_sub(computing + taking);
        let (samples, per_step) = (row.seen, row.seen_per_step);
        let seen = Seen { series, read, samples, per_step, reading, computing };
        Ok(Part { sink, seen, notes: scratch.notes })
    }
}

pub(crate) fn source_error(e: SourceError) -> QueryError {
    match e {
        // Stopped by somebody else than us: the source was asked to shut down.
        SourceError::Stopped => QueryError::Canceled("query execution"),
        SourceError::Storage(reason) => QueryError::Storage(reason),
    }
}

/// Keeps every series.
pub(crate) struct Collect<'a> {
    guard: &'a Guard,
    series: Vec<(usize, Series)>,
}

impl<'a> Collect<'a> {
    pub fn new(guard: &'a Guard) -> Collect<'a> {
        Collect { guard, series: Vec::new() }
    }

    /// The series of all threads, in the order of the selection.
    pub fn gather(sinks: Vec<Collect<'_>>) -> Vector {
        let mut all: Vec<(usize, Series)> = Vec::with_capacity(sinks.iter().map(|s| s.series.len()).sum());
        for sink in sinks {
            all.extend(sink.series);
        }
        if !all.is_sorted_by_key(|(index, _)| *index) {
            all.sort_by_key(|(index, _)| *index);
        }
        all.into_iter().map(|(_, series)| series).collect()
    }
}

impl Sink for Collect<'_> {
    fn take(&mut self, index: usize, labels: &Labels, row: &mut Row) -> Result<(), QueryError> {
        self.guard.hold(load(&row.floats, &row.hists))?;
        self.series.push((index, row.take(labels.clone())));
        Ok(())
    }
}

/// Only notes at which steps there was anything.
pub(crate) struct Presence {
    pub present: Vec<bool>,
}

impl Presence {
    pub fn merge(sinks: Vec<Presence>, steps: usize) -> Vec<bool> {
        let mut all = vec![false; steps];
        for sink in sinks {
            all.iter_mut().zip(sink.present).for_each(|(a, b)| *a |= b);
        }
        all
    }
}

impl Sink for Presence {
    fn take(&mut self, _: usize, _: &Labels, row: &mut Row) -> Result<(), QueryError> {
        for (step, present) in self.present.iter_mut().enumerate() {
            *present |=
                !matches!(super::column::cell(&row.floats, &row.hists, step), super::column::Cell::Absent);
        }
        Ok(())
    }
}
