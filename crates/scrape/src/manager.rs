//! All pools: the façade of scraping.

use crate::failure_log::FailureLog;
use crate::ingest::Shared;
use crate::job::Job;
use crate::metadata::Words;
use crate::metrics::Metrics;
use crate::own_thread::OwnThread;
use crate::pool::{DroppedTarget, Pool, TargetMetadata, TargetStatus};
use crate::runner::{Handle, PoolShared};
use crate::target::Target;
use arc_swap::ArcSwap;
use base::Clock;
use discovery::TargetSets;
use model::Labels;
use parking_lot::Mutex;
use pipeline::Step;
use promconfig::{RelabelConfig, ScrapeConfig};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use telemetry::Registry;
use telemetry::names::scrape as names;
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinHandle};
use tsdb::Db;

/// How long a stop waits for scrapes that are being stored: a body is stored in milliseconds.
const STOP_MAX: Duration = Duration::from_secs(10);

/// What scraping needs of the rest of the server.
#[derive(Clone)]
pub struct Options {
    pub db: Db,
    pub clock: Clock,
    pub registry: Registry,
    /// Moves the times of all targets, so that two servers with one configuration do not scrape at the same moment.
    pub seed: u64,
    /// Use OpenMetrics `_created` series as start timestamps instead of storing them.
    pub start_timestamps: bool,
    /// Large bodies that are parsed at once: as many as there are cores.
    pub parsers: usize,
    /// Scrape on a thread made for it, and not on the runtime of the caller: cheaper, and nothing else delays it.
    pub own_thread: bool,
    /// `http` and `host:port` under which others reach this server, and the port it listens on.
    pub external: Option<External>,
}

/// How others reach this server: what stands in for a loopback address in a target's global URL.
#[derive(Clone, Debug, PartialEq)]
pub struct External {
    pub scheme: String,
    /// `host` or `host:port`
    pub host: String,
    pub listen_port: u16,
}

impl Options {
    pub fn new(db: Db, clock: &Clock, registry: &Registry) -> Options {
        Options {
            db,
            clock: clock.clone(),
            registry: registry.clone(),
            seed: 0,
            start_timestamps: false,
            parsers: std::thread::available_parallelism().map_or(2, usize::from),
            own_thread: false,
            external: None,
        }
    }
}

/// Scrapes. Cloning gives a handle to the same manager.
#[derive(Clone)]
pub struct Manager(Arc<Inner>);

struct Inner {
    options: Options,
    shared: Shared,
    parsers: Arc<Semaphore>,
    own_thread: Option<OwnThread>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By job.
    pools: BTreeMap<String, Pool>,
    /// What discovery gave last.
    sets: Arc<TargetSets>,
    /// Loops of jobs that are gone, writing their last.
    ending: Vec<Handle>,
    follower: Option<AbortHandle>,
    stopped: bool,
}

/// What each rule of a job makes of some labels.
pub type RelabelSteps = Vec<(RelabelConfig, Step)>;

impl Manager {
    pub fn new(options: Options) -> Manager {
        let shared = Shared {
            db: options.db.clone(),
            clock: options.clock.clone(),
            metrics: Metrics::new(&options.registry),
            words: Arc::new(Words::default()),
            buffers: Arc::default(),
        };
        let parsers = Arc::new(Semaphore::new(options.parsers.max(1)));
        let own_thread = options.own_thread.then(OwnThread::start).and_then(|started| match started {
            Ok(own_thread) => Some(own_thread),
            Err(error) => {
                tracing::warn!(%error, "no thread for scraping alone: it shares those of the server");
                None
            }
        });
        let state = Mutex::default();
        let manager = Manager(Arc::new(Inner { options, shared, parsers, own_thread, state }));
        manager.observe_metadata();
        manager
    }

