//! Remote write out: every sample that the store takes is sent on to other servers.
//!
//! The way of a batch: committed ([`tsdb::Observer`]) → [`Queue::append`] → spool (disk) → one [endpoint](endpoint) for each configured
//! place: external labels, relabeling, shards, requests with retries. An endpoint keeps its place in the spool in a
//! file of its own, so that it goes on after a restart where it was; samples may then be sent twice, which receivers
//! take for the same. A place that is away for so long that the spool is full loses the oldest samples, and says so.
//!
//! Knows nothing of how samples come to the store, and needs the multi-threaded runtime.

mod endpoint;
mod meter;
mod outgoing;
mod sender;
mod spool;

use base::{Clock, disk};
use endpoint::{Endpoint, Shared, Spec};
use meter::Inflow;
use model::{HistogramSample, Metadata};
use parking_lot::Mutex;
use promconfig::RemoteWriteConfig;
use spool::{Dropped, Spool};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use telemetry::Registry;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tsdb::{ObservedSample, ObservedSeries, Observer};
use wire::histogram::{HistogramPoint, NativeHistogram};
use wire::remote::{Sample, TimeSeries, encode_v2};

/// Samples of a spool when nothing else is said: an hour of 100,000 samples a second takes about this.
pub const SPOOL_BYTES_MAX: u64 = 1 << 30;
/// A place that is away loses a file of the spool every few seconds: it is said this often.
const DROPPED_LOG_INTERVAL: Duration = Duration::from_secs(60);
/// How long a stop waits for requests under way. What is not sent then is sent after the next start.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Gives type, help and unit of all families.
pub type Families = Arc<dyn Fn() -> Vec<(String, Metadata)> + Send + Sync>;

/// What a queue is opened with.
#[derive(Clone)]
pub struct QueueOptions {
    /// The spool and the places of the endpoints lie here.
    pub dir: PathBuf,
    pub spool_bytes_max: u64,
    pub clock: Clock,
    /// Where metadata comes from.
    pub families: Families,
}

/// See the module.
pub struct Queue {
    shared: Arc<Shared>,
    inflow: Inflow,
    /// Whether anybody is to be sent anything.
    active: AtomicBool,
    running: Mutex<Vec<Running>>,
    /// When it was last said that samples are dropped, on the monotonic clock.
    dropped_logged_at: Mutex<Option<Duration>>,
}

/// An endpoint at work.
struct Running {
    endpoint: Arc<Endpoint>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// A configured place that cannot be sent to.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("remote_write {name}: {reason}")]
pub struct EndpointError {
    /// The name, or the URL.
    pub name: String,
    pub reason: String,
}

impl Queue {
    /// Opens the spool. Nothing is kept or sent before [`Queue::apply`].
    pub fn open(options: QueueOptions, registry: &Registry) -> io::Result<Queue> {
        let spool = Spool::open(&options.dir, options.spool_bytes_max)?;
        disk::create_dir_all(&options.dir.join("places"))?;
        let shared = Shared { spool, options, registry: registry.clone(), places: Mutex::default() };
        Ok(Queue {
            shared: Arc::new(shared),
            inflow: Inflow::new(registry),
            active: AtomicBool::new(false),
            running: Mutex::default(),
            dropped_logged_at: Mutex::default(),
        })
    }

