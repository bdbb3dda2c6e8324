//! OTLP metrics become series, as Prometheus 3 makes them.
//!
//! The way of a point: a key of its attributes leads to its series (`labels`), which is made only when it is new
//! (`names`, `value`); its type says what is written (`points`, with `classic` and `exponential`); deltas are summed up
//! (`delta`); `target` hands samples to the store. At the end of a resource comes its `target_info`.
//!
//! Good points are taken though others of the request are bad. Whoever gets an answer finds the samples on disk.

mod classic;
mod delta;
mod exemplars;
mod exponential;
mod labels;
mod names;
mod points;
mod starts;
mod target;
mod target_info;
mod value;

pub use delta::DeltaLimits;
pub(crate) use labels::{SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_NAMESPACE};
pub(crate) use names::Namer;

use crate::{Ledger, Outcome, Reason, Refused, Signal, Source};
use base::Clock;
use delta::{DeltaStreams, Moment, Step, Total, Undo};
use labels::{Family, Owner, Scope, Settings};
use model::{Metadata, MetricType};
use names::Shape;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{self as otlp, AggregationTemporality, metric::Data};
use parking_lot::{Mutex, RwLock};
use points::{Pen, Temporality};
use promconfig::OtlpConfig;
use starts::Starts;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use target::{Fault, Target};
use target_info::TargetInfos;
use telemetry::names::receivers as telemetry_names;
use telemetry::{Counter, Gauge, Registry};
use tsdb::{Db, Durability, Rejected};
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// Metadata comes with every metric of every request. It is looked at when a series is first met, and of one metric
/// in so many after that, so that a change is seen after about as many requests.
const METADATA_EVERY: u32 = 61;
/// Sets the keys of `target_info` apart from those of points.
const TARGET_INFO_SEED: u64 = 0x7461_7267_6574;

/// How metrics are taken.
#[derive(Clone, Debug)]
pub struct MetricOptions {
    /// The `otlp` section of the configuration.
    pub config: OtlpConfig,
    /// PromQL's lookback: `target_info` is written twice as often.
    pub lookback: Duration,
    /// Write a zero at the start of every count (Prometheus's feature `created-timestamp-zero-ingestion`). Streams of
    /// deltas always get one.
    pub zero_at_start: bool,
    pub delta: DeltaLimits,
}

impl Default for MetricOptions {
    fn default() -> MetricOptions {
        MetricOptions {
            config: OtlpConfig::default(),
            lookback: Duration::from_secs(300),
            zero_at_start: false,
            delta: DeltaLimits::default(),
        }
    }
}

/// Takes OTLP metrics. One for all doors; any number of threads may call it.
pub struct MetricReceiver {
    db: Db,
    clock: Clock,
    ledger: Arc<Ledger>,
    settings: RwLock<Arc<Settings>>,
    lookback: Duration,
    deltas: Mutex<DeltaStreams>,
    /// `None` when no zeros are written.
    starts: Option<Mutex<Starts>>,
    target_infos: Mutex<TargetInfos>,
    until_metadata: AtomicU32,
    metrics: Metrics,
}

struct Metrics {
    delta_streams: Gauge,
    delta_expired: Counter,
    exemplars_refused: Counter,
}

impl MetricReceiver {
    pub fn new(db: Db, options: MetricOptions, ledger: Arc<Ledger>, registry: &Registry) -> MetricReceiver {
        MetricReceiver {
            clock: db.options().clock.clone(),
            db,
            ledger,
            settings: RwLock::new(Arc::new(Settings::new(&options.config))),
            lookback: options.lookback,
            deltas: Mutex::new(DeltaStreams::new(options.delta)),
            starts: options.zero_at_start.then(Mutex::default),
            target_infos: Mutex::default(),
            until_metadata: AtomicU32::new(0),
            metrics: Metrics {
                delta_streams: registry.gauge(&telemetry_names::DELTA_STREAMS),
                delta_expired: registry.counter(&telemetry_names::DELTA_EXPIRED),
                exemplars_refused: registry.counter(&telemetry_names::EXEMPLARS_REFUSED),
            },
        }
    }

    /// Takes over a new `otlp` section; requests under way keep the old one.
    pub fn configure(&self, config: &OtlpConfig) {
        *self.settings.write() = Arc::new(Settings::new(config));
    }

    /// Takes a request and writes it down in the ledger; `body_bytes` is how long it was on the wire. Blocks until
    /// what it took is on disk: call it where blocking is allowed.
    pub fn receive(
        &self,
        source: Source,
        body_bytes: usize,
        request: &ExportMetricsServiceRequest,
    ) -> Result<Outcome, Refused> {
        let result = self.take(request);
        self.ledger.request(source, Signal::Metrics, body_bytes, &result);
        result
    }

