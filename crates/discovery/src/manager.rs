//! All discoverers of a configuration, and the targets they have found, by job.
//!
//! Jobs with equal discovery configurations share one discoverer. [`Manager::apply`] keeps the discoverers that the
//! new configuration still asks for, with what they know, stops the others and starts what is new. Targets that
//! were found are published through [`Manager::updates`]: at once when a configuration is applied, then at most
//! every [`PUBLISH_EVERY`], because some platforms report every change of every object.

use crate::dns::DnsDiscovery;
use crate::docker::DockerDiscovery;
use crate::file::{self, FileDiscovery};
use crate::group::TargetGroup;
use crate::http_sd::HttpDiscovery;
use crate::kubernetes::KubernetesDiscovery;
use crate::refresh::{self, RefreshMetrics, Refresher, Updates};
use crate::swarm::SwarmDiscovery;
use base::Clock;
use parking_lot::Mutex;
use promconfig::SdConfig;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use telemetry::Registry;
use telemetry::names::discovery as names;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

/// As Prometheus: a cluster that rolls out a thousand pods makes thousands of changes a minute.
pub const PUBLISH_EVERY: Duration = Duration::from_secs(5);

/// The groups of each job. A job whose discoverers have found nothing is there with none.
pub type TargetSets = BTreeMap<String, Vec<Arc<TargetGroup>>>;

/// Runs discoverers. Dropping it stops them.
pub struct Manager {
    inner: Arc<Inner>,
    publisher: AbortHandle,
}

struct Inner {
    /// Which set of configurations: `scrape` or `notify`.
    name: &'static str,
    clock: Clock,
    registry: Registry,
    state: Mutex<State>,
    changed: Notify,
    sets: watch::Sender<Arc<TargetSets>>,
}

#[derive(Default)]
struct State {
    jobs: BTreeSet<String>,
    providers: Vec<Provider>,
}

/// One discoverer and what it found last.
struct Provider {
    config: SdConfig,
    jobs: BTreeSet<String>,
    groups: Arc<Mutex<BTreeMap<String, Arc<TargetGroup>>>>,
    updates: Updates,
    task: Option<AbortHandle>,
}

