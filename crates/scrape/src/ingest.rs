//! From a body to the store: parse, relabel, hold against limits, append, mark what is gone.
//!
//! [`Ingest`] is all that a target's loop remembers between scrapes. Everything here is work for the CPU and waits
//! only for the store; the loop runs it on a thread that may block.

mod lines;

use crate::buffers::Buffers;
use crate::cache::{Cache, EntryId, Found, Key};
use crate::error::{Losses, ScrapeError};
use crate::job::Job;
use crate::limits;
use crate::metadata::{Said, TargetFamilies, Words};
use crate::metrics::Metrics;
use crate::mutate::sample_labels;
use crate::report::{Extra, Report, ReportSeries};
use base::Clock;
use discovery::HttpError;
use discovery::http::{self, Body};
use model::{Exemplar, Labels, LabelsBuilder, stale_nan};
use parking_lot::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;
use tsdb::{AppendError, Appender, Db, Durability, SeriesRef};
use wire::exposition::{Entry, HistogramSeries, ParseError, Parser, Protocol, Series, protocol_of};
use wire::histogram::NativeHistogram;

/// A sample may be so far ahead of the clock: as Prometheus.
const AHEAD_MAX_MS: i64 = 10 * 60 * 1000;

/// A body as it came.
#[derive(Debug)]
pub struct Fetched {
    pub raw: Body,
    pub encoding: String,
    pub content_type: String,
}

/// What the loops of all targets share.
#[derive(Clone)]
pub struct Shared {
    pub db: Db,
    pub clock: Clock,
    pub metrics: Metrics,
    pub words: Arc<Words>,
    pub buffers: Arc<Buffers>,
}

/// The memory of one target's loop.
pub struct Ingest {
    shared: Shared,
    /// The public labels of the target.
    target: Labels,
    cache: Cache,
    report: ReportSeries,
    /// Read by the API between scrapes.
    families: Arc<Mutex<TargetFamilies>>,
    builder: LabelsBuilder,
    exemplars: Vec<Exemplar>,
}

/// When a scrape began and what its loop says of it.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// The time of its samples, Unix milliseconds.
    pub timestamp: i64,
    /// On the monotonic clock.
    pub start: Duration,
    pub timeout: Duration,
}

/// How a scrape went, for the status of the target.
#[derive(Debug)]
pub struct Outcome {
    pub report: Report,
    pub error: Option<ScrapeError>,
    pub losses: Losses,
}

/// Counts of one body.
#[derive(Default)]
struct Counts {
    scraped: u64,
    post_relabeling: u64,
    series_added: u64,
    /// Samples handed to the store: what the sample limit counts.
    appended: u64,
    over_samples: bool,
    over_buckets: bool,
}

impl Ingest {
    pub fn new(shared: &Shared, target: &Labels) -> Ingest {
        Ingest {
            shared: shared.clone(),
            target: target.clone(),
            cache: Cache::new(),
            report: ReportSeries::default(),
            families: Arc::new(Mutex::new(TargetFamilies::new(&shared.words))),
            builder: LabelsBuilder::new(),
            exemplars: Vec::new(),
        }
    }

    pub fn families(&self) -> Arc<Mutex<TargetFamilies>> {
        Arc::clone(&self.families)
    }

    /// Goes on after work on this memory panicked: nothing of the scrape under way was stored. What exposed series
    /// lead to is learned anew, since the tables may be half changed; the series of the last scrape are still known
    /// to end.
    pub fn recover(&mut self) {
        self.cache.untrack();
        self.cache.forget_labels();
        self.builder = LabelsBuilder::new();
        self.exemplars.clear();
    }

    /// Labels are made in a new way from now on.
    pub fn forget_labels(&mut self) {
        self.cache.forget_labels();
    }

    /// Stores one scrape, whatever came of fetching it.
    pub fn scrape(&mut self, job: &Job, fetched: Result<Fetched, ScrapeError>, timing: Timing) -> Outcome {
        self.store(job, timing, |ingest, appender, report, losses| {
            let mut fetched = fetched?;
            let content_type = std::mem::take(&mut fetched.content_type);
            let body = decode(job, fetched)?;
            report.body_bytes = body.len() as i64;
            if body.is_empty() {
                // No body and no error: nothing is exposed any more.
                return ingest.mark_stale(appender, timing.timestamp, false);
            }
            let result = ingest.body(job, appender, &content_type, &body, timing, report, losses);
            ingest.shared.buffers.put(body);
            result
        })
    }

