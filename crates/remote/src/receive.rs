//! A remote write request becomes samples in the store.
//!
//! The hottest path of the product. For a series that was seen before nothing is allocated and no label is read: the
//! hash of its label bytes leads to it. Good samples are taken though others of the request are bad; a request that
//! cannot be read as a whole leaves nothing behind. Whoever gets an answer finds the samples on disk.

use base::Clock;
use model::{Labels, Metadata, MetricType};
use parking_lot::Mutex;
use telemetry::names::remote as names;
use telemetry::{Counter, CounterFamily, Registry};
use tsdb::{AppendError, Appender, CommitError, Db, Durability, Rejected, SeriesRef};
use wire::histogram::{HistogramPoint, NativeHistogram};
use wire::proto::ProtoError;
use wire::remote::{Item, Message, Request, Sample, Scratch, Series, SeriesError};
use wire::snappy::{self, SnappyError};

/// How far ahead of the clock a sample may be, as in Prometheus: further and it would close the door to all others.
const AHEAD_MAX_MS: i64 = 10 * 60 * 1000;
/// A flush that frees memory takes about this long.
const OVER_BUDGET_RETRY_MS: u64 = 5_000;
/// Reasons that an answer repeats; the rest is counted.
const REASONS_MAX: usize = 50;
/// Buffers of a request larger than this are not kept for the next: four writers × 4 MiB.
const KEEP_BYTES_MAX: usize = 4 << 20;
const KEPT_MAX: usize = 4;
/// Version 2 sends metadata with every series in every request. It is looked at when a series is first met, and of
/// one series in so many after that, so that a change is seen after about as many requests.
const METADATA_EVERY: u32 = 61;

/// What a request may cost.
#[derive(Clone, Copy, Debug)]
pub struct ReceiveLimits {
    /// An unpacked request.
    pub request_bytes_max: usize,
}

impl Default for ReceiveLimits {
    fn default() -> ReceiveLimits {
        // A sender's batch of 2,000 samples has about 500 kB; a hundred times that is a mistake.
        ReceiveLimits { request_bytes_max: 64 << 20 }
    }
}

/// What became of a request that could be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Received {
    /// Written: the `X-Prometheus-Remote-Write-Samples-Written` header, and so on.
    pub samples: u64,
    pub histograms: u64,
    pub exemplars: u64,
    /// Samples and histograms not taken.
    pub rejected: u64,
    /// Of them, those of series with invalid labels.
    pub invalid_labels: u64,
    /// What was rejected and why, each naming the series; the first [`REASONS_MAX`].
    pub reasons: Vec<String>,
    /// How many more there were.
    pub reasons_omitted: u64,
}

impl Received {
    /// Whether all of it was taken: then the answer is "no content", else "bad request" with [`Received::text`].
    pub fn is_complete(&self) -> bool {
        self.reasons.is_empty()
    }

    /// The reasons, one a line.
    pub fn text(&self) -> String {
        let mut text = self.reasons.join("\n");
        if self.reasons_omitted > 0 {
            text.push_str(&format!("\nand {} more", self.reasons_omitted));
        }
        text
    }

    fn reject(&mut self, samples: usize, reason: impl FnOnce() -> String) {
        self.rejected += samples as u64;
        if self.reasons.len() < REASONS_MAX {
            self.reasons.push(reason());
        } else {
            self.reasons_omitted += 1;
        }
    }
}

/// Why nothing of a request was taken, split by what the sender should do.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// Not to be sent again: the body is not what it should be.
    #[error("{0}")]
    Malformed(String),
    /// Not to be sent again: more than one request may hold.
    #[error("{0}")]
    TooLarge(String),
    /// To be sent again after a while: no room on disk, or in memory.
    #[error("{reason}")]
    Busy { reason: String, retry_after_ms: u64 },
    /// To be sent again: the store failed.
    #[error("{0}")]
    Failed(String),
}

impl From<SnappyError> for ReceiveError {
    fn from(error: SnappyError) -> ReceiveError {
        match error {
            SnappyError::Corrupt => ReceiveError::Malformed(error.to_string()),
            SnappyError::TooLarge { .. } => ReceiveError::TooLarge(error.to_string()),
        }
    }
}

impl From<ProtoError> for ReceiveError {
    fn from(error: ProtoError) -> ReceiveError {
        ReceiveError::Malformed(error.to_string())
    }
}

