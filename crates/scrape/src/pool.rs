//! The targets of one job and their loops.

use crate::job::Job;
use crate::metadata::FamilyMeta;
use crate::runner::{self, Handle, Order, PoolShared};
use crate::target::{Health, Populated, Target, discovered_labels, populate};
use discovery::TargetGroup;
use model::Labels;
use promconfig::ScrapeConfig;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// A target and how it is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetStatus {
    /// Before relabeling.
    pub discovered_labels: Labels,
    pub labels: Labels,
    pub scrape_pool: String,
    pub scrape_url: String,
    /// The same with a host that others can reach in place of a loopback address.
    pub global_url: String,
    /// `""` when the last scrape succeeded.
    pub last_error: String,
    /// What to do about the error.
    pub advice: Option<String>,
    /// What was lost of a scrape that otherwise succeeded.
    pub last_warning: Option<String>,
    /// Unix milliseconds.
    pub last_scrape_ms: Option<i64>,
    pub last_scrape_duration_seconds: f64,
    pub health: Health,
    pub scrape_interval: Duration,
    pub scrape_timeout: Duration,
}

/// A target that a rule dropped.
#[derive(Clone, Debug, PartialEq)]
pub struct DroppedTarget {
    pub discovered_labels: Labels,
    pub scrape_pool: String,
}

/// What a target says of its families.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetMetadata {
    pub labels: Labels,
    pub families: Vec<Arc<FamilyMeta>>,
}

pub struct Pool {
    shared: Arc<PoolShared>,
    /// By hash of the target.
    loops: HashMap<u64, Active>,
    dropped: Vec<Labels>,
    dropped_count: usize,
    /// What discovery gave last: for another configuration they are other targets.
    groups: Vec<Arc<TargetGroup>>,
    /// Loops that write their stale markers before they are gone.
    ending: Vec<Handle>,
}

struct Active {
    handle: Handle,
    discovered: Labels,
}

impl Pool {
    pub fn new(shared: PoolShared) -> Pool {
        Pool {
            shared: Arc::new(shared),
            loops: HashMap::new(),
            dropped: Vec::new(),
            dropped_count: 0,
            groups: Vec::new(),
            ending: Vec::new(),
        }
    }

    pub fn job(&self) -> Arc<Job> {
        self.shared.job.load_full()
    }

    fn name(&self) -> String {
        self.job().config.job_name.clone()
    }

    /// Gives the loops another configuration; each takes it up at its next scrape.
    pub fn reload(&mut self, job: Job) {
        self.shared.shared.metrics.pool_reloads.inc();
        self.shared.job.store(Arc::new(job));
        let groups = std::mem::take(&mut self.groups);
        self.sync(groups);
    }

    /// Takes over what discovery found: starts loops for new targets, ends those of targets that are gone.
    pub fn sync(&mut self, groups: Vec<Arc<TargetGroup>>) {
        let clock = self.shared.shared.clock.clone();
        let start = clock.monotonic();
        let job = self.job();
        let config = &job.config;
        self.dropped.clear();
        self.dropped_count = 0;
        let mut found: Vec<(Target, Labels)> = Vec::new();
        let mut failed = 0;
        for group in &groups {
            for (index, target) in group.targets.iter().enumerate() {
                let discovered = discovered_labels(target, group, config);
                match populate(&discovered, &job.relabel, config) {
                    Ok(Populated::Target(target)) => found.push((*target, discovered)),
                    Ok(Populated::Dropped) => self.note_dropped(discovered, config),
                    Err(error) => {
                        failed += 1;
                        let (source, job) = (&group.source, &config.job_name);
                        tracing::error!(job, source, index, error, "cannot make a target");
                    }
                }
            }
        }
        self.groups = groups;
        self.take_over(found);
        self.check_target_limit(config);
        let metrics = &self.shared.shared.metrics;
        let name: &[&str] = &[&config.job_name];
        metrics.sync_failed.with(name).add(f64::from(failed));
        metrics.pool_targets.with(name).set(self.loops.len() as f64);
        metrics.pool_target_limit.with(name).set(config.target_limit as f64);
        metrics.pool_syncs.with(name).inc();
        metrics.sync_length.with(name).observe((clock.monotonic() - start).as_secs_f64());
    }