    /// Stores what `work` appends, or, when it fails or panics, the markers and the report alone.
    fn store(
        &mut self,
        job: &Job,
        timing: Timing,
        work: impl FnOnce(&mut Ingest, &mut Appender, &mut Report, &mut Losses) -> Result<(), ScrapeError>,
    ) -> Outcome {
        let mut report = Report::default();
        let mut losses = Losses::default();
        let mut appender = self.shared.db.appender();
        let start = self.shared.clock.monotonic();
        // What a panic leaves behind is put in order by `recover`; the appender is dropped.
        let work = AssertUnwindSafe(|| work(self, &mut appender, &mut report, &mut losses));
        let result = catch_unwind(work).unwrap_or_else(|_| {
            tracing::error!(target = %self.target, "storing a scrape failed by a fault of our own");
            self.recover();
            Err(ScrapeError::Fault)
        });
        let mut error = result.err();
        if let Some(error) = &error {
            self.count_failure(error, &mut report);
            // What was appended of the body goes; only the markers stay.
            appender = self.shared.db.appender();
            self.cache.untrack();
            if let Err(error) = self.mark_stale(&mut appender, timing.timestamp, false) {
                tracing::warn!(%error, "cannot mark series as stale");
            }
        }
        self.shared.metrics.append_seconds.observe((self.shared.clock.monotonic() - start).as_secs_f64());
        report.up = error.is_none();
        report.duration_seconds = (self.shared.clock.monotonic() - timing.start).as_secs_f64();
        if let Err(failure) = self.finish(job, appender, timing, &report) {
            error.get_or_insert(failure);
        }
        Outcome { report, error, losses }
    }

    /// Ends all series of a target that is gone, at the time its next scrape would have been.
    pub fn end_of_run(&mut self, timestamp: i64) -> Result<(), ScrapeError> {
        let mut appender = self.shared.db.appender();
        self.mark_stale(&mut appender, timestamp, false)?;
        let appended = self.report.append_stale(&mut appender, &self.target, timestamp);
        appended.map_err(|error| ScrapeError::Append { series: "up".to_owned(), error })?;
        appender.commit(Durability::Buffered).map(|_| ()).map_err(ScrapeError::Commit)
    }

    fn finish(
        &mut self,
        job: &Job,
        mut appender: Appender,
        timing: Timing,
        report: &Report,
    ) -> Result<(), ScrapeError> {
        let extra = job.config.extra_scrape_metrics.then_some(Extra {
            timeout_seconds: timing.timeout.as_secs_f64(),
            sample_limit: job.config.sample_limit,
        });
        self.report
            .append(&mut appender, &self.target, timing.timestamp, report, extra)
            .map_err(|error| ScrapeError::Append { series: "up".to_owned(), error })?;
        appender.commit(Durability::Buffered).map(|_| ()).map_err(ScrapeError::Commit)
    }

    fn count_failure(&self, error: &ScrapeError, report: &mut Report) {
        let metrics = &self.shared.metrics;
        match error {
            ScrapeError::BodySizeLimit { .. } => {
                metrics.exceeded_body_size_limit.inc();
                report.body_bytes = -1;
            }
            ScrapeError::SampleLimit { .. } => metrics.exceeded_sample_limit.inc(),
            ScrapeError::BucketLimit { .. } => metrics.exceeded_bucket_limit.inc(),
            ScrapeError::LabelLimit(_) => metrics.exceeded_label_limits.inc(),
            _ => {}
        }
    }

    #[allow(clippy::too_many_arguments)] // one caller, and each is a thing of its own
    fn body(
        &mut self,
        job: &Job,
        appender: &mut Appender,
        content_type: &str,
        body: &[u8],
        timing: Timing,
        report: &mut Report,
        losses: &mut Losses,
    ) -> Result<(), ScrapeError> {
        let (protocol, problem) =
            protocol_of(content_type, job.fallback).map_err(|e| ScrapeError::ContentType(e.0))?;
        if let Some(problem) = problem {
            tracing::debug!(target = %self.target, problem, "fallback protocol used");
        }
        let families = Arc::clone(&self.families);
        let mut families = families.lock();
        let mut run = Run {
            ingest: self,
            job,
            appender,
            losses,
            counts: Counts::default(),
            timestamp: timing.timestamp,
            newest_allowed: 0,
        };
        run.newest_allowed = run.ingest.shared.clock.now_ms() + AHEAD_MAX_MS;
        let is_text = matches!(protocol, Protocol::PrometheusText0_0_4 | Protocol::PrometheusText1_0_0);
        let mut result = if is_text && !job.parsing.convert_classic_histograms {
            run.lines(body, protocol, &mut families)
        } else {
            run.entries(Parser::new(body, protocol, job.parsing), &mut families)
        };
        let counts = run.counts;
        report.scraped = counts.scraped;
        report.post_relabeling = counts.post_relabeling;
        report.series_added = counts.series_added;
        if result.is_ok() && counts.over_samples {
            result = Err(ScrapeError::SampleLimit { limit: job.config.sample_limit });
        }
        if result.is_ok() && counts.over_buckets {
            result = Err(ScrapeError::BucketLimit { limit: job.config.native_histogram_bucket_limit });
        }
        families.end(result.is_ok(), |meta| appender.metadata(&meta.family, &meta.metadata));
        drop(families);
        result?;
        self.mark_stale(appender, timing.timestamp, true)
    }