/// How a discoverer is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderStatus {
    /// `docker_sd_configs`
    pub mechanism: &'static str,
    pub jobs: Vec<String>,
    pub groups: usize,
    pub targets: usize,
    /// Why the last attempt failed; the targets are those of the last success.
    pub last_error: Option<String>,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Manager {
    /// A manager without any configuration. Must be made within a tokio runtime, on which discoverers will run.
    pub fn new(name: &'static str, registry: &Registry, clock: &Clock) -> Manager {
        let inner = Arc::new(Inner {
            name,
            clock: clock.clone(),
            registry: registry.clone(),
            state: Mutex::default(),
            changed: Notify::new(),
            sets: watch::Sender::default(),
        });
        let publishing = Arc::clone(&inner);
        let publisher = tokio::spawn(async move {
            loop {
                publishing.changed.notified().await;
                publishing.publish();
                tokio::time::sleep(PUBLISH_EVERY).await;
            }
        });
        Manager { inner, publisher: publisher.abort_handle() }
    }

    /// What is found, now and whenever it changes. The job of a value is its key.
    pub fn updates(&self) -> watch::Receiver<Arc<TargetSets>> {
        self.inner.sets.subscribe()
    }

    /// Takes over the discovery configurations of all jobs.
    pub fn apply<'a>(&self, jobs: impl IntoIterator<Item = (&'a str, &'a [SdConfig])>) {
        let mut state = self.inner.state.lock();
        let mut old = std::mem::take(&mut state.providers);
        for provider in &mut old {
            provider.jobs.clear();
        }
        state.jobs.clear();
        let mut failed = 0;
        let mut providers: Vec<Provider> = Vec::new();
        for (job, configs) in jobs {
            state.jobs.insert(job.to_owned());
            for config in configs {
                let started = match providers.iter().position(|p| p.config == *config) {
                    Some(at) => at,
                    None => {
                        let kept = old.iter().position(|p| p.config == *config).map(|at| old.swap_remove(at));
                        providers.push(kept.unwrap_or_else(|| self.start(config, job)));
                        providers.len() - 1
                    }
                };
                providers[started].jobs.insert(job.to_owned());
                failed += usize::from(providers[started].failed_to_start());
            }
        }
        // What is left in `old` nobody asks for: dropping it stops it.
        drop(old);
        state.providers = providers;
        drop(state);
        self.inner.registry.gauges(&names::FAILED_CONFIGS).with(&[self.inner.name]).set(failed as f64);
        self.inner.publish();
    }

    /// How each discoverer is doing, in the order of the configuration.
    pub fn status(&self) -> Vec<ProviderStatus> {
        let state = self.inner.state.lock();
        let status = |p: &Provider| {
            let groups = p.groups.lock();
            ProviderStatus {
                mechanism: p.config.key(),
                jobs: p.jobs.iter().cloned().collect(),
                groups: groups.len(),
                targets: groups.values().map(|g| g.targets.len()).sum(),
                last_error: p.updates.last_error(),
            }
        };
        state.providers.iter().map(status).collect()
    }

    fn start(&self, config: &SdConfig, job: &str) -> Provider {
        let groups: Arc<Mutex<BTreeMap<String, Arc<TargetGroup>>>> = Arc::default();
        let (sink, inner) = (Arc::clone(&groups), Arc::downgrade(&self.inner));
        let updates = Updates::new(move |changed| {
            let Some(inner) = inner.upgrade() else { return };
            inner.registry.counters(&names::RECEIVED_UPDATES).with(&[inner.name]).inc();
            if take_over(&mut sink.lock(), changed) {
                inner.changed.notify_one();
            }
        });
        let task = match self.task(config, job, &updates) {
            Ok(task) => task.map(|task| tokio::spawn(task).abort_handle()),
            Err(error) => {
                tracing::error!(job, mechanism = config.key(), error, "cannot start service discovery");
                updates.failed(error);
                None
            }
        };
        Provider { config: config.clone(), jobs: BTreeSet::new(), groups, updates, task }
    }

    /// What a discoverer does; `None` for one that needs not run.
    fn task(&self, config: &SdConfig, job: &str, updates: &Updates) -> Result<Option<Task>, String> {
        let (registry, clock) = (&self.inner.registry, &self.inner.clock);
        let metrics = |mechanism| RefreshMetrics::new(registry, clock, mechanism, job);
        let updates = updates.clone();
        fn refreshing(
            refresher: impl Refresher,
            interval: Duration,
            updates: Updates,
            metrics: RefreshMetrics,
        ) -> Result<Option<Task>, String> {
            Ok(Some(Box::pin(refresh::run(refresher, interval, updates, metrics))))
        }
        match config {
            SdConfig::Static(groups) => {
                let convert = |(i, g): (usize, &promconfig::TargetGroup)| file::from_config(g, i.to_string());
                updates.send(groups.iter().enumerate().map(convert).collect());
                Ok(None)
            }
            SdConfig::File(sd) => {
                let discovery = FileDiscovery::new(sd, registry.counter(&names::FILE_READ_ERRORS));
                Ok(Some(Box::pin(discovery.run(updates))))
            }
            SdConfig::Http(sd) => {
                let discovery = HttpDiscovery::new(sd, clock, registry.counter(&names::HTTP_FAILURES))?;
                refreshing(discovery, sd.refresh_interval, updates, metrics("http"))
            }
            SdConfig::Dns(sd) => {
                refreshing(DnsDiscovery::new(sd, registry)?, sd.refresh_interval, updates, metrics("dns"))
            }
            SdConfig::Docker(sd) => {
                let discovery = DockerDiscovery::new(sd, clock)?;
                refreshing(discovery, sd.refresh_interval, updates, metrics("docker"))
            }
            SdConfig::DockerSwarm(sd) => {
                let discovery = SwarmDiscovery::new(sd, clock)?;
                refreshing(discovery, sd.refresh_interval, updates, metrics("dockerswarm"))
            }
            SdConfig::Kubernetes(sd) => {
                Ok(Some(Box::pin(KubernetesDiscovery::new(sd, clock, registry)?.run(updates))))
            }
            SdConfig::Unsupported(other) => Err(format!("{} is not supported", other.key)),
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.publisher.abort();
    }
}