impl From<CommitError> for ReceiveError {
    fn from(error: CommitError) -> ReceiveError {
        let reason = error.to_string();
        match error {
            // The store looks for room by itself every few seconds.
            CommitError::DiskFull => ReceiveError::Busy { reason, retry_after_ms: 5_000 },
            CommitError::OverBudget { retry_after_ms, .. } => ReceiveError::Busy { reason, retry_after_ms },
            CommitError::Io(_) | CommitError::Closed => ReceiveError::Failed(reason),
        }
    }
}

/// Takes requests. One for all; any number of threads may call it.
pub struct Receiver {
    db: Db,
    clock: Clock,
    limits: ReceiveLimits,
    kept: Mutex<Vec<Buffers>>,
    metrics: Metrics,
}

#[derive(Default)]
struct Buffers {
    unpacked: Vec<u8>,
    scratch: Scratch,
}

struct Metrics {
    received: [Counter; 2],
    rejected: [Counter; 2],
    refused: CounterFamily,
    invalid_labels: Counter,
}

impl Metrics {
    fn new(registry: &Registry) -> Metrics {
        let both = |family: CounterFamily| [Message::V1, Message::V2].map(|m| family.with(&[m.as_str()]));
        Metrics {
            received: both(registry.counters(&names::RECEIVED_SAMPLES)),
            rejected: both(registry.counters(&names::REJECTED_SAMPLES)),
            refused: registry.counters(&names::REFUSED_REQUESTS),
            invalid_labels: registry.counter(&names::INVALID_LABELS),
        }
    }

    fn count(&self, message: Message, result: &Result<Received, ReceiveError>) {
        let of = |counters: &[Counter; 2]| counters[usize::from(message == Message::V2)].clone();
        match result {
            Ok(received) => {
                of(&self.received).add((received.samples + received.histograms) as f64);
                of(&self.rejected).add(received.rejected as f64);
                self.invalid_labels.add(received.invalid_labels as f64);
            }
            Err(error) => {
                let reason = match error {
                    ReceiveError::Malformed(_) => "malformed",
                    ReceiveError::TooLarge(_) => "too_large",
                    ReceiveError::Busy { .. } => "busy",
                    ReceiveError::Failed(_) => "failed",
                };
                self.refused.with(&[reason]).inc();
            }
        }
    }
}

impl Receiver {
    pub fn new(db: Db, limits: ReceiveLimits, registry: &Registry) -> Receiver {
        let clock = db.options().clock.clone();
        Receiver { db, clock, limits, kept: Mutex::default(), metrics: Metrics::new(registry) }
    }

    /// Takes a request, packed with snappy. Blocks until what it took is on disk: call it where blocking is allowed.
    pub fn receive(&self, message: Message, body: &[u8]) -> Result<Received, ReceiveError> {
        let mut buffers = self.kept.lock().pop().unwrap_or_default();
        let result = self.receive_with(message, body, &mut buffers);
        self.metrics.count(message, &result);
        if buffers.unpacked.len() <= KEEP_BYTES_MAX {
            let mut kept = self.kept.lock();
            if kept.len() < KEPT_MAX {
                kept.push(buffers);
            }
        }
        result
    }

    fn receive_with(
        &self,
        message: Message,
        body: &[u8],
        buffers: &mut Buffers,
    ) -> Result<Received, ReceiveError> {
        let Buffers { unpacked, scratch } = buffers;
        let bytes = snappy::decompress(body, unpacked, self.limits.request_bytes_max)?;
        let mut batch = Batch {
            appender: self.db.appender(),
            message,
            time_max: self.clock.now_ms().saturating_add(AHEAD_MAX_MS),
            received: Received::default(),
            until_metadata: bytes.len() as u32 % METADATA_EVERY,
        };
        let mut request = Request::new(message, bytes, scratch)?;
        while let Some(item) = request.next()? {
            match item {
                Item::Series(series) => batch.series(&series)?,
                Item::Metadata(metadata) => {
                    batch.appender.metadata(metadata.family, &metadata.to_metadata());
                }
            }
        }
        let Batch { appender, mut received, .. } = batch;
        let committed = appender.commit(Durability::Synced)?;
        if !committed.rejected.is_empty() {
            self.take_back(message, bytes, scratch, &committed.rejected, &mut received)?;
        }
        Ok(received)
    }