    /// Appends stale markers for what was there in the last scrape and is not in this one, and ends the iteration.
    fn mark_stale(&mut self, appender: &mut Appender, t: i64, good: bool) -> Result<(), ScrapeError> {
        let mut result = Ok(());
        for series in self.cache.stale() {
            match appender.float(series, t, stale_nan()) {
                // Out of order: the target came back with a loop of its own. Unknown: it has ended long ago.
                Ok(())
                | Err(
                    AppendError::OutOfOrder { .. }
                    | AppendError::TooOld { .. }
                    | AppendError::DuplicateTimestamp { .. }
                    | AppendError::UnknownSeries,
                ) => {}
                Err(error) => {
                    result = Err(ScrapeError::Append { series: "stale marker".to_owned(), error });
                    break;
                }
            }
        }
        if self.cache.end(good && result.is_ok()) {
            self.shared.metrics.cache_flush_forced.inc();
        }
        result
    }
}

fn decode(job: &Job, fetched: Fetched) -> Result<Body, ScrapeError> {
    match http::decode(fetched.raw, &fetched.encoding, job.body_bytes_limit()) {
        Ok(body) => Ok(body),
        Err(HttpError::BodyTooLarge { limit_bytes }) => Err(ScrapeError::BodySizeLimit { limit_bytes }),
        Err(error) => Err(ScrapeError::Http { url: String::new(), error }),
    }
}

/// One body on its way in.
struct Run<'r> {
    ingest: &'r mut Ingest,
    job: &'r Job,
    appender: &'r mut Appender,
    losses: &'r mut Losses,
    counts: Counts,
    timestamp: i64,
    newest_allowed: i64,
}

/// A sample of either kind, as the parser lends it.
enum Sample<'s, 'p> {
    Float(&'s Series<'p>),
    Histogram(&'s mut HistogramSeries<'p>),
    /// Of a series that is known.
    Line(lines::Line<'p>),
}

impl Sample<'_, '_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Sample::Float(s) => s.bytes,
            Sample::Histogram(h) => h.bytes,
            Sample::Line(l) => l.series,
        }
    }

    fn timestamp(&self) -> Option<i64> {
        match self {
            Sample::Float(s) => s.timestamp,
            Sample::Histogram(h) => h.timestamp,
            Sample::Line(l) => l.timestamp,
        }
    }

    fn labels_into(&self, builder: &mut LabelsBuilder) -> Result<(), ParseError> {
        match self {
            Sample::Float(s) => s.labels_into(builder),
            Sample::Histogram(h) => h.labels_into(builder),
            Sample::Line(l) => l.labels_into(builder),
        }
    }
}

/// What became of a sample that did not end the scrape.
enum Appended {
    Stored(SeriesRef),
    /// It is counted among the losses.
    Lost,
}

