//! The event side of the program: the store, what brings events in, what is derived from them.
//!
//! Start: catalog, store (replay), derived metrics, receivers. Stop, the other way round: derived metrics are written a
//! last time while the store of series is open, then the event store writes what is in memory to files.

use crate::serve::{Failure, VERSION};
use crate::settings::Settings;
use api::Intake;
use base::{Budget, Clock, Stopper};
use events::{EventOptions, Events, Keep, LocalObjects};
use promconfig::Config;
use query::{EventLimits as QueryLimits, EventService, QueryService};
use receivers::{
    Derived, DerivedOptions, EventLimits, EventReceiver, EventSink, Ledger, MetricOptions, MetricReceiver,
    Own, OwnWriter, Strategies,
};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use telemetry::Registry;
use tracing::{info, warn};
use tsdb::Db;

/// Of the memory budget, what memtables and caches of events may hold, in percent.
const STORE_PERCENT: u64 = 30;
/// … and what questions about events may hold together.
const QUERY_PERCENT: u64 = 30;
/// Of the disk limit, what each kind may keep and what statements may spill, in percent; metrics have the other 40.
const SPANS_DISK_PERCENT: u64 = 25;
const LOGS_DISK_PERCENT: u64 = 25;
const ERRORS_DISK_PERCENT: u64 = 5;
const SPILL_DISK_PERCENT: u64 = 5;
/// The log of events is flushed to files at the latest when it has this share of the disk limit. Only a limit under 3 GB
/// is met by it.
const LOG_DISK_PERCENT: u64 = 4;

/// Everything that is opened for events.
pub struct EventSide {
    pub store: Events,
    pub intake: Intake,
    pub end: EventEnd,
}

impl EventSide {
    pub async fn open(
        settings: &Settings,
        config: &Config,
        db: &Db,
        registry: &Registry,
        clock: &Clock,
        budget: &Budget,
        own: Own,
    ) -> Result<EventSide, Failure> {
        let dir = settings.data.join("events");
        let failed = |e: &dyn std::fmt::Display| Failure::Start(format!("{}: {e}", dir.display()));
        base::disk::create_dir_all(&dir).map_err(|e| failed(&e))?;
        let catalog = state::Catalog::open(&settings.data.join("state.db")).await.map_err(|e| failed(&e))?;
        let objects = LocalObjects::open(dir.join("files")).map_err(|e| failed(&e))?;
        let mut options = EventOptions::new(&dir);
        options.objects_dir = Some(objects.root().to_owned());
        options.clock = clock.clone();
        options.budget = budget.slice("events", budget.limit_bytes() / 100 * STORE_PERCENT);
        let disk_bytes = settings.disk_limit().map_err(|e| failed(&e))?;
        let keep =
            |age: Duration, percent: u64| Keep { age: Some(age), bytes: Some(disk_bytes / 100 * percent) };
        options.log_bytes_max = options.log_bytes_max.min(disk_bytes / 100 * LOG_DISK_PERCENT);
        options.keep_spans = keep(settings.retention_traces, SPANS_DISK_PERCENT);
        options.keep_logs = keep(settings.retention_logs, LOGS_DISK_PERCENT);
        options.keep_errors = keep(settings.retention_errors, ERRORS_DISK_PERCENT);
        let store = Events::open(options, catalog, objects).await.map_err(|e| failed(&e))?;
        let recovery = store.recovery();
        info!(events = recovery.replayed_events, ms = recovery.took_ms, "event store open");
        let strategies = strategies(settings)?;
        let derived = Derived::new(db.clone(), DerivedOptions::default(), registry);
        let ledger = Arc::new(Ledger::new(clock.clone(), registry));
        let limits = EventLimits {
            spans_age_max: Some(settings.retention_traces),
            logs_age_max: Some(settings.retention_logs),
            ..EventLimits::default()
        };
        let metrics = MetricOptions {
            config: config.otlp.clone(),
            lookback: settings.lookback,
            ..MetricOptions::default()
        };
        let sink: Arc<dyn EventSink> = Arc::new(store.clone());
        let receiver = |sink: &Arc<dyn EventSink>, derived: Option<Arc<Derived>>| {
            Arc::new(EventReceiver::new(
                Arc::clone(sink),
                derived,
                clock.clone(),
                limits,
                Arc::clone(&ledger),
            ))
        };
        // No metrics are derived from our own spans: they would come at all times, and a store that has samples of now
        // refuses those of yesterday, which somebody may be about to bring in.
        let own = OwnWriter::new(own, receiver(&sink, None), VERSION, host_name());
        let intake = Intake {
            events: receiver(&sink, Some(Arc::clone(&derived))),
            metrics: MetricReceiver::new(db.clone(), metrics, Arc::clone(&ledger), registry),
            ledger: Arc::clone(&ledger),
            strategies,
        };
        let (stopper, own_stopper) = (Stopper::new(), Stopper::new());
        let (running, shutdown) = (Arc::clone(&derived), stopper.shutdown());
        let writer = thread("derived", move || running.run(&shutdown)).map_err(|e| failed(&e))?;
        let shutdown = own_stopper.shutdown();
        let own = thread("own-events", move || own.run(&shutdown)).map_err(|e| failed(&e))?;
        let end =
            EventEnd { store: store.clone(), derived, own: (own_stopper, own), writer: (stopper, writer) };
        Ok(EventSide { store, intake, end })
    }
}