    /// Whether [`Queue::append`] does anything: who makes its argument asks first.
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::Relaxed)
    }

    /// Keeps what was committed until it is sent. Fast; blocks on the page cache at most. When the disk is full the
    /// samples are not sent on, and counted.
    pub fn append(&self, series: &[TimeSeries]) {
        if !self.is_active() || series.is_empty() {
            return;
        }
        self.inflow.count(series);
        let record = wire::snappy::compress(&encode_v2(series));
        match self.shared.spool.append(&record) {
            Ok(dropped) if dropped.is_empty() => {}
            Ok(dropped) => self.count_dropped(&dropped),
            Err(error) => {
                self.inflow.lost(series);
                tracing::error!(%error, "remote write: samples cannot be kept for sending");
            }
        }
    }

    /// Counts what a full spool dropped, for each place that has not read it, and says so once in a while.
    fn count_dropped(&self, dropped: &[Dropped]) {
        let now = self.shared.options.clock.monotonic();
        let running = self.running.lock();
        let mut logged_at = self.dropped_logged_at.lock();
        let quiet = logged_at.is_some_and(|at| now - at < DROPPED_LOG_INTERVAL);
        for (name, bytes) in running.iter().filter_map(|r| r.endpoint.count_dropped(dropped)) {
            if !quiet {
                *logged_at = Some(now);
                tracing::warn!(
                    name,
                    bytes,
                    "remote write: the spool is full, its oldest samples are dropped before they were sent"
                );
            }
        }
    }

    /// Sends to these places from now on, and to no others. Those that stay as they are go on undisturbed. All
    /// places are checked before any is changed. Call it within the runtime.
    pub fn apply(
        &self,
        external_labels: &BTreeMap<String, String>,
        configs: &[RemoteWriteConfig],
    ) -> Result<(), EndpointError> {
        let specs = specs(external_labels, configs);
        let mut running = self.running.lock();
        let mut endpoints = Vec::new();
        for spec in specs.iter().filter(|s| running.iter().all(|r| r.endpoint.spec() != *s)) {
            endpoints.push(Arc::new(Endpoint::new(spec.clone(), &self.shared)?));
        }
        let (stay, go): (Vec<Running>, Vec<Running>) =
            std::mem::take(&mut *running).into_iter().partition(|r| specs.contains(r.endpoint.spec()));
        *running = stay;
        let mut before = Vec::new();
        for Running { endpoint, stop, task } in go {
            stop.send_replace(true);
            if endpoints.iter().all(|e| e.id() != endpoint.id()) {
                endpoint.forget();
            }
            before.push(task);
        }
        // Before the first record for them.
        endpoints.iter().for_each(|e| self.shared.enter(e.id()));
        self.active.store(!specs.is_empty(), Ordering::Relaxed);
        let before = Arc::new(tokio::sync::Mutex::new(before));
        for endpoint in endpoints {
            let (stop, stopped) = watch::channel(false);
            let (work, before) = (Arc::clone(&endpoint), Arc::clone(&before));
            let task = tokio::spawn(async move {
                // A changed endpoint goes on where the old one stops.
                for task in before.lock().await.drain(..) {
                    let _ = task.await;
                }
                work.run(stopped).await;
            });
            running.push(Running { endpoint, stop, task });
        }
        let ids: Vec<String> = running.iter().map(|r| r.endpoint.id().to_owned()).collect();
        drop(running);
        self.shared.forget_others(&ids);
        Ok(())
    }

    /// Stops sending; what is left is sent after the next start.
    pub async fn stop(&self) {
        let running = std::mem::take(&mut *self.running.lock());
        for r in &running {
            r.stop.send_replace(true);
        }
        for Running { task, .. } in running {
            let abort = task.abort_handle();
            if tokio::time::timeout(STOP_TIMEOUT, task).await.is_err() {
                abort.abort();
            }
        }
    }
}

/// The store tells the queue what it took: `db.observe(queue)`.
impl Observer for Queue {
    fn wants(&self) -> bool {
        self.is_active()
    }

    fn committed(&self, series: Vec<ObservedSeries>) {
        let sample = |s: ObservedSample| Sample {
            timestamp: s.timestamp,
            value: s.value,
            start_timestamp: s.start_timestamp,
        };
        let point = |h: HistogramSample| HistogramPoint {
            timestamp: h.timestamp,
            start_timestamp: h.start_timestamp,
            histogram: NativeHistogram::Float(Arc::unwrap_or_clone(h.histogram)),
        };
        let series = series.into_iter().map(|s| TimeSeries {
            labels: s.labels,
            samples: s.samples.into_iter().map(sample).collect(),
            histograms: s.histograms.into_iter().map(point).collect(),
            exemplars: s.exemplars,
            metadata: None,
        });
        self.append(&series.collect::<Vec<_>>());
    }
}

/// The places of a configuration; of several with the same name and URL each has a position of its own.
fn specs(external_labels: &BTreeMap<String, String>, configs: &[RemoteWriteConfig]) -> Vec<Spec> {
    let twin = |i: usize| {
        let config: &RemoteWriteConfig = &configs[i];
        configs[..i].iter().filter(|c| c.url == config.url && c.name == config.name).count()
    };
    let spec = |(i, config): (usize, &RemoteWriteConfig)| Spec {
        config: config.clone(),
        external_labels: external_labels.clone(),
        twin: twin(i),
    };
    configs.iter().enumerate().map(spec).collect()
}

/// The file with the place of an endpoint.
fn place_path(dir: &Path, id: &str) -> PathBuf {
    dir.join("places").join(id)
}

#[cfg(test)]
mod tests;