    /// Samples that met others of the same time only at the commit: rare, so the request is read once more to name
    /// their series.
    fn take_back(
        &self,
        message: Message,
        bytes: &[u8],
        scratch: &mut Scratch,
        rejected: &[Rejected],
        received: &mut Received,
    ) -> Result<(), ProtoError> {
        let mut appender = self.db.appender();
        let mut request = Request::new(message, bytes, scratch)?;
        let mut open: Vec<&Rejected> = rejected.iter().collect();
        while let Some(item) = request.next()? {
            let Item::Series(series) = item else { continue };
            let reference = series.key.and_then(|key| appender.lookup(key));
            // The same series may stand in the request twice: each rejection is told once.
            open.retain(|r| {
                if Some(r.series) != reference {
                    return true;
                }
                if series.samples.iter().any(|s| s.timestamp == r.timestamp) {
                    received.samples = received.samples.saturating_sub(1);
                } else if series.histograms().flatten().any(|h| h.timestamp == r.timestamp) {
                    received.histograms = received.histograms.saturating_sub(1);
                } else {
                    return true;
                }
                received.reject(1, || format!("{} for series {}", r.error, series.describe()));
                false
            });
        }
        for r in open {
            received.samples = received.samples.saturating_sub(1);
            received.reject(1, || r.error.to_string());
        }
        Ok(())
    }
}

/// One request on its way into the store.
struct Batch {
    appender: Appender,
    message: Message,
    /// The latest time a sample may have.
    time_max: i64,
    received: Received,
    /// Series until one has its metadata looked at again.
    until_metadata: u32,
}

/// Why one sample is not taken.
enum Refusal {
    Append(AppendError),
    FarAhead,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Append(error) => write!(f, "{error}"),
            Refusal::FarAhead => f.write_str("out of bounds: timestamp is too far in the future"),
        }
    }
}

impl Batch {
    #[inline]
    fn series(&mut self, series: &Series<'_>) -> Result<(), ReceiveError> {
        if self.message == Message::V2 && !self.has_one_kind(series) {
            return Ok(());
        }
        let known = series.key.and_then(|key| self.appender.lookup(key));
        let reference = match known {
            Some(reference) => {
                self.refresh_metadata(series)?;
                reference
            }
            None => match self.create(series)? {
                Some(reference) => reference,
                None => return Ok(()),
            },
        };
        let mut reference = reference;
        for sample in series.samples {
            if !self.float(series, &mut reference, sample)? {
                return Ok(());
            }
        }
        if series.histogram_count() > 0 {
            self.histograms(series, &mut reference)?;
        }
        if series.exemplar_count() > 0 {
            self.exemplars(series, reference)?;
        }
        Ok(())
    }

    /// Version 2 wants samples or histograms in a series, not both.
    fn has_one_kind(&mut self, series: &Series<'_>) -> bool {
        let (samples, histograms) = (series.samples.len(), series.histogram_count());
        let fault = match (samples > 0, histograms > 0) {
            (true, false) | (false, true) => return true,
            (false, false) => "TimeSeries must contain at least one sample or histogram for series",
            (true, true) => "TimeSeries must contain either samples or histograms, not both, for series",
        };
        self.received.reject(samples + histograms, || format!("{fault} {}", series.describe()));
        false
    }

    /// Finds or makes a series by its labels. `None` when it is refused, with all its samples.
    #[cold]
    fn create(&mut self, series: &Series<'_>) -> Result<Option<SeriesRef>, ReceiveError> {
        let samples = series.samples.len() + series.histogram_count();
        let labels = match series.labels() {
            Ok(labels) => labels,
            Err(SeriesError::Malformed(error)) => return Err(error.into()),
            Err(error) => {
                self.received.invalid_labels += samples as u64;
                self.received.reject(samples, || error.to_string());
                return Ok(None);
            }
        };
        match self.appender.series(series.key, &labels) {
            Ok(reference) => {
                if let Some(metadata) = series.metadata()? {
                    self.appender.metadata(family(&labels, &metadata), &metadata);
                }
                Ok(Some(reference))
            }
            // Memory comes back with the next flush: the sender is to come back with all of it.
            Err(error @ AppendError::OverBudget { .. }) => {
                Err(ReceiveError::Busy { reason: error.to_string(), retry_after_ms: OVER_BUDGET_RETRY_MS })
            }
            Err(error) => {
                self.received.reject(samples, || format!("{error} for series {labels:?}"));
                Ok(None)
            }
        }
    }