    fn take(&self, request: &ExportMetricsServiceRequest) -> Result<Outcome, Refused> {
        let settings = Arc::clone(&self.settings.read());
        let now_ms = self.clock.now_ms();
        let mut run = Run {
            pen: Pen {
                receiver: self,
                target: Target::new(self.db.appender(), now_ms),
                undo: Vec::new(),
                now_ms,
                scratch: Vec::new(),
            },
            outcome: Outcome::default(),
            names: Vec::new(),
            infos: Vec::new(),
            span: None,
        };
        let filled = request.resource_metrics.iter().try_for_each(|r| run.resource(&settings, r));
        match filled {
            Ok(()) => self.commit(run),
            Err(refused) => {
                self.deltas.lock().undo(run.pen.undo);
                Err(refused)
            }
        }
    }

    fn commit(&self, run: Run<'_>) -> Result<Outcome, Refused> {
        let Run { pen, mut outcome, names, infos, .. } = run;
        let Pen { target, undo, .. } = pen;
        self.metrics.exemplars_refused.add(target.exemplars_refused as f64);
        let (appender, written) = target.into_parts();
        match appender.commit(Durability::Synced) {
            Ok(committed) => {
                for rejected in &committed.rejected {
                    take_back(rejected, &written, &names, &mut outcome);
                }
            }
            Err(error) => {
                self.deltas.lock().undo(undo);
                return Err(error.into());
            }
        }
        let mut known = self.target_infos.lock();
        infos.into_iter().for_each(|(owner, latest)| known.written(owner, latest));
        drop(known);
        let mut deltas = self.deltas.lock();
        self.metrics.delta_streams.set(deltas.len() as f64);
        self.metrics.delta_expired.add(deltas.take_expired() as f64);
        Ok(outcome)
    }

    fn add_delta(
        &self,
        key: u128,
        moment: Moment,
        delta: Total,
        undo: &mut Vec<Undo>,
    ) -> Result<Step, Fault> {
        self.deltas.lock().add(key, moment, delta, undo)
    }

    /// Whether a zero is to be written at this start.
    fn is_new_start(&self, key: u128, start_ms: i64) -> bool {
        self.starts.as_ref().is_some_and(|starts| starts.lock().is_new(key, start_ms))
    }

    fn wants_metadata(&self) -> bool {
        self.until_metadata.fetch_add(1, Ordering::Relaxed).is_multiple_of(METADATA_EVERY)
    }
}

/// A point that met another of the same time only at the commit.
fn take_back(rejected: &Rejected, written: &target::Written, names: &[&str], outcome: &mut Outcome) {
    let Some(name) = written.metric_of(rejected.series).and_then(|metric| names.get(metric as usize)) else {
        return;
    };
    let Fault::Point(reason, message) = Fault::from(rejected.error.clone()) else { return };
    outcome.accepted = outcome.accepted.saturating_sub(1);
    outcome.reject(reason, 1, || format!("metric {name:?}: {message}"));
}

/// One request on its way into the store.
struct Run<'r> {
    pen: Pen<'r>,
    outcome: Outcome,
    /// Of the metrics so far, by number.
    names: Vec<&'r str>,
    /// Owners and the newest time of their `target_info`, to be remembered when it is on disk.
    infos: Vec<(u128, i64)>,
    /// The oldest and the newest time of the points of this resource that were taken.
    span: Option<(i64, i64)>,
}

impl<'r> Run<'r> {
    fn resource(&mut self, settings: &Settings, metrics: &'r otlp::ResourceMetrics) -> Result<(), Refused> {
        let attributes = metrics.resource.as_ref().map_or(&[][..], |r| &r.attributes);
        let owner = Owner::new(settings, attributes);
        self.span = None;
        for scoped in &metrics.scope_metrics {
            let scope = Scope::new(settings, scoped.scope.as_ref(), &scoped.schema_url);
            for metric in &scoped.metrics {
                self.metric(&owner, scope.as_ref(), metric)?;
            }
        }
        match self.span {
            Some((earliest, latest)) => self.target_info(&owner, earliest, latest),
            None => Ok(()),
        }
    }

    fn metric(
        &mut self,
        owner: &Owner<'_>,
        scope: Option<&Scope<'_>>,
        metric: &'r otlp::Metric,
    ) -> Result<(), Refused> {
        self.pen.target.metric = self.names.len() as u32;
        self.names.push(&metric.name);
        let Some(data) = &metric.data else {
            self.outcome.warn(format!("metric {:?}: unsupported metric type", metric.name));
            return Ok(());
        };
        let (shape, temporality, points) = kind(data);
        if points == 0 {
            self.outcome.warn(format!("metric {:?}: empty data points, it is dropped", metric.name));
            return Ok(());
        }
        let Some(temporality) = temporality else {
            self.outcome.reject(Reason::Unsupported, points as u64, || {
                format!("metric {:?}: invalid temporality and type combination", metric.name)
            });
            return Ok(());
        };
        let texts = (metric.name.as_str(), metric.unit.as_str(), metric.description.as_str());
        let family = Family::new(owner, scope, texts, shape);
        self.points(&family, temporality, data)?;
        if self.pen.target.take_created() || self.pen.receiver.wants_metadata() {
            self.metadata(&family);
        }
        Ok(())
    }