    fn note_dropped(&mut self, discovered: Labels, config: &ScrapeConfig) {
        self.dropped_count += 1;
        if config.keep_dropped_targets == 0 || (self.dropped.len() as u64) < config.keep_dropped_targets {
            self.dropped.push(discovered);
        }
    }

    fn take_over(&mut self, found: Vec<(Target, Labels)>) {
        let hashes: HashSet<u64> = found.iter().map(|(target, _)| target.hash).collect();
        *self.shared.active.lock() = hashes.clone();
        let gone: Vec<u64> = self.loops.keys().filter(|hash| !hashes.contains(hash)).copied().collect();
        for hash in gone {
            if let Some(active) = self.loops.remove(&hash) {
                active.handle.order(Order::End);
                self.ending.push(active.handle);
            }
        }
        self.ending.retain(|handle| !handle.task.is_finished());
        for (target, discovered) in found {
            // Equal targets are scraped once; the labels shown are those found last.
            match self.loops.get_mut(&target.hash) {
                Some(active) => active.discovered = discovered,
                None => {
                    let hash = target.hash;
                    let handle = runner::start(&self.shared, target);
                    self.loops.insert(hash, Active { handle, discovered });
                }
            }
        }
    }

    fn check_target_limit(&self, config: &ScrapeConfig) {
        let over = config.target_limit > 0 && self.loops.len() as u64 > config.target_limit;
        if over {
            self.shared.shared.metrics.exceeded_target_limit.inc();
        }
        *self.shared.over_target_limit.lock() = over.then_some(self.loops.len());
    }

    /// Ends the pool: its job is gone from the configuration. The loops end by themselves, with stale markers.
    pub fn end(mut self) -> Vec<Handle> {
        self.shared.active.lock().clear();
        self.shared.shared.metrics.forget_job(&self.name());
        for (_, active) in self.loops.drain() {
            active.handle.order(Order::End);
            self.ending.push(active.handle);
        }
        self.ending
    }

    /// Stops all loops without markers. The tasks end when the scrape under way is stored.
    pub fn stop(mut self) -> Vec<JoinHandle<()>> {
        let active = self.loops.drain().map(|(_, active)| active.handle);
        active.chain(self.ending.drain(..)).map(Handle::stop).collect()
    }

    /// The targets, sorted by labels and URL.
    pub fn active(&self, global_url: impl Fn(&Target) -> String) -> Vec<TargetStatus> {
        let name = self.name();
        let mut all: Vec<TargetStatus> =
            self.loops.values().map(|active| status(active, &name, &global_url)).collect();
        all.sort_by(|a, b| (&a.labels, &a.scrape_url).cmp(&(&b.labels, &b.scrape_url)));
        all
    }

    pub fn dropped(&self) -> Vec<DroppedTarget> {
        let scrape_pool = self.name();
        let dropped = |labels: &Labels| DroppedTarget {
            discovered_labels: labels.clone(),
            scrape_pool: scrape_pool.clone(),
        };
        self.dropped.iter().map(dropped).collect()
    }

    /// All that were dropped, those over `keep_dropped_targets` too.
    pub fn dropped_count(&self) -> usize {
        self.dropped_count
    }

    pub fn metadata(&self) -> Vec<TargetMetadata> {
        let of = |active: &Active| TargetMetadata {
            labels: active.handle.target.labels.clone(),
            families: active.handle.families.lock().all(),
        };
        self.loops.values().map(of).collect()
    }

    /// Families with metadata, and their bytes, over all targets.
    pub fn metadata_size(&self) -> (usize, usize) {
        let sizes = self.loops.values().map(|a| a.handle.families.lock().size());
        sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1))
    }
}

fn status(active: &Active, pool: &str, global_url: &impl Fn(&Target) -> String) -> TargetStatus {
    let (target, state) = (&active.handle.target, active.handle.state.lock().clone());
    TargetStatus {
        discovered_labels: active.discovered.clone(),
        labels: target.labels.clone(),
        scrape_pool: pool.to_owned(),
        scrape_url: target.shown_url.clone(),
        global_url: global_url(target),
        last_error: state.last_error.unwrap_or_default(),
        advice: state.advice,
        last_warning: state.last_warning,
        last_scrape_ms: state.last_scrape_ms,
        last_scrape_duration_seconds: state.last_duration_seconds,
        health: state.health,
        scrape_interval: target.interval,
        scrape_timeout: target.timeout,
    }
}