/// What runs until the end.
pub struct EventEnd {
    store: Events,
    derived: Arc<Derived>,
    /// Stores what Pharos says about itself.
    own: (Stopper, JoinHandle<()>),
    /// Writes derived metrics.
    writer: (Stopper, JoinHandle<()>),
}

impl EventEnd {
    /// Call when nobody sends any more, and while the store of series is open.
    pub async fn close(self) {
        for (stopper, thread) in [self.own, self.writer] {
            stopper.stop();
            let ended = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(ended, Ok(Ok(()))) {
                warn!("a thread of the receivers ended in a panic");
            }
        }
        let stats = self.derived.stats();
        info!(combinations = stats.combinations, relations = stats.relations, "derived metrics written");
        self.store.close().await;
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// What this machine is called; empty when it does not say.
fn host_name() -> String {
    base::disk::read_to_string(Path::new("/proc/sys/kernel/hostname")).unwrap_or_default().trim().to_owned()
}

/// The file of sampling strategies; without one, the defaults.
fn strategies(settings: &Settings) -> Result<Strategies, Failure> {
    let Some(path) = &settings.sampling_strategies else { return Ok(Strategies::default()) };
    let fault = |why: String| Failure::Configuration(vec![format!("{}: {why}", path.display())]);
    let text = base::disk::read_to_string(path).map_err(|e| fault(e.to_string()))?;
    let strategies = Strategies::parse(&text).map_err(|e| fault(e.to_string()))?;
    strategies.warnings().iter().for_each(|warning| warn!("{}: {warning}", path.display()));
    Ok(strategies)
}

/// What answers questions about events.
pub fn service(
    settings: &Settings,
    store: Events,
    query: QueryService,
    budget: &Budget,
    clock: &Clock,
) -> Result<EventService, Failure> {
    let disk_bytes =
        settings.disk_limit().map_err(|e| Failure::Start(format!("{}: {e}", settings.data.display())))?;
    let spill_dir = settings.data.join("spill");
    if base::disk::exists(&spill_dir)
        && let Err(error) = base::disk::remove_dir_all(&spill_dir)
    {
        warn!("{}: {error}; what an earlier run put aside stays", spill_dir.display());
    }
    let limits = QueryLimits {
        concurrency: settings.query_concurrency,
        timeout: settings.query_timeout,
        budget: budget.slice("event queries", budget.limit_bytes() / 100 * QUERY_PERCENT),
        spill_dir,
        spill_bytes_max: disk_bytes / 100 * SPILL_DISK_PERCENT,
    };
    EventService::new(store, query, limits, clock.clone()).map_err(|e| Failure::Start(e.to_string()))
}