    fn points(&mut self, family: &Family<'_>, temporality: Temporality, data: &Data) -> Result<(), Refused> {
        match data {
            Data::Gauge(gauge) => gauge.data_points.iter().try_for_each(|p| {
                let result = self.pen.number(family, temporality, false, p);
                self.point(family, p.time_unix_nano, result)
            }),
            Data::Sum(sum) => sum.data_points.iter().try_for_each(|p| {
                let result = self.pen.number(family, temporality, sum.is_monotonic, p);
                self.point(family, p.time_unix_nano, result)
            }),
            Data::Histogram(histogram) => histogram.data_points.iter().try_for_each(|p| {
                let result = self.pen.histogram(family, temporality, p);
                self.point(family, p.time_unix_nano, result)
            }),
            Data::ExponentialHistogram(histogram) => histogram.data_points.iter().try_for_each(|p| {
                let result = self.pen.exponential(family, temporality, p);
                self.point(family, p.time_unix_nano, result)
            }),
            Data::Summary(summary) => summary.data_points.iter().try_for_each(|p| {
                let result = self.pen.summary(family, p);
                self.point(family, p.time_unix_nano, result)
            }),
        }
    }

    fn point(&mut self, family: &Family<'_>, time_ns: u64, result: Result<(), Fault>) -> Result<(), Refused> {
        match result {
            Ok(()) => {
                self.outcome.accepted += 1;
                let t = (time_ns / 1_000_000) as i64;
                let (earliest, latest) = self.span.unwrap_or((t, t));
                self.span = Some((earliest.min(t), latest.max(t)));
                Ok(())
            }
            Err(Fault::Point(reason, message)) => {
                self.outcome.reject(reason, 1, || format!("metric {:?}: {message}", family.name));
                Ok(())
            }
            Err(Fault::Request(refused)) => Err(refused),
        }
    }

    fn metadata(&mut self, family: &Family<'_>) {
        let Ok(name) = family.built() else { return };
        let metric_type = match family.shape {
            Shape::Gauge | Shape::UpDown => MetricType::Gauge,
            Shape::Counter => MetricType::Counter,
            Shape::Histogram | Shape::ExponentialHistogram => MetricType::Histogram,
            Shape::Summary => MetricType::Summary,
        };
        let unit = family.settings().namer.unit(family.unit);
        let metadata = Metadata { metric_type, help: family.help.to_owned(), unit };
        self.pen.target.appender.metadata(name, &metadata);
    }

    fn target_info(&mut self, owner: &Owner<'_>, earliest: i64, latest: i64) -> Result<(), Refused> {
        let receiver = self.pen.receiver;
        let interval_ms = receiver.lookback.as_millis() as i64 / 2;
        let times = receiver.target_infos.lock().wanted(owner.key(), earliest, latest, interval_ms);
        if times.is_empty() {
            return Ok(());
        }
        let labels = match owner.target_info() {
            Ok(Some(labels)) => labels,
            Ok(None) => return Ok(()),
            Err(error) => {
                self.outcome.warn(format!("target_info: {error}"));
                return Ok(());
            }
        };
        let key = xxh3_128_with_seed(&owner.key().to_le_bytes(), TARGET_INFO_SEED);
        for t in times {
            match self.pen.target.plain(key, &labels, t, 1.0) {
                Ok(_) => {}
                Err(Fault::Request(refused)) => return Err(refused),
                // Older than one that is there: whoever asks finds that.
                Err(Fault::Point(..)) => {}
            }
        }
        if self.pen.target.take_created() {
            let help = "Target metadata".to_owned();
            let metadata = Metadata { metric_type: MetricType::Gauge, help, unit: String::new() };
            self.pen.target.appender.metadata("target_info", &metadata);
        }
        self.infos.push((owner.key(), latest));
        Ok(())
    }
}

/// What the data of a metric are: `None` for a temporality that has no meaning, and how many points.
fn kind(data: &Data) -> (Shape, Option<Temporality>, usize) {
    let of = |number: i32| match AggregationTemporality::try_from(number) {
        Ok(AggregationTemporality::Delta) => Some(Temporality::Delta),
        Ok(AggregationTemporality::Cumulative) => Some(Temporality::Cumulative),
        Ok(AggregationTemporality::Unspecified) | Err(_) => None,
    };
    match data {
        Data::Gauge(gauge) => (Shape::Gauge, Some(Temporality::None), gauge.data_points.len()),
        Data::Sum(sum) => {
            let shape = if sum.is_monotonic { Shape::Counter } else { Shape::UpDown };
            (shape, of(sum.aggregation_temporality), sum.data_points.len())
        }
        Data::Histogram(h) => (Shape::Histogram, of(h.aggregation_temporality), h.data_points.len()),
        Data::ExponentialHistogram(h) => {
            (Shape::ExponentialHistogram, of(h.aggregation_temporality), h.data_points.len())
        }
        Data::Summary(summary) => (Shape::Summary, Some(Temporality::None), summary.data_points.len()),
    }
}

#[cfg(test)]
mod tests;