    fn refresh_metadata(&mut self, series: &Series<'_>) -> Result<(), ReceiveError> {
        if self.message == Message::V1 {
            return Ok(());
        }
        if self.until_metadata > 0 {
            self.until_metadata -= 1;
            return Ok(());
        }
        self.until_metadata = METADATA_EVERY;
        if let (Some(metadata), Ok(labels)) = (series.metadata()?, series.labels()) {
            self.appender.metadata(family(&labels, &metadata), &metadata);
        }
        Ok(())
    }

    /// Takes one float. `false` when the series itself is refused.
    #[inline]
    fn float(
        &mut self,
        series: &Series<'_>,
        reference: &mut SeriesRef,
        sample: &Sample,
    ) -> Result<bool, ReceiveError> {
        let refusal = match self.append_float(*reference, sample) {
            Ok(()) => None,
            Err(Refusal::Append(AppendError::UnknownSeries)) => {
                // It left the head since the key was learned.
                let Some(found) = self.create(series)? else { return Ok(false) };
                *reference = found;
                self.append_float(found, sample).err()
            }
            Err(refusal) => Some(refusal),
        };
        match refusal {
            None => self.received.samples += 1,
            Some(refusal) => {
                self.received.reject(1, || format!("{refusal} for series {}", series.describe()));
            }
        }
        Ok(true)
    }

    #[inline]
    fn append_float(&mut self, reference: SeriesRef, sample: &Sample) -> Result<(), Refusal> {
        if sample.timestamp > self.time_max {
            return Err(Refusal::FarAhead);
        }
        let result = if sample.start_timestamp == 0 {
            self.appender.float(reference, sample.timestamp, sample.value)
        } else {
            let (t, start) = (sample.timestamp, sample.start_timestamp);
            self.appender.float_with_start(reference, t, start, sample.value)
        };
        result.map_err(Refusal::Append)
    }

    #[cold]
    fn histograms(&mut self, series: &Series<'_>, reference: &mut SeriesRef) -> Result<(), ReceiveError> {
        for point in series.histograms() {
            let point = point?;
            let mut result = self.append_histogram(*reference, &point);
            if let Err(Refusal::Append(AppendError::UnknownSeries)) = result {
                let Some(found) = self.create(series)? else { return Ok(()) };
                *reference = found;
                result = self.append_histogram(found, &point);
            }
            match result {
                Ok(()) => self.received.histograms += 1,
                Err(refusal) => {
                    self.received.reject(1, || format!("{refusal} for series {}", series.describe()));
                }
            }
        }
        Ok(())
    }

    fn append_histogram(&mut self, reference: SeriesRef, point: &HistogramPoint) -> Result<(), Refusal> {
        if point.timestamp > self.time_max {
            return Err(Refusal::FarAhead);
        }
        let (t, start) = (point.timestamp, point.start_timestamp);
        let result = match &point.histogram {
            NativeHistogram::Integer(h) => self.appender.histogram(reference, t, start, h),
            NativeHistogram::Float(h) => self.appender.float_histogram(reference, t, start, h),
        };
        result.map_err(Refusal::Append)
    }

    /// Exemplars are extras: one that is refused costs no sample. Version 2 is told of those that are out of order.
    #[cold]
    fn exemplars(&mut self, series: &Series<'_>, reference: SeriesRef) -> Result<(), ReceiveError> {
        for exemplar in series.exemplars() {
            let told = match exemplar? {
                Err(error) => Some(format!("parsing exemplar for series {}: {error}", series.describe())),
                Ok(exemplar) => match self.appender.exemplar(reference, &exemplar) {
                    Ok(()) => {
                        self.received.exemplars += 1;
                        None
                    }
                    Err(error @ AppendError::ExemplarOutOfOrder) => {
                        Some(format!("{error} for series {}", series.describe()))
                    }
                    Err(_) => None,
                },
            };
            if let (Message::V2, Some(reason)) = (self.message, told) {
                self.received.reject(0, || reason);
            }
        }
        Ok(())
    }
}

/// The family that metadata sent with a series is of.
fn family<'a>(labels: &'a Labels, metadata: &Metadata) -> &'a str {
    let name = labels.metric_name();
    let suffixes: &[&str] = match metadata.metric_type {
        MetricType::Histogram | MetricType::GaugeHistogram => &["_bucket", "_count", "_sum"],
        MetricType::Summary => &["_count", "_sum"],
        _ => &[],
    };
    suffixes.iter().find_map(|s| name.strip_suffix(s)).unwrap_or(name)
}

#[cfg(test)]
mod tests;
