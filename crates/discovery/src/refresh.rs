//! Discoverers that ask again and again.

use crate::group::TargetGroup;
use base::Clock;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use telemetry::names::discovery as names;
use telemetry::{Counter, Histogram, Registry};

/// One question: everything there is now.
pub trait Refresher: Send + 'static {
    /// All groups. An error keeps what the last success gave.
    fn refresh(&mut self) -> impl Future<Output = Result<Vec<TargetGroup>, String>> + Send;
}

/// Where a discoverer puts what it finds, and what it has to complain about.
#[derive(Clone)]
pub struct Updates {
    sink: Arc<dyn Fn(Vec<TargetGroup>) + Send + Sync>,
    error: Arc<Mutex<Option<String>>>,
}

impl Updates {
    pub fn new(sink: impl Fn(Vec<TargetGroup>) + Send + Sync + 'static) -> Updates {
        Updates { sink: Arc::new(sink), error: Arc::default() }
    }

    pub fn send(&self, groups: Vec<TargetGroup>) {
        (self.sink)(groups);
    }

    /// Says what went wrong, until the next success.
    pub fn failed(&self, error: impl Into<String>) {
        *self.error.lock() = Some(error.into());
    }

    pub fn succeeded(&self) {
        *self.error.lock() = None;
    }

    pub fn last_error(&self) -> Option<String> {
        self.error.lock().clone()
    }
}

/// What a running refresher counts.
#[derive(Clone)]
pub struct RefreshMetrics {
    failures: Counter,
    seconds: Histogram,
    clock: Clock,
}

impl RefreshMetrics {
    pub fn new(registry: &Registry, clock: &Clock, mechanism: &str, config: &str) -> RefreshMetrics {
        RefreshMetrics {
            failures: registry.counters(&names::REFRESH_FAILURES).with(&[mechanism, config]),
            seconds: registry.histograms(&names::REFRESH_SECONDS).with(&[mechanism]),
            clock: clock.clone(),
        }
    }
}

/// Asks at once and then at every interval, for ever.
pub async fn run(
    mut refresher: impl Refresher,
    interval: Duration,
    updates: Updates,
    metrics: RefreshMetrics,
) {
    let mut sources = BTreeSet::new();
    loop {
        once(&mut refresher, &mut sources, &updates, &metrics).await;
        tokio::time::sleep(interval).await;
    }
}

/// Asks once; sources that were there and are no more are given up.
async fn once(
    refresher: &mut impl Refresher,
    sources: &mut BTreeSet<String>,
    updates: &Updates,
    metrics: &RefreshMetrics,
) {
    let start = metrics.clock.monotonic();
    let result = refresher.refresh().await;
    metrics.seconds.observe((metrics.clock.monotonic() - start).as_secs_f64());
    match result {
        Ok(mut groups) => {
            let now: BTreeSet<String> = groups.iter().map(|g| g.source.clone()).collect();
            groups.extend(sources.difference(&now).map(TargetGroup::gone));
            *sources = now;
            updates.succeeded();
            updates.send(groups);
        }
        Err(error) => {
            metrics.failures.inc();
            tracing::warn!(error, "service discovery failed; keeping the targets found before");
            updates.failed(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Labels;

    struct Scripted(Vec<Result<Vec<&'static str>, &'static str>>);

    impl Refresher for Scripted {
        async fn refresh(&mut self) -> Result<Vec<TargetGroup>, String> {
            let sources = self.0.remove(0).map_err(str::to_owned)?;
            let target = || Labels::from_pairs([("__address__", "a:1")]);
            Ok(sources.into_iter().map(|s| TargetGroup::new(s, vec![target()])).collect())
        }
    }

    #[tokio::test]
    async fn gives_up_sources_that_are_gone_and_keeps_them_on_failure() {
        let sent: Arc<Mutex<Vec<Vec<(String, usize)>>>> = Arc::default();
        let seen = Arc::clone(&sent);
        let updates = Updates::new(move |groups| {
            seen.lock().push(groups.into_iter().map(|g| (g.source, g.targets.len())).collect());
        });
        let registry = Registry::new();
        let metrics = RefreshMetrics::new(&registry, &Clock::manual(0), "test", "job");
        let mut scripted = Scripted(vec![Ok(vec!["a", "b"]), Err("down"), Ok(vec!["b"])]);
        let mut sources = BTreeSet::new();
        once(&mut scripted, &mut sources, &updates, &metrics).await;
        once(&mut scripted, &mut sources, &updates, &metrics).await;
        assert_eq!(updates.last_error().as_deref(), Some("down"));
        once(&mut scripted, &mut sources, &updates, &metrics).await;
        assert_eq!(updates.last_error(), None);
        let owned =
            |pairs: &[(&str, usize)]| pairs.iter().map(|(s, n)| ((*s).to_owned(), *n)).collect::<Vec<_>>();
        assert_eq!(*sent.lock(), [owned(&[("a", 1), ("b", 1)]), owned(&[("b", 1), ("a", 0)])]);
        assert_eq!(metrics.failures.get(), 1.0);
    }
}