impl Run<'_> {
    fn entries(&mut self, mut parser: Parser<'_>, families: &mut TargetFamilies) -> Result<(), ScrapeError> {
        loop {
            let entry = parser.next().map_err(|error| ScrapeError::Parse { error })?;
            match entry {
                Some(Entry::Series(series)) => self.sample(Sample::Float(&series))?,
                Some(Entry::Histogram(mut series)) => self.sample(Sample::Histogram(&mut series))?,
                Some(Entry::Type { family, metric_type }) => families.say(family, Said::Type(metric_type)),
                Some(Entry::Help { family, help }) => families.say(family, Said::Help(&help)),
                Some(Entry::Unit { family, unit }) => families.say(family, Said::Unit(unit)),
                Some(Entry::Comment(_)) => {}
                None => return Ok(()),
            }
        }
    }

    fn sample(&mut self, sample: Sample<'_, '_>) -> Result<(), ScrapeError> {
        let (key, found) = self.ingest.cache.find(sample.bytes());
        self.found(sample, key, found)
    }

    /// Takes a sample of which the cache has said what it knows.
    fn found(&mut self, mut sample: Sample<'_, '_>, key: Key, found: Found) -> Result<(), ScrapeError> {
        self.counts.scraped += 1;
        let own_time = sample.timestamp().filter(|_| self.job.config.honor_timestamps);
        let t = own_time.unwrap_or(self.timestamp);
        let (known, series) = match found {
            Found::Dropped => return Ok(()),
            Found::Known(id, series) => (Some(id), Some(series)),
            Found::New => match self.labels(&sample)? {
                Some(()) => (None, None),
                None => {
                    self.ingest.cache.add_dropped(key);
                    return Ok(());
                }
            },
        };
        // Counted even when it is lost: the number is that of series exposed after relabeling.
        self.counts.post_relabeling += 1;
        if let Some(id) = known
            && own_time.is_none()
            && self.ingest.cache.is_repeated(id)
        {
            self.lose_duplicate(sample.bytes());
            return Ok(());
        }
        let labels = known.is_none().then(|| self.ingest.builder.build());
        let Some(Appended::Stored(series)) =
            self.append(&mut sample, series, known, labels.as_ref(), t, own_time)?
        else {
            return Ok(());
        };
        let id = match known {
            Some(id) => id,
            None => {
                if !self.counts.over_samples && !self.counts.over_buckets {
                    self.counts.series_added += 1;
                }
                self.ingest.cache.add(key, series, own_time.is_none())
            }
        };
        if own_time.is_none() || self.job.config.track_timestamps_staleness {
            self.ingest.cache.track(id);
        }
        self.exemplars(&sample, series, t);
        Ok(())
    }

    /// Puts the labels that will be stored into the builder; `None` when rules drop the series.
    fn labels(&mut self, sample: &Sample<'_, '_>) -> Result<Option<()>, ScrapeError> {
        let Ingest { builder, target, .. } = &mut *self.ingest;
        sample.labels_into(builder).map_err(|error| ScrapeError::Parse { error })?;
        if !sample_labels(builder, sample.bytes(), target, self.job) {
            return Ok(None);
        }
        let labels = builder.build();
        let name = labels.metric_name();
        if name.is_empty() {
            return Err(ScrapeError::NoName);
        }
        let names = self.job.config.metric_name_validation_scheme;
        if !names.is_metric_name(name) || !labels.iter().all(|(n, _)| names.is_label_name(n)) {
            return Err(ScrapeError::InvalidName(labels.to_string()));
        }
        self.job.label_limits.check(&labels)?;
        Ok(Some(()))
    }

    /// Hands a sample to the store, within the limits. `None`: over a limit, which ends the scrape later.
    fn append(
        &mut self,
        sample: &mut Sample<'_, '_>,
        series: Option<SeriesRef>,
        known: Option<EntryId>,
        labels: Option<&Labels>,
        t: i64,
        own_time: Option<i64>,
    ) -> Result<Option<Appended>, ScrapeError> {
        if let Sample::Histogram(h) = sample
            && !limits::reduce(
                &mut h.histogram,
                self.job.schema_max,
                self.job.config.native_histogram_bucket_limit,
            )
        {
            self.counts.over_buckets = true;
            return Ok(None);
        }
        self.counts.appended += 1;
        let limit = self.job.config.sample_limit;
        if limit > 0 && self.counts.appended > limit {
            // The rest is read all the same, so that the report says how many there are.
            self.counts.over_samples = true;
            return Ok(None);
        }
        if t > self.newest_allowed {
            self.lose(AppendError::OutOfBounds { timestamp: t, oldest: 0 }, sample.bytes());
            return Ok(Some(Appended::Lost));
        }
        let result = match (series, labels) {
            (Some(series), _) => Ok(series),
            (None, Some(labels)) => self.appender.series(None, labels),
            (None, None) => unreachable!("a new series has labels"),
        };
        let result = result.and_then(|series| {
            // Two exposed series that relabeling made one: the second is a repetition.
            if known.is_none() && own_time.is_none() && self.ingest.cache.is_sampled(series) {
                let text = String::new();
                return Err(AppendError::DuplicateTimestamp {
                    timestamp: t,
                    existing: text.clone(),
                    new: text,
                });
            }
            self.push(sample, series, t).map(|()| series)
        });
        let result = match (result, known) {
            (Err(AppendError::UnknownSeries), Some(id)) => self.make_anew(sample, id, t),
            (result, _) => result,
        };
        match result {
            Ok(series) => Ok(Some(Appended::Stored(series))),
            Err(error) => self.refused(error, sample.bytes()).map(|()| Some(Appended::Lost)),
        }
    }

    fn push(&mut self, sample: &Sample<'_, '_>, series: SeriesRef, t: i64) -> Result<(), AppendError> {
        match sample {
            Sample::Line(l) => self.appender.float(series, t, l.value),
            Sample::Float(s) if s.start_timestamp == 0 => self.appender.float(series, t, s.value),
            Sample::Float(s) => self.appender.float_with_start(series, t, s.start_timestamp, s.value),
            Sample::Histogram(h) => match &h.histogram {
                NativeHistogram::Integer(i) => self.appender.histogram(series, t, h.start_timestamp, i),
                NativeHistogram::Float(f) => self.appender.float_histogram(series, t, h.start_timestamp, f),
            },
        }
    }

    /// The store has forgotten a series that the cache still knows: it is made anew from its labels.
    fn make_anew(&mut self, sample: &Sample<'_, '_>, id: EntryId, t: i64) -> Result<SeriesRef, AppendError> {
        let dropped = match self.labels(sample) {
            Ok(Some(())) => false,
            Ok(None) | Err(_) => true,
        };
        if dropped {
            return Err(AppendError::UnknownSeries);
        }
        let series = self.appender.series(None, &self.ingest.builder.build())?;
        self.ingest.cache.replace(id, series);
        self.push(sample, series, t).map(|()| series)
    }

    /// Counts a sample that is lost alone; any other refusal ends the scrape.
    fn refused(&mut self, error: AppendError, bytes: &[u8]) -> Result<(), ScrapeError> {
        match error {
            AppendError::OutOfOrder { .. }
            | AppendError::TooOld { .. }
            | AppendError::DuplicateTimestamp { .. }
            | AppendError::OutOfBounds { .. }
            | AppendError::SeriesLimit { .. }
            | AppendError::OverBudget { .. } => {
                self.lose(error, bytes);
                Ok(())
            }
            error => Err(ScrapeError::Append { series: String::from_utf8_lossy(bytes).into_owned(), error }),
        }
    }

    fn lose(&mut self, error: AppendError, bytes: &[u8]) {
        let metrics = &self.ingest.shared.metrics;
        match error {
            AppendError::OutOfOrder { .. } => {
                metrics.out_of_order.inc();
                self.losses.out_of_order.add(bytes);
            }
            AppendError::DuplicateTimestamp { .. } => self.lose_duplicate(bytes),
            AppendError::SeriesLimit { .. } | AppendError::OverBudget { .. } => {
                self.losses.series_limit.add(bytes)
            }
            _ => {
                metrics.out_of_bounds.inc();
                self.losses.out_of_bounds.add(bytes);
            }
        }
    }

    fn lose_duplicate(&mut self, bytes: &[u8]) {
        self.ingest.shared.metrics.duplicate_timestamp.inc();
        self.losses.duplicate.add(bytes);
    }

    fn exemplars(&mut self, sample: &Sample<'_, '_>, series: SeriesRef, t: i64) {
        let mut exemplars = std::mem::take(&mut self.ingest.exemplars);
        exemplars.clear();
        match sample {
            Sample::Float(s) if s.has_exemplars() => s.exemplars_into(&mut exemplars),
            Sample::Histogram(h) if h.has_exemplars() => {
                h.exemplars_into(&mut exemplars);
                // Without a time of their own, the exemplars of a native histogram cannot be told from those of
                // the scrape before.
                exemplars.retain(|e| e.timestamp.is_some());
            }
            _ => {}
        }
        for exemplar in &mut exemplars {
            exemplar.timestamp.get_or_insert(t);
        }
        exemplars.sort_by(|a, b| {
            a.timestamp
                .cmp(&b.timestamp)
                .then(a.value.total_cmp(&b.value))
                .then_with(|| a.labels.cmp(&b.labels))
        });
        let mut out_of_order = 0;
        for exemplar in &exemplars {
            // Any other refusal (a duplicate, one too long) is no fault of the scrape.
            if self.appender.exemplar(series, exemplar) == Err(AppendError::ExemplarOutOfOrder) {
                out_of_order += 1;
            }
        }
        // When some are in order, the others are those of the scrape before.
        if out_of_order > 0 && out_of_order == exemplars.len() {
            self.ingest.shared.metrics.exemplar_out_of_order.add(out_of_order as f64);
            for _ in 0..out_of_order {
                self.losses.exemplars_out_of_order.add(sample.bytes());
            }
        }
        self.ingest.exemplars = exemplars;
    }
}

#[cfg(test)]
mod tests;