impl Provider {
    fn failed_to_start(&self) -> bool {
        self.task.is_none() && !matches!(self.config, SdConfig::Static(_))
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Replaces groups by their source; whether anything changed.
fn take_over(groups: &mut BTreeMap<String, Arc<TargetGroup>>, changed: Vec<TargetGroup>) -> bool {
    let mut any = false;
    for group in changed {
        if group.targets.is_empty() {
            any |= groups.remove(&group.source).is_some();
        } else if groups.get(&group.source).is_none_or(|known| **known != group) {
            groups.insert(group.source.clone(), Arc::new(group));
            any = true;
        }
    }
    any
}

impl Inner {
    fn publish(&self) {
        let state = self.state.lock();
        let mut sets: TargetSets = state.jobs.iter().map(|job| (job.clone(), Vec::new())).collect();
        for provider in &state.providers {
            let groups = provider.groups.lock();
            for job in &provider.jobs {
                sets.entry(job.clone()).or_default().extend(groups.values().cloned());
            }
        }
        let discovered = self.registry.gauges(&names::TARGETS);
        for (job, groups) in &sets {
            let targets: usize = groups.iter().map(|g| g.targets.len()).sum();
            discovered.with(&[self.name, job]).set(targets as f64);
        }
        self.registry.counters(&names::SENT_UPDATES).with(&[self.name]).inc();
        self.sets.send_replace(Arc::new(sets));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::disk;
    use promconfig::FileSd;
    use std::path::Path;

    fn statics(yaml: &str) -> SdConfig {
        SdConfig::Static(promconfig::parse_target_groups(Path::new("t.yml"), yaml).unwrap())
    }

    fn addresses(sets: &TargetSets, job: &str) -> Vec<String> {
        let targets = sets[job].iter().flat_map(|g| &g.targets);
        targets.map(|t| t.value("__address__").to_owned()).collect()
    }

    fn manager() -> Manager {
        Manager::new("scrape", &Registry::new(), &Clock::system())
    }

    #[tokio::test]
    async fn static_targets_are_there_at_once_and_go_with_their_job() {
        let manager = manager();
        let updates = manager.updates();
        let (a, b) = ([statics("- targets: [a:1, a:2]\n")], [statics("- targets: [b:1]\n")]);
        manager.apply([("a", &a[..]), ("b", &b[..]), ("empty", &[][..])]);
        let sets = updates.borrow().clone();
        assert_eq!(addresses(&sets, "a"), ["a:1", "a:2"]);
        assert_eq!(addresses(&sets, "b"), ["b:1"]);
        assert!(sets["empty"].is_empty());
        manager.apply([("a", &a[..])]);
        let sets = updates.borrow().clone();
        assert_eq!(sets.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(manager.status().len(), 1);
    }

    #[tokio::test]
    async fn equal_configurations_share_a_discoverer_that_survives_a_reload() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.yml");
        disk::write_atomic(&path, b"- targets: [x:1]\n").unwrap();
        let files = [SdConfig::File(FileSd { files: vec![path], ..FileSd::default() })];
        let manager = manager();
        let mut updates = manager.updates();
        manager.apply([("a", &files[..]), ("b", &files[..])]);
        assert_eq!(manager.status()[0].jobs, ["a", "b"]);
        updates.wait_for(|sets| sets.get("b").is_some_and(|g| !g.is_empty())).await.unwrap();
        // The groups known before are there for the new job at once.
        manager.apply([("c", &files[..])]);
        assert_eq!(addresses(&updates.borrow().clone(), "c"), ["x:1"]);
        assert_eq!(manager.status()[0].jobs, ["c"]);
    }

    #[tokio::test]
    async fn what_cannot_start_is_counted_and_reported() {
        let registry = Registry::new();
        let manager = Manager::new("scrape", &registry, &Clock::system());
        let docker = promconfig::DockerSd { host: "ftp://x".to_owned(), ..promconfig::DockerSd::default() };
        manager.apply([("a", &[SdConfig::Docker(Box::new(docker))][..])]);
        assert_eq!(registry.gauges(&names::FAILED_CONFIGS).with(&["scrape"]).get(), 1.0);
        assert!(manager.status()[0].last_error.as_ref().unwrap().contains("ftp://x"));
        assert!(manager.updates().borrow()["a"].is_empty());
    }
}