    /// Takes over the jobs of a configuration. Pools whose job did not change are left alone; a job that cannot be
    /// set up keeps what it had, and is told of.
    pub fn apply<'a>(&self, jobs: impl IntoIterator<Item = &'a ScrapeConfig>) -> Result<(), Vec<String>> {
        let inner = &*self.0;
        let mut state = inner.state.lock();
        if state.stopped {
            return Ok(());
        }
        let mut logs: HashMap<PathBuf, Option<Arc<FailureLog>>> = HashMap::new();
        let mut errors = Vec::new();
        let mut old = std::mem::take(&mut state.pools);
        let mut pools = BTreeMap::new();
        for config in jobs {
            let before = old.remove(&config.job_name);
            match self.pool(config, before, &mut logs, &state.sets) {
                Ok(pool) => {
                    pools.insert(config.job_name.clone(), pool);
                }
                Err(refused) => {
                    let (error, before) = *refused;
                    errors.push(error);
                    pools.extend(before.map(|pool| (config.job_name.clone(), pool)));
                }
            }
        }
        for (_, pool) in old {
            state.ending.extend(pool.end());
        }
        state.ending.retain(|handle| !handle.task.is_finished());
        state.pools = pools;
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The pool of a job: the one before, untouched or reloaded, or a new one. On an error the one before comes back.
    fn pool(
        &self,
        config: &ScrapeConfig,
        before: Option<Pool>,
        logs: &mut HashMap<PathBuf, Option<Arc<FailureLog>>>,
        sets: &TargetSets,
    ) -> Result<Pool, Box<(String, Option<Pool>)>> {
        let inner = &*self.0;
        let metrics = &inner.shared.metrics;
        let before = match before {
            // A log is opened again at each reload.
            Some(pool) if pool.job().config == *config && config.scrape_failure_log_file.is_none() => {
                return Ok(pool);
            }
            before => before,
        };
        let old_job = before.as_ref().map(Pool::job);
        let log = self.failure_log(config, logs);
        let clock = &inner.options.clock;
        let job = match Job::new(config, inner.options.start_timestamps, log, old_job.as_deref(), clock) {
            Ok(job) => job,
            Err(error) => {
                let counter =
                    if before.is_some() { &metrics.pool_reloads_failed } else { &metrics.pools_failed };
                counter.inc();
                let error = format!("job {:?}: {error}", config.job_name);
                tracing::error!(error, "cannot set up a scrape pool");
                return Err(Box::new((error, before)));
            }
        };
        if let Some(mut pool) = before {
            pool.reload(job);
            return Ok(pool);
        }
        metrics.pools.inc();
        let mut pool = Pool::new(PoolShared {
            shared: inner.shared.clone(),
            job: ArcSwap::from_pointee(job),
            over_target_limit: Mutex::new(None),
            active: Mutex::default(),
            parsers: Arc::clone(&inner.parsers),
            runtime: inner.own_thread.as_ref().map(|own| own.handle().clone()),
            seed: inner.options.seed,
        });
        if let Some(groups) = sets.get(&config.job_name) {
            pool.sync(groups.clone());
        }
        Ok(pool)
    }

    /// The log of a job, opened once a reload: whoever rotates it tells us to reload.
    fn failure_log(
        &self,
        config: &ScrapeConfig,
        logs: &mut HashMap<PathBuf, Option<Arc<FailureLog>>>,
    ) -> Option<Arc<FailureLog>> {
        let path = config.scrape_failure_log_file.as_ref()?;
        let open = || match FailureLog::open(path, &self.0.options.clock) {
            Ok(log) => Some(Arc::new(log)),
            Err(error) => {
                tracing::error!(path = %path.display(), %error, "cannot open scrape_failure_log_file");
                None
            }
        };
        logs.entry(path.clone()).or_insert_with(open).clone()
    }

    /// Takes over what discovery found.
    pub fn sync(&self, sets: Arc<TargetSets>) {
        let mut state = self.0.state.lock();
        if state.stopped {
            return;
        }
        state.sets = Arc::clone(&sets);
        for (job, pool) in &mut state.pools {
            if let Some(groups) = sets.get(job) {
                pool.sync(groups.clone());
            }
        }
    }

    /// Syncs now and whenever discovery finds something else, on the current runtime, until [`Manager::stop`].
    pub fn follow(&self, mut updates: watch::Receiver<Arc<TargetSets>>) {
        let manager = self.clone();
        let task = tokio::spawn(async move {
            loop {
                let sets = updates.borrow_and_update().clone();
                let syncing = manager.clone();
                // Relabeling thousands of targets takes its time.
                let _ = tokio::task::spawn_blocking(move || syncing.sync(sets)).await;
                if updates.changed().await.is_err() {
                    return;
                }
            }
        });
        if let Some(former) = self.0.state.lock().follower.replace(task.abort_handle()) {
            former.abort();
        }
    }

    /// Stops all loops; returns when nothing is written to the store any more.
    pub async fn stop(&self) {
        let tasks = {
            let mut state = self.0.state.lock();
            state.stopped = true;
            if let Some(follower) = state.follower.take() {
                follower.abort();
            }
            let pools = std::mem::take(&mut state.pools);
            let mut tasks: Vec<JoinHandle<()>> = pools.into_values().flat_map(Pool::stop).collect();
            tasks.extend(state.ending.drain(..).map(Handle::stop));
            tasks
        };
        let all = async {
            for task in tasks {
                let _ = task.await;
            }
        };
        if tokio::time::timeout(STOP_MAX, all).await.is_err() {
            tracing::warn!("some scrapes did not end in time");
        }
    }

    /// The names of the pools, sorted.
    pub fn pools(&self) -> Vec<String> {
        self.0.state.lock().pools.keys().cloned().collect()
    }

    /// The configuration of a pool.
    pub fn pool_config(&self, pool: &str) -> Option<ScrapeConfig> {
        self.0.state.lock().pools.get(pool).map(|p| p.job().config.clone())
    }

    /// The targets of one pool or of all, sorted by pool, labels and URL.
    pub fn active_targets(&self, pool: Option<&str>) -> Vec<TargetStatus> {
        let external = self.0.options.external.as_ref();
        self.of_pools(pool, |p| p.active(|target| global_url(target, external)))
    }

    /// What rules dropped, as many of each pool as are kept.
    pub fn dropped_targets(&self, pool: Option<&str>) -> Vec<DroppedTarget> {
        self.of_pools(pool, Pool::dropped)
    }

    /// How many targets rules dropped in each pool.
    pub fn dropped_counts(&self) -> BTreeMap<String, usize> {
        let state = self.0.state.lock();
        state.pools.iter().map(|(name, pool)| (name.clone(), pool.dropped_count())).collect()
    }

    /// What the targets say of their metric families.
    pub fn metadata(&self) -> Vec<TargetMetadata> {
        self.of_pools(None, Pool::metadata)
    }

    /// What each relabel rule of a pool makes of discovered labels; `None` when there is no such pool.
    pub fn relabel_steps(&self, pool: &str, discovered: &Labels) -> Option<RelabelSteps> {
        let job = self.0.state.lock().pools.get(pool)?.job();
        let steps = job.relabel.steps(discovered);
        Some(job.config.relabel_configs.iter().cloned().zip(steps).collect())
    }

    fn of_pools<T>(&self, pool: Option<&str>, of: impl Fn(&Pool) -> Vec<T>) -> Vec<T> {
        let state = self.0.state.lock();
        let wanted = state.pools.iter().filter(|(name, _)| pool.is_none_or(|p| p == name.as_str()));
        wanted.flat_map(|(_, pool)| of(pool)).collect()
    }

    fn observe_metadata(&self) {
        for (def, pick) in [(&names::METADATA_ENTRIES, 0), (&names::METADATA_BYTES, 1)] {
            let manager = Arc::downgrade(&self.0);
            self.0.options.registry.observe(def, move |observer| {
                let Some(manager) = manager.upgrade() else { return };
                for (name, pool) in &manager.state.lock().pools {
                    let size = pool.metadata_size();
                    observer.value(&[name], if pick == 0 { size.0 } else { size.1 } as f64);
                }
            });
        }
    }
}

/// A target's URL with this server's outside name in place of a loopback address.
fn global_url(target: &Target, external: Option<&External>) -> String {
    let shown = &target.shown_url;
    let host = target.url.host_str().unwrap_or("");
    let (Some(external), true) = (external, matches!(host, "localhost" | "127.0.0.1" | "[::1]")) else {
        return shown.clone();
    };
    let Some((scheme, rest)) = shown.split_once("://") else { return shown.clone() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let port = target.url.port_or_known_default();
    if port == Some(external.listen_port) {
        // It is this server: the way from outside may lead through a proxy, on another port and scheme.
        return format!("{}://{}{path}", external.scheme, external.host);
    }
    let name = external.host.rsplit_once(':').map_or(external.host.as_str(), |(name, _)| name);
    let port = authority.rsplit_once(':').filter(|(_, p)| p.bytes().all(|b| b.is_ascii_digit()));
    match port {
        Some((_, port)) => format!("{scheme}://{name}:{port}{path}"),
        None => format!("{scheme}://{name}{path}"),
    }
}

#[cfg(test)]
mod tests;
